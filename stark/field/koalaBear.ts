/**
 * The KoalaBear prime field, p = 2^31 - 2^24 + 1. Elements are canonical numbers in 0..p-1, or words of a `Uint32Array`.
 * Source: docs/spec/proof-system.md, section 1.
 */

/** p = 2^31 - 2^24 + 1 = 127 * 2^24 + 1. */
export const MODULUS = 0x7f000001;
/** p - 1 = 127 * 2^24, so the field has a multiplicative subgroup of every order up to 2^24. */
export const TWO_ADICITY = 24;
/** The least generator of the multiplicative group; also the shift of every evaluation coset. */
export const GENERATOR = 3;

const INVERSE_MODULUS = 1 / MODULUS;

/** True when `value` is an integer in 0..p-1. */
export function isCanonical(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < MODULUS;
}

export function add(left: number, right: number): number {
  const sum = left + right;
  return sum >= MODULUS ? sum - MODULUS : sum;
}

export function subtract(left: number, right: number): number {
  const difference = left - right;
  return difference < 0 ? difference + MODULUS : difference;
}

export function negate(value: number): number {
  return value === 0 ? 0 : MODULUS - value;
}

/**
 * Product of two canonical elements. The quotient is rounded in floating point: its error is below 2^-20, so the 32-bit
 * remainder lies within 2^11 of 0..p and one correction makes it canonical.
 */
export function multiply(left: number, right: number): number {
  const quotient = (left * right * INVERSE_MODULUS) | 0;
  const remainder = (Math.imul(left, right) - Math.imul(quotient, MODULUS)) | 0;
  if (remainder < 0) return remainder + MODULUS;
  return remainder >= MODULUS ? remainder - MODULUS : remainder;
}

/** `base` to a non-negative integer exponent below 2^53. */
export function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** The inverse of a non-zero element. Throws: RangeError on zero. */
export function inverse(value: number): number {
  if (value === 0) throw new RangeError('zero has no inverse in KoalaBear');
  return power(value, MODULUS - 2);
}

/**
 * The inverses of all elements as a new array, at the cost of one inversion and three products an element.
 * Throws: RangeError when an element is zero.
 */
export function batchInverse(values: Uint32Array): Uint32Array {
  const inverses = new Uint32Array(values.length);
  let product = 1;
  for (let index = 0; index < values.length; index++) {
    if (values[index] === 0) throw new RangeError(`element ${index} is zero and has no inverse in KoalaBear`);
    inverses[index] = product;
    product = multiply(product, values[index]!);
  }
  let rest = inverse(product);
  for (let index = values.length - 1; index >= 0; index--) {
    inverses[index] = multiply(inverses[index]!, rest);
    rest = multiply(rest, values[index]!);
  }
  return inverses;
}

/** The generator 3^(127 * 2^(24 - logOrder)) of the subgroup of order 2^logOrder, 0 <= logOrder <= 24. */
export function rootOfUnity(logOrder: number): number {
  if (!Number.isInteger(logOrder) || logOrder < 0 || logOrder > TWO_ADICITY) {
    throw new RangeError(`no subgroup of order 2^${logOrder} in KoalaBear (0..${TWO_ADICITY})`);
  }
  return power(GENERATOR, 127 * 2 ** (TWO_ADICITY - logOrder));
}

/** Reverses the low `bits` bits of `index`. */
export function reverseBits(index: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit++) reversed = (reversed << 1) | ((index >>> bit) & 1);
  return reversed >>> 0;
}
