/**
 * The queue: one prover works off the jobs in their order, and none starts while it is not ready. Every proof is verified before its job
 * counts as succeeded. A lost attempt is repeated; a job's own fault is final. Only this file changes jobs, and every change is an event.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Checker } from '../checker/checker.ts';
import type { Prover } from '../prover/prover.ts';
import { attemptProof } from './attempt.ts';
import type { EventLog } from './eventLog.ts';
import {
  type AttemptError,
  isFinished,
  type Job,
  type JobAttempt,
  type JobFailureCode,
  type JobRequest,
  type JobState,
} from './job.ts';
import { firstInLine } from './order.ts';
import type { JobStore } from './store.ts';

export interface QueueLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface QueueOptions {
  readonly prover: Prover;
  readonly checker: Checker;
  readonly store: JobStore;
  readonly events: EventLog;
  /** Jobs that wait, and the bytes of their inputs. */
  readonly queueLimit: number;
  readonly queueBytes: number;
  readonly attemptLimit: number;
  readonly attemptTimeoutMs: number;
  readonly log: QueueLog;
}

export type Submission =
  | { readonly ok: true; readonly job: Job }
  | {
      readonly ok: false;
      readonly code: 'queue-full' | 'stopping' | 'idempotency-key-reused' | 'deadline-passed';
    };

/** How much a job is needed, by all who need it together. */
export interface Need {
  /** The highest. */
  readonly priority: number;
  /** The earliest deadline, in milliseconds since 1970. */
  readonly wantedByMs: number | undefined;
}

export interface JobQueue {
  /** The new job, or the earlier one with the same idempotency key and digest. A key whose job may be tried again leads to no earlier one. */
  submit(request: JobRequest): Submission;
  /** Whether one more job with an input of this size would be accepted now. */
  hasRoom(inputBytes: number): boolean;
  isStopping(): boolean;
  /** Whether the job still uses the device but was cancelled or stopped: it will hardly have a proof. */
  isEnding(id: string): boolean;
  find(id: string): Job | undefined;
  /** Says who goes first from now on. A finished or unknown job stays as it is. */
  setNeed(id: string, need: Need): void;
  /** The job when it no longer uses the device; undefined when there is none. A finished job stays as it is. */
  cancel(id: string): Promise<Job | undefined>;
  /** Somebody has got the whole proof. */
  noteFetched(id: string): void;
  /**
   * Takes no more jobs, fails those that wait, and gives the running one so much time. A proof that ends in this time can be fetched in
   * what is left of it; the first fetch makes it a few seconds.
   */
  close(graceMs?: number): Promise<void>;
}

/** How often deadlines, retention and the prover's state are looked at. */
const SWEEP_MS = 250;

/**
 * Processes that may end with a job in a row before they begin it. That is the process's fault, after a lost driver say, and costs the job
 * nothing; beyond, with pauses for some minutes, it is the job's, and each costs an attempt. Arbitrary.
 */
const MOST_NOT_BEGUN = 20;

/** Whoever watched the same job may fetch its proof, too. */
const OTHER_FETCHES_MS = 3000;

/** The attempt that runs. */
interface Active {
  readonly id: string;
  readonly abort: AbortController;
  /** Who ended it, if anybody. */
  endedBy: 'cancel' | 'stop' | 'timeout' | undefined;
  readonly done: Promise<void>;
}

