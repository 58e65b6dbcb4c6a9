/**
 * From the statements of columns and an inclusion list to the statement of the block, or the reason why they make none. Needs no
 * proof: a block that is refused here is refused before anything is proved.
 * Source: docs/spec/block.md.
 */
import {
  type ColumnTransfer,
  HEADER_QUANTITIES,
  QUANTITY_BITS,
  TRANSFER_QUANTITIES,
  transferBits,
} from '../column/input.ts';
import {
  type AccessListItem,
  accessKey,
  type ColumnStatement,
  SLOT_LIMIT,
  type StatedTransfer,
  TRANSFER_STATUSES,
} from '../column/statement.ts';
import { type BlockStatement, type BlockTransfer, headerOf, type ListedTransfer } from './blockStatement.ts';
import { BlockError } from './errors.ts';

const COLUMN_FIELDS = [...HEADER_QUANTITIES, 'gasUsed', 'priorityFeesWei', 'burnedWei'] as const;

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

const ADDRESS = /^0x[0-9a-f]{40}$/i;

/**
 * Every field of a column has a row in its digest.
 * Throws: BlockError 'MALFORMED_INPUT', 'QUANTITY_RANGE' naming the column and the field.
 */
function requireFields(statement: ColumnStatement, column: number): void {
  const quantity = (field: string, value: bigint, bits: number): void => {
    if (value < 0n || value >> BigInt(bits) !== 0n)
      throw new BlockError('QUANTITY_RANGE', { column, field, got: value.toString() });
  };
  const address = (field: string, value: string): void => {
    if (!ADDRESS.test(value))
      throw new BlockError('MALFORMED_INPUT', { column, field, expected: '0x and 40 hex digits' });
  };
  for (const field of COLUMN_FIELDS) quantity(field, statement[field], QUANTITY_BITS);
  address('coinbase', statement.coinbase);
  for (const [place, transfer] of statement.transfers.entries()) {
    const of = `transfers.${place}`;
    address(`${of}.from`, transfer.from);
    address(`${of}.to`, transfer.to);
    for (const field of TRANSFER_QUANTITIES) quantity(`${of}.${field}`, transfer[field], transferBits(field));
    if (!TRANSFER_STATUSES.includes(transfer.status))
      throw new BlockError('MALFORMED_INPUT', {
        column,
        field: `${of}.status`,
        expected: TRANSFER_STATUSES.join(', '),
      });
  }
  for (const [item, { address: owner, slot, preValue, postValue }] of statement.accessList.entries()) {
    const of = `accessList.${item}`;
    address(`${of}.address`, owner);
    if (slot < 0n || slot >= SLOT_LIMIT)
      throw new BlockError('QUANTITY_RANGE', { column, field: `${of}.slot`, got: slot.toString() });
    quantity(`${of}.preValue`, preValue, QUANTITY_BITS);
    quantity(`${of}.postValue`, postValue, QUANTITY_BITS);
  }
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
      ['coinbase', 'OTHER_COINBASE'],
      ['blockGasLimit', 'OTHER_BLOCK_GAS_LIMIT'],
      ['transactionGasCap', 'OTHER_TRANSACTION_GAS_CAP'],
    ] as const)
      if (each[field] !== first[field])
        throw new BlockError(code, { column, expected: String(first[field]), got: String(each[field]) });
    if (each.transfers.length === 0) throw new BlockError('EMPTY_COLUMN', { column });
  }
  return first;
}

/** The access lists of all columns, merged. Throws: BlockError 'ACCESS_OVERLAP', 'ACCESS_LIST_ORDER'. */
function mergeAccessLists(columns: readonly ColumnStatement[]): AccessListItem[] {
  // By text: of a bigint, a map looks at the lowest 64 bits alone, which all accounts have in common.
  const columnOfKey = new Map<string, number>();
  const merged: { readonly key: bigint; readonly item: AccessListItem }[] = [];
  for (const [column, { accessList }] of columns.entries()) {
    let previousKey = 0n;
    for (const [place, item] of accessList.entries()) {
      const { address, slot } = item;
      const key = accessKey(address, slot);
      if (key <= previousKey) throw new BlockError('ACCESS_LIST_ORDER', { column, item: place, address });
      previousKey = key;
      const name = key.toString(16);
      const other = columnOfKey.get(name);
      if (other !== undefined)
        throw new BlockError('ACCESS_OVERLAP', { column, other, address, slot: slot.toString() });
      columnOfKey.set(name, column);
      merged.push({ key, item });
    }
  }
  return merged.sort((left, right) => (left.key < right.key ? -1 : 1)).map(({ item }) => item);
}

