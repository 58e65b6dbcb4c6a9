/** The wordMultiply table: products of awkward words, every constraint, and provers that cheat with parts and carries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import { TAG } from '../../machine/instruction.ts';
import { MAIN_COLUMNS, multiplyColumn } from '../../machine/wordMultiply/columns.ts';
import { wordMultiplyTable } from '../../machine/wordMultiply/table.ts';
import type { TraceVerdict } from '../../stark/air/traceCheck.ts';
import { add, MODULUS, multiply, negate } from '../../stark/field/koalaBear.ts';
import {
  createMemory,
  oneCellMutations,
  readInteger,
  runCalls,
  type TracedTable,
  traceCalls,
  withCell,
  writeInteger,
} from '../support/callTable.ts';
import { createRandom } from '../support/random.ts';

const air = wordMultiplyTable.air;
const SEED = 9_313;
const TOP = 1n << 256n;

function products(pairs: readonly (readonly [bigint, bigint])[]): TracedTable {
  const memory = createMemory(48 * pairs.length + 48);
  const calls = pairs.map(([x, y], index) => {
    writeInteger(memory, 48 * index, x);
    writeInteger(memory, 48 * index + 16, y);
    return { tag: TAG.WORD_MULTIPLY, a: 48 * index, b: 48 * index + 16, c: 48 * index + 32 };
  });
  const log = runCalls(wordMultiplyTable, memory, calls);
  pairs.forEach(([x, y], index) => {
    assert.equal(readInteger(memory, 48 * index + 32), x * y, `${x} * ${y}`);
  });
  return traceCalls(wordMultiplyTable, log, memory.image);
}

/** Seven products: 28 rows, then padding. */
function sample(): TracedTable {
  const random = createRandom(SEED);
  const bits = (count: number): bigint => {
    let value = 0n;
    for (let limb = 0; limb < 16; limb++) value = (value << 16n) | BigInt(random.below(65536));
    return value >> BigInt(256 - count);
  };
  return products([
    [bits(256), 1n],
    [bits(130), bits(126)],
    [bits(60), bits(190)],
    [(1n << 128n) - 1n, (1n << 128n) - 1n],
    [bits(16), bits(240)],
    [bits(200), bits(56)],
    [bits(128), bits(128)],
  ]);
}

function assertConstraint(verdict: ReturnType<TracedTable['check']>, constraint: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'constraint', JSON.stringify(verdict));
  assert.equal(verdict.constraint, constraint);
}

function assertBus(
  verdict: ReturnType<TracedTable['check']>,
  bus: string,
): asserts verdict is Extract<TraceVerdict, { kind: 'bus' }> {
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict));
  assert.equal(verdict.bus, bus);
}

test('products are right and accepted, at the greatest carries too', () => {
  assert.deepEqual(sample().check(), { ok: true });
  const ones = (bits: bigint): bigint => (1n << bits) - 1n;
  // 192 × 64 bits make the greatest carries in the third row, 240 × 16 the longest words.
  const pairs: [bigint, bigint][] = [
    [ones(192n), ones(64n)],
    [ones(64n), ones(192n)],
    [ones(240n), ones(16n)],
    [ones(128n), ones(128n)],
    [ones(136n), ones(120n)],
    [0n, ones(256n)],
    [ones(256n), 1n],
    [0n, 0n],
    [1n << 255n, 1n],
    [1n << 128n, 1n << 127n],
    [21_000n, ones(240n)],
  ];
  assert.deepEqual(products(pairs).check(), { ok: true });
});

test('a table without padding is accepted', () => {
  const pairs = Array.from({ length: 64 }, (_, index) => [BigInt(index + 1) << 100n, 65_537n] as const);
  const { trace, check } = products(pairs);
  assert.equal(2 ** trace.logHeight, 4 * pairs.length);
  assert.deepEqual(check(), { ok: true });
});

test('every constraint is named by a one-cell change', () => {
  const { found, missing } = oneCellMutations(air, sample().trace, createRandom(SEED + 1), 3000);
  assert.deepEqual(missing, []);
  assert.equal(found.length, air.constraints.length);
});

test('A47: a change of any column on some row of a product is rejected', () => {
  const { trace, check } = sample();
  for (const column of MAIN_COLUMNS) {
    // Row 8 begins the third product; previousZ and carryIn bind from the second row on.
    for (const row of [8, 9, 11]) {
      if (row !== 8 && ['b', 'clk'].includes(column)) continue;
      const value = (trace.columns[multiplyColumn(column)]![row]! + 1) % MODULUS;
      assert.equal(
        check(withCell(air, trace.columns, row, column, value)).ok,
        false,
        `${column} on row ${row}`,
      );
    }
  }
});

test('products above 2^256 are typed errors, and the greatest below is not', () => {
  const fails = (error: unknown): boolean => error instanceof MachineError && error.code === 'CALL_FAILED';
  const run = (x: bigint, y: bigint): TracedTable => products([[x, y]]);
  run(1n << 128n, (1n << 128n) - 1n);
  run(TOP - 1n, 1n);
  assert.throws(() => run(1n << 128n, 1n << 128n), fails);
  assert.throws(() => run(TOP - 1n, 2n), fails);
  assert.throws(() => run(1n << 255n, 2n), fails);
  assert.throws(() => run(1n << 240n, 1n << 240n), fails);
  // Only the product of two high bytes is above.
  assert.throws(() => run(1n << 136n, 1n << 120n), fails);
});

