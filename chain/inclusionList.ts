/**
 * An inclusion list: transactions in order, what each may touch, and the column of each. The columns that a list
 * carries are derived again and compared, never trusted.
 * Source: docs/spec/partition.md, section 4.
 */
import type { AccessSet } from './accessSet.ts';
import { partition } from './partition.ts';

export interface InclusionList<Transaction> {
  readonly transactions: readonly Transaction[];
  /** One a transaction. */
  readonly accesses: readonly AccessSet[];
  readonly columnCount: number;
  /** The column of each transaction, as the list's author claims it. */
  readonly columnOf: readonly number[];
}

export type InclusionListCheck =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: 'LENGTH_MISMATCH' | 'COLUMN_MISMATCH';
      readonly details: Readonly<Record<string, number>>;
    };

/** Throws: ChainError COLUMN_COUNT, GAS. */
export function buildInclusionList<Transaction>(
  transactions: readonly Transaction[],
  accessOf: (transaction: Transaction) => AccessSet,
  columnCount: number,
): InclusionList<Transaction> {
  const accesses = transactions.map(accessOf);
  const { columnOf } = partition(accesses, columnCount);
  return { transactions, accesses, columnCount, columnOf };
}

/** Derives the columns from the accesses and names the first that differs. Throws: ChainError COLUMN_COUNT, GAS. */
export function checkInclusionList<Transaction>(list: InclusionList<Transaction>): InclusionListCheck {
  const expected = list.transactions.length;
  for (const got of [list.accesses.length, list.columnOf.length]) {
    if (got !== expected) return { ok: false, reason: 'LENGTH_MISMATCH', details: { expected, got } };
  }
  const { columnOf } = partition(list.accesses, list.columnCount);
  for (const [transaction, column] of columnOf.entries()) {
    const got = list.columnOf[transaction] ?? -1;
    if (got !== column) {
      return { ok: false, reason: 'COLUMN_MISMATCH', details: { transaction, expected: column, got } };
    }
  }
  return { ok: true };
}
