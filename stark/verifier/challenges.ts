/**
 * Replays the transcript of a proof: absorbs every message in the order of section 10 of docs/spec/proof-system.md,
 * checks every proof of work, and yields the challenges.
 */
import type { LogUpChallenges } from '../backend.ts';
import { absorbHeights, absorbOpenings, absorbSums, squeezeIndices } from '../challenges.ts';
import type { Extension } from '../field/extension.ts';
import type { Profile } from '../profile.ts';
import type { Proof } from '../proof/proof.ts';
import type { ProofShape } from '../proof/shape.ts';
import type { ProofTrees } from '../proof/trees.ts';
import { LABEL, type Transcript } from '../transcript.ts';
import { type Rejection, type RejectionReason, reject } from './rejection.ts';

export interface Challenges {
  readonly logUp: LogUpChallenges;
  readonly lambda: Extension;
  readonly zeta: Extension;
  /** r_0, r_1, ...: their tensor weighs the opened functions. */
  readonly batch: readonly Extension[];
  /** One a fold layer. */
  readonly folds: readonly Extension[];
  /** In the order sampled, with duplicates. */
  readonly queryIndices: readonly number[];
}

export type Replayed = { readonly ok: true; readonly challenges: Challenges } | Rejection;

export function replayTranscript(
  transcript: Transcript,
  keyDigest: Uint32Array,
  statement: Uint32Array,
  proof: Proof,
  shape: ProofShape,
  trees: ProofTrees,
  profile: Profile,
): Replayed {
  const { grinding } = profile;
  const { nonces } = proof;

  /** A site of 0 bits is left out; the codec has made sure that every other site has a nonce. */
  function isGround(label: number, bits: number, nonce: number | undefined): boolean {
    return bits === 0 || (nonce !== undefined && transcript.grind(label, bits, nonce));
  }
  const noWork = (reason: RejectionReason, bits: number): Rejection => reject(reason, { bits });

  // 1. What is proved.
  transcript.absorb(LABEL.KEY, keyDigest);
  transcript.absorb(LABEL.STATEMENT, statement);
  absorbHeights(transcript, shape.logHeights);

  // 2. The main columns.
  transcript.absorb(LABEL.MAIN_CAP, proof.mainCap);

  // 3. The LogUp challenges.
  if (!isGround(LABEL.LOGUP_GRIND, grinding.lookup, nonces.lookup))
    return noWork('LOOKUP_GRIND', grinding.lookup);
  const alpha = transcript.squeezeExtension(LABEL.ALPHA);
  const beta = transcript.squeezeExtension(LABEL.BETA);

  // 4. The LogUp columns and sums.
  transcript.absorb(LABEL.LOGUP_CAP, proof.logUpCap);
  absorbSums(transcript, shape, proof.sums);

  // 5. The quotients.
  const lambda = transcript.squeezeExtension(LABEL.LAMBDA);
  transcript.absorb(LABEL.QUOTIENT_CAP, proof.quotientCap);

  // 6. The out-of-domain point and the openings.
  if (!isGround(LABEL.DEEP_GRIND, grinding.deep, nonces.deep)) return noWork('DEEP_GRIND', grinding.deep);
  const zeta = transcript.squeezeExtension(LABEL.ZETA);
  if (zeta.slice(1).every((word) => word === 0)) return reject('POINT_IN_BASE_FIELD', { got: zeta[0] });
  absorbOpenings(transcript, shape, proof.openings);

  // 7. The batching challenges.
  if (!isGround(LABEL.BATCH_GRIND, grinding.batch, nonces.batch))
    return noWork('BATCH_GRIND', grinding.batch);
  const batch = Array.from({ length: shape.batchChallenges }, () => transcript.squeezeExtension(LABEL.BATCH));

  // 8. The folds.
  const folds: Extension[] = [];
  for (const [layer, cap] of proof.foldCaps.entries()) {
    transcript.absorb(LABEL.FOLD_CAP, cap);
    if (!isGround(LABEL.FOLD_GRIND, grinding.fold, nonces.folds[layer]))
      return reject('FOLD_GRIND', { layer, bits: grinding.fold });
    folds.push(transcript.squeezeExtension(LABEL.FOLD));
  }

  // 9. The final polynomial.
  transcript.absorb(LABEL.FINAL_POLYNOMIAL, proof.finalPolynomial);

  // 10. The queries.
  if (!isGround(LABEL.QUERY_GRIND, grinding.query, nonces.query))
    return noWork('QUERY_GRIND', grinding.query);
  const queryIndices = squeezeIndices(transcript, profile.queries, trees.logRows);

  return {
    ok: true,
    challenges: { logUp: { alpha, beta }, lambda, zeta, batch, folds, queryIndices },
  };
}
