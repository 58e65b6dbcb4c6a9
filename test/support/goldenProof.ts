/**
 * The golden proof: the honest proof of one toy instance, kept in test/vectors/golden-toy-proof.json so that a change of the
 * protocol cannot pass unnoticed. Run this file to write it anew: node --import tsx test/support/goldenProof.ts
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { keyDigest } from '../../stark/keys.ts';
import { TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { createSetting, HEIGHTS, proveIn, type Setting } from './cheating.ts';

export const GOLDEN_FILE = new URL('../vectors/golden-toy-proof.json', import.meta.url);

export interface GoldenProof {
  readonly source: string;
  readonly keyDigest: readonly number[];
  readonly statement: readonly number[];
  readonly proofBase64: string;
}

export function goldenSetting(): Promise<Setting> {
  return createSetting(TEST_ONLY_LEAF, HEIGHTS);
}

async function main(): Promise<void> {
  const setting = await goldenSetting();
  const golden: GoldenProof = {
    source: 'test/support/goldenProof.ts, reference backend, toy machine under TEST_ONLY_LEAF',
    keyDigest: [...keyDigest(setting.key)],
    statement: [...setting.instance.statement],
    proofBase64: Buffer.from(await proveIn(setting)).toString('base64'),
  };
  await writeFile(GOLDEN_FILE, `${JSON.stringify(golden, null, 1)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
