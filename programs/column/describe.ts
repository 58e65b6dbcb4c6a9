/** Words for what is printed beside the proofs of columns and of blocks. */

/** A cap of so much or more stands for none: gas limits of Ethereum are below 2^64. */
const NO_GAS_CAP = (1n << 64n) - 1n;

export function describeGasCap(transactionGasCap: bigint): string {
  return transactionGasCap >= NO_GAS_CAP
    ? 'no gas cap of a transaction below 2^64 - 1'
    : `gas cap of a transaction ${transactionGasCap}`;
}

/** What neither a column's statement says, nor a block's that is made of columns. */
export const TRANSFER_CAVEATS: readonly string[] = [
  'It does not say that senders signed: each sender is an input that the digests bind.',
  "It does not say that the pre-values are the chain's: they are claimed, and not opened against a state root yet.",
  'It speaks of plain transfers only. Other transactions of the block are left out, also those of delegated senders and of the coinbase, and later ones of their senders, and of accounts whose authorizations they carry, can have a nonce too high here; the code of recipients is removed. So statuses and post-values need not be those of the chain.',
  'A transaction is its sender, recipient, chain id, nonce, gas limit, fees and value. Type, call data, access list, signature and hash are no part of it.',
  'A block is its chain id, number, base fee, coinbase and gas limits, without parent hash and timestamp: two competing blocks of one number can have one statement.',
  'The rules are those of native transfers: 21000 gas, EIP-1559, EIP-2681, EIP-3607, and EIP-7825 by the stated cap. Each column starts with the whole gas limit of the block, and priority fees reach the coinbase after all columns.',
];

/** What only a block's statement says: of a column, and of any number of columns. */
export const OVERLAP_CAVEAT =
  'Columns of one block can list the same accounts; only a block proof says that they do not.';

/** What a column's statement does not say. */
export const COLUMN_CAVEATS: readonly string[] = [...TRANSFER_CAVEATS, OVERLAP_CAVEAT];
