/** Why children cannot be aggregated, or an aggregate is not believed: a code and a sentence each; codes are never reused. */
export const AGGREGATE_ERRORS = {
  NO_ENTRIES: 'An aggregate has no children.',
  TOO_MANY_ENTRIES: 'An aggregate has more children than its statement can count.',
  ENTRY_MALFORMED: 'An entry is neither a leaf nor an inner one with a list, or cannot be read.',
  DIGEST_MALFORMED: 'A digest does not have 8 canonical words.',
  TOO_DEEP: 'The tree of aggregates is deeper than any that is proved.',
  TOO_MANY_LEAVES: 'The tree of aggregates has more leaves than are listed.',
  DUPLICATE_CHILD: 'Two children are the same proof, or proofs of the same statement under the same key.',
  CHILD_REJECTED: 'A child does not verify.',
  CHILD_NOT_VERIFIED: 'The aggregate program cannot run past a check of a child.',
  PROFILE_NOT_VERIFIED: 'The aggregate program verifies no proofs of this machine under this profile.',
  CHILD_TOO_LARGE: 'A child has more bytes than any proof under an accepted profile.',
  NOT_AN_AGGREGATE: 'A child is declared to be an aggregate but has another key than the aggregate program.',
  UNDECLARED_AGGREGATE: "A child has the aggregate program's key but is not declared to be an aggregate.",
  STATEMENT_MISMATCH: 'The statement is not that of the declared leaves and tree.',
  KEY_MISMATCH: 'The proof is under none of the published keys of the aggregate program.',
  LEAF_NOT_ALLOWED: 'A leaf was proved under a key that is not on the list of allowed ones.',
} as const;

export type AggregateErrorCode = keyof typeof AGGREGATE_ERRORS;
export type AggregateErrorDetails = Readonly<Record<string, number | string>>;

/** Thrown before anything is proved; `details.child` is the number of the child that is to blame. */
export class AggregationError extends Error {
  readonly code: AggregateErrorCode;
  readonly details: AggregateErrorDetails;

  constructor(code: AggregateErrorCode, details: AggregateErrorDetails = {}) {
    super(`${code}: ${AGGREGATE_ERRORS[code]} ${JSON.stringify(details)}`);
    this.name = 'AggregationError';
    this.code = code;
    this.details = details;
  }
}
