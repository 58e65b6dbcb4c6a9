/** Proof files: what is written is read, and everything else is refused by name, value and limit. */
import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CAVEATS, claimDigest, claimToJson, describeClaim, parseClaim } from '../../client/claims.ts';
import { ClientError, type ClientErrorCode } from '../../client/errors.ts';
import { readProofFile, writeProofFile } from '../../client/files.ts';
import {
  decodeProofFile,
  type EntryOfFile,
  encodeProofFile,
  leavesOf,
  PROOF_FILE_LIMITS,
  type ProofFile,
} from '../../client/proofFile.ts';
import { createRandom } from '../support/random.ts';
import { toyClaim } from '../support/toyPublished.ts';

const random = createRandom(7);
const CLAIM = toyClaim();

const leaf = (): EntryOfFile => ({
  kind: 'leaf',
  keyDigest: random.words(8),
  statement: claimDigest(CLAIM),
  claim: CLAIM,
});

const FILE: ProofFile = {
  program: 'aggregate',
  profile: 'inner',
  keyDigest: random.words(8),
  statement: random.words(8),
  claim: undefined,
  entries: [leaf(), { kind: 'inner', entries: [leaf(), { kind: 'inner', entries: [leaf()] }] }],
  proofBytes: new Uint8Array(random.words(33).buffer),
};

function headerOf(file: ProofFile): Record<string, unknown> {
  const bytes = encodeProofFile(file);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(10)))) as Record<
    string,
    unknown
  >;
}

function withHeader(header: unknown, proof: Uint8Array = FILE.proofBytes): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), proof]));
}

function assertRefused(bytes: Uint8Array, code: ClientErrorCode, field?: string): void {
  assert.throws(
    () => decodeProofFile(bytes),
    (error) => {
      assert.ok(error instanceof ClientError, String(error));
      assert.equal(error.code, code, error.message);
      if (field !== undefined) assert.equal(error.details['field'], field, error.message);
      return true;
    },
  );
}

