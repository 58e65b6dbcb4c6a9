/**
 * The aggregations: every part of a tree that is to be proved becomes a job of the queue as soon as the parts below it are proved
 * and the queue has room. A node whose statement a proof shows already is not proved again, nor is anything below it. Only
 * this file changes aggregations; every change is an event under the aggregation's id.
 */
import { randomUUID } from 'node:crypto';
import type { AggregateEntry } from '../../programs/aggregate/aggregateStatement.ts';
import type { EventLog } from '../jobs/eventLog.ts';
import { FINAL_STATES, JOB_FAILURES, type Job, type JobRequest } from '../jobs/job.ts';
import type { JobQueue, QueueLog } from '../jobs/queue.ts';
import type { JobStore } from '../jobs/store.ts';
import {
  AGGREGATION_FAILURES,
  type Aggregation,
  type AggregationFailureCode,
  type LeafRecord,
  type NodeRecord,
  type PartJob,
  partOf,
} from './aggregation.ts';
import type { NodeChild, NodeInput } from './nodeInput.ts';
import { entriesOf, nodeStatement, type SystemKeys } from './statements.ts';
import { type Part, planTree } from './tree.ts';
import { neededParts, readyNodes } from './treeState.ts';

/** The program and the profile of every role of a node. */
export type RolePrograms = Readonly<
  Record<NodeInput['role'], { readonly program: string; readonly profile: string }>
>;

export interface AggregationsOptions {
  readonly jobs: JobQueue;
  readonly store: JobStore;
  readonly events: EventLog;
  readonly roles: RolePrograms;
  /** Aggregations that are proved at the same time, and the bytes of proofs and inputs that they hold. */
  readonly activeLimit: number;
  readonly heldBytesLimit: number;
  /** Finished ones that are remembered: how many, for how long. */
  readonly retention: { readonly aggregations: number; readonly milliseconds: number };
  readonly log: QueueLog;
}

export interface AggregationRequest {
  readonly kind: Aggregation['kind'];
  readonly fanIn: number;
  readonly priority: number;
  readonly deadlineMs: number | undefined;
  readonly traceId: string;
  /** Checked: all of one program, no two of the same statement. */
  readonly leaves: readonly LeafRecord[];
  readonly block: Aggregation['block'];
  readonly keys: SystemKeys;
  readonly idempotency: Aggregation['idempotency'];
}

export type AggregationSubmission =
  | { readonly ok: true; readonly aggregation: Aggregation }
  | {
      readonly ok: false;
      readonly code: 'queue-full' | 'stopping' | 'idempotency-key-reused' | 'deadline-passed';
    };

export interface Aggregations {
  /** Whether one more could be accepted, if it held nothing. */
  hasRoom(): boolean;
  /** The new one, or the earlier one with the same idempotency key and digest. */
  submit(request: AggregationRequest): AggregationSubmission;
  find(id: string): Aggregation | undefined;
  /** The one that a key leads to: none when it ended so that the same submission may succeed another time. */
  findByIdempotencyKey(key: string): Aggregation | undefined;
  /** Bytes of proofs and inputs that running ones hold. */
  heldBytes(): number;
  /** Newest first. */
  list(): readonly Aggregation[];
  /** When none of its jobs uses the device any more, but for those that somebody else needs. A finished one stays as it is. */
  cancel(id: string): Promise<Aggregation | undefined>;
  close(): void;
}

/** An aggregation that is being proved. */
interface Active {
  current: Aggregation;
  readonly keys: SystemKeys;
}

