/**
 * Block files made by hand for one rule each: a few transactions, signed by the private keys 1, 2 and 3 where a library signs such
 * a transaction at all, and the accounts before the block.
 */
import { Common, getPresetChainConfig } from '@ethereumjs/common';
import { createTx } from '@ethereumjs/tx';

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
  readonly to?: string | null;
  readonly type?: number;
  readonly nonce?: bigint;
  readonly gas?: bigint;
  readonly value?: bigint;
  readonly maxFeePerGas?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly chainId?: bigint;
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
  readonly timestamp?: bigint;
  /** Leaves the names of senders out, so that signatures have to tell them. */
  readonly isNameless?: true;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The signature's fields, or none where the library does not take the transaction. */
function signatureOf(fields: Readonly<Record<string, unknown>>, sender: number): object {
  const common = new Common({ chain: getPresetChainConfig('mainnet'), hardfork: 'prague' });
  const key = new Uint8Array(32);
  key[31] = sender + 1;
  try {
    const { v, r, s } = createTx(fields as Parameters<typeof createTx>[0], { common })
      .sign(key)
      .toJSON();
    return { v, r, s, yParity: v };
  } catch {
    return {};
  }
}

/** The JSON of a block file; accounts that are not named have 100 ether and nonce 0, the recipient has nothing. */
export function handmadeBlock(block: HandmadeBlock): unknown {
  const transactions = block.transactions.map((transaction) => {
    const { sender = 0, to = RECIPIENT, type = 2 } = transaction;
    const fields = {
      type: hex(BigInt(type)),
      nonce: hex(transaction.nonce ?? 0n),
      to,
      value: hex(transaction.value ?? 1n),
      maxFeePerGas: hex(transaction.maxFeePerGas ?? 20n * GWEI),
      maxPriorityFeePerGas: hex(transaction.maxPriorityFeePerGas ?? GWEI),
      chainId: hex(transaction.chainId ?? 1n),
      accessList: transaction.accessList ?? [],
    };
    const [gas, input] = [hex(transaction.gas ?? 21_000n), transaction.input ?? '0x'];
    return {
      ...fields,
      gas,
      input,
      ...(block.isNameless ? {} : { from: SENDERS[sender] }),
      ...signatureOf({ ...fields, gasLimit: gas, data: input }, sender),
    };
  });
  const accounts: Record<string, HandmadeAccount> = {
    ...Object.fromEntries(SENDERS.map((address) => [address, { balance: 100n * ETHER }])),
    ...block.accounts,
  };
  return {
    chainId: 1,
    block: {
      number: '0x16e3600',
      timestamp: hex(block.timestamp ?? PRAGUE_TIME),
      gasLimit: hex(block.gasLimit ?? 36_000_000n),
      miner: block.miner ?? MINER,
      baseFeePerGas: hex(10n * GWEI),
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
