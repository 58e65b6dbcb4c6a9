/** The tutorial's code is the code of test/support/tutorialProgram.ts, its program runs, and its proof verifies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { disassemble } from '../../machine/disassemble.ts';
import { completeHashTrace } from '../../machine/hash/table.ts';
import { run } from '../../machine/system.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import { TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import {
  hiddenSum,
  hiddenSumStatement,
  hints,
  proveHiddenSum,
  runHiddenSum,
  secrets,
} from '../support/tutorialProgram.ts';

const page = readFileSync(new URL('../../docs/tutorial.md', import.meta.url), 'utf8');
const source = readFileSync(new URL('../support/tutorialProgram.ts', import.meta.url), 'utf8');

test('every TypeScript block of the tutorial stands in the program file', () => {
  const blocks = [...page.matchAll(/```ts\n([^`]*(?:`[^`]+`[^`]*)*?)```\n/g)].map((match) => match[1] ?? '');
  assert.equal(blocks.length, 5);
  for (const block of blocks) assert.ok(source.includes(block), `not in the file:\n${block}`);
});

test('the listing of the tutorial is the disassembly of the loop', () => {
  const listing = /```\n(main loop:\n[^`]*)```/.exec(page)?.[1]?.trimEnd();
  assert.ok(listing);
  assert.ok(disassemble(hiddenSum).includes(listing), disassemble(hiddenSum));
});

test('the statement is the digest of list and sum', () => {
  const row = (word: number): Uint32Array => Uint32Array.of(word, 0, 0, 0, 0, 0, 0, 0);
  const digest = secrets.reduce((state, value) => compress(state, row(value)), row(secrets.length));
  const sum = secrets.reduce((total, value) => (total + value) % MODULUS, 0);
  assert.deepEqual(run(hiddenSum, hints).statement, hiddenSumStatement(digest, sum));
  const printed: string[] = [];
  runHiddenSum((line) => printed.push(line));
  assert.ok(printed.some((line) => /^cycles \d+, columns are valid$/.test(line)));
});

test('the proof verifies', async () => {
  const backend = createReferenceBackend({
    expand: (_, trace) => ({ logHeight: trace.logHeight, columns: completeHashTrace(trace) }),
  });
  assert.deepEqual(await proveHiddenSum(backend, TEST_ONLY_LEAF), { ok: true });
});
