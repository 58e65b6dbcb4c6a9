/** The JSON form of a column's inputs. Quantities are strings, decimal or 0x-hexadecimal, without leading zeros. */
import { z } from 'zod';
import type { ColumnInput } from '../../programs/column/input.ts';

const QUANTITY = /^(0|[1-9][0-9]{0,77}|0x(0|[1-9a-f][0-9a-f]{0,63}))$/;

const quantity = z
  .string()
  .regex(QUANTITY, 'expected a decimal or 0x-hexadecimal string without leading zeros')
  .transform((digits) => BigInt(digits));

const address = z.string().regex(/^0x[0-9a-f]{40}$/, "expected '0x' and 40 lower-case hex digits");

const code = z.string().regex(/^0x([0-9a-f]{2})*$/, "expected '0x' and bytes in lower-case hex");

const transfer = z.strictObject({
  chainId: quantity,
  from: address,
  to: address,
  nonce: quantity,
  gasLimit: quantity,
  maxFeePerGasWei: quantity,
  maxPriorityFeePerGasWei: quantity,
  valueWei: quantity,
});

const account = z.strictObject({ address, nonce: quantity, balanceWei: quantity, code });

export const columnInputsSchema = z.strictObject({
  chainId: quantity,
  blockNumber: quantity,
  baseFeePerGasWei: quantity,
  transfers: z.array(transfer),
  accounts: z.array(account),
}) satisfies z.ZodType<ColumnInput>;
