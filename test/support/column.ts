/** Columns for tests: accounts and transfers with defaults, random columns, and runs of the guest. */
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { columnHints } from '../../programs/column/hints.ts';
import {
  type ColumnAccount,
  type ColumnInput,
  type ColumnTransfer,
  columnInputToJson,
} from '../../programs/column/input.ts';
import { buildColumnProgram } from '../../programs/column/program.ts';
import type { ColumnStatement } from '../../programs/column/statement.ts';
import type { Random } from './random.ts';

export const COLUMN_PROGRAM = buildColumnProgram();

export const GWEI = 10n ** 9n;
export const ETHER = 10n ** 18n;

/** The address with these two leading bytes, spread over the address space. */
export function addressOf(seed: number): string {
  return `0x${(seed + 1).toString(16).padStart(4, '0')}${'5a'.repeat(17)}${(seed % 251).toString(16).padStart(2, '0')}`;
}

export function accountOf(seed: number, fields: Partial<ColumnAccount> = {}): ColumnAccount {
  return { address: addressOf(seed), nonce: 7n, balanceWei: ETHER, code: '0x', ...fields };
}

/** Those of the accounts that the transfers name. */
export function partiesOf(
  transfers: readonly ColumnTransfer[],
  accounts: readonly ColumnAccount[],
): ColumnAccount[] {
  const parties = new Set(transfers.flatMap(({ from, to }) => [from, to]));
  return accounts.filter(({ address }) => parties.has(address));
}

/** A transfer from account 0 to account 1 that is executed in `columnOf`. */
export function transferOf(fields: Partial<ColumnTransfer> = {}): ColumnTransfer {
  return {
    chainId: 1n,
    from: addressOf(0),
    to: addressOf(1),
    nonce: 7n,
    gasLimit: 21_000n,
    maxFeePerGasWei: 30n * GWEI,
    maxPriorityFeePerGasWei: 2n * GWEI,
    valueWei: 1_000_000n,
    ...fields,
  };
}

/** The coinbase of test columns: no account that `addressOf` gives. */
export const COINBASE = `0x${'c0'.repeat(20)}`;
export const BLOCK_GAS_LIMIT = 30_000_000n;
export const TRANSACTION_GAS_CAP = 1n << 24n;

/** Those of the accounts 0..3 that the transfers name, base fee 10 gwei. */
export function columnOf(
  transfers: readonly ColumnTransfer[],
  fields: Partial<ColumnInput> = {},
): ColumnInput {
  return {
    chainId: 1n,
    blockNumber: 12_345n,
    baseFeePerGasWei: 10n * GWEI,
    coinbase: COINBASE,
    blockGasLimit: BLOCK_GAS_LIMIT,
    transactionGasCap: TRANSACTION_GAS_CAP,
    transfers,
    accounts: partiesOf(
      transfers,
      [0, 1, 2, 3].map((seed) => accountOf(seed)),
    ),
    ...fields,
  };
}

/** What the JSON of an input says of its block. */
export function headerJson(input: ColumnInput): Readonly<Record<string, string>> {
  const {
    transfers: _transfers,
    accounts: _accounts,
    ...header
  } = columnInputToJson(input) as Record<string, string>;
  return header;
}

/** Runs the guest on a statement's hints, some of them replaced. Throws: MachineError. */
export function runColumn(statement: ColumnStatement, replaced: HintFunctions = {}): ExecutionTrace {
  return run(COLUMN_PROGRAM, { ...columnHints(statement), ...replaced });
}

/** The statement digest that the guest writes for an input. Throws: ColumnError, MachineError. */
export function guestDigest(input: ColumnInput): Uint32Array {
  return runColumn(executeColumn(input)).statement;
}

/** A column of all kinds of transfers: few senders, edges of every condition, self-transfers, accounts not there before. */
export function randomColumn(random: Random, transferCount: number): ColumnInput {
  const pick = <Entry>(entries: readonly Entry[]): Entry => entries[random.below(entries.length)]!;
  const baseFeePerGasWei = pick([0n, 7n, 10n * GWEI, (1n << 64n) + 5n]);
  const blockGasLimit = pick([50_000n, BLOCK_GAS_LIMIT, (1n << 256n) - 1n]);
  const seeds = Array.from({ length: 6 }, (_, seed) => seed);
  const accounts = seeds.map((seed) =>
    accountOf(seed, {
      nonce: pick([0n, 7n, 65_535n, 65_536n, (1n << 48n) - 1n]),
      balanceWei: pick([0n, ETHER, 1000n * ETHER, (1n << 127n) + 12_345n]),
      code: seed === 5 ? pick(['0x', '0x6001', `0x${'00'.repeat(24)}`]) : '0x',
    }),
  );
  const nonces = new Map(accounts.map(({ address, nonce }) => [address, nonce]));
  const columnFor = (transfers: readonly ColumnTransfer[]): ColumnInput => ({
    chainId: 1n,
    blockNumber: 9n,
    baseFeePerGasWei,
    coinbase: COINBASE,
    blockGasLimit,
    transactionGasCap: TRANSACTION_GAS_CAP,
    transfers,
    accounts: partiesOf(transfers, accounts),
  });
  const recipients = accounts.filter(({ code }) => code === '0x').map(({ address }) => address);
  const transfers: ColumnTransfer[] = [];
  for (let index = 0; index < transferCount; index++) {
    const from = pick(accounts).address;
    const nonce = (nonces.get(from) ?? 0n) + pick([0n, 0n, 0n, 0n, 1n, 65_536n]);
    const maxFeePerGasWei = baseFeePerGasWei + pick([0n, 1n, GWEI, 1n << 70n]);
    const transfer: ColumnTransfer = {
      chainId: pick([1n, 1n, 1n, 1n, 1n, 1n, 1n, 2n, 1n << 40n]),
      from,
      to: pick(recipients),
      nonce:
        random.below(16) === 0 ? (1n << 64n) - 1n : random.below(12) === 0 && nonce > 0n ? nonce - 1n : nonce,
      gasLimit: pick([21_000n, 21_000n, 21_000n, 21_001n, 60_000n, 20_999n, (1n << 24n) + 1n]),
      maxFeePerGasWei:
        random.below(10) === 0 && maxFeePerGasWei > 0n ? maxFeePerGasWei - 2n : maxFeePerGasWei,
      maxPriorityFeePerGasWei: pick([0n, 1n, GWEI, maxFeePerGasWei, maxFeePerGasWei + 1n]),
      valueWei: pick([0n, 0n, 1n, 12_345_678_901n, ETHER, 1n << 126n, (1n << 256n) - 1n]),
    };
    if (transfer.maxFeePerGasWei < 0n) continue;
    // Keep to executed chains of nonces: ask the host what this one did.
    const column = columnFor([...transfers, transfer]);
    let status: string;
    try {
      status = executeColumn(column).transfers.at(-1)!.status;
    } catch {
      continue;
    }
    transfers.push(transfer);
    if (status === 'executed') nonces.set(from, (nonces.get(from) ?? 0n) + 1n);
  }
  if (transfers.length === 0) transfers.push(transferOf({ nonce: 0n, valueWei: 0n }));
  return columnFor(transfers);
}
