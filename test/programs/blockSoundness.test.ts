/**
 * Proposers that cheat: refused by the host with a code that names the culprit, and by the block program, which does not run past
 * the lie or states another block than the one that is claimed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MachineError, type MachineErrorCode } from '../../machine/errors.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { type AggregateEntry, aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import {
  type BlockStatement,
  blockStatementDigest,
  type ListedTransfer,
  orderDigest,
} from '../../programs/block/blockStatement.ts';
import { BlockError, type BlockErrorCode, type BlockErrorDetails } from '../../programs/block/errors.ts';
import { HINT } from '../../programs/block/hintNames.ts';
import { type BlockWitness, blockHints } from '../../programs/block/hints.ts';
import { planBlock } from '../../programs/block/prepare.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import type { ColumnInput } from '../../programs/column/input.ts';
import type { ColumnStatement } from '../../programs/column/statement.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import {
  blockOf,
  childrenOf,
  inner,
  KEYS,
  leafOf,
  runBlock,
  type StandInChild,
  smallColumn,
  type TestBlock,
  witnessOf,
} from '../support/block.ts';
import { createRandom } from '../support/random.ts';

const INPUTS = [smallColumn(0, 2), smallColumn(10, 3, [1]), smallColumn(20, 1)] as const;
const HONEST = blockOf(INPUTS);
const [COLUMN_0, COLUMN_1, COLUMN_2] = HONEST.columns as [ColumnStatement, ColumnStatement, ColumnStatement];
const DIGEST = blockStatementDigest(HONEST.statement);

/** The host refuses columns, list and trees. */
function refused(
  columns: readonly ColumnStatement[],
  list: readonly ListedTransfer[],
  code: BlockErrorCode,
  details: BlockErrorDetails,
  trees: BlockWitness['trees'] = [columns.map((column) => leafOf(column))],
): void {
  assert.throws(
    () => planBlock(KEYS, trees, columns, list),
    (error: unknown) => {
      assert.ok(error instanceof BlockError, String(error));
      assert.equal(error.code, code);
      for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value, name);
      return true;
    },
    code,
  );
}

