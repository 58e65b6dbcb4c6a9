/**
 * Extension elements of a guest program: five cells each, and the arithmetic on them by the machine's plain instructions.
 * Source: docs/spec/proof-system.md, section 1.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import type { VerifierAlgebra } from '../../stark/air/evaluate.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { HINT } from './hintNames.ts';

/** Five words, lowest coefficient first; constants where they are known while building. */
export type Element = readonly Value[];

export interface ElementOperations extends VerifierAlgebra<Element> {
  fromValue(value: Value): Element;
  /** The five words from word `firstWord` of consecutive rows on. */
  load(rows: Row, firstWord: number): Element;
  multiplyByValue(element: Element, factor: Value): Element;
  /** The element minus a base value. */
  subtractValue(element: Element, value: Value): Element;
  assertEqual(left: Element, right: Element): void;
  /** Asserts that the element lies outside of the base field. */
  assertOutsideBase(element: Element): void;
}

function isConstant(value: Value, constant: number): boolean {
  return value.kind === 'constant' && value.value === constant;
}

export function elementOperations(program: ProgramBuilder): ElementOperations {
  const zero = program.constant(0);

  const add = (left: Value, right: Value): Value =>
    isConstant(left, 0) ? right : isConstant(right, 0) ? left : program.add(left, right);
  const subtract = (left: Value, right: Value): Value =>
    isConstant(right, 0) ? left : program.subtract(left, right);
  const multiply = (left: Value, right: Value): Value => {
    if (isConstant(left, 0) || isConstant(right, 0)) return zero;
    if (isConstant(left, 1)) return right;
    return isConstant(right, 1) ? left : program.multiply(left, right);
  };
  const sumOf = (terms: readonly Value[]): Value => terms.reduce(add, zero);
  const pairwise = (operation: (left: Value, right: Value) => Value, left: Element, right: Element) =>
    left.map((word, index) => operation(word, right[index]!));

  /** x^5 = 1 - x^2, x^6 = x - x^3, x^7 = x^2 - x^4, x^8 = x^3 + x^2 - 1. */
  function product(left: Element, right: Element): Element {
    const coefficient = Array.from({ length: 2 * DEGREE - 1 }, (_, degree) =>
      sumOf(
        left.flatMap((word, index) => {
          const other = right[degree - index];
          return other === undefined ? [] : [multiply(word, other)];
        }),
      ),
    );
    const [c0, c1, c2, c3, c4, c5, c6, c7, c8] = coefficient;
    return [
      subtract(add(c0!, c5!), c8!),
      add(c1!, c6!),
      subtract(sumOf([c2!, c7!, c8!]), c5!),
      subtract(add(c3!, c8!), c6!),
      subtract(c4!, c7!),
    ];
  }

  const operations: ElementOperations = {
    constant: (value) => [program.constant(value), zero, zero, zero, zero],
    fromValue: (value) => [value, zero, zero, zero, zero],
    load: (rows, firstWord) =>
      Array.from({ length: DEGREE }, (_, word) => program.load(rows, firstWord + word)),
    add: (left, right) => pairwise(add, left, right),
    subtract: (left, right) => pairwise(subtract, left, right),
    multiply: product,
    multiplyByBase: (element, factor) => element.map((word) => multiply(word, program.constant(factor))),
    multiplyByValue: (element, factor) => element.map((word) => multiply(word, factor)),
    multiplyByX: ([w0, w1, w2, w3, w4]) => [w4!, w0!, subtract(w1!, w4!), w2!, w3!],
    subtractValue: ([first, ...rest], value) => [subtract(first!, value), ...rest],
    divide(dividend, divisor) {
      const quotient: Element = program.hint(HINT.quotient, [...dividend, ...divisor], DEGREE);
      operations.assertEqual(product(quotient, divisor), dividend);
      return quotient;
    },
    assertEqual(left, right) {
      for (const [index, word] of left.entries()) program.assertEqual(word, right[index]!);
    },
    assertOutsideBase(element) {
      const upper = element.slice(1);
      const factors: readonly Value[] = program.hint(HINT.unitFactors, upper, upper.length as number);
      program.assertEqual(sumOf(upper.map((word, index) => multiply(word, factors[index]!))), 1);
    },
  };
  return operations;
}
