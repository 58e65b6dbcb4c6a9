/** The extension table: its operations against the proof system's arithmetic, and the calls that it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import { extensionTable } from '../../machine/extension/table.ts';
import { EXTENSION_TAG as TAG } from '../../machine/extension/tags.ts';
import * as extension from '../../stark/field/extension.ts';
import { runCalls, writeRow } from '../support/callTable.ts';
import { createBench, dot, evaluate, fold, multiplyAdd, sampleBench } from '../support/extensionCalls.ts';
import { createRandom } from '../support/random.ts';

type Extension = extension.Extension;

const SEED = 40_961;

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
  const bench = createBench(createRandom(SEED + 2), 1 << 15);
  dot(bench, 9);
  evaluate(bench, 4);
  while (bench.calls.length < 2 + 78) fold(bench, 3, bench.random.below(8));
  multiplyAdd(bench);
  dot(bench, 7);
  const { trace, check } = bench.trace();
  assert.equal(2 ** trace.logHeight, 9 + 5 + 78 * 3 + 1 + 7);
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
