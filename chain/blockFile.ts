/**
 * A block with the state it touches, as a file holds it: `{ chainId, block, prestate }`, `block` in the JSON-RPC form
 * with full transactions, `prestate` from addresses to accounts, or a tracer's list of such. Each may stand in its JSON-RPC envelope.
 * Null is absent. Fields that are not listed here are ignored, unless they are one of these in another spelling.
 * Source: docs/cli.md, section Block files; execution-apis, `eth_getBlockByNumber`; data/blocks/README.md.
 */
import { z } from 'zod';
import { plainFile, refuse, tracedHashes } from './blockFields.ts';
import { ChainError } from './errors.ts';

const quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/)
  .transform((digits) => BigInt(digits));

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((digits) => digits.toLowerCase());

/** Without a repeated group: on a text of many megabytes that runs out of stack. */
const bytes = z
  .string()
  .refine((text) => text.startsWith('0x') && text.length % 2 === 0 && !/[^0-9a-fA-F]/.test(text.slice(2)), {
    message: 'Invalid string: must be 0x and bytes in hex',
  })
  .transform((digits) => digits.toLowerCase());

const transactionSchema = z.looseObject({
  hash: bytes.optional(),
  /** Absent only from a legacy transaction, once the file is parsed. */
  type: quantity.optional(),
  /** Absent from a legacy transaction signed without a chain id. */
  chainId: quantity.optional(),
  from: address.optional(),
  to: address.optional(),
  nonce: quantity,
  gas: quantity,
  value: quantity,
  input: bytes,
  gasPrice: quantity.optional(),
  maxFeePerGas: quantity.optional(),
  maxPriorityFeePerGas: quantity.optional(),
  accessList: z.array(z.unknown()).optional(),
  /** Of the signature: parity, and of a legacy transaction the chain id. */
  v: quantity.optional(),
});

const accountSchema = z.looseObject({
  balance: quantity.optional(),
  nonce: quantity.optional(),
  code: bytes.optional(),
});

const blockFileSchema = z.looseObject({
  chainId: z.int().min(1),
  block: z.looseObject({
    number: quantity,
    timestamp: quantity,
    gasLimit: quantity,
    miner: address,
    baseFeePerGas: quantity.optional(),
    transactions: z.array(transactionSchema),
  }),
  prestate: z.record(address, accountSchema),
});

export type BlockFile = z.infer<typeof blockFileSchema>;
export type BlockTransaction = z.infer<typeof transactionSchema>;

/** Checks parsed JSON. Throws: ChainError BLOCK_FORMAT naming the first field. */
export function parseBlockFile(json: unknown): BlockFile {
  const parsed = blockFileSchema.safeParse(plainFile(json));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(issue?.path.join('.') ?? '', issue?.message ?? 'unknown');
  }
  const file = parsed.data;
  const transactions = file.block.transactions.map((transaction, index) =>
    settled(transaction, BigInt(file.chainId), `block.transactions.${index}`),
  );
  requireTraced(transactions, tracedHashes(json));
  return { ...file, block: { ...file.block, transactions } };
}

/**
 * Senders that the pre-state does not have: a tracer lists every account that is touched, so such a file is incomplete, and a sender that
 * is not there is not a sender with nothing. A recipient that is not there is an account that does not exist yet.
 * Throws: ChainError ACCOUNT_MISSING.
 */
export function requireSenders(
  { prestate }: BlockFile,
  transfers: readonly { readonly blockIndex: number; readonly from: string }[],
): void {
  const missing = transfers.find(({ from }) => !Object.hasOwn(prestate, from));
  if (missing !== undefined)
    throw new ChainError('ACCOUNT_MISSING', { transaction: missing.blockIndex, address: missing.from });
}

/** Fields that only transactions of a type, or of a later one, have. */
const FIELDS_OF_TYPES = [
  [4n, 'authorizationList'],
  [3n, 'blobVersionedHashes'],
  [3n, 'maxFeePerBlobGas'],
  [2n, 'maxFeePerGas'],
  [2n, 'maxPriorityFeePerGas'],
  [1n, 'accessList'],
] as const;

/** The least v of a legacy signature, and the least with a chain id: EIP-155. */
const LEGACY_V = 27n;
const CHAIN_V = 35n;

/** The transaction with its type and the chain id that was signed. Throws: ChainError BLOCK_FORMAT. */
function settled(transaction: BlockTransaction, chainId: bigint, place: string): BlockTransaction {
  const type = transaction.type ?? typeOf(transaction, place);
  if (type > 0n) return { ...transaction, type };
  const { chainId: stated, ...others } = transaction;
  const signed = signedChainId(transaction, chainId, place);
  return signed === undefined ? others : { ...others, chainId: signed };
}

/** By the fields that are there. Throws: ChainError BLOCK_FORMAT where the signature is of another kind. */
function typeOf(transaction: BlockTransaction, place: string): bigint {
  const { v } = transaction;
  const [type, field] = FIELDS_OF_TYPES.find(([, name]) => transaction[name] !== undefined) ?? [
    0n,
    undefined,
  ];
  const isLegacySignature = v !== undefined && v >= LEGACY_V;
  if (v !== undefined && isLegacySignature === type > 0n)
    throw refuse(
      `${place}.type`,
      field === undefined
        ? `missing, and v is ${v}, which no legacy transaction has`
        : `missing, and there are ${field} and v ${v}, which no transaction has together`,
    );
  return type;
}

/**
 * Of a legacy transaction: what its signature says, where that is there, else its chain id; 0 is how some nodes write that there is none.
 * Throws: ChainError BLOCK_FORMAT where the two contradict each other.
 */
function signedChainId({ v, chainId }: BlockTransaction, own: bigint, place: string): bigint | undefined {
  const stated = chainId === 0n ? undefined : chainId;
  if (v === undefined || v < LEGACY_V) return stated;
  const signed = v < CHAIN_V ? undefined : (v - CHAIN_V) / 2n;
  // A transaction signed without a chain id is valid on every chain, this one among them.
  const isFitting = stated === undefined || stated === (signed ?? own);
  if (!isFitting)
    throw refuse(
      `${place}.chainId`,
      `${stated}, but v ${v} is of ${signed === undefined ? 'no chain' : `chain ${signed}`}`,
    );
  return signed;
}

/** Throws: ChainError BLOCK_FORMAT where the traces are not those of the block's transactions. */
function requireTraced(
  transactions: readonly BlockTransaction[],
  traced: readonly (string | undefined)[] | undefined,
): void {
  if (traced === undefined) return;
  if (traced.length !== transactions.length)
    throw refuse('prestate', `of ${traced.length} transactions, and the block has ${transactions.length}`);
  for (const [index, { hash }] of transactions.entries()) {
    const got = traced[index];
    if (got !== undefined && hash !== undefined && got !== hash)
      throw refuse(`prestate.${index}.txHash`, `of another transaction than block.transactions.${index}`);
  }
}
