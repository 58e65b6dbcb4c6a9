/**
 * A block with the state it touches, as a file holds it: `{ chainId, block, prestate }`, `block` in the JSON-RPC form
 * with full transactions, `prestate` from addresses to accounts. Fields that are not listed here are ignored.
 * Source: execution-apis, `eth_getBlockByNumber`; data/blocks/README.md.
 */
import { z } from 'zod';
import { ChainError } from './errors.ts';

const quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/)
  .transform((digits) => BigInt(digits));

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((digits) => digits.toLowerCase());

const bytes = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/)
  .transform((digits) => digits.toLowerCase());

const transactionSchema = z.looseObject({
  hash: bytes.optional(),
  type: quantity.optional(),
  /** Absent from a legacy transaction signed without a chain id. */
  chainId: quantity.optional(),
  from: address.optional(),
  to: address.nullish(),
  nonce: quantity,
  gas: quantity,
  value: quantity,
  input: bytes,
  gasPrice: quantity.optional(),
  maxFeePerGas: quantity.optional(),
  maxPriorityFeePerGas: quantity.optional(),
  accessList: z.array(z.unknown()).optional(),
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
  const parsed = blockFileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ChainError('BLOCK_FORMAT', {
    field: issue?.path.join('.') ?? '',
    problem: issue?.message ?? 'unknown',
  });
}
