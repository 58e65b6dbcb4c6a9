/**
 * Makes the golden proofs of test/vectors/proofs anew, after a key has changed on purpose (docs/keys.md); minutes on a software adapter.
 * Usage: node --import tsx test/support/makeStoredProofs.ts
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { colonnade } from './commandLine.ts';
import { AGGREGATE_PROOF, COLUMN_PROOF } from './storedProofs.ts';

const BLOCK = fileURLToPath(new URL('../../data/blocks/19933122.json.gz', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'colonnade-'));
const at = (name: string): string => join(folder, name);

async function run(...args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await colonnade(...args);
  process.stdout.write(stdout);
  if (status !== 0) throw new Error(`${args[0]}: ${stderr}`);
}

await run('partition', BLOCK, '--columns', '2', '--out', folder);
for (const column of [0, 1])
  await run('prove', '--inputs', at(`column-${column}.json`), '--out', at(`${column}.proof`));
await run('aggregate', at('0.proof'), at('1.proof'), '--out', at('both.proof'));
await run('aggregate', at('both.proof'), '--final', '--out', at('final.proof'));
copyFileSync(at('0.proof'), COLUMN_PROOF);
copyFileSync(at('final.proof'), AGGREGATE_PROOF);
rmSync(folder, { recursive: true });
