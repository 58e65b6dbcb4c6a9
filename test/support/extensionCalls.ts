/**
 * Calls of the extension table, each compared with what the proof system's own arithmetic yields, and a sample of all of
 * them.
 */
import assert from 'node:assert/strict';
import { extensionTable } from '../../machine/extension/table.ts';
import { EXTENSION_TAG as TAG } from '../../machine/extension/tags.ts';
import { tensorWeights, weightedSum } from '../../stark/batching.ts';
import * as extension from '../../stark/field/extension.ts';
import * as base from '../../stark/field/koalaBear.ts';
import { foldLeaf } from '../../stark/foldLeaf.ts';
import {
  createMemory,
  type HandCall,
  runCalls,
  type TracedTable,
  traceCalls,
  writeRow,
} from './callTable.ts';
import { createRandom, type Random } from './random.ts';

type Extension = extension.Extension;

const SEED = 40_961;
export const ROW = 8;

/** A memory that hands out rows, and the calls made on it. */
export function createBench(random: Random, size = 8192) {
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

export type Bench = ReturnType<typeof createBench>;

export function multiplyAdd(bench: Bench): void {
  const [a, b, c] = [bench.element(), bench.element(), bench.element()];
  const result = bench.rows(1);
  // The words behind an element belong to the program.
  bench.call(TAG.MADD, bench.row(a, 7, 8, 9), bench.row(b), bench.row(c), result);
  assert.deepEqual(bench.read(result), extension.add(extension.multiply(a, b), c));
}

export function multiplyAddBase(bench: Bench): void {
  const [a, b, c] = [bench.element(), bench.random.word(), bench.element()];
  const result = bench.rows(1);
  bench.call(TAG.MADD_BASE, bench.row(a), b, bench.row(c), result);
  assert.deepEqual(bench.read(result), extension.add(extension.multiplyByBase(a, b), c));
}

/** Blocks first..first + count - 1 of a batch of functions against the weights of proof-system.md, section 8. */
export function dot(bench: Bench, count: number): void {
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

export function evaluate(bench: Bench, groups: number): void {
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
export function fold(bench: Bench, logArity: number, place: number, coset = 5, logRows = 11): void {
  foldValues(bench, Array.from({ length: 2 ** logArity }, bench.element), place, coset, logRows);
}

export function foldValues(
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

export function unpack(bench: Bench): void {
  const values = Array.from({ length: 8 }, bench.element);
  const outs = bench.rows(8);
  bench.call(TAG.UNPACK8, bench.packed(values), outs, outs, 0);
  values.forEach((value, index) => {
    assert.deepEqual(bench.read(outs + index * ROW), value);
  });
}

export function combine(bench: Bench, groups: number): void {
  const values = Array.from({ length: 8 * groups }, bench.element);
  const constants = bench.random.words(8 * groups);
  const pointer = bench.rows(groups);
  writeRow(bench.memory, pointer, constants);
  const out = bench.rows(1);
  bench.call(TAG.COMBINE8, pointer, bench.packed(values), out, groups);
  assert.deepEqual(bench.read(out), weightedSum(values, Array.from(constants, extension.fromBase)));
}

/** One to three calls of every kind in 30 rows, then padding. */
export function sampleBench(seed = SEED): Bench {
  const bench = createBench(createRandom(seed));
  fold(bench, 3, 2);
  multiplyAdd(bench);
  dot(bench, 4);
  evaluate(bench, 3);
  fold(bench, 2, 3);
  fold(bench, 1, 0);
  dot(bench, 1);
  combine(bench, 2);
  multiplyAddBase(bench);
  multiplyAdd(bench);
  unpack(bench);
  evaluate(bench, 1);
  // Where all values are equal, only the place itself tells places apart.
  foldValues(bench, new Array<Extension>(8).fill(extension.ZERO), 4, 1, 5);
  return bench;
}
