/**
 * The machine as a whole: its tables in slot order, how a program is prepared, run, and turned into columns.
 * Source: docs/spec/machine.md, section Tables, in slot order.
 */
import type { AirSystem, TableTrace } from '../stark/air/air.ts';
import { defineSystem } from '../stark/air/builder.ts';
import { checkTrace, type TraceVerdict } from '../stark/air/traceCheck.ts';
import { BUSES } from './buses.ts';
import type { CallTable } from './callTable.ts';
import { cpuAir } from './cpu/air.ts';
import type { ExecutionTrace } from './executionTrace.ts';
import { execute, type RunLimits } from './executor.ts';
import { extensionTable } from './extension/table.ts';
import { completeHashTrace, hashTable } from './hash/table.ts';
import { memoryAir } from './memory/air.ts';
import type { LeastHeights } from './padding.ts';
import { programAir } from './program/air.ts';
import { programColumns, programLogHeight } from './program/trace.ts';
import type { HintFunctions, Program } from './program.ts';
import { ramTable } from './ram/table.ts';
import { rangeAir } from './range/air.ts';
import { traceTables } from './trace.ts';
import { wordTable } from './word/table.ts';
import { wordMultiplyTable } from './wordMultiply/table.ts';

/** The tables that programs call, in slot order. */
export const CALL_TABLES: readonly CallTable[] = [
  hashTable,
  wordTable,
  wordMultiplyTable,
  ramTable,
  extensionTable,
];

export const COLONNADE_MACHINE: AirSystem = defineSystem({
  name: 'colonnade',
  version: 3,
  buses: BUSES,
  tables: [cpuAir, programAir, memoryAir, rangeAir, ...CALL_TABLES.map((table) => table.air)],
});

/** The slot of the program table, the only one with preprocessed columns. */
export const PROGRAM_SLOT = 1;

/** The tallest cpu table, less the cycle at END; and all rows of the tallest memory table. */
export const DEFAULT_LIMITS: RunLimits = { maximumCycles: 2 ** 22 - 1, maximumMemoryWords: 2 ** 25 };

/** A program's bytecode as the preprocessed columns of the program table. */
export type PreparedProgram = TableTrace;

/** Throws: MachineError 'TABLE_TOO_HIGH'. */
export function prepareProgram(program: Program): PreparedProgram {
  return programColumns(program.instructions);
}

/** The preprocessed columns by slot, as key generation takes them. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function preprocessedTraces(program: Program): (PreparedProgram | undefined)[] {
  const prepared = prepareProgram(program);
  return COLONNADE_MACHINE.tables.map((_, slot) => (slot === PROGRAM_SLOT ? prepared : undefined));
}

/** Runs a program to END. Throws: MachineError. */
export function run(
  program: Program,
  hints: HintFunctions = {},
  limits: RunLimits = DEFAULT_LIMITS,
): ExecutionTrace {
  return execute(program, CALL_TABLES, hints, limits);
}

/**
 * The traces by slot, undefined where a table is absent, each of at least the height given for it (program and range have one
 * height only). Throws: MachineError 'BAD_TRACE', 'TABLE_TOO_HIGH'.
 */
export function buildTraces(
  program: Program,
  execution: ExecutionTrace,
  least: LeastHeights = {},
): (TableTrace | undefined)[] {
  const logHeight = programLogHeight(program.instructions.length);
  const traces = traceTables(program, logHeight, execution, CALL_TABLES, least);
  return COLONNADE_MACHINE.tables.map(({ name }) => traces.get(name));
}

/** Checks every constraint and bus without a proof, and names the first violation. */
export function checkTraces(
  program: Program,
  traces: readonly (TableTrace | undefined)[],
  statement: ArrayLike<number>,
): TraceVerdict {
  return checkTrace(
    COLONNADE_MACHINE,
    traces,
    preprocessedTraces(program).map((trace) => trace?.columns),
    statement,
    (_, trace) => ({ logHeight: trace.logHeight, columns: completeHashTrace(trace) }),
  );
}
