/**
 * The block program over real proofs of aggregates, under TEST_ONLY profiles and on whatever adapter is chosen: what it states, and
 * the children that it does not run past.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import { MachineError, type MachineErrorCode } from '../../machine/errors.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { buildTraces, COLONNADE_MACHINE, checkTraces, run } from '../../machine/system.ts';
import { childHints, childWitness } from '../../programs/aggregate/witness.ts';
import { buildTestOnlyBlockProgram } from '../../programs/block/blockProgram.ts';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { BlockError } from '../../programs/block/errors.ts';
import { blockHints } from '../../programs/block/hints.ts';
import { planBlock } from '../../programs/block/prepare.ts';
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
    const proofHints = (given: readonly AggregateChild[]): HintFunctions =>
      childHints(
        given.map((child) => {
          const witnessed = childWitness(COLONNADE_MACHINE, [TEST_ONLY_INNER], child);
          assert.ok(witnessed.ok);
          return witnessed.witness;
        }),
      );
    const fails = (hints: HintFunctions, code: MachineErrorCode, program = proofs.blockProgram): void =>
      assert.throws(
        () => run(program, hints),
        (error) => error instanceof MachineError && error.code === code,
        code,
      );

    // A child that does not verify for the statement that the tree has.
    const [left, right] = children;
    const forged = { ...left, statement: right.statement };
    assert.throws(() => proofs.runBlock(block, [forged, right]), BlockError);
    assert.throws(
      () => run(proofs.blockProgram, { ...blockHints(witness), ...proofHints([forged, right]) }),
      MachineError,
    );
    // The children exchanged: each verifies, but below the first there is another tree.
    fails({ ...blockHints(witness), ...proofHints([right, left]) }, 'CELL_CONFLICT');
    // Stale K: the same proofs under a block program that knows another aggregate key.
    const stale = buildTestOnlyBlockProgram(
      { aggregateKeyDigest: createRandom(6).words(8), columnKeyDigests },
      COLONNADE_MACHINE,
      [TEST_ONLY_INNER],
    );
    fails({ ...blockHints(witness), ...proofHints(children) }, 'RELATION_FAILED', stale);
    // A leaf under an unlisted key: the columns' key is not the one that the block program lists.
    const unlisted = buildTestOnlyBlockProgram(
      { aggregateKeyDigest, columnKeyDigests: [createRandom(7).words(8)] },
      COLONNADE_MACHINE,
      [TEST_ONLY_INNER],
    );
    fails({ ...blockHints(witness), ...proofHints(children) }, 'RELATION_FAILED', unlisted);
  });
});
