/** Why columns and aggregates make no block, or a block proof is not believed: a code and a sentence each; codes are never reused. */
export const BLOCK_ERRORS = {
  MALFORMED_INPUT: 'A field of the block has the wrong form.',
  NO_CHILDREN: 'A block proof has no aggregates below it.',
  NO_COLUMNS: 'A block has no columns.',
  EMPTY_COLUMN: 'A column has no transactions.',
  QUANTITY_RANGE: 'A quantity of the block does not fit its field.',
  OTHER_CHAIN: 'A column has another chain id than the first one.',
  OTHER_BLOCK: 'A column is of another block than the first one.',
  OTHER_BASE_FEE: 'A column has another base fee than the first one.',
  OTHER_COINBASE: 'A column has another coinbase than the first one.',
  OTHER_BLOCK_GAS_LIMIT: 'A column has another gas limit of the block than the first one.',
  OTHER_TRANSACTION_GAS_CAP: 'A column has another gas cap of a transaction than the first one.',
  ACCESS_LIST_ORDER: "A column's access list is not strictly ascending.",
  ACCESS_OVERLAP: 'Two columns list the same leaf of the state.',
  LIST_COLUMN: 'The inclusion list assigns a transaction to a column that there is not.',
  TRANSACTION_MISSING: 'A transaction of the inclusion list is not in its column.',
  TRANSACTION_TWICE: 'A column has a transaction more often than the inclusion list.',
  TRANSACTION_NOT_LISTED: 'A column has a transaction that is not in the inclusion list.',
  WRONG_COLUMN: 'A transaction stands in another column than the inclusion list says.',
  TRANSACTION_ORDER: 'A column has its transactions in another order than the inclusion list.',
  CHILD_REJECTED: 'A child does not verify.',
  STALE_AGGREGATE_KEY:
    'A child is not a proof under the key of the aggregate program that the block program knows.',
  CHILD_STATEMENT:
    'The statement of a child is not that of the entries declared below it, under the known key.',
  LEAF_KEY_NOT_LISTED: 'A leaf was proved under a key that the block program does not list.',
  LEAF_NOT_OF_BLOCK: "A leaf's statement is none of the block's columns.",
  COLUMN_MISSING: 'No leaf shows the statement of a column.',
  COLUMN_TWICE: 'Two leaves show the same column.',
  CHILD_NOT_VERIFIED: 'The block program cannot run past a check of a child.',
  BLOCK_NOT_PROVABLE: 'The block program cannot run past a check of the block.',
  HEIGHT_NOT_PINNED: 'A table of a proof on the way to the final one has another height than is published.',
  KEY_MALFORMED: 'The verifying key of a proof is unusable; `fault` names the first check that fails.',
  KEY_MISMATCH: 'The proof is not under the published final key.',
  DIGEST_MALFORMED: 'A digest does not have 8 canonical words.',
  PROOF_REJECTED: 'The final proof does not show the statement.',
} as const;

export type BlockErrorCode = keyof typeof BLOCK_ERRORS;
export type BlockErrorDetails = Readonly<Record<string, number | string>>;

/** Thrown before anything is proved; `details` names the child, column or transaction that is to blame. */
export class BlockError extends Error {
  readonly code: BlockErrorCode;
  readonly details: BlockErrorDetails;

  constructor(code: BlockErrorCode, details: BlockErrorDetails = {}) {
    super(`${code}: ${BLOCK_ERRORS[code]} ${JSON.stringify(details)}`);
    this.name = 'BlockError';
    this.code = code;
    this.details = details;
  }
}