/** A part of a tree cannot be proved. */
interface Ending {
  readonly name: 'failed' | 'cancelled' | 'expired';
  readonly code: AggregationFailureCode;
  readonly detail: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const DEADLINE_PASSED: Ending = {
  name: 'expired',
  code: 'DEADLINE_PASSED',
  detail: 'The deadline passed before every node could start.',
  details: {},
};
const STOPPED: Ending = { name: 'failed', code: 'STOPPED', detail: 'The service is stopping.', details: {} };

/** How often deadlines and retention are looked at. */
const SWEEP_MS = 250;

export function createAggregations(options: AggregationsOptions): Aggregations {
  const { jobs, store, events, roles, log } = options;
  const known = new Map<string, Aggregation>();
  const active = new Map<string, Active>();
  /** Jobs that an aggregation submitted: nobody else does, so nobody misses them. */
  const ownJobs = new Set<string>();
  /** When the finished ones finished, in the order of that, on a clock that does not jump. */
  const finishedSinceMs = new Map<string, number>();
  let submissions = 0;
  let isScheduled = false;

  // An event stands in the middle of a change of the queue, which has to be over before jobs are submitted.
  const stopListening = events.listen(({ kind, job, state }) => {
    if (kind !== 'state' || known.has(job)) return;
    if (FINAL_STATES.has(state)) ownJobs.delete(job);
    if (active.size === 0 || isScheduled) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      for (const each of [...active.values()]) advance(each);
    });
  });
  const sweep = setInterval(() => {
    const now = Date.now();
    for (const each of [...active.values()]) expire(each, now);
    forget();
  }, SWEEP_MS);
  sweep.unref();

  function put(each: Active, changed: Aggregation): void {
    each.current = changed;
    known.set(changed.id, changed);
  }

  function tellState({ id, state }: Aggregation, note?: string): void {
    const why = note === undefined ? {} : { note };
    events.append({ job: id, kind: 'state', state: state.name, attempt: 1, ...why });
  }

  function tellProved({ id, nodes }: Aggregation, { kind, number }: Part): void {
    const proved = nodes.filter(({ proof }) => proof !== undefined).length;
    const progress = { stage: `${kind} ${number}`, fraction: proved / nodes.length };
    events.append({ job: id, kind: 'progress', state: 'running', attempt: 1, ...progress });
  }

  function finish(each: Active, ending: Ending | undefined): void {
    const { current } = each;
    const finished: Aggregation = {
      ...current,
      finishedAtMs: Date.now(),
      state:
        ending === undefined
          ? { name: 'succeeded' }
          : {
              name: ending.name,
              failure: { code: ending.code, detail: ending.detail, details: ending.details },
            },
      leaves: current.leaves.map((leaf) => ({ ...leaf, proof: undefined, inputs: undefined })),
      nodes: current.nodes.map((node) => ({ ...node, proof: undefined })),
      block: current.block && { ...current.block, parts: undefined },
    };
    put(each, finished);
    active.delete(current.id);
    finishedSinceMs.set(current.id, performance.now());
    jobIds(finished).forEach(tellNeed);
    tellState(finished, ending?.code);
    const fields = { aggregation: current.id, traceId: current.traceId };
    if (ending === undefined) log.info(fields, 'aggregation succeeded');
    else log.warn({ ...fields, ...ending }, `aggregation ${ending.name}`);
    forget();
  }

  function forget(): void {
    const nowMs = performance.now();
    for (const [id, sinceMs] of finishedSinceMs) {
      const isBeyond = finishedSinceMs.size > options.retention.aggregations;
      if (!isBeyond && nowMs - sinceMs <= options.retention.milliseconds) return;
      finishedSinceMs.delete(id);
      known.delete(id);
    }
  }

  /** What running trees hold is theirs until they end: no limit of the queue, the store or of arriving bodies counts it. */
  function heldBytes(): number {
    return heldBytesOf([...active.values()].map(({ current }) => current));
  }

  /** A job that trees share is needed as much as by the one that needs it most; what somebody else submitted, at least as they said. */
  function tellNeed(id: string): void {
    const job = store.find(id);
    if (job?.request === undefined) return;
    const callers = [...active.values()].flatMap(({ current }) =>
      jobIds(current).includes(id) ? [current] : [],
    );
    const all = ownJobs.has(id) ? callers : [...callers, job.request];
    // Its trees have ended, and it is about to be cancelled.
    if (all.length === 0) return;
    const wantedByMs = Math.min(...all.map(({ deadlineMs = Number.POSITIVE_INFINITY }) => deadlineMs));
    jobs.setNeed(id, {
      priority: Math.max(...all.map(({ priority }) => priority)),
      wantedByMs: Number.isFinite(wantedByMs) ? wantedByMs : undefined,
    });
  }

  /** Cancels what the aggregation submitted and no other one needs; returns it with what its jobs have become. */
  async function cascade(ended: Aggregation): Promise<Aggregation> {
    const needed = new Set([...active.values()].flatMap(({ current }) => jobIds(current)));
    const ids = jobIds(ended).filter((id) => ownJobs.has(id) && !needed.has(id));
    await Promise.all(ids.map((id) => jobs.cancel(id)));
    const newest = <Record extends LeafRecord | NodeRecord>(record: Record): Record => {
      const job = record.job === undefined ? undefined : store.find(record.job.id);
      return job === undefined ? record : { ...record, job: partJob(job, record.job?.isOthers ?? false) };
    };
    const told = { ...ended, leaves: ended.leaves.map(newest), nodes: ended.nodes.map(newest) };
    if (known.has(ended.id)) known.set(ended.id, told);
    return told;
  }

  function end(each: Active, ending: Ending): void {
    finish(each, ending);
    cascade(each.current).catch((error: unknown) =>
      log.error({ aggregation: each.current.id, error }, 'jobs of an aggregation were not cancelled'),
    );
  }

  /** What is a job already expires in the queue. */
  function expire(each: Active, nowMs: number): void {
    const { deadlineMs, plan, nodes } = each.current;
    if (deadlineMs === undefined || deadlineMs > nowMs) return;
    const { nodes: needed } = neededParts(plan, (node) => nodes[node]?.proof !== undefined);
    if ([...needed].some((node) => nodes[node]?.job === undefined)) end(each, DEADLINE_PASSED);
  }

  /** Takes in what the jobs have become and submits what can start. */
  function advance(each: Active): void {
    if (!active.has(each.current.id)) return;
    try {
      const ending = takeIn(each) ?? goOn(each);
      if (ending !== undefined) end(each, ending);
      else if (each.current.nodes.at(-1)?.proof !== undefined) finish(each, undefined);
    } catch (error) {
      log.error({ aggregation: each.current.id, error }, 'aggregation failed by a mistake of the service');
      end(each, { name: 'failed', code: 'INTERNAL', detail: 'The log has the reason.', details: {} });
    }
  }

  /** The newest version of the jobs of all parts; the first that ended without a proof ends the tree. */
  function takeIn(each: Active): Ending | undefined {
    let ending: Ending | undefined;
    const proved: Part[] = [];
    const newest = <Record extends LeafRecord | NodeRecord>(record: Record, part: Part): Record => {
      const { job: last, proof } = record;
      if (last === undefined || proof !== undefined) return record;
      const job = store.find(last.id);
      if (job === undefined) {
        ending ??= forgotten(part, last);
        return record;
      }
      if (isOthersEnd(each.current, part, last, job)) return { ...record, job: undefined };
      ending ??= endingOf(each.current, part, job);
      if (job.state.name !== 'succeeded') return { ...record, job: partJob(job, last.isOthers) };
      proved.push(part);
      const { statement, bytes } = job.state.proof;
      return { ...record, job: partJob(job, last.isOthers), statement, proof: bytes };
    };
    const { leaves, nodes } = each.current;
    put(each, {
      ...each.current,
      leaves: leaves.map((leaf, number) => newest(leaf, { kind: 'leaf', number })),
      nodes: nodes.map((node, number) => newest(node, { kind: 'node', number })),
    });
    for (const part of proved) tellProved(each.current, part);
    return ending ?? duplicateOf(each.current);
  }

  /** A proof that is adopted on the way may be what a node above waits for, and no event tells of it. */
  function goOn(each: Active): Ending | undefined {
    for (;;) {
      findProved(each);
      const before = provedCount(each.current);
      const ending = submitReady(each);
      if (ending !== undefined || provedCount(each.current) === before) return ending;
    }
  }

  function submitReady(each: Active): Ending | undefined {
    const { plan } = each.current;
    const needed = neededParts(plan, (node) => each.current.nodes[node]?.proof !== undefined);
    for (const number of needed.leaves) {
      const leaf = each.current.leaves[number];
      if (leaf?.inputs === undefined || leaf.job !== undefined) continue;
      const submitted = submitPart(
        each,
        { kind: 'leaf', number },
        {
          input: { kind: 'inputs', json: leaf.inputs },
          inputBytes: leaf.inputs.byteLength,
          entries: undefined,
        },
      );
      if (submitted !== undefined) return submitted;
    }
    const isWaiting = (node: number): boolean =>
      needed.nodes.has(node) && each.current.nodes[node]?.job === undefined;
    const ready = readyNodes(plan, isWaiting, (part) => partOf(each.current, part).proof !== undefined);
    for (const number of ready) {
      const node = inputOf(each.current, each.keys, number);
      const inputBytes = node.children.reduce((total, { proof }) => total + proof.byteLength, 0);
      const submitted = submitPart(
        each,
        { kind: 'node', number },
        {
          input: { kind: 'proofs', node },
          inputBytes,
          entries: node.role === 'block' ? undefined : entriesOf(each.current, each.keys, number),
        },
      );
      if (submitted !== undefined) return submitted;
    }
    return undefined;
  }

  /** Statements that are known now, and the proofs that are there for them: also those that came after the statement. */
  function findProved(each: Active): void {
    const { current, keys } = each;
    const nodes = current.nodes.map((node, number): NodeRecord => {
      if (node.proof !== undefined || node.job !== undefined) return node;
      const statement = node.statement ?? nodeStatement(current, keys, number);
      if (statement === undefined) return node;
      const job = store.findByStatement(node.program, node.profile, statement);
      if (job?.state.name !== 'succeeded') return { ...node, statement };
      return { ...node, statement, job: partJob(job, false), proof: job.state.proof.bytes, isReused: true };
    });
    put(each, { ...current, nodes });
  }

  /** The job of a part: one that is there and goes on, or a new one. A part stays as it is while the queue is full. */
  function submitPart(
    each: Active,
    part: Part,
    wanted: Pick<JobRequest, 'input' | 'inputBytes' | 'entries'>,
  ): Ending | undefined {
    const { priority, deadlineMs, traceId } = each.current;
    const { program, profile, statement } = partOf(each.current, part);
    const isUsable = ({ id }: Job): boolean => !jobs.isEnding(id);
    let job = statement && store.findByStatement(program, profile, statement, isUsable);
    if (job === undefined) {
      const submission = jobs.submit({
        ...wanted,
        program,
        profile,
        expectedStatement: statement,
        priority,
        deadlineMs,
        traceId,
        idempotency: undefined,
      });
      if (!submission.ok) return refusal(submission.code);
      job = submission.job;
      ownJobs.add(job.id);
    }
    setJob(each, part, job);
    return undefined;
  }

  function refusal(code: string): Ending | undefined {
    switch (code) {
      case 'queue-full':
        return undefined;
      case 'deadline-passed':
        return DEADLINE_PASSED;
      case 'stopping':
        return STOPPED;
      default:
        throw new Error(`a job was refused with ${code}`);
    }
  }

  function setJob(each: Active, part: Part, job: Job): void {
    const { current } = each;
    const facts = {
      job: partJob(job, !ownJobs.has(job.id)),
      ...(job.state.name === 'succeeded' ? { proof: job.state.proof.bytes } : {}),
    };
    const changed = <Record extends object>(records: readonly Record[]): Record[] =>
      records.map((record, number) => (number === part.number ? { ...record, ...facts } : record));
    put(
      each,
      part.kind === 'leaf'
        ? { ...current, leaves: changed(current.leaves) }
        : { ...current, nodes: changed(current.nodes) },
    );
    tellNeed(job.id);
  }

  function findByIdempotencyKey(key: string): Aggregation | undefined {
    // The newest one: an earlier one with the key has ended without a proof.
    const newest = [...known.values()].reverse().find(({ idempotency }) => idempotency?.key === key);
    const state = newest?.state;
    const isFree =
      state !== undefined && 'failure' in state && AGGREGATION_FAILURES[state.failure.code].retryable;
    return isFree ? undefined : newest;
  }

  return {
    hasRoom: () => active.size < options.activeLimit,
    findByIdempotencyKey,
    heldBytes,
    submit({ kind, fanIn, priority, deadlineMs, traceId, leaves, block, keys, idempotency }) {
      const earlier = idempotency && findByIdempotencyKey(idempotency.key);
      if (earlier !== undefined)
        return earlier.idempotency?.digest === idempotency?.digest
          ? { ok: true, aggregation: earlier }
          : { ok: false, code: 'idempotency-key-reused' };
      if (jobs.isStopping()) return { ok: false, code: 'stopping' };
      if (deadlineMs !== undefined && deadlineMs <= Date.now()) return { ok: false, code: 'deadline-passed' };
      if (active.size >= options.activeLimit) return { ok: false, code: 'queue-full' };
      // What is larger than the limit by itself would wait for ever: it runs alone.
      const running = [...active.values()].map(({ current }) => current);
      if (running.length > 0 && heldBytesOf([...running, { leaves, nodes: [] }]) > options.heldBytesLimit)
        return { ok: false, code: 'queue-full' };
      const isOfAggregates = leaves.every(({ entries }) => entries !== undefined);
      const plan = planTree({ kind, leafCount: leaves.length, fanIn, isOfAggregates });
      submissions += 1;
      const id = randomUUID();
      const current: Aggregation = {
        id,
        order: submissions,
        kind,
        fanIn,
        priority,
        deadlineMs,
        traceId,
        idempotency,
        submittedAtMs: Date.now(),
        finishedAtMs: undefined,
        state: { name: 'running' },
        plan,
        leaves,
        nodes: plan.nodes.map((planned) => ({
          planned,
          ...roles[planned.role],
          statement: undefined,
          job: undefined,
          proof: undefined,
          isReused: false,
        })),
        block,
      };
      const each: Active = { current, keys };
      active.set(id, each);
      put(each, current);
      jobIds(current).forEach(tellNeed);
      tellState(current);
      advance(each);
      return { ok: true, aggregation: each.current };
    },
    find: (id) => known.get(id),
    list: () => [...known.values()].reverse(),
    async cancel(id) {
      const each = active.get(id);
      if (each === undefined) return known.get(id);
      finish(each, {
        name: 'cancelled',
        code: 'CANCELLED',
        detail: 'The aggregation was cancelled.',
        details: {},
      });
      return cascade(each.current);
    },
    close() {
      stopListening();
      clearInterval(sweep);
      for (const each of [...active.values()]) end(each, STOPPED);
    },
  };
}

