/** The extension table: every constraint, what is bound on which rows, and cheating provers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import { extensionColumn, MAIN_COLUMNS } from '../../machine/extension/columns.ts';
import { extensionTable } from '../../machine/extension/table.ts';
import { EXTENSION_TAG as TAG } from '../../machine/extension/tags.ts';
import type * as extension from '../../stark/field/extension.ts';
import * as base from '../../stark/field/koalaBear.ts';
import { oneCellMutations, runCalls, type TracedTable, traceCalls, withCell } from '../support/callTable.ts';
import {
  type Bench,
  combine,
  createBench,
  dot,
  evaluate,
  fold,
  foldValues,
  multiplyAdd,
  multiplyAddBase,
  ROW,
  sampleBench,
  unpack,
} from '../support/extensionCalls.ts';
import { createRandom } from '../support/random.ts';

type Extension = extension.Extension;

const { air } = extensionTable;
const SEED = 40_961;

function assertConstraint(verdict: ReturnType<TracedTable['check']>, constraint: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'constraint', JSON.stringify(verdict));
  assert.equal(verdict.constraint, constraint);
}

function assertBus(verdict: ReturnType<TracedTable['check']>, bus: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict));
  assert.equal(verdict.bus, bus);
}

test('every constraint is named by a one-cell change', () => {
  const { found, missing } = oneCellMutations(air, sampleBench().trace().trace, createRandom(SEED + 4), 4000);
  assert.deepEqual(missing, []);
  assert.deepEqual(
    found.filter(({ isNamed }) => !isNamed).map(({ constraint }) => constraint),
    [],
  );
  assert.equal(found.length, air.constraints.length);
});

/** Columns that an operation leaves to the prover, because nothing reads them on its rows: row of the sample, patterns. */
const FREE_COLUMNS: Readonly<Record<string, readonly [number, RegExp]>> = {
  isFold8: [0, /^clk$/],
  isFold4Inner: [1, /^(pointer[1-4]|choice\d|word(2\d|3[01]|39)|clk)$/],
  isFold2Inner: [2, /^(pointer1|choice\d)$/],
  isMadd: [3, /^(pointer1|choice\d|accumulator\d)$/],
  isDot: [4, /^(pointer3|choice\d|word(2[4-9]|3[01])|clk)$/],
  isDotEnd: [7, /^choice\d$/],
  isEval: [8, /^clk$/],
  // The even words of slot 0 still bind the dot columns, which nothing reads here.
  isEvalEnd: [11, /^(pointer[14]|choice[1-6]|factor[01]|word([135789]|1\d|2[0-3]|3[2-9]))$/],
  isFold4: [12, /^(pointer[34]|choice[4-6]|word(2[4-9]|3[01]|39)|clk)$/],
  isFold2: [14, /^choice[2-6]$/],
  isUnpack: [22, /^(choice\d|accumulator\d|d|pointer1|clk)$/],
  isUnpackMiddle: [23, /^(choice\d|accumulator\d|d|clk)$/],
  isUnpackEnd: [24, /^(choice\d|accumulator\d|word(1[6-9]|2[0-3]))$/],
  isCombine: [16, /^(choice[1-6]|clk)$/],
  isCombineConstants: [17, /^(choice[1-6]|pointer[134]|word(1[6-9]|2\d|3[01]|39)|clk)$/],
  isCombineEnd: [19, /^(choice[1-6]|pointer[14]|word(1[6-9]|2[0-3]|39))$/],
  isMaddBase: [20, /^(pointer1|choice\d|accumulator\d|word(1[6-9]|2[0-3]))$/],
};

test('A47: every column that an operation reads is bound on its rows, and no other', () => {
  const { trace, check } = sampleBench().trace();
  const cell = (column: string, row: number): number => trace.columns[extensionColumn(column)]![row]!;
  for (const [selector, [row, free]] of Object.entries(FREE_COLUMNS)) {
    assert.equal(cell(selector, row), 1, `${selector} on row ${row}`);
    for (const column of MAIN_COLUMNS) {
      const value = (cell(column, row) + 1) % base.MODULUS;
      const { ok } = check(withCell(air, trace.columns, row, column, value));
      assert.equal(ok, free.test(column), `${column} in ${selector}`);
    }
  }
});

