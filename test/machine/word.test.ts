/** The word table: arithmetic on awkward words, every constraint, and provers that cheat with limbs and carries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import { TAG } from '../../machine/instruction.ts';
import { MAIN_COLUMNS, wordColumn } from '../../machine/word/columns.ts';
import { wordTable } from '../../machine/word/table.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import {
  createMemory,
  type HandCall,
  oneCellMutations,
  readInteger,
  runCalls,
  type TracedTable,
  traceCalls,
  withCell,
  writeInteger,
} from '../support/callTable.ts';
import { createRandom, type Random } from '../support/random.ts';

const air = wordTable.air;
const SEED = 4_077;
const TOP = 1n << 256n;
const fails = (code: string) => (error: unknown) => error instanceof MachineError && error.code === code;

/** A word with runs of zeros and ones, so that carries run far. */
function awkwardWord(random: Random): bigint {
  let value = 0n;
  for (let limb = 0; limb < 16; limb++) {
    const kinds = [0, 0xffff, 0xfffe, 1, random.below(0x10000)];
    value = (value << 16n) | BigInt(kinds[random.below(kinds.length)]!);
  }
  return value;
}

interface Sample extends TracedTable {
  readonly calls: readonly HandCall[];
}

/** 30 calls of all four kinds on random words, each on fresh cells. */
function sample(): Sample {
  const random = createRandom(SEED);
  const memory = createMemory(64 * 64);
  const calls: HandCall[] = [];
  const expected: [pointer: number, value: bigint][] = [];
  let pointer = 64;
  const place = (value?: bigint): number => {
    pointer += 16;
    if (value !== undefined) writeInteger(memory, pointer, value);
    return pointer;
  };
  for (let round = 0; calls.length < 28; round++) {
    const x = awkwardWord(random);
    const y = round % 5 === 0 ? x : awkwardWord(random);
    const [low, high] = x < y ? [x, y] : [y, x];
    const [a, b] = [place(x), place(y)];
    calls.push({ tag: TAG.WORD_LESS, a, b, c: undefined }, { tag: TAG.WORD_CHECK, a, b: 0, c: 0 });
    const difference = place();
    calls.push({ tag: TAG.WORD_SUBTRACT, a: high === x ? a : b, b: high === x ? b : a, c: difference });
    expected.push([difference, high - low]);
    if (x + y < TOP) {
      const sum = place();
      calls.push({ tag: TAG.WORD_ADD, a, b, c: sum });
      expected.push([sum, x + y]);
    }
  }
  const log = runCalls(wordTable, memory, calls);
  for (const [at, value] of expected) assert.equal(readInteger(memory, at), value);
  calls.forEach(({ tag, a, b }, index) => {
    if (tag === TAG.WORD_LESS)
      assert.equal(log.c[index], readInteger(memory, a) < readInteger(memory, b) ? 1 : 0, `call ${index}`);
  });
  assert.ok(calls.some(({ tag }) => tag === TAG.WORD_ADD));
  return { calls, ...traceCalls(wordTable, log, memory.image) };
}

/** One call on two words. */
function single(tag: number, x: bigint, y: bigint): TracedTable {
  const memory = createMemory(256);
  writeInteger(memory, 16, x);
  writeInteger(memory, 32, y);
  const call =
    tag === TAG.WORD_CHECK
      ? { tag, a: 16, b: 0, c: 0 }
      : { tag, a: 16, b: 32, c: tag === TAG.WORD_LESS ? undefined : 48 };
  return traceCalls(wordTable, runCalls(wordTable, memory, [call]), memory.image);
}

function withCells(columns: readonly Uint32Array[], cells: Readonly<Record<string, number>>): Uint32Array[] {
  return Object.entries(cells).reduce<Uint32Array[]>(
    (changed, [name, value]) => withCell(air, changed, 0, name, value),
    [...columns],
  );
}

function assertConstraint(verdict: ReturnType<TracedTable['check']>, constraint: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'constraint', JSON.stringify(verdict));
  assert.equal(verdict.constraint, constraint);
}

function assertBus(verdict: ReturnType<TracedTable['check']>, bus: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict));
  assert.equal(verdict.bus, bus);
}

test('additions, subtractions, comparisons and checks are right and accepted', () => {
  assert.deepEqual(sample().check(), { ok: true });
});

