/** What past proofs say about the next one: they are the jobs that the store remembers as succeeded. */
import type { Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/store.ts';

/** Proofs that are looked at; older ones may be of another load of the machine. */
const PROOFS = 16;

export interface PastProofs {
  readonly count: number;
  /** Of an attempt that succeeded, with its verification. */
  readonly meanSeconds: number;
  /** Seconds of proof of work, which does not depend on the size. */
  readonly grindingSeconds: number;
  readonly cellsPerSecond: number;
}

/** Under one profile or all; undefined when there are none. */
export function pastProofs(store: JobStore, profile?: string): PastProofs | undefined {
  let count = 0;
  let seconds = 0;
  let grinding = 0;
  let cells = 0;
  for (const job of store.list({ limit: PROOFS, state: 'succeeded' })) {
    if (job.state.name !== 'succeeded' || (profile !== undefined && job.profile !== profile)) continue;
    const { measures } = job.state.proof;
    count += 1;
    seconds += attemptSeconds(job, job.finishedAtMs ?? 0);
    grinding += measures.grindingSeconds;
    cells += measures.tables.reduce((total, table) => total + table.cells, 0);
  }
  if (count === 0) return undefined;
  return {
    count,
    meanSeconds: seconds / count,
    grindingSeconds: grinding / count,
    // A proof of nothing but grinding would have no speed.
    cellsPerSecond: cells / Math.max(seconds - grinding, 0.001),
  };
}

/** Seconds that the last attempt has taken. */
function attemptSeconds({ attempts }: Job, untilMs: number): number {
  return Math.max(0, untilMs - (attempts.at(-1)?.startedAtMs ?? untilMs)) / 1000;
}

/** Seconds of a proof of so many cells, with its program's run and its verification. */
export function proveSeconds({ grindingSeconds, cellsPerSecond }: PastProofs, cells: number): number {
  return grindingSeconds + cells / cellsPerSecond;
}

/** Until the jobs that run now are done; undefined without past proofs. 0 when none runs. */
export function runningSeconds(store: JobStore, nowMs: number): number | undefined {
  const past = pastProofs(store);
  if (past === undefined) return undefined;
  const active = [
    ...store.list({ limit: 1, state: 'running' }),
    ...store.list({ limit: 1, state: 'verifying' }),
  ];
  return active.reduce((total, job) => total + Math.max(0, past.meanSeconds - attemptSeconds(job, nowMs)), 0);
}

/** Until a job submitted now with the usual priority could start. */
export function queueSeconds(store: JobStore, nowMs: number): number | undefined {
  const past = pastProofs(store);
  const running = runningSeconds(store, nowMs);
  if (past === undefined || running === undefined) return undefined;
  return running + store.queued().length * past.meanSeconds;
}

const RETRY_SECONDS = { least: 1, most: 600, unknown: 5 } as const;

/** When a place in a full queue becomes free: when the next job starts. Whole seconds. */
export function retryAfterSeconds(store: JobStore, nowMs: number): number {
  const seconds = runningSeconds(store, nowMs);
  if (seconds === undefined) return RETRY_SECONDS.unknown;
  return Math.min(RETRY_SECONDS.most, Math.max(RETRY_SECONDS.least, Math.ceil(seconds)));
}
