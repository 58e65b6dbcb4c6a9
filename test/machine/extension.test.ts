/** The extension table: its operations against the proof system's arithmetic, every constraint, and cheating provers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import { extensionColumn, MAIN_COLUMNS } from '../../machine/extension/columns.ts';
import { extensionTable } from '../../machine/extension/table.ts';
import { EXTENSION_TAG as TAG } from '../../machine/extension/tags.ts';
import { tensorWeights, weightedSum } from '../../stark/batching.ts';
import * as extension from '../../stark/field/extension.ts';
import * as base from '../../stark/field/koalaBear.ts';
import { foldLeaf } from '../../stark/foldLeaf.ts';
import {
  createMemory,
  type HandCall,
  oneCellMutations,
  runCalls,
  type TracedTable,
  traceCalls,
  withCell,
  writeRow,
} from '../support/callTable.ts';
import { createRandom, type Random } from '../support/random.ts';

type Extension = extension.Extension;

const { air } = extensionTable;
const SEED = 40_961;
const ROW = 8;

/** A memory that hands out rows, and the calls made on it. */
function createBench(random: Random, size = 8192) {
  const memory = createMemory(size);
  let free = 0;
  const calls: HandCall[] = [];
  const bench = {
    memory,
    calls,
    random,
    element: (): Extension => extension.read(random.words(5), 0),
    rows(count: number): number {
      const pointer = free;
      free += count * ROW;
      return pointer;
    },
    /** A row with an element and the given words behind it. */
    row(value: Extension, ...behind: readonly number[]): number {
      const pointer = bench.rows(1);
      writeRow(memory, pointer, [...value, ...behind]);
      return pointer;
    },
    packed(values: readonly Extension[]): number {
      const pointer = bench.rows(Math.ceil((values.length * 5) / ROW));
      writeRow(memory, pointer, values.flat());
      const end = pointer + Math.ceil((values.length * 5) / ROW) * ROW;
      for (let address = pointer + values.length * 5; address < end; address++) memory.write(address, 0);
      return pointer;
    },
    read: (pointer: number): Extension => extension.read(memory.image, pointer),
    call(tag: number, a: number, b: number, c: number, d: number): void {
      const call = { tag, a, b, c, d };
      runCalls(extensionTable, memory, [call]);
      calls.push(call);
    },
    trace(): TracedTable {
      return traceCalls(extensionTable, runCalls(extensionTable, memory, calls), memory.image);
    },
  };
  return bench;
}

type Bench = ReturnType<typeof createBench>;

function multiplyAdd(bench: Bench): void {
  const [a, b, c] = [bench.element(), bench.element(), bench.element()];
  const result = bench.rows(1);
  // The words behind an element belong to the program.
  bench.call(TAG.MADD, bench.row(a, 7, 8, 9), bench.row(b), bench.row(c), result);
  assert.deepEqual(bench.read(result), extension.add(extension.multiply(a, b), c));
}

function multiplyAddBase(bench: Bench): void {
  const [a, b, c] = [bench.element(), bench.random.word(), bench.element()];
  const result = bench.rows(1);
  bench.call(TAG.MADD_BASE, bench.row(a), b, bench.row(c), result);
  assert.deepEqual(bench.read(result), extension.add(extension.multiplyByBase(a, b), c));
}

/** Blocks first..first + count - 1 of a batch of functions against the weights of proof-system.md, section 8. */
function dot(bench: Bench, count: number): void {
  const first = 3;
  const challenges = Array.from({ length: 3 + 4 }, bench.element);
  const blockWeights = tensorWeights(challenges.slice(3));
  const packedChallenges = bench.packed(challenges.slice(0, 3));
  const values = bench.random.words(count * ROW);
  const blocks = bench.rows(count);
  writeRow(bench.memory, blocks, values);
  const weights = bench.rows(count);
  for (let block = 0; block < count; block++)
    writeRow(bench.memory, weights + block * ROW, [...blockWeights[first + block]!, packedChallenges]);
  const out = bench.rows(1);
  bench.call(TAG.DOT8, blocks, weights, out, count);
  const expected = weightedSum(
    tensorWeights(challenges).slice(first * ROW, (first + count) * ROW),
    Array.from(values, extension.fromBase),
  );
  assert.deepEqual(bench.read(out), expected);
}

