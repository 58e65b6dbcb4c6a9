/**
 * The columns of every table from the record of a run. Own runs and uploaded records go through here alike: a record that
 * no run could leave yields columns that violate a constraint or leave a bus unbalanced, which the trace checker names.
 * Source: docs/spec/machine.md, section Execution traces.
 */
import type { TableTrace } from '../stark/air/air.ts';
import { STATEMENT_WORDS } from '../stark/air/air.ts';
import { MODULUS } from '../stark/field/koalaBear.ts';
import { ROW_WORDS } from './buses.ts';
import { divideCalls, interiorWordsAt, tablesByTag, witnessWordsAt } from './callRecorder.ts';
import type { CallTable, LookupCounts } from './callTable.ts';
import { traceCpu } from './cpu/trace.ts';
import { MachineError } from './errors.ts';
import type { ExecutionTrace } from './executionTrace.ts';
import { memoryLogHeight, traceMemory } from './memory/trace.ts';
import { type LeastHeights, padCalledTable, padExecution } from './padding.ts';
import { traceProgram } from './program/trace.ts';
import type { Program } from './program.ts';
import { RANGE_LOG_HEIGHT } from './range/air.ts';
import { traceRange } from './range/trace.ts';

function badTrace(reason: string, details: Readonly<Record<string, number>> = {}): MachineError {
  return new MachineError('BAD_TRACE', { reason, ...details });
}

/** Throws: MachineError 'BAD_TRACE' unless the arrays have the lengths of a run and hold canonical words. */
export function checkExecutionTrace(execution: ExecutionTrace, tables: readonly CallTable[]): void {
  const { memory, pc, fp, calls, statement } = execution;
  if (memory.length === 0 || memory.length % ROW_WORDS !== 0)
    throw badTrace('the memory image is no positive number of rows', { words: memory.length });
  if (pc.length === 0 || pc.length !== fp.length)
    throw badTrace('pc and fp do not cover the same cycles', { pc: pc.length, fp: fp.length });
  if (statement.length !== STATEMENT_WORDS)
    throw badTrace('the statement has another number of words', {
      expected: STATEMENT_WORDS,
      got: statement.length,
    });
  const { count, tag, a, b, c, d, clk, witness, interiors } = calls;
  for (const column of [tag, a, b, c, d, clk])
    if (column.length !== count)
      throw badTrace('the call log is ragged', { expected: count, got: column.length });
  for (const words of [memory, pc, fp, statement, tag, a, b, c, d, clk, witness]) {
    const index = words.findIndex((word) => word >= MODULUS);
    if (index >= 0) throw badTrace('a word is not canonical', { index, got: words[index] ?? 0 });
  }
  const tableOfTag = tablesByTag(tables);
  const unknown = tag.find((each) => !tableOfTag.has(each));
  if (unknown !== undefined) throw badTrace('no table answers to a call', { tag: unknown });
  let witnessWords = 0;
  let interiorWords = 0;
  for (let index = 0; index < count; index++) {
    const table = tableOfTag.get(tag[index]!);
    witnessWords += witnessWordsAt(calls, index, table);
    interiorWords += interiorWordsAt(calls, index, table);
  }
  if (witness.length !== witnessWords)
    throw badTrace('the calls have witnesses of another length', {
      expected: witnessWords,
      got: witness.length,
    });
  if (interiors !== undefined && interiors.length !== interiorWords)
    throw badTrace('the calls have interiors of another length', {
      expected: interiorWords,
      got: interiors.length,
    });
}

/**
 * The traces by table name; a table without rows is absent, the others have at least the heights given. `programLogHeight` is
 * the height of the preprocessed bytecode.
 * Throws: MachineError 'BAD_TRACE', 'TABLE_TOO_HIGH'.
 */
export function traceTables(
  program: Program,
  programLogHeight: number,
  record: ExecutionTrace,
  tables: readonly CallTable[],
  least: LeastHeights = {},
): Map<string, TableTrace> {
  checkExecutionTrace(record, tables);
  const execution = padExecution(record, least);
  const rows = 2 ** memoryLogHeight(execution.memory.length);
  const wordCounts = new Uint32Array(rows * ROW_WORDS);
  const rowCounts = new Uint32Array(rows);
  const rangeCounts = new Uint32Array(2 ** RANGE_LOG_HEIGHT);
  const programCounts = new Uint32Array(2 ** programLogHeight);
  let hasRangeLookups = false;
  // A lookup of what does not exist is not counted; the bus that misses it will say so.
  const counts: LookupCounts = {
    word(address) {
      if (address < wordCounts.length) wordCounts[address]!++;
    },
    row(rowIndex) {
      if (Number.isInteger(rowIndex) && rowIndex < rowCounts.length) rowCounts[rowIndex]!++;
    },
    range(value) {
      hasRangeLookups = true;
      if (value < rangeCounts.length) rangeCounts[value]!++;
    },
  };

  const traces = new Map<string, TableTrace>();
  traces.set('cpu', traceCpu(program, execution, counts, programCounts));
  for (const [table, calls] of divideCalls(execution.calls, tables))
    traces.set(
      table.air.name,
      padCalledTable(table.trace(calls, execution.memory, counts), least[table.air.name] ?? 0),
    );
  traces.set('program', traceProgram(programCounts));
  traces.set('memory', traceMemory(execution.memory, wordCounts, rowCounts));
  if (hasRangeLookups) traces.set('range', traceRange(rangeCounts));
  return traces;
}
