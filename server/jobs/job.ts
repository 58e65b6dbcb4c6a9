/** A job: one proof that somebody asked for, from its submission to its proof or its end without one. */
import type { AggregateEntry } from '../../programs/aggregate/aggregateStatement.ts';
import type { JobStateName } from '../api/schemas.ts';
import type { ProofInput, ProofMeasures, ProofProgress } from '../prover/prover.ts';

/** Why a job has no proof. Retryable: the same submission may succeed another time. */
export const JOB_FAILURES = {
  INPUTS_REFUSED: { title: 'The program refused the inputs.', retryable: false },
  TRACE_MALFORMED: { title: 'The bytes are not a trace of this program.', retryable: false },
  TRACE_INVALID: { title: 'The trace violates a constraint or a bus.', retryable: false },
  TOO_LARGE: { title: 'The job needs more than the prover can hold.', retryable: false },
  PROOF_TOO_LARGE: { title: 'The proof is larger than all that the service remembers.', retryable: false },
  ATTEMPTS_EXHAUSTED: { title: 'Every attempt lost its prover process.', retryable: true },
  VERIFICATION_FAILED: { title: 'The proof did not verify; the service made a mistake.', retryable: true },
  STATEMENT_MISMATCH: {
    title: 'The proof states something else than the inputs; the service made a mistake.',
    retryable: false,
  },
  INTERNAL: { title: 'The service made a mistake.', retryable: false },
  STOPPED: { title: 'The service stopped before the job was done.', retryable: true },
  CANCELLED: { title: 'The job was cancelled.', retryable: true },
  DEADLINE_PASSED: { title: 'The job could not start before its deadline.', retryable: true },
} as const;

export type JobFailureCode = keyof typeof JOB_FAILURES;

export interface JobFailure {
  readonly code: JobFailureCode;
  readonly detail: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface JobProof {
  readonly bytes: Uint8Array;
  /** Of the bytes, in lower-case hex. */
  readonly sha256: string;
  readonly statement: Uint32Array;
  readonly measures: ProofMeasures;
  readonly verifySeconds: number;
}

export type JobState =
  | { readonly name: 'queued' }
  | { readonly name: 'running'; readonly progress: ProofProgress }
  | { readonly name: 'verifying' }
  | { readonly name: 'succeeded'; readonly proof: JobProof }
  | { readonly name: 'failed' | 'cancelled' | 'expired'; readonly failure: JobFailure };

export const FINAL_STATES: ReadonlySet<JobStateName> = new Set([
  'succeeded',
  'failed',
  'cancelled',
  'expired',
]);

export function isFinished(state: JobState): boolean {
  return FINAL_STATES.has(state.name);
}

/** One change of state. */
export interface StateChange {
  readonly state: JobStateName;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Why the state was entered, where that is not obvious. */
  readonly note?: string;
}

/** What ended an attempt without a proof. */
export interface AttemptError {
  readonly attempt: number;
  readonly atMs: number;
  /** Of JOB_FAILURES, or why the attempt was lost. */
  readonly code: string;
  readonly detail: string;
  readonly stage: string;
}

export interface JobAttempt {
  /** From 1 on. */
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  /** The last that was reported. */
  readonly stage: string;
  readonly error?: AttemptError;
}

export interface JobRequest {
  readonly program: string;
  readonly profile: string;
  readonly input: ProofInput;
  /** Memory that the input takes while the job waits, about. */
  readonly inputBytes: number;
  /** What the proof has to state; undefined for an uploaded trace, which brings its own. */
  readonly expectedStatement: Uint32Array | undefined;
  /** Higher goes first. */
  readonly priority: number;
  /** Milliseconds since 1970. */
  readonly deadlineMs: number | undefined;
  readonly traceId: string;
  /** What lies below a proof of the aggregate program; undefined for any other. */
  readonly entries?: readonly AggregateEntry[] | undefined;
  /** A name that the caller gave to this submission, and the sha-256 of all that was submitted. */
  readonly idempotency: { readonly key: string; readonly digest: string } | undefined;
}

/** Never changed; a change makes a new one under the same id. */
export interface Job {
  readonly id: string;
  /** Grows with every submission. */
  readonly order: number;
  readonly program: string;
  readonly profile: string;
  readonly inputKind: ProofInput['kind'];
  /** The highest of those who need it. */
  readonly priority: number;
  readonly deadlineMs: number | undefined;
  /** The earliest deadline of those who need it: it says who goes first, and does not end the job. */
  readonly wantedByMs?: number | undefined;
  readonly traceId: string;
  readonly entries?: JobRequest['entries'];
  readonly idempotency: JobRequest['idempotency'];
  readonly submittedAtMs: number;
  readonly finishedAtMs: number | undefined;
  readonly state: JobState;
  readonly attempts: readonly JobAttempt[];
  readonly changes: readonly StateChange[];
  /** What is still needed to prove it; dropped when the job is finished, but for the inputs of a proof: they say what it shows. */
  readonly request: JobRequest | undefined;
}
