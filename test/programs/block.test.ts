/** The block program against the host and against a second implementation: trees of any shape, skipped transactions, real blocks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockInput } from '../../chain/blockInput.ts';
import { blockList } from '../../chain/blockList.ts';
import { TAG } from '../../machine/instruction.ts';
import { buildTraces, checkTraces } from '../../machine/system.ts';
import type { AggregateEntry } from '../../programs/aggregate/aggregateStatement.ts';
import { assembleBlock } from '../../programs/block/blockInput.ts';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { planBlock } from '../../programs/block/prepare.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { unpackBasicData } from '../../programs/column/statement.ts';
import { differences, runIndependently } from '../../scripts/demoEthereum.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import {
  blockOf,
  inner,
  KEYS,
  leafOf,
  runBlock,
  smallColumn,
  UNVERIFIED_PROGRAM,
  witnessOf,
} from '../support/block.ts';
import { readBlock, readBlockJson } from '../support/blocks.ts';
import { type Compress, independentBlockDigest } from '../support/independentBlock.ts';
import { createRandom } from '../support/random.ts';

/** The project's hash for the second implementation, where the slow one would take minutes. */
const fastCompress: Compress = (a, b) =>
  Array.from(compress(Uint32Array.from(a, Number), Uint32Array.from(b, Number)), BigInt);

const SEED = 81_311;

