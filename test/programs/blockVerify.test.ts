/**
 * The outermost verifier of a block. A proof of a program that writes the right statement stands for the final proof, so that what
 * is compared beside the proof can be seen alone.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces, run } from '../../machine/system.ts';
import {
  type BlockSummary,
  blockSummaryDigest,
  summarizeBlock,
} from '../../programs/block/blockStatement.ts';
import { FINAL_HEIGHTS, requirePinned, SHRUNK_HEIGHTS } from '../../programs/block/compression.ts';
import { BlockError, type BlockErrorCode } from '../../programs/block/errors.ts';
import { type BlockPolicy, finalStatement, verifyBlock } from '../../programs/block/verifyBlock.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { generateKey, keyDigest, type VerifyingKey } from '../../stark/keys.ts';
import { FINAL, INNER, profileDigest, TEST_ONLY_INNER } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { productionPolicy } from '../../stark/verifier.ts';
import { blockOf, KEYS, smallColumn } from '../support/block.ts';
import { createRandom } from '../support/random.ts';

const SUMMARY = summarizeBlock(blockOf([smallColumn(0, 2), smallColumn(10, 3, [1])]).statement);
const BLOCK_KEY = createRandom(3).words(8);

interface Final {
  readonly key: VerifyingKey;
  readonly proofBytes: Uint8Array;
  readonly policy: BlockPolicy;
}

/** Proves a program that states what it is told. */
async function standIn(): Promise<Final> {
  const backend = createReferenceBackend();
  const published = { aggregateKeyDigest: KEYS.aggregateKeyDigest, blockKeyDigest: BLOCK_KEY };
  const statement = finalStatement(published, blockSummaryDigest(SUMMARY));
  const program = buildProgram('stand-in', (builder) => {
    for (const [word, value] of statement.entries()) builder.store(builder.statement, word, value);
  });
  const key = await generateKey(backend, COLONNADE_MACHINE, TEST_ONLY_INNER, preprocessedTraces(program));
  const execution = run(program);
  const proofBytes = await prove(backend, key, statement, buildTraces(program, execution));
  return {
    key: key.verifyingKey,
    proofBytes,
    policy: {
      ...published,
      finalKeyDigest: keyDigest(key.verifyingKey),
      verifier: { acceptedProfileDigests: [profileDigest(TEST_ONLY_INNER)] },
    },
  };
}

