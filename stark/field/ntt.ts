/**
 * Number-theoretic transforms over KoalaBear in plain TypeScript: the reference for the kernels. Canonical words, one
 * column an array; coefficients lowest first. Source: docs/spec/proof-system.md, section 1.
 */
import * as extension from './extension.ts';
import {
  add,
  GENERATOR,
  inverse as invert,
  multiply,
  reverseBits,
  rootOfUnity,
  subtract,
} from './koalaBear.ts';

/** Powers w^0 .. w^(2^logSize / 2 - 1) of the root of unity, kept by log size. */
const twiddlesByLogSize = new Map<number, Uint32Array>();

function twiddles(logSize: number): Uint32Array {
  const known = twiddlesByLogSize.get(logSize);
  if (known !== undefined) return known;
  const root = rootOfUnity(logSize);
  const powers = new Uint32Array(Math.max(1, 2 ** logSize / 2));
  let power = 1;
  for (let exponent = 0; exponent < powers.length; exponent++) {
    powers[exponent] = power;
    power = multiply(power, root);
  }
  twiddlesByLogSize.set(logSize, powers);
  return powers;
}

function checkLength(values: Uint32Array, logSize: number): void {
  if (values.length !== 2 ** logSize)
    throw new RangeError(
      `a transform of log size ${logSize} takes ${2 ** logSize} values, got ${values.length}`,
    );
}

/** Decimation in frequency, in place: coefficients in natural order to evaluations in bit-reversed order. */
function transformToBitReversed(values: Uint32Array, logSize: number): void {
  const powers = twiddles(logSize);
  const size = values.length;
  for (let half = size / 2; half >= 1; half /= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let index = 0; index < half; index++) {
        const first = values[start + index]!;
        const second = values[start + half + index]!;
        values[start + index] = add(first, second);
        values[start + half + index] = multiply(subtract(first, second), powers[index * stride]!);
      }
    }
  }
}

/** values[reverse(i)] for every i, as a new array; its own inverse. */
export function bitReverse(values: Uint32Array, logSize: number): Uint32Array {
  checkLength(values, logSize);
  const reordered = new Uint32Array(values.length);
  for (let index = 0; index < values.length; index++) {
    reordered[index] = values[reverseBits(index, logSize)]!;
  }
  return reordered;
}

/** Coefficients to evaluations on the subgroup of order 2^logSize, both in natural order, as a new array. */
export function forward(values: Uint32Array, logSize: number): Uint32Array {
  checkLength(values, logSize);
  const evaluations = values.slice();
  transformToBitReversed(evaluations, logSize);
  return bitReverse(evaluations, logSize);
}

/** Evaluations on the subgroup of order 2^logSize to coefficients, both in natural order, as a new array. */
export function inverse(values: Uint32Array, logSize: number): Uint32Array {
  const transformed = forward(values, logSize);
  const size = values.length;
  const scale = invert(size);
  const coefficients = new Uint32Array(size);
  // The inverse transform reads w^-1 for w: position i of it is position -i of the forward one, over the size.
  for (let index = 0; index < size; index++) {
    coefficients[index] = multiply(transformed[(size - index) % size]!, scale);
  }
  return coefficients;
}

/**
 * Coefficients (at most 2^logSize of them) to evaluations on shift * <w_logSize>, in bit-reversed order: position j holds
 * the value at shift * w^reverse(j).
 */
export function evaluateOnCoset(coefficients: Uint32Array, logSize: number, shift: number): Uint32Array {
  if (coefficients.length > 2 ** logSize)
    throw new RangeError(`${coefficients.length} coefficients do not fit a coset of 2^${logSize} points`);
  const evaluations = new Uint32Array(2 ** logSize);
  let power = 1;
  for (let exponent = 0; exponent < coefficients.length; exponent++) {
    evaluations[exponent] = multiply(coefficients[exponent]!, power);
    power = multiply(power, shift);
  }
  transformToBitReversed(evaluations, logSize);
  return evaluations;
}

/**
 * The low-degree extension of a column: evaluations in natural order on <w_h>, h the log of their number, to evaluations
 * in bit-reversed order on 3 * <w_(h + logBlowup)>.
 */
export function extendColumn(evaluations: Uint32Array, logBlowup: number): Uint32Array {
  const logSize = Math.log2(evaluations.length);
  return evaluateOnCoset(inverse(evaluations, logSize), logSize + logBlowup, GENERATOR);
}

/** The polynomial with base coefficients, lowest first, at a point of the extension. */
export function evaluatePolynomial(
  coefficients: ArrayLike<number>,
  point: extension.Extension,
): extension.Extension {
  let value = extension.ZERO;
  for (let exponent = coefficients.length - 1; exponent >= 0; exponent--) {
    value = extension.multiply(value, point);
    value = extension.add(value, extension.fromBase(coefficients[exponent]!));
  }
  return value;
}