/** What several trees hold counts once. */
function heldBytesOf(trees: readonly Pick<Aggregation, 'leaves' | 'nodes'>[]): number {
  const held = new Set<Uint8Array>();
  for (const { leaves, nodes } of trees)
    for (const { proof, inputs } of [
      ...leaves,
      ...nodes.map(({ proof }) => ({ proof, inputs: undefined })),
    ]) {
      if (proof !== undefined) held.add(proof);
      if (inputs !== undefined) held.add(inputs);
    }
  return [...held].reduce((total, { byteLength }) => total + byteLength, 0);
}

function jobIds({ leaves, nodes }: Pick<Aggregation, 'leaves' | 'nodes'>): string[] {
  return [...leaves, ...nodes].flatMap(({ job }) => (job === undefined ? [] : [job.id]));
}

function provedCount({ leaves, nodes }: Aggregation): number {
  return [...leaves, ...nodes].filter(({ proof }) => proof !== undefined).length;
}

/** What is to be remembered of a job. */
export function partJob({ id, state, attempts, finishedAtMs }: Job, isOthers: boolean): PartJob {
  const proof = state.name === 'succeeded' ? state.proof : undefined;
  return {
    id,
    isOthers,
    state: state.name,
    attempts: attempts.length,
    startedAtMs: attempts.at(-1)?.startedAtMs,
    finishedAtMs,
    failure: 'failure' in state ? state.failure : undefined,
    proved: proof && {
      proofBytes: proof.bytes.byteLength,
      sha256: proof.sha256,
      deviceSeconds: proof.measures.deviceSeconds,
      verifySeconds: proof.verifySeconds,
    },
  };
}

