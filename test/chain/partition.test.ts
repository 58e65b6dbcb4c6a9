/** The partition on 16 real blocks against an independent quadratic computation, and its rules on small lists. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessSet } from '../../chain/accessSet.ts';
import { accessSetOf } from '../../chain/accessSet.ts';
import { ChainError } from '../../chain/errors.ts';
import { buildInclusionList, checkInclusionList } from '../../chain/inclusionList.ts';
import { conflictClasses, partition } from '../../chain/partition.ts';
import { blocksWithAccessSets, readObservedBlock } from '../support/accessSets.ts';
import { createRandom } from '../support/random.ts';

/** Classes, and the largest class's share of the gas in percent. */
const KNOWN_ANSWERS: Readonly<Record<string, readonly [number, number]>> = {
  '19933122': [37, 20],
  '19932703': [93, 38],
  '13287210': [5, 99],
  '11814555': [3, 99],
  '19923400': [21, 35],
};

const access = (gas: number, reads: string[], writes: string[]): AccessSet => ({ gas, reads, writes });

/** Labels spread over the full conflict matrix until nothing changes: quadratic, with no union-find and no key index. */
function classesByMatrix(accesses: readonly AccessSet[]): number[][] {
  const meets = (left: AccessSet, right: AccessSet): boolean => {
    const touched = new Set([...right.reads, ...right.writes]);
    const written = new Set(right.writes);
    return left.writes.some((key) => touched.has(key)) || left.reads.some((key) => written.has(key));
  };
  const neighbours = accesses.map((left) =>
    accesses.flatMap((right, index) => (meets(left, right) ? [index] : [])),
  );
  const label = accesses.map((_, index) => index);
  let isStable = false;
  while (!isStable) {
    isStable = true;
    for (const [index, others] of neighbours.entries()) {
      for (const other of others) {
        const least = Math.min(label[index] ?? 0, label[other] ?? 0);
        if (label[index] !== least || label[other] !== least) {
          label[index] = least;
          label[other] = least;
          isStable = false;
        }
      }
    }
  }
  return [...new Set(label)].map((root) => label.flatMap((value, index) => (value === root ? [index] : [])));
}

describe('partition of real blocks', () => {
  for (const number of blocksWithAccessSets()) {
    it(`agrees with the quadratic computation on ${number}`, () => {
      const block = readObservedBlock(number);
      const accesses = block.transactions.map((observed) => accessSetOf(observed, block.coinbase));
      const { classes, columnOf, columns, gasOfColumn } = partition(accesses, 8);
      assert.deepEqual(
        classes.map(({ transactions }) => [...transactions]),
        classesByMatrix(accesses),
      );
      assert.equal(
        gasOfColumn.reduce((sum, gas) => sum + gas, 0),
        block.gasUsed,
      );
      for (const { transactions } of classes) {
        assert.equal(new Set(transactions.map((transaction) => columnOf[transaction])).size, 1);
      }
      assert.deepEqual(
        columns.flat().toSorted((left, right) => left - right),
        accesses.map((_, index) => index),
      );
      const known = KNOWN_ANSWERS[number];
      if (known !== undefined) {
        const largest = Math.max(...classes.map(({ gas }) => gas));
        assert.deepEqual([classes.length, Math.round((100 * largest) / block.gasUsed)], known);
      }
    });
  }

  it('covers 16 blocks', () => {
    const numbers = blocksWithAccessSets();
    assert.equal(numbers.length, 16);
    for (const number of Object.keys(KNOWN_ANSWERS)) assert.ok(numbers.includes(number), number);
  });
});

