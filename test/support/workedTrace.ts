/**
 * The golden column proof worked through: the values of each step of the verifier (docs/spec/proof-system.md, section 10), for whoever writes
 * another one. Run this file to write the trace anew: node --import tsx test/support/workedTrace.ts
 */
import { writeFileSync } from 'node:fs';
import { decodeProofFile } from '../../client/proofFile.ts';
import { findKey, parsePublishedKeys } from '../../client/publishedKeys.ts';
import { productionSystem } from '../../client/verifyFile.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import * as extension from '../../stark/field/extension.ts';
import { foldLeaf } from '../../stark/foldLeaf.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { keyDigest } from '../../stark/keys.ts';
import { distinctIndices, opensTo } from '../../stark/merkleOpening.ts';
import { profileDigest } from '../../stark/profile.ts';
import { decodeProof } from '../../stark/proof/codec.ts';
import { required } from '../../stark/required.ts';
import { createTranscript } from '../../stark/transcript.ts';
import { replayOpenings, replayQueries, replaySums } from '../../stark/verifier/challenges.ts';
import { deepCombinations } from '../../stark/verifier/deep.ts';
import { COLUMN_PROOF, type StoredProof, storedColumnProof } from './storedProofs.ts';

export const TRACE_FILE: URL = new URL(COLUMN_PROOF.href.replace(/\.proof$/, '.trace.json'));

function demand<Answer extends { readonly ok: boolean }>(answer: Answer): Extract<Answer, { ok: true }> {
  if (!answer.ok) throw new TypeError(`the golden proof is refused: ${JSON.stringify(answer)}`);
  return answer as Extract<Answer, { ok: true }>;
}

/** The trace as JSON, a step a line. Throws: ClientError, TypeError when the proof is not of the published keys. */
export function workedTrace({ keysJson, bytes }: StoredProof): string {
  const { keys } = parsePublishedKeys(keysJson, productionSystem());
  const { program, profile: profileName, statement, proofBytes } = decodeProofFile(bytes);
  const { verifyingKey: key } = required(findKey(keys, program, profileName), 'the published key');
  const { profile } = key;
  const { proof, shape, trees } = demand(decodeProof(proofBytes, key));
  const transcript = createTranscript();
  const states: Record<string, number[]> = { initial: [...transcript.state()] };

  const sums = demand(replaySums(transcript, keyDigest(key), statement, proof, shape, profile));
  states['afterStep4'] = [...transcript.state()];
  const point = demand(replayOpenings(transcript, proof, shape, profile));
  states['afterStep6'] = [...transcript.state()];
  const queries = demand(replayQueries(transcript, proof, shape, trees, profile));
  states['afterStep10'] = [...transcript.state()];
  const challenges = { ...sums.challenges, ...point.challenges, ...queries.challenges };

  const indices = distinctIndices(challenges.queryIndices, trees.logRows, profile.logCap);
  const indicesAt = (logRows: number): readonly number[] =>
    required(indices[trees.logRows - logRows], `indices into 2^${logRows} rows`);
  const combinations = deepCombinations(profile, proof, shape, trees, challenges, indicesAt);
  const firstIndex = required(challenges.queryIndices[0], 'an index');
  /** Per log height, tallest first: the place of the first sampled index, and F there. */
  const deep = shape.distinctLogHeights.map((logHeight) => {
    const index = firstIndex >>> (required(shape.distinctLogHeights[0], 'a height') - logHeight);
    const position = indicesAt(logHeight + profile.logBlowup).indexOf(index);
    return { logHeight, index, F: required(combinations.get(logHeight)?.[position], 'F at the index') };
  });
  /** The leaf's digest at the first sampled index; before rows of shorter heights are chained. */
  const leaves = trees.phases.map((tree, position) => {
    const tallest = Math.max(...tree.matrices.map(({ logRows }) => logRows));
    const index = firstIndex >>> (trees.logRows - tallest);
    let digest: number[] = [];
    opensTo(
      tree,
      new Uint32Array(DIGEST_WORDS << tree.logCap),
      indices.slice(trees.logRows - tallest),
      required(proof.treeOpenings[position], 'an opening'),
      (level, at, words) => {
        if (level === 0 && at === index) digest = [...words];
      },
    );
    return { tree: tree.phase, logRows: tallest, index, digest };
  });

  const [fold] = shape.folds;
  const { logHeight: foldedHeight, logArity } = required(fold, 'a fold layer');
  const coset = firstIndex >>> logArity;
  const cosetRows = required(proof.foldOpenings[0], 'an opened layer').rows;
  const firstElement = indicesAt(trees.logRows - logArity).indexOf(coset) << logArity;
  const values = Array.from({ length: 1 << logArity }, (_, place) =>
    extension.read(cosetRows, (firstElement + place) * extension.DEGREE),
  );
  const beta = required(challenges.folds[0], 'a fold challenge');
  const folded = foldLeaf(values, coset, foldedHeight + profile.logBlowup, beta);

  const trace: Readonly<Record<string, unknown>> = {
    source:
      'test/support/workedTrace.ts, of the proof beside this file; sections are those of docs/spec/proof-system.md',
    machineDigest: [...machineDigest(key.system)],
    profileDigest: [...profileDigest(profile)],
    keyDigest: [...keyDigest(key)],
    statement: [...statement],
    logHeights: shape.logHeights.map((logHeight) => logHeight ?? null),
    states,
    alpha: challenges.logUp.alpha,
    beta: challenges.logUp.beta,
    sums: shape.summedSlots.map((slot, position) => ({
      slot,
      sum: [...proof.sums.subarray(5 * position, 5 * position + 5)],
    })),
    lambda: challenges.lambda,
    zeta: challenges.zeta,
    firstOpening: [...proof.openings.subarray(0, 5)],
    batchChallenges: challenges.batch.length,
    r0: challenges.batch[0],
    folds: shape.folds.map(({ logHeight, logArity, rollsIn }, layer) => ({
      logHeight,
      logArity,
      rollsIn,
      beta: challenges.folds[layer],
    })),
    finalPolynomialConstant: [...proof.finalPolynomial.subarray(0, 5)],
    queryIndices: challenges.queryIndices,
    distinctCounts: proof.distinctCounts,
    atFirstIndex: { index: firstIndex, leaves, deep, firstCoset: { index: coset, values, folded } },
  };
  const lines = Object.entries(trace).map(([name, value]) => ` "${name}": ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(TRACE_FILE, workedTrace(storedColumnProof()));
