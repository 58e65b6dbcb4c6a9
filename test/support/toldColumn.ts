/** The statement of the column that a prover's hints tell, executed by the host in big integers. */
import { ColumnError } from '../../programs/column/errors.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { HINT } from '../../programs/column/hints.ts';
import type { ColumnAccount, ColumnTransfer } from '../../programs/column/input.ts';
import {
  accessKey,
  type ColumnStatement,
  SLOT_BITS,
  TRANSFER_STATUSES,
  unpackBasicData,
} from '../../programs/column/statement.ts';
import type { Told } from './hintLies.ts';

const LIMBS = 16;
/** The longest code that a lie is taken to mean. */
const MAXIMUM_CODE_BYTES = 2 ** 16;

function integer(words: readonly number[], first = 0): bigint {
  return words.slice(first, first + LIMBS).reduceRight((value, limb) => (value << 16n) + BigInt(limb), 0n);
}

/** Undefined for a key that is no account's. */
function toldAddress(key: bigint): string | undefined {
  const address = `0x${((key - accessKey(`0x${'00'.repeat(20)}`, 0n)) >> SLOT_BITS).toString(16).padStart(40, '0')}`;
  return address.length === 42 && accessKey(address, 0n) === key ? address : undefined;
}

/** The account of an item: key, balance, zeros, rest of the basic data. */
function toldAccount(item: readonly number[]): ColumnAccount | undefined {
  const address = toldAddress(integer(item));
  const value = integer([...item.slice(16, 24), ...item.slice(32, 40)]);
  const { balanceWei, nonce, codeSize } = unpackBasicData(value);
  if (address === undefined || codeSize > MAXIMUM_CODE_BYTES) return undefined;
  return { address, balanceWei, nonce, code: `0x${'00'.repeat(codeSize)}` };
}

/** Undefined when no column that the host executes has these hints: a storage slot, a quantity out of range. */
export function toldColumn(told: Told): ColumnStatement | undefined {
  const all = (name: string): readonly (readonly number[])[] => told.get(name) ?? [];
  const [header = []] = all(HINT.BLOCK);
  const [[transferCount, itemCount] = []] = all(HINT.COUNTS);
  const accounts = all(HINT.ITEM).flatMap((item) => toldAccount(item) ?? []);
  const [places, amounts] = [all(HINT.TRANSFER), all(HINT.AMOUNTS)];
  if (accounts.length !== itemCount || places.length !== transferCount) return undefined;

  const chainId = integer(header);
  const coinbase = toldAddress(integer(header, 3 * LIMBS));
  if (coinbase === undefined) return undefined;
  const claims = [...all(HINT.CLAIMS)];
  const nonces = new Map(accounts.map(({ address, nonce }) => [address, nonce]));
  const transfers: ColumnTransfer[] = [];
  for (const [index, [sender, recipient, status]] of places.entries()) {
    const [from, to] = [accounts[sender!]?.address, accounts[recipient!]?.address];
    const amount = (position: number): bigint => integer(amounts[index]!, LIMBS * position);
    if (from === undefined || to === undefined) return undefined;
    const given = {
      from,
      to,
      gasLimit: amount(0),
      maxFeePerGasWei: amount(1),
      maxPriorityFeePerGasWei: amount(2),
      valueWei: amount(3),
    };
    if (TRANSFER_STATUSES[status!] === 'executed') {
      // The chain id is the block's and the nonce the sender's.
      const nonce = nonces.get(from) ?? 0n;
      nonces.set(from, nonce + 1n);
      transfers.push({ ...given, chainId, nonce });
      continue;
    }
    const claim = claims.shift() ?? [];
    transfers.push({ ...given, chainId: integer(claim), nonce: integer(claim, LIMBS) });
  }
  try {
    const statement = executeColumn({
      chainId,
      blockNumber: integer(header, LIMBS),
      baseFeePerGasWei: integer(header, 2 * LIMBS),
      coinbase,
      blockGasLimit: integer(header, 4 * LIMBS),
      transactionGasCap: integer(header, 5 * LIMBS),
      transfers,
      accounts,
    });
    return statement.accessList.length === itemCount ? statement : undefined;
  } catch (error) {
    if (error instanceof ColumnError) return undefined;
    throw error;
  }
}
