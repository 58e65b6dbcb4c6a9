/**
 * Why a proof, a key or a call is refused: one registry, one sentence a reason. A reason is never reused for another
 * meaning.
 */

/** In the order of the checks, which docs/spec/proof-layout.md gives as a table. */
export const REJECTIONS = {
  // The call, before the proof is read.
  TEST_ONLY_PROFILE: 'The key uses a TEST_ONLY profile, which the policy does not name.',
  PROFILE_NOT_ACCEPTED: "The key's profile is not among those that the policy accepts.",
  KEY_MALFORMED: "The key does not fit its own system and profile: heights, cap, or the profile's maxima.",
  STATEMENT_MALFORMED: 'The statement digest is not 8 canonical words.',
  PROOF_NOT_BYTES: 'The proof is not an array of bytes.',
  // Bytes and shape, before any arithmetic.
  BYTES_NOT_WORDS: 'The number of bytes is not a multiple of 4.',
  BAD_MAGIC: 'The bytes do not start with the magic word of a proof.',
  BAD_VERSION: 'The proof has another format version.',
  TABLE_MISSING: 'A required table is absent.',
  HEIGHT_OUT_OF_RANGE: "A table's height is outside the range of the table, the profile or the field.",
  HEIGHT_NOT_OF_KEY: 'A table with preprocessed columns has another height than in the key.',
  NO_TABLES: 'No table is present.',
  BUS_OVERFLOW: 'The interactions on a bus could reach the modulus.',
  MAXIMA_EXCEEDED: "The proof's tables exceed the maxima for which the profile is sound.",
  QUERY_COUNTS_MALFORMED: 'The numbers of distinct query indices cannot come from any set of indices.',
  TRUNCATED: 'The bytes end before the proof does.',
  TRAILING_BYTES: 'There are bytes after the end of the proof.',
  NOT_CANONICAL: 'A word of the proof is not below the modulus.',
  // Steps 1 to 4.
  LOOKUP_GRIND: 'The proof of work before the LogUp challenges is missing.',
  SUM_NOT_ZERO: 'The LogUp sums of the tables do not add up to zero.',
  // Steps 5 and 6.
  DEEP_GRIND: 'The proof of work before the out-of-domain point is missing.',
  POINT_IN_BASE_FIELD: 'The out-of-domain point lies in the base field.',
  QUOTIENT_MISMATCH: "A table's constraints at the out-of-domain point do not equal its quotient.",
  // Steps 7 to 10.
  BATCH_GRIND: 'The proof of work before the batching challenges is missing.',
  FOLD_GRIND: 'The proof of work before a fold challenge is missing.',
  QUERY_GRIND: 'The proof of work before the queries is missing.',
  QUERY_COUNTS_WRONG: 'The numbers of distinct query indices are not those of the sampled indices.',
  TREE_OPENING: 'Opened rows and siblings of a tree do not lead to its cap.',
  FOLD_OPENING: 'Opened cosets and siblings of a fold layer do not lead to its cap.',
  DEEP_MISMATCH: 'A coset of the first fold layer does not hold the DEEP combination of the opened rows.',
  FOLD_MISMATCH: 'A coset of a fold layer does not hold the value folded from the layer before.',
  FINAL_MISMATCH: 'The final polynomial does not take the value that the folds lead to.',
} as const;

export type RejectionReason = keyof typeof REJECTIONS;

/** Faults of the bytes and of their shape, found before anything is computed: not a proof at all. */
export const MALFORMED_REASONS: ReadonlySet<RejectionReason> = new Set([
  'BYTES_NOT_WORDS',
  'BAD_MAGIC',
  'BAD_VERSION',
  'TRUNCATED',
  'TRAILING_BYTES',
  'NOT_CANONICAL',
  'TABLE_MISSING',
  'HEIGHT_OUT_OF_RANGE',
  'HEIGHT_NOT_OF_KEY',
  'NO_TABLES',
  'BUS_OVERFLOW',
  'MAXIMA_EXCEEDED',
  'QUERY_COUNTS_MALFORMED',
]);

export interface Rejection {
  readonly ok: false;
  readonly reason: RejectionReason;
  /** Where, and what was expected and got. */
  readonly details: Readonly<Record<string, string | number>>;
}

export type Verdict = { readonly ok: true } | Rejection;

export const ACCEPTED: Verdict = { ok: true };

export function reject(
  reason: RejectionReason,
  details: Readonly<Record<string, string | number>> = {},
): Rejection {
  return { ok: false, reason, details };
}
