/**
 * Checks a trace without a proof: every constraint on every row in base arithmetic, and every bus as an exact multiset of
 * tuples. Names the first violation; the diagnostic tool of whoever writes a table or a program.
 * Source: docs/spec/proof-system.md, sections 4 and 5.
 */
import * as field from '../field/koalaBear.ts';
import type { AirSystem, NodeId, TableAir, TableTrace } from './air.ts';
import { createRowEvaluator, type RowEvaluator, traceSelectors } from './rowEvaluator.ts';
import { createTupleCounter, type TupleCounter } from './tupleCounter.ts';

/** One interaction's part in a tuple that does not balance. */
export interface TupleSource {
  readonly table: string;
  readonly label: string;
  readonly row: number;
  /** Signed: sends are positive. */
  readonly multiplicity: number;
}

export type TraceViolation =
  /** A table is missing, has a forbidden height, the wrong columns or a word outside 0..p-1. */
  | { readonly ok: false; readonly kind: 'shape'; readonly table: string; readonly reason: string }
  | {
      readonly ok: false;
      readonly kind: 'constraint';
      readonly table: string;
      readonly row: number;
      readonly constraint: string;
      /** What the expression evaluates to, and the columns it reads: 'name' on this row and "name'" on the next. */
      readonly value: number;
      readonly values: Readonly<Record<string, number>>;
    }
  /** An interaction that counts 1 a row for its bus's bound has a multiplicity other than -1, 0 and 1. */
  | {
      readonly ok: false;
      readonly kind: 'weight';
      readonly table: string;
      readonly row: number;
      readonly label: string;
      readonly multiplicity: number;
    }
  | {
      readonly ok: false;
      readonly kind: 'bus';
      readonly bus: string;
      readonly tuple: readonly number[];
      readonly sent: number;
      readonly received: number;
      /** The first few interactions that name the tuple. */
      readonly sources: readonly TupleSource[];
    }
  /** The weights of a bus times the heights of its tables reach p. */
  | {
      readonly ok: false;
      readonly kind: 'busBound';
      readonly bus: string;
      readonly count: number;
      readonly limit: number;
    };

export type TraceVerdict = { readonly ok: true } | TraceViolation;

/** Yields the columns that the executor does not write out. */
export type TraceExpander = (table: TableAir, trace: TableTrace) => TableTrace;

/** A trace with all its columns: `expand` is asked for tables with an expansion whose trace is not complete yet. */
export function completeTrace(table: TableAir, trace: TableTrace, expand?: TraceExpander): TableTrace {
  if (table.expansion === 'none' || trace.columns.length === table.mainColumns.length) return trace;
  if (expand === undefined) throw new RangeError(`table ${table.name}: nothing completes its columns`);
  return expand(table, trace);
}

/** How many sources of an unbalanced tuple are named. */
const NAMED_SOURCES = 8;

interface PresentTable {
  readonly table: TableAir;
  readonly logHeight: number;
  readonly evaluator: RowEvaluator;
}

/**
 * Checks the traces of all slots (undefined where a table is absent); preprocessed columns stand by slot as well.
 * Shape: each column has 2^logHeight words. Tables with an expansion come completed, or `expand` completes them.
 */
export function checkTrace(
  system: AirSystem,
  traces: readonly (TableTrace | undefined)[],
  preprocessed: readonly (readonly Uint32Array[] | undefined)[],
  publicWords: ArrayLike<number>,
  expand?: TraceExpander,
): TraceVerdict {
  const present: PresentTable[] = [];
  const weights = system.buses.map(() => 0);
  for (const [slot, table] of system.tables.entries()) {
    const given = traces[slot];
    if (given === undefined) {
      if (table.isRequired) return misshapen(table, 'a required table is absent');
      continue;
    }
    const trace = completeTrace(table, given, expand);
    const fixed = preprocessed[slot] ?? [];
    const reason = shapeFault(table, trace, fixed);
    if (reason !== undefined) return misshapen(table, reason);
    for (const { bus, weight } of table.interactions) weights[bus]! += weight * 2 ** trace.logHeight;
    const evaluator = createRowEvaluator(table.graph, {
      rows: 2 ** trace.logHeight,
      main: trace.columns,
      preprocessed: fixed,
      nextStep: 1,
      publicWords,
      selector: traceSelectors(trace.logHeight),
    });
    present.push({ table, logHeight: trace.logHeight, evaluator });
  }
  for (const [bus, count] of weights.entries())
    if (count >= field.MODULUS)
      return { ok: false, kind: 'busBound', bus: system.buses[bus]!.name, count, limit: field.MODULUS };

  const counters = system.buses.map(({ width }) => createTupleCounter(width));
  for (const { table, logHeight, evaluator } of present) {
    // All constraints come before the weights, so that the size of a block does not show in the verdict.
    let wrongWeight: TraceViolation | undefined;
    for (let start = 0; start < 2 ** logHeight; start += evaluator.blockRows) {
      const rows = evaluator.evaluate(start);
      const violation = constraintViolation(table, evaluator, start, rows);
      if (violation !== undefined) return violation;
      wrongWeight ??= countTuples(table, evaluator, start, rows, counters);
    }
    if (wrongWeight !== undefined) return wrongWeight;
  }
  for (const [bus, counter] of counters.entries()) {
    const unbalanced = counter.firstUnbalanced();
    if (unbalanced !== undefined)
      return {
        ok: false,
        kind: 'bus',
        bus: system.buses[bus]!.name,
        ...unbalanced,
        sources: tupleSources(present, bus, unbalanced.tuple),
      };
  }
  return { ok: true };
}