function forgotten({ kind, number }: Part, { id }: PartJob): Ending {
  const detail = `The job of ${kind} ${number} was forgotten before its proof was used.`;
  return { name: 'failed', code: 'FORGOTTEN', detail, details: { [nameOfKind(kind)]: number, job: id } };
}

/** A leaf is what the caller calls a child. */
const nameOfKind = (kind: Part['kind']): 'child' | 'node' => (kind === 'leaf' ? 'child' : 'node');

/**
 * A part's job may be shared: with a tree that was in more of a hurry, or with whoever submitted it and wants it no longer. The part is
 * submitted again.
 */
function isOthersEnd(
  { leaves, deadlineMs = Number.POSITIVE_INFINITY }: Aggregation,
  part: Part,
  { isOthers }: PartJob,
  { state }: Job,
): boolean {
  if (!isOwn(leaves, part)) return false;
  return (state.name === 'expired' && deadlineMs > Date.now()) || (state.name === 'cancelled' && isOthers);
}

/** Whether the aggregation submits the part's job itself. */
function isOwn(leaves: Aggregation['leaves'], { kind, number }: Part): boolean {
  return kind === 'node' || leaves[number]?.origin === 'column';
}

/** What a part's job means for the tree, where it ended without a proof. */
function endingOf({ leaves }: Aggregation, { kind, number }: Part, { id, state }: Job): Ending | undefined {
  if (!('failure' in state)) return undefined;
  const { failure } = state;
  const details = { [nameOfKind(kind)]: number, job: id, failure };
  const { title } = JOB_FAILURES[failure.code];
  const name = `${kind === 'leaf' ? 'Child' : 'Node'} ${number}`;
  if (failure.code === 'STOPPED') return { ...STOPPED, details };
  if (isOwn(leaves, { kind, number }) && state.name === 'expired')
    return { name: 'expired', code: 'DEADLINE_PASSED', detail: `${name}: ${title}`, details };
  const codes = { failed: 'FAILED', cancelled: 'CANCELLED', expired: 'EXPIRED' } as const;
  const code =
    kind === 'leaf'
      ? (`CHILD_${codes[state.name]}` as const)
      : state.name === 'cancelled'
        ? 'NODE_CANCELLED'
        : 'NODE_FAILED';
  return { name: 'failed', code, detail: `${name}: ${title}`, details };
}

