/**
 * From a block to the inputs of its execution columns: the plain transfers in block order, the accounts they touch
 * before the block, and the columns they fall into.
 *
 * A plain transfer has a recipient that is no precompile, no call data, type 0, 1 or 2 and an empty access list. The code of
 * recipients is removed from the pre-state, so a transfer runs nothing; this changes the block, and any independent
 * execution that is compared has to start from the same state (`removeRecipientCode`).
 */
import type { AccessSet } from './accessSet.ts';
import { accountKey } from './accessSet.ts';
import type { BlockFile, BlockTransaction } from './blockFile.ts';
import { ChainError } from './errors.ts';
import { buildInclusionList, type InclusionList } from './inclusionList.ts';

/** Addresses are '0x' and 40 lower-case hex digits. */
export interface Transfer {
  /** Position in the block. */
  readonly blockIndex: number;
  readonly chainId: bigint;
  readonly from: string;
  readonly to: string;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** The gas price where the transaction has one price only. */
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
  readonly valueWei: bigint;
}

/** An account before the block. */
export interface PreAccount {
  readonly address: string;
  readonly nonce: bigint;
  readonly balanceWei: bigint;
  /** '0x' where it has none. */
  readonly code: string;
}

/** What one column executes. */
export interface ColumnBlock {
  readonly columnIndex: number;
  readonly chainId: bigint;
  readonly blockNumber: bigint;
  /** 0 for a block without a base fee. */
  readonly baseFeePerGasWei: bigint;
  /** In block order. */
  readonly transfers: readonly Transfer[];
  /** Every sender and recipient, ascending by address. */
  readonly accounts: readonly PreAccount[];
}

export interface BlockInput {
  readonly coinbase: string;
  readonly list: InclusionList<Transfer>;
  /** Columns without transactions are left out. */
  readonly columns: readonly ColumnBlock[];
}

/** Recovers the sender of a transaction from its signature. */
export type RecoverSender = (transaction: BlockTransaction) => string;

/** Gas of a plain transfer: the intrinsic gas, whatever its limit. Source: the yellow paper's G_transaction. */
const TRANSFER_GAS = 21000;

/** 1 to 0x11 and 0x100: the precompiles of every fork up to Osaka, left out for every block alike. */
function isPrecompile(address: string): boolean {
  const value = BigInt(address);
  return (value >= 1n && value <= 0x11n) || value === 0x100n;
}

export function isPlainTransfer(transaction: BlockTransaction): boolean {
  const type = transaction.type ?? 0n;
  return (
    typeof transaction.to === 'string' &&
    !isPrecompile(transaction.to) &&
    transaction.input === '0x' &&
    type <= 2n &&
    (transaction.accessList ?? []).length === 0
  );
}

/** The plain transfers of a block in block order. Throws: ChainError SENDER_MISSING, BLOCK_FORMAT, QUANTITY_RANGE. */
export function selectTransfers(file: BlockFile, recoverSender?: RecoverSender): Transfer[] {
  return file.block.transactions.flatMap((transaction, blockIndex) =>
    isPlainTransfer(transaction) ? [transferOf(file, transaction, blockIndex, recoverSender)] : [],
  );
}

function transferOf(
  file: BlockFile,
  transaction: BlockTransaction,
  blockIndex: number,
  recoverSender: RecoverSender | undefined,
): Transfer {
  const from = transaction.from ?? recoverSender?.(transaction);
  if (from === undefined) throw new ChainError('SENDER_MISSING', { transaction: blockIndex });
  const hasOnePrice = (transaction.type ?? 0n) < 2n;
  const maxFee = hasOnePrice ? transaction.gasPrice : transaction.maxFeePerGas;
  const maxPriorityFee = hasOnePrice ? transaction.gasPrice : transaction.maxPriorityFeePerGas;
  if (maxFee === undefined || maxPriorityFee === undefined) {
    throw new ChainError('BLOCK_FORMAT', {
      field: `transactions.${blockIndex}`,
      problem: 'a price is missing',
    });
  }
  return {
    blockIndex,
    // A legacy transaction without a chain id is valid on every chain.
    chainId: transaction.chainId ?? BigInt(file.chainId),
    from,
    to: transaction.to ?? '',
    nonce: checkRange(transaction.nonce, 64, 'nonce', blockIndex),
    gasLimit: checkRange(transaction.gas, 64, 'gas', blockIndex),
    maxFeePerGasWei: checkRange(maxFee, 128, 'maxFeePerGas', blockIndex),
    maxPriorityFeePerGasWei: checkRange(maxPriorityFee, 128, 'maxPriorityFeePerGas', blockIndex),
    valueWei: checkRange(transaction.value, 128, 'value', blockIndex),
  };
}

/** The accounts of some transfers before the block, ascending by address. */
export function preAccounts(
  file: BlockFile,
  transfers: readonly Transfer[],
  recipients: ReadonlySet<string>,
): PreAccount[] {
  const touched = new Set(transfers.flatMap(({ from, to }) => [from, to]));
  return [...touched].toSorted().map((address) => {
    const account = file.prestate[address];
    return {
      address,
      nonce: checkRange(account?.nonce ?? 0n, 64, 'nonce', address),
      balanceWei: checkRange(account?.balance ?? 0n, 128, 'balance', address),
      code: recipients.has(address) ? '0x' : (account?.code ?? '0x'),
    };
  });
}

/** A transfer writes its sender and its recipient, whether it is executed or not. */
export function transferAccess(transfer: Transfer): AccessSet {
  return {
    gas: TRANSFER_GAS,
    reads: [],
    writes: [...new Set([accountKey(transfer.from), accountKey(transfer.to)])],
  };
}

/** Throws: ChainError of every kind. */
export function blockInput(file: BlockFile, columnCount: number, recoverSender?: RecoverSender): BlockInput {
  const transfers = selectTransfers(file, recoverSender);
  const recipients = new Set(transfers.map(({ to }) => to));
  const list = buildInclusionList(transfers, transferAccess, columnCount);
  const columns = Array.from({ length: columnCount }, (_, columnIndex): ColumnBlock => {
    const members = transfers.filter((_transfer, index) => list.columnOf[index] === columnIndex);
    return {
      columnIndex,
      chainId: BigInt(file.chainId),
      blockNumber: file.block.number,
      baseFeePerGasWei: file.block.baseFeePerGas ?? 0n,
      transfers: members,
      accounts: preAccounts(file, members, recipients),
    };
  });
  return {
    coinbase: file.block.miner,
    list,
    columns: columns.filter(({ transfers: { length } }) => length > 0),
  };
}

function checkRange(value: bigint, bits: number, field: string, where: number | string): bigint {
  if (value >> BigInt(bits) === 0n) return value;
  throw new ChainError('QUANTITY_RANGE', {
    field,
    where,
    expected: `below 2^${bits}`,
    got: value.toString(),
  });
}
