/**
 * The inclusion list of a block in the form that the block program states: every transaction with the number of its column.
 * Columns without transactions are not proved, so columns are numbered by their place among those that are.
 * Source: docs/spec/block.md, section Inclusion list.
 */
import type { ListedTransfer } from '../programs/block/blockStatement.ts';
import type { BlockInput } from './blockInput.ts';

/** In the order of the list. `column` is the place in `input.columns`. */
export function blockList({ list, columns }: BlockInput): ListedTransfer[] {
  const placeOf = new Map(columns.map(({ columnIndex }, place) => [columnIndex, place]));
  return list.transactions.map(
    ({ chainId, from, to, nonce, gasLimit, maxFeePerGasWei, maxPriorityFeePerGasWei, valueWei }, index) => ({
      chainId,
      from,
      to,
      nonce,
      gasLimit,
      maxFeePerGasWei,
      maxPriorityFeePerGasWei,
      valueWei,
      // A column that the list names has this transaction, so it has a place.
      column: placeOf.get(list.columnOf[index] ?? -1) ?? -1,
    }),
  );
}