/** Changes several cells; keys are `column@row`. */
function withCells(columns: readonly Uint32Array[], cells: Readonly<Record<string, number>>): Uint32Array[] {
  return Object.entries(cells).reduce<Uint32Array[]>(
    (changed, [key, value]) => {
      const [name, row] = key.split('@') as [string, string];
      return withCell(air, changed, Number(row), name, value);
    },
    [...columns],
  );
}

/** The words of an element as cells of numbered columns. */
function elementCells(
  prefix: string,
  firstWord: number,
  row: number,
  value: Extension,
): Record<string, number> {
  return Object.fromEntries(value.map((word, index) => [`${prefix}${firstWord + index}@${row}`, word]));
}

/** A fold of a leaf of four whose carried value stands at place 2, and the log of a prover who says place 1. */
function misplaced() {
  const bench = createBench(createRandom(SEED + 7));
  const leaf = Array.from({ length: 4 }, bench.element);
  const packed = bench.packed(leaf);
  const carried = bench.row(leaf[2]!, 17, bench.row(bench.element()));
  const out = bench.rows(1);
  bench.call(TAG.FOLD8, packed, carried, out, 4 + 2);
  const log = runCalls(extensionTable, bench.memory, bench.calls);
  log.d[0] = 4 + 1;
  return { ...traceCalls(extensionTable, log, bench.memory.image), leaf };
}

test('R59: a fold whose carried value stands elsewhere in the leaf is rejected', () => {
  const { trace, check, leaf } = misplaced();
  // The value at the place he says is not the carried one.
  assertConstraint(check(), 'outcome word 0');
  const both = {
    ...elementCells('accumulator', 0, 0, leaf[2]!),
    ...elementCells('accumulator', 0, 1, leaf[2]!),
  };
  assertConstraint(check(withCells(trace.columns, both)), 'value at the place word 0');
  // He chooses the value that is carried: the place is not the call's.
  const moved = { ...both, 'choice1@0': 0, 'choice2@0': 1 };
  assertConstraint(check(withCells(trace.columns, moved)), 'place in the leaf');
  assertBus(check(withCells(trace.columns, { ...moved, 'd@0': 6, 'd@1': 6 })), 'call');
  // Two choices that weigh to the place: 1 = (0 + 2) / 2, or 0 * 1 + 1 * -1 + 2 * 1.
  const half = (base.MODULUS + 1) / 2;
  const mean = leaf[0]!.map((word, index) => base.multiply(half, base.add(word, leaf[2]![index]!)));
  const weighed = {
    ...elementCells('accumulator', 0, 0, mean as unknown as Extension),
    ...elementCells('accumulator', 0, 1, mean as unknown as Extension),
    'choice0@0': half,
    'choice1@0': 0,
    'choice2@0': half,
  };
  assertConstraint(check(withCells(trace.columns, weighed)), 'choice 0 is boolean in a fold');
});

test('A44: a place above 7 cannot be made of two choices', () => {
  const bench = createBench(createRandom(SEED + 8));
  foldValues(bench, new Array<Extension>(8).fill(bench.element()), 3, 5, 11);
  const { trace, check } = bench.trace();
  // 3 = 1 + 2 with choice 7 at 1 - 2 = -1: the chosen values still weigh to the common one.
  const changed = withCells(trace.columns, { 'choice3@0': 0, 'choice1@0': 1, 'choice2@0': 1 });
  assertConstraint(check(changed), 'one place is chosen');
});

test('R59: a fold at another power or sign of z is rejected', () => {
  const { trace, check } = sampleBench().trace();
  for (const row of [0, 1, 2]) {
    const negated = Object.fromEntries(
      [0, 1, 2, 3, 4].map((word) => [
        `factor${word}@${row}`,
        base.negate(trace.columns[extensionColumn(`factor${word}`)]![row]!),
      ]),
    );
    // The row before squares the same; the row itself does not.
    assertConstraint(check(withCells(trace.columns, negated)), 'factor word 0');
  }
});

