/**
 * What the operations of the extension table compute, on plain words and elements: shared by execution and trace.
 * Source: machine/extension/README.md.
 */
import {
  add,
  DEGREE,
  type Extension,
  isZero,
  multiply,
  multiplyByBase,
  ONE,
  read,
  subtract,
  weightedSum,
  write,
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

/** The tensor challenges r_0, r_1, r_2 of the 40 words of a row, packed in the two challenge slots. */
export function challengesOf(words: Uint32Array): [Extension, Extension, Extension] {
  const first = SLOT.dot.challenges * ROW_WORDS;
  const second = SLOT.dot.moreChallenges * ROW_WORDS;
  return [
    read(words, first),
    [words[first + 5]!, words[first + 6]!, words[first + 7]!, words[second]!, words[second + 1]!],
    read(words, second + 2),
  ];
}

/** The elements and the base factors of `tensorDot`; nothing is kept in these between calls. */
const dotElements = new Uint32Array(7 * DEGREE);
const dotFactors = new Uint32Array(7);

function setDotTerm(term: number, element: Extension, factor: number): void {
  const word = term * DEGREE;
  dotElements[word] = element[0];
  dotElements[word + 1] = element[1];
  dotElements[word + 2] = element[2];
  dotElements[word + 3] = element[3];
  dotElements[word + 4] = element[4];
  dotFactors[term] = factor;
}

/**
 * The dot columns of a row: with factor = r_1 * r_2 the sum over l of word_l * product over j of (bit j of l ? r_j : 1 - r_j),
 * words 0..7 of the row. Any words and factor. With u_k = word_(2k) + step_k * r_0 it is
 * u_0 + r_1 * (u_1 - u_0) + r_2 * (u_2 - u_0) + factor * (u_3 - u_2 - u_1 + u_0).
 */
export function tensorDot(words: Uint32Array, factor: Extension): Extension {
  const [r0, r1, r2] = challengesOf(words);
  const first = SLOT.dot.block * ROW_WORDS;
  const w0 = words[first]!;
  const w2 = words[first + 2]!;
  const w4 = words[first + 4]!;
  const step0 = base.subtract(words[first + 1]!, w0);
  const step1 = base.subtract(words[first + 3]!, w2);
  const step2 = base.subtract(words[first + 5]!, w4);
  setDotTerm(0, r0, step0);
  setDotTerm(1, r1, base.subtract(w2, w0));
  setDotTerm(2, r2, base.subtract(w4, w0));
  setDotTerm(3, multiply(r0, r1), base.subtract(step1, step0));
  setDotTerm(4, multiply(r0, r2), base.subtract(step2, step0));
  let terms = 5;
  if (!isZero(factor)) {
    const w6 = words[first + 6]!;
    const step3 = base.subtract(words[first + 7]!, w6);
    setDotTerm(5, factor, base.subtract(base.subtract(w6, w4), base.subtract(w2, w0)));
    setDotTerm(
      6,
      multiply(r0, factor),
      base.subtract(base.subtract(step3, step2), base.subtract(step1, step0)),
    );
    terms = 7;
  }
  const sum = weightedSum(dotFactors, 0, dotElements, 0, terms);
  return [base.add(sum[0], w0), sum[1], sum[2], sum[3], sum[4]];
}

/** What the rows of a DOT8 share that have the same challenges. */
export interface Tensor {
  /** r_1 * r_2. */
  readonly factor: Extension;
  /** Packed: weight l is the product over j of (bit j of l ? r_j : 1 - r_j). */
  readonly weights: Uint32Array;
}

export function tensorOf([r0, r1, r2]: readonly [Extension, Extension, Extension]): Tensor {
  const factor = multiply(r1, r2);
  const only1 = subtract(r1, factor);
  const only2 = subtract(r2, factor);
  const weights = new Uint32Array(PACKED_ELEMENTS * DEGREE);
  [subtract(subtract(ONE, r1), only2), only1, only2, factor].forEach((weight, pair) => {
    const odd = multiply(weight, r0);
    write(weights, 2 * pair * DEGREE, subtract(weight, odd));
    write(weights, (2 * pair + 1) * DEGREE, odd);
  });
  return { factor, weights };
}

/** `tensorDot` of the eight words from `start` on, from the tensor of the row's challenges. */
export function dotWithTensor(words: Uint32Array, start: number, tensor: Tensor): Extension {
  return weightedSum(words, start, tensor.weights, 0, PACKED_ELEMENTS);
}

/** The powers y, y^2, …, y^8. */
export function powersOf(y: number): number[] {
  const powers = [y];
  while (powers.length < PACKED_ELEMENTS) powers.push(base.multiply(powers[powers.length - 1]!, y));
  return powers;
}

/** Sum over k of c_k * y^k + accumulator * y^8, c_0..c_7 packed in 40 words; powers from `powersOf`. */
export function evaluatePacked(
  words: ArrayLike<number>,
  powers: readonly number[],
  accumulator: Extension,
): Extension {
  const carried = multiplyByBase(accumulator, powers[PACKED_ELEMENTS - 1]!);
  const rest = weightedSum(powers, 0, words, DEGREE, PACKED_ELEMENTS - 1);
  return add(add(carried, read(words, 0)), rest);
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
  return add(accumulator, weightedSum(constants, 0, words, 0, PACKED_ELEMENTS));
}

/** Elements of the leaf of a FOLD8 whose operand D is the number of elements plus the place in the leaf. */
export function foldArity(d: number): number {
  if (d >= 8) return 8;
  return d >= 4 ? 4 : 2;
}
