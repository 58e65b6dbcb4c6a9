/**
 * The DEEP combination of one height in plain TypeScript.
 * Form: canonical words; columns and the result in bit-reversed order. Source: docs/spec/proof-system.md, section 8.
 */
import * as extension from '../field/extension.ts';
import { GENERATOR, multiply, power, reverseBits, rootOfUnity } from '../field/koalaBear.ts';

/** A matrix on the evaluation coset with the weights and opened values of its columns (at zeta * g of the first ones). */
export interface DeepColumns {
  readonly columns: readonly Uint32Array[];
  readonly weights: readonly extension.Extension[];
  readonly values: readonly extension.Extension[];
  readonly nextWeights: readonly extension.Extension[];
  readonly nextValues: readonly extension.Extension[];
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
  const inverses = extension.batchInverse(points.map((point) => extension.subtract(zeta, point)));
  const nextInverses = extension.batchInverse(points.map((point) => extension.subtract(nextZeta, point)));
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