/** The rows of x * y mod 2^256 for a product that is above, as a prover would have to write them. */
function wrapped(x: bigint, y: bigint): TracedTable {
  const memory = createMemory(64);
  writeInteger(memory, 0, x);
  writeInteger(memory, 16, y);
  writeInteger(memory, 32, (x * y) % TOP);
  const one = Uint32Array.of(1);
  return traceCalls(
    wordMultiplyTable,
    {
      count: 1,
      tag: Uint32Array.of(TAG.WORD_MULTIPLY),
      a: new Uint32Array(1),
      b: Uint32Array.of(16),
      c: Uint32Array.of(32),
      d: new Uint32Array(1),
      clk: one,
      witness: new Uint32Array(0),
    },
    memory.image,
  );
}

test('A49: a product modulo 2^256 is rejected, whichever part is above', () => {
  assertConstraint(wrapped(TOP - 1n, 2n).check(), 'no carry out');
  assertConstraint(wrapped(1n << 136n, 1n << 120n).check(), 'no carry out');
  for (let limb = 1; limb < 16; limb++)
    assertConstraint(
      wrapped(1n << BigInt(16 * limb), 1n << BigInt(16 * (16 - limb))).check(),
      `no product above limb 15 with x limb ${limb}`,
    );
  assertConstraint(wrapped(1n << 240n, 1n << 240n).check(), 'no product above limb 15 with x limb 15');
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

test('A48: another split of a limb into parts is harmless or out of range', () => {
  // y = 1, x = 300 = 44 + 2^8 = 300 + 0: the second split is in range and proves the same product.
  const { trace, check } = products([[300n, 1n]]);
  const cells = (low: number, high: number): Record<string, number> => {
    const changed: Record<string, number> = {};
    for (let row = 0; row < 4; row++) {
      changed[`xLow${4 * row}@${row}`] = low;
      changed[`xHigh${4 * row}@${row}`] = high;
    }
    return changed;
  };
  assert.deepEqual(check(withCells(trace.columns, cells(300, 0))), { ok: true });
  // A high part of 2^-8 * (300 - low) that is no integer.
  const inverse256 = 2_122_383_361;
  assert.equal(multiply(inverse256, 256), 1);
  assertBus(check(withCells(trace.columns, cells(0, multiply(300, inverse256)))), 'range');
  // The high part that wraps: low + 2^8 * high = x + p.
  const high = (300 + MODULUS - 45) / 256;
  assert.ok(Number.isInteger(high));
  assertBus(check(withCells(trace.columns, cells(45, high))), 'range');
});

test('A48: a low part above 1023 is out of range even where the limb is right', () => {
  const { trace, check } = products([[2000n, 1n]]);
  const changed: Record<string, number> = {};
  for (let row = 0; row < 4; row++) {
    changed[`xLow${4 * row}@${row}`] = 2000;
    changed[`xHigh${4 * row}@${row}`] = 0;
  }
  // The range table holds 2000 and 0, but not 64 * 2000.
  const verdict = check(withCells(trace.columns, changed));
  assertBus(verdict, 'range');
  assert.deepEqual(verdict.tuple, [64 * 2000]);
});

test('A49: a carry that lets a limb wrap modulo p is out of range', () => {
  // 0 + p = z + 2^16 * carry: z_0 = 1 with carry_0 = (p - 1) / 2^16, then z_1 = carry_0.
  const { trace } = products([[0n, 0n]]);
  const carry = (MODULUS - 1) / 65536;
  assert.equal(carry, 32512);
  const columns = withCells(trace.columns, {
    'z0@0': 1,
    'carry0@0': carry,
    'z1@0': carry,
    'previousZ0@1': 1,
    'previousZ1@1': carry,
  });
  const memory = createMemory(64);
  writeInteger(memory, 0, 0n);
  writeInteger(memory, 16, 0n);
  const log = runCalls(wordMultiplyTable, memory, [{ tag: TAG.WORD_MULTIPLY, a: 0, b: 16, c: 32 }]);
  memory.image[32] = 1;
  memory.image[33] = carry;
  // z and the carry are in range; three times the carry is not.
  const verdict = traceCalls(wordMultiplyTable, log, memory.image).check(columns);
  assertBus(verdict, 'range');
  assert.deepEqual(verdict.tuple, [3 * carry]);
});

test('A49: carries cannot be moved between limbs', () => {
  const { trace, check } = sample();
  const carries = trace.columns[multiplyColumn('carry0')]!;
  const next = trace.columns[multiplyColumn('z1')]!;
  const columns = withCells(trace.columns, {
    'carry0@4': add(carries[4]!, 1),
    'z0@4': add(trace.columns[multiplyColumn('z0')]![4]!, negate(65536)),
    'z1@4': add(next[4]!, 1),
    'previousZ0@5': add(trace.columns[multiplyColumn('z0')]![4]!, negate(65536)),
    'previousZ1@5': add(next[4]!, 1),
  });
  const verdict = check(columns);
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict));
});

test('A45: a product that runs over the end of the table is rejected', () => {
  const { trace, check } = sample();
  const height = 2 ** trace.logHeight;
  const rotated = trace.columns.map((column) =>
    Uint32Array.from(column, (_, row) => column[(row + 2) % height]!),
  );
  assertConstraint(check(rotated), 'the first row starts a product');
});