function evaluate(bench: Bench, groups: number): void {
  const coefficients = Array.from({ length: 8 * groups }, bench.element);
  const y = bench.random.word();
  const out = bench.rows(1);
  bench.call(TAG.EVAL8, bench.packed(coefficients), y, out, groups);
  const expected = coefficients.reduceRight<Extension>(
    (value, coefficient) => extension.add(extension.multiplyByBase(value, y), coefficient),
    extension.ZERO,
  );
  assert.deepEqual(bench.read(out), expected);
}

/** Folds the leaf number `coset` of a codeword of 2^logRows elements; the carried value stands at `place`. */
function fold(bench: Bench, logArity: number, place: number, coset = 5, logRows = 11): void {
  foldValues(bench, Array.from({ length: 2 ** logArity }, bench.element), place, coset, logRows);
}

function foldValues(
  bench: Bench,
  values: readonly Extension[],
  place: number,
  coset: number,
  logRows: number,
): void {
  const arity = values.length;
  const logArity = Math.log2(arity);
  const beta = bench.element();
  const point = base.power(base.rootOfUnity(logRows), base.reverseBits(coset, logRows - logArity));
  const out = bench.rows(1);
  const carried = bench.row(values[place]!, base.inverse(point), bench.row(beta));
  bench.call(TAG.FOLD8, bench.packed(values), carried, out, arity + place);
  assert.deepEqual(bench.read(out), foldLeaf(values, coset, logRows, beta), `arity ${arity} at ${place}`);
}

function unpack(bench: Bench): void {
  const values = Array.from({ length: 8 }, bench.element);
  const outs = bench.rows(8);
  bench.call(TAG.UNPACK8, bench.packed(values), outs, outs, 0);
  values.forEach((value, index) => {
    assert.deepEqual(bench.read(outs + index * ROW), value);
  });
}

/** One to three calls of every kind in 31 rows, then padding. */
function sampleBench(seed = SEED): Bench {
  const bench = createBench(createRandom(seed));
  fold(bench, 3, 2);
  multiplyAdd(bench);
  dot(bench, 4);
  evaluate(bench, 3);
  fold(bench, 2, 3);
  fold(bench, 1, 0);
  dot(bench, 1);
  fold(bench, 3, 7);
  multiplyAddBase(bench);
  multiplyAdd(bench);
  unpack(bench);
  dot(bench, 2);
  evaluate(bench, 1);
  // Where all values are equal, only the place itself tells places apart.
  foldValues(bench, new Array<Extension>(8).fill(extension.ZERO), 4, 1, 5);
  return bench;
}

function assertConstraint(verdict: ReturnType<TracedTable['check']>, constraint: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'constraint', JSON.stringify(verdict));
  assert.equal(verdict.constraint, constraint);
}

function assertBus(verdict: ReturnType<TracedTable['check']>, bus: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict));
  assert.equal(verdict.bus, bus);
}

test('every operation gives what the proof system computes, and the trace is accepted', () => {
  assert.deepEqual(sampleBench().trace().check(), { ok: true });
});

test('folds of every arity, place and coset agree with the proof system', () => {
  const bench = createBench(createRandom(SEED + 1), 1 << 15);
  for (const logArity of [1, 2, 3])
    for (let place = 0; place < 2 ** logArity; place++)
      for (const [coset, logRows] of [
        [0, 3],
        [1, 4],
        [77, 12],
        [2 ** 20 - 1, 24],
      ] as const)
        fold(bench, logArity, place, coset % 2 ** (logRows - logArity), logRows);
  assert.deepEqual(bench.trace().check(), { ok: true });
});

test('a table without padding is accepted', () => {
  const bench = createBench(createRandom(SEED + 2), 1 << 14);
  dot(bench, 9);
  evaluate(bench, 4);
  while (bench.calls.length < 2 + 36) fold(bench, 3, bench.random.below(8));
  multiplyAdd(bench);
  dot(bench, 5);
  const { trace, check } = bench.trace();
  assert.equal(2 ** trace.logHeight, 9 + 5 + 36 * 3 + 1 + 5);
  assert.deepEqual(check(), { ok: true });
});

