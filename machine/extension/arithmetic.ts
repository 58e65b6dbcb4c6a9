/**
 * What the operations of the extension table compute, on plain words and elements: shared by execution and trace.
 * Source: machine/extension/README.md.
 */
import {
  add,
  DEGREE,
  type Extension,
  multiply,
  multiplyByBase,
  read,
  subtract,
} from '../../stark/field/extension.ts';
import * as base from '../../stark/field/koalaBear.ts';
import { ROW_WORDS } from '../buses.ts';
import { PACKED_ELEMENTS, SLOT } from './columns.ts';
import { interpolate } from './interpolation.ts';

/** Packed elements of consecutive rows. */
export function unpack(words: ArrayLike<number>, count: number): Extension[] {
  return Array.from({ length: count }, (_, element) => read(words, element * DEGREE));
}

/** The element in words 0..4 of a slot. */
export function elementOfSlot(words: ArrayLike<number>, slot: number): Extension {
  return read(words, slot * ROW_WORDS);
}

/** left + factor * (right - left), left and right base words. */
function between(left: number, right: number, factor: Extension): Extension {
  const scaled = multiplyByBase(factor, base.subtract(right, left));
  return [base.add(scaled[0], left), scaled[1], scaled[2], scaled[3], scaled[4]];
}

/** The tensor challenges r_0, r_1, r_2 of the 40 words of a row, packed in the two challenge slots. */
export function challengesOf(words: Uint32Array): [Extension, Extension, Extension] {
  const joined = new Uint32Array(2 * ROW_WORDS);
  joined.set(words.subarray(SLOT.dot.challenges * ROW_WORDS, (SLOT.dot.challenges + 1) * ROW_WORDS));
  joined.set(
    words.subarray(SLOT.dot.moreChallenges * ROW_WORDS, (SLOT.dot.moreChallenges + 1) * ROW_WORDS),
    ROW_WORDS,
  );
  return [read(joined, 0), read(joined, DEGREE), read(joined, 2 * DEGREE)];
}

/**
 * The dot columns of a row: with factor = r_1 * r_2 the sum over l of word_l * product over j of (bit j of l ? r_j : 1 - r_j),
 * words 0..7 of the row.
 */
export function tensorDot(words: Uint32Array, factor: Extension): Extension {
  const [r0, r1, r2] = challengesOf(words);
  const first = SLOT.dot.block * ROW_WORDS;
  const [u0, u1, u2, u3] = [0, 2, 4, 6].map((lane) =>
    between(words[first + lane]!, words[first + lane + 1]!, r0),
  ) as [Extension, Extension, Extension, Extension];
  const difference = subtract(u1, u0);
  return add(
    add(u0, multiply(r1, difference)),
    add(multiply(r2, subtract(u2, u0)), multiply(factor, subtract(subtract(u3, u2), difference))),
  );
}

/** The powers y, y^2, …, y^8. */
export function powersOf(y: number): number[] {
  const powers = [y];
  while (powers.length < PACKED_ELEMENTS) powers.push(base.multiply(powers[powers.length - 1]!, y));
  return powers;
}

/** Sum over k of c_k * y^k + accumulator * y^8, c_0..c_7 packed in 40 words. */
export function evaluatePacked(
  words: ArrayLike<number>,
  powers: readonly number[],
  accumulator: Extension,
): Extension {
  let sum = multiplyByBase(accumulator, powers[PACKED_ELEMENTS - 1]!);
  unpack(words, PACKED_ELEMENTS).forEach((coefficient, k) => {
    sum = add(sum, k === 0 ? coefficient : multiplyByBase(coefficient, powers[k - 1]!));
  });
  return sum;
}

/** Coefficients from the values of a leaf; see interpolation.ts. */
function coefficientsOf(values: readonly Extension[]): Extension[] {
  const inverseCount = base.inverse(values.length);
  return interpolate(values, { add, subtract, scale: multiplyByBase }).map((coefficient) =>
    multiplyByBase(coefficient, inverseCount),
  );
}

/** One row of a fold: what it joins, at which power of z, and what comes out. */
export interface FoldRow {
  readonly factor: Extension;
  readonly joined: readonly Extension[];
}

/** The rows of a fold of 2, 4 or 8 values at z = beta / y; the last row joins to the folded value. */
export function foldRows(values: readonly Extension[], z: Extension): FoldRow[] {
  const factors = [z];
  while (2 ** factors.length < values.length) factors.unshift(multiply(factors[0]!, factors[0]!));
  let coefficients = coefficientsOf(values);
  return factors.map((factor) => {
    const half = coefficients.length / 2;
    coefficients = coefficients
      .slice(0, half)
      .map((low, index) => add(low, multiply(factor, coefficients[half + index]!)));
    return { factor, joined: coefficients };
  });
}

/** accumulator + the sum over l of constant l times packed element l. */
export function combinePacked(
  words: ArrayLike<number>,
  constants: ArrayLike<number>,
  accumulator: Extension,
): Extension {
  return unpack(words, PACKED_ELEMENTS).reduce(
    (sum, element, l) => add(sum, multiplyByBase(element, constants[l]!)),
    accumulator,
  );
}

/** Elements of the leaf of a FOLD8 whose operand D is the number of elements plus the place in the leaf. */
export function foldArity(d: number): number {
  if (d >= 8) return 8;
  return d >= 4 ? 4 : 2;
}
