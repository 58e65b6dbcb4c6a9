/** The command line as users run it: exit codes, refusals, answers as JSON, and files that go from one command to the next. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../client/commandLine.ts';
import { formatDigest } from '../../client/jsonFields.ts';
import { decodeProofFile, encodeProofFile } from '../../client/proofFile.ts';
import { decodeTrace } from '../../machine/traceCodec.ts';
import { parseBlockList } from '../../programs/block/blockJson.ts';
import { jobSchema } from '../../server/api/schemas.ts';
import { colonnade } from '../support/commandLine.ts';
import { AGGREGATE_PROOF, COLUMN_PROOF, KEYS_FILE, storedColumnProof } from '../support/storedProofs.ts';

const folder = mkdtempSync(join(tmpdir(), 'colonnade-'));
after(() => rmSync(folder, { recursive: true }));

const STORED = fileURLToPath(COLUMN_PROOF);
const BLOCK = fileURLToPath(new URL('../../data/blocks/19933122.json.gz', import.meta.url));
const { bytes } = storedColumnProof();
const file = decodeProofFile(bytes);

/** A copy of the stored proof with one bit of its last part flipped. */
const FLIPPED = join(folder, 'flipped.proof');
const proofBytes = file.proofBytes.slice();
proofBytes[proofBytes.length - 40_000] = (proofBytes[proofBytes.length - 40_000] ?? 0) ^ 1;
writeFileSync(FLIPPED, encodeProofFile({ ...file, proofBytes }));

