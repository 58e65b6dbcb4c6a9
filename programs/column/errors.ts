/** The refusals of the column program: jobs that are not proved at all. Codes are never reused. */

export const COLUMN_ERRORS = {
  MALFORMED_INPUT: 'a field of the column input has the wrong form',
  QUANTITY_RANGE: 'a quantity of the column input is out of its range',
  EMPTY_COLUMN: 'a column without transfers is not proved',
  TOO_MANY_TRANSFERS: 'the column has more transfers than one proof can count',
  DUPLICATE_ACCOUNT: 'an account is listed twice',
  MISSING_ACCOUNT: 'a transfer touches an account that is not listed',
  ACCOUNT_WITHOUT_TRANSFER: 'an account is listed that no transfer names',
  COINBASE_IS_PARTY: 'the coinbase, which gets its fees after all columns, sends or receives a transfer',
  PRECOMPILE: 'an account of the column is a precompile',
  RECIPIENT_HAS_CODE: 'the recipient of a transfer has code',
  DELEGATION: 'the code of a sender has the size of a delegation, and delegations are not supported',
  BALANCE_OVERFLOW: 'a credit takes a balance to 2^128 or more',
} as const;

export type ColumnErrorCode = keyof typeof COLUMN_ERRORS;

export type ColumnErrorDetails = Readonly<Record<string, number | string>>;

export class ColumnError extends Error {
  readonly code: ColumnErrorCode;
  readonly details: ColumnErrorDetails;

  constructor(code: ColumnErrorCode, details: ColumnErrorDetails = {}) {
    const listed = Object.entries(details).map(([name, value]) => `${name} ${value}`);
    super(`${code}: ${[COLUMN_ERRORS[code], ...listed].join(', ')}`);
    this.name = 'ColumnError';
    this.code = code;
    this.details = details;
  }
}
