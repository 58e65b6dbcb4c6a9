/** What `inspect` says about a proof's bytes, and its command line. A leaf proof is inspected in service.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatInspection, inspectProof } from '../../scripts/inspectReport.ts';
import { GOLDEN_FILE, type GoldenProof, goldenSetting } from '../support/goldenProof.ts';

const INSPECT = fileURLToPath(new URL('../../scripts/inspect.ts', import.meta.url));

function inspect(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', INSPECT, ...options], { encoding: 'utf8' });
}

describe('inspect', () => {
  it('takes a proof apart to its last byte', async () => {
    const golden = JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as GoldenProof;
    const { key } = await goldenSetting();
    const bytes = new Uint8Array(Buffer.from(golden.proofBase64, 'base64'));
    const inspection = inspectProof(bytes, key);
    assert.ok(inspection.ok);
    assert.equal(
      inspection.parts.reduce((total, part) => total + part.bytes, 0),
      bytes.length,
    );
    assert.equal(inspection.keyDigest.length, 66);
    assert.equal(Number.parseInt(inspection.keyDigest.slice(2, 10), 16), golden.keyDigest[0]);
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

  it('shows its usage and refuses wrong options', () => {
    const help = inspect('--help');
    assert.equal(help.status, 0);
    for (const option of ['--program', '--profile', '--statement', '--json'])
      assert.ok(help.stdout.includes(option), option);
    for (const options of [
      [],
      ['a', 'b'],
      ['a', '--program', 'x'],
      ['a', '--profile', 'TEST_ONLY_LEAF'],
      ['a', '--statement', '0x00'],
      ['/no/such/file'],
    ]) {
      const refused = inspect(...options);
      assert.equal(refused.status, 2, `${options.join(' ')}: ${refused.stderr}`);
    }
  });

  it('says why a file is no proof', () => {
    const folder = mkdtempSync(join(tmpdir(), 'colonnade-'));
    const file = join(folder, 'noise.proof');
    writeFileSync(file, Buffer.alloc(400, 7));
    const table = inspect(file);
    assert.equal(table.status, 1);
    assert.ok(table.stderr.includes('BAD_MAGIC'), table.stderr);
    const json = inspect(file, '--json');
    assert.equal(json.status, 1);
    assert.equal((JSON.parse(json.stdout) as { reason: string }).reason, 'BAD_MAGIC');
    rmSync(folder, { recursive: true });
  });
});
