/**
 * The DEEP combination of one height in plain TypeScript.
 * Form: canonical words; columns and the result in bit-reversed order. Source: docs/spec/proof-system.md, section 8.
 */
import * as extension from '../field/extension.ts';
import { GENERATOR, MODULUS, multiply, power, reverseBits, rootOfUnity } from '../field/koalaBear.ts';

/** A matrix on the evaluation coset with the weights and opened values of its columns (at zeta * g of the first ones). */
export interface DeepColumns {
  readonly columns: readonly Uint32Array[];
  readonly weights: readonly extension.Extension[];
  readonly values: readonly extension.Extension[];
  readonly nextWeights: readonly extension.Extension[];
  readonly nextValues: readonly extension.Extension[];
}

/** 1 / value. Throws: RangeError on zero. */
function invert(value: extension.Extension): extension.Extension {
  if (extension.isZero(value)) throw new RangeError('zero has no inverse in the extension');
  const conjugates = [1, 2, 3, 4].reduce(
    ({ image, product }) => {
      const next = extension.power(image, MODULUS);
      return { image: next, product: extension.multiply(product, next) };
    },
    { image: value, product: extension.ONE },
  ).product;
  const norm = extension.multiply(value, conjugates)[0];
  return extension.multiplyByBase(conjugates, power(norm, MODULUS - 2));
}

/** F on the coset 3 * <w_(logHeight + logBlowup)>, 5 words an element. */
export function deepCombination(
  logHeight: number,
  logBlowup: number,
  zeta: extension.Extension,
  matrices: readonly DeepColumns[],
): Uint32Array {
  const logRows = logHeight + logBlowup;
  const generator = rootOfUnity(logRows);
  const nextZeta = extension.multiplyByBase(zeta, rootOfUnity(logHeight));
  const words = new Uint32Array(extension.DEGREE * 2 ** logRows);
  for (let row = 0; row < 2 ** logRows; row++) {
    const point = multiply(GENERATOR, power(generator, reverseBits(row, logRows)));
    let sum = extension.ZERO;
    let nextSum = extension.ZERO;
    for (const { columns, weights, values, nextWeights, nextValues } of matrices) {
      for (const [column, weight] of weights.entries()) {
        const difference = extension.subtract(values[column]!, extension.fromBase(columns[column]![row]!));
        sum = extension.add(sum, extension.multiply(weight, difference));
      }
      for (const [column, weight] of nextWeights.entries()) {
        const difference = extension.subtract(
          nextValues[column]!,
          extension.fromBase(columns[column]![row]!),
        );
        nextSum = extension.add(nextSum, extension.multiply(weight, difference));
      }
    }
    const distance = extension.subtract(zeta, extension.fromBase(point));
    const nextDistance = extension.subtract(nextZeta, extension.fromBase(point));
    const value = extension.add(
      extension.multiply(sum, invert(distance)),
      extension.multiply(nextSum, invert(nextDistance)),
    );
    extension.write(words, extension.DEGREE * row, value);
  }
  return words;
}