function misshapen(table: TableAir, reason: string): TraceViolation {
  return { ok: false, kind: 'shape', table: table.name, reason };
}

function shapeFault(table: TableAir, trace: TableTrace, fixed: readonly Uint32Array[]): string | undefined {
  const { logHeight } = trace;
  if (
    !Number.isInteger(logHeight) ||
    logHeight < table.minimumLogHeight ||
    logHeight > table.maximumLogHeight
  )
    return `log height ${logHeight} is not in ${table.minimumLogHeight}..${table.maximumLogHeight}`;
  for (const [kind, names, columns] of [
    ['main', table.mainColumns, trace.columns],
    ['preprocessed', table.preprocessedColumns, fixed],
  ] as const) {
    if (columns.length !== names.length) return `${columns.length} ${kind} columns, not ${names.length}`;
    for (const [index, column] of columns.entries()) {
      if (column.length !== 2 ** logHeight)
        return `${kind} column ${names[index]} has ${column.length} words, not ${2 ** logHeight}`;
      const row = column.findIndex((word) => word >= field.MODULUS);
      if (row >= 0) return `${kind} column ${names[index]} is not canonical on row ${row}`;
    }
  }
  return undefined;
}

/** The violation on the least row of a block; of several on that row, the first constraint. */
function constraintViolation(
  table: TableAir,
  evaluator: RowEvaluator,
  start: number,
  rows: number,
): TraceViolation | undefined {
  let least = rows;
  let violated = table.constraints[0];
  for (const constraint of table.constraints) {
    const values = evaluator.values(constraint.expression);
    for (let row = 0; row < least; row++) {
      if (values[row] === 0) continue;
      least = row;
      violated = constraint;
    }
  }
  if (least === rows || violated === undefined) return undefined;
  return {
    ok: false,
    kind: 'constraint',
    table: table.name,
    row: start + least,
    constraint: violated.label,
    value: evaluator.values(violated.expression)[least]!,
    values: columnsRead(table, violated.expression, evaluator, least),
  };
}

/** The columns that an expression reads, with their values on a row of the block. */
function columnsRead(
  table: TableAir,
  expression: NodeId,
  evaluator: RowEvaluator,
  row: number,
): Record<string, number> {
  const { nodes } = table.graph;
  const isNeeded = new Set([expression]);
  for (let id = expression; id >= 0; id--) {
    const node = nodes[id]!;
    if (!isNeeded.has(id)) continue;
    if (node.kind === 'add' || node.kind === 'subtract' || node.kind === 'multiply')
      isNeeded.add(node.left).add(node.right);
    if (node.kind === 'linear') for (const input of node.inputs) isNeeded.add(input);
    if (node.kind === 'element') isNeeded.add(node.vector);
  }
  const values: Record<string, number> = {};
  nodes.forEach((node, id) => {
    if (!isNeeded.has(id) || (node.kind !== 'main' && node.kind !== 'preprocessed')) return;
    const names = node.kind === 'main' ? table.mainColumns : table.preprocessedColumns;
    values[`${names[node.column]}${node.row === 'next' ? "'" : ''}`] = evaluator.values(id)[row]!;
  });
  return values;
}

/** Counts the tuples of a block; instead the wrong weight on its least row, of several the first interaction's. */
function countTuples(
  table: TableAir,
  evaluator: RowEvaluator,
  start: number,
  rows: number,
  counters: readonly TupleCounter[],
): TraceViolation | undefined {
  let least = rows;
  let wrong: TraceViolation | undefined;
  for (const { label, bus, multiplicity, values, weight } of table.interactions) {
    const counts = evaluator.values(multiplicity);
    const columns = values.map(evaluator.values);
    const counter = counters[bus]!;
    for (let row = 0; row < least; row++) {
      const count = counts[row]!;
      if (count === 0) continue;
      if (weight === 1 && count !== 1 && count !== field.MODULUS - 1) {
        least = row;
        const multiplicity = signed(count);
        wrong = { ok: false, kind: 'weight', table: table.name, row: start + row, label, multiplicity };
      } else counter.count(columns, row, count);
    }
  }
  return wrong;
}

/** The representative in -(p-1)/2..(p-1)/2. */
function signed(value: number): number {
  return value > field.MODULUS / 2 ? value - field.MODULUS : value;
}

/** Walks all rows again for the first interactions that name the tuple. */
function tupleSources(
  present: readonly PresentTable[],
  bus: number,
  tuple: readonly number[],
): TupleSource[] {
  const sources: TupleSource[] = [];
  for (const { table, logHeight, evaluator } of present) {
    const interactions = table.interactions.filter((interaction) => interaction.bus === bus);
    if (interactions.length === 0) continue;
    for (let start = 0; start < 2 ** logHeight; start += evaluator.blockRows) {
      const rows = evaluator.evaluate(start);
      for (const { label, multiplicity, values } of interactions) {
        const counts = evaluator.values(multiplicity);
        const columns = values.map(evaluator.values);
        for (let row = 0; row < rows; row++) {
          if (counts[row] === 0 || !columns.every((column, index) => column[row] === tuple[index])) continue;
          sources.push({ table: table.name, label, row: start + row, multiplicity: signed(counts[row]!) });
          if (sources.length === NAMED_SOURCES) return sources;
        }
      }
    }
  }
  return sources;
}