describe('verifyBlock', () => {
  let final: Final;
  before(async () => {
    final = await standIn();
  });

  function refused(
    code: BlockErrorCode,
    details: object,
    change: Partial<BlockPolicy>,
    summary = SUMMARY,
  ): void {
    const verdict = verifyBlock(final.key, summary, final.proofBytes, { ...final.policy, ...change });
    assert.ok(!verdict.ok, code);
    assert.equal(verdict.code, code);
    for (const [name, value] of Object.entries(details)) assert.equal(verdict.details[name], value, name);
  }

  it('control: accepts the proof of the block', () => {
    assert.deepEqual(verifyBlock(final.key, SUMMARY, final.proofBytes, final.policy), {
      ok: true,
      blockDigest: blockSummaryDigest(SUMMARY),
    });
  });

  it('refuses every other claim', () => {
    const numbers = ['columnCount', 'transactionCount', 'executedCount', 'itemCount'] as const;
    const quantities = [
      'chainId',
      'blockNumber',
      'baseFeePerGasWei',
      'blockGasLimit',
      'transactionGasCap',
      'gasUsed',
      'priorityFeesWei',
      'burnedWei',
    ] as const;
    const digests = ['listDigest', 'skippedDigest', 'preValuesDigest', 'postValuesDigest'] as const;
    const fields = Object.keys(SUMMARY);
    assert.deepEqual([...numbers, ...quantities, ...digests, 'coinbase'].toSorted(), fields.toSorted());
    const rejected = (summary: BlockSummary): void => refused('PROOF_REJECTED', {}, {}, summary);
    rejected({ ...SUMMARY, coinbase: `0x${'c1'.repeat(20)}` });
    for (const coinbase of ['0x12', `0x1${'0'.repeat(40)}`])
      refused('QUANTITY_RANGE', { field: 'coinbase' }, {}, { ...SUMMARY, coinbase });
    for (const field of numbers) {
      rejected({ ...SUMMARY, [field]: SUMMARY[field] + 1 });
      for (const malformed of [-1, 0.5, SUMMARY[field] + MODULUS])
        refused('QUANTITY_RANGE', { field }, {}, { ...SUMMARY, [field]: malformed });
    }
    for (const field of quantities) {
      rejected({ ...SUMMARY, [field]: SUMMARY[field] + 1n });
      for (const malformed of [-1n, 1n << 256n])
        refused('QUANTITY_RANGE', { field }, {}, { ...SUMMARY, [field]: malformed });
    }
    for (const field of digests) {
      const altered = Uint32Array.from(SUMMARY[field]);
      altered[7] = (altered[7]! + 1) % MODULUS;
      rejected({ ...SUMMARY, [field]: altered });
      const noncanonical = Uint32Array.from(SUMMARY[field]);
      noncanonical[3] = noncanonical[3]! + MODULUS;
      for (const malformed of [noncanonical, SUMMARY[field].subarray(1)])
        refused('DIGEST_MALFORMED', { field }, {}, { ...SUMMARY, [field]: malformed });
    }
  });

  it('refuses a proof under other keys than the published ones', () => {
    const other = createRandom(4).words(8);
    refused('KEY_MISMATCH', {}, { finalKeyDigest: other });
    // Another block program, for example one that knows an old K, and another aggregate program below the root.
    refused('PROOF_REJECTED', {}, { blockKeyDigest: other });
    refused('PROOF_REJECTED', {}, { aggregateKeyDigest: other });
    for (const field of ['finalKeyDigest', 'aggregateKeyDigest', 'blockKeyDigest'] as const)
      refused('DIGEST_MALFORMED', { field }, { [field]: other.subarray(1) });
    refused('PROOF_REJECTED', { reason: 'TEST_ONLY_PROFILE' }, { verifier: productionPolicy() });
  });

  it('refuses a key that has no digest', () => {
    const preprocessedCap = Uint32Array.from(final.key.preprocessedCap);
    preprocessedCap[5] = MODULUS;
    for (const [change, fault] of [
      [{ preprocessedCap }, 'PREPROCESSED_CAP'],
      [{ preprocessedCap: preprocessedCap.subarray(1) }, 'PREPROCESSED_CAP'],
      [{ preprocessedLogHeights: [0.5] }, 'PREPROCESSED_HEIGHT'],
      [{ profile: { ...final.key.profile, queries: -1 } }, 'PROFILE_INCONSISTENT'],
    ] as const) {
      const verdict = verifyBlock({ ...final.key, ...change }, SUMMARY, final.proofBytes, final.policy);
      assert.ok(!verdict.ok);
      assert.equal(verdict.code, 'KEY_MALFORMED');
      assert.equal(verdict.details['fault'], fault);
    }
  });

  it('refuses bytes that are no proof', () => {
    for (const bytes of [new Uint8Array(0), final.proofBytes.subarray(1), final.proofBytes.slice(0, -1)]) {
      const verdict = verifyBlock(final.key, SUMMARY, bytes, final.policy);
      assert.ok(!verdict.ok);
      assert.equal(verdict.code, 'PROOF_REJECTED');
    }
  });

  it('heights on the way to the final proof are the published ones', () => {
    const names = COLONNADE_MACHINE.tables.map(({ name }) => name);
    const heights = names.map((name) => FINAL_HEIGHTS[name]);
    requirePinned(names, heights, FINAL_HEIGHTS);
    for (const [table, got] of [
      ['cpu', 16],
      ['hash', 15],
      ['ram', 8],
      ['extension', undefined],
    ] as const) {
      const other = heights.map((height, slot) => (names[slot] === table ? got : height));
      assert.throws(
        () => requirePinned(names, other, FINAL_HEIGHTS),
        (error: unknown) =>
          error instanceof BlockError &&
          error.code === 'HEIGHT_NOT_PINNED' &&
          error.details['table'] === table &&
          error.details['got'] === (got ?? 'absent'),
        table,
      );
    }
    // Each proof is made under the maxima of its profile.
    for (const [profile, pinned] of [
      [INNER, SHRUNK_HEIGHTS],
      [FINAL, FINAL_HEIGHTS],
    ] as const)
      for (const [table, height] of Object.entries(pinned))
        assert.ok(height !== undefined && height <= profile.maxima.logHeight, table);
  });
});
