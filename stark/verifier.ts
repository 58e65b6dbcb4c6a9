/**
 * The verifier: decides whether a proof shows the statement under a key. It is synchronous, reads nothing that it does not
 * check, and answers with a reason instead of throwing. The numbered steps are those of the prover and of section 10 of
 * docs/spec/proof-system.md.
 */

import { STATEMENT_WORDS } from './air/air.ts';
import { isCanonical } from './field/koalaBear.ts';
import { checkKey, keyDigest, type VerifyingKey } from './keys.ts';
import { FINAL, INNER, LEAF, type Profile, profileDigest, profileWords } from './profile.ts';
import { decodeProof } from './proof/codec.ts';
import { createTranscript } from './transcript.ts';
import { replayTranscript } from './verifier/challenges.ts';
import { checkQuotients, checkSums } from './verifier/constraints.ts';
import { checkQueries } from './verifier/queries.ts';
import { ACCEPTED, type Rejection, reject, type Verdict } from './verifier/rejection.ts';

/** What the caller demands, whatever a proof or key says. */
export interface VerifierPolicy {
  /** Digests of the profiles under which the caller believes a proof; a TEST_ONLY profile only when named here. */
  readonly acceptedProfileDigests: readonly Uint32Array[];
}

/** What to demand of proofs that matter: one of the three published profiles, and no TEST_ONLY one. */
export function productionPolicy(): VerifierPolicy {
  return { acceptedProfileDigests: [LEAF, INNER, FINAL].map(profileDigest) };
}

/**
 * Verifies `proofBytes` for the 8-word statement digest under the key. A rejection names the first check that fails.
 */
export function verify(
  key: VerifyingKey,
  statement: Uint32Array,
  proofBytes: Uint8Array,
  policy: VerifierPolicy,
): Verdict {
  // Before the proof is read: the caller's policy, the key, the statement.
  const refusal = checkCall(key, statement, policy);
  if (refusal !== undefined) return refusal;

  // The whole shape, before any arithmetic.
  const decoded = decodeProof(proofBytes, key);
  if (!decoded.ok) return decoded;
  const { proof, shape, trees } = decoded;

  // Steps 1 to 10: the transcript is replayed, every proof of work checked.
  const replayed = replayTranscript(
    createTranscript(),
    keyDigest(key),
    statement,
    proof,
    shape,
    trees,
    key.profile,
  );
  if (!replayed.ok) return replayed;
  const { challenges } = replayed;

  return (
    // Step 4: the buses balance.
    checkSums(proof) ??
    // Step 6: constraints equal quotients at zeta.
    checkQuotients(key.system, statement, proof, shape, challenges) ??
    // Steps 7 to 10: the openings and the degrees, at the queries.
    checkQueries(key, proof, shape, trees, challenges) ??
    ACCEPTED
  );
}

function checkCall(key: VerifyingKey, statement: Uint32Array, policy: VerifierPolicy): Rejection | undefined {
  if (!profileWords(key.profile).every(isCanonical))
    return reject('KEY_MALFORMED', { code: 'PROFILE_INCONSISTENT', profile: key.profile.name });
  if (!isAccepted(key.profile, policy))
    return reject(key.profile.isTestOnly ? 'TEST_ONLY_PROFILE' : 'PROFILE_NOT_ACCEPTED', {
      profile: key.profile.name,
    });
  const fault = checkKey(key);
  if (fault !== undefined) return reject('KEY_MALFORMED', { code: fault.code, ...fault.details });
  if (statement.length !== STATEMENT_WORDS)
    return reject('STATEMENT_MALFORMED', { expected: STATEMENT_WORDS, got: statement.length });
  const wrong = statement.findIndex((word) => !isCanonical(word));
  if (wrong >= 0) return reject('STATEMENT_MALFORMED', { wordIndex: wrong, got: statement[wrong]! });
  return undefined;
}

function isAccepted(profile: Profile, policy: VerifierPolicy): boolean {
  const digest = profileDigest(profile);
  return policy.acceptedProfileDigests.some(
    (accepted) =>
      accepted.length === digest.length && digest.every((word, index) => word === accepted[index]),
  );
}
