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
import { type LeastHeights, padCalledTable, padExecution } from '../../machine/padding.ts';
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

export function runRecursive(program: Program, hints: HintFunctions): ExecutionTrace {
  return execute(program, TABLES, hints, DEFAULT_LIMITS);
}

/** The preprocessed columns by slot */
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
  const padded = padExecution(execution, least);
  const traces = traceTables(program, prepareProgram(program).logHeight, padded, TABLES);
  const called = new Set(TABLES.map(({ air }) => air.name));
  return RECURSIVE_MACHINE.tables.map(({ name }) => {
    const trace = traces.get(name);
    return trace !== undefined && called.has(name) ? padCalledTable(trace, least[name] ?? 0) : trace;
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
