/**
 * Runs one called table alone: a memory, calls made by hand, and a system in which plain tables stand in for the cpu, the
 * memory and the range table. Also finds one-cell changes that violate a constraint.
 */

import { BUS, BUSES, RANGE_SIZE, ROW_WORDS } from '../../machine/buses.ts';
import type { CallLog, CallTable, LookupCounts, Memory } from '../../machine/callTable.ts';
import { MachineError } from '../../machine/errors.ts';
import { completeHashTrace } from '../../machine/hash/table.ts';
import type { AirSystem, TableAir, TableTrace } from '../../stark/air/air.ts';
import { defineSystem, defineTable } from '../../stark/air/builder.ts';
import { createRowEvaluator, traceSelectors } from '../../stark/air/rowEvaluator.ts';
import { checkTrace, type TraceVerdict } from '../../stark/air/traceCheck.ts';
import { MODULUS, negate } from '../../stark/field/koalaBear.ts';
import type { Random } from './random.ts';

/** Write-once memory that starts with nothing written. */
export function createMemory(size: number): Memory & { readonly image: Uint32Array } {
  const image = new Uint32Array(size);
  const written = new Uint8Array(size);
  return {
    image,
    read(address) {
      if (written[address] !== 1) throw new MachineError('UNWRITTEN_CELL', { address });
      return image[address]!;
    },
    write(address, value) {
      if (written[address] === 1 && image[address] !== value)
        throw new MachineError('CELL_CONFLICT', { address });
      image[address] = value;
      written[address] = 1;
    },
    isWritten: (address) => written[address] === 1,
  };
}

export function writeRow(memory: Memory, pointer: number, words: ArrayLike<number>): void {
  for (let word = 0; word < words.length; word++) memory.write(pointer + word, words[word]!);
}

/** Writes a 256-bit integer as 16 limbs. */
export function writeInteger(memory: Memory, pointer: number, value: bigint): void {
  for (let limb = 0; limb < 16; limb++)
    memory.write(pointer + limb, Number((value >> BigInt(16 * limb)) & 0xffffn));
}

export function readInteger(memory: Memory, pointer: number): bigint {
  let value = 0n;
  for (let limb = 15; limb >= 0; limb--) value = (value << 16n) | BigInt(memory.read(pointer + limb));
  return value;
}

export interface HandCall {
  readonly tag: number;
  readonly a: number;
  readonly b: number;
  /** Undefined for an operand cell that is unwritten. */
  readonly c?: number | undefined;
  readonly d?: number;
  readonly witness?: Uint32Array;
}

const NO_WITNESS = new Uint32Array(0);

/** Executes the calls, clk 1, 2, … Throws: MachineError. */
export function runCalls(table: CallTable, memory: Memory, calls: readonly HandCall[]): CallLog {
  const state = table.createState();
  const outcomes = calls.map(({ tag, a, b, c, d = 0, witness = NO_WITNESS }, index) =>
    table.execute(memory, { tag, a, b, c, d, clk: index + 1, witness }, state),
  );
  return {
    count: calls.length,
    tag: Uint32Array.from(calls, ({ tag }) => tag),
    a: Uint32Array.from(calls, ({ a }) => a),
    b: Uint32Array.from(calls, ({ b }) => b),
    c: Uint32Array.from(outcomes),
    d: Uint32Array.from(calls, ({ d = 0 }) => d),
    clk: Uint32Array.from(calls, (_, index) => index + 1),
    witness: Uint32Array.from(calls.flatMap(({ witness = NO_WITNESS }) => [...witness])),
  };
}