describe('block program', () => {
  it('states executed and skipped transactions of three columns', () => {
    const block = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1]), smallColumn(20, 2, [0, 1])]);
    assert.deepEqual(
      block.statement.transfers.map(({ column, status }) => `${column} ${status}`),
      [
        '0 executed',
        '1 executed',
        '2 nonce too high',
        '0 executed',
        '1 nonce too high',
        '2 nonce too high',
        '1 executed',
      ],
    );
    assert.deepEqual(runBlock(block.witness).statement, blockStatementDigest(block.statement));
  });

  it('known answer: the digest of a small block', () => {
    // Computed by this code once; a change of the statement's layout must change BLOCK_VERSION and this digest.
    const block = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1])]);
    assert.deepEqual(
      [...blockStatementDigest(block.statement)],
      [2037109662, 1916501370, 261520648, 1145157036, 1998861165, 423604311, 75677450, 550350240],
    );
  });

  it('has the same statement whatever trees are above the columns', () => {
    const block = blockOf([0, 1, 2, 3, 4].map((column) => smallColumn(10 * column, 1 + (column % 2))));
    const [a, b, c, d, e] = block.columns.map((column, index) =>
      leafOf(column, KEYS.columnKeyDigests[index % 2]!),
    ) as [AggregateEntry, AggregateEntry, AggregateEntry, AggregateEntry, AggregateEntry];
    let deep = inner(e);
    for (let level = 0; level < 40; level++) deep = inner(deep);
    const forests: AggregateEntry[][][] = [
      [[a, b, c, d, e]],
      [[e, d, c, b, a]],
      [[a], [b], [c], [d], [e]],
      [[inner(c, inner(a, b))], [d, e]],
      [[inner(inner(inner(b), d), a), inner(c)], [inner(e)]],
      [[deep, a, inner(c, b), d]],
    ];
    const expected = blockStatementDigest(block.statement);
    for (const [number, trees] of forests.entries()) {
      const { statement, witness } = planBlock(KEYS, trees, block.columns, block.list);
      assert.deepEqual(statement, block.statement);
      assert.deepEqual(runBlock(witness).statement, expected, `forest ${number}`);
    }
  });

  it('guest and host agree on random blocks below random trees', () => {
    const random = createRandom(SEED);
    /** Cuts the entries into runs and puts some of them under a node of their own. */
    const grow = (entries: readonly AggregateEntry[], depth: number): AggregateEntry[] => {
      const grown: AggregateEntry[] = [];
      for (let first = 0; first < entries.length; ) {
        const some = entries.slice(first, first + 1 + random.below(3));
        first += some.length;
        if (depth > 0 && random.below(2) === 0) grown.push(inner(...grow(some, depth - 1)));
        else grown.push(...some);
      }
      return grown;
    };
    for (let round = 0; round < 25; round++) {
      const block = blockOf(
        Array.from({ length: 1 + random.below(7) }, (_, column) => {
          const transferCount = 1 + random.below(5);
          const skipped = Array.from({ length: transferCount }, (__, place) => place).filter(
            () => random.below(4) === 0,
          );
          return smallColumn(10 * column, transferCount, skipped);
        }),
      );
      const leaves = block.columns.map((column) => leafOf(column, KEYS.columnKeyDigests[random.below(2)]!));
      for (let place = leaves.length - 1; place > 0; place--) {
        const other = random.below(place + 1);
        [leaves[place], leaves[other]] = [leaves[other]!, leaves[place]!];
      }
      const cut = random.below(leaves.length);
      const trees = [leaves.slice(0, cut), leaves.slice(cut)]
        .filter(({ length }) => length > 0)
        .map((entries) => grow(entries, 3));
      const { witness } = planBlock(KEYS, trees, block.columns, block.list);
      assert.deepEqual(
        runBlock(witness).statement,
        blockStatementDigest(block.statement),
        `round ${round} of seed ${SEED}`,
      );
    }
  });

  it('proves a block of one column with one transaction', () => {
    for (const skipped of [[], [0]]) {
      const block = blockOf([smallColumn(0, 1, skipped)]);
      assert.deepEqual(runBlock(block.witness).statement, blockStatementDigest(block.statement));
    }
  });

  it('leaves a trace that satisfies every table', () => {
    const { columns, list, statement } = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1])]);
    const [a, b] = columns.map((column) => leafOf(column)) as [AggregateEntry, AggregateEntry];
    const execution = runBlock(witnessOf(columns, list, [[inner(b)], [a]]));
    assert.deepEqual(
      checkTraces(
        UNVERIFIED_PROGRAM,
        buildTraces(UNVERIFIED_PROGRAM, execution),
        blockStatementDigest(statement),
      ),
      { ok: true },
    );
  });

  it('agrees with a second implementation on real blocks', () => {
    for (const [number, columnCount, executed, skipped] of [
      [19933122, 2, 16, 0],
      [19933122, 8, 16, 0],
      [19932703, 8, 52, 5],
      [13287210, 3, 1410, 0],
    ] as const) {
      const input = blockInput(readBlock(number), columnCount);
      const list = blockList(input);
      const columns = input.columns.map(executeColumn);
      const trees = [columns.map((column) => leafOf(column))];
      const { statement, witness } = planBlock(KEYS, trees, columns, list);
      const execution = runBlock(witness);
      const independent = independentBlockDigest(
        readBlockJson(number),
        list.map(({ column }) => column),
        columns.length,
        list.length > 100 ? fastCompress : undefined,
      );
      assert.deepEqual(
        { executed: independent.executed, skipped: independent.skipped },
        { executed, skipped },
      );
      assert.deepEqual([...execution.statement].map(BigInt), independent.digest, `block ${number}`);
      assert.deepEqual(blockStatementDigest(statement), execution.statement);
    }
  });

  it('has the post-values and the skipped transactions of an independent Ethereum execution', async () => {
    const file = readBlock(19932703);
    const input = blockInput(file, 8);
    const statement = assembleBlock(input.columns.map(executeColumn), blockList(input));
    const run = await runIndependently(file);
    assert.deepEqual(
      statement.transfers.map(({ status }) => status !== 'executed'),
      run.refusals.map((refusal) => refusal !== undefined),
    );
    const posts = new Map(
      statement.accessList.map(({ address, postValue }) => [address, unpackBasicData(postValue)]),
    );
    const coinbase = {
      address: input.coinbase,
      balanceBeforeWei: file.prestate[input.coinbase]?.balance ?? 0n,
      feesWei: statement.priorityFeesWei,
    };
    assert.deepEqual(differences(run, posts, coinbase), []);
  });

  it('1,410 transfers without a skipped one: cpu and hash rows of the merge fit 2^15', () => {
    const { columns } = blockInput(readBlock(13287210), 3);
    const block = blockOf(columns);
    const { pc, calls } = runBlock(block.witness);
    let hashRows = 0;
    calls.tag.forEach((tag, call) => {
      if (tag === TAG.HASH_CHAIN) hashRows += calls.d[call]!;
    });
    assert.ok(pc.length <= 2 ** 15, `${pc.length} cycles`);
    assert.ok(hashRows <= 2 ** 15, `${hashRows} hash rows`);
    assert.deepEqual(assembleBlock(block.columns, block.list), block.statement);
  });
});
