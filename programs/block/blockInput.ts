/**
 * From the statements of columns and an inclusion list to the statement of the block, or the reason why they make none. Needs no
 * proof: a block that is refused here is refused before anything is proved.
 * Source: docs/spec/block.md.
 */
import type { ColumnTransfer } from '../column/input.ts';
import {
  type AccessListItem,
  accessKey,
  type ColumnStatement,
  type StatedTransfer,
} from '../column/statement.ts';
import type { BlockStatement, BlockTransfer, ListedTransfer } from './blockStatement.ts';
import { BlockError } from './errors.ts';

/** Everything of a transaction that its digest binds. */
function transferName(transfer: ColumnTransfer): string {
  return [
    transfer.from,
    transfer.to,
    transfer.chainId,
    transfer.nonce,
    transfer.gasLimit,
    transfer.maxFeePerGasWei,
    transfer.maxPriorityFeePerGasWei,
    transfer.valueWei,
  ].join(' ');
}

/** All columns are of one block. Throws: BlockError. */
function requireOneBlock(columns: readonly ColumnStatement[]): ColumnStatement {
  const [first] = columns;
  if (first === undefined) throw new BlockError('NO_COLUMNS');
  for (const [column, each] of columns.entries()) {
    for (const [field, code] of [
      ['chainId', 'OTHER_CHAIN'],
      ['blockNumber', 'OTHER_BLOCK'],
      ['baseFeePerGasWei', 'OTHER_BASE_FEE'],
    ] as const)
      if (each[field] !== first[field])
        throw new BlockError(code, { column, expected: String(first[field]), got: String(each[field]) });
    if (each.transfers.length === 0) throw new BlockError('EMPTY_COLUMN', { column });
  }
  return first;
}

/** The access lists of all columns, merged. Throws: BlockError 'ACCESS_OVERLAP', 'ACCESS_LIST_ORDER'. */
function mergeAccessLists(columns: readonly ColumnStatement[]): AccessListItem[] {
  const columnOfKey = new Map<bigint, number>();
  const merged: { readonly key: bigint; readonly item: AccessListItem }[] = [];
  for (const [column, { accessList }] of columns.entries()) {
    let previousKey = 0n;
    for (const [place, item] of accessList.entries()) {
      const { address, slot } = item;
      const key = accessKey(address, slot);
      if (key <= previousKey) throw new BlockError('ACCESS_LIST_ORDER', { column, item: place, address });
      previousKey = key;
      const other = columnOfKey.get(key);
      if (other !== undefined)
        throw new BlockError('ACCESS_OVERLAP', { column, other, address, slot: slot.toString() });
      columnOfKey.set(key, column);
      merged.push({ key, item });
    }
  }
  return merged.sort((left, right) => (left.key < right.key ? -1 : 1)).map(({ item }) => item);
}

interface ListedPlace {
  readonly transaction: number;
  readonly column: number;
}

/** Where the list has each transaction; a list may have the same one more than once. */
function placesOf(list: readonly ListedTransfer[], columnCount: number): Map<string, ListedPlace[]> {
  const places = new Map<string, ListedPlace[]>();
  for (const [transaction, listed] of list.entries()) {
    const { column } = listed;
    if (!Number.isInteger(column) || column < 0 || column >= columnCount)
      throw new BlockError('LIST_COLUMN', { transaction, below: columnCount, got: column });
    const name = transferName(listed);
    places.set(name, [...(places.get(name) ?? []), { transaction, column }]);
  }
  return places;
}

/** Why a column does not have, in order, what the list assigns to it. */
function differenceOf(
  columns: readonly ColumnStatement[],
  list: readonly ListedTransfer[],
  column: number,
  assigned: readonly number[],
): BlockError {
  const places = placesOf(list, columns.length);
  const seen = new Map<string, number>();
  const { transfers } = columns[column]!;
  for (const [place, transfer] of transfers.entries()) {
    const name = transferName(transfer);
    const listed = places.get(name);
    if (listed === undefined) return new BlockError('TRANSACTION_NOT_LISTED', { column, place });
    const own = listed.filter((each) => each.column === column);
    if (own.length === 0)
      return new BlockError('WRONG_COLUMN', {
        column,
        place,
        transaction: listed[0]!.transaction,
        expected: listed[0]!.column,
      });
    const times = (seen.get(name) ?? 0) + 1;
    if (times > own.length)
      return new BlockError('TRANSACTION_TWICE', { column, place, transaction: own.at(-1)!.transaction });
    seen.set(name, times);
  }
  const missing = assigned.find((transaction) => {
    const name = transferName(list[transaction]!);
    const times = seen.get(name) ?? 0;
    seen.set(name, times - 1);
    return times === 0;
  });
  if (missing !== undefined) return new BlockError('TRANSACTION_MISSING', { column, transaction: missing });
  const place = assigned.findIndex(
    (transaction, index) => transferName(list[transaction]!) !== transferName(transfers[index]!),
  );
  return new BlockError('TRANSACTION_ORDER', { column, place, transaction: assigned[place]! });
}

/** The statuses of the list's transactions, taken from the columns. Throws: BlockError. */
function matchList(columns: readonly ColumnStatement[], list: readonly ListedTransfer[]): BlockTransfer[] {
  placesOf(list, columns.length);
  const assigned: number[][] = columns.map(() => []);
  for (const [transaction, { column }] of list.entries()) assigned[column]!.push(transaction);
  const stated = new Map<number, StatedTransfer>();
  for (const [column, { transfers }] of columns.entries()) {
    const own = assigned[column]!;
    const isSame =
      own.length === transfers.length &&
      own.every((transaction, place) => transferName(list[transaction]!) === transferName(transfers[place]!));
    if (!isSame) throw differenceOf(columns, list, column, own);
    for (const [place, transaction] of own.entries()) stated.set(transaction, transfers[place]!);
  }
  return list.map(({ column }, transaction) => ({ ...stated.get(transaction)!, column }));
}

function sumOf(
  columns: readonly ColumnStatement[],
  field: 'gasUsed' | 'priorityFeesWei' | 'burnedWei',
): bigint {
  const sum = columns.reduce((total, column) => total + column[field], 0n);
  if (sum >> 256n !== 0n) throw new BlockError('QUANTITY_RANGE', { field, got: sum.toString() });
  return sum;
}

/**
 * The statement of the block of these columns, by number, and this inclusion list, or why there is none: the error names the
 * column or the transaction. Throws: BlockError.
 */
export function assembleBlock(
  columns: readonly ColumnStatement[],
  list: readonly ListedTransfer[],
): BlockStatement {
  const { chainId, blockNumber, baseFeePerGasWei } = requireOneBlock(columns);
  return {
    chainId,
    blockNumber,
    baseFeePerGasWei,
    columnCount: columns.length,
    transfers: matchList(columns, list),
    accessList: mergeAccessLists(columns),
    gasUsed: sumOf(columns, 'gasUsed'),
    priorityFeesWei: sumOf(columns, 'priorityFeesWei'),
    burnedWei: sumOf(columns, 'burnedWei'),
  };
}
