/**
 * From a block to the inputs of its execution columns: the plain transfers in block order, the accounts they touch
 * before the block, and the columns they fall into.
 *
 * What a column cannot execute as Ethereum does is left out and counted, by reason (`LEFT_OUT_REASONS`). The code of recipients is
 * removed from the pre-state, so a transfer runs nothing; this changes the block, and any independent execution that is compared
 * has to start from the same state (`preAccounts`).
 */
import {
  type ColumnAccount,
  type ColumnHeader,
  type ColumnTransfer,
  codeBytes,
  DELEGATION_BYTES,
  DELEGATION_PREFIX,
  fitsBasicData,
  isPrecompile,
  MAXIMUM_TRANSFERS,
  TRANSACTION_NONCE_BITS,
} from '../programs/column/input.ts';
import { TRANSFER_GAS } from '../programs/column/statement.ts';
import type { AccessSet } from './accessSet.ts';
import { accountKey } from './accessSet.ts';
import type { BlockFile, BlockTransaction } from './blockFile.ts';
import { ChainError } from './errors.ts';
import { buildInclusionList, type InclusionList } from './inclusionList.ts';
import { transactionGasCap } from './transactionGasCap.ts';

export interface Transfer extends ColumnTransfer {
  /** Position in the block. */
  readonly blockIndex: number;
}

/** What one column executes. */
export interface ColumnBlock extends ColumnHeader {
  readonly columnIndex: number;
  /** In block order. */
  readonly transfers: readonly Transfer[];
  /** Every sender and recipient, ascending by address. */
  readonly accounts: readonly ColumnAccount[];
}

/** Why a transaction of a block is in no column, in the order in which it is asked; the first that applies counts. */
export const LEFT_OUT_REASONS = [
  'type above 2',
  'creates a contract',
  'type 2 without a base fee',
  'call data',
  'access list',
  'recipient is a precompile',
  'sender cannot be recovered',
  'sender is a precompile',
  'coinbase sends or receives',
  'sender is delegated',
  "sender's code has the size of a delegation",
  'nonce of more than 128 bits',
  'sender or recipient does not fit basic data',
  'recipient has code and sends',
] as const;

export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number];

export interface LeftOut {
  readonly reason: LeftOutReason;
  readonly count: number;
  /** Positions in the block of the first few. */
  readonly firstIndices: readonly number[];
}

export interface Selection {
  /** In block order. */
  readonly transfers: readonly Transfer[];
  /** In the order of the reasons, those that apply to a transaction. */
  readonly leftOut: readonly LeftOut[];
}

export interface BlockInput {
  readonly coinbase: string;
  readonly list: InclusionList<Transfer>;
  /** Columns without transactions are left out. */
  readonly columns: readonly ColumnBlock[];
  /** The transactions of the block that are in no column. */
  readonly leftOut: readonly LeftOut[];
  /** Recipients that have code before the block, and none in the columns. */
  readonly removedCodes: number;
}

/** A sentence where code was removed. */
export function describeRemovedCodes({ removedCodes }: BlockInput): string[] {
  if (removedCodes === 0) return [];
  return [
    removedCodes === 1
      ? 'The code of 1 recipient is removed: the transfers to it run nothing.'
      : `The code of ${removedCodes} recipients is removed: the transfers to them run nothing.`,
  ];
}

/** One line a reason. */
export function describeLeftOut(leftOut: readonly LeftOut[]): string[] {
  return leftOut.map(({ reason, count, firstIndices }) => {
    const more = count > firstIndices.length ? ', …' : '';
    return `Left out: ${reason}: ${count} (transaction ${firstIndices.join(', ')}${more})`;
  });
}

/** Recovers the sender of a transaction from its signature. Throws where there is none. */
export type RecoverSender = (transaction: BlockTransaction) => string;

const FIRST_INDICES = 8;

/** Why the transaction alone, whoever sends it, is no plain transfer. */
function formReason(
  { baseFeePerGas }: BlockFile['block'],
  { to, type = 0n, input, accessList }: BlockTransaction,
): LeftOutReason | undefined {
  // First, because nothing else of such a transaction is read.
  if (type > 2n) return 'type above 2';
  if (typeof to !== 'string') return 'creates a contract';
  // Both came with London: EIP-1559.
  if (type === 2n && baseFeePerGas === undefined) return 'type 2 without a base fee';
  if (input !== '0x') return 'call data';
  if ((accessList ?? []).length > 0) return 'access list';
  if (isPrecompile(to)) return 'recipient is a precompile';
  return undefined;
}

/** Why no column has the account as a sender. */
function senderReason({ code, ...account }: Omit<ColumnAccount, 'address'>): LeftOutReason | undefined {
  if (codeBytes({ code }) === DELEGATION_BYTES)
    return code.startsWith(DELEGATION_PREFIX)
      ? 'sender is delegated'
      : "sender's code has the size of a delegation";
  return fitsBasicData({ ...account, code }) ? undefined : 'sender or recipient does not fit basic data';
}

/** The sender that the file names, or the recovered one; undefined where the signature gives none. */
function senderOf(
  transaction: BlockTransaction,
  blockIndex: number,
  recoverSender: RecoverSender | undefined,
): string | undefined {
  if (typeof transaction.from === 'string') return transaction.from;
  if (recoverSender === undefined) throw new ChainError('SENDER_MISSING', { transaction: blockIndex });
  try {
    return recoverSender(transaction);
  } catch {
    // A signature of nobody: whatever is said of it, the transaction has no sender.
    return undefined;
  }
}

