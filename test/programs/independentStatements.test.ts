/** The statements of columns and aggregates against a second implementation that shares no code with the first. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockInput } from '../../chain/blockInput.ts';
import { type AggregateEntry, aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import {
  type ColumnStatement,
  columnStatementDigest,
  TRANSFER_STATUSES,
} from '../../programs/column/statement.ts';
import { readBlock } from '../support/blocks.ts';
import {
  type IndependentColumn,
  type IndependentEntry,
  independentAggregateStatement,
  independentColumnDigest,
} from '../support/independentStatements.ts';
import { createRandom } from '../support/random.ts';

function describeColumn(statement: ColumnStatement): IndependentColumn {
  return {
    chainId: statement.chainId,
    blockNumber: statement.blockNumber,
    baseFee: statement.baseFeePerGasWei,
    coinbase: statement.coinbase,
    blockGasLimit: statement.blockGasLimit,
    gasCap: statement.transactionGasCap,
    gas: statement.gasUsed,
    priorityFees: statement.priorityFeesWei,
    burned: statement.burnedWei,
    transfers: statement.transfers.map((transfer) => ({
      from: transfer.from,
      to: transfer.to,
      chainId: transfer.chainId,
      nonce: transfer.nonce,
      gasLimit: transfer.gasLimit,
      maxFee: transfer.maxFeePerGasWei,
      priorityFee: transfer.maxPriorityFeePerGasWei,
      value: transfer.valueWei,
      status: TRANSFER_STATUSES.indexOf(transfer.status),
    })),
    items: statement.accessList.map(({ address, preValue, postValue }) => ({
      address,
      before: preValue,
      after: postValue,
    })),
  };
}

const wordsOf = (digest: Uint32Array): bigint[] => [...digest].map(BigInt);

function describeEntries(entries: readonly AggregateEntry[]): IndependentEntry[] {
  return entries.map((entry) =>
    entry.kind === 'leaf'
      ? { leafKey: wordsOf(entry.keyDigest), statement: wordsOf(entry.statement) }
      : describeEntries(entry.entries),
  );
}

describe('statements by a second implementation', () => {
  it('agree on the eight columns of a real block', () => {
    for (const column of blockInput(readBlock(19933122), 8).columns) {
      const statement = executeColumn(column);
      assert.deepEqual(
        independentColumnDigest(describeColumn(statement)),
        wordsOf(columnStatementDigest(statement)),
      );
    }
  });

  it('agree on aggregates of every shape', () => {
    const random = createRandom(7);
    const digest = (): Uint32Array => Uint32Array.from(random.words(8));
    const leaf = (): AggregateEntry => ({ kind: 'leaf', keyDigest: digest(), statement: digest() });
    const inner = (...entries: AggregateEntry[]): AggregateEntry => ({ kind: 'inner', entries });
    const key = digest();
    const trees: AggregateEntry[][] = [
      [leaf()],
      [leaf(), leaf(), leaf(), leaf(), leaf()],
      [inner(leaf(), leaf()), inner(leaf(), leaf())],
      [inner(inner(leaf())), leaf(), inner(leaf(), inner(leaf(), leaf()))],
    ];
    for (const entries of trees)
      assert.deepEqual(
        independentAggregateStatement(wordsOf(key), describeEntries(entries)),
        wordsOf(aggregateStatement(key, entries)),
      );
  });
});