test('A45: inner rows of a fold stand behind its first row only', () => {
  const { trace, check } = sampleBench().trace();
  const last = 2 ** trace.logHeight - 1;
  assertConstraint(check(withCells(trace.columns, { [`isFold4Inner@${last}`]: 1 })), 'a fold by 8 goes on');
  assertConstraint(check(withCells(trace.columns, { [`isFold2Inner@${last}`]: 1 })), 'a fold by 4 goes on');
  assertConstraint(check(withCells(trace.columns, { [`isUnpackEnd@${last}`]: 1 })), 'an UNPACK8 ends');
  assertConstraint(check(withCells(trace.columns, { [`isUnpackMiddle@${last}`]: 1 })), 'an UNPACK8 goes on');
  // A fold of four that skips its second row; a fold of eight that skips its second one.
  assertConstraint(check(withCells(trace.columns, { 'isFold2Inner@13': 0 })), 'a fold by 4 goes on');
  assertConstraint(
    check(withCells(trace.columns, { 'isFold4Inner@1': 0, 'isFold2Inner@1': 1 })),
    'a fold by 8 goes on',
  );
});

test('A45: a run begins with nothing summed and counts all its rows', () => {
  const bench = createBench(createRandom(SEED + 9));
  multiplyAdd(bench);
  dot(bench, 3);
  evaluate(bench, 2);
  const { trace, check } = bench.trace();
  assertConstraint(check(withCells(trace.columns, { 'accumulator0@1': 1 })), 'a run starts at 0, word 0');
  assertConstraint(check(withCells(trace.columns, { 'd@1': 2 })), 'the count starts at 1');
  // He leaves the first row of the run out: the rest would have to start at 0.
  assertConstraint(check(withCells(trace.columns, { 'isDot@1': 0 })), 'a run starts at 0, word 0');
  assertConstraint(check(withCells(trace.columns, { 'isDot@2': 0 })), 'a DOT8 run goes on until its end');
  assertConstraint(
    check(withCells(trace.columns, { 'isEval@5': 0, 'isDot@5': 1 })),
    'a run of isEval goes on until its end',
  );
  // The end says another count.
  assertConstraint(check(withCells(trace.columns, { 'd@3': 4 })), 'count, place, nothing');
});

test('A45: a COMBINE8 is pairs of elements and constants from its start to its end', () => {
  const bench = createBench(createRandom(SEED + 13));
  multiplyAdd(bench);
  combine(bench, 2);
  evaluate(bench, 2);
  const { trace, check } = bench.trace();
  // Rows 1..4: elements, constants, elements, constants. Without the first row, the run starts with constants.
  assertConstraint(
    check(withCells(trace.columns, { 'isEval@1': 0, 'isCombine@1': 0, 'factor3@1': 0 })),
    'no run starts with constants or its end',
  );
  const order = 'elements, their constants, the next elements';
  // Elements without constants, constants without elements, coefficients of an EVAL8 instead of elements.
  assertConstraint(
    check(
      withCells(trace.columns, {
        'isCombineConstants@2': 0,
        'isCombine@2': 1,
        'factor2@2': 0,
        'factor3@2': 1,
      }),
    ),
    order,
  );
  assertConstraint(
    check(
      withCells(trace.columns, {
        'isCombine@3': 0,
        'isCombineConstants@3': 1,
        'factor3@3': 0,
        'factor2@3': 1,
      }),
    ),
    order,
  );
  assertConstraint(check(withCells(trace.columns, { 'isCombine@3': 0, 'factor3@3': 0 })), order);
  assertConstraint(check(withCells(trace.columns, { 'isCombine@6': 1, 'factor3@6': 1 })), order);
  // What the row before reads is what the row is.
  assertConstraint(check(withCells(trace.columns, { 'factor2@3': 1 })), 'factor word 2');
  // What follows an end is a new run.
  assertConstraint(check(withCells(trace.columns, { 'isCombineEnd@2': 1 })), 'a run starts at 0, word 0');
});

/** A call of an EVAL8 of no group, answered by the end of a run alone: nothing summed up, whatever the coefficients are. */
function emptyEvaluation(): TracedTable {
  const bench = createBench(createRandom(SEED + 14));
  evaluate(bench, 1);
  const log = runCalls(extensionTable, bench.memory, bench.calls);
  const [a, out] = [log.a[0]!, log.c[0]!];
  const image = bench.memory.image.slice();
  image.fill(0, out, out + ROW);
  const { trace } = traceCalls(extensionTable, log, image);
  // Row 1 is the end; row 0, which holds the one group, is left out.
  const cells: Record<string, number> = { 'd@1': 1, 'pointer0@1': base.subtract(a, 5 * ROW) };
  for (let word = 0; word < 5; word++) cells[`accumulator${word}@1`] = 0;
  for (let word = 0; word < ROW; word++) cells[`word${3 * ROW + word}@1`] = 0;
  const columns = withCells(trace.columns, cells).map((column) => {
    const copy = column.slice();
    copy[0] = 0;
    return copy;
  });
  const { check } = traceCalls(extensionTable, { ...log, d: Uint32Array.of(0) }, image);
  return { trace: { ...trace, columns }, check };
}