describe('partition', () => {
  it('separates readers and joins a reader with a writer, in any order', () => {
    assert.equal(conflictClasses([access(1, ['k'], []), access(1, ['k'], [])]).length, 2);
    assert.equal(conflictClasses([access(1, ['k'], []), access(1, [], ['k'])]).length, 1);
    assert.equal(conflictClasses([access(1, [], ['k']), access(1, ['k'], [])]).length, 1);
    // Two readers meet through a writer that comes last.
    assert.deepEqual(
      conflictClasses([access(1, ['k'], []), access(1, ['k'], []), access(1, [], ['k'])]).map(
        (c) => c.transactions,
      ),
      [[0, 1, 2]],
    );
  });

  it('packs the largest class first into the least loaded column, ties by position', () => {
    const list = [3, 5, 5, 2, 4].map((gas, index) => access(gas, [], [`k${index}`]));
    const { columnOf, gasOfColumn } = partition(list, 2);
    // 5 (index 1) -> 0, 5 (index 2) -> 1, 4 -> 0, 3 -> 1, 2 -> 1
    assert.deepEqual(columnOf, [1, 0, 1, 1, 0]);
    assert.deepEqual(gasOfColumn, [9, 10]);
  });

  it('accepts an empty list and leaves surplus columns empty', () => {
    assert.deepEqual(partition([], 3).columns, [[], [], []]);
    assert.deepEqual(partition([access(0, [], []), access(7, [], [])], 4).columns, [[1], [0], [], []]);
  });

  it('agrees with the quadratic computation on random lists', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      const keys = (count: number): string[] => Array.from({ length: count }, () => `k${random.below(60)}`);
      const list = Array.from({ length: random.below(50) }, () =>
        access(random.below(100), keys(random.below(4)), keys(random.below(3))),
      );
      assert.deepEqual(
        conflictClasses(list).map(({ transactions }) => [...transactions]),
        classesByMatrix(list),
        `seed ${seed}`,
      );
    }
  });

  it('refuses impossible numbers of columns and inexact gas', () => {
    for (const count of [0, -1, 1.5, 65536, Number.NaN]) {
      assert.throws(
        () => partition([], count),
        (error) => error instanceof ChainError && error.code === 'COLUMN_COUNT',
      );
    }
    for (const gas of [-1, 0.5, 2 ** 53, Number.NaN]) {
      assert.throws(
        () => partition([access(gas, [], [])], 1),
        (error) => error instanceof ChainError && error.code === 'GAS',
      );
    }
    const half = access(2 ** 52, [], []);
    assert.throws(
      () => partition([half, half], 1),
      (error) => error instanceof ChainError && error.code === 'GAS',
    );
  });
});

describe('accessSetOf', () => {
  const observed = {
    gasUsed: 21000,
    feeWei: 5n,
    slotReads: [],
    slotWrites: [],
    balanceReads: [],
    nonceWrites: ['0xa'],
    codeReads: [],
    codeWrites: [],
  };

  it('takes the fee out of the coinbase change before it counts as a write', () => {
    const fee = { address: '0xc', deltaWei: 5n };
    assert.deepEqual(accessSetOf({ ...observed, balanceChanges: [fee] }, '0xc').writes, ['0xa']);
    assert.deepEqual(accessSetOf({ ...observed, balanceChanges: [fee] }, '0xd').writes, ['0xa', '0xc']);
    const more = { address: '0xc', deltaWei: 6n };
    assert.deepEqual(accessSetOf({ ...observed, balanceChanges: [more] }, '0xc').writes, ['0xa', '0xc']);
  });
});

describe('inclusion list', () => {
  const accesses = [access(1, [], ['a']), access(1, ['a'], ['b']), access(3, [], ['c'])];
  const list = buildInclusionList([0, 1, 2], (index) => accesses[index] ?? access(0, [], []), 2);

  it('derives its columns and passes its own check', () => {
    assert.deepEqual(list.columnOf, [1, 1, 0]);
    assert.deepEqual(checkInclusionList(list), { ok: true });
  });

  it('refuses a list whose columns differ', () => {
    assert.deepEqual(checkInclusionList({ ...list, columnOf: [1, 0, 0] }), {
      ok: false,
      reason: 'COLUMN_MISMATCH',
      details: { transaction: 1, expected: 1, got: 0 },
    });
    assert.deepEqual(checkInclusionList({ ...list, columnOf: [1, 1] }), {
      ok: false,
      reason: 'LENGTH_MISMATCH',
      details: { expected: 3, got: 2 },
    });
  });
});
