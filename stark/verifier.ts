/**
 * The verifier: decides whether a proof shows the statement under a key. It is synchronous, reads nothing that it does not
 * check, and answers with a reason instead of throwing. The numbered steps are those of the prover and of section 10 of
 * docs/spec/proof-system.md.
 */

import { STATEMENT_WORDS } from './air/air.ts';
import { isCanonical } from './field/koalaBear.ts';
import { fieldsOf, keyDigest, readKey, type VerifyingKey } from './keys.ts';
import { FINAL, INNER, LEAF, type Profile, profileDigest, sealProfile } from './profile.ts';
import { decodeProof } from './proof/codec.ts';
import { copyOfBytes, copyOfWords } from './sealed.ts';
import { createTranscript } from './transcript.ts';
import { replayOpenings, replayQueries, replaySums } from './verifier/challenges.ts';
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
 * Verifies `proofBytes` for the 8-word statement digest under the key. A rejection names the first check that fails, in the order of
 * docs/spec/proof-layout.md and of section 10 of docs/spec/proof-system.md. All arguments are copied before they are read: one that
 * changes meanwhile, in memory that threads share say, is verified as it was.
 */
export function verify(
  key: VerifyingKey,
  statement: Uint32Array,
  proofBytes: Uint8Array,
  policy: VerifierPolicy,
): Verdict {
  // Before the proof is read: the caller's policy, the key, the statement.
  const call = readCall(key, statement, proofBytes, policy);
  return call.ok ? verifyCall(call) : call;
}

/** A call whose parts are the verifier's own. */
interface Call {
  readonly ok: true;
  readonly key: VerifyingKey;
  readonly statement: Uint32Array;
  readonly proofBytes: Uint8Array;
}

function verifyCall({ key, statement, proofBytes }: Call): Verdict {
  // The whole shape, before any arithmetic.
  const decoded = decodeProof(proofBytes, key);
  if (!decoded.ok) return decoded;
  const { proof, shape, trees } = decoded;
  const transcript = createTranscript();

  // Steps 1 to 4: what is proved, the main and the LogUp columns. The buses balance.
  const sums = replaySums(transcript, keyDigest(key), statement, proof, shape, key.profile);
  if (!sums.ok) return sums;
  const unbalanced = checkSums(proof);
  if (unbalanced !== undefined) return unbalanced;

  // Steps 5 and 6: the quotients, zeta and the openings. Constraints equal quotients at zeta.
  const opened = replayOpenings(transcript, proof, shape, key.profile);
  if (!opened.ok) return opened;
  const { challenges: point } = opened;
  const unequal = checkQuotients(key.system, statement, proof, shape, sums.challenges, point);
  if (unequal !== undefined) return unequal;

  // Steps 7 to 10: the batch, the folds, the final polynomial. The openings and the degrees, at the queries.
  const queried = replayQueries(transcript, proof, shape, trees, key.profile);
  if (!queried.ok) return queried;
  const challenges = { ...sums.challenges, ...point, ...queried.challenges };
  return checkQueries(key, proof, shape, trees, challenges) ?? ACCEPTED;
}

function readCall(
  key: VerifyingKey,
  statement: Uint32Array,
  proofBytes: Uint8Array,
  policy: VerifierPolicy,
): Call | Rejection {
  const fields = fieldsOf(key);
  if (fields === undefined) return reject('KEY_MALFORMED', { code: 'KEY_UNREADABLE' });
  const profile = sealProfile(fields.profile);
  if (!profile.ok) return reject('KEY_MALFORMED', { code: 'PROFILE_INCONSISTENT', ...profile.fault.details });
  if (!isAccepted(profile.value, policy))
    return reject(profile.value.isTestOnly ? 'TEST_ONLY_PROFILE' : 'PROFILE_NOT_ACCEPTED', {
      profile: profile.value.name,
    });
  const read = readKey({ ...fields, profile: profile.value });
  if (!read.ok) return reject('KEY_MALFORMED', { code: read.fault.code, ...read.fault.details });
  const words = copyOfWords(statement);
  if (words === undefined) return reject('STATEMENT_MALFORMED', { expected: 'a Uint32Array' });
  if (words.length !== STATEMENT_WORDS)
    return reject('STATEMENT_MALFORMED', { expected: STATEMENT_WORDS, got: words.length });
  const wrong = words.findIndex((word) => !isCanonical(word));
  if (wrong >= 0) return reject('STATEMENT_MALFORMED', { wordIndex: wrong, got: words[wrong]! });
  const bytes = copyOfBytes(proofBytes);
  if (bytes === undefined) return reject('PROOF_NOT_BYTES', { expected: 'a Uint8Array' });
  return { ok: true, key: read.key, statement: words, proofBytes: bytes };
}

function isAccepted(profile: Profile, policy: VerifierPolicy): boolean {
  const digest = profileDigest(profile);
  return policy.acceptedProfileDigests.some(
    (accepted) =>
      accepted.length === digest.length && digest.every((word, index) => word === accepted[index]),
  );
}
