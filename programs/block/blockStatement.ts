/**
 * What a block proof says, and its digest. The guest program hashes the same rows in the same order.
 * Source: docs/spec/block.md.
 */
import { isCanonical } from '../../stark/field/koalaBear.ts';
import { compress, DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import type { ColumnHeader, ColumnTransfer } from '../column/input.ts';
import {
  type AccessListItem,
  accessKey,
  headerRows,
  limbsOf,
  type StatedTransfer,
  TRANSFER_STATUSES,
  transfersDigest,
} from '../column/statement.ts';

/** A transaction of an inclusion list: the list says in which column it is executed. */
export interface ListedTransfer extends ColumnTransfer {
  readonly column: number;
}

/** A transaction of a block: executed, or skipped for the reason that its status names. */
export interface BlockTransfer extends StatedTransfer {
  readonly column: number;
}

/**
 * The public statement of a block proof: the columns 0..columnCount - 1 have exactly the transactions that the list assigns to
 * them, in the order of the list; each has this status; the columns list disjoint leaves of the state, and take these
 * pre-values to these post-values. Whether the pre-values are the chain's is decided elsewhere, and so is whether senders
 * signed. The coinbase is credited once, outside, with `priorityFeesWei`, and is in no column. Every column starts with the whole
 * gas limit of the block: `gasUsed` may be more.
 */
export interface BlockStatement extends ColumnHeader {
  readonly columnCount: number;
  /** In the order of the inclusion list. */
  readonly transfers: readonly BlockTransfer[];
  /** Of all columns, strictly ascending by (address, slot). */
  readonly accessList: readonly AccessListItem[];
  readonly gasUsed: bigint;
  readonly priorityFeesWei: bigint;
  readonly burnedWei: bigint;
}

/** The statement with digests for its lists: all that enters the statement's digest, of the same size for every block. */
export interface BlockSummary extends ColumnHeader {
  readonly columnCount: number;
  readonly transactionCount: number;
  readonly executedCount: number;
  readonly itemCount: number;
  readonly gasUsed: bigint;
  readonly priorityFeesWei: bigint;
  readonly burnedWei: bigint;
  /** `inclusionListDigest`. */
  readonly listDigest: Uint32Array;
  /** `skippedDigest`. */
  readonly skippedDigest: Uint32Array;
  readonly preValuesDigest: Uint32Array;
  readonly postValuesDigest: Uint32Array;
}

/** Domain separation of the statement's hashes: "BLK", and the version of the statement. */
export const BLOCK_TAG = 0x424c4b;
export const BLOCK_VERSION = 2;
/** What an initial row begins: the third word. */
export const BLOCK_CHAIN = {
  ORDER: 1,
  LIST: 2,
  SKIPPED: 3,
  PRE_VALUES: 4,
  POST_VALUES: 5,
  STATEMENT: 6,
} as const;

/**
 * Rows of zeros at the end of the statement: pre-state root, post-state root, committee attestations, ordered segments. A
 * version that proves something of them fills them.
 */
export const RESERVED_ROWS = 4;

/** The first state of a chain: tag, version, kind, then counts. */
function initialRow(kind: number, ...counts: readonly number[]): Uint32Array {
  return rowOf(BLOCK_TAG, BLOCK_VERSION, kind, ...counts);
}

/** Throws: RangeError for a word that would be hashed as another number. */
function rowOf(...words: readonly number[]): Uint32Array {
  for (const word of words) requireWord(word);
  const row = new Uint32Array(DIGEST_WORDS);
  row.set(words);
  return row;
}

function requireWord(word: number): void {
  if (!Number.isInteger(word) || !isCanonical(word)) throw new RangeError(`${word} is no canonical word`);
}

/** Throws: RangeError. */
function requireDigest(words: Uint32Array): Uint32Array {
  if (words.length !== DIGEST_WORDS) throw new RangeError(`a digest has ${words.length} words`);
  for (const word of words) requireWord(word);
  return words;
}

/** s = C(s, row) for every 8 words. */
function chain(initial: Uint32Array, words: readonly Uint32Array[]): Uint32Array {
  let state = initial;
  for (const word of words)
    for (let start = 0; start < word.length; start += DIGEST_WORDS)
      state = compress(state, word.subarray(start, start + DIGEST_WORDS));
  return state;
}

/** The digest of the column numbers of a list's transactions, 8 a row. */
export function orderDigest(columns: readonly number[]): Uint32Array {
  for (const column of columns) requireWord(column);
  const rows = new Uint32Array(Math.ceil(columns.length / DIGEST_WORDS) * DIGEST_WORDS);
  rows.set(columns);
  return chain(initialRow(BLOCK_CHAIN.ORDER, columns.length), [rows]);
}

/** What the list's digest holds of a column: the transfers' digest that the column has if all of them are executed. */
export function listedTransfersDigest(transfers: readonly ColumnTransfer[]): Uint32Array {
  return transfersDigest(transfers.map((transfer) => ({ ...transfer, status: 'executed' })));
}

/** The transfers of each column, in the order of the list. Throws: RangeError for a column that there is not. */
export function transfersByColumn<T extends { readonly column: number }>(
  transfers: readonly T[],
  columnCount: number,
): T[][] {
  const columns: T[][] = Array.from({ length: columnCount }, () => []);
  for (const transfer of transfers) {
    const column = columns[transfer.column];
    if (column === undefined) throw new RangeError(`there is no column ${transfer.column}`);
    column.push(transfer);
  }
  return columns;
}

/**
 * The digest of an inclusion list: of its order and of every column's transactions. It depends on the list alone, not on what
 * becomes of its transactions.
 */
export function inclusionListDigest(list: readonly ListedTransfer[], columnCount: number): Uint32Array {
  return chain(initialRow(BLOCK_CHAIN.LIST, list.length, columnCount), [
    orderDigest(list.map(({ column }) => column)),
    ...transfersByColumn(list, columnCount).map(listedTransfersDigest),
  ]);
}

/** The digest of the transactions that were not executed, by column and place in it, with the reason. */
export function skippedDigest(transfers: readonly BlockTransfer[], columnCount: number): Uint32Array {
  const rows = transfersByColumn(transfers, columnCount).flatMap((members, column) =>
    members.flatMap(({ status }, place) =>
      status === 'executed' ? [] : [rowOf(column, place, TRANSFER_STATUSES.indexOf(status))],
    ),
  );
  return chain(initialRow(BLOCK_CHAIN.SKIPPED, rows.length), rows);
}

export function preValuesDigest(items: readonly AccessListItem[]): Uint32Array {
  return chain(
    initialRow(BLOCK_CHAIN.PRE_VALUES, items.length),
    items.flatMap(({ address, slot, preValue }) => [limbsOf(accessKey(address, slot)), limbsOf(preValue)]),
  );
}

export function postValuesDigest(items: readonly AccessListItem[]): Uint32Array {
  return chain(
    initialRow(BLOCK_CHAIN.POST_VALUES, items.length),
    items.map(({ postValue }) => limbsOf(postValue)),
  );
}

/** The header alone. */
export function headerOf(header: ColumnHeader): ColumnHeader {
  const { chainId, blockNumber, baseFeePerGasWei, coinbase, blockGasLimit, transactionGasCap } = header;
  return { chainId, blockNumber, baseFeePerGasWei, coinbase, blockGasLimit, transactionGasCap };
}

/** Throws: RangeError on a quantity that has no row, or a transaction in a column that there is not. */
export function summarizeBlock(statement: BlockStatement): BlockSummary {
  const { transfers, accessList, columnCount } = statement;
  return {
    ...headerOf(statement),
    columnCount,
    transactionCount: transfers.length,
    executedCount: transfers.filter(({ status }) => status === 'executed').length,
    itemCount: accessList.length,
    gasUsed: statement.gasUsed,
    priorityFeesWei: statement.priorityFeesWei,
    burnedWei: statement.burnedWei,
    listDigest: inclusionListDigest(transfers, columnCount),
    skippedDigest: skippedDigest(transfers, columnCount),
    preValuesDigest: preValuesDigest(accessList),
    postValuesDigest: postValuesDigest(accessList),
  };
}

/** The 8 words that a block proof is about. Throws: RangeError on a quantity, count, address or digest that has no row. */
export function blockSummaryDigest(summary: BlockSummary): Uint32Array {
  const { columnCount, transactionCount, executedCount, itemCount } = summary;
  return chain(initialRow(BLOCK_CHAIN.STATEMENT, columnCount, transactionCount, executedCount, itemCount), [
    ...headerRows(summary),
    limbsOf(summary.gasUsed),
    limbsOf(summary.priorityFeesWei),
    limbsOf(summary.burnedWei),
    requireDigest(summary.listDigest),
    requireDigest(summary.skippedDigest),
    requireDigest(summary.preValuesDigest),
    requireDigest(summary.postValuesDigest),
    new Uint32Array(RESERVED_ROWS * DIGEST_WORDS),
  ]);
}

/** As `blockSummaryDigest`, of the whole statement. */
export function blockStatementDigest(statement: BlockStatement): Uint32Array {
  return blockSummaryDigest(summarizeBlock(statement));
}
