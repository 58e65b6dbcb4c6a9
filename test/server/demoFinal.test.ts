/**
 * The final proof that the demo writes, stored: verified from the published keys alone, for the block that its data give by the
 * project and by a second implementation, and for no other.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockInput } from '../../chain/blockInput.ts';
import { blockList } from '../../chain/blockList.ts';
import { decodeProofFile, leavesOf } from '../../client/proofFile.ts';
import { parsePublishedKeys } from '../../client/publishedKeys.ts';
import { productionSystem } from '../../client/verifyFile.ts';
import { assembleBlock } from '../../programs/block/blockInput.ts';
import { summarizeBlock } from '../../programs/block/blockStatement.ts';
import { FINAL_HEIGHTS, requirePinned } from '../../programs/block/compression.ts';
import { type BlockPolicy, finalStatement, verifyBlock } from '../../programs/block/verifyBlock.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { requireKey } from '../../scripts/demoBlock.ts';
import { decodeProof } from '../../stark/proof/codec.ts';
import { productionPolicy } from '../../stark/verifier.ts';
import { readBlock, readBlockJson } from '../support/blocks.ts';
import { independentBlockDigest } from '../support/independentBlock.ts';
import { storedBlockProof } from '../support/storedProofs.ts';

const BLOCK = 19933122;
const COLUMNS = 2;
/** EIP-8025: what consensus gossip takes. */
const MOST_BYTES = 300 * 1024;

const { keysJson, bytes } = storedBlockProof();
const file = decodeProofFile(bytes);
const keys = parsePublishedKeys(keysJson, productionSystem());
const { verifyingKey, keyDigest, provableBits } = requireKey(keys, 'aggregate', 'final');
const policy: BlockPolicy = {
  finalKeyDigest: keyDigest,
  aggregateKeyDigest: requireKey(keys, 'aggregate', 'inner').keyDigest,
  blockKeyDigest: requireKey(keys, 'block', 'inner').keyDigest,
  verifier: productionPolicy(),
};
const input = blockInput(readBlock(BLOCK), COLUMNS);
const summary = summarizeBlock(assembleBlock(input.columns.map(executeColumn), blockList(input)));

describe('the final proof of the demo', () => {
  it('shows the block of the data, by two implementations', () => {
    const verdict = verifyBlock(verifyingKey, summary, file.proofBytes, policy);
    assert.ok(verdict.ok, JSON.stringify(verdict));
    const independent = independentBlockDigest(
      readBlockJson(BLOCK),
      blockList(input).map(({ column }) => column),
      COLUMNS,
    );
    assert.deepEqual([...verdict.blockDigest].map(BigInt), independent.digest);
    assert.deepEqual(file.statement, finalStatement(policy, verdict.blockDigest));
    assert.deepEqual(
      leavesOf(file.entries ?? []).map(({ claim }) => claim),
      [{ program: 'block', summary }],
    );
  });

  it('is small, of the pinned heights, and strong enough', () => {
    assert.ok(file.proofBytes.length <= MOST_BYTES, `${file.proofBytes.length} bytes`);
    assert.ok(provableBits >= 128);
    const decoded = decodeProof(file.proofBytes, verifyingKey);
    assert.ok(decoded.ok);
    const tableNames = verifyingKey.system.tables.map(({ name }) => name);
    requirePinned(tableNames, decoded.proof.logHeights, FINAL_HEIGHTS);
  });

  it('shows no other block, and nothing under other keys', () => {
    for (const [lie, name] of [
      [{ gasUsed: summary.gasUsed + 21_000n }, 'gas'],
      [{ executedCount: summary.executedCount - 1 }, 'executed'],
      [{ columnCount: COLUMNS + 1 }, 'columns'],
      [{ postValuesDigest: summary.preValuesDigest }, 'post-values'],
    ] as const) {
      const verdict = verifyBlock(verifyingKey, { ...summary, ...lie }, file.proofBytes, policy);
      assert.ok(!verdict.ok && verdict.code === 'PROOF_REJECTED', name);
    }
    for (const field of ['aggregateKeyDigest', 'blockKeyDigest'] as const) {
      const other = { ...policy, [field]: keyDigest };
      const verdict = verifyBlock(verifyingKey, summary, file.proofBytes, other);
      assert.ok(!verdict.ok && verdict.code === 'PROOF_REJECTED', field);
    }
    const stale = verifyBlock(verifyingKey, summary, file.proofBytes, {
      ...policy,
      finalKeyDigest: policy.aggregateKeyDigest,
    });
    assert.ok(!stale.ok && stale.code === 'KEY_MISMATCH');
  });
});
