/** The command line's answers to bad files, taken outputs and closed pipes; keys that name other keys. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requirePartition } from '../../client/compareList.ts';
import { requireWritable, writeWhole } from '../../client/files.ts';
import { parsePublishedKeys } from '../../client/publishedKeys.ts';
import { parseBlockList } from '../../programs/block/blockJson.ts';
import { colonnade } from '../support/commandLine.ts';
import { TOY_KNOWN, toyPublished } from '../support/toyPublished.ts';

const folder = mkdtempSync(join(tmpdir(), 'colonnade files '));
after(() => rmSync(folder, { recursive: true }));

const BLOCK = fileURLToPath(new URL('../../data/blocks/19933122.json.gz', import.meta.url));
const OBJECT = join(folder, 'object.proof');
writeFileSync(OBJECT, '{"format":{"toString":1}}\n');
const SHORT_INPUTS = join(folder, 'short.json');
writeFileSync(SHORT_INPUTS, '{"chainId":"1"}');
const BAD_INPUTS = join(folder, 'inputs.json');
writeFileSync(
  BAD_INPUTS,
  JSON.stringify({
    chainId: '1',
    blockNumber: '1',
    baseFeePerGasWei: '0',
    coinbase: `0x${'cc'.repeat(20)}`,
    blockGasLimit: '30000000',
    transactionGasCap: '30000000',
    transfers: [],
    accounts: [],
  }),
);

/** The status of a command whose stdout nobody reads. */
function statusUnread(...args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const entry = fileURLToPath(new URL('../../client/colonnade.mjs', import.meta.url));
    const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.destroy();
    child.on('close', resolve);
  });
}

describe('bad files and taken outputs', () => {
  it('are answered by a code in one line, and by an object', async () => {
    const [object, missing, refused, short, taken, empty, version] = await Promise.all([
      colonnade('verify', OBJECT, '--json'),
      colonnade('verify', OBJECT, join(folder, 'none.proof')),
      colonnade('trace', '--inputs', BAD_INPUTS, '--json'),
      colonnade('trace', '--inputs', SHORT_INPUTS, '--json'),
      colonnade('prove', '--inputs', BAD_INPUTS, '--out', folder),
      colonnade('partition', BLOCK, '--columns', '2', '--out', '', '--json'),
      colonnade('--version'),
    ]);
    const answerOf = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual([object.status, answerOf(object.stdout)['code']], [1, 'NOT_A_PROOF_FILE']);
    assert.equal(missing.status, 2);
    assert.ok(missing.stdout.includes('NOT_A_PROOF_FILE') && missing.stdout.includes('FILE_UNREADABLE'));
    assert.deepEqual([refused.status, answerOf(refused.stdout)['code']], [1, 'INPUTS_REFUSED']);
    const { code, details } = answerOf(short.stdout) as { code: string; details: { field: string } };
    assert.deepEqual([short.status, code, details.field], [1, 'FIELD', 'inputs.blockNumber']);
    assert.equal(refused.stderr.trim().split('\n').length, 1, refused.stderr);
    assert.equal(taken.status, 1);
    assert.ok(taken.stderr.startsWith('FILE_UNWRITABLE'), taken.stderr);
    assert.deepEqual([empty.status, answerOf(empty.stdout)['code']], [2, 'USAGE']);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('a closed pipe leaves the status as it is', async () => {
    assert.deepEqual(
      await Promise.all([statusUnread('--help'), statusUnread('verify', OBJECT, OBJECT)]),
      [0, 1],
    );
  });

  it('a later cut leaves no columns of an earlier one, and its list is that of the rule', async () => {
    const out = join(folder, 'cut');
    for (const columns of ['8', '2']) {
      const { status, stderr } = await colonnade('partition', BLOCK, '--columns', columns, '--out', out);
      assert.equal(status, 0, stderr);
    }
    assert.deepEqual(readdirSync(out).toSorted(), ['column-0.json', 'column-1.json', 'list.json']);
    const list = parseBlockList(JSON.parse(readFileSync(join(out, 'list.json'), 'utf8')));
    requirePartition(list, 2);
    assert.throws(() => requirePartition(list, 3), { code: 'PARTITION_MISMATCH' });
    const moved = list.map((each, index) => (index === 5 ? { ...each, column: 1 - each.column } : each));
    assert.throws(() => requirePartition(moved, 2), /"transaction":5/);
  });

  it('an output is tried before the work, and what is no file is not replaced', async () => {
    await requireWritable(join(folder, 'new', 'file'));
    assert.deepEqual(readdirSync(join(folder, 'new')), []);
    for (const path of [folder, join(OBJECT, 'below'), '/dev/null', '/proc/none/file'])
      await assert.rejects(requireWritable(path), { code: 'FILE_UNWRITABLE' });
    const [circle, link, linked] = ['circle', 'link', 'linked'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    symlinkSync(circle, circle);
    await assert.rejects(writeWhole(circle, ''), { code: 'FILE_UNWRITABLE' });
    writeFileSync(linked, 'before');
    symlinkSync(linked, link);
    await writeWhole(link, 'after');
    assert.equal(readFileSync(linked, 'utf8'), 'after');
  });
});

describe('keys that a program was built with', () => {
  it('are those published before it', async () => {
    const { keysJson } = await toyPublished();
    const withConstant = (keyDigest: unknown, program = 'column'): string => {
      const whole = JSON.parse(keysJson) as { keys: Record<string, unknown>[] };
      const { profile } = whole.keys[0] ?? {};
      Object.assign(whole.keys.at(-1) ?? {}, { constantKeys: [{ program, profile, keyDigest }] });
      return JSON.stringify(whole);
    };
    const digests = (JSON.parse(keysJson) as { keys: { keyDigest: string }[] }).keys.map(
      (key) => key.keyDigest,
    );
    const { keys } = parsePublishedKeys(withConstant(digests[0]), TOY_KNOWN);
    assert.equal(keys.at(-1)?.constantKeys[0], keys[0]);
    for (const [json, code] of [
      [withConstant(digests[1]), 'CONSTANT_KEY_MISMATCH'],
      [withConstant(digests[0], 'nobody'), 'FIELD'],
      [withConstant(digests.at(-1), 'block'), 'FIELD'],
    ] as const)
      assert.throws(() => parsePublishedKeys(json, TOY_KNOWN), { code });
  });
});
