/**
 * The DEEP combination of one height in plain TypeScript.
 * Form: canonical words; columns and the result in bit-reversed order. Source: docs/spec/proof-system.md, section 8.
 */
import * as extension from '../field/extension.ts';
import {
  GENERATOR,
  inverse,
  MODULUS,
  multiply,
  power,
  reverseBits,
  rootOfUnity,
} from '../field/koalaBear.ts';

/** A matrix on the evaluation coset with the weights and opened values of its columns (at zeta * g of the first ones). */
export interface DeepColumns {
  readonly columns: readonly Uint32Array[];
  readonly weights: readonly extension.Extension[];
  readonly values: readonly extension.Extension[];
  readonly nextWeights: readonly extension.Extension[];
  readonly nextValues: readonly extension.Extension[];
}

/** 1 / value for each value, with one inversion in all. Throws: RangeError on zero. */
function invertAll(values: readonly extension.Extension[]): extension.Extension[] {
  const products = [extension.ONE];
  for (const value of values) products.push(extension.multiply(products.at(-1)!, value));
  let rest = invert(products.at(-1)!);
  const inverses = new Array<extension.Extension>(values.length);
  for (let index = values.length - 1; index >= 0; index--) {
    inverses[index] = extension.multiply(rest, products[index]!);
    rest = extension.multiply(rest, values[index]!);
  }
  return inverses;
}

/** value^(p + p^2 + p^3 + p^4) is the inverse times the norm, which lies in the base field. */
function invert(value: extension.Extension): extension.Extension {
  if (extension.isZero(value)) throw new RangeError('zero has no inverse in the extension');
  let image = value;
  let conjugates = extension.ONE;
  for (let exponent = 1; exponent < extension.DEGREE; exponent++) {
    image = extension.power(image, MODULUS);
    conjugates = extension.multiply(conjugates, image);
  }
  const norm = extension.multiply(value, conjugates)[0];
  return extension.multiplyByBase(conjugates, inverse(norm));
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
  const points = Array.from({ length: 2 ** logRows }, (_, row) =>
    extension.fromBase(multiply(GENERATOR, power(generator, reverseBits(row, logRows)))),
  );
  const inverses = invertAll(points.map((point) => extension.subtract(zeta, point)));
  const nextInverses = invertAll(points.map((point) => extension.subtract(nextZeta, point)));
  for (let row = 0; row < 2 ** logRows; row++) {
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
    const value = extension.add(
      extension.multiply(sum, inverses[row]!),
      extension.multiply(nextSum, nextInverses[row]!),
    );
    extension.write(words, extension.DEGREE * row, value);
  }
  return words;
}
