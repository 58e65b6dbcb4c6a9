/**
 * Traces taller than a run needs, so that proofs of different runs have tables of the same heights: the cpu table ends in more
 * cycles at END, the memory table in more rows, and a called table in more rows of zeros, which are on no bus.
 * Source: docs/spec/machine.md, sections Tables and Execution traces.
 */
import type { TableTrace } from '../stark/air/air.ts';
import { ROW_WORDS } from './buses.ts';
import type { ExecutionTrace } from './executionTrace.ts';
import { END_PC } from './instruction.ts';

/** Least log heights by table name; a table that is absent stays absent. */
export type LeastHeights = Readonly<Partial<Record<string, number>>>;

/** The least number of rows that asks for a table of this log height. */
function rowsFor(logHeight: number | undefined): number {
  return logHeight === undefined ? 1 : 2 ** (logHeight - 1) + 1;
}

/** The record of a run whose cpu and memory tables have at least the given heights. */
export function padExecution(execution: ExecutionTrace, least: LeastHeights): ExecutionTrace {
  const cycles = Math.max(execution.pc.length, rowsFor(least['cpu']));
  const words = Math.max(execution.memory.length, rowsFor(least['memory']) * ROW_WORDS);
  if (cycles === execution.pc.length && words === execution.memory.length) return execution;
  const memory = new Uint32Array(words);
  memory.set(execution.memory);
  const pc = new Uint32Array(cycles).fill(END_PC);
  pc.set(execution.pc);
  const fp = new Uint32Array(cycles).fill(execution.fp.at(-1) ?? 0);
  fp.set(execution.fp);
  return { ...execution, memory, pc, fp };
}

/** The trace of a called table with rows of zeros up to the given log height, if it is shorter. */
export function padCalledTable(trace: TableTrace, logHeight: number): TableTrace {
  if (trace.logHeight >= logHeight) return trace;
  const columns = trace.columns.map((column) => {
    const padded = new Uint32Array(2 ** logHeight);
    padded.set(column);
    return padded;
  });
  return { logHeight, columns };
}
