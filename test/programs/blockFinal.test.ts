/**
 * From a column to the final proof of its block: column, aggregate, block, shrunk, final, each a real proof under a TEST_ONLY
 * profile, on whatever adapter is chosen; then the outermost verifier, from published digests alone.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import { blockStatementDigest, summarizeBlock } from '../../programs/block/blockStatement.ts';
import { childOfFinal, childOfShrunk } from '../../programs/block/compression.ts';
import { type BlockPolicy, finalStatement, verifyBlock } from '../../programs/block/verifyBlock.ts';
import { keyDigest } from '../../stark/keys.ts';
import { TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { blockOf, smallColumn } from '../support/block.ts';
import { createBlockProofs, POLICY } from '../support/blockProofs.ts';
import { openTestDevice } from '../support/gpu.ts';

/** Another profile than that of the proofs below, as the final one is. */
const FINAL_PROFILE = TEST_ONLY_LEAF;

describe('the final proof of a block', () => {
  it('shows the block, and no other', async (context) => {
    const device = await openTestDevice({ robustness: 'off' });
    if (device.adapter.name.includes('SwiftShader')) {
      context.skip('five proofs of up to 2^14 rows are minutes on SwiftShader');
      return;
    }
    const proofs = await createBlockProofs(createWgslBackend(device));
    const block = blockOf([smallColumn(0, 2, [1])]);
    const column = await proofs.proveColumn(block.columns[0]!);
    const aggregate = await proofs.proveAggregate([column]);

    const blockKey = await proofs.keyOf(proofs.blockProgram, TEST_ONLY_INNER);
    const blockKeyDigest = keyDigest(blockKey.verifyingKey);
    const blockProof = await proofs.proveRun(
      proofs.blockProgram,
      blockKey,
      proofs.runBlock(block, [aggregate]),
    );
    const blockDigest = blockStatementDigest(block.statement);
    assert.deepEqual(blockProof.statement, blockDigest);

    const shrunk = await proofs.proveAggregate([childOfShrunk(blockProof)]);
    const finalKey = await proofs.keyOf(proofs.aggregateProgram, FINAL_PROFILE);
    const final = await proofs.proveAggregate([childOfFinal(shrunk, blockKeyDigest, blockDigest)], finalKey);

    const policy: BlockPolicy = {
      finalKeyDigest: keyDigest(finalKey.verifyingKey),
      aggregateKeyDigest: proofs.blockProgramKeys.aggregateKeyDigest,
      blockKeyDigest,
      verifier: POLICY,
    };
    assert.deepEqual(final.statement, finalStatement(policy, blockDigest));
    const summary = summarizeBlock(block.statement);
    const verdictOf = (claim: typeof summary, given: BlockPolicy = policy, bytes = final.proofBytes) =>
      verifyBlock(finalKey.verifyingKey, claim, bytes, given);
    assert.deepEqual(verdictOf(summary), { ok: true, blockDigest });

    // Hidden skip, altered totals, another block, another number of columns.
    for (const lie of [
      { executedCount: 2 },
      { gasUsed: summary.gasUsed + 21_000n },
      { blockNumber: summary.blockNumber + 1n },
      { columnCount: 2 },
    ]) {
      const verdict = verdictOf({ ...summary, ...lie });
      assert.ok(!verdict.ok && verdict.code === 'PROOF_REJECTED', JSON.stringify(Object.keys(lie)));
    }
    // The proofs on the way are not the final one.
    const shrunkAsFinal = verifyBlock(proofs.aggregateKey.verifyingKey, summary, shrunk.proofBytes, policy);
    assert.ok(!shrunkAsFinal.ok && shrunkAsFinal.code === 'KEY_MISMATCH');
    const told = { ...policy, finalKeyDigest: policy.aggregateKeyDigest };
    const oneLevel = verifyBlock(proofs.aggregateKey.verifyingKey, summary, shrunk.proofBytes, told);
    assert.ok(!oneLevel.ok && oneLevel.code === 'PROOF_REJECTED');
  });
});
