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

/** Schoolbook product; x^5 = 1 - x^2, x^6 = x - x^3, x^7 = x^2 - x^4, x^8 = x^3 - x^5 = x^3 + x^2 - 1. */
export function multiply(left: Extension, right: Extension): Extension {
  const product = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < DEGREE; i++) {
    for (let j = 0; j < DEGREE; j++) {
      product[i + j] = base.add(product[i + j]!, base.multiply(left[i]!, right[j]!));
    }
  }
  const [p0, p1, p2, p3, p4, p5, p6, p7, p8] = product as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return [
    base.subtract(base.add(p0, p5), p8),
    base.add(p1, p6),
    base.add(base.subtract(base.add(p2, p7), p5), p8),
    base.add(base.subtract(p3, p6), p8),
    base.subtract(p4, p7),
  ];
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