export function createJobQueue(options: QueueOptions): JobQueue {
  const { prover, checker, store, events, log } = options;
  let active: Active | undefined;
  let working: Promise<void> | undefined;
  let isStopping = false;
  let submissions = 0;
  /** Of jobs that are not finished, where it is not what they were submitted with. */
  const needs = new Map<string, Need>();
  /** Of jobs that are not finished: processes that ended with them before they began. */
  const notBegun = new Map<string, number>();
  let onFetched = (_id: string): void => {};
  const sweep = setInterval(() => {
    expireOverdue();
    store.forget();
    work();
  }, SWEEP_MS);
  sweep.unref();

  function hasRoom(inputBytes: number): boolean {
    const queued = store.queued();
    const queuedBytes = queued.reduce((total, { request }) => total + (request?.inputBytes ?? 0), 0);
    if (isStopping || queued.length >= options.queueLimit) return false;
    // What is larger than the limit by itself would wait for ever: an empty queue takes it.
    return queued.length === 0 || queuedBytes + inputBytes <= options.queueBytes;
  }

  function enter(job: Job, state: JobState, note?: string, attempts = job.attempts): Job {
    const atMs = Date.now();
    const change = { state: state.name, atMs, ...(note === undefined ? {} : { note }) };
    const isOver = isFinished(state);
    const changed: Job = {
      ...job,
      ...needs.get(job.id),
      state,
      attempts,
      changes: [...job.changes, change],
      ...(isOver ? { finishedAtMs: atMs } : {}),
      ...(isOver && !(state.name === 'succeeded' && job.inputKind === 'inputs')
        ? { request: undefined }
        : {}),
    };
    if (isOver) {
      needs.delete(job.id);
      notBegun.delete(job.id);
    }
    store.put(changed);
    events.append({
      job: job.id,
      kind: 'state',
      state: state.name,
      attempt: attempts.length,
      ...(note === undefined ? {} : { note }),
    });
    return changed;
  }

  function finish(
    job: Job,
    name: 'failed' | 'cancelled' | 'expired',
    code: JobFailureCode,
    detail: string,
    details: Readonly<Record<string, unknown>> = {},
    attempts = job.attempts,
  ): Job {
    log.warn({ job: job.id, traceId: job.traceId, code, detail, details }, `job ${name}`);
    return enter(job, { name, failure: { code, detail, details } }, code, attempts);
  }

  const cancelled = (job: Job, attempts?: readonly JobAttempt[]): Job =>
    finish(job, 'cancelled', 'CANCELLED', 'The job was cancelled.', {}, attempts);
  const stopped = (job: Job, attempts?: readonly JobAttempt[]): Job =>
    finish(job, 'failed', 'STOPPED', 'The service is stopping.', {}, attempts);

  function expireOverdue(): void {
    const now = Date.now();
    for (const job of store.queued()) {
      if (job.deadlineMs === undefined || job.deadlineMs > now) continue;
      finish(job, 'expired', 'DEADLINE_PASSED', 'The deadline passed before the job could start.', {
        deadline: new Date(job.deadlineMs).toISOString(),
      });
    }
  }

  function nextJob(): Job | undefined {
    expireOverdue();
    if (prover.state().state !== 'ready') return undefined;
    return firstInLine(store.queued());
  }

  /** Attempts with the last one ended. */
  function endLast(attempts: readonly JobAttempt[], error?: AttemptError): JobAttempt[] {
    return attempts.map((attempt, index) =>
      index < attempts.length - 1
        ? attempt
        : { ...attempt, endedAtMs: Date.now(), ...(error === undefined ? {} : { error }) },
    );
  }

  /** Whether an attempt that was lost for this reason costs the job none. */
  function isNoAttempt(id: string, reason: string): boolean {
    if (reason !== 'NOT_BEGUN') return reason === 'NO_PROVER';
    const times = (notBegun.get(id) ?? 0) + 1;
    notBegun.set(id, times);
    return times <= MOST_NOT_BEGUN;
  }

  /** Whether there was a prover to begin it. Never throws. */
  async function attempt(waiting: Job, request: JobRequest, current: Active): Promise<boolean> {
    const number = waiting.attempts.length + 1;
    const started: JobAttempt = { attempt: number, startedAtMs: Date.now(), stage: 'execute' };
    let attempts: readonly JobAttempt[] = [...waiting.attempts, started];
    let job = waiting;
    const fields = { job: job.id, traceId: job.traceId, attempt: number };
    const timeout = setTimeout(() => {
      current.endedBy ??= 'timeout';
      current.abort.abort();
    }, options.attemptTimeoutMs);
    const errorOf = (code: string, detail: string): AttemptError => ({
      attempt: number,
      atMs: Date.now(),
      code,
      detail,
      stage: attempts.at(-1)?.stage ?? started.stage,
    });

    try {
      const running: JobState = { name: 'running', progress: { stage: 'execute', fraction: 0 } };
      job = enter(waiting, running, undefined, attempts);
      const result = await attemptProof({ prover, checker }, request, current.abort.signal, {
        onProgress(progress) {
          if (job.state.name !== 'running') return;
          attempts = [...waiting.attempts, { ...started, stage: progress.stage }];
          job = { ...job, state: { name: 'running', progress }, attempts };
          store.put(job);
          events.append({ job: job.id, kind: 'progress', state: 'running', attempt: number, ...progress });
        },
        onVerifying() {
          attempts = [...waiting.attempts, { ...started, stage: 'verify' }];
          job = enter(job, { name: 'verifying' }, undefined, attempts);
        },
      });
      if (result.kind === 'proved') {
        const { sha256, verifySeconds, bytes } = result.proof;
        const keptBytes = bytes.byteLength + (job.inputKind === 'inputs' ? request.inputBytes : 0);
        if (keptBytes > store.mostProofBytes) {
          const detail = 'The service is set to remember less than this proof with its inputs.';
          const details = { expectedAtMostBytes: store.mostProofBytes, gotBytes: keptBytes };
          const ended = endLast(attempts, errorOf('PROOF_TOO_LARGE', detail));
          finish(job, 'failed', 'PROOF_TOO_LARGE', detail, details, ended);
          return true;
        }
        job = enter(job, { name: 'succeeded', proof: result.proof }, undefined, endLast(attempts));
        log.info({ ...fields, sha256, proofBytes: bytes.byteLength, verifySeconds }, 'job succeeded');
      } else if (result.kind === 'failed') {
        const { code, detail, details } = result.failure;
        finish(job, 'failed', code, detail, details, endLast(attempts, errorOf(code, detail)));
      } else {
        const { endedBy } = current;
        const reason = endedBy === undefined ? result.reason : endedBy.toUpperCase();
        log.warn({ ...fields, reason, detail: result.detail }, 'attempt lost');
        const ended = endLast(attempts, errorOf(reason, result.detail));
        if (endedBy === 'cancel') cancelled(job, ended);
        else if (endedBy === 'stop' || isStopping) stopped(job, ended);
        else if (isNoAttempt(job.id, reason)) {
          enter(job, { name: 'queued' }, 'there was no prover to begin it', waiting.attempts);
          return false;
        } else if (number >= options.attemptLimit)
          finish(
            job,
            'failed',
            'ATTEMPTS_EXHAUSTED',
            `Attempt ${number} was the last and ended with ${reason}.`,
            { attempts: number, reason },
            ended,
          );
        else enter(job, { name: 'queued' }, `attempt ${number} lost: ${reason}`, ended);
      }
    } catch (error) {
      log.error({ ...fields, error }, 'job failed by a mistake of the service');
      const detail = 'The log has the reason.';
      finish(job, 'failed', 'INTERNAL', detail, {}, endLast(attempts, errorOf('INTERNAL', detail)));
    } finally {
      clearTimeout(timeout);
    }
    return true;
  }

  function work(): void {
    if (!isStopping) working ??= workOff();
  }

  /** Ends when nothing waits or the prover is not ready; whoever looks at either starts it again. */
  async function workOff(): Promise<void> {
    // Whoever starts this has noted that it works before it can have ended.
    await Promise.resolve();
    try {
      let hadProver = true;
      for (let job = nextJob(); hadProver && job?.request !== undefined; job = nextJob()) {
        let settle = (): void => {};
        const done = new Promise<void>((resolve) => {
          settle = resolve;
        });
        active = { id: job.id, abort: new AbortController(), endedBy: undefined, done };
        try {
          hadProver = await attempt(job, job.request, active);
        } finally {
          active = undefined;
          settle();
        }
      }
    } catch (error) {
      log.error({ error }, 'the queue stumbled by a mistake of the service');
    } finally {
      working = undefined;
    }
  }

  /** Resolves when the proof has been fetched and others have had the time to, or after so long. */
  async function untilFetched(id: string, mostMs: number): Promise<void> {
    const over = new AbortController();
    const wait = (milliseconds: number): Promise<void> =>
      sleep(milliseconds, undefined, { signal: over.signal }).catch(() => {});
    const fetched = new Promise<void>((resolve) => {
      onFetched = (fetchedId) => {
        if (fetchedId === id) resolve();
      };
    });
    await Promise.race([fetched.then(() => wait(OTHER_FETCHES_MS)), wait(mostMs)]);
    over.abort();
  }

  return {
    submit(request) {
      const { idempotency, deadlineMs } = request;
      const earlier = idempotency === undefined ? undefined : store.findByIdempotencyKey(idempotency.key);
      if (earlier !== undefined) {
        return earlier.idempotency?.digest === idempotency?.digest
          ? { ok: true, job: earlier }
          : { ok: false, code: 'idempotency-key-reused' };
      }
      if (isStopping) return { ok: false, code: 'stopping' };
      if (deadlineMs !== undefined && deadlineMs <= Date.now()) return { ok: false, code: 'deadline-passed' };
      if (!hasRoom(request.inputBytes)) return { ok: false, code: 'queue-full' };
      const { program, profile, priority, traceId, entries } = request;
      submissions += 1;
      const job = enter(
        {
          id: randomUUID(),
          order: submissions,
          program,
          profile,
          inputKind: request.input.kind,
          priority,
          deadlineMs,
          traceId,
          entries,
          idempotency,
          submittedAtMs: Date.now(),
          finishedAtMs: undefined,
          state: { name: 'queued' },
          attempts: [],
          changes: [],
          request,
        },
        { name: 'queued' },
      );
      work();
      return { ok: true, job: store.find(job.id) ?? job };
    },
    hasRoom,
    isStopping: () => isStopping,
    isEnding: (id) => active?.id === id && (active.endedBy === 'cancel' || active.endedBy === 'stop'),
    find: (id) => store.find(id),
    setNeed(id, need) {
      const job = store.find(id);
      if (job === undefined || isFinished(job.state)) return;
      needs.set(id, need);
      if (job.state.name === 'queued') store.put({ ...job, ...need });
    },
    noteFetched: (id) => onFetched(id),
    async cancel(id) {
      const job = store.find(id);
      if (job === undefined || isFinished(job.state)) return job;
      if (job.state.name === 'queued') return cancelled(job);
      if (active?.id === id) {
        // Whoever cancels wants no other attempt, also where this one has already timed out.
        if (active.endedBy !== 'stop') active.endedBy = 'cancel';
        active.abort.abort();
        await active.done;
      }
      return store.find(id);
    },
    async close(graceMs = 0) {
      isStopping = true;
      clearInterval(sweep);
      for (const job of store.queued()) stopped(job);
      const running = active;
      if (running === undefined) return;
      const startedMs = performance.now();
      const inTime = new AbortController();
      await Promise.race([
        running.done,
        sleep(graceMs, undefined, { signal: inTime.signal }).catch(() => {}),
      ]);
      inTime.abort();
      running.endedBy ??= 'stop';
      running.abort.abort();
      await working;
      const leftMs = graceMs - (performance.now() - startedMs);
      if (leftMs > 0 && store.find(running.id)?.state.name === 'succeeded')
        await untilFetched(running.id, leftMs);
    },
  };
}
