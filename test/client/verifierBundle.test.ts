/**
 * The stand-alone verifier as it is shipped: the bundled module alone verifies stored production proofs, of a column, an aggregate and
 * a block, from keys.json, and rejects one with a flipped bit, in a bare JavaScript context and in a browser.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { createContext, Script } from 'node:vm';
import chromiumPackage from '@sparticuz/chromium';
import { transform } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { bundleVerifier } from '../../client/bundleVerifier.ts';
import type { BundleVerdict, verify } from '../../client/verifierBundle.ts';
import { AGGREGATE_PROOF, storedBlockProof, storedColumnProof } from '../support/storedProofs.ts';

const { keysJson, bytes } = storedColumnProof();
const { bytes: blockBytes } = storedBlockProof();
const aggregate = new Uint8Array(readFileSync(AGGREGATE_PROOF));

/** The stored file with one bit of the proof flipped, far behind the first line. */
function flipped(): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  const place = copy.length - 40_000;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

function assertVerdicts(
  valid: BundleVerdict,
  tree: BundleVerdict,
  invalid: BundleVerdict,
  noKeys: BundleVerdict,
): void {
  assert.ok(valid.isValid, JSON.stringify(valid));
  assert.equal(valid.program, 'column');
  assert.equal(valid.profile, 'leaf');
  assert.ok(valid.provableBits >= 128);
  assert.equal(valid.leaves[0]?.claim?.['blockNumber'], '19933122');
  assert.ok(tree.isValid, JSON.stringify(tree));
  assert.equal(tree.profile, 'final');
  assert.equal(tree.leaves.length, 2);
  assert.ok(!invalid.isValid);
  assert.equal(invalid.reason, 'PROOF_REJECTED');
  assert.ok(!noKeys.isValid);
  assert.equal(noKeys.reason, 'KEY_NOT_PUBLISHED');
}

/** The final proof of a whole block. */
function assertBlock(verdict: BundleVerdict): void {
  assert.ok(verdict.isValid, JSON.stringify(verdict));
  assert.deepEqual([verdict.program, verdict.profile], ['aggregate', 'final']);
  assert.ok(verdict.provableBits >= 128);
  const [leaf, ...others] = verdict.leaves;
  assert.deepEqual([leaf?.program, others.length], ['block', 0]);
  assert.equal(leaf?.claim?.['blockNumber'], '19933122');
  assert.equal(leaf?.claim?.['columnCount'], 2);
}

/** The keys without any key. */
const NO_KEYS = JSON.stringify({ ...(JSON.parse(keysJson) as object), keys: [], aggregate: undefined });

let code: string;

before(async () => {
  code = await bundleVerifier();
});

describe('the verifier bundle', () => {
  it('is one module that imports nothing', () => {
    assert.ok(!/\bimport\s*[({"'*\w]/.test(code.replaceAll('import.meta', '')), 'an import');
    assert.ok(!/\brequire\(|\bprocess\.|\bBuffer\b/.test(code), "a name of Node's");
    assert.ok(code.length < 300_000, `${code.length} bytes`);
  });

  it('verifies and rejects in a context without any of Node', async () => {
    const script = await transform(code, { format: 'iife', globalName: 'verifier' });
    // What the language does not have and every browser does.
    const context = createContext({ TextEncoder, TextDecoder, atob });
    new Script(script.code).runInContext(context);
    const verifyIn = new Script('verifier.verify').runInContext(context) as typeof verify;
    assertVerdicts(
      verifyIn(keysJson, bytes),
      verifyIn(keysJson, aggregate),
      verifyIn(keysJson, flipped()),
      verifyIn(NO_KEYS, bytes),
    );
    assertBlock(verifyIn(keysJson, blockBytes));
    assert.equal((verifyIn('{}', bytes) as { reason: string }).reason, 'FIELD');
    assert.equal((verifyIn(keysJson, new Uint8Array(3)) as { reason: string }).reason, 'NOT_A_PROOF_FILE');
  });

  it('verifies and rejects in headless Chromium', async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'colonnade-browser-'));
    const usualFolder = process.env['TMPDIR'];
    let browser: Browser;
    try {
      // The package unpacks into the temporary folder and takes what lies there: a folder of our own.
      process.env['TMPDIR'] = folder;
      const executablePath = await chromiumPackage.executablePath();
      browser = await chromium.launch({ executablePath, args: chromiumPackage.args, headless: true });
    } catch (error) {
      test.skip(`no Chromium here: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
      rmSync(folder, { recursive: true, force: true });
      return;
    } finally {
      if (usualFolder === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = usualFolder;
    }
    try {
      const page = await browser.newPage();
      const given = JSON.stringify({
        code,
        keysJson,
        noKeys: NO_KEYS,
        file: Buffer.from(bytes).toString('base64'),
        tree: Buffer.from(aggregate).toString('base64'),
        flipped: Buffer.from(flipped()).toString('base64'),
        block: Buffer.from(blockBytes).toString('base64'),
      });
      // As text: the page has nothing of this file.
      const verdicts =
        await page.evaluate<unknown>(`(async ({ code, keysJson, noKeys, file, tree, flipped, block }) => {
        const module = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
        const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        const others = [
          module.verify(keysJson, bytesOf(file)),
          module.verify(keysJson, bytesOf(tree)),
          module.verify(keysJson, bytesOf(flipped)),
          module.verify(noKeys, bytesOf(file)),
        ];
        return { others, block: module.verify(keysJson, bytesOf(block)) };
      })(${given})`);
      const { block, others } = verdicts as {
        readonly block: BundleVerdict;
        readonly others: [BundleVerdict, BundleVerdict, BundleVerdict, BundleVerdict];
      };
      assertVerdicts(...others);
      assertBlock(block);
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
