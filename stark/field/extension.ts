/**
 * The extension F_p[x] / (x^5 + x^2 - 1) of KoalaBear, in which every challenge lives. An element is five canonical
 * words, lowest coefficient first; x^5 = 1 - x^2.
 * Source: docs/spec/proof-system.md, section 1.
 */
import * as base from './koalaBear.ts';

/** Words of an extension element. */
export const DEGREE = 5;

export type Extension = readonly [number, number, number, number, number];

export const ZERO: Extension = [0, 0, 0, 0, 0];
export const ONE: Extension = [1, 0, 0, 0, 0];

export function fromBase(value: number): Extension {
  return [value, 0, 0, 0, 0];
}

/** The element at words `offset`..`offset + 4`. Throws: RangeError past the end. */
export function read(words: ArrayLike<number>, offset: number): Extension {
  if (offset < 0 || offset + DEGREE > words.length)
    throw new RangeError(`no extension element at word ${offset} of ${words.length}`);
  return [words[offset]!, words[offset + 1]!, words[offset + 2]!, words[offset + 3]!, words[offset + 4]!];
}

export function write(words: Uint32Array, offset: number, value: Extension): void {
  words.set(value, offset);
}

export function equals(left: Extension, right: Extension): boolean {
  return left.every((word, index) => word === right[index]);
}

export function isZero(value: Extension): boolean {
  return equals(value, ZERO);
}

export function add(left: Extension, right: Extension): Extension {
  return [
    base.add(left[0], right[0]),
    base.add(left[1], right[1]),
    base.add(left[2], right[2]),
    base.add(left[3], right[3]),
    base.add(left[4], right[4]),
  ];
}

export function subtract(left: Extension, right: Extension): Extension {
  return [
    base.subtract(left[0], right[0]),
    base.subtract(left[1], right[1]),
    base.subtract(left[2], right[2]),
    base.subtract(left[3], right[3]),
    base.subtract(left[4], right[4]),
  ];
}

export function negate(value: Extension): Extension {
  return subtract(ZERO, value);
}

export function multiplyByBase(left: Extension, right: number): Extension {
  return [
    base.multiply(left[0], right),
    base.multiply(left[1], right),
    base.multiply(left[2], right),
    base.multiply(left[3], right),
    base.multiply(left[4], right),
  ];
}

/** Splits the left factor's words so that sums of products stay exact in a double. */
const SPLIT = 2 ** 16;
const INVERSE_MODULUS = 1 / base.MODULUS;

/**
 * The residue of an integer of magnitude below 2^52. The rounded quotient is off by at most one, and its product with p
 * is exact.
 */
function reduce(value: number): number {
  // The conversion to int32 is exact and keeps elements small integers for the engine.
  const remainder = (value - Math.floor(value * INVERSE_MODULUS) * base.MODULUS) | 0;
  if (remainder < 0) return remainder + base.MODULUS;
  return remainder >= base.MODULUS ? remainder - base.MODULUS : remainder;
}

/**
 * low + 2^16 * high modulo p. A coefficient of a product is a signed sum of at most 9 terms (low word below 2^16) *
 * (below 2^31), so both halves stay below 2^51.
 */
function joinHalves(low: number, high: number): number {
  return reduce(low + SPLIT * reduce(high));
}

/** Product. x^5 = 1 - x^2, x^6 = x - x^3, x^7 = x^2 - x^4, x^8 = x^3 - x^5 = x^3 + x^2 - 1. */
export function multiply(left: Extension, right: Extension): Extension {
  const [r0, r1, r2, r3, r4] = right;
  // The left factor is low + 2^16 * high, word by word.
  const h0 = left[0] >>> 16;
  const h1 = left[1] >>> 16;
  const h2 = left[2] >>> 16;
  const h3 = left[3] >>> 16;
  const h4 = left[4] >>> 16;
  const l0 = left[0] & 0xffff;
  const l1 = left[1] & 0xffff;
  const l2 = left[2] & 0xffff;
  const l3 = left[3] & 0xffff;
  const l4 = left[4] & 0xffff;
  // Coefficients 5..8 of the unreduced product.
  const low5 = l1 * r4 + l2 * r3 + l3 * r2 + l4 * r1;
  const low6 = l2 * r4 + l3 * r3 + l4 * r2;
  const low7 = l3 * r4 + l4 * r3;
  const low8 = l4 * r4;
  const high5 = h1 * r4 + h2 * r3 + h3 * r2 + h4 * r1;
  const high6 = h2 * r4 + h3 * r3 + h4 * r2;
  const high7 = h3 * r4 + h4 * r3;
  const high8 = h4 * r4;
  return [
    joinHalves(l0 * r0 + low5 - low8, h0 * r0 + high5 - high8),
    joinHalves(l0 * r1 + l1 * r0 + low6, h0 * r1 + h1 * r0 + high6),
    joinHalves(
      l0 * r2 + l1 * r1 + l2 * r0 + low7 - low5 + low8,
      h0 * r2 + h1 * r1 + h2 * r0 + high7 - high5 + high8,
    ),
    joinHalves(
      l0 * r3 + l1 * r2 + l2 * r1 + l3 * r0 - low6 + low8,
      h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 - high6 + high8,
    ),
    joinHalves(
      l0 * r4 + l1 * r3 + l2 * r2 + l3 * r1 + l4 * r0 - low7,
      h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0 - high7,
    ),
  ];
}

