/**
 * What the service needs to check proofs and traces: off the event loop, with the server's own keys and policy. Only
 * `threadChecker.ts` implements it in production.
 */
import type { Verdict } from '../../stark/verifier/rejection.ts';
import type { BlockCheck, BlockTask } from '../aggregation/blockCheck.ts';
import type { AggregationCheck } from '../aggregation/request.ts';
import type { Refusal } from '../proofRequest.ts';

export interface VerificationTask {
  readonly program: string;
  readonly profile: string;
  /** 8 canonical words. */
  readonly statement: Uint32Array;
  readonly proof: Uint8Array;
}

export interface Verification {
  readonly verdict: Verdict;
  readonly seconds: number;
}

export interface TraceTask {
  readonly bytes: Uint8Array;
}

export type TraceFormCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly detail: string; readonly details: Readonly<Record<string, unknown>> };

export interface RequestTask {
  /** The JSON body of a proof request as it arrived. */
  readonly json: Uint8Array;
}

/** What is asked for and what a run with these inputs will state, or why there is none. */
export type RequestCheck =
  | {
      readonly ok: true;
      readonly program: string;
      readonly profile: string;
      readonly statement: Uint32Array;
      readonly priority: number;
      readonly deadlineMs: number | undefined;
      /** Of all that the request says: `contentDigest`. */
      readonly digest: string;
    }
  | Refusal;

export interface KeyTask {
  readonly program: string;
  readonly profile: string;
}

/**
 * A call with a caller waits among those of its kind, and is dropped when the signal aborts before its turn.
 * Throws: Problem queue-full, malformed-request; not-ready before the keys are known, where one is needed.
 */
export interface Checker {
  /** Begins to compute the keys. */
  prepare(): void;
  /** Whether the keys are known. */
  isReady(): boolean;
  checkRequest(task: RequestTask, caller?: AbortSignal): Promise<RequestCheck>;
  /** Reads a request for an aggregation and verifies the proofs in it. */
  checkAggregation(task: RequestTask, caller?: AbortSignal): Promise<AggregationCheck>;
  /** Whether columns make a block, and what it says. */
  checkBlock(task: BlockTask, caller?: AbortSignal): Promise<BlockCheck>;
  /** Without a caller the proof is the service's own, which waits for no stranger's; it also waits for the keys. */
  verify(task: VerificationTask, caller?: AbortSignal): Promise<Verification>;
  /** Whether the bytes are an execution trace; nothing is said about its constraints. */
  checkTraceForm(task: TraceTask, caller?: AbortSignal): Promise<TraceFormCheck>;
  instructionCount(task: { readonly program: string }): Promise<number>;
  /** Digest of the verifying key: 8 canonical words. */
  keyDigest(task: KeyTask): Promise<Uint32Array>;
  close(): Promise<void>;
}
