/**
 * The weights of the DEEP combination: the tensor of the batching challenges, and where a matrix's columns lie in it.
 * Source: docs/spec/proof-system.md, section 8.
 */
import { add, DEGREE, type Extension, multiply, ONE, read, subtract, ZERO } from './field/extension.ts';
import { BLOCK_WORDS, blocksOf, type MatrixShape } from './proof/shape.ts';

/** Weight i is the product over the challenges of (bit j of i is 1 ? r_j : 1 - r_j); 2^(number of challenges) of them. */
export function tensorWeights(challenges: readonly Extension[]): Extension[] {
  let weights: Extension[] = [ONE];
  for (const challenge of challenges) {
    const complement = subtract(ONE, challenge);
    weights = [
      ...weights.map((weight) => multiply(weight, complement)),
      ...weights.map((weight) => multiply(weight, challenge)),
    ];
  }
  return weights;
}

/** A matrix's opened values and the weights of its columns, at zeta and for the leading columns at zeta * g. */
export interface MatrixTerms {
  readonly weights: readonly Extension[];
  readonly values: readonly Extension[];
  readonly nextWeights: readonly Extension[];
  readonly nextValues: readonly Extension[];
}

/** `openings` as in a proof: 5 words an element in opening order. */
export function matrixTerms(
  matrix: MatrixShape,
  weights: readonly Extension[],
  openings: Uint32Array,
): MatrixTerms {
  const firstWeight = matrix.firstBlock * BLOCK_WORDS;
  const firstNextWeight = firstWeight + blocksOf(matrix.columns) * BLOCK_WORDS;
  const elements = (first: number, count: number): Extension[] =>
    Array.from({ length: count }, (_, index) => read(openings, (first + index) * DEGREE));
  return {
    weights: weights.slice(firstWeight, firstWeight + matrix.columns),
    values: elements(matrix.firstOpening, matrix.columns),
    nextWeights: weights.slice(firstNextWeight, firstNextWeight + matrix.nextColumns),
    nextValues: elements(matrix.firstOpening + matrix.columns, matrix.nextColumns),
  };
}

/** Sum of weight * value. */
export function weightedSum(weights: readonly Extension[], values: readonly Extension[]): Extension {
  let sum = ZERO;
  for (let index = 0; index < weights.length; index++)
    sum = add(sum, multiply(weights[index]!, values[index]!));
  return sum;
}
