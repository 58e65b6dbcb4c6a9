/**
 * The sender of a transaction from its signature alone, by the hash that was signed. A library that builds the transaction first refuses
 * some whose signatures are good (another chain's, a gas limit above the cap, a cost of more than 256 bits); these are the columns' to judge.
 * Source: EIP-155, EIP-2718, EIP-2930, EIP-1559; EIP-2 for s.
 */
import type { Common } from '@ethereumjs/common';
import { type Input, RLP } from '@ethereumjs/rlp';
import {
  bytesToHex,
  ecrecover,
  publicToAddress,
  SECP256K1_ORDER_DIV_2,
  setLengthLeft,
  toBytes,
} from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { BlockTransaction } from '../chain/blockFile.ts';

/** What is signed. A quantity that is absent counts as 0. */
export type Signable = Pick<
  BlockTransaction,
  'to' | 'nonce' | 'gas' | 'value' | 'input' | 'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas'
>;

const LEGACY_V = 27n;
const CHAIN_V = 35n;

/** Keccak-256 of what is signed. Of a type up to 2, without access list; a legacy transaction without a chain id is signed for every chain. */
export function signingHash(type: bigint, chainId: bigint | undefined, transaction: Signable): Uint8Array {
  const { nonce, gas, value, input, gasPrice = 0n } = transaction;
  const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = transaction;
  const call: Input[] = [gas, transaction.to ?? '0x', value, input];
  if (type === 0n) {
    const chain = chainId === undefined ? [] : [chainId, 0n, 0n];
    return keccak_256(RLP.encode([nonce, gasPrice, ...call, ...chain]));
  }
  const prices = type === 1n ? [gasPrice] : [maxPriorityFeePerGas, maxFeePerGas];
  const fields = RLP.encode([chainId ?? 0n, nonce, ...prices, ...call, []]);
  return keccak_256(Uint8Array.from([Number(type), ...fields]));
}

/** A quantity that the file's form does not read. Throws: TypeError. */
function signaturePart(value: unknown, name: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value))
    throw new TypeError(`a signature's ${name} is a quantity, got ${String(value)}`);
  return BigInt(value);
}

/** Of a transaction of a type up to 2, without access list. Throws where the signature is nobody's. */
export function recoverSender(transaction: BlockTransaction, common: Common): string {
  const type = transaction.type ?? 0n;
  const v = signaturePart(transaction.v ?? transaction['yParity'], 'v');
  const r = signaturePart(transaction['r'], 'r');
  const s = signaturePart(transaction['s'], 's');
  if (s > SECP256K1_ORDER_DIV_2 && common.gteHardfork('homestead'))
    throw new RangeError('s is in the upper half of the order');
  if (type === 0n ? v < LEGACY_V : v > 1n)
    throw new RangeError(`v is ${v}, of no transaction of type ${type}`);
  const isForChain = type === 0n && v >= CHAIN_V;
  const legacyChain = isForChain ? (v - CHAIN_V) / 2n : undefined;
  const chainId = type === 0n ? legacyChain : (transaction.chainId ?? common.chainId());
  const parity = isForChain ? (v - CHAIN_V) % 2n : type === 0n ? v - LEGACY_V : v;
  const wide = (part: bigint): Uint8Array => setLengthLeft(toBytes(part), 32);
  const key = ecrecover(signingHash(type, chainId, transaction), parity, wide(r), wide(s));
  return bytesToHex(publicToAddress(key));
}
