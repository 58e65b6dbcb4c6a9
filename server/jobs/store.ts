/**
 * Where jobs are kept. This one is in memory and bounded: what it forgets, nobody can ask for any more. Proofs are forgotten for other proofs
 * and for their age alone; jobs that ended without one are remembered beside them.
 */
import type { JobStateName } from '../api/schemas.ts';
import { isFinished, JOB_FAILURES, type Job } from './job.ts';

export interface JobFilter {
  readonly limit: number;
  readonly state?: JobStateName | undefined;
  /** Only jobs submitted before the one with this id. */
  readonly before?: string | undefined;
}

export interface JobStore {
  /** Takes a new job, or the next version of a known one. */
  put(job: Job): void;
  find(id: string): Job | undefined;
  /** The job that a key leads to: none when it ended so that the same submission may succeed another time. */
  findByIdempotencyKey(key: string): Job | undefined;
  /**
   * A job whose proof shows the statement, or will: program and profile stand for the key. One that is proved goes first, then the
   * oldest that is usable; every one is, unless told otherwise.
   */
  findByStatement(
    program: string,
    profile: string,
    statement: Uint32Array,
    isUsable?: (job: Job) => boolean,
  ): Job | undefined;
  /** Newest first. Nothing comes before an unknown id. */
  list(filter: JobFilter): readonly Job[];
  /** In no order. */
  queued(): readonly Job[];
  /** Jobs by state. */
  counts(): ReadonlyMap<JobStateName, number>;
  /** A proof that is larger, with its inputs, would be forgotten at once. */
  readonly mostProofBytes: number;
  /** Forgets finished jobs beyond the limits. */
  forget(): void;
}

/** Of finished jobs. */
export interface RetentionLimits {
  /** Of those with a proof, and of those without one. */
  readonly jobs: number;
  /** Of proofs, with the inputs that say what they show. */
  readonly bytes: number;
  readonly milliseconds: number;
}

interface FinishedJob {
  readonly job: Job;
  readonly sinceMs: number;
}

/** `now` in milliseconds; it never jumps, as the time of day does. */
export function createMemoryStore(
  limits: RetentionLimits,
  now: () => number = () => performance.now(),
): JobStore {
  const jobs = new Map<string, Job>();
  const queued = new Map<string, Job>();
  const idByKey = new Map<string, string>();
  /** In the order in which they became known for it. */
  const idsByStatement = new Map<string, Set<string>>();
  const statementById = new Map<string, string>();
  /** Both in the order in which they finished. */
  const proved = new Map<string, FinishedJob>();
  const unproved = new Map<string, FinishedJob>();
  let provedBytes = 0;

  function remove(job: Job): void {
    jobs.delete(job.id);
    if (proved.delete(job.id)) provedBytes -= proofBytesOf(job);
    unproved.delete(job.id);
    forgetKey(job);
    forgetStatement(job.id);
  }

  /** From the oldest on, while there are too many. */
  function forgetFrom(finished: ReadonlyMap<string, FinishedJob>, areTooMany: () => boolean): void {
    const nowMs = now();
    for (const { job, sinceMs } of finished.values()) {
      if (nowMs - sinceMs <= limits.milliseconds && !areTooMany()) return;
      remove(job);
    }
  }

  function forget(): void {
    forgetFrom(proved, () => proved.size > limits.jobs || provedBytes > limits.bytes);
    forgetFrom(unproved, () => unproved.size > limits.jobs);
  }

  /** Its key may have gone to a later job. */
  function forgetKey({ id, idempotency }: Job): void {
    if (idempotency !== undefined && idByKey.get(idempotency.key) === id) idByKey.delete(idempotency.key);
  }

  function noteKey(job: Job): void {
    const { id, idempotency, state } = job;
    if (idempotency === undefined) return;
    if ('failure' in state && JOB_FAILURES[state.failure.code].retryable) forgetKey(job);
    else idByKey.set(idempotency.key, id);
  }

  /** A proof stays known until it is forgotten, a job that is still to be proved until it ends without one. */
  function noteStatement(job: Job): void {
    const isOver = isFinished(job.state) && job.state.name !== 'succeeded';
    const name = isOver ? undefined : statementName(job);
    if (isOver) forgetStatement(job.id);
    if (name === undefined) return;
    if (statementById.get(job.id) === name) return;
    forgetStatement(job.id);
    const ids = idsByStatement.get(name) ?? new Set();
    idsByStatement.set(name, ids.add(job.id));
    statementById.set(job.id, name);
  }

  function forgetStatement(id: string): void {
    const name = statementById.get(id);
    statementById.delete(id);
    const ids = name === undefined ? undefined : idsByStatement.get(name);
    if (name === undefined || ids === undefined) return;
    ids.delete(id);
    if (ids.size === 0) idsByStatement.delete(name);
  }

  return {
    put(job) {
      jobs.set(job.id, job);
      noteKey(job);
      noteStatement(job);
      if (job.state.name === 'queued') queued.set(job.id, job);
      else queued.delete(job.id);
      if (!isFinished(job.state) || proved.has(job.id) || unproved.has(job.id)) return;
      const isProved = job.state.name === 'succeeded';
      (isProved ? proved : unproved).set(job.id, { job, sinceMs: now() });
      if (isProved) provedBytes += proofBytesOf(job);
      forget();
    },
    find: (id) => jobs.get(id),
    findByIdempotencyKey(key) {
      const id = idByKey.get(key);
      return id === undefined ? undefined : jobs.get(id);
    },
    findByStatement(program, profile, statement, isUsable = () => true) {
      const ids = idsByStatement.get(nameOf(program, profile, statement)) ?? [];
      let usable: Job | undefined;
      for (const id of ids) {
        const job = jobs.get(id);
        if (job?.state.name === 'succeeded') return job;
        if (usable === undefined && job !== undefined && isUsable(job)) usable = job;
      }
      return usable;
    },
    list({ limit, state, before }) {
      const newest = before === undefined ? Number.POSITIVE_INFINITY : (jobs.get(before)?.order ?? 0);
      const found: Job[] = [];
      // The map keeps the order of submission.
      for (const job of [...jobs.values()].reverse()) {
        if (found.length === limit) break;
        if (job.order < newest && (state === undefined || job.state.name === state)) found.push(job);
      }
      return found;
    },
    queued: () => [...queued.values()],
    counts() {
      const counts = new Map<JobStateName, number>();
      for (const { state } of jobs.values()) counts.set(state.name, (counts.get(state.name) ?? 0) + 1);
      return counts;
    },
    mostProofBytes: limits.bytes,
    forget,
  };
}

/** With the inputs that are kept beside it. */
function proofBytesOf({ state, request }: Job): number {
  return state.name === 'succeeded' ? state.proof.bytes.byteLength + (request?.inputBytes ?? 0) : 0;
}

function nameOf(program: string, profile: string, statement: Uint32Array): string {
  return [program, profile, ...statement].join(' ');
}

/** Undefined for an uploaded run that is not proved yet. */
function statementName({ program, profile, state, request }: Job): string | undefined {
  const statement = state.name === 'succeeded' ? state.proof.statement : request?.expectedStatement;
  return statement && nameOf(program, profile, statement);
}