test('A45: an EVAL8 of no group has no run', () => {
  const { trace, check } = emptyEvaluation();
  const start = 'no run starts with constants or its end';
  assertConstraint(check(trace.columns), start);
  // What says so to the row before is bound to what the row is.
  assertConstraint(check(withCells(trace.columns, { 'factor4@1': 0, 'dot0@1': 0 })), 'factor word 4');
});

test('A47: a sum over no rows and a fold of no elements are rejected', () => {
  for (const [name, make, tag] of [
    ['DOT8', (bench: Bench) => dot(bench, 1), TAG.DOT8],
    ['EVAL8', (bench: Bench) => evaluate(bench, 1), TAG.EVAL8],
    ['COMBINE8', (bench: Bench) => combine(bench, 1), TAG.COMBINE8],
    ['FOLD8', (bench: Bench) => fold(bench, 1, 0), TAG.FOLD8],
  ] as const) {
    const bench = createBench(createRandom(SEED + 15));
    make(bench);
    const log = runCalls(extensionTable, bench.memory, bench.calls);
    assert.equal(log.tag[0], tag);
    const verdict = traceCalls(extensionTable, { ...log, d: Uint32Array.of(0) }, bench.memory.image).check();
    assert.equal(verdict.ok, false, name);
  }
});

test('a run may lie across the end of the table, and sums the same', () => {
  const { trace, check } = sampleBench().trace();
  const height = 2 ** trace.logHeight;
  const rotated = trace.columns.map((column) =>
    Uint32Array.from(column, (_, row) => column[(row + 5) % height]!),
  );
  assert.deepEqual(check(rotated), { ok: true });
});

test('R59: an outcome that is another value is rejected, word by word', () => {
  const outcomes: readonly (readonly [name: string, make: (bench: Bench) => void, label: RegExp])[] = [
    ['MADD', multiplyAdd, /^multiply-add word/],
    ['MADD_BASE', multiplyAddBase, /^multiply-add word/],
    ['DOT8', (bench) => dot(bench, 3), /^outcome word/],
    ['EVAL8', (bench) => evaluate(bench, 2), /^outcome word/],
    ['FOLD8', (bench) => fold(bench, 3, 6), /^folded 0 word/],
    ['FOLD8 by 4', (bench) => fold(bench, 2, 1), /^folded 0 word/],
    ['FOLD8 by 2', (bench) => fold(bench, 1, 1), /^folded 0 word/],
    ['COMBINE8', (bench) => combine(bench, 2), /^outcome word/],
    ['UNPACK8', unpack, /^unpacked \d word/],
  ];
  for (const [name, make, label] of outcomes) {
    const bench = createBench(createRandom(SEED + 12));
    make(bench);
    const log = runCalls(extensionTable, bench.memory, bench.calls);
    const out = name.startsWith('MADD') ? log.d[0]! : log.c[0]!;
    for (let element = 0; element < (name === 'UNPACK8' ? 8 : 1); element++)
      for (let word = 0; word < 5; word++) {
        const image = bench.memory.image.slice();
        const address = out + element * ROW + word;
        image[address] = base.add(image[address]!, 1);
        const verdict = traceCalls(extensionTable, log, image).check();
        assert.ok(!verdict.ok && verdict.kind === 'constraint', `${name} ${JSON.stringify(verdict)}`);
        assert.match(verdict.constraint, label);
        assert.ok(verdict.constraint.endsWith(`word ${word}`), verdict.constraint);
      }
  }
});