/** The transfer, or why it is left out. */
function transferOrReason(
  file: BlockFile,
  transaction: BlockTransaction,
  blockIndex: number,
  recoverSender: RecoverSender | undefined,
): Transfer | LeftOutReason {
  const reason = formReason(file.block, transaction);
  if (reason !== undefined) return reason;
  const from = senderOf(transaction, blockIndex, recoverSender);
  if (from === undefined) return 'sender cannot be recovered';
  if (isPrecompile(from)) return 'sender is a precompile';
  const { to = '', nonce } = transaction;
  const { miner } = file.block;
  if (from === miner || to === miner) return 'coinbase sends or receives';
  const ofSender = senderReason(accountOf(file, from));
  if (ofSender !== undefined) return ofSender;
  if (nonce >> BigInt(TRANSACTION_NONCE_BITS) !== 0n) return 'nonce of more than 128 bits';
  // A recipient's code is removed, however long it is.
  if (!fitsBasicData({ ...accountOf(file, to), code: '0x' }))
    return 'sender or recipient does not fit basic data';
  return transferOf(file, transaction, blockIndex, from);
}

/** Before the block. */
function accountOf({ prestate }: BlockFile, address: string): ColumnAccount {
  const { nonce = 0n, balance = 0n, code = '0x' } = prestate[address] ?? {};
  return { address, nonce, balanceWei: balance, code };
}

/**
 * The plain transfers of a block in block order, and what else it has.
 * Throws: ChainError SENDER_MISSING where no sender is named and none can be asked for, BLOCK_FORMAT.
 */
export function selectTransfers(file: BlockFile, recoverSender?: RecoverSender): Selection {
  const indices = new Map<LeftOutReason, number[]>(LEFT_OUT_REASONS.map((reason) => [reason, []]));
  const candidates = file.block.transactions.flatMap((transaction, blockIndex) => {
    const found = transferOrReason(file, transaction, blockIndex, recoverSender);
    if (typeof found !== 'string') return [found];
    indices.get(found)?.push(blockIndex);
    return [];
  });
  // A sender keeps its code, because a sender with code is refused for it; so nothing can be sent to it here.
  const senders = new Set(candidates.map(({ from }) => from));
  const transfers = candidates.filter(({ to, blockIndex }) => {
    if (!senders.has(to) || accountOf(file, to).code === '0x') return true;
    indices.get('recipient has code and sends')?.push(blockIndex);
    return false;
  });
  const leftOut = [...indices].flatMap(([reason, all]): LeftOut[] =>
    all.length === 0 ? [] : [{ reason, count: all.length, firstIndices: all.slice(0, FIRST_INDICES) }],
  );
  return { transfers, leftOut };
}

function transferOf(
  file: BlockFile,
  transaction: BlockTransaction,
  blockIndex: number,
  from: string,
): Transfer {
  const hasOnePrice = (transaction.type ?? 0n) < 2n;
  const maxFee = hasOnePrice ? transaction.gasPrice : transaction.maxFeePerGas;
  const maxPriorityFee = hasOnePrice ? transaction.gasPrice : transaction.maxPriorityFeePerGas;
  if (typeof maxFee !== 'bigint' || typeof maxPriorityFee !== 'bigint') {
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
    nonce: transaction.nonce,
    gasLimit: transaction.gas,
    maxFeePerGasWei: maxFee,
    maxPriorityFeePerGasWei: maxPriorityFee,
    valueWei: transaction.value,
  };
}

/** The accounts of some transfers before the block, ascending by address, recipients without code. */
export function preAccounts(
  file: BlockFile,
  transfers: readonly Transfer[],
  recipients: ReadonlySet<string>,
): ColumnAccount[] {
  const touched = new Set(transfers.flatMap(({ from, to }) => [from, to]));
  return [...touched].toSorted().map((address) => {
    const account = accountOf(file, address);
    return recipients.has(address) ? { ...account, code: '0x' } : account;
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
  const { transfers, leftOut } = selectTransfers(file, recoverSender);
  const recipients = new Set(transfers.map(({ to }) => to));
  const list = buildInclusionList(transfers, transferAccess, columnCount);
  const header: ColumnHeader = {
    chainId: BigInt(file.chainId),
    blockNumber: file.block.number,
    baseFeePerGasWei: file.block.baseFeePerGas ?? 0n,
    coinbase: file.block.miner,
    blockGasLimit: file.block.gasLimit,
    transactionGasCap: transactionGasCap(file.chainId, file.block.timestamp),
  };
  const columns = Array.from({ length: columnCount }, (_, columnIndex): ColumnBlock => {
    const members = transfers.filter((_transfer, index) => list.columnOf[index] === columnIndex);
    if (members.length > MAXIMUM_TRANSFERS)
      throw new ChainError('COLUMN_TRANSFERS', {
        column: columnIndex,
        expected: `at most ${MAXIMUM_TRANSFERS}`,
        got: members.length,
      });
    return {
      columnIndex,
      ...header,
      transfers: members,
      accounts: preAccounts(file, members, recipients),
    };
  });
  return {
    coinbase: file.block.miner,
    list,
    columns: columns.filter(({ transfers: { length } }) => length > 0),
    leftOut,
    removedCodes: [...recipients].filter((address) => accountOf(file, address).code !== '0x').length,
  };
}
