/**
 * What the host tells the guest: the input, and for each transfer its accounts' places and its status. Nothing here is
 * trusted; the guest checks what it uses.
 * Source: docs/spec/column.md.
 */
import type { HintFunctions } from '../../machine/program.ts';
import type { ColumnStatement, StatedTransfer } from './statement.ts';
import { accessKey, BALANCE_BITS, limbsOf, TRANSFER_STATUSES } from './statement.ts';

/** Names of the hints; loops name their place by the number of iterations that remain. */
export const HINT = {
  /** 6 rows: chain id, block number, base fee. */
  BLOCK: 'block',
  /** 2 words: transfers, access-list items. */
  COUNTS: 'counts',
  /** 5 rows: key, balance, zeros, rest of the basic data. */
  ITEM: 'item',
  /** 3 words: the sender's and the recipient's place in the access list, the status. */
  TRANSFER: 'transfer',
  /** 8 rows: gas limit, max fee, priority fee, value. */
  AMOUNTS: 'amounts',
  /** 4 rows: chain id, nonce * 2^128. */
  CLAIMS: 'claims',
} as const;

function joined(...parts: readonly Uint32Array[]): Uint32Array {
  const words = new Uint32Array(parts.reduce((count, part) => count + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    words.set(part, offset);
    offset += part.length;
  }
  return words;
}

/** The hints that make the guest prove this statement. */
export function columnHints(statement: ColumnStatement): HintFunctions {
  const { transfers, accessList } = statement;
  const places = new Map(accessList.map(({ address }, index) => [address, index]));
  const placeOf = (address: string): number => {
    const place = places.get(address);
    if (place === undefined) throw new RangeError(`${address} is not in the access list`);
    return place;
  };
  const atRemaining = <Entry>(entries: readonly Entry[], remaining: number | undefined): Entry => {
    const entry = entries[entries.length - (remaining ?? 0)];
    if (entry === undefined) throw new RangeError(`no entry with ${remaining} remaining`);
    return entry;
  };
  const transferAt = (remaining: number | undefined): StatedTransfer => atRemaining(transfers, remaining);

  return {
    [HINT.BLOCK]: () =>
      joined(limbsOf(statement.chainId), limbsOf(statement.blockNumber), limbsOf(statement.baseFeePerGasWei)),
    [HINT.COUNTS]: () => [transfers.length, accessList.length],
    [HINT.ITEM]: ([remaining]) => {
      const { address, slot, preValue } = atRemaining(accessList, remaining);
      const value = limbsOf(preValue);
      return joined(
        limbsOf(accessKey(address, slot)),
        value.subarray(0, 8),
        new Uint32Array(8),
        value.subarray(8),
      );
    },
    [HINT.TRANSFER]: ([remaining]) => {
      const { from, to, status } = transferAt(remaining);
      return [placeOf(from), placeOf(to), TRANSFER_STATUSES.indexOf(status)];
    },
    [HINT.AMOUNTS]: ([remaining]) => {
      const transfer = transferAt(remaining);
      return joined(
        limbsOf(transfer.gasLimit),
        limbsOf(transfer.maxFeePerGasWei),
        limbsOf(transfer.maxPriorityFeePerGasWei),
        limbsOf(transfer.valueWei),
      );
    },
    [HINT.CLAIMS]: ([remaining]) => {
      const { chainId, nonce } = transferAt(remaining);
      return joined(limbsOf(chainId), limbsOf(nonce << BALANCE_BITS));
    },
  };
}
