/**
 * What the service needs from a prover: one job at a time, in another process. Only `processProver.ts` implements it in
 * production.
 */
import type { NodeInput } from '../aggregation/nodeInput.ts';

/** What a program runs on: the JSON body of a request, which has been checked, or a run as it is. */
export type RunInput =
  | { readonly kind: 'inputs'; readonly json: Uint8Array }
  | { readonly kind: 'trace'; readonly bytes: Uint8Array };

/** A job's input; `proofs` are folded into one. */
export type ProofInput = RunInput | { readonly kind: 'proofs'; readonly node: NodeInput };

export interface ProofTask {
  readonly program: string;
  readonly profile: string;
  readonly input: ProofInput;
}

export interface AdapterDescription {
  readonly name: string;
  /** Software adapters are slow and every answer says so. */
  readonly isSoftware: boolean;
}

export interface TableMeasure {
  readonly name: string;
  readonly rows: number;
  /** Rows times columns of the main, LogUp and quotient matrices. */
  readonly cells: number;
}

export interface StageMeasure {
  readonly name: string;
  readonly seconds: number;
}

export interface ProofMeasures {
  readonly adapter: AdapterDescription;
  readonly cycles: number;
  readonly tables: readonly TableMeasure[];
  readonly stages: readonly StageMeasure[];
  /** Time in proof-of-work searches, a part of the stages. */
  readonly grindingSeconds: number;
  /** Seconds during which the device worked. */
  readonly deviceSeconds: number;
  readonly peakDeviceBytes: number;
}

/** Memory and time of the device, as the prover process told them last. */
export interface DeviceGauge {
  readonly usedBytes: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
  /** Infinity where the device itself is the limit. */
  readonly budgetBytes: number;
  /** Since the prover process started. */
  readonly busySeconds: number;
}

/**
 * A job that fails by its own fault fails for good; the codes are in `jobs/job.ts`. An invalid trace's details name table,
 * row and constraint, or the bus.
 */
export type ProofOutcome =
  | {
      readonly ok: true;
      readonly proof: Uint8Array;
      /** 8 canonical words. */
      readonly statement: Uint32Array;
      readonly measures: ProofMeasures;
    }
  | {
      readonly ok: false;
      readonly code: 'INPUTS_REFUSED' | 'TRACE_MALFORMED' | 'TRACE_INVALID' | 'TOO_LARGE';
      readonly detail: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

/**
 * The attempt is lost and may be repeated: the process ended, the device was lost, memory ran out, or it was aborted. `NO_PROVER`: there
 * was no process to begin it, so it was none. `NOT_BEGUN`: the process ended with the task, and had told of no progress in it.
 */
export class AttemptLost extends Error {
  readonly reason: 'CRASHED' | 'DEVICE_LOST' | 'OUT_OF_MEMORY' | 'ABORTED' | 'NO_PROVER' | 'NOT_BEGUN';

  constructor(reason: AttemptLost['reason'], detail: string) {
    super(detail);
    this.name = 'AttemptLost';
    this.reason = reason;
  }
}

/** Where a running attempt is. */
export interface ProofProgress {
  readonly stage: string;
  /** Share of the proof's steps that is done, 0..1; a count of steps, not of time. */
  readonly fraction: number;
}

export type ProverState =
  /** Also again after a death. */
  | { readonly state: 'starting' }
  | {
      readonly state: 'ready';
      readonly adapter: AdapterDescription;
      /** Most bytes of one storage binding. */
      readonly bindingBytes: number;
    }
  /** It was closed, and proves nothing more. */
  | { readonly state: 'failed'; readonly detail: string };

export interface Prover {
  state(): ProverState;
  /** Undefined while there is no device. */
  device(): DeviceGauge | undefined;
  /**
   * Runs the program or checks the uploaded run, and proves it. An aborted proof ends within a second and then no longer
   * uses the device.
   * Throws: AttemptLost; anything else is a bug.
   */
  prove(
    task: ProofTask,
    signal: AbortSignal,
    onProgress: (progress: ProofProgress) => void,
  ): Promise<ProofOutcome>;
  close(): Promise<void>;
}