/** The program does not run past the lie. */
function fails(
  witness: BlockWitness,
  code: MachineErrorCode,
  replaced: HintFunctions = {},
  children?: readonly StandInChild[],
): void {
  assert.throws(
    () => runBlock(witness, replaced, children),
    (error: unknown) => {
      assert.ok(error instanceof MachineError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
    code,
  );
}

/** The program runs, but what it states is not the claim. */
function doesNotState(witness: BlockWitness, claim: BlockStatement, replaced: HintFunctions = {}): void {
  assert.notDeepEqual(runBlock(witness, replaced).statement, blockStatementDigest(claim));
}

/** A hint of a witness with some words replaced, where its inputs are these. */
function altered(
  name: string,
  inputs: readonly number[],
  words: Readonly<Record<number, number>>,
  witness: BlockWitness = HONEST.witness,
): HintFunctions {
  const honest = blockHints(witness)[name]!;
  return {
    [name]: (given, memory) => {
      const answer = Uint32Array.from(honest(given, memory));
      if (inputs.every((input, index) => input === given[index]))
        for (const [index, word] of Object.entries(words)) answer[Number(index)] = word;
      return answer;
    },
  };
}

function listWith(change: (list: ListedTransfer[]) => ListedTransfer[]): ListedTransfer[] {
  return change([...HONEST.list]);
}

const indexIn = (column: number, place: number): number =>
  HONEST.list.flatMap((each, index) => (each.column === column ? [index] : []))[place]!;

describe('cheating proposers', () => {
  it('control: the honest block is stated', () => {
    assert.deepEqual(runBlock(HONEST.witness).statement, DIGEST);
    assert.deepEqual(
      planBlock(KEYS, HONEST.witness.trees, HONEST.columns, HONEST.list).witness,
      HONEST.witness,
    );
  });

  it('missing column', () => {
    const trees = [[leafOf(COLUMN_0), leafOf(COLUMN_1)]];
    refused(HONEST.columns, HONEST.list, 'COLUMN_MISSING', { column: 2 }, trees);
    refused([COLUMN_0, COLUMN_1], HONEST.list, 'LIST_COLUMN', { transaction: indexIn(2, 0), got: 2 });
    refused([], HONEST.list, 'NO_COLUMNS', {});
    refused(HONEST.columns, HONEST.list, 'NO_CHILDREN', {}, []);
    // Proved without it, the block has one column less than is claimed, with whatever order it names.
    const order = orderDigest(HONEST.list.map(({ column }) => column));
    const two = HONEST.list.filter(({ column }) => column < 2);
    doesNotState({ ...witnessOf([COLUMN_0, COLUMN_1], two, trees), order }, HONEST.statement);
    // One of the others stands in for its leaf.
    const twice = [[leafOf(COLUMN_0), leafOf(COLUMN_1), leafOf(COLUMN_1)]];
    fails({ ...HONEST.witness, trees: twice, leafOf: [0, 1, 2] }, 'CELL_CONFLICT');
    // A leaf is opened for one column only.
    fails(HONEST.witness, 'CALL_FAILED', altered(HINT.COLUMN_LEAF, [2], { 0: 1 }));
    fails(HONEST.witness, 'CALL_FAILED', altered(HINT.COLUMN_LEAF, [2], { 0: 3 }));
  });

  it('a column more than the list has', () => {
    const list = HONEST.list.filter(({ column }) => column < 2);
    refused(HONEST.columns, list, 'TRANSACTION_NOT_LISTED', { column: 2, place: 0 });
    const claim = blockOf(INPUTS.slice(0, 2)).statement;
    doesNotState({ ...HONEST.witness, order: orderDigest(list.map(({ column }) => column)) }, claim);
    refused([COLUMN_0, COLUMN_1], list, 'LEAF_NOT_OF_BLOCK', { child: 0, leaf: 2 }, HONEST.witness.trees);
  });

  it('overlapping access lists', () => {
    const overlapping = [INPUTS[0], smallColumn(1, 1)].map(executeColumn);
    const { list } = blockLike(overlapping);
    const shared = overlapping[1]!.accessList[0]!.address;
    refused(overlapping, list, 'ACCESS_OVERLAP', { column: 1, other: 0, address: shared });
    const witness = witnessOf(overlapping, list);
    fails(witness, 'CALL_FAILED');
    // In another order the keys do not ascend either.
    fails({ ...witness, itemColumns: [0, 1, 0, 1] }, 'CALL_FAILED');
    fails({ ...witness, itemColumns: [0, 0, 1, 1] }, 'CALL_FAILED');
    // A key made greater is not the key that the column was proved with.
    fails(witness, 'CELL_CONFLICT', altered(HINT.ITEM, [2], { 0: 2 }, witness));
    // The same column twice is no second column.
    const double = [[...HONEST.witness.trees[0]!, leafOf(COLUMN_2)]];
    refused(HONEST.columns, HONEST.list, 'COLUMN_TWICE', { child: 0, leaf: 3, column: 2 }, double);
    const columns = [...HONEST.columns, COLUMN_2];
    fails(witnessOf(columns, HONEST.list, double), 'CALL_FAILED');
  });

  it('an item left out of the merged access list, or put into it', () => {
    const [first] = HONEST.witness.itemColumns;
    fails(HONEST.witness, 'CELL_CONFLICT', altered(HINT.ITEM, [6], { 16: 1 }));
    fails(HONEST.witness, 'CELL_CONFLICT', altered(HINT.ITEM, [6], { 32: 1 }));
    fails(HONEST.witness, 'CELL_CONFLICT', altered(HINT.ITEM_COLUMN, [6], { 0: (first! + 1) % 3 }));
    fails(HONEST.witness, 'CALL_FAILED', altered(HINT.ITEM_COLUMN, [6], { 0: 3 }));
    fails(HONEST.witness, 'CALL_FAILED', altered(HINT.ITEM, [6], { 15: 65_536 }));
    // A count one lower: the last item of the merge is not read, and the column's statement is another.
    fails(HONEST.witness, 'CELL_CONFLICT', {
      ...altered(HINT.COLUMN_COUNTS, [2], { 1: 1 }),
      [HINT.ITEM_COLUMN]: ([remaining]) => [HONEST.witness.itemColumns[5 - remaining!]!],
      [HINT.ITEM]: ([remaining], memory) => blockHints(HONEST.witness)[HINT.ITEM]!([remaining! + 1], memory),
    });
  });

  it('reordered transactions', () => {
    const [first, second] = [indexIn(0, 0), indexIn(0, 1)];
    const list = listWith((each) => {
      [each[first], each[second]] = [each[second]!, each[first]!];
      return each;
    });
    refused(HONEST.columns, list, 'TRANSACTION_ORDER', { column: 0, place: 0, transaction: first });
    const claim = {
      ...HONEST.statement,
      transfers: list.map((each) => ({ ...each, status: 'executed' as const })),
    };
    doesNotState(HONEST.witness, claim);
    // The column's transfers in the list's order do not have the digest that was proved.
    const swapped = { ...COLUMN_0, transfers: COLUMN_0.transfers.toReversed() };
    fails({ ...HONEST.witness, columns: [swapped, COLUMN_1, COLUMN_2] }, 'CELL_CONFLICT');
    const mixed = { ...COLUMN_1, transfers: COLUMN_1.transfers.toReversed() };
    fails({ ...HONEST.witness, columns: [COLUMN_0, mixed, COLUMN_2] }, 'CELL_CONFLICT');
    fails(HONEST.witness, 'RELATION_FAILED', {
      [HINT.TRANSFER]: ([column, remaining], memory) =>
        blockHints(HONEST.witness)[HINT.TRANSFER]!([column!, 4 - remaining!], memory),
    });
  });

  it('another order of the list, with each column as it was, is another list', () => {
    const list = listWith((each) => each.toSorted((left, right) => left.column - right.column));
    const { statement, witness } = planBlock(KEYS, HONEST.witness.trees, HONEST.columns, list);
    assert.deepEqual(runBlock(witness).statement, blockStatementDigest(statement));
    doesNotState(HONEST.witness, statement);
    doesNotState(witness, HONEST.statement);
  });

  it('a transaction twice, left out, or not in the list', () => {
    const [listed] = HONEST.list;
    // In the list twice, in the column once.
    refused(HONEST.columns, [...HONEST.list, listed!], 'TRANSACTION_MISSING', {
      column: 0,
      transaction: HONEST.list.length,
    });
    // In the column twice, where the second has a nonce too low; in the list once.
    const { transfers } = INPUTS[0];
    const double = executeColumn({ ...INPUTS[0], transfers: [...transfers, transfers[0]!] });
    const columns = [double, COLUMN_1, COLUMN_2];
    refused(columns, HONEST.list, 'TRANSACTION_TWICE', { column: 0, place: 2, transaction: indexIn(0, 0) });
    doesNotState(witnessOf(columns, HONEST.list), HONEST.statement);
    // In another column as well.
    const foreign = executeColumn({
      ...INPUTS[2],
      transfers: [...INPUTS[2].transfers, transfers[0]!],
      accounts: [...INPUTS[2].accounts, ...INPUTS[0].accounts],
    });
    refused([COLUMN_0, COLUMN_1, foreign], HONEST.list, 'WRONG_COLUMN', { column: 2, place: 1, expected: 0 });
    // Left out.
    const short = executeColumn({ ...INPUTS[0], transfers: transfers.slice(0, 1) });
    refused([short, COLUMN_1, COLUMN_2], HONEST.list, 'TRANSACTION_MISSING', {
      column: 0,
      transaction: indexIn(0, 1),
    });
    doesNotState(witnessOf([short, COLUMN_1, COLUMN_2], HONEST.list), HONEST.statement);
    // Another value is another transaction.
    const forged = executeColumn({
      ...INPUTS[0],
      transfers: [{ ...transfers[0]!, valueWei: 1n }, transfers[1]!],
    });
    refused([forged, COLUMN_1, COLUMN_2], HONEST.list, 'TRANSACTION_NOT_LISTED', { column: 0, place: 0 });
    doesNotState(witnessOf([forged, COLUMN_1, COLUMN_2], HONEST.list), HONEST.statement);
    // An empty column.
    const empty = {
      ...COLUMN_2,
      transfers: [],
      accessList: [],
      gasUsed: 0n,
      priorityFeesWei: 0n,
      burnedWei: 0n,
    };
    refused([COLUMN_0, COLUMN_1, empty], HONEST.list, 'EMPTY_COLUMN', { column: 2 });
    fails(witnessOf([COLUMN_0, COLUMN_1, empty], HONEST.list), 'DIVISION_BY_ZERO');
  });

  it('wrong assignment', () => {
    const list = listWith((each) =>
      each.map((one) => ({ ...one, column: one.column === 0 ? 2 : one.column })),
    );
    refused(HONEST.columns, list, 'WRONG_COLUMN', { column: 0, place: 0, expected: 2 });
    // Columns that change their numbers change the list.
    const renumbered = [COLUMN_2, COLUMN_1, COLUMN_0];
    refused(renumbered, HONEST.list, 'WRONG_COLUMN', { column: 0, place: 0, expected: 2 });
    doesNotState(witnessOf(renumbered, HONEST.list), HONEST.statement);
    for (const column of [-1, 3, 0.5])
      refused(HONEST.columns, [{ ...HONEST.list[0]!, column }, ...HONEST.list.slice(1)], 'LIST_COLUMN', {
        transaction: 0,
        got: column,
      });
  });

  it('hidden skip', () => {
    const statuses = (status: 'executed' | 'nonce too low'): ColumnStatement => ({
      ...COLUMN_1,
      transfers: COLUMN_1.transfers.map((each, place) => (place === 1 ? { ...each, status } : each)),
    });
    // As executed, or for another reason: the column was not proved with that.
    for (const status of ['executed', 'nonce too low'] as const) {
      const columns = [COLUMN_0, statuses(status), COLUMN_2];
      refused(columns, HONEST.list, 'LEAF_NOT_OF_BLOCK', { child: 0, leaf: 1 }, HONEST.witness.trees);
      fails({ ...HONEST.witness, columns }, 'CELL_CONFLICT');
    }
    // The digest that was proved, opened with another status.
    const statusWord = 16 * 8;
    for (const status of [0, 3, MODULUS - 4])
      fails(HONEST.witness, 'RELATION_FAILED', altered(HINT.TRANSFER, [1, 2], { [statusWord]: status }));
    // Not opened at all, because the counts say that nothing was skipped.
    fails(HONEST.witness, 'CELL_CONFLICT', altered(HINT.COLUMN_COUNTS, [1], { 2: 3 }));
    // The statement does not hide it either.
    const { transfers } = HONEST.statement;
    doesNotState(HONEST.witness, {
      ...HONEST.statement,
      transfers: transfers.map((each) => ({ ...each, status: 'executed' })),
    });
    doesNotState(HONEST.witness, {
      ...HONEST.statement,
      transfers: transfers.map((each) =>
        each.status === 'executed' ? each : { ...each, status: 'balance too low' },
      ),
    });
  });

  it('altered totals', () => {
    for (const field of ['gasUsed', 'priorityFeesWei', 'burnedWei'] as const) {
      doesNotState(HONEST.witness, { ...HONEST.statement, [field]: HONEST.statement[field] + 1n });
      const columns = [{ ...COLUMN_0, [field]: COLUMN_0[field] + 1n }, COLUMN_1, COLUMN_2];
      refused(columns, HONEST.list, 'LEAF_NOT_OF_BLOCK', { child: 0, leaf: 0 }, HONEST.witness.trees);
      fails({ ...HONEST.witness, columns }, 'CELL_CONFLICT');
    }
    for (const limb of [0, 15, 16, 40, 47])
      fails(HONEST.witness, 'CELL_CONFLICT', altered(HINT.COLUMN_SUMS, [1], { [limb]: 65_536 }));
    for (const transfers of [1, 3])
      fails(HONEST.witness, 'CELL_CONFLICT', altered(HINT.COLUMN_COUNTS, [0], { 0: transfers }));
    doesNotState(HONEST.witness, { ...HONEST.statement, columnCount: 4 });
  });

  it('columns of two blocks', () => {
    const others: [Partial<ColumnInput>, BlockErrorCode][] = [
      [{ chainId: 5n }, 'OTHER_CHAIN'],
      [{ blockNumber: 12_346n }, 'OTHER_BLOCK'],
      [{ baseFeePerGasWei: 1n }, 'OTHER_BASE_FEE'],
      [{ coinbase: `0x${'c1'.repeat(20)}` }, 'OTHER_COINBASE'],
      [{ blockGasLimit: 29_000_000n }, 'OTHER_BLOCK_GAS_LIMIT'],
      [{ transactionGasCap: 1n << 25n }, 'OTHER_TRANSACTION_GAS_CAP'],
    ];
    for (const [change, code] of others) {
      const columns = [COLUMN_0, COLUMN_1, executeColumn({ ...INPUTS[2], ...change })];
      refused(columns, HONEST.list, code, { column: 2 });
      fails(witnessOf(columns, HONEST.list), 'CELL_CONFLICT');
    }
  });

  it('a leaf under an unlisted key', () => {
    const other = createRandom(1).words(8);
    for (const trees of [
      [[leafOf(COLUMN_0), leafOf(COLUMN_1, other), leafOf(COLUMN_2)]],
      [[leafOf(COLUMN_0), inner(leafOf(COLUMN_1, other)), leafOf(COLUMN_2)]],
      [[leafOf(COLUMN_0)], [leafOf(COLUMN_1, other), leafOf(COLUMN_2)]],
    ]) {
      refused(HONEST.columns, HONEST.list, 'LEAF_KEY_NOT_LISTED', { child: trees.length - 1 }, trees);
      fails(witnessOf(HONEST.columns, HONEST.list, trees), 'RELATION_FAILED');
    }
    // A number beyond the listed keys names a listed one.
    assert.throws(() => runBlock(HONEST.witness, altered(HINT.ENTRY, [0, 2], { 1: 2 })), MachineError);
    // An aggregate's own key is no column's.
    const own = [[leafOf(COLUMN_0), leafOf(COLUMN_1, KEYS.aggregateKeyDigest), leafOf(COLUMN_2)]];
    refused(HONEST.columns, HONEST.list, 'LEAF_KEY_NOT_LISTED', { child: 0, leaf: 1 }, own);
    fails(witnessOf(HONEST.columns, HONEST.list, own), 'RELATION_FAILED');
  });

  it('stale K', () => {
    const stale = createRandom(2).words(8);
    const { trees } = HONEST.witness;
    // A child of another aggregate program.
    fails(HONEST.witness, 'RELATION_FAILED', {}, childrenOf(trees, stale));
    // A child of this one that was told another K: below it anything may have been proved.
    const told = [{ keyDigest: KEYS.aggregateKeyDigest, statement: aggregateStatement(stale, trees[0]!) }];
    fails(HONEST.witness, 'CELL_CONFLICT', {}, told);
    // A child that is no aggregate at all.
    const leaf = trees[0]![0]!;
    assert.ok(leaf.kind === 'leaf');
    fails(HONEST.witness, 'RELATION_FAILED', {}, [leaf]);
  });

  it('a tree other than the one that was proved', () => {
    const [a, b, c] = HONEST.columns.map((column) => leafOf(column)) as [
      AggregateEntry,
      AggregateEntry,
      AggregateEntry,
    ];
    const trees = [[inner(a, b), c]];
    const witness = witnessOf(HONEST.columns, HONEST.list, trees);
    assert.deepEqual(runBlock(witness).statement, DIGEST);
    const flat = { ...witness, trees: [[a, b, c]] };
    fails(flat, 'CELL_CONFLICT', {}, childrenOf(trees));
    // An inner entry read as a leaf, a leaf as an inner one.
    fails(witness, 'RELATION_FAILED', altered(HINT.ENTRY, [0, 2], { 0: 0 }, witness));
    fails(witness, 'RELATION_FAILED', altered(HINT.ENTRY, [0, 1], { 0: 1 }, witness));
    // A node less, a node more; an entry less, an entry more.
    for (const nodes of [0, 1, 3]) {
      const replaced = altered(HINT.NODE_COUNT, [], { 0: nodes }, witness);
      assert.throws(
        () => runBlock(witness, replaced),
        (error) => error instanceof MachineError || error instanceof RangeError,
        `${nodes} nodes`,
      );
    }
    for (const entries of [0, 1])
      fails(witness, 'RELATION_FAILED', altered(HINT.ENTRY_COUNT, [1], { 0: entries }, witness));
    // No children, no block.
    fails(HONEST.witness, 'DIVISION_BY_ZERO', {
      [HINT.CHILD_COUNT]: () => [0],
      [HINT.NODE_COUNT]: () => [0],
    });
  });

  it('every hinted word matters', () => {
    const trees = [[inner(leafOf(COLUMN_0), leafOf(COLUMN_1)), leafOf(COLUMN_2)]];
    const witness = witnessOf(HONEST.columns, HONEST.list, trees);
    const hints = blockHints(witness);
    let words = 0;
    /** Runs with the word of this number, in the order of the run, raised by one. */
    const runAltered = (target: number): { statement?: Uint32Array; hint: string } => {
      words = 0;
      let hint = '';
      const replaced = Object.fromEntries(
        Object.entries(hints).map(([name, answer]): [string, HintFunctions[string]] => [
          name,
          (inputs, memory) => {
            const answered = Uint32Array.from(answer!(inputs, memory));
            if (words <= target && target < words + answered.length) {
              hint = `${name} of ${inputs.join(', ')}, word ${target - words}`;
              answered[target - words] = (answered[target - words]! + 1) % MODULUS;
            }
            words += answered.length;
            return answered;
          },
        ]),
      );
      try {
        return { statement: runBlock(witness, replaced).statement, hint };
      } catch (error) {
        // The host has no answer for places that are not there.
        if (error instanceof MachineError || error instanceof RangeError) return { hint };
        throw error;
      }
    };
    assert.deepEqual(runAltered(Number.POSITIVE_INFINITY).statement, DIGEST);
    const total = words;
    const free: string[] = [];
    for (let word = 0; word < total; word++) {
      const { statement, hint } = runAltered(word);
      if (statement !== undefined && String(statement) === String(DIGEST)) free.push(hint);
    }
    // An inner entry is told by any mark but 0 and has no key; a number beyond the listed keys is the last one's.
    assert.deepEqual(free, ['block: entry of 0, 2, word 0', 'block: entry of 0, 2, word 1']);
  });
});

/** Columns that make no block, with their list. */
function blockLike(columns: readonly ColumnStatement[]): Pick<TestBlock, 'list'> {
  return {
    list: columns.flatMap(({ transfers }, column) =>
      transfers.map(({ status: _status, ...fields }) => ({ ...fields, column })),
    ),
  };
}