test('A46: no row of a run can look elsewhere', () => {
  const { trace, check } = sampleBench().trace();
  // Rows 4..7 are a DOT8, 8..11 an EVAL8, 12 and 13 a fold of four.
  for (const [cell, constraint] of [
    ['pointer0@5', 'next pointer 0'],
    ['pointer2@5', 'next pointer 2'],
    ['pointer1@5', 'pointer 1'],
    ['pointer4@5', 'pointer 4'],
    ['pointer0@9', 'next pointer 0'],
    ['pointer1@8', 'pointer 1'],
    ['pointer2@8', 'pointer 2'],
    ['pointer3@8', 'pointer 3'],
    ['pointer4@8', 'pointer 4'],
    ['choice0@11', 'same point, pointer of constants'],
    ['pointer2@11', 'the point is B'],
    // Rows 22 to 24 are an UNPACK8.
    ['pointer0@23', 'next pointer 0'],
    ['pointer1@23', 'pointer 1'],
    ['pointer2@23', 'next pointer 2'],
    ['pointer3@23', 'pointer 3'],
    ['pointer4@23', 'pointer 4'],
    ['pointer0@13', 'next pointer 0'],
    ['pointer1@12', 'pointer 1'],
    ['pointer2@12', 'pointer 2'],
    ['pointer4@13', 'pointer 4'],
  ] as const)
    assertConstraint(check(withCells(trace.columns, { [cell]: 16 })), constraint);
  // Where a run ends, pointers 0, 2 and 3 are the call's operands.
  for (const cell of ['pointer0@3', 'pointer2@3', 'pointer3@3', 'pointer3@7', 'pointer3@11', 'pointer2@13'])
    assert.equal(check(withCells(trace.columns, { [cell]: 16 })).ok, false, cell);
});

test('A44: selectors are boolean and exclusive', () => {
  const { trace, check } = sampleBench().trace();
  const padding = 2 ** trace.logHeight - 2;
  for (const name of [
    'isMadd',
    'isMaddBase',
    'isDotEnd',
    'isEvalEnd',
    'isFold8',
    'isFold4',
    'isFold2',
    'isUnpack',
  ]) {
    const twice = { [`${name}@${padding}`]: 2, [`d@${padding}`]: 1 };
    assertConstraint(check(withCells(trace.columns, twice)), `${name} is boolean`);
    // Rows 1 and 20 are the second row of a fold and a MADD_BASE.
    const row = name === 'isMaddBase' ? 1 : 20;
    const both = { [`${name}@${row}`]: 1, [`d@${row}`]: 1 };
    assert.equal(check(withCells(trace.columns, both)).ok, false, name);
  }
  assertConstraint(check(withCells(trace.columns, { 'isMaddBase@3': 1 })), 'at most one operation');
});

test('L38: padding rows neither answer calls nor look rows up', () => {
  const { trace, check } = sampleBench().trace();
  const padding = 2 ** trace.logHeight - 3;
  // A multiply-add of zeros holds, but nobody called it.
  assertBus(check(withCells(trace.columns, { [`isMadd@${padding}`]: 1 })), 'row');
});

test('operands that are no rows leave the row bus unbalanced', () => {
  const bench = createBench(createRandom(SEED + 10));
  multiplyAdd(bench);
  const log = runCalls(extensionTable, bench.memory, bench.calls);
  for (const operand of ['a', 'b', 'c', 'd'] as const) {
    const changed = { ...log, [operand]: Uint32Array.of(log[operand][0]! + 1) };
    const verdict = traceCalls(extensionTable, changed, bench.memory.image).check();
    assert.ok(!verdict.ok, operand);
  }
});

test('records that no run could leave are traced and rejected', () => {
  const random = createRandom(SEED + 11);
  const bench = createBench(random);
  dot(bench, 2);
  evaluate(bench, 1);
  fold(bench, 3, 1);
  fold(bench, 1, 1);
  unpack(bench);
  combine(bench, 2);
  multiplyAdd(bench);
  const log = runCalls(extensionTable, bench.memory, bench.calls);
  for (let attempt = 0; attempt < 200; attempt++) {
    const operand = (['a', 'b', 'c', 'd', 'tag'] as const)[random.below(5)]!;
    const index = random.below(log.count);
    const changed = { ...log, [operand]: log[operand].slice() };
    const before = log[operand][index]!;
    const values =
      operand === 'tag' ? Object.values(TAG) : [0, 1, 7, 8, 16, 300, base.MODULUS - 8, before + 8];
    const value = values[random.below(values.length)]!;
    if (value === before) continue;
    changed[operand][index] = value;
    const label = `${operand} of call ${index}: ${before} -> ${value}`;
    try {
      assert.equal(traceCalls(extensionTable, changed, bench.memory.image).check().ok, false, label);
    } catch (error) {
      assert.ok(error instanceof MachineError && error.code === 'TABLE_TOO_HIGH', `${label}: ${error}`);
    }
  }
});