test('a table without padding is accepted', () => {
  const memory = createMemory(8192);
  writeInteger(memory, 0, TOP - 270n);
  writeInteger(memory, 16, 1n);
  const calls = Array.from({ length: 256 }, (_, index) => ({
    tag: TAG.WORD_ADD,
    a: index === 0 ? 0 : 16 + 16 * index,
    b: 16,
    c: 32 + 16 * index,
  }));
  const { trace, check } = traceCalls(wordTable, runCalls(wordTable, memory, calls), memory.image);
  assert.equal(readInteger(memory, 32 + 16 * 255), TOP - 14n);
  assert.equal(trace.logHeight, 8);
  assert.deepEqual(check(), { ok: true });
});

test('every constraint is named by a one-cell change', () => {
  const { found, missing } = oneCellMutations(air, sample().trace, createRandom(SEED + 1), 2000);
  assert.deepEqual(missing, []);
  assert.equal(found.length, air.constraints.length);
});

test('A47: a change of any column of a row is rejected', () => {
  const { trace, check, calls } = sample();
  for (const tag of [TAG.WORD_ADD, TAG.WORD_SUBTRACT, TAG.WORD_LESS, TAG.WORD_CHECK]) {
    const row = calls.findIndex((call) => call.tag === tag);
    for (const column of MAIN_COLUMNS) {
      const value = (trace.columns[wordColumn(column)]![row]! + 1) % MODULUS;
      assert.equal(
        check(withCell(air, trace.columns, row, column, value)).ok,
        false,
        `${column} under tag ${tag}`,
      );
    }
  }
});

test('A44: two operations on one row, or half of one, are rejected', () => {
  const { trace, check } = single(TAG.WORD_ADD, 1n, 2n);
  assertConstraint(check(withCells(trace.columns, { isCheck: 1 })), 'at most one operation');
  assertConstraint(check(withCells(trace.columns, { isAdd: (MODULUS + 1) / 2 })), 'isAdd is boolean');
});

test('A48: an outcome limb above 16 bits with the carry left out is rejected by the range table', () => {
  // 65535 + 1: limb 0 = 65536 without a carry satisfies every constraint.
  const { trace, check } = single(TAG.WORD_ADD, 65535n, 1n);
  assertBus(check(withCells(trace.columns, { outcome0: 65536, carry0: 0, outcome1: 0 })), 'row');
  // The memory may hold that word, the range table does not.
  const memory = createMemory(256);
  writeInteger(memory, 16, 65535n);
  writeInteger(memory, 32, 1n);
  const log = runCalls(wordTable, memory, [{ tag: TAG.WORD_ADD, a: 16, b: 32, c: 48 }]);
  memory.image[48] = 65536;
  memory.image[49] = 0;
  const cheat = traceCalls(wordTable, log, memory.image);
  assertBus(cheat.check(withCells(trace.columns, { outcome0: 65536, carry0: 0, outcome1: 0 })), 'range');
});

test('A48: a subtraction cannot yield a limb that is negative modulo p', () => {
  // 0 - 1 with limb 0 = p - 1 and no borrow.
  const { trace, check } = single(TAG.WORD_LESS, 0n, 1n);
  const cells: Record<string, number> = { outcome0: MODULUS - 1 };
  for (let limb = 0; limb < 16; limb++) {
    cells[`carry${limb}`] = 0;
    if (limb > 0) cells[`outcome${limb}`] = 0;
  }
  assertConstraint(check(withCells(trace.columns, cells)), 'the borrow is the comparison');
  const memory = createMemory(256);
  writeInteger(memory, 16, 0n);
  writeInteger(memory, 32, 1n);
  const log = runCalls(wordTable, memory, [{ tag: TAG.WORD_LESS, a: 16, b: 32 }]);
  const lie = traceCalls(wordTable, { ...log, c: Uint32Array.of(0) }, memory.image);
  assertBus(lie.check(withCells(trace.columns, { ...cells, c: 0, outcomePointer: 0 })), 'range');
});

test('A49: carries that are no booleans, and a carry out of the last limb, are rejected', () => {
  const { trace, check } = single(TAG.WORD_ADD, 65535n, 1n);
  // Two carries of one half each would balance their limbs.
  assertConstraint(check(withCells(trace.columns, { carry0: 2 })), 'carry 0 is boolean');
  const overflow = single(TAG.WORD_LESS, 0n, TOP - 1n);
  assertConstraint(
    overflow.check(withCells(overflow.trace.columns, { isLess: 0, isSubtract: 1 })),
    'no carry out',
  );
});

