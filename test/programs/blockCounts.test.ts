/** The counts of a block's statement are integers: what the caps allow stays below p. And what may be hashed at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blockSummaryDigest,
  inclusionListDigest,
  orderDigest,
  summarizeBlock,
} from '../../programs/block/blockStatement.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { MAXIMUM_TRANSFERS } from '../../programs/column/input.ts';
import { columnStatementDigest, type TransferStatus } from '../../programs/column/statement.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { INNER } from '../../stark/profile.ts';
import { blockOf, runBlock, smallColumn } from '../support/block.ts';
import { addressOf, columnOf, transferOf } from '../support/column.ts';

/** Cycles of the block program over so many columns of one transfer with one item each. */
function cyclesOf(columnCount: number): number {
  const columns = Array.from({ length: columnCount }, (_, column) => {
    const { accounts } = smallColumn(2 * column, 1);
    const address = addressOf(2 * column);
    return columnOf([transferOf({ from: address, to: address })], {
      accounts: accounts.filter((account) => account.address === address),
    });
  });
  return runBlock(blockOf(columns).witness).pc.length;
}

test('the greatest counts that the caps allow are below p', (context) => {
  const columnCycles = cyclesOf(9) - cyclesOf(8);
  const columns = Math.floor(2 ** INNER.maxima.logHeight / columnCycles);
  context.diagnostic(`${columnCycles} cycles a column, at most ${columns} columns`);
  for (const [what, most] of [
    ['transfers', columns * MAXIMUM_TRANSFERS],
    // Both parties of every transfer.
    ['items', columns * 2 * MAXIMUM_TRANSFERS],
  ] as const)
    assert.ok(most < MODULUS, `${what}: ${most}`);
});

test('what has no row is not hashed', () => {
  const block = blockOf([smallColumn(0, 2)]);
  const summary = summarizeBlock(block.statement);
  for (const change of [
    { columnCount: MODULUS + 1 },
    { itemCount: -1 },
    { executedCount: 0.5 },
    { gasUsed: 1n << 256n },
    { chainId: -1n },
    { coinbase: `0x1${'0'.repeat(40)}` },
    { listDigest: new Uint32Array(7) },
    { postValuesDigest: new Uint32Array(8).fill(MODULUS) },
  ])
    assert.throws(
      () => blockSummaryDigest({ ...summary, ...change }),
      RangeError,
      JSON.stringify(Object.keys(change)),
    );
  for (const columns of [[MODULUS], [-1], [0.5]]) assert.throws(() => orderDigest(columns), RangeError);
  assert.throws(() => inclusionListDigest([{ ...block.list[0]!, column: 0.5 }], 1), RangeError);

  const statement = executeColumn(smallColumn(0, 1));
  const [transfer] = statement.transfers;
  const [item] = statement.accessList;
  assert.ok(transfer && item);
  for (const change of [
    { transfers: [{ ...transfer, nonce: 1n << 128n }] },
    { transfers: [{ ...transfer, gasLimit: 1n << 256n }] },
    { transfers: [{ ...transfer, status: 'unheard of' as TransferStatus }] },
    { accessList: [{ ...item, slot: 2n ** 96n - 1n }] },
    { accessList: [{ ...item, address: `0x1${'0'.repeat(40)}` }] },
    { transactionGasCap: 1n << 256n },
  ])
    assert.throws(
      () => columnStatementDigest({ ...statement, ...change }),
      RangeError,
      Object.keys(change)[0],
    );
});
