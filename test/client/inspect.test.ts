/** What `inspect` says about a proof's bytes, in a proof file and bare. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatInspection, inspectProof } from '../../client/inspectProof.ts';
import { formatDigest } from '../../client/jsonFields.ts';
import { decodeProofFile } from '../../client/proofFile.ts';
import { generateKey } from '../../stark/keys.ts';
import { TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { colonnade } from '../support/commandLine.ts';
import { COLUMN_PROOF, storedColumnProof } from '../support/storedProofs.ts';
import { toyInstance } from '../support/toySystems.ts';

const folder = mkdtempSync(join(tmpdir(), 'colonnade-'));
after(() => rmSync(folder, { recursive: true }));

interface GoldenProof {
  readonly keyDigest: readonly number[];
  readonly proofBase64: string;
}

describe('inspect', () => {
  it('takes a proof apart to its last byte', async () => {
    const golden = JSON.parse(
      readFileSync(new URL('../vectors/golden-toy-proof.json', import.meta.url), 'utf8'),
    ) as GoldenProof;
    const instance = toyInstance({ walk: 5, square: 3, pulse: 4 });
    const { verifyingKey: key } = await generateKey(
      createReferenceBackend(),
      instance.system,
      TEST_ONLY_LEAF,
      instance.preprocessed,
    );
    const bytes = new Uint8Array(Buffer.from(golden.proofBase64, 'base64'));
    const inspection = inspectProof(bytes, key);
    assert.ok(inspection.ok);
    assert.equal(
      inspection.parts.reduce((total, part) => total + part.bytes, 0),
      bytes.length,
    );
    assert.equal(inspection.keyDigest, formatDigest(Uint32Array.from(golden.keyDigest)));
    assert.deepEqual(
      inspection.tables.map(({ name }) => name),
      key.system.tables.map(({ name }) => name),
    );
    for (const { digests } of inspection.caps) assert.equal(digests.length, 2 ** key.profile.logCap);
    const text = formatInspection({
      file: 'toy.proof',
      sha256: '00',
      program: 'toy',
      inspection,
      caveat: 'It says nothing else.',
      verification: undefined,
    });
    for (const part of ['toy.proof', 'provable bits', 'quotient', 'Not verified', 'It says nothing else.'])
      assert.ok(text.includes(part), part);
    const cut = inspectProof(bytes.subarray(0, -4), key);
    assert.ok(!cut.ok && cut.reason === 'TRUNCATED');
  });

  it('verifies a proof file, and bare bytes for a statement only', async () => {
    const file = decodeProofFile(storedColumnProof().bytes);
    const bare = join(folder, 'bare.bin');
    writeFileSync(bare, file.proofBytes);
    const whole = fileURLToPath(COLUMN_PROOF);
    const [ofFile, ofBytes, right, wrong, both] = await Promise.all([
      colonnade('inspect', whole, '--json'),
      colonnade('inspect', bare),
      colonnade('inspect', bare, '--statement', formatDigest(file.statement), '--json'),
      colonnade('inspect', bare, '--statement', `0x${'0'.repeat(64)}`),
      colonnade('inspect', whole, '--profile', 'leaf'),
    ]);
    assert.equal(ofFile.status, 0, ofFile.stderr);
    const report = JSON.parse(ofFile.stdout) as {
      inspection: { bytes: number; parts: { bytes: number }[] };
      verification: { verdict: { ok: boolean } };
      caveat: string;
    };
    assert.equal(report.inspection.bytes, file.proofBytes.length);
    assert.equal(report.verification.verdict.ok, true);
    assert.ok(report.caveat.includes('does not say that senders signed'));
    assert.equal(ofBytes.status, 0, ofBytes.stderr);
    assert.ok(ofBytes.stdout.includes('Not verified'), ofBytes.stdout);
    assert.equal(right.status, 0, right.stderr);
    assert.equal(wrong.status, 1);
    assert.ok(wrong.stdout.includes('NOT VALID'), wrong.stdout);
    assert.equal(both.status, 2);
  });

  it('refuses wrong options, and says why a file is no proof', async () => {
    const noise = join(folder, 'noise.proof');
    writeFileSync(noise, Buffer.alloc(400, 7));
    const [text, json, ...refused] = await Promise.all([
      colonnade('inspect', noise),
      colonnade('inspect', noise, '--json'),
      colonnade('inspect'),
      colonnade('inspect', 'a', 'b'),
      colonnade('inspect', 'a', '--program', 'x'),
      colonnade('inspect', 'a', '--profile', 'TEST_ONLY_LEAF'),
      colonnade('inspect', 'a', '--statement', '0x00'),
      colonnade('inspect', join(folder, 'none')),
    ]);
    assert.equal(text.status, 1);
    assert.ok(text.stderr.includes('BAD_MAGIC'), text.stderr);
    assert.equal(json.status, 1);
    assert.equal((JSON.parse(json.stdout) as { reason: string }).reason, 'BAD_MAGIC');
    for (const each of refused) assert.equal(each.status, 2, each.stderr);
  });
});
