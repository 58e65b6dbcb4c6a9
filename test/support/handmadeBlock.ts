/**
 * Block files made by hand for one rule each: a few transactions, signed by the private keys 1, 2 and 3, and the accounts before
 * the block.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { type Signable, signingHash } from '../../scripts/recoverSender.ts';

export const GWEI = 10n ** 9n;
export const ETHER = 10n ** 18n;
/** The addresses of the private keys 1, 2 and 3. */
export const SENDERS = [
  '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
  '0x2b5ad5c4795c026514f8317c7a215e218dccd6cf',
  '0x6813eb9362372eef6200f3b1dbc3f819671cba69',
] as const;
export const RECIPIENT = '0x000000000000000000000000000000abcdef0123';
export const MINER = '0x0000000000000000000000000000000000c0ffee';
/** A delegation's code: EIP-7702. */
export const DELEGATION_CODE = `0xef0100${'11'.repeat(20)}`;
export const OSAKA_TIME = 1_764_798_551n;
const PRAGUE_TIME = 1_750_000_000n;

export interface HandmadeTransaction {
  /** Place in SENDERS. */
  readonly sender?: 0 | 1 | 2;
  /** Who the file says sent it, where that is another than the signer. */
  readonly from?: string;
  readonly to?: string | null;
  readonly type?: number;
  readonly nonce?: bigint;
  readonly gas?: bigint;
  readonly value?: bigint;
  readonly maxFeePerGas?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly chainId?: bigint;
  /** A legacy transaction, signed without a chain id. */
  readonly isOfAnyChain?: true;
  readonly input?: string;
  readonly accessList?: readonly unknown[];
}

interface HandmadeAccount {
  readonly balance?: bigint;
  readonly nonce?: bigint;
  readonly code?: string;
}

export interface HandmadeBlock {
  readonly transactions: readonly HandmadeTransaction[];
  readonly accounts?: Readonly<Record<string, HandmadeAccount>>;
  readonly miner?: string;
  readonly gasLimit?: bigint;
  readonly number?: bigint;
  readonly timestamp?: bigint;
  /** Undefined is 10 gwei. */
  readonly baseFeePerGas?: bigint | 'none';
  /** Leaves the names of senders out, so that signatures have to tell them. */
  readonly isNameless?: true;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The signature's fields, or none of a type above 2, or of one with an access list, which no column has. */
function signatureOf(transaction: HandmadeTransaction, signable: Signable): object {
  const { sender = 0, type = 2, chainId = 1n, isOfAnyChain = false } = transaction;
  if (type > 2 || (transaction.accessList ?? []).length > 0) return {};
  const key = new Uint8Array(32);
  key[31] = sender + 1;
  const hash = signingHash(BigInt(type), isOfAnyChain ? undefined : chainId, signable);
  const bytes = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' });
  const { r, s, recovery = 0 } = secp256k1.Signature.fromBytes(bytes, 'recovered');
  const first = type > 0 ? 0n : isOfAnyChain ? 27n : 2n * chainId + 35n;
  const v = hex(first + BigInt(recovery));
  return { v, r: hex(r), s: hex(s), ...(type > 0 ? { yParity: v } : {}) };
}

/** The JSON of a block file; accounts that are not named have 100 ether and nonce 0, the recipient has nothing. */
export function handmadeBlock(block: HandmadeBlock): unknown {
  const transactions = block.transactions.map((transaction) => {
    const { sender = 0, to = RECIPIENT, type = 2, isOfAnyChain = false } = transaction;
    const signable = {
      ...(to === null ? {} : { to }),
      nonce: transaction.nonce ?? 0n,
      gas: transaction.gas ?? 21_000n,
      value: transaction.value ?? 1n,
      input: transaction.input ?? '0x',
      ...(type < 2
        ? { gasPrice: transaction.maxFeePerGas ?? 20n * GWEI }
        : {
            maxFeePerGas: transaction.maxFeePerGas ?? 20n * GWEI,
            maxPriorityFeePerGas: transaction.maxPriorityFeePerGas ?? GWEI,
          }),
    };
    return {
      type: hex(BigInt(type)),
      ...Object.fromEntries(
        Object.entries(signable).map(([name, value]) => [
          name,
          typeof value === 'bigint' ? hex(value) : value,
        ]),
      ),
      to,
      ...(isOfAnyChain ? {} : { chainId: hex(transaction.chainId ?? 1n) }),
      ...(type === 0 ? {} : { accessList: transaction.accessList ?? [] }),
      ...(block.isNameless ? {} : { from: transaction.from ?? SENDERS[sender] }),
      ...signatureOf(transaction, signable),
    };
  });
  const accounts: Record<string, HandmadeAccount> = {
    ...Object.fromEntries(SENDERS.map((address) => [address, { balance: 100n * ETHER }])),
    ...block.accounts,
  };
  return {
    chainId: 1,
    block: {
      number: hex(block.number ?? 24_000_000n),
      timestamp: hex(block.timestamp ?? PRAGUE_TIME),
      gasLimit: hex(block.gasLimit ?? 36_000_000n),
      miner: block.miner ?? MINER,
      ...(block.baseFeePerGas === 'none' ? {} : { baseFeePerGas: hex(block.baseFeePerGas ?? 10n * GWEI) }),
      transactions,
    },
    prestate: Object.fromEntries(
      Object.entries(accounts).map(([address, { balance = 0n, nonce = 0n, code }]) => [
        address,
        { balance: hex(balance), nonce: hex(nonce), ...(code === undefined ? {} : { code }) },
      ]),
    ),
  };
}
