/** Laws of the base field, against arithmetic on bigints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  add,
  batchInverse,
  GENERATOR,
  inverse,
  isCanonical,
  MODULUS,
  multiply,
  negate,
  power,
  reverseBits,
  rootOfUnity,
  subtract,
  TWO_ADICITY,
} from '../../stark/field/koalaBear.ts';
import { createRandom } from '../support/random.ts';

const SEED = 1;
const EDGES = [
  0,
  1,
  2,
  3,
  0xffff,
  0x10000,
  0x10001,
  0x7effffff,
  0x7f000000,
  (MODULUS - 1) / 2,
  (MODULUS + 1) / 2,
];

function pairs(count: number): [number, number][] {
  const random = createRandom(SEED);
  const randomPairs = Array.from({ length: count }, (): [number, number] => [random.word(), random.word()]);
  return [...EDGES.flatMap((left) => EDGES.map((right): [number, number] => [left, right])), ...randomPairs];
}

const modulo = (value: bigint): number => {
  const p = BigInt(MODULUS);
  return Number(((value % p) + p) % p);
};

test('sum, difference, product and negation agree with integers', () => {
  for (const [left, right] of pairs(20_000)) {
    const operands = `${left}, ${right}`;
    assert.equal(add(left, right), modulo(BigInt(left) + BigInt(right)), operands);
    assert.equal(subtract(left, right), modulo(BigInt(left) - BigInt(right)), operands);
    assert.equal(multiply(left, right), modulo(BigInt(left) * BigInt(right)), operands);
    assert.equal(negate(left), modulo(-BigInt(left)), operands);
  }
});

test('products next to a multiple of p are canonical', () => {
  // left * right = 0, 1 or -1 modulo p leaves no room for a quotient that is off by one.
  const random = createRandom(SEED + 1);
  for (let round = 0; round < 2_000; round++) {
    const value = random.word();
    if (value === 0) continue;
    assert.equal(multiply(value, inverse(value)), 1, `${value}`);
    assert.equal(multiply(value, negate(inverse(value))), MODULUS - 1, `${value}`);
  }
});

test('inverse of zero throws, alone and in a batch', () => {
  assert.throws(() => inverse(0), /zero has no inverse/);
  assert.throws(() => batchInverse(Uint32Array.of(5, 0, 7)), /element 1 is zero/);
  assert.deepEqual(batchInverse(new Uint32Array(0)), new Uint32Array(0));
});

test('batch inversion equals single inversions', () => {
  const random = createRandom(SEED + 2);
  for (const count of [1, 2, 3, 257]) {
    const values = random.words(count).map((word) => (word === 0 ? 1 : word));
    assert.deepEqual(batchInverse(values), values.map(inverse), `${count} values`);
  }
});

test('3 generates the multiplicative group', () => {
  // p - 1 = 2^24 * 127: no proper divisor of the order sends the generator to 1.
  assert.equal(MODULUS - 1, 127 * 2 ** TWO_ADICITY);
  assert.equal(power(GENERATOR, MODULUS - 1), 1);
  assert.notEqual(power(GENERATOR, (MODULUS - 1) / 2), 1);
  assert.notEqual(power(GENERATOR, (MODULUS - 1) / 127), 1);
});

test('roots of unity have exactly their order and square into each other', () => {
  assert.equal(rootOfUnity(0), 1);
  for (let logOrder = 1; logOrder <= TWO_ADICITY; logOrder++) {
    const root = rootOfUnity(logOrder);
    assert.equal(power(root, 2 ** (logOrder - 1)), MODULUS - 1, `order 2^${logOrder}`);
    assert.equal(multiply(root, root), rootOfUnity(logOrder - 1), `order 2^${logOrder}`);
  }
  assert.throws(() => rootOfUnity(25), RangeError);
  assert.throws(() => rootOfUnity(-1), RangeError);
});

test('canonical means an integer in 0..p-1', () => {
  for (const value of [0, 1, MODULUS - 1]) assert.equal(isCanonical(value), true, `${value}`);
  for (const value of [-1, MODULUS, 2 ** 31, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(isCanonical(value), false, `${value}`);
});

test('bit reversal is an involution that reads the index backwards', () => {
  assert.equal(reverseBits(0b001, 3), 0b100);
  assert.equal(reverseBits(0b0110, 4), 0b0110);
  assert.equal(reverseBits(0, 0), 0);
  for (let index = 0; index < 64; index++) assert.equal(reverseBits(reverseBits(index, 6), 6), index);
});
