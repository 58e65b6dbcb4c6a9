/**
 * What a column proof says, and its digest. The guest program hashes the same rows in the same order.
 * Source: docs/spec/column.md.
 */
import { compress, DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import type { ColumnHeader, ColumnTransfer } from './input.ts';

/** By code. The order in which they are tested is another one, that of `statusOf` and docs/spec/column.md. Codes are never reused. */
export const TRANSFER_STATUSES = [
  'executed',
  'wrong chain id',
  'sender has code',
  'nonce too low',
  'nonce too high',
  'max fee below base fee',
  'priority fee above max fee',
  'gas limit too low',
  'balance too low',
  'gas limit above transaction cap',
  'gas limit above gas left',
  'nonce at its limit',
] as const;

export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

export interface StatedTransfer extends ColumnTransfer {
  readonly status: TransferStatus;
}

/** One leaf of the state, before and after the column: 32-byte values as integers. */
export interface AccessListItem {
  readonly address: string;
  /** The leaf of the account; 0, its basic data, is the only one so far. */
  readonly slot: bigint;
  readonly preValue: bigint;
  readonly postValue: bigint;
}

/**
 * The public statement of a column proof: from these pre-values, these transfers in this order have these statuses and
 * yield these post-values, this gas and these sums.
 *
 * Signatures are not part of the statement: `from` is an input that the digest binds. That the senders signed their
 * transactions has to be shown elsewhere.
 *
 * The coinbase is credited outside: `priorityFeesWei` is what it gets for the whole column. It is no party of a transfer. Every
 * leaf that is listed belongs to a party of a transfer.
 */
export interface ColumnStatement extends ColumnHeader {
  readonly transfers: readonly StatedTransfer[];
  /** Strictly ascending by (address, slot). */
  readonly accessList: readonly AccessListItem[];
  readonly gasUsed: bigint;
  readonly priorityFeesWei: bigint;
  readonly burnedWei: bigint;
}

/** Gas of every transfer. */
export const TRANSFER_GAS = 21_000;

/** Domain separation of the statement's hashes: "COL", and the version of the statement. */
export const COLUMN_TAG = 0x434f4c;
export const COLUMN_VERSION = 2;
/** What an initial row begins: the third word. */
export const CHAIN_KIND = { TRANSFERS: 1, PRE_VALUES: 2, POST_VALUES: 3, STATEMENT: 4 } as const;

const LIMBS = 16;
const LIMB_BITS = 16n;
const LIMB_MASK = 0xffffn;
/** An access-list key is address * 2^96 + slot + 1, so that no key is 0. */
export const SLOT_BITS = 96n;
/** A nonce of 2^64 - 1 or more is refused: EIP-2681. */
export const NONCE_LIMIT = (1n << 64n) - 1n;
/** The slot after the last: its key would be that of the next address and no slot. */
export const SLOT_LIMIT = (1n << SLOT_BITS) - 1n;
const ADDRESS_BITS = 160n;
/** In the basic data, the nonce and what is above it stand above the balance. */
export const BALANCE_BITS = 128n;
const NONCE_BITS = 64n;

/** The 16 limbs of a 256-bit integer, least significant first: two rows. Throws: RangeError. */
export function limbsOf(value: bigint): Uint32Array {
  if (value < 0n || value >> 256n !== 0n) throw new RangeError(`${value} is no 256-bit integer`);
  const limbs = new Uint32Array(LIMBS);
  for (let limb = 0; limb < LIMBS; limb++)
    limbs[limb] = Number((value >> (LIMB_BITS * BigInt(limb))) & LIMB_MASK);
  return limbs;
}

/** The order of an access list is that of its keys. Throws: RangeError beyond 0 <= address < 2^160, 0 <= slot < 2^96 - 1. */
export function accessKey(address: string, slot: bigint): bigint {
  const account = BigInt(address);
  if (account < 0n || account >> ADDRESS_BITS !== 0n) throw new RangeError(`${address} is no address`);
  if (slot < 0n || slot >= SLOT_LIMIT) throw new RangeError(`there is no slot ${slot}`);
  return (account << SLOT_BITS) + slot + 1n;
}

/**
 * An account's basic data as EIP-8297 packs it, the 32 bytes read as a big-endian integer: version, 0 (byte 0), code size
 * (bytes 4..7), nonce (bytes 8..15), balance (bytes 16..31). An account that does not exist is 0.
 */
export function packBasicData(balanceWei: bigint, nonce: bigint, codeSize: number): bigint {
  return balanceWei + (nonce << BALANCE_BITS) + (BigInt(codeSize) << (BALANCE_BITS + NONCE_BITS));
}

export interface BasicData {
  readonly balanceWei: bigint;
  readonly nonce: bigint;
  readonly codeSize: number;
}

export function unpackBasicData(value: bigint): BasicData {
  return {
    balanceWei: BigInt.asUintN(128, value),
    nonce: BigInt.asUintN(64, value >> BALANCE_BITS),
    codeSize: Number(BigInt.asUintN(32, value >> (BALANCE_BITS + NONCE_BITS))),
  };
}

/** The first state of a chain: tag, version, kind, then counts. */
function initialRow(kind: number, ...counts: number[]): Uint32Array {
  const row = new Uint32Array(DIGEST_WORDS);
  row.set([COLUMN_TAG, COLUMN_VERSION, kind, ...counts]);
  return row;
}

/** s = C(s, row) for every 8 words. */
function chain(initial: Uint32Array, words: readonly Uint32Array[]): Uint32Array {
  let state = initial;
  for (const word of words)
    for (let start = 0; start < word.length; start += DIGEST_WORDS)
      state = compress(state, word.subarray(start, start + DIGEST_WORDS));
  return state;
}

function statusRow(status: TransferStatus): Uint32Array {
  const code = TRANSFER_STATUSES.indexOf(status);
  if (code < 0) throw new RangeError(`there is no status ${status}`);
  const row = new Uint32Array(DIGEST_WORDS);
  row[0] = code;
  return row;
}

/** The 17 rows of a transfer: what the transaction says, then its status. Throws: RangeError. */
export function transferRows(transfer: StatedTransfer): Uint32Array[] {
  return [
    limbsOf(accessKey(transfer.from, 0n)),
    limbsOf(accessKey(transfer.to, 0n)),
    limbsOf(transfer.nonce << BALANCE_BITS),
    limbsOf(transfer.gasLimit),
    limbsOf(transfer.maxFeePerGasWei),
    limbsOf(transfer.maxPriorityFeePerGasWei),
    limbsOf(transfer.valueWei),
    limbsOf(transfer.chainId),
    statusRow(transfer.status),
  ];
}

/** The 12 rows of a header. Throws: RangeError. */
export function headerRows(header: ColumnHeader): Uint32Array[] {
  return [
    limbsOf(header.chainId),
    limbsOf(header.blockNumber),
    limbsOf(header.baseFeePerGasWei),
    limbsOf(accessKey(header.coinbase, 0n)),
    limbsOf(header.blockGasLimit),
    limbsOf(header.transactionGasCap),
  ];
}

/** The digest of the transfers with their statuses, 17 rows each. */
export function transfersDigest(transfers: readonly StatedTransfer[]): Uint32Array {
  return chain(initialRow(CHAIN_KIND.TRANSFERS, transfers.length), transfers.flatMap(transferRows));
}

/** The digest of the access list: C(chain of keys and pre-values, chain of post-values). */
export function accessListDigest(items: readonly AccessListItem[]): Uint32Array {
  const preValues = chain(
    initialRow(CHAIN_KIND.PRE_VALUES, items.length),
    items.flatMap(({ address, slot, preValue }) => [limbsOf(accessKey(address, slot)), limbsOf(preValue)]),
  );
  const postValues = chain(
    initialRow(CHAIN_KIND.POST_VALUES, items.length),
    items.map(({ postValue }) => limbsOf(postValue)),
  );
  return compress(preValues, postValues);
}

/** The 8 words that a column proof is about. Throws: RangeError on a quantity, an address, a slot or a status that has no row. */
export function columnStatementDigest(statement: ColumnStatement): Uint32Array {
  const executed = statement.transfers.filter(({ status }) => status === 'executed').length;
  return chain(
    initialRow(CHAIN_KIND.STATEMENT, statement.transfers.length, statement.accessList.length, executed),
    [
      ...headerRows(statement),
      limbsOf(statement.gasUsed),
      limbsOf(statement.priorityFeesWei),
      limbsOf(statement.burnedWei),
      transfersDigest(statement.transfers),
      accessListDigest(statement.accessList),
    ],
  );
}
