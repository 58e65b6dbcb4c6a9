/** Laws of the extension x^5 + x^2 - 1, and the facts that make it a field. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  add,
  batchInverse,
  type Extension,
  equals,
  frobenius,
  fromBase,
  inverse,
  isZero,
  multiply,
  multiplyByBase,
  negate,
  ONE,
  power,
  read,
  square,
  subtract,
  write,
  ZERO,
} from '../../stark/field/extension.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { createRandom, type Random } from '../support/random.ts';

const SEED = 11;
const X: Extension = [0, 1, 0, 0, 0];

function element(random: Random): Extension {
  const edge = (): number => [0, 1, 0xffff, 0x10000, MODULUS - 1][random.below(5)]!;
  const word = (): number => (random.below(4) === 0 ? edge() : random.word());
  return [word(), word(), word(), word(), word()];
}

/** The product by definition: polynomials over the integers, then x^5 = 1 - x^2 from the top. */
function multiplyByDefinition(left: Extension, right: Extension): Extension {
  const p = BigInt(MODULUS);
  const product: bigint[] = Array.from({ length: 9 }, () => 0n);
  for (const [i, leftWord] of left.entries()) {
    for (const [j, rightWord] of right.entries()) product[i + j]! += BigInt(leftWord) * BigInt(rightWord);
  }
  for (let exponent = 8; exponent >= 5; exponent--) {
    product[exponent - 5]! += product[exponent]!;
    product[exponent - 3]! -= product[exponent]!;
  }
  return product.slice(0, 5).map((word) => Number(((word % p) + p) % p)) as unknown as Extension;
}

test('products agree with the definition', () => {
  const random = createRandom(SEED);
  for (let round = 0; round < 5_000; round++) {
    const left = element(random);
    const right = element(random);
    assert.deepEqual(multiply(left, right), multiplyByDefinition(left, right), `${left} * ${right}`);
    assert.deepEqual(square(left), multiplyByDefinition(left, left), `${left} squared`);
  }
  const top: Extension = [MODULUS - 1, MODULUS - 1, MODULUS - 1, MODULUS - 1, MODULUS - 1];
  assert.deepEqual(multiply(top, top), multiplyByDefinition(top, top));
});

test('ring laws', () => {
  const random = createRandom(SEED + 1);
  for (let round = 0; round < 500; round++) {
    const [a, b, c] = [element(random), element(random), element(random)];
    assert.deepEqual(multiply(a, b), multiply(b, a));
    assert.deepEqual(multiply(multiply(a, b), c), multiply(a, multiply(b, c)));
    assert.deepEqual(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)));
    assert.deepEqual(add(subtract(a, b), b), a);
    assert.deepEqual(add(a, negate(a)), ZERO);
    assert.deepEqual(multiply(a, ONE), a);
    assert.deepEqual(multiply(a, fromBase(b[0])), multiplyByBase(a, b[0]));
  }
});

test('x^5 + x^2 - 1 is zero at x', () => {
  assert.deepEqual(add(power(X, 5), subtract(power(X, 2), ONE)), ZERO);
});

test('the modulus is irreducible', () => {
  // Rabin's test. x^(p^5) = x: every irreducible factor has a degree that divides 5. x^p - x is a unit: none has degree 1.
  let image = X;
  for (let round = 0; round < 5; round++) image = power(image, MODULUS);
  assert.deepEqual(image, X);
  const difference = subtract(power(X, MODULUS), X);
  assert.deepEqual(multiply(difference, inverse(difference)), ONE);
});

test('Frobenius is the p-th power, an automorphism of order 5', () => {
  const random = createRandom(SEED + 2);
  for (let round = 0; round < 20; round++) {
    const [a, b] = [element(random), element(random)];
    assert.deepEqual(frobenius(a), power(a, MODULUS));
    assert.deepEqual(frobenius(multiply(a, b)), multiply(frobenius(a), frobenius(b)));
    let image = a;
    for (let times = 0; times < 5; times++) image = frobenius(image);
    assert.deepEqual(image, a);
  }
});

test('inverses', () => {
  const random = createRandom(SEED + 3);
  const values = Array.from({ length: 500 }, () => element(random)).filter((value) => !isZero(value));
  for (const value of values) assert.deepEqual(multiply(value, inverse(value)), ONE, `${value}`);
  assert.deepEqual(batchInverse(values), values.map(inverse));
  assert.deepEqual(batchInverse([]), []);
  assert.throws(() => inverse(ZERO), /zero has no inverse/);
  assert.throws(() => batchInverse([ONE, ZERO]), /element 1 is zero/);
});

test('elements are read and written at any word', () => {
  const words = new Uint32Array(9);
  write(words, 3, [1, 2, 3, 4, 5]);
  assert.deepEqual([...words], [0, 0, 0, 1, 2, 3, 4, 5, 0]);
  assert.deepEqual(read(words, 3), [1, 2, 3, 4, 5]);
  assert.throws(() => read(words, 5), RangeError);
  assert.throws(() => read(words, -1), RangeError);
  assert.equal(equals([1, 2, 3, 4, 5], [1, 2, 3, 4, 6]), false);
});
