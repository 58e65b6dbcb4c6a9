/**
 * What the host tells the guest: the input, and for each transfer its accounts' places and its status. Nothing here is
 * trusted; the guest checks what it uses.
 * Source: docs/spec/column.md.
 */
import type { HintFunctions } from '../../machine/program.ts';
import type { ColumnStatement, StatedTransfer } from './statement.ts';
import { accessKey, headerRows, limbsOf, TRANSFER_STATUSES } from './statement.ts';

/** Names of the hints; transfers are named by the number of those that remain, items by their place. */
export const HINT = {
  /** 12 rows: chain id, block number, base fee, the coinbase's key, gas limit of the block, gas cap of a transaction. */
  BLOCK: 'block',
  /** 3 words: transfers, access-list items, those of them before the coinbase. */
  COUNTS: 'counts',
  /** 5 rows: key, balance, zeros, rest of the basic data. */
  ITEM: 'item',
  /** 3 words: the sender's and the recipient's place in the access list, the status. */
  TRANSFER: 'transfer',
  /** 8 rows: gas limit, max fee, priority fee, value. */
  AMOUNTS: 'amounts',
  /** 4 rows: chain id, nonce. */
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
  const coinbaseKey = accessKey(statement.coinbase, 0n);
  const beforeCoinbase = accessList.filter(
    ({ address, slot }) => accessKey(address, slot) < coinbaseKey,
  ).length;
  const transferAt = (remaining: number | undefined): StatedTransfer => {
    const transfer = transfers[transfers.length - (remaining ?? 0)];
    if (transfer === undefined) throw new RangeError(`no transfer with ${remaining} remaining`);
    return transfer;
  };

  return {
    [HINT.BLOCK]: () => joined(...headerRows(statement)),
    [HINT.COUNTS]: () => [transfers.length, accessList.length, beforeCoinbase],
    [HINT.ITEM]: ([place]) => {
      const item = accessList[place ?? -1];
      if (item === undefined) throw new RangeError(`the access list has no item ${place}`);
      const { address, slot, preValue } = item;
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
      return joined(limbsOf(chainId), limbsOf(nonce));
    },
  };
}
