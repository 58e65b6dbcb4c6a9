/** Errors of this room: one code, one sentence, and the values that explain it. */

export const CHAIN_ERRORS = {
  COLUMN_COUNT: 'The number of columns is not an integer from 1 to 65535.',
  GAS: 'A gas amount is not a non-negative integer, or the sum is not exact.',
  BLOCK_FORMAT: 'The block file does not have the expected form.',
  ACCOUNT_MISSING:
    'The pre-state does not have the account of a sender; an account with nothing is written as {}.',
  SENDER_MISSING: 'A transaction names no sender and none can be recovered.',
  COLUMN_TRANSFERS:
    'A column has more transfers than its program counts; more columns help unless the transfers touch each other.',
} as const;

export type ChainErrorCode = keyof typeof CHAIN_ERRORS;

export class ChainError extends Error {
  readonly code: ChainErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: ChainErrorCode, details: Readonly<Record<string, string | number>>) {
    super(`${CHAIN_ERRORS[code]} ${JSON.stringify(details)}`);
    this.name = 'ChainError';
    this.code = code;
    this.details = details;
  }
}