test('the words behind an element are the program’s, on both sides of a multiply-add', () => {
  const bench = createBench(createRandom(SEED + 3));
  const [a, b, c] = [bench.element(), bench.element(), bench.element()];
  const result = bench.rows(1);
  bench.call(TAG.MADD, bench.row(a), bench.row(b, 1), bench.row(c, 1, 2), result);
  writeRow(bench.memory, result + 5, [3, 4, 5]);
  assert.deepEqual(bench.trace().check(), { ok: true });
});

test('every constraint is named by a one-cell change', () => {
  const { found, missing } = oneCellMutations(air, sampleBench().trace().trace, createRandom(SEED + 4), 4000);
  assert.deepEqual(missing, []);
  assert.deepEqual(
    found.filter(({ isNamed }) => !isNamed).map(({ constraint }) => constraint),
    [],
  );
  assert.equal(found.length, air.constraints.length);
});

test('a multiply-add is solved for the one element that is not written', () => {
  for (const isBase of [false, true])
    for (const open of isBase ? ['a', 'c', 'd'] : ['a', 'b', 'c', 'd']) {
      const bench = createBench(createRandom(SEED + 5));
      const [a, c] = [bench.element(), bench.element()];
      const b = isBase ? extension.fromBase(bench.random.word()) : bench.element();
      const values: Readonly<Record<string, Extension>> = {
        a,
        b,
        c,
        d: extension.add(extension.multiply(a, b), c),
      };
      const pointer = (name: string): number => (name === open ? bench.rows(1) : bench.row(values[name]!));
      const pointers = { a: pointer('a'), b: isBase ? b[0] : pointer('b'), c: pointer('c'), d: pointer('d') };
      bench.call(isBase ? TAG.MADD_BASE : TAG.MADD, pointers.a, pointers.b, pointers.c, pointers.d);
      assert.deepEqual(bench.read(pointers[open as 'a']), values[open], open);
      assert.deepEqual(bench.trace().check(), { ok: true }, open);
    }
});