/** Throws: BlockError 'LIST_COLUMN'. */
function requireColumns(list: readonly ListedTransfer[], columnCount: number): void {
  for (const [transaction, { column }] of list.entries())
    if (!Number.isInteger(column) || column < 0 || column >= columnCount)
      throw new BlockError('LIST_COLUMN', { transaction, below: columnCount, got: column });
}

/** What the list says of one transaction, which it may have more than once. */
interface Listed {
  /** Where it stands first. */
  readonly transaction: number;
  readonly column: number;
  /** How often, and where last, in the column that is compared. */
  ownCount: number;
  ownLast: number;
}

/** Why a column does not have, in order, what the list assigns to it. Time is linear in the list and the column. */
function differenceOf(
  { transfers }: ColumnStatement,
  column: number,
  list: readonly ListedTransfer[],
  listNames: readonly string[],
  assigned: readonly number[],
): BlockError {
  const listedByName = new Map<string, Listed>();
  for (const [transaction, name] of listNames.entries()) {
    const columnOfList = list[transaction]!.column;
    let listed = listedByName.get(name);
    if (listed === undefined) {
      listed = { transaction, column: columnOfList, ownCount: 0, ownLast: transaction };
      listedByName.set(name, listed);
    }
    if (columnOfList !== column) continue;
    listed.ownCount += 1;
    listed.ownLast = transaction;
  }
  const names = transfers.map(transferName);
  const seen = new Map<string, number>();
  for (const [place, name] of names.entries()) {
    const listed = listedByName.get(name);
    if (listed === undefined) return new BlockError('TRANSACTION_NOT_LISTED', { column, place });
    const { transaction, ownCount, ownLast } = listed;
    if (ownCount === 0)
      return new BlockError('WRONG_COLUMN', { column, place, transaction, expected: listed.column });
    const times = (seen.get(name) ?? 0) + 1;
    if (times > ownCount) return new BlockError('TRANSACTION_TWICE', { column, place, transaction: ownLast });
    seen.set(name, times);
  }
  const missing = assigned.find((transaction) => {
    const name = listNames[transaction]!;
    const times = seen.get(name) ?? 0;
    seen.set(name, times - 1);
    return times === 0;
  });
  if (missing !== undefined) return new BlockError('TRANSACTION_MISSING', { column, transaction: missing });
  const place = assigned.findIndex((transaction, index) => listNames[transaction] !== names[index]);
  return new BlockError('TRANSACTION_ORDER', { column, place, transaction: assigned[place]! });
}

/** The statuses of the list's transactions, taken from the columns. Throws: BlockError. */
function matchList(columns: readonly ColumnStatement[], list: readonly ListedTransfer[]): BlockTransfer[] {
  requireColumns(list, columns.length);
  const listNames = list.map(transferName);
  const assigned: number[][] = columns.map(() => []);
  for (const [transaction, { column }] of list.entries()) assigned[column]!.push(transaction);
  const stated: StatedTransfer[] = new Array(list.length);
  for (const [column, statement] of columns.entries()) {
    const { transfers } = statement;
    const own = assigned[column]!;
    const isSame =
      own.length === transfers.length &&
      own.every((transaction, place) => listNames[transaction] === transferName(transfers[place]!));
    if (!isSame) throw differenceOf(statement, column, list, listNames, own);
    for (const [place, transaction] of own.entries()) stated[transaction] = transfers[place]!;
  }
  return list.map(({ column }, transaction) => ({ ...stated[transaction]!, column }));
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
  for (const [column, statement] of columns.entries()) requireFields(statement, column);
  const header = headerOf(requireOneBlock(columns));
  return {
    ...header,
    columnCount: columns.length,
    transfers: matchList(columns, list),
    accessList: mergeAccessLists(columns),
    gasUsed: sumOf(columns, 'gasUsed'),
    priorityFeesWei: sumOf(columns, 'priorityFeesWei'),
    burnedWei: sumOf(columns, 'burnedWei'),
  };
}