interface Answer {
  readonly ok: boolean;
  readonly code?: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const answerOf = (stdout: string): Answer => JSON.parse(stdout) as Answer;

describe('the command line', () => {
  it('helps, and refuses what it does not know', async () => {
    const names = COMMANDS.map(({ name }) => name);
    const [whole, none, unknown, option, setting, ...helps] = await Promise.all([
      colonnade('--help'),
      colonnade(),
      colonnade('proof'),
      colonnade('verify', STORED, '--fast'),
      colonnade('serve', '--port', 'none'),
      ...names.map((name) => colonnade(name, '--help')),
    ]);
    assert.equal(whole.status, 0);
    assert.equal(none.status, 2);
    assert.equal(unknown.status, 2);
    assert.equal(option.status, 2);
    assert.ok(option.stderr.includes('--fast'), option.stderr);
    assert.equal(setting.status, 2);
    assert.ok(setting.stderr.includes('port'), setting.stderr);
    for (const [index, { status, stdout }] of helps.entries()) {
      const name = names[index] ?? '';
      assert.equal(status, 0, name);
      assert.ok(stdout.startsWith(`Usage: colonnade ${name}`), stdout);
      assert.ok(whole.stdout.includes(`  ${name} `), name);
    }
  });

  it('verifies stored proofs from keys.json alone', async () => {
    const large = join(folder, 'large.proof');
    writeFileSync(large, '');
    truncateSync(large, 100 * 2 ** 20);
    const noKeys = join(folder, 'keys.json');
    writeFileSync(
      noKeys,
      JSON.stringify({
        ...(JSON.parse(readFileSync(KEYS_FILE, 'utf8')) as object),
        keys: [],
        aggregate: undefined,
      }),
    );
    const [valid, tree, both, tooLarge, unkeyed, missing] = await Promise.all([
      colonnade('verify', STORED, '--leaves'),
      colonnade('verify', fileURLToPath(AGGREGATE_PROOF), '--leaves'),
      colonnade('verify', STORED, FLIPPED, large, '--json'),
      colonnade('verify', large, '--json'),
      colonnade('verify', STORED, '--keys', noKeys, '--json'),
      colonnade('verify', join(folder, 'none.proof')),
    ]);
    assert.equal(valid.status, 0, valid.stderr);
    for (const part of ['valid. column under leaf', 'block 19933122', '8 executed', 'nonce 1217 -> 1218'])
      assert.ok(valid.stdout.includes(part), valid.stdout);
    assert.equal(tree.status, 0, tree.stderr);
    for (const part of ['aggregate under final', '2 leaves', 'leaf 1: column under leaf'])
      assert.ok(tree.stdout.includes(part), tree.stdout);
    assert.equal(both.status, 1);
    const [first, second, third] = both.stdout.trim().split('\n').map(answerOf);
    assert.equal(first?.ok, true);
    assert.equal(second?.reason, 'PROOF_REJECTED');
    assert.equal(typeof second?.details?.['check'], 'string');
    assert.equal(third?.reason, 'FILE_TOO_LARGE');
    assert.equal(tooLarge.status, 1);
    assert.equal(answerOf(tooLarge.stdout).code, 'FILE_TOO_LARGE');
    assert.equal(unkeyed.status, 1);
    assert.equal(answerOf(unkeyed.stdout).reason, 'KEY_NOT_PUBLISHED');
    assert.equal(missing.status, 2);
  });

  it('cuts a block, runs a column and writes its trace', async () => {
    const columns = join(folder, 'columns');
    const cut = await colonnade('partition', BLOCK, '--columns', '2', '--out', columns, '--json');
    assert.equal(cut.status, 0, cut.stderr);
    const { columns: reports } = JSON.parse(cut.stdout) as { columns: { file: string; transfers: number }[] };
    assert.deepEqual(
      reports.map(({ transfers }) => transfers),
      [8, 8],
    );
    // A list is compared with block proofs only, and a list that is none is refused before any proof is read.
    const list = join(columns, 'list.json');
    const [noBlock, noList] = await Promise.all([
      colonnade('verify', STORED, '--list', list, '--json'),
      colonnade('verify', STORED, '--list', reports[0]?.file ?? '', '--json'),
    ]);
    assert.equal(parseBlockList(JSON.parse(readFileSync(list, 'utf8'))).length, 16);
    assert.equal(noBlock.status, 1);
    assert.equal(answerOf(noBlock.stdout).reason, 'LIST_NOT_STATED');
    assert.equal(noList.status, 1);
    assert.equal(answerOf(noList.stdout).code, 'MALFORMED_INPUT');
    const out = join(folder, 'column.trace');
    const [traced, unknown, none] = await Promise.all([
      colonnade('trace', '--inputs', reports[0]?.file ?? '', '--out', out, '--json'),
      colonnade('trace', '--inputs', reports[0]?.file ?? '', '--program', 'none'),
      colonnade('partition', BLOCK, '--columns', '0'),
    ]);
    assert.equal(traced.status, 0, traced.stderr);
    const { statement, cycles } = JSON.parse(traced.stdout) as { statement: string; cycles: number };
    assert.equal(statement, formatDigest(file.statement));
    assert.equal(decodeTrace(readFileSync(out)).pc.length, cycles);
    assert.equal(unknown.status, 2);
    assert.equal(none.status, 2);
  });

  it('refuses the children of an aggregate by name, before it asks for a device', async () => {
    const out = join(folder, 'aggregate.proof');
    const aggregate = (...args: string[]) => colonnade('aggregate', ...args, '--out', out, '--json');
    const weak = join(folder, 'weak.proof');
    writeFileSync(weak, encodeProofFile({ ...file, profile: 'TEST_ONLY_LEAF' }));
    const [flipped, twice, tooWeak, noFiles, noOut, contradiction] = await Promise.all([
      aggregate(FLIPPED),
      aggregate(STORED, STORED),
      aggregate(weak, STORED),
      aggregate(),
      colonnade('aggregate', STORED),
      aggregate(STORED, '--single', '--fan-in', '2'),
    ]);
    const refused = answerOf(flipped.stdout);
    assert.equal(flipped.status, 1);
    assert.equal(refused.code, 'PROOF_REJECTED');
    assert.equal(refused.details?.['child'], FLIPPED);
    assert.equal(typeof refused.details?.['check'], 'string');
    assert.equal(answerOf(twice.stdout).code, 'DUPLICATE_CHILD');
    assert.equal(answerOf(tooWeak.stdout).code, 'KEY_NOT_PUBLISHED');
    assert.equal(answerOf(tooWeak.stdout).details?.['child'], weak);
    for (const each of [noFiles, noOut, contradiction]) assert.equal(each.status, 2, each.stderr);
  });

  it('proves through a service, and writes nothing that does not verify', async () => {
    const columns = join(folder, 'service');
    await colonnade('partition', BLOCK, '--columns', '2', '--out', columns);
    const at = new Date(0).toISOString();
    const job = jobSchema.parse({
      id: 'one',
      program: 'column',
      profile: 'leaf',
      input: 'inputs',
      state: 'succeeded',
      priority: 0,
      traceId: '0'.repeat(32),
      submittedAt: at,
      attempts: 1,
      attemptLog: [],
      events: [],
      proof: {
        statement: formatDigest(file.statement),
        proofBytes: file.proofBytes.length,
        sha256: '',
        provableBits: 128,
        collisionBits: 123,
        verifySeconds: 0,
        measures: {
          adapter: { name: 'stored', isSoftware: true },
          cycles: 1,
          tables: [],
          stages: [],
          grindingSeconds: 0,
          deviceSeconds: 0,
          peakDeviceBytes: 0,
        },
      },
    });
    let served: Uint8Array = file.proofBytes;
    const server = createServer((request, response) => {
      if (request.url?.endsWith('/proof')) response.end(served);
      else response.writeHead(request.method === 'POST' ? 202 : 200).end(JSON.stringify(job));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const inputs = join(columns, 'column-0.json');
    const out = join(folder, 'served.proof');
    const proved = await colonnade('prove', '--inputs', inputs, '--url', url, '--out', out, '--json');
    assert.equal(proved.status, 0, proved.stderr);
    assert.ok(answerOf(proved.stdout).ok);
    // The file of the same proof is the same file, whoever made it.
    assert.deepEqual(new Uint8Array(readFileSync(out)), bytes);

    served = proofBytes;
    const lied = join(folder, 'lied.proof');
    const [refused, other, nobody] = await Promise.all([
      colonnade('prove', '--inputs', inputs, '--url', url, '--out', lied, '--json'),
      colonnade('prove', '--inputs', join(columns, 'column-1.json'), '--url', url, '--out', lied, '--json'),
      colonnade('prove', '--inputs', inputs, '--url', 'http://127.0.0.1:1', '--out', lied, '--json'),
    ]);
    assert.equal(refused.status, 1);
    assert.equal(answerOf(refused.stdout).code, 'PROOF_REJECTED');
    assert.equal(answerOf(other.stdout).code, 'UNEXPECTED_ANSWER');
    assert.equal(answerOf(nobody.stdout).code, 'UNREACHABLE');
    assert.throws(() => readFileSync(lied));
  });
});
