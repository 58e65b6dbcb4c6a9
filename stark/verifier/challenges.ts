/**
 * Replays the transcript of a proof: absorbs every message in the order of section 10 of docs/spec/proof-system.md,
 * checks every proof of work, and yields the challenges. In three parts, after each of which the verifier checks what the part
 * has bound.
 */
import type { LogUpChallenges } from '../backend.ts';
import { absorbHeights, absorbOpenings, absorbSums, squeezeIndices } from '../challenges.ts';
import type { Extension } from '../field/extension.ts';
import type { Profile } from '../profile.ts';
import type { Proof } from '../proof/proof.ts';
import type { ProofShape } from '../proof/shape.ts';
import type { ProofTrees } from '../proof/trees.ts';
import { LABEL, type Transcript } from '../transcript.ts';
import { type Rejection, reject } from './rejection.ts';

/** What steps 1 to 4 yield. */
export interface SumChallenges {
  readonly logUp: LogUpChallenges;
}

/** What steps 5 and 6 yield. */
export interface PointChallenges {
  readonly lambda: Extension;
  readonly zeta: Extension;
}

/** What steps 7 to 10 yield. */
export interface QueryChallenges {
  /** r_0, r_1, ...: their tensor weighs the opened functions. */
  readonly batch: readonly Extension[];
  /** One a fold layer. */
  readonly folds: readonly Extension[];
  /** In the order sampled, with duplicates. */
  readonly queryIndices: readonly number[];
}

export type Challenges = SumChallenges & PointChallenges & QueryChallenges;

export type Replayed<Yield> = { readonly ok: true; readonly challenges: Yield } | Rejection;

/** A site of 0 bits is left out; the codec has made sure that every other site has a nonce. */
function isGround(transcript: Transcript, label: number, bits: number, nonce: number | undefined): boolean {
  return bits === 0 || (nonce !== undefined && transcript.grind(label, bits, nonce));
}

/** Steps 1 to 4, up to the sums. */
export function replaySums(
  transcript: Transcript,
  keyDigest: Uint32Array,
  statement: Uint32Array,
  { mainCap, logUpCap, sums, nonces }: Proof,
  shape: ProofShape,
  { grinding }: Profile,
): Replayed<SumChallenges> {
  // 1. What is proved.
  transcript.absorb(LABEL.KEY, keyDigest);
  transcript.absorb(LABEL.STATEMENT, statement);
  absorbHeights(transcript, shape.logHeights);

  // 2. The main columns.
  transcript.absorb(LABEL.MAIN_CAP, mainCap);

  // 3. The LogUp challenges.
  if (!isGround(transcript, LABEL.LOGUP_GRIND, grinding.lookup, nonces.lookup))
    return reject('LOOKUP_GRIND', { bits: grinding.lookup });
  const alpha = transcript.squeezeExtension(LABEL.ALPHA);
  const beta = transcript.squeezeExtension(LABEL.BETA);

  // 4. The LogUp columns and sums.
  transcript.absorb(LABEL.LOGUP_CAP, logUpCap);
  absorbSums(transcript, shape, sums);
  return { ok: true, challenges: { logUp: { alpha, beta } } };
}

/** Steps 5 and 6, up to the openings. */
export function replayOpenings(
  transcript: Transcript,
  { quotientCap, openings, nonces }: Proof,
  shape: ProofShape,
  { grinding }: Profile,
): Replayed<PointChallenges> {
  // 5. The quotients.
  const lambda = transcript.squeezeExtension(LABEL.LAMBDA);
  transcript.absorb(LABEL.QUOTIENT_CAP, quotientCap);

  // 6. The out-of-domain point and the openings.
  if (!isGround(transcript, LABEL.DEEP_GRIND, grinding.deep, nonces.deep))
    return reject('DEEP_GRIND', { bits: grinding.deep });
  const zeta = transcript.squeezeExtension(LABEL.ZETA);
  if (zeta.slice(1).every((word) => word === 0)) return reject('POINT_IN_BASE_FIELD', { got: zeta[0] });
  absorbOpenings(transcript, shape, openings);
  return { ok: true, challenges: { lambda, zeta } };
}

/** Steps 7 to 10, up to the query indices. */
export function replayQueries(
  transcript: Transcript,
  { foldCaps, finalPolynomial, nonces }: Proof,
  shape: ProofShape,
  trees: ProofTrees,
  { grinding, queries }: Profile,
): Replayed<QueryChallenges> {
  // 7. The batching challenges.
  if (!isGround(transcript, LABEL.BATCH_GRIND, grinding.batch, nonces.batch))
    return reject('BATCH_GRIND', { bits: grinding.batch });
  const batch = Array.from({ length: shape.batchChallenges }, () => transcript.squeezeExtension(LABEL.BATCH));

  // 8. The folds.
  const folds: Extension[] = [];
  for (const [layer, cap] of foldCaps.entries()) {
    transcript.absorb(LABEL.FOLD_CAP, cap);
    if (!isGround(transcript, LABEL.FOLD_GRIND, grinding.fold, nonces.folds[layer]))
      return reject('FOLD_GRIND', { layer, bits: grinding.fold });
    folds.push(transcript.squeezeExtension(LABEL.FOLD));
  }

  // 9. The final polynomial.
  transcript.absorb(LABEL.FINAL_POLYNOMIAL, finalPolynomial);

  // 10. The queries.
  if (!isGround(transcript, LABEL.QUERY_GRIND, grinding.query, nonces.query))
    return reject('QUERY_GRIND', { bits: grinding.query });
  const queryIndices = squeezeIndices(transcript, queries, trees.logRows);
  return { ok: true, challenges: { batch, folds, queryIndices } };
}

/** All steps, with no check but the proofs of work and zeta: what a host needs to hand a proof to the guest verifier. */
export function replayTranscript(
  transcript: Transcript,
  keyDigest: Uint32Array,
  statement: Uint32Array,
  proof: Proof,
  shape: ProofShape,
  trees: ProofTrees,
  profile: Profile,
): Replayed<Challenges> {
  const sums = replaySums(transcript, keyDigest, statement, proof, shape, profile);
  if (!sums.ok) return sums;
  const point = replayOpenings(transcript, proof, shape, profile);
  if (!point.ok) return point;
  const queries = replayQueries(transcript, proof, shape, trees, profile);
  if (!queries.ok) return queries;
  return { ok: true, challenges: { ...sums.challenges, ...point.challenges, ...queries.challenges } };
}
