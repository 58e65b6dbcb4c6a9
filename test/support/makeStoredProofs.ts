/**
 * Makes the golden proofs of test/vectors/proofs anew, after a key has changed on purpose (docs/keys.md), and the worked trace of one. `keys.json` must be that
 * of the sources: `npm run keys` first. Durations are in test/vectors/proofs/README.md.
 * Usage: node --import tsx test/support/makeStoredProofs.ts [columns] [block] [skipped]
 * Without arguments all parts; a part that fails leaves its old files.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { colonnade } from './commandLine.ts';
import {
  AGGREGATE_PROOF,
  BLOCK_PROOF,
  COLUMN_PROOF,
  INNER_PROOF,
  SKIPPED_PROOF,
  storedColumnProof,
} from './storedProofs.ts';
import { TRACE_FILE, workedTrace } from './workedTrace.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BLOCK = join(ROOT, 'data/blocks/19933122.json.gz');
const folder = mkdtempSync(join(tmpdir(), 'colonnade-'));
const at = (name: string): string => join(folder, name);

/** Says what runs and how long it took. Throws: Error with the command's own words. */
async function run(...args: readonly string[]): Promise<void> {
  const start = performance.now();
  const { status, stdout, stderr } = await colonnade(...args);
  process.stdout.write(stdout);
  if (status !== 0) throw new Error(`${args[0]}: ${stderr}`);
  process.stdout.write(`${args[0]}: ${Math.round((performance.now() - start) / 1000)} s\n`);
}

/** The final proof of a block from two columns, as the demo writes it, which also compares the block with an independent execution. */
function demo(block: string, file: URL): void {
  const start = performance.now();
  const args = ['--import', 'tsx', 'scripts/demo.ts', '--block', block, '--columns', '2', '--out', at(block)];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`the demo of block ${block} ended with ${status}`);
  copyFileSync(at(block), file);
  process.stdout.write(`block ${block}: ${Math.round((performance.now() - start) / 1000)} s\n`);
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  /** A column under `leaf`, both columns under `inner`, and these wrapped under `final`. */
  columns: async () => {
    await run('partition', BLOCK, '--columns', '2', '--out', folder);
    for (const column of [0, 1])
      await run('prove', '--inputs', at(`column-${column}.json`), '--out', at(`${column}.proof`));
    await run('aggregate', at('0.proof'), at('1.proof'), '--out', at('both.proof'));
    await run('aggregate', at('both.proof'), '--final', '--out', at('final.proof'));
    copyFileSync(at('0.proof'), COLUMN_PROOF);
    copyFileSync(at('both.proof'), INNER_PROOF);
    copyFileSync(at('final.proof'), AGGREGATE_PROOF);
    writeFileSync(TRACE_FILE, workedTrace(storedColumnProof()));
  },
  block: async () => demo('19933122', BLOCK_PROOF),
  /** Five of its transactions have a nonce too high. */
  skipped: async () => demo('19932703', SKIPPED_PROOF),
};

try {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
  for (const name of names) {
    const part = PARTS[name];
    if (part === undefined) throw new RangeError(`${name} is none of ${Object.keys(PARTS).join(', ')}`);
    await part();
  }
} finally {
  rmSync(folder, { recursive: true });
}
