/** Columns and lists that repeat one transaction as often as a column can, and columns with fields that no digest has. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assembleBlock } from '../../programs/block/blockInput.ts';
import type { ListedTransfer } from '../../programs/block/blockStatement.ts';
import { BlockError, type BlockErrorCode, type BlockErrorDetails } from '../../programs/block/errors.ts';
import { planBlock } from '../../programs/block/prepare.ts';
import { MAXIMUM_TRANSFERS } from '../../programs/column/input.ts';
import type { ColumnStatement, StatedTransfer, TransferStatus } from '../../programs/column/statement.ts';
import { blockOf, KEYS, smallColumn } from '../support/block.ts';
import { addressOf, transferOf } from '../support/column.ts';

function refused(assemble: () => unknown, code: BlockErrorCode, details: BlockErrorDetails): void {
  assert.throws(assemble, (error: unknown) => {
    assert.ok(error instanceof BlockError, String(error));
    assert.equal(error.code, code);
    for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value, name);
    return true;
  });
}

describe('a transaction that a list repeats', () => {
  const SAME = transferOf({ from: addressOf(1), to: addressOf(2) });
  const OTHER = { ...SAME, nonce: SAME.nonce + 1n };

  /** `count` transfers that are all the same but those at some places. */
  function repeated<T extends typeof SAME>(
    count: number,
    transfer: T,
    others: ReadonlyMap<number, T> = new Map(),
  ): T[] {
    return Array.from({ length: count }, (_, place) => others.get(place) ?? transfer);
  }

  const stated = (transfer: typeof SAME): StatedTransfer => ({ ...transfer, status: 'nonce too low' });
  const listed = (transfer: typeof SAME, column = 0): ListedTransfer => ({ ...transfer, column });

  function column(transfers: readonly StatedTransfer[]): ColumnStatement {
    const { columns } = blockOf([smallColumn(0, 1)]);
    return { ...columns[0]!, transfers };
  }

  it('is compared in a number of steps that is linear in the list', () => {
    let reads = 0;
    const counted: ListedTransfer = {
      ...listed(SAME),
      get nonce() {
        reads += 1;
        return SAME.nonce;
      },
    };
    const count = MAXIMUM_TRANSFERS;
    const { transfers } = assembleBlock([column(repeated(count, stated(SAME)))], repeated(count, counted));
    assert.equal(transfers.length, count);
    assert.ok(transfers.every(({ status, column: own }) => status === 'nonce too low' && own === 0));
    assert.ok(reads <= count, `${reads} reads of ${count} transactions`);

    reads = 0;
    refused(
      () => assembleBlock([column(repeated(count, stated(SAME)))], repeated(count - 1, counted)),
      'TRANSACTION_TWICE',
      { column: 0, place: count - 1, transaction: count - 2 },
    );
    assert.ok(reads <= count, `${reads} reads of ${count} transactions`);
  });

  it('is missed, listed twice or out of order at the right place', () => {
    const last = MAXIMUM_TRANSFERS - 1;
    const columnWith = (...places: readonly number[]): ColumnStatement =>
      column(
        repeated(
          MAXIMUM_TRANSFERS,
          stated(SAME),
          new Map(places.map((place) => [place, stated(OTHER)] as const)),
        ),
      );
    const listWith = (place: number, count = MAXIMUM_TRANSFERS, target = 0): ListedTransfer[] =>
      repeated(count, listed(SAME), new Map([[place, listed(OTHER, target)]]));

    assert.equal(assembleBlock([columnWith(last)], listWith(last)).transfers.length, MAXIMUM_TRANSFERS);
    refused(() => assembleBlock([columnWith(last)], listWith(0)), 'TRANSACTION_ORDER', {
      column: 0,
      place: 0,
      transaction: 0,
    });
    refused(() => assembleBlock([columnWith(0, last)], listWith(0)), 'TRANSACTION_TWICE', {
      column: 0,
      place: last,
      transaction: 0,
    });
    refused(() => assembleBlock([columnWith()], listWith(last)), 'TRANSACTION_TWICE', {
      place: last,
      transaction: last - 1,
    });
    refused(
      () => assembleBlock([columnWith(0)], repeated(last + 1, listed(SAME))),
      'TRANSACTION_NOT_LISTED',
      {
        place: 0,
      },
    );
    refused(() => assembleBlock([columnWith()], listWith(last + 1, last + 2)), 'TRANSACTION_MISSING', {
      transaction: last + 1,
    });
    const second = { ...column([stated(SAME)]), accessList: [] };
    refused(() => assembleBlock([columnWith(0), second], listWith(0, last + 1, 1)), 'WRONG_COLUMN', {
      column: 0,
      place: 0,
      transaction: 0,
      expected: 1,
    });
  });
});

describe('an access list', () => {
  it('of as many accounts as a column can have is merged in a time that is linear in them', () => {
    const { columns, list } = blockOf([smallColumn(0, 1)]);
    const item = columns[0]!.accessList[0]!;
    const accessList = Array.from({ length: MAXIMUM_TRANSFERS }, (_, account) => ({
      ...item,
      address: `0x${(account + 1).toString(16).padStart(40, '0')}`,
      slot: 0n,
    }));
    const start = performance.now();
    assert.equal(assembleBlock([{ ...columns[0]!, accessList }], list).accessList.length, accessList.length);
    const seconds = (performance.now() - start) / 1000;
    // A hundred times what it takes; were it quadratic, it would take minutes.
    assert.ok(seconds < 60, `${seconds} s`);
  });
});

describe('fields of columns that no digest has', () => {
  const { columns, list, witness } = blockOf([smallColumn(0, 2), smallColumn(10, 1)]);
  const [first, second] = columns as [ColumnStatement, ColumnStatement];
  const planned = (column: ColumnStatement): unknown => planBlock(KEYS, witness.trees, [first, column], list);

  it('are refused by column and field', () => {
    planned(second);
    const transfer = second.transfers[0]!;
    const item = second.accessList[0]!;
    const withTransfer = (change: Partial<StatedTransfer>): ColumnStatement => ({
      ...second,
      transfers: [{ ...transfer, ...change }],
    });
    const withItem = (change: Partial<typeof item>): ColumnStatement => ({
      ...second,
      accessList: [{ ...item, ...change }, ...second.accessList.slice(1)],
    });
    for (const [field, changed] of [
      ['gasUsed', { ...second, gasUsed: 1n << 256n }],
      ['burnedWei', { ...second, burnedWei: -1n }],
      ['transfers.0.valueWei', withTransfer({ valueWei: 1n << 256n })],
      ['transfers.0.nonce', withTransfer({ nonce: 1n << 128n })],
      ['accessList.0.slot', withItem({ slot: (1n << 96n) - 1n })],
      ['accessList.0.slot', withItem({ slot: -1n })],
      ['accessList.0.preValue', withItem({ preValue: -1n })],
      ['accessList.0.postValue', withItem({ postValue: 1n << 256n })],
    ] as const)
      refused(() => planned(changed), 'QUANTITY_RANGE', { column: 1, field });
    for (const [field, changed] of [
      ['transfers.0.from', withTransfer({ from: 'nobody' })],
      ['transfers.0.to', withTransfer({ to: `0x${'0'.repeat(41)}` })],
      ['transfers.0.status', withTransfer({ status: 'lost' as TransferStatus })],
      ['accessList.0.address', withItem({ address: '0x' })],
    ] as const)
      refused(() => planned(changed), 'MALFORMED_INPUT', { column: 1, field });
  });
});
