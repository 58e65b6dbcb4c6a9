/**
 * The block program over real proofs of aggregates, under TEST_ONLY profiles and on whatever adapter is chosen: what it states, and
 * the children that it does not run past.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import { buildTraces, COLONNADE_MACHINE, checkTraces, run } from '../../machine/system.ts';
import { type ChildWitness, childWitness } from '../../programs/aggregate/witness.ts';
import { buildTestOnlyBlockProgram } from '../../programs/block/blockProgram.ts';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { BlockError, type BlockErrorCode, type BlockErrorDetails } from '../../programs/block/errors.ts';
import { planBlock } from '../../programs/block/prepare.ts';
import { runBlockProgram } from '../../programs/block/run.ts';
import { TEST_ONLY_INNER } from '../../stark/profile.ts';
import { blockOf, smallColumn } from '../support/block.ts';
import { type AggregateChild, createBlockProofs } from '../support/blockProofs.ts';
import { openTestDevice } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

describe('the block program over proofs', () => {
  it('verifies its children and states their block', async (context) => {
    const device = await openTestDevice({ robustness: 'off' });
    if (device.adapter.name.includes('SwiftShader')) {
      context.skip('proofs of the aggregate program are minutes on SwiftShader');
      return;
    }
    const proofs = await createBlockProofs(createWgslBackend(device));
    const { aggregateKeyDigest, columnKeyDigests } = proofs.blockProgramKeys;
    const block = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1])]);
    const [first, second] = await Promise.all(block.columns.map((column) => proofs.proveColumn(column)));
    const children = [await proofs.proveAggregate([second!]), await proofs.proveAggregate([first!])] as const;

    const execution = proofs.runBlock(block, children);
    assert.deepEqual(execution.statement, blockStatementDigest(block.statement));
    assert.deepEqual(
      checkTraces(proofs.blockProgram, buildTraces(proofs.blockProgram, execution), execution.statement),
      { ok: true },
    );

    const treesOf = (given: readonly AggregateChild[]) => given.map(({ inner }) => inner.entries);
    const { witness } = planBlock(proofs.blockProgramKeys, treesOf(children), block.columns, block.list);
    const witnessesOf = (given: readonly AggregateChild[]): ChildWitness[] =>
      given.map((child) => {
        const witnessed = childWitness(COLONNADE_MACHINE, [TEST_ONLY_INNER], child);
        assert.ok(witnessed.ok);
        return witnessed.witness;
      });
    const fails = (
      given: readonly AggregateChild[],
      code: BlockErrorCode,
      details: BlockErrorDetails,
      program = proofs.blockProgram,
    ): void =>
      assert.throws(
        () => runBlockProgram(run, program, witness, witnessesOf(given)),
        (error: unknown) => {
          assert.ok(error instanceof BlockError, String(error));
          assert.equal(error.code, code);
          for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value, name);
          return true;
        },
        code,
      );

    // A child that does not verify for the statement that the tree has.
    const [left, right] = children;
    const forged = { ...left, statement: right.statement };
    assert.throws(
      () => proofs.runBlock(block, [forged, right]),
      (error) => error instanceof BlockError && error.code === 'CHILD_STATEMENT',
    );
    fails([forged, right], 'CHILD_NOT_VERIFIED', { child: 0 });
    fails([left, { ...right, statement: left.statement }], 'CHILD_NOT_VERIFIED', { child: 1 });
    // The children exchanged: each verifies, but below the first there is another tree.
    fails([right, left], 'CHILD_NOT_VERIFIED', { child: 0, check: 'CELL_CONFLICT' });
    // Stale K: the same proofs under a block program that knows another aggregate key.
    const stale = buildTestOnlyBlockProgram(
      { aggregateKeyDigest: createRandom(6).words(8), columnKeyDigests },
      COLONNADE_MACHINE,
      [TEST_ONLY_INNER],
    );
    fails(children, 'CHILD_NOT_VERIFIED', { child: 0, check: 'RELATION_FAILED' }, stale);
    // A leaf under an unlisted key: the columns' key is not the one that the block program lists.
    const unlisted = buildTestOnlyBlockProgram(
      { aggregateKeyDigest, columnKeyDigests: [createRandom(7).words(8)] },
      COLONNADE_MACHINE,
      [TEST_ONLY_INNER],
    );
    fails(children, 'BLOCK_NOT_PROVABLE', { check: 'RELATION_FAILED' }, unlisted);
  });
});
