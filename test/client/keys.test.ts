/** The committed keys are those of the sources, and the golden proofs verify under them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { formatDigest } from '../../client/jsonFields.ts';
import { buildKeys, PUBLISHED_PROGRAMS } from '../../client/programs.ts';
import { decodeProofFile } from '../../client/proofFile.ts';
import { parsePublishedKeys } from '../../client/publishedKeys.ts';
import { productionSystem, verifyProofFile } from '../../client/verifyFile.ts';
import { REQUIRED_BITS } from '../../stark/soundness.ts';
import { KEYS_FILE } from '../support/storedProofs.ts';

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

describe('golden proofs', () => {
  const system = productionSystem();
  const keys = parsePublishedKeys(keysJson, system);
  const names = readdirSync(PROOFS).filter((name) => name.endsWith('.proof'));

  it('are there', () => assert.ok(names.length > 0));

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