test('A49: a comparison cannot be claimed the other way', () => {
  for (const [x, y] of [
    [0n, 0n],
    [5n, 5n],
    [TOP - 1n, TOP - 1n],
    [1n, 1n << 255n],
    [1n << 255n, 1n],
  ] as const) {
    const { trace, check } = single(TAG.WORD_LESS, x, y);
    assert.deepEqual(check(), { ok: true });
    const honest = trace.columns[wordColumn('c')]![0]!;
    assert.equal(honest, x < y ? 1 : 0);
    assertConstraint(check(withCells(trace.columns, { c: 1 - honest })), 'the borrow is the comparison');
  }
});

test('A48: WORD_CHECK of a word with a limb of 2^16 is rejected, of the greatest word accepted', () => {
  assert.deepEqual(single(TAG.WORD_CHECK, TOP - 1n, 0n).check(), { ok: true });
  const memory = createMemory(64);
  writeInteger(memory, 16, TOP - 1n);
  const log = runCalls(wordTable, memory, [{ tag: TAG.WORD_CHECK, a: 16, b: 0, c: 0 }]);
  const { trace } = traceCalls(wordTable, log, memory.image);
  memory.image[20] = 65536;
  const columns = withCells(trace.columns, { outcome4: 65536, left4: 65536 });
  assertBus(traceCalls(wordTable, log, memory.image).check(columns), 'range');
});

test('A47: a WORD_CHECK has no other operand than its word', () => {
  const memory = createMemory(64);
  writeInteger(memory, 16, TOP - 1n);
  const log = runCalls(wordTable, memory, [{ tag: TAG.WORD_CHECK, a: 16, b: 0, c: 0 }]);
  for (const [operand, constraint] of [
    ['b', 'B of a CHECK is 0'],
    ['c', 'C of a CHECK is 0'],
  ] as const)
    for (const value of [1, 16, 77, MODULUS - 1])
      assertConstraint(
        traceCalls(wordTable, { ...log, [operand]: Uint32Array.of(value) }, memory.image).check(),
        constraint,
      );
});

test('both sides of every boundary: carry out, borrow out, wide limbs, open operands', () => {
  const run = (tag: number, x: bigint, y: bigint): bigint => {
    const memory = createMemory(64);
    writeInteger(memory, 0, x);
    writeInteger(memory, 16, y);
    runCalls(wordTable, memory, [{ tag, a: 0, b: 16, c: 32 }]);
    return readInteger(memory, 32);
  };
  assert.equal(run(TAG.WORD_ADD, TOP - 2n, 1n), TOP - 1n);
  assert.throws(() => run(TAG.WORD_ADD, TOP - 1n, 1n), fails('CALL_FAILED'));
  assert.equal(run(TAG.WORD_SUBTRACT, 7n, 7n), 0n);
  assert.throws(() => run(TAG.WORD_SUBTRACT, 7n, 8n), fails('CALL_FAILED'));

  const memory = createMemory(128);
  writeInteger(memory, 0, 1000n);
  writeInteger(memory, 32, 1001n);
  runCalls(wordTable, memory, [{ tag: TAG.WORD_ADD, a: 0, b: 16, c: 32 }]);
  assert.equal(readInteger(memory, 16), 1n);
  runCalls(wordTable, memory, [{ tag: TAG.WORD_ADD, a: 48, b: 16, c: 0 }]);
  assert.equal(readInteger(memory, 48), 999n);
  const run1 = (call: HandCall): void => {
    runCalls(wordTable, memory, [call]);
  };
  assert.throws(() => run1({ tag: TAG.WORD_ADD, a: 32, b: 64, c: 0 }), fails('CALL_FAILED'));
  assert.throws(() => run1({ tag: TAG.WORD_ADD, a: 0, b: 16 }), fails('RELATION_OPEN'));
  assert.throws(() => run1({ tag: TAG.WORD_SUBTRACT, a: 64, b: 16, c: 0 }), fails('UNWRITTEN_CELL'));
  assert.throws(() => run1({ tag: TAG.WORD_LESS, a: 0, b: 16, c: 1 }), fails('CALL_FAILED'));
  assert.throws(() => run1({ tag: TAG.WORD_LESS, a: 1, b: 16 }), fails('MISALIGNED_ROW'));
  assert.throws(() => run1({ tag: TAG.WORD_CHECK, a: 0, b: 16, c: 0 }), fails('CALL_FAILED'));
  memory.write(80, 65536);
  for (let limb = 1; limb < 16; limb++) memory.write(80 + limb, 0);
  assert.throws(() => run1({ tag: TAG.WORD_CHECK, a: 80, b: 0, c: 0 }), fails('CALL_FAILED'));
});
