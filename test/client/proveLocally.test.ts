/** A column proved by the command line on the chosen adapter is the golden proof, byte for byte. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { colonnade } from '../support/commandLine.ts';
import { storedColumnProof } from '../support/storedProofs.ts';

const BLOCK = fileURLToPath(new URL('../../data/blocks/19933122.json.gz', import.meta.url));
const ADAPTER = process.env['COLONNADE_ADAPTER'] ?? 'auto';

const folder = mkdtempSync(join(tmpdir(), 'colonnade-'));
after(() => rmSync(folder, { recursive: true }));

it('prove makes the golden proof file again', {
  // Minutes under a production profile; test/server proves there under a TEST_ONLY one.
  skip: ADAPTER === 'swiftshader' ? 'SwiftShader is too slow for a production proof' : false,
}, async () => {
  const cut = await colonnade('partition', BLOCK, '--columns', '2', '--out', folder);
  assert.equal(cut.status, 0, cut.stderr);
  const out = join(folder, 'column.proof');
  const inputs = join(folder, 'column-0.json');
  const proved = await colonnade('prove', '--inputs', inputs, '--out', out, '--adapter', ADAPTER, '--json');
  assert.equal(proved.status, 0, proved.stderr);
  const { proofBytes, provableBits } = JSON.parse(proved.stdout) as Record<string, number>;
  assert.ok((proofBytes ?? 0) > 0 && (provableBits ?? 0) >= 128);
  assert.ok(Buffer.from(storedColumnProof().bytes).equals(readFileSync(out)), 'other bytes');
});
