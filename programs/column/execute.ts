/**
 * Executes a column on the host, in big integers over plain account records: the reference that the guest program is
 * compared with, and where its hints come from. Shares no arithmetic with the guest.
 * Source: docs/spec/column.md.
 */
import { ColumnError } from './errors.ts';
import {
  type ColumnAccount,
  type ColumnInput,
  type ColumnTransfer,
  codeBytes,
  validateColumnInput,
} from './input.ts';
import {
  type AccessListItem,
  accessKey,
  type ColumnStatement,
  NONCE_LIMIT,
  packBasicData,
  type StatedTransfer,
  TRANSFER_GAS,
  type TransferStatus,
} from './statement.ts';

interface Account {
  balanceWei: bigint;
  nonce: bigint;
  readonly codeSize: number;
}

const GAS = BigInt(TRANSFER_GAS);
const BALANCE_LIMIT = 1n << 128n;

/** The first condition that fails, in the order of docs/spec/column.md. */
function statusOf(
  input: ColumnInput,
  transfer: ColumnTransfer,
  sender: Account,
  gasLeft: bigint,
): TransferStatus {
  if (transfer.chainId !== input.chainId) return 'wrong chain id';
  if (sender.codeSize > 0) return 'sender has code';
  if (transfer.nonce >= NONCE_LIMIT) return 'nonce at its limit';
  if (transfer.nonce < sender.nonce) return 'nonce too low';
  if (transfer.nonce > sender.nonce) return 'nonce too high';
  if (transfer.maxFeePerGasWei < input.baseFeePerGasWei) return 'max fee below base fee';
  if (transfer.maxPriorityFeePerGasWei > transfer.maxFeePerGasWei) return 'priority fee above max fee';
  if (transfer.gasLimit < GAS) return 'gas limit too low';
  if (transfer.gasLimit > input.transactionGasCap) return 'gas limit above transaction cap';
  if (transfer.gasLimit > gasLeft) return 'gas limit above gas left';
  if (sender.balanceWei < transfer.valueWei + transfer.gasLimit * transfer.maxFeePerGasWei)
    return 'balance too low';
  return 'executed';
}

/** Carries out one transfer; returns the priority fee per gas. */
function carryOut(
  input: ColumnInput,
  transfer: ColumnTransfer,
  index: number,
  sender: Account,
  recipient: Account,
): bigint {
  const capped = input.baseFeePerGasWei + transfer.maxPriorityFeePerGasWei;
  let effective = transfer.maxFeePerGasWei;
  if (capped < effective) effective = capped;
  sender.nonce += 1n;
  sender.balanceWei -= transfer.valueWei + GAS * effective;
  recipient.balanceWei += transfer.valueWei;
  if (recipient.balanceWei >= BALANCE_LIMIT)
    throw new ColumnError('BALANCE_OVERFLOW', { transfer: index, address: transfer.to });
  return effective - input.baseFeePerGasWei;
}

function packed({ balanceWei, nonce, codeSize }: Account): bigint {
  return packBasicData(balanceWei, nonce, codeSize);
}

function accountFrom(account: ColumnAccount): Account {
  return { balanceWei: account.balanceWei, nonce: account.nonce, codeSize: codeBytes(account) };
}

/** The statement that a proof of this column makes. Throws: ColumnError when the job is refused. */
export function executeColumn(input: ColumnInput): ColumnStatement {
  validateColumnInput(input);
  const listed = input.accounts
    .map((account) => ({ account, key: accessKey(account.address, 0n) }))
    .toSorted((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ account }) => account);
  const accounts = new Map(listed.map((account) => [account.address, accountFrom(account)]));
  const accountAt = (address: string): Account => {
    const account = accounts.get(address);
    if (account === undefined) throw new ColumnError('MISSING_ACCOUNT', { address });
    return account;
  };

  let tips = 0n;
  let executed = 0n;
  const transfers = input.transfers.map((transfer, index): StatedTransfer => {
    const sender = accountAt(transfer.from);
    const status = statusOf(input, transfer, sender, input.blockGasLimit - executed * GAS);
    if (status === 'executed') {
      tips += carryOut(input, transfer, index, sender, accountAt(transfer.to));
      executed += 1n;
    }
    const { chainId, from, to, nonce, gasLimit, maxFeePerGasWei, maxPriorityFeePerGasWei, valueWei } =
      transfer;
    return { chainId, from, to, nonce, gasLimit, maxFeePerGasWei, maxPriorityFeePerGasWei, valueWei, status };
  });
  return {
    chainId: input.chainId,
    blockNumber: input.blockNumber,
    baseFeePerGasWei: input.baseFeePerGasWei,
    coinbase: input.coinbase,
    blockGasLimit: input.blockGasLimit,
    transactionGasCap: input.transactionGasCap,
    transfers,
    accessList: listed.map(
      (account): AccessListItem => ({
        address: account.address,
        slot: 0n,
        preValue: packed(accountFrom(account)),
        postValue: packed(accountAt(account.address)),
      }),
    ),
    gasUsed: executed * GAS,
    priorityFeesWei: tips * GAS,
    burnedWei: executed * GAS * input.baseFeePerGasWei,
  };
}
