/**
 * A table that the cpu calls: what the executor runs, and how its calls become columns. Every such table is a folder that
 * exports one `CallTable`.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableAir, TableTrace } from '../stark/air/air.ts';

/** Write-once memory during a run. Both methods throw a MachineError: reading an unwritten cell, writing another value. */
export interface Memory {
  read(address: number): number;
  write(address: number, value: number): void;
  isWritten(address: number): boolean;
}

/** The operands of one call; `c` is undefined when the operand is a cell that is still unwritten. */
export interface Call {
  readonly tag: number;
  readonly a: number;
  readonly b: number;
  readonly c: number | undefined;
  readonly d: number;
  readonly clk: number;
  /** What the prover adds to the operands; empty for most calls. Canonical. */
  readonly witness: Uint32Array;
}

/** The calls of one table in the order of the run, one array an operand. */
export interface CallLog {
  readonly count: number;
  readonly tag: Uint32Array;
  readonly a: Uint32Array;
  readonly b: Uint32Array;
  readonly c: Uint32Array;
  readonly d: Uint32Array;
  readonly clk: Uint32Array;
  /** The witnesses of the calls, one after the other; `witnessWords` of the table says where the next one begins. */
  readonly witness: Uint32Array;
  /**
   * What the calls computed on the way to their outcomes, likewise, so that a table's columns are not computed twice. Left out
   * where it is not known: it is no part of a record, and tables compute it anew.
   */
  readonly interiors?: Uint32Array;
}

/** Takes the words that a call computed on the way to its outcome. */
export type LeaveInterior = (words: Uint32Array) => void;

/** Counts the lookups that a table's rows make, so that the tables looked up know their multiplicities. */
export interface LookupCounts {
  word(address: number): void;
  row(rowIndex: number): void;
  range(value: number): void;
}

export interface CallTable {
  readonly air: TableAir;
  readonly tags: readonly number[];
  /**
   * Carries out a call: reads its operand rows, writes its output rows, and returns the value of operand C. State
   * between calls (ram) lives in what `createState` returned. Gives its interior, in pieces, to `leave`. Throws: MachineError when the
   * relation cannot hold.
   */
  execute(memory: Memory, call: Call, state: unknown, leave?: LeaveInterior): number;
  /** Rows that a call with this tag and operand D takes, whether or not a run can make it; at least 1. */
  rowsOf(tag: number, d: number): number;
  /** Words of the witness of a call with this tag and operand D; absent in a table whose calls have none. */
  readonly witnessWords?: (tag: number, d: number) => number;
  /** Words of the interior of a call with this tag and operand D; absent in a table whose calls have none. */
  readonly interiorWords?: (tag: number, d: number) => number;
  /** Fresh state for one run; undefined for a table without any. */
  createState(): unknown;
  /**
   * The table's columns for all calls (under an expansion the leading columns), counting its lookups. `words` is the final
   * memory image. At least one call.
   */
  trace(calls: CallLog, words: Uint32Array, counts: LookupCounts): TableTrace;
}
