/**
 * The machine with the extension table, which the aggregate program calls: as `machine/system.ts`, until that table is a part
 * of the machine. Traces can be padded to given heights, so that a program's own proofs have one shape.
 */
import { BUSES } from '../../machine/buses.ts';
import type { CallTable } from '../../machine/callTable.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { execute } from '../../machine/executor.ts';
import { extensionTable } from '../../machine/extension/table.ts';
import { completeHashTrace } from '../../machine/hash/table.ts';
import { END_PC } from '../../machine/instruction.ts';
import type { HintFunctions, Program } from '../../machine/program.ts';
import { CALL_TABLES, COLONNADE_MACHINE, DEFAULT_LIMITS, prepareProgram } from '../../machine/system.ts';
import { traceTables } from '../../machine/trace.ts';
import type { AirSystem, TableTrace } from '../../stark/air/air.ts';
import { defineSystem } from '../../stark/air/builder.ts';
import { checkTrace, type TraceVerdict } from '../../stark/air/traceCheck.ts';

const TABLES: readonly CallTable[] = [...CALL_TABLES, extensionTable];

export const RECURSIVE_MACHINE: AirSystem = defineSystem({
  name: 'colonnade with extension',
  version: 1,
  buses: BUSES,
  tables: [...COLONNADE_MACHINE.tables, extensionTable.air],
});

const ROW_WORDS = 8;

export function runRecursive(program: Program, hints: HintFunctions): ExecutionTrace {
  return execute(program, TABLES, hints, DEFAULT_LIMITS);
}

/** Least log heights by table name. */
export type LeastHeights = Readonly<Partial<Record<string, number>>>;

/** The preprocessed columns by slot; the bytecode is padded with rows that cannot run. */
export function recursivePreprocessed(program: Program): (TableTrace | undefined)[] {
  const prepared = prepareProgram(program);
  return RECURSIVE_MACHINE.tables.map(({ name }) => (name === 'program' ? prepared : undefined));
}

/** The traces by slot, padded to at least the given heights. */
export function recursiveTraces(
  program: Program,
  execution: ExecutionTrace,
  least: LeastHeights = {},
): (TableTrace | undefined)[] {
  const cycles = Math.max(execution.pc.length, 2 ** (least['cpu'] ?? 0) / 2 + 1);
  const words = Math.max(execution.memory.length, ROW_WORDS * (2 ** (least['memory'] ?? 0) / 2 + 1));
  const memory = new Uint32Array(words);
  memory.set(execution.memory);
  const pc = new Uint32Array(cycles).fill(END_PC);
  pc.set(execution.pc);
  const fp = new Uint32Array(cycles).fill(execution.fp.at(-1)!);
  fp.set(execution.fp);
  const traces = traceTables(
    program,
    prepareProgram(program).logHeight,
    { ...execution, memory, pc, fp },
    TABLES,
  );
  return RECURSIVE_MACHINE.tables.map(({ name }) => {
    const trace = traces.get(name);
    const logHeight = least[name] ?? 0;
    if (trace === undefined || trace.logHeight >= logHeight) return trace;
    // A padding row of a called table is zeros.
    const columns = trace.columns.map((column) => {
      const padded = new Uint32Array(2 ** logHeight);
      padded.set(column);
      return padded;
    });
    return { logHeight, columns };
  });
}

export function checkRecursive(
  program: Program,
  traces: readonly (TableTrace | undefined)[],
  statement: ArrayLike<number>,
): TraceVerdict {
  return checkTrace(
    RECURSIVE_MACHINE,
    traces,
    recursivePreprocessed(program).map((trace) => trace?.columns),
    statement,
    (table, trace) => ({
      logHeight: trace.logHeight,
      columns: table.expansion === 'poseidon' ? completeHashTrace(trace) : trace.columns,
    }),
  );
}
