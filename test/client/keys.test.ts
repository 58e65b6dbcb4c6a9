/** The committed keys are those of the sources, and the golden proofs verify under them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { blockFile } from '../../client/aggregateService.ts';
import { describeClaim } from '../../client/claims.ts';
import { formatDigest } from '../../client/jsonFields.ts';
import { buildKeys, PUBLISHED_PROGRAMS } from '../../client/programs.ts';
import { decodeProofFile, encodeProofFile, leavesOf } from '../../client/proofFile.ts';
import { findKey, parsePublishedKeys } from '../../client/publishedKeys.ts';
import { productionSystem, verifyProofFile } from '../../client/verifyFile.ts';
import { type BlockSummary, blockSummaryDigest } from '../../programs/block/blockStatement.ts';
import { finalStatement } from '../../programs/block/verifyBlock.ts';
import { REQUIRED_BITS } from '../../stark/soundness.ts';
import {
  AGGREGATE_PROOF,
  BLOCK_PROOF,
  COLUMN_PROOF,
  INNER_PROOF,
  KEYS_FILE,
  SKIPPED_PROOF,
} from '../support/storedProofs.ts';

const PROOFS = new URL('../vectors/proofs/', import.meta.url);
const keysJson = readFileSync(KEYS_FILE, 'utf8');

describe('keys.json', () => {
  it('is what the sources give, bit for bit (else: colonnade keys, and docs/keys.md)', async () => {
    assert.equal(await buildKeys(() => undefined), keysJson);
  });

  it('publishes no TEST_ONLY key, and nothing below the required bits', () => {
    const { keys, aggregate } = parsePublishedKeys(keysJson, productionSystem());
    assert.deepEqual(
      keys.map(({ program, profile }) => `${program} ${profile}`),
      PUBLISHED_PROGRAMS.flatMap(({ name, profiles }) =>
        profiles.map((profile) => `${name} ${profile.name}`),
      ),
    );
    for (const { verifyingKey, provableBits } of keys) {
      assert.equal(verifyingKey.profile.isTestOnly, false);
      assert.ok(provableBits >= REQUIRED_BITS, `${provableBits}`);
    }
    assert.deepEqual(
      aggregate?.leafKeyDigests.map(formatDigest),
      keys
        .filter(({ program }) => program !== aggregate?.program)
        .map(({ keyDigest }) => formatDigest(keyDigest)),
    );
  });
});

describe('the file of a block', () => {
  it('states what the outermost verifier of a block recomputes', () => {
    const keys = parsePublishedKeys(keysJson, productionSystem());
    const summary: BlockSummary = {
      chainId: 1n,
      blockNumber: 2n,
      baseFeePerGasWei: 3n,
      coinbase: `0x${'c0'.repeat(20)}`,
      blockGasLimit: 30_000_000n,
      transactionGasCap: 16_777_216n,
      columnCount: 2,
      transactionCount: 5,
      executedCount: 4,
      itemCount: 9,
      gasUsed: 84_000n,
      priorityFeesWei: 6n,
      burnedWei: 7n,
      listDigest: Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      skippedDigest: new Uint32Array(8),
      preValuesDigest: new Uint32Array(8).fill(9),
      postValuesDigest: new Uint32Array(8).fill(10),
    };
    const file = decodeProofFile(encodeProofFile(blockFile(summary, new Uint8Array(4), keys)));
    const aggregateKeyDigest = keys.aggregate?.recursiveKeyDigest;
    const blockKeyDigest = findKey(keys.keys, 'block', 'inner')?.keyDigest;
    assert.ok(aggregateKeyDigest && blockKeyDigest);
    assert.deepEqual(
      file.statement,
      finalStatement({ aggregateKeyDigest, blockKeyDigest }, blockSummaryDigest(summary)),
    );
    const claim = leavesOf(file.entries ?? [])[0]?.claim;
    assert.deepEqual(claim, { program: 'block', summary });
    assert.ok(claim && describeClaim(claim, 'summary').join(' ').includes('5 transactions'));
    // Everything but the proof is in order.
    const verdict = verifyProofFile(keys, productionSystem(), file);
    assert.ok(!verdict.ok && verdict.reason === 'PROOF_REJECTED', JSON.stringify(verdict));
  });
});

describe('golden proofs', () => {
  const system = productionSystem();
  const keys = parsePublishedKeys(keysJson, system);
  const names = readdirSync(PROOFS).filter((name) => name.endsWith('.proof'));

  it('are those that makeStoredProofs makes', () => {
    const made = [COLUMN_PROOF, INNER_PROOF, AGGREGATE_PROOF, BLOCK_PROOF, SKIPPED_PROOF];
    assert.deepEqual(names.toSorted(), made.map(({ pathname }) => basename(pathname)).toSorted());
  });

  it('are under every profile, and one is of a block with skipped transactions', () => {
    const files = names.map((name) => decodeProofFile(new Uint8Array(readFileSync(new URL(name, PROOFS)))));
    assert.deepEqual([...new Set(files.map(({ profile }) => profile))].toSorted(), [
      'final',
      'inner',
      'leaf',
    ]);
    const { entries } = decodeProofFile(new Uint8Array(readFileSync(SKIPPED_PROOF)));
    const claim = leavesOf(entries ?? [])[0]?.claim;
    assert.ok(claim?.program === 'block');
    const { transactionCount, executedCount, skippedDigest } = claim.summary;
    assert.deepEqual([transactionCount, executedCount], [57, 52]);
    assert.ok(skippedDigest.some((word) => word !== 0));
  });

  for (const name of names) {
    it(`${name} verifies from keys.json alone, and a flipped one does not`, () => {
      const file = decodeProofFile(new Uint8Array(readFileSync(new URL(name, PROOFS))));
      const verdict = verifyProofFile(keys, system, file);
      assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.reason} ${JSON.stringify(verdict.details)}`);
      assert.ok(verdict.leaves.every(({ claim }) => claim !== undefined));
      const proofBytes = file.proofBytes.slice();
      proofBytes[proofBytes.length - 1] = (proofBytes[proofBytes.length - 1] ?? 0) ^ 1;
      const flipped = verifyProofFile(keys, system, { ...file, proofBytes });
      assert.ok(!flipped.ok && flipped.reason === 'PROOF_REJECTED');
    });
  }
});