/**
 * The sum over k < count of factors[factorStart + k] * (packed element k at elements[elementStart]); count <= 8, so that sums
 * of products stay exact in a double.
 */
export function weightedSum(
  factors: ArrayLike<number>,
  factorStart: number,
  elements: ArrayLike<number>,
  elementStart: number,
  count: number,
): Extension {
  let [low0, low1, low2, low3, low4] = [0, 0, 0, 0, 0];
  let [high0, high1, high2, high3, high4] = [0, 0, 0, 0, 0];
  for (let k = 0, word = elementStart; k < count; k++, word += DEGREE) {
    const factor = factors[factorStart + k]!;
    const low = factor & 0xffff;
    const high = factor >>> 16;
    low0 += low * elements[word]!;
    high0 += high * elements[word]!;
    low1 += low * elements[word + 1]!;
    high1 += high * elements[word + 1]!;
    low2 += low * elements[word + 2]!;
    high2 += high * elements[word + 2]!;
    low3 += low * elements[word + 3]!;
    high3 += high * elements[word + 3]!;
    low4 += low * elements[word + 4]!;
    high4 += high * elements[word + 4]!;
  }
  return [
    joinHalves(low0, high0),
    joinHalves(low1, high1),
    joinHalves(low2, high2),
    joinHalves(low3, high3),
    joinHalves(low4, high4),
  ];
}

export function square(value: Extension): Extension {
  return multiply(value, value);
}

/** `value` to a non-negative integer exponent below 2^53. */
export function power(value: Extension, exponent: number): Extension {
  let result = ONE;
  let square = value;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** FROBENIUS[i] = x^(i * p): the map value -> value^p is linear and fixes the base field. */
const FROBENIUS: readonly Extension[] = [0, 1, 2, 3, 4].map((exponent) =>
  power(power([0, 1, 0, 0, 0], base.MODULUS), exponent),
);

/** `value` to the p-th power, an automorphism of order 5. */
export function frobenius(value: Extension): Extension {
  let image = ZERO;
  for (let word = 0; word < DEGREE; word++)
    image = add(image, multiplyByBase(FROBENIUS[word]!, value[word]!));
  return image;
}

/**
 * The inverse of a non-zero element, after Itoh and Tsujii: value^(p + p^2 + p^3 + p^4) divided by the norm, which is
 * that times value and lies in the base field. Throws: RangeError on zero.
 */
export function inverse(value: Extension): Extension {
  if (isZero(value)) throw new RangeError('zero has no inverse in the extension of KoalaBear');
  const first = frobenius(value);
  const pair = multiply(first, frobenius(first));
  const conjugates = multiply(pair, frobenius(frobenius(pair)));
  const norm = multiply(value, conjugates)[0];
  return multiplyByBase(conjugates, base.inverse(norm));
}

/**
 * The inverses of all elements, at the cost of one inversion and three products an element. Throws: RangeError when an
 * element is zero.
 */
export function batchInverse(values: readonly Extension[]): Extension[] {
  const prefixes: Extension[] = [];
  let product = ONE;
  for (const [index, value] of values.entries()) {
    if (isZero(value)) throw new RangeError(`element ${index} is zero and has no inverse in the extension`);
    prefixes.push(product);
    product = multiply(product, value);
  }
  let rest = inverse(product);
  for (let index = values.length - 1; index >= 0; index--) {
    prefixes[index] = multiply(prefixes[index]!, rest);
    rest = multiply(rest, values[index]!);
  }
  return prefixes;
}