test('calls that cannot be served are typed errors', () => {
  const fails = (code: string) => (error: unknown) => error instanceof MachineError && error.code === code;
  const bench = createBench(createRandom(SEED + 6));
  const { memory } = bench;
  const run = (tag: number, a: number, b: number, c: number | undefined, d: number): void => {
    runCalls(extensionTable, memory, [{ tag, a, b, c, d }]);
  };
  const zero = bench.row(extension.ZERO);
  const one = bench.row(extension.ONE);
  const value = bench.row(bench.element());
  const open = bench.rows(1);
  const other = bench.rows(1);

  assert.throws(() => run(TAG.MADD, one, value, zero, one), fails('CELL_CONFLICT'));
  assert.throws(() => run(TAG.MADD, open, value, other, one), fails('RELATION_OPEN'));
  assert.throws(() => run(TAG.MADD, open, open, zero, one), fails('RELATION_OPEN'));
  assert.throws(() => run(TAG.MADD, one, one, undefined, one), fails('RELATION_OPEN'));
  assert.throws(() => run(TAG.MADD, open, zero, zero, one), fails('DIVISION_BY_ZERO'));
  assert.throws(() => run(TAG.MADD_BASE, open, 0, zero, one), fails('DIVISION_BY_ZERO'));
  assert.throws(() => run(TAG.MADD, one + 1, value, zero, open), fails('MISALIGNED_ROW'));
  assert.throws(() => run(TAG.MADD, one, value, zero, open + 4), fails('MISALIGNED_ROW'));

  // The weight names no challenges; the count is none.
  const block = bench.rows(1);
  writeRow(memory, block, bench.random.words(8));
  assert.throws(() => run(TAG.DOT8, block, value, other, 1), fails('UNWRITTEN_CELL'));
  assert.throws(() => run(TAG.DOT8, block, value, other, 0), fails('CALL_FAILED'));
  assert.throws(() => run(TAG.DOT8, block, bench.row(extension.ONE, 3), other, 1), fails('MISALIGNED_ROW'));

  const coefficients = bench.packed(Array.from({ length: 8 }, bench.element));
  assert.throws(() => run(TAG.EVAL8, coefficients, 3, other, 0), fails('CALL_FAILED'));
  assert.throws(() => run(TAG.EVAL8, coefficients + 5, 3, other, 1), fails('MISALIGNED_ROW'));

  const leaf = Array.from({ length: 4 }, bench.element);
  const packed = bench.packed(leaf);
  const carried = bench.row(leaf[2]!, 17, value);
  run(TAG.FOLD8, packed, carried, bench.rows(1), 4 + 2);
  for (const place of [0, 1, 3])
    assert.throws(() => run(TAG.FOLD8, packed, carried, other, 4 + place), fails('CALL_FAILED'));
  for (const d of [0, 1, 16])
    assert.throws(() => run(TAG.FOLD8, packed, carried, other, d), fails('CALL_FAILED'), `D ${d}`);
  assert.throws(() => run(TAG.FOLD8, packed, bench.row(leaf[2]!), other, 4 + 2), fails('UNWRITTEN_CELL'));
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
  // The first word of slot 0 still binds the dot columns, which nothing reads here.
  isEvalEnd: [11, /^(pointer[14]|choice[1-6]|factor\d|word([1-9]|1\d|2[0-3]|3[2-9]))$/],
  isFold4: [12, /^(pointer[34]|choice[4-6]|word(2[4-9]|3[01]|39)|clk)$/],
  isFold2: [14, /^choice[2-6]$/],
  isUnpack: [21, /^(choice\d|accumulator\d|d|pointer1|clk)$/],
  isUnpackMiddle: [22, /^(choice\d|accumulator\d|d|clk)$/],
  isUnpackEnd: [23, /^(choice\d|accumulator\d|word(1[6-9]|2[0-3]))$/],
  isMaddBase: [19, /^(pointer1|choice\d|accumulator\d|word(1[6-9]|2[0-3]))$/],
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

test('A59: a fold whose carried value stands elsewhere in the leaf is rejected', () => {
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

test('A59: a fold at another power or sign of z is rejected', () => {
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
    'an EVAL8 run goes on until its end',
  );
  // The end says another count.
  assertConstraint(check(withCells(trace.columns, { 'd@3': 4 })), 'count, place, nothing');
});

test('a run may lie across the end of the table, and sums the same', () => {
  const { trace, check } = sampleBench().trace();
  const height = 2 ** trace.logHeight;
  const rotated = trace.columns.map((column) =>
    Uint32Array.from(column, (_, row) => column[(row + 5) % height]!),
  );
  assert.deepEqual(check(rotated), { ok: true });
});

test('A59: an outcome that is another value is rejected, word by word', () => {
  const outcomes: readonly (readonly [name: string, make: (bench: Bench) => void, label: RegExp])[] = [
    ['MADD', multiplyAdd, /^multiply-add word/],
    ['MADD_BASE', multiplyAddBase, /^multiply-add word/],
    ['DOT8', (bench) => dot(bench, 3), /^outcome word/],
    ['EVAL8', (bench) => evaluate(bench, 2), /^outcome word/],
    ['FOLD8', (bench) => fold(bench, 3, 6), /^folded 0 word/],
    ['FOLD8 by 4', (bench) => fold(bench, 2, 1), /^folded 0 word/],
    ['FOLD8 by 2', (bench) => fold(bench, 1, 1), /^folded 0 word/],
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
    ['choice0@11', 'same point'],
    ['pointer2@11', 'the point is B'],
    // Rows 21 to 23 are an UNPACK8.
    ['pointer0@22', 'next pointer 0'],
    ['pointer1@22', 'pointer 1'],
    ['pointer2@22', 'next pointer 2'],
    ['pointer3@22', 'pointer 3'],
    ['pointer4@22', 'pointer 4'],
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
    // Rows 1 and 19 are the second row of a fold and a MADD_BASE.
    const row = name === 'isMaddBase' ? 1 : 19;
    const both = { [`${name}@${row}`]: 1, [`d@${row}`]: 1 };
    assert.equal(check(withCells(trace.columns, both)).ok, false, name);
  }
  assertConstraint(check(withCells(trace.columns, { 'isMaddBase@3': 1 })), 'at most one operation');
});

test('A38: padding rows neither answer calls nor look rows up', () => {
  const { trace, check } = sampleBench().trace();
  const padding = 2 ** trace.logHeight - 3;
  // A multiply-add of zeros holds, but nobody called it.
  assertBus(check(withCells(trace.columns, { [`isMadd@${padding}`]: 1 })), 'row');
});

test('H: operands that are no rows leave the row bus unbalanced', () => {
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
