import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { keyDigest } from '../../stark/keys.ts';
import { assertAccepted, proveIn, verdictIn } from '../support/cheating.ts';
import { GOLDEN_FILE, type GoldenProof, goldenSetting } from '../support/goldenProof.ts';

it('the golden proof is accepted, and made again byte for byte', async () => {
  const golden: GoldenProof = JSON.parse(await readFile(GOLDEN_FILE, 'utf8'));
  const setting = await goldenSetting();
  assert.deepEqual([...keyDigest(setting.key)], golden.keyDigest);
  assert.deepEqual([...setting.instance.statement], golden.statement);
  const bytes = new Uint8Array(Buffer.from(golden.proofBase64, 'base64'));
  assertAccepted(verdictIn(setting, bytes));
  assert.deepEqual(await proveIn(setting), bytes);
});
