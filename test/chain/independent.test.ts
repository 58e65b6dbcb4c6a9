/** The columns of real blocks against an independent execution: every status, balance and nonce. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlockFile } from '../../chain/blockFile.ts';
import { type BlockInput, blockInput } from '../../chain/blockInput.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { type ColumnStatement, unpackBasicData } from '../../programs/column/statement.ts';
import { differences, type PostAccount, runIndependently } from '../../scripts/demoEthereum.ts';
import { readBlock } from '../support/blocks.ts';

const BLOCKS = [19933122, 19932703, 13287210, 11814555, 19923400];

interface Outcome {
  readonly statements: readonly ColumnStatement[];
  readonly posts: Map<string, PostAccount>;
  readonly coinbase: {
    readonly address: string;
    readonly balanceBeforeWei: bigint;
    readonly feesWei: bigint;
  };
}

function outcomeOf(file: BlockFile, { columns, coinbase }: BlockInput): Outcome {
  const statements = columns.map(executeColumn);
  const posts = new Map<string, PostAccount>();
  for (const { address, postValue } of statements.flatMap(({ accessList }) => accessList)) {
    const { nonce, balanceWei } = unpackBasicData(postValue);
    posts.set(address, { nonce, balanceWei });
  }
  return {
    statements,
    posts,
    coinbase: {
      address: coinbase,
      balanceBeforeWei: file.prestate[coinbase]?.balance ?? 0n,
      feesWei: statements.reduce((sum, { priorityFeesWei }) => sum + priorityFeesWei, 0n),
    },
  };
}

describe('columns against an independent execution', () => {
  for (const number of BLOCKS) {
    it(`agrees on ${number} at every number of columns`, async () => {
      const file = readBlock(number);
      const run = await runIndependently(file);
      for (const columnCount of [1, 2, 8]) {
        const input = blockInput(file, columnCount);
        const { statements, posts, coinbase } = outcomeOf(file, input);
        assert.deepEqual(differences(run, posts, coinbase), [], `${columnCount} columns`);
        const statuses = new Map(
          statements.flatMap(({ transfers }, column) =>
            transfers.map(({ status }, index) => [
              input.columns[column]?.transfers[index]?.blockIndex,
              status,
            ]),
          ),
        );
        input.list.transactions.forEach(({ blockIndex }, index) => {
          const expected = run.refusals[index] === undefined ? 'executed' : 'nonce too high';
          assert.equal(statuses.get(blockIndex), expected, `transaction ${blockIndex}`);
        });
      }
    });
  }

  it('finds a difference of one wei, one nonce, one fee and one account', async () => {
    const file = readBlock(11814555);
    const run = await runIndependently(file);
    const { posts, coinbase } = outcomeOf(file, blockInput(file, 2));
    const [address, post] = [...posts].find(([each]) => each !== coinbase.address) ?? [];
    assert.ok(address !== undefined && post !== undefined);
    const changedTo = (changed: PostAccount): string[] =>
      differences(run, new Map(posts).set(address, changed), coinbase);
    assert.equal(changedTo(post).length, 0);
    assert.equal(changedTo({ ...post, balanceWei: post.balanceWei + 1n }).length, 1);
    assert.equal(changedTo({ ...post, nonce: post.nonce + 1n }).length, 1);
    assert.equal(differences(run, posts, { ...coinbase, feesWei: coinbase.feesWei + 1n }).length, 1);
    const fewer = new Map(posts);
    fewer.delete(address);
    assert.equal(differences(run, fewer, coinbase).length, 1);
    assert.equal(differences(run, new Map(posts).set(`0x${'1'.repeat(40)}`, post), coinbase).length, 1);
  });
});
