/**
 * One FRI fold of one coset inside a guest program: stark/foldLeaf.ts with the query's place in the coset as bits.
 * Source: docs/spec/proof-system.md, section 9, step 3.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { inverse, MODULUS, multiply, rootOfUnity } from '../../stark/field/koalaBear.ts';
import type { Element, ElementOperations } from './elements.ts';

const HALF = (MODULUS + 1) / 2;

/** The product over the set bits j of `place` of the inverse of the root of order 2^(j + 1). */
function inverseOffset(place: number): number {
  let product = 1;
  for (let bit = 0; place >>> bit > 0; bit++)
    if (((place >>> bit) & 1) === 1) product = multiply(product, inverse(rootOfUnity(bit + 1)));
  return product;
}

/**
 * The fold of the packed elements from row `coset` on. `inversePoint` is 1 / y of the query's own place, whose bits are
 * `placeBits`; entry k of `betaPowers` is beta^(2^k).
 */
export function foldCoset(
  program: ProgramBuilder,
  elements: ElementOperations,
  coset: Row,
  placeBits: readonly Value[],
  inversePoint: Value,
  betaPowers: readonly Element[],
): Element {
  let current = Array.from({ length: 2 ** placeBits.length }, (_, place) =>
    elements.load(coset, place * DEGREE),
  );
  // 1 / y of place 0: the factors of the place's bits taken out.
  let inverseBase = inversePoint;
  for (const [position, bit] of placeBits.entries())
    inverseBase = program.multiply(
      inverseBase,
      program.add(program.multiply(bit, rootOfUnity(position + 1) - 1), 1),
    );
  for (let round = 0; current.length > 1; round++) {
    const factor = elements.multiplyByValue(betaPowers[round]!, inverseBase);
    current = Array.from({ length: current.length / 2 }, (_, pair) => {
      const [left, right] = [current[2 * pair]!, current[2 * pair + 1]!];
      const even = elements.multiplyByBase(elements.add(left, right), HALF);
      const odd = elements.multiplyByBase(
        elements.subtract(left, right),
        multiply(HALF, inverseOffset(2 * pair)),
      );
      return elements.add(even, elements.multiply(factor, odd));
    });
    inverseBase = program.multiply(inverseBase, inverseBase);
  }
  return current[0]!;
}