/** What stands in for one side of a bus: tuples with multiplicities. */
function standIn(bus: number, tuples: readonly (readonly number[])[], multiplicities: readonly number[]) {
  const { name, width } = BUSES[bus]!;
  const values = Array.from({ length: width }, (_, index) => `value${index}`);
  const air = defineTable(
    {
      name: `stand-in ${name}`,
      main: ['multiplicity', ...values],
      preprocessed: [],
      minimumLogHeight: 2,
      maximumLogHeight: 20,
      isRequired: false,
      expansion: 'none',
    },
    (table) => {
      table.interact({
        label: name,
        bus,
        multiplicity: table.main['multiplicity']!,
        values: table.mainColumns('value', width),
        weight: 0,
      });
    },
  );
  let logHeight = 2;
  while (2 ** logHeight < tuples.length) logHeight++;
  const columns = Array.from({ length: width + 1 }, () => new Uint32Array(2 ** logHeight));
  tuples.forEach((tuple, row) => {
    columns[0]![row] = multiplicities[row]!;
    tuple.forEach((value, index) => {
      columns[index + 1]![row] = value;
    });
  });
  return { air, trace: { logHeight, columns } };
}

export interface TracedTable {
  /** All columns, completed. */
  readonly trace: TableTrace;
  /**
   * The verdict on the honest columns with the multiplicities that the table's trace counted, or on columns of a prover who
   * counts whatever he looks up that memory and range table hold.
   */
  check(columns?: readonly Uint32Array[]): TraceVerdict;
}

/** Traces the calls and surrounds the table with stand-ins that balance the honest trace. */
export function traceCalls(table: CallTable, calls: CallLog, words: Uint32Array): TracedTable {
  const rows = new Map<number, number>();
  const ranges = new Map<number, number>();
  const count = (map: Map<number, number>, key: number): void => {
    map.set(key, (map.get(key) ?? 0) + 1);
  };
  const counts: LookupCounts = {
    word: () => {
      throw new Error('these tables look no single words up');
    },
    row: (rowIndex) => count(rows, rowIndex),
    range: (value) => count(ranges, value),
  };
  const leading = table.trace(calls, words, counts);
  const columns = table.air.expansion === 'poseidon' ? completeHashTrace(leading) : leading.columns;
  const trace = { logHeight: leading.logHeight, columns };
  const callTuples = Array.from(calls.tag, (tag, index) => [
    tag,
    calls.a[index]!,
    calls.b[index]!,
    calls.c[index]!,
    calls.d[index]!,
    calls.clk[index]!,
  ]);
  const memoryRow = (row: number): Uint32Array => words.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS);

  /** The multiplicities that a prover would write for these columns: of what the memory and the range table hold. */
  function recount(changed: readonly Uint32Array[]): void {
    rows.clear();
    ranges.clear();
    const evaluator = createRowEvaluator(table.air.graph, {
      rows: 2 ** trace.logHeight,
      main: changed,
      preprocessed: [],
      nextStep: 1,
      publicWords: new Uint32Array(8),
      selector: traceSelectors(trace.logHeight),
    });
    for (let start = 0; start < 2 ** trace.logHeight; start += evaluator.blockRows) {
      const height = evaluator.evaluate(start);
      for (const { bus, multiplicity, values } of table.air.interactions)
        for (let row = 0; row < height; row++) {
          if (evaluator.values(multiplicity)[row] === 0) continue;
          const [first = 0, ...others] = values.map((value) => evaluator.values(value)[row]!);
          if (bus === BUS.RANGE && first < RANGE_SIZE) count(ranges, first);
          if (bus === BUS.ROW && memoryRow(first).join() === others.join()) count(rows, first);
        }
    }
  }

  /** Calls as the cpu sends them, and the counts as they stand now. */
  function standIns() {
    return [
      standIn(
        BUS.CALL,
        callTuples,
        callTuples.map(() => 1),
      ),
      standIn(
        BUS.ROW,
        [...rows.keys()].map((row) => [row, ...memoryRow(row)]),
        [...rows.values()].map(negate),
      ),
      standIn(
        BUS.RANGE,
        [...ranges.keys()].map((value) => [value]),
        [...ranges.values()].map(negate),
      ),
    ];
  }

  return {
    trace,
    check(changed) {
      if (changed !== undefined) recount(changed);
      const others = standIns();
      const system: AirSystem = defineSystem({
        name: 'table alone',
        version: 1,
        buses: BUSES,
        tables: [table.air, ...others.map(({ air }) => air)],
      });
      return checkTrace(
        system,
        [{ logHeight: trace.logHeight, columns: changed ?? columns }, ...others.map((each) => each.trace)],
        [],
        new Uint32Array(8),
      );
    },
  };
}

