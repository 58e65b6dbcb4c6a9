/**
 * What the parent and the prover process say to each other over the IPC channel (structured clone, so typed arrays travel
 * as they are). The prover proves one request at a time, in the order in which they came.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import type { AdapterDescription, DeviceLimits } from '../device.ts';

/** A proof to make. The process knows the AIR systems and profiles by name. */
export interface ProveRequest {
  readonly systemName: string;
  readonly profileName: string;
  /** Preprocessed columns, one a slot, undefined for tables without; their commitment is kept between requests. */
  readonly preprocessed: readonly (TableTrace | undefined)[];
  /** Main columns, one a slot, undefined for an absent table. */
  readonly traces: readonly (TableTrace | undefined)[];
  /** 8 canonical words. */
  readonly statement: Uint32Array;
}

/** A table whose columns are still to come: their lengths in words, as the columns themselves stand in a request. */
export interface TableOutline {
  readonly logHeight: number;
  readonly columnWords: readonly number[];
}

/** A request whose columns follow in pieces, `preprocessed` first, in the order of tables and columns. */
export interface RequestOutline extends Omit<ProveRequest, 'preprocessed' | 'traces'> {
  readonly preprocessed: readonly (TableOutline | undefined)[];
  readonly traces: readonly (TableOutline | undefined)[];
}

export interface ProveResult {
  readonly proof: Uint8Array;
  /** The rest of the verifying key, as `generateKey` gives it. */
  readonly preprocessedLogHeights: readonly number[];
  readonly preprocessedCap: Uint32Array;
  readonly adapterName: string;
  /** Wall-clock seconds by prover stage. */
  readonly stageSeconds: Readonly<Record<string, number>>;
  readonly totalSeconds: number;
  /** Seconds during which the device worked. */
  readonly deviceSeconds: number;
  readonly peakDeviceBytes: number;
  /** The longest submission since the process started; submissions are sized to stay under 300 ms. */
  readonly longestSubmissionMs: number;
}

export interface ProveProgress {
  readonly stage: string;
  /** Share of the proof's steps that is done, 0..1. */
  readonly fraction: number;
  /** Seconds of the step that has just ended. */
  readonly seconds: number;
}

/** What the parent tells the process in its one command line argument, as JSON. */
export interface ProverSettings {
  /** Dawn's checks; 'off' in production. */
  readonly robustness: 'on' | 'off';
  readonly byteBudget?: number;
  readonly bindingLimit?: number;
}

export interface ProverReady {
  readonly adapter: AdapterDescription;
  readonly limits: DeviceLimits;
  /** Seconds from start to ready, with pipeline compilation. */
  readonly startSeconds: number;
}

/** The device's memory and time, told with every sign of life. */
export interface DeviceGauge {
  /** Bytes of buffers in use and of buffers kept for reuse; their largest sum since the process started. */
  readonly usedBytes: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
  /** Infinity where the device itself is the limit. */
  readonly budgetBytes: number;
  /** Sum of the durations of all submissions since the process started. */
  readonly busySeconds: number;
}

export type ToProver =
  | { readonly type: 'prove'; readonly id: number; readonly request: RequestOutline }
  /** The next words of the request's columns; pieces of two requests do not mix. */
  | { readonly type: 'piece'; readonly id: number; readonly words: Uint32Array }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'close' };

/** An error that crossed the channel. */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export type FromProver =
  | { readonly type: 'ready'; readonly ready: ProverReady }
  /** The process cannot start; it ends after this. */
  | { readonly type: 'refused'; readonly error: ReportedError }
  /** Without a gauge while the device is being opened. */
  | { readonly type: 'alive'; readonly gauge?: DeviceGauge }
  | { readonly type: 'progress'; readonly id: number; readonly progress: ProveProgress }
  | { readonly type: 'done'; readonly id: number; readonly result: ProveResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: ReportedError };

/** The process says that it is alive this often. */
export const ALIVE_INTERVAL_MS = 2_000;
