/**
 * What a run leaves behind: everything the columns of a proof are computed from, whether the run happened here or its
 * record was uploaded.
 * Source: docs/spec/machine.md, section Execution traces.
 */
import type { CallLog } from './callTable.ts';

export interface ExecutionTrace {
  /** The final memory image, a multiple of 8 words from address 0 on; cells never written hold 0. */
  readonly memory: Uint32Array;
  /** Of each cycle up to the first one at END, inclusive. */
  readonly pc: Uint32Array;
  readonly fp: Uint32Array;
  /** The calls of all tables in the order of the run. */
  readonly calls: CallLog;
  /** The 8 words of the statement digest. */
  readonly statement: Uint32Array;
}

export const EMPTY_CALLS: CallLog = {
  count: 0,
  tag: new Uint32Array(0),
  a: new Uint32Array(0),
  b: new Uint32Array(0),
  c: new Uint32Array(0),
  d: new Uint32Array(0),
  clk: new Uint32Array(0),
  witness: new Uint32Array(0),
};