describe('proof files', () => {
  it('are read as they were written', async () => {
    assert.deepEqual(decodeProofFile(encodeProofFile(FILE)), FILE);
    const column = { ...FILE, program: 'column', claim: CLAIM, entries: undefined };
    assert.deepEqual(decodeProofFile(encodeProofFile(column)), column);
    assert.equal(leavesOf(FILE.entries ?? []).length, 3);
    const folder = await mkdtemp(join(tmpdir(), 'colonnade-'));
    const path = join(folder, 'below', 'a.proof');
    assert.equal(await writeProofFile(path, FILE), encodeProofFile(FILE).length);
    assert.deepEqual(await readProofFile(path), FILE);
    await rm(folder, { recursive: true });
  });

  it('claims are read as they were written, and said in words', () => {
    assert.deepEqual(parseClaim(JSON.parse(JSON.stringify(claimToJson(CLAIM))), 'claim'), CLAIM);
    const [summary = '', ...accounts] = describeClaim(CLAIM, 'accounts');
    for (const part of ['block 12345', '2 transfers, 1 executed', '1 nonce too low', 'gas 21000'])
      assert.ok(summary.includes(part), summary);
    assert.equal(accounts.length, 2);
    for (const account of accounts)
      assert.match(account, /claimed nonce \d+ -> \d+, claimed balance [\d.]+ -> /);
  });

  it('claims of columns and blocks have one form of quantities, and the ranges of hashing', () => {
    const json = claimToJson(CLAIM) as {
      readonly transfers: readonly Record<string, unknown>[];
      readonly accessList: readonly Record<string, unknown>[];
    };
    assert.deepEqual(parseClaim({ ...json, chainId: '0x1', blockNumber: '0x3039' }, 'claim'), CLAIM);
    const [transfer, ...transfers] = json.transfers;
    const [item, ...items] = json.accessList;
    const withTransfer = (change: object): object => ({
      ...json,
      transfers: [{ ...transfer, ...change }, ...transfers],
    });
    const withItem = (change: object): object => ({
      ...json,
      accessList: [{ ...item, ...change }, ...items],
    });
    const [last128, last256] = [128n, 256n].map((bits) => ((1n << bits) - 1n).toString());
    for (const accepted of [
      withTransfer({ nonce: last128, chainId: last256, gasLimit: last256, valueWei: last256 }),
      withItem({ slot: (2n ** 96n - 2n).toString() }),
    ])
      assert.doesNotThrow(() => claimDigest(parseClaim(accepted, 'claim')));
    for (const refused of [
      withTransfer({ nonce: (1n << 128n).toString() }),
      withTransfer({ gasLimit: (1n << 256n).toString() }),
      withTransfer({ status: 'refused' }),
      withItem({ slot: (2n ** 96n - 1n).toString() }),
      withItem({ address: `0x${'AB'.repeat(20)}` }),
      { ...json, coinbase: '0x12' },
      { ...json, chainId: '0X1' },
      { ...json, chainId: '01' },
      { ...json, transactionGasCap: 5 },
      { ...json, transfers: [], accessList: [] },
    ])
      assert.throws(() => parseClaim(refused, 'claim'), ClientError);
  });

  it('what a column and a block proof do not say is printed beside both', () => {
    for (const caveats of [CAVEATS['column'], CAVEATS['block']])
      for (const part of [
        'senders signed',
        'pre-values are the chain',
        'plain transfers only',
        'left out',
        'code of recipients is removed',
        'call data, access list, signature and hash',
        'parent hash and timestamp',
        'EIP-7825',
        'after all columns',
        'whole gas limit',
      ])
        assert.ok(caveats?.includes(part), part);
    // A block proof says it.
    for (const [program, isSaid] of [
      ['column', true],
      ['aggregate', true],
      ['block', false],
    ] as const)
      assert.equal(CAVEATS[program]?.includes('can list the same accounts'), isSaid, program);
  });

  it('are refused when the first line is none', () => {
    assertRefused(new Uint8Array(0), 'NOT_A_PROOF_FILE');
    assertRefused(FILE.proofBytes, 'NOT_A_PROOF_FILE');
    assertRefused(Buffer.from('{"format":'), 'NOT_A_PROOF_FILE');
    assertRefused(Buffer.from('{"format":\n'), 'NOT_A_PROOF_FILE');
    assertRefused(Buffer.from([0x7b, 0xff, 0x0a]), 'NOT_A_PROOF_FILE');
    assertRefused(withHeader({ ...headerOf(FILE), format: 'colonnade keys' }), 'NOT_A_PROOF_FILE');
    assertRefused(withHeader({ ...headerOf(FILE), version: 2 }), 'PROOF_FILE_VERSION');
    assertRefused(withHeader({ ...headerOf(FILE), version: '1' }), 'PROOF_FILE_VERSION');
  });

  it('are refused field by field', () => {
    const header = headerOf(FILE);
    for (const name of ['program', 'profile', 'keyDigest', 'statement', 'proofBytes']) {
      const { [name]: _, ...rest } = header;
      assertRefused(withHeader(rest), 'FIELD', `file.${name}`);
      assertRefused(withHeader({ ...header, [name]: null }), 'FIELD', `file.${name}`);
    }
    assertRefused(withHeader({ ...header, trusted: true }), 'FIELD', 'file.trusted');
    // p, the modulus, is no canonical word.
    const notCanonical = `0x7f000001${'0'.repeat(56)}`;
    assertRefused(withHeader({ ...header, statement: notCanonical }), 'FIELD', 'file.statement');
    assertRefused(withHeader({ ...header, statement: String(header['statement']).toUpperCase() }), 'FIELD');
    assertRefused(withHeader({ ...header, entries: [] }), 'FIELD', 'file.entries');
    assertRefused(withHeader({ ...header, entries: [{ entries: [] }] }), 'FIELD', 'file.entries.0.entries');
    assertRefused(withHeader({ ...header, entries: [{}] }), 'FIELD', 'file.entries.0.keyDigest');
    assertRefused(withHeader({ ...header, entries: 'leaf' }), 'FIELD', 'file.entries');
  });

  it('claims are refused field by field', () => {
    const claim = claimToJson(CLAIM) as { transfers: object[]; accessList: object[] };
    const bad: readonly (readonly [unknown, string])[] = [
      [{ ...claim, program: 'xmss' }, 'file.claim.program'],
      [{ ...claim, program: 'block' }, 'file.claim.columnCount'],
      [7, 'file.claim'],
      [{ ...claim, gasUsed: 21000 }, 'file.claim.gasUsed'],
      [{ ...claim, gasUsed: '021000' }, 'file.claim.gasUsed'],
      [{ ...claim, gasUsed: (2n ** 256n).toString() }, 'file.claim.gasUsed'],
      [{ ...claim, transfers: [{ ...claim.transfers[0], status: 'fine' }] }, 'file.claim.transfers.0.status'],
      [{ ...claim, transfers: [{ ...claim.transfers[0], from: '0x' }] }, 'file.claim.transfers.0.from'],
      [{ ...claim, accessList: [{ ...claim.accessList[0], slot: -1 }] }, 'file.claim.accessList.0.slot'],
      [{ ...claim, accessList: [{}] }, 'file.claim.accessList.0.address'],
    ];
    for (const [each, field] of bad)
      assertRefused(withHeader({ ...headerOf(FILE), claim: each }), 'FIELD', field);
  });

  it('are refused beyond their limits', () => {
    const header = headerOf(FILE);
    assertRefused(withHeader(header, FILE.proofBytes.subarray(1)), 'PROOF_LENGTH');
    assertRefused(withHeader(header, new Uint8Array(FILE.proofBytes.length + 1)), 'PROOF_LENGTH');
    const tooLong = { ...header, proofBytes: PROOF_FILE_LIMITS.proofBytes + 1 };
    assertRefused(withHeader(tooLong), 'FIELD', 'file.proofBytes');
    const nested = (depth: number): unknown =>
      depth === 0 ? headerOf(FILE)['entries'] : [{ entries: nested(depth - 1) }];
    assertRefused(withHeader({ ...header, entries: nested(PROOF_FILE_LIMITS.depth) }), 'TOO_DEEP');
    const { keyDigest, statement } = header;
    const many = Array.from({ length: PROOF_FILE_LIMITS.entries }, () => ({ keyDigest, statement }));
    assertRefused(withHeader({ ...header, entries: [{ entries: many }] }), 'TOO_MANY_ENTRIES');
    assert.equal(decodeProofFile(withHeader({ ...header, entries: many })).entries?.length, many.length);
  });

  it('of 100 MB are refused before they are read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'colonnade-'));
    const path = join(folder, 'large.proof');
    const handle = await open(path, 'w');
    await handle.truncate(100 * 2 ** 20);
    await handle.close();
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(readProofFile(path), (error) => {
      assert.ok(error instanceof ClientError);
      assert.equal(error.code, 'FILE_TOO_LARGE');
      assert.deepEqual(error.details, { file: path, limit: PROOF_FILE_LIMITS.fileBytes, got: 100 * 2 ** 20 });
      return true;
    });
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
    // A file without a size of its own is counted while it is read.
    await assert.rejects(readProofFile('/dev/zero'), { code: 'FILE_TOO_LARGE' });
    await assert.rejects(readProofFile(join(folder, 'none')), { code: 'FILE_UNREADABLE' });
    await writeFile(path, FILE.proofBytes);
    await assert.rejects(readProofFile(path), (error) => {
      assert.ok(error instanceof ClientError);
      assert.equal(error.details['file'], path);
      return true;
    });
    await rm(folder, { recursive: true });
  });
});
