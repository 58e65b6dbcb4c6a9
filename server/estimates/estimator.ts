/** How large a proof would be, found by running the program; off the event loop, and not in the way of jobs. */

import type { MemoryLimits, ProofMemory } from '../../kernels/memoryNeed.ts';
import type { Refusal } from '../proofRequest.ts';
import type { TableMeasure } from '../prover/prover.ts';
import { startLane } from '../threads/lane.ts';
import type { EstimatorMethods } from './thread.ts';

export type RunSize =
  | {
      readonly ok: true;
      readonly program: string;
      readonly profile: string;
      readonly cycles: number;
      readonly tables: readonly TableMeasure[];
      /** When the device is known. */
      readonly memory: ProofMemory | undefined;
    }
  | Refusal;

export interface EstimateTask {
  /** The JSON body of the request as it arrived. */
  readonly json: Uint8Array;
  /** Of the device; undefined while there is none. */
  readonly limits: MemoryLimits | undefined;
}

export interface Estimator {
  /** Dropped when the caller is gone before its turn. */
  estimate(task: EstimateTask, caller?: AbortSignal): Promise<RunSize>;
  close(): Promise<void>;
}

/** A run of the longest program takes seconds. */
const TIMEOUT_MS = 2 * 60 * 1000;
/** Waiting estimates. */
const WAITING = 64;
export const USUAL_ESTIMATOR_HEAP_MEBIBYTES = 2048;

/** The thread starts at the first estimate. */
export function startThreadEstimator(heapMebibytes = USUAL_ESTIMATOR_HEAP_MEBIBYTES): Estimator {
  const lane = startLane<EstimatorMethods>({
    entry: new URL('./thread.ts', import.meta.url),
    timeoutMs: TIMEOUT_MS,
    heapMebibytes,
    waitingLimit: WAITING,
  });
  return {
    estimate: (task, caller) => lane.call('sizeOfRun', task, caller),
    close: () => lane.close(),
  };
}