/** A copy of the columns with one cell changed. */
export function withCell(
  air: TableAir,
  columns: readonly Uint32Array[],
  row: number,
  column: string,
  value: number,
): Uint32Array[] {
  const place = air.mainColumns.indexOf(column);
  if (place < 0) throw new RangeError(`no column ${column}`);
  return columns.map((words, index) => {
    if (index !== place) return words;
    const copy = words.slice();
    copy[row] = value;
    return copy;
  });
}

/** The main columns that a constraint reads. */
function columnsOf(air: TableAir, expression: number): number[] {
  const columns = new Set<number>();
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = air.graph.nodes[id]!;
    if (node.kind === 'main') columns.add(node.column);
    if (node.kind === 'add' || node.kind === 'subtract' || node.kind === 'multiply') {
      visit(node.left);
      visit(node.right);
    }
    if (node.kind === 'linear') node.inputs.forEach(visit);
    if (node.kind === 'element') visit(node.vector);
  };
  visit(expression);
  return [...columns];
}

/** Rows among which changes are tried. */
const SEARCH_LOG_HEIGHT = 5;

export interface Mutation {
  readonly constraint: string;
  readonly row: number;
  readonly column: string;
  readonly value: number;
  readonly isNamed: boolean;
}

/**
 * For every constraint of a table without preprocessed columns, a one-cell change of the valid trace that violates it,
 * where possible one after which the trace checker names that very constraint (`isNamed`); those for which `attempts`
 * random changes gave none are in `missing`.
 */
export function oneCellMutations(
  air: TableAir,
  trace: TableTrace,
  random: Random,
  attempts: number,
): { readonly found: Mutation[]; readonly missing: string[] } {
  // The padding at the end says nothing new: 32 rows hold the calls of a test and some padding.
  const logHeight = SEARCH_LOG_HEIGHT;
  const height = 2 ** logHeight;
  const columns = trace.columns.map((column) => column.slice(0, height));
  // One block, however tall the searched part is.
  const evaluator = createRowEvaluator(
    air.graph,
    {
      rows: height,
      main: columns,
      preprocessed: [],
      nextStep: 1,
      publicWords: new Uint32Array(8),
      selector: traceSelectors(logHeight),
    },
    height,
  );

  /** The violated constraints, first the one that the trace checker names: least row, then least constraint. */
  function violated(): string[] {
    evaluator.evaluate(0);
    return air.constraints
      .map(({ label, expression }, index) => ({
        label,
        index,
        row: evaluator.values(expression).findIndex((value) => value !== 0),
      }))
      .filter(({ row }) => row >= 0)
      .sort((left, right) => left.row - right.row || left.index - right.index)
      .map(({ label }) => label);
  }

  if (violated().length > 0) throw new RangeError(`the calls of ${air.name} do not fit ${height} rows`);

  const found = new Map<string, Mutation>();
  for (const { label, expression } of air.constraints) {
    const candidates = columnsOf(air, expression);
    for (let attempt = 0; attempt < attempts && found.get(label)?.isNamed !== true; attempt++) {
      const column = candidates[random.below(candidates.length)]!;
      const row = random.below(height);
      const old = columns[column]![row]!;
      const value = [random.word(), 0, 1, 2, (old + 1) % MODULUS, MODULUS - 1][random.below(6)]!;
      if (value === old) continue;
      columns[column]![row] = value;
      violated().forEach((constraint, place) => {
        if (found.get(constraint)?.isNamed === true || (found.has(constraint) && place > 0)) return;
        found.set(constraint, {
          constraint,
          row,
          column: air.mainColumns[column]!,
          value,
          isNamed: place === 0,
        });
      });
      columns[column]![row] = old;
    }
  }
  const missing = air.constraints.map(({ label }) => label).filter((label) => !found.has(label));
  return { found: [...found.values()], missing };
}
