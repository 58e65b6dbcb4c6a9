/** The reference transforms against evaluation by definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Extension, fromBase } from '../../stark/field/extension.ts';
import { GENERATOR, multiply, power, reverseBits, rootOfUnity } from '../../stark/field/koalaBear.ts';
import {
  bitReverse,
  evaluateOnCoset,
  evaluatePolynomial,
  extendColumn,
  forward,
  inverse,
} from '../../stark/field/ntt.ts';
import { createRandom } from '../support/random.ts';

const SEED = 21;

function evaluateAt(coefficients: Uint32Array, point: number): number {
  return evaluatePolynomial(coefficients, fromBase(point))[0];
}

test('forward evaluates at the powers of the root of unity', () => {
  const random = createRandom(SEED);
  for (let logSize = 0; logSize <= 6; logSize++) {
    const coefficients = random.words(2 ** logSize);
    const expected = coefficients.map((_, index) =>
      evaluateAt(coefficients, power(rootOfUnity(logSize), index)),
    );
    assert.deepEqual(forward(coefficients, logSize), expected, `log size ${logSize}`);
  }
});

test('inverse undoes forward', () => {
  const random = createRandom(SEED + 1);
  for (const logSize of [0, 1, 2, 7, 12]) {
    const coefficients = random.words(2 ** logSize);
    assert.deepEqual(inverse(forward(coefficients, logSize), logSize), coefficients, `log size ${logSize}`);
    assert.deepEqual(forward(inverse(coefficients, logSize), logSize), coefficients, `log size ${logSize}`);
  }
});

test('an extended column holds the value at 3 * w^reverse(j) at position j', () => {
  const random = createRandom(SEED + 2);
  for (const [logHeight, logBlowup] of [
    [0, 2],
    [1, 1],
    [3, 2],
    [5, 3],
  ] as const) {
    const evaluations = random.words(2 ** logHeight);
    const coefficients = inverse(evaluations, logHeight);
    const logSize = logHeight + logBlowup;
    const extended = extendColumn(evaluations, logBlowup);
    assert.equal(extended.length, 2 ** logSize);
    for (let position = 0; position < extended.length; position++) {
      const point = multiply(GENERATOR, power(rootOfUnity(logSize), reverseBits(position, logSize)));
      assert.equal(
        extended[position],
        evaluateAt(coefficients, point),
        `2^${logHeight}, position ${position}`,
      );
    }
    assert.deepEqual(evaluateOnCoset(coefficients, logSize, GENERATOR), extended);
  }
});

test('the first part of an extension is the extension with a smaller blow-up', () => {
  const evaluations = createRandom(SEED + 3).words(16);
  assert.deepEqual(extendColumn(evaluations, 3).slice(0, 32), extendColumn(evaluations, 1));
});

test('polynomials are evaluated at points of the extension', () => {
  const point: Extension = [0, 1, 0, 0, 0];
  assert.deepEqual(evaluatePolynomial([1, 2, 3, 4, 5], point), [1, 2, 3, 4, 5]);
  assert.deepEqual(evaluatePolynomial([], point), [0, 0, 0, 0, 0]);
});

test('wrong lengths are refused', () => {
  assert.throws(() => forward(new Uint32Array(3), 2), RangeError);
  assert.throws(() => bitReverse(new Uint32Array(4), 3), RangeError);
  assert.throws(() => evaluateOnCoset(new Uint32Array(5), 2, 1), RangeError);
  assert.throws(() => extendColumn(new Uint32Array(6), 1), RangeError);
});
