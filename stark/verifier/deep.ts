/**
 * The DEEP combinations at the opened indices: for each height, the weighted rows turned into the one value that must lie
 * on a low-degree polynomial.
 * Source: docs/spec/proof-system.md, section 8.
 */
import { matrixTerms, tensorWeights, weightedSum } from '../batching.ts';
import * as extension from '../field/extension.ts';
import { add, GENERATOR, multiply, power, reverseBits, rootOfUnity } from '../field/koalaBear.ts';
import type { Profile } from '../profile.ts';
import type { Proof } from '../proof/proof.ts';
import { matrixOf, type ProofShape } from '../proof/shape.ts';
import type { ProofTrees } from '../proof/trees.ts';
import type { Challenges } from './challenges.ts';

type Extension = extension.Extension;

/** Sums over one height: the weighted opened values, and the weighted rows at each index. */
interface HeightSums {
  values: Extension;
  nextValues: Extension;
  /** 5 words an index, at zeta and at zeta * g. */
  readonly rows: Uint32Array;
  readonly nextRows: Uint32Array;
}

/**
 * Per log height present, F at each of its distinct indices, in their order. `indicesAt` gives the distinct ascending
 * indices into 2^logRows rows.
 */
export function deepCombinations(
  profile: Profile,
  proof: Proof,
  shape: ProofShape,
  trees: ProofTrees,
  challenges: Challenges,
  indicesAt: (logRows: number) => readonly number[],
): Map<number, Extension[]> {
  const weights = tensorWeights(challenges.batch);
  const sumsOf = new Map<number, HeightSums>();
  for (const logHeight of shape.distinctLogHeights) {
    const words = indicesAt(logHeight + profile.logBlowup).length * extension.DEGREE;
    sumsOf.set(logHeight, {
      values: extension.ZERO,
      nextValues: extension.ZERO,
      rows: new Uint32Array(words),
      nextRows: new Uint32Array(words),
    });
  }

  for (const [position, tree] of trees.phases.entries()) {
    const { rows } = proof.treeOpenings[position]!;
    let firstWord = 0;
    for (const slot of shape.presentSlots) {
      const matrix = matrixOf(shape, tree.phase, slot);
      if (matrix === undefined) continue;
      const sums = sumsOf.get(matrix.logHeight)!;
      const terms = matrixTerms(matrix, weights, proof.openings);
      sums.values = extension.add(sums.values, weightedSum(terms.weights, terms.values));
      sums.nextValues = extension.add(sums.nextValues, weightedSum(terms.nextWeights, terms.nextValues));
      const count = sums.rows.length / extension.DEGREE;
      addWeightedRows(sums.rows, rows, firstWord, matrix.columns, flatten(terms.weights));
      addWeightedRows(sums.nextRows, rows, firstWord, matrix.columns, flatten(terms.nextWeights));
      firstWord += count * matrix.columns;
    }
  }

  const combinations = new Map<number, Extension[]>();
  for (const [logHeight, sums] of sumsOf) {
    const logRows = logHeight + profile.logBlowup;
    const root = rootOfUnity(logRows);
    const nextZeta = extension.multiplyByBase(challenges.zeta, rootOfUnity(logHeight));
    const indices = indicesAt(logRows);
    const points = indices.map((index) =>
      extension.fromBase(multiply(GENERATOR, power(root, reverseBits(index, logRows)))),
    );
    // The points lie in the base field and zeta does not, so no difference is zero.
    const inverses = extension.batchInverse([
      ...points.map((point) => extension.subtract(challenges.zeta, point)),
      ...points.map((point) => extension.subtract(nextZeta, point)),
    ]);
    combinations.set(
      logHeight,
      indices.map((_, position) => {
        const offset = position * extension.DEGREE;
        const current = extension.subtract(sums.values, extension.read(sums.rows, offset));
        const next = extension.subtract(sums.nextValues, extension.read(sums.nextRows, offset));
        return extension.add(
          extension.multiply(current, inverses[position]!),
          extension.multiply(next, inverses[indices.length + position]!),
        );
      }),
    );
  }
  return combinations;
}

function flatten(values: readonly Extension[]): Uint32Array {
  return Uint32Array.from(values.flat());
}

/**
 * sums[i] += sum of weights[c] * rows[firstWord + i * columns + c] over the weighted leading columns; 5 words a sum and a
 * weight.
 */
function addWeightedRows(
  sums: Uint32Array,
  rows: Uint32Array,
  firstWord: number,
  columns: number,
  weights: Uint32Array,
): void {
  const weighted = weights.length / extension.DEGREE;
  for (let position = 0; position * extension.DEGREE < sums.length; position++) {
    const rowStart = firstWord + position * columns;
    for (let word = 0; word < extension.DEGREE; word++) {
      let sum = sums[position * extension.DEGREE + word]!;
      for (let column = 0; column < weighted; column++)
        sum = add(sum, multiply(weights[column * extension.DEGREE + word]!, rows[rowStart + column]!));
      sums[position * extension.DEGREE + word] = sum;
    }
  }
}
