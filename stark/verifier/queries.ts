/**
 * Steps 7 to 10 of the verifier, at the sampled indices: the opened rows lead to the caps, their DEEP combinations are
 * what the first fold layer holds or what is rolled in, every layer holds what was folded, and the folds end in the final
 * polynomial.
 * Source: docs/spec/proof-system.md, sections 8 and 9.
 */
import * as extension from '../field/extension.ts';
import { power, reverseBits, rootOfUnity } from '../field/koalaBear.ts';
import { foldLeaf } from '../foldLeaf.ts';
import type { VerifyingKey } from '../keys.ts';
import { distinctIndices, opensTo } from '../merkleOpening.ts';
import type { Proof } from '../proof/proof.ts';
import type { ProofShape } from '../proof/shape.ts';
import type { ProofTrees } from '../proof/trees.ts';
import { required } from '../required.ts';
import type { Challenges } from './challenges.ts';
import { deepCombinations } from './deep.ts';
import { type Rejection, reject } from './rejection.ts';

type Extension = extension.Extension;

export function checkQueries(
  key: VerifyingKey,
  proof: Proof,
  shape: ProofShape,
  trees: ProofTrees,
  challenges: Challenges,
): Rejection | undefined {
  const { logBlowup, logCap, logFinalLength } = key.profile;
  /** Entry k: the distinct values of (index >> k), ascending. */
  const indices = distinctIndices(challenges.queryIndices, trees.logRows, logCap);
  for (const [level, { length }] of indices.entries()) {
    const got = required(proof.distinctCounts[level], `count ${level}`);
    if (got !== length) return reject('QUERY_COUNTS_WRONG', { level, expected: length, got });
  }
  const indicesAt = (logRows: number): readonly number[] =>
    required(indices[trees.logRows - logRows], `indices into 2^${logRows} rows`);
  const indicesFrom = (logRows: number): readonly (readonly number[])[] =>
    indices.slice(trees.logRows - logRows);

  // Every opened row and coset is one that was committed to.
  const caps = {
    preprocessed: key.preprocessedCap,
    main: proof.mainCap,
    logUp: proof.logUpCap,
    quotient: proof.quotientCap,
  };
  for (const [position, tree] of trees.phases.entries()) {
    const tallest = Math.max(...tree.matrices.map((matrix) => matrix.logRows));
    if (!opensTo(tree, caps[tree.phase], indicesFrom(tallest), proof.treeOpenings[position]!))
      return reject('TREE_OPENING', { tree: tree.phase });
  }
  for (const [layer, tree] of trees.folds.entries()) {
    const logRows = tree.matrices[0]!.logRows;
    if (!opensTo(tree, proof.foldCaps[layer]!, indicesFrom(logRows), proof.foldOpenings[layer]!))
      return reject('FOLD_OPENING', { layer });
  }

  // The DEEP combination of every height, at the distinct indices of that height.
  const combinations = deepCombinations(key.profile, proof, shape, trees, challenges, indicesAt);
  const combinationAt = (logHeight: number): readonly Extension[] =>
    required(combinations.get(logHeight), `the combination of height 2^${logHeight}`);

  // The folds: `carried` are the values at the distinct indices of the current height.
  let logHeight = shape.distinctLogHeights[0]!;
  let carried = combinationAt(logHeight);
  for (const [layer, fold] of shape.folds.entries()) {
    const logRows = fold.logHeight + logBlowup;
    const cosets = indicesAt(logRows - fold.logArity);
    const cosetWords = extension.DEGREE << fold.logArity;
    const { rows } = proof.foldOpenings[layer]!;
    const beta = challenges.folds[layer]!;
    // A coset's own place must hold the value carried so far.
    let coset = 0;
    for (const [position, index] of indicesAt(logRows).entries()) {
      while (required(cosets[coset], `the coset of ${index}`) !== index >>> fold.logArity) coset++;
      const place = index & ((1 << fold.logArity) - 1);
      const got = extension.read(rows, coset * cosetWords + place * extension.DEGREE);
      const expected = carried[position]!;
      if (!extension.equals(got, expected))
        return reject(layer === 0 ? 'DEEP_MISMATCH' : 'FOLD_MISMATCH', {
          layer,
          index,
          expected: expected.join(' '),
          got: got.join(' '),
        });
    }
    logHeight = fold.logHeight - fold.logArity;
    const rolledIn = fold.rollsIn ? combinationAt(logHeight) : undefined;
    const rollInFactor = extension.power(beta, 1 << fold.logArity);
    carried = cosets.map((cosetIndex, position) => {
      const values = Array.from({ length: 1 << fold.logArity }, (_, place) =>
        extension.read(rows, position * cosetWords + place * extension.DEGREE),
      );
      const folded = foldLeaf(values, cosetIndex, logRows, beta);
      if (rolledIn === undefined) return folded;
      return extension.add(folded, extension.multiply(rollInFactor, rolledIn[position]!));
    });
  }

  // The final polynomial, in y = x / 3.
  const logRows = logFinalLength + logBlowup;
  const root = rootOfUnity(logRows);
  for (const [position, index] of indicesAt(logRows).entries()) {
    const got = evaluateFinal(proof.finalPolynomial, power(root, reverseBits(index, logRows)));
    const expected = carried[position]!;
    if (!extension.equals(got, expected))
      return reject('FINAL_MISMATCH', { index, expected: expected.join(' '), got: got.join(' ') });
  }
  return undefined;
}

/** The polynomial with 5-word coefficients, constant first, at a base point. */
function evaluateFinal(coefficients: Uint32Array, point: number): Extension {
  let value = extension.ZERO;
  for (let offset = coefficients.length - extension.DEGREE; offset >= 0; offset -= extension.DEGREE)
    value = extension.add(extension.multiplyByBase(value, point), extension.read(coefficients, offset));
  return value;
}
