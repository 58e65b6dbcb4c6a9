/** A job: one proof that somebody asked for, from its submission to its proof or failure. */
import type { ProofInput, ProofMeasures, ProofProgress } from '../prover/prover.ts';

export const JOB_FAILURES = {
  INPUTS_REFUSED: 'The program refused the inputs.',
  TRACE_MALFORMED: 'The bytes are not a trace of this program.',
  TRACE_INVALID: 'The trace violates a constraint or a bus.',
  TOO_LARGE: 'The job needs more than the prover can hold.',
  ATTEMPTS_EXHAUSTED: 'Every attempt lost its prover process.',
  VERIFICATION_FAILED: 'The proof did not verify; the service made a mistake.',
  STATEMENT_MISMATCH: 'The proof states something else than the inputs; the service made a mistake.',
  INTERNAL: 'The service made a mistake.',
  STOPPED: 'The service stopped before the job was done.',
} as const;

export type JobFailureCode = keyof typeof JOB_FAILURES;

export interface JobFailure {
  readonly code: JobFailureCode;
  readonly detail: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface JobProof {
  readonly bytes: Uint8Array;
  readonly statement: Uint32Array;
  readonly measures: ProofMeasures;
  readonly verifySeconds: number;
}

export type JobState =
  | { readonly name: 'queued' }
  | { readonly name: 'running'; readonly attempt: number; readonly progress: ProofProgress }
  | { readonly name: 'verifying'; readonly attempt: number }
  | { readonly name: 'succeeded'; readonly proof: JobProof }
  | { readonly name: 'failed'; readonly failure: JobFailure };

/** One state change. */
export interface JobEvent {
  readonly state: JobState['name'];
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Why the state was entered, where that is not obvious. */
  readonly note?: string;
}

export interface JobRequest {
  readonly program: string;
  readonly profile: string;
  readonly input: ProofInput;
  /** Memory that the input takes while the job waits, about. */
  readonly inputBytes: number;
  /** What the proof has to state; undefined for an uploaded trace, which brings its own. */
  readonly expectedStatement: Uint32Array | undefined;
}

export interface Job {
  readonly id: string;
  readonly program: string;
  readonly profile: string;
  readonly inputKind: ProofInput['kind'];
  readonly state: JobState;
  /** Attempts started. */
  readonly attempts: number;
  readonly events: readonly JobEvent[];
}