/** Uploaded runs say only in the end what they show. */
function duplicateOf({ leaves }: Aggregation): Ending | undefined {
  const firstWith = new Map<string, number>();
  for (const [child, { program, profile, statement }] of leaves.entries()) {
    if (statement === undefined) continue;
    const name = [program, profile, ...statement].join(' ');
    const first = firstWith.get(name);
    if (first !== undefined)
      return {
        name: 'failed',
        code: 'DUPLICATE_CHILD',
        detail: `Child ${child} shows what child ${first} shows.`,
        details: { child, first },
      };
    firstWith.set(name, child);
  }
  return undefined;
}

/** Throws: RangeError while a child is not proved. */
function inputOf(aggregation: Aggregation, keys: SystemKeys, number: number): NodeInput {
  const planned = aggregation.plan.nodes[number];
  if (planned === undefined) throw new RangeError(`there is no node ${number}`);
  const children = planned.children.map((part): NodeChild => {
    const { program, profile, statement, proof } = partOf(aggregation, part);
    if (statement === undefined || proof === undefined)
      throw new RangeError(`${part.kind} ${part.number} is not proved`);
    return { program, profile, statement, proof, entries: entriesBelow(aggregation, keys, part) };
  });
  const { role } = planned;
  return { role, children, block: role === 'block' ? aggregation.block?.parts : undefined };
}

function entriesBelow(
  aggregation: Aggregation,
  keys: SystemKeys,
  { kind, number }: Part,
): readonly AggregateEntry[] | undefined {
  if (kind === 'leaf') return aggregation.leaves[number]?.entries;
  const isBlock = aggregation.nodes[number]?.planned.role === 'block';
  return isBlock ? undefined : entriesOf(aggregation, keys, number);
}
