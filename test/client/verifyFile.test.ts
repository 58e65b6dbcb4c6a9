/** Verification from files alone, on toy programs: what a file claims is compared, never believed. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ClientError, type ClientErrorCode } from '../../client/errors.ts';
import { formatDigest } from '../../client/jsonFields.ts';
import {
  decodeProofFile,
  type EntryOfFile,
  encodeProofFile,
  type ProofFile,
} from '../../client/proofFile.ts';
import { parsePublishedKeys } from '../../client/publishedKeys.ts';
import { treeLines } from '../../client/tree.ts';
import {
  type FileRejectionCode,
  formatBits,
  productionSystem,
  verifyProofFile,
} from '../../client/verifyFile.ts';
import {
  blockNumberOf,
  TOY_KNOWN,
  type ToyPublished,
  toyClaim,
  toyPublished,
} from '../support/toyPublished.ts';

let published: ToyPublished;
let columns: ProofFile[];
let tree: EntryOfFile[];
let aggregate: ProofFile;

const leafOf = ({ keyDigest, statement, claim }: ProofFile): EntryOfFile => ({
  kind: 'leaf',
  keyDigest,
  statement,
  claim,
});

before(async () => {
  published = await toyPublished();
  columns = [];
  for (const block of [1n, 2n, 3n]) columns.push(await published.columnFile(toyClaim(block)));
  const [first, second, third] = columns.map(leafOf) as [EntryOfFile, EntryOfFile, EntryOfFile];
  tree = [{ kind: 'inner', entries: [first, second] }, third];
  aggregate = await published.aggregateFile(tree);
});

function assertRejected(
  file: ProofFile,
  reason: FileRejectionCode,
): Readonly<Record<string, string | number>> {
  const verdict = verifyProofFile(published.keys, TOY_KNOWN, file);
  assert.ok(!verdict.ok, `expected ${reason}`);
  assert.equal(verdict.reason, reason, JSON.stringify(verdict));
  return verdict.details;
}

describe('verifyProofFile', () => {
  it('accepts a leaf and an aggregate, also after a round trip through bytes', () => {
    for (const file of [...columns, aggregate]) {
      const verdict = verifyProofFile(published.keys, TOY_KNOWN, decodeProofFile(encodeProofFile(file)));
      assert.ok(verdict.ok, verdict.ok ? '' : verdict.reason);
      assert.deepEqual(verdict.statement, file.statement);
    }
    const verdict = verifyProofFile(published.keys, TOY_KNOWN, aggregate);
    assert.ok(verdict.ok);
    assert.deepEqual(
      verdict.leaves.map(({ program, claim }) => [program, blockNumberOf(claim)]),
      [
        ['column', 1n],
        ['column', 2n],
        ['column', 3n],
      ],
    );
  });

  it('has the bits of the weakest layer, and rounds none up', async () => {
    const { keys } = published;
    const weakOf = (program: string): typeof keys => {
      const changed = keys.keys.map((key) =>
        key.program === program ? { ...key, provableBits: 7.96 } : key,
      );
      const column = changed.filter((key) => key.program === 'column');
      return {
        ...keys,
        keys: changed.map((key) => (key.program === 'block' ? { ...key, constantKeys: column } : key)),
      };
    };
    const block = await published.proofOf('block', new Uint32Array(8));
    const aboveBlock = await published.aggregateFile([leafOf(block)]);
    const [column] = columns as [ProofFile];
    for (const [weak, file, isWeak] of [
      ['column', column, true],
      ['column', aggregate, true],
      ['column', block, true],
      ['column', aboveBlock, true],
      ['aggregate', aggregate, true],
      ['aggregate', column, false],
      ['block', aggregate, false],
    ] as const) {
      const verdict = verifyProofFile(weakOf(weak), TOY_KNOWN, file);
      assert.ok(verdict.ok);
      assert.equal(verdict.provableBits === 7.96, isWeak, `${weak} below ${file.program}`);
    }
    assert.equal(
      formatBits({ provableBits: 127.99, collisionBits: 123.95 }),
      '127.9 provable bits, 123.9 against collisions',
    );
  });

  it('rejects a key that is not published, or another one', async () => {
    const [column] = columns as [ProofFile];
    assertRejected({ ...column, program: 'columns' }, 'KEY_NOT_PUBLISHED');
    assertRejected({ ...column, profile: 'leaf' }, 'KEY_NOT_PUBLISHED');
    assertRejected({ ...column, keyDigest: aggregate.keyDigest }, 'KEY_MISMATCH');
    // A proof of another program that calls itself a column.
    const other = await published.proofOf('other', column.statement);
    assertRejected({ ...other, program: 'column' }, 'KEY_MISMATCH');
    const details = assertRejected({ ...column, proofBytes: other.proofBytes }, 'PROOF_REJECTED');
    assert.equal(typeof details['check'], 'string');
  });

  it('rejects another statement, claim or byte', () => {
    const [first, second] = columns as [ProofFile, ProofFile];
    assertRejected({ ...first, claim: second.claim }, 'CLAIM_MISMATCH');
    assertRejected({ ...first, statement: second.statement }, 'CLAIM_MISMATCH');
    assertRejected({ ...first, statement: second.statement, claim: second.claim }, 'PROOF_REJECTED');
    for (const byte of [8, first.proofBytes.length >> 1, first.proofBytes.length - 4]) {
      const proofBytes = first.proofBytes.slice();
      proofBytes[byte] = (proofBytes[byte] ?? 0) ^ 1;
      assertRejected({ ...first, proofBytes }, 'PROOF_REJECTED');
    }
    const details = assertRejected({ ...first, proofBytes: first.proofBytes.subarray(4) }, 'PROOF_REJECTED');
    assert.equal(details['check'], 'BAD_MAGIC');
  });

  it('rejects another tree: shape, order, leaves', async () => {
    const [inner, third] = tree as [EntryOfFile & { kind: 'inner' }, EntryOfFile];
    const [first, second] = inner.entries as [EntryOfFile, EntryOfFile];
    assertRejected({ ...aggregate, entries: undefined }, 'TREE_MISSING');
    for (const entries of [
      [first, second, third],
      [third, inner],
      [inner],
      [inner, third, third],
      [{ kind: 'inner', entries: [second, first] } as const, third],
      [inner, { kind: 'inner', entries: [third] } as const],
    ])
      assertRejected({ ...aggregate, entries }, 'STATEMENT_MISMATCH');
    const [column] = columns as [ProofFile];
    assertRejected({ ...column, entries: tree }, 'TREE_UNEXPECTED');
    assertRejected({ ...aggregate, claim: toyClaim() }, 'CLAIM_OF_OTHER_PROGRAM');
    // An honest aggregate of a proof that nobody believes.
    const other = await published.proofOf('other', column.statement);
    assertRejected(await published.aggregateFile([first, leafOf(other)]), 'LEAF_NOT_ALLOWED');
    // An aggregate that passes as a leaf.
    assertRejected(await published.aggregateFile([leafOf(aggregate)]), 'LEAF_NOT_ALLOWED');
    assertRejected(
      await published.aggregateFile([{ ...first, claim: toyClaim(9n) } as EntryOfFile]),
      'CLAIM_MISMATCH',
    );
  });

  it('prints the tree', () => {
    const lines = treeLines(tree, published.keys);
    assert.deepEqual(
      lines.map((line) => line.replace(/(leaf \d).*/, '$1')),
      ['├─ aggregate of 2, 2 leaves', '│  ├─ leaf 0', '│  └─ leaf 1', '└─ leaf 2'],
    );
    assert.ok(lines[1]?.includes('column under TEST_ONLY_LEAF'), lines[1]);
    assert.ok(lines[1]?.includes('block 1 '), lines[1]);
  });
});

describe('published keys', () => {
  type Json = Record<string, unknown> & {
    keys: Record<string, unknown>[];
    aggregate: Record<string, unknown>;
  };
  const altered = (change: (json: Json) => void): string => {
    const json = JSON.parse(published.keysJson) as Json;
    change(json);
    return JSON.stringify(json);
  };
  const assertRefused = (json: string, code: ClientErrorCode, field?: string): void => {
    assert.throws(
      () => parsePublishedKeys(json, TOY_KNOWN),
      (error) => {
        assert.ok(error instanceof ClientError, String(error));
        assert.equal(error.code, code, error.message);
        if (field !== undefined) assert.equal(error.details['field'], field);
        return true;
      },
    );
  };
  const zero = formatDigest(new Uint32Array(8));

  it('are refused when they are for another machine, profile, protocol or program', () => {
    assertRefused('[', 'NOT_KEYS');
    assertRefused('{"format":"x","version":1}', 'NOT_KEYS');
    assertRefused(
      altered((json) => {
        json['version'] = 2;
      }),
      'KEYS_VERSION',
    );
    assertRefused(
      altered((json) => {
        json['protocolVersion'] = 1;
      }),
      'KEYS_VERSION',
    );
    const key = (name: string, value: unknown): string =>
      altered((json) => {
        (json.keys[0] ?? {})[name] = value;
      });
    assertRefused(key('machineDigest', zero), 'MACHINE_DIFFERS');
    assertRefused(key('machine', 'colonnade'), 'MACHINE_DIFFERS');
    assertRefused(key('profileDigest', zero), 'PROFILE_DIFFERS');
    assertRefused(key('profile', 'leaf'), 'FIELD', 'keys.keys.0.profile');
    assertRefused(key('keyDigest', zero), 'KEY_INCONSISTENT');
    assertRefused(key('bytecodeLogHeight', 5), 'KEY_INCONSISTENT');
    assertRefused(key('preprocessedCap', [zero, zero]), 'KEY_INCONSISTENT');
    assertRefused(key('preprocessedCap', []), 'KEY_INCONSISTENT');
    assertRefused(key('trusted', true), 'FIELD', 'keys.keys.0.trusted');
    assertRefused(key('program', 'other'), 'DUPLICATE_KEY');
    const aggregateField = (name: string, value: unknown): string =>
      altered((json) => {
        json.aggregate[name] = value;
      });
    assertRefused(aggregateField('recursiveKeyDigest', zero), 'FIELD', 'keys.aggregate.recursiveKeyDigest');
    assertRefused(aggregateField('leafKeyDigests', [zero]), 'FIELD', 'keys.aggregate.leafKeyDigests.0');
    const own = (JSON.parse(published.keysJson) as Json).aggregate['recursiveKeyDigest'];
    assertRefused(aggregateField('leafKeyDigests', [own]), 'FIELD', 'keys.aggregate.leafKeyDigests.0');
  });

  it('of TEST_ONLY profiles are refused by the verifier of production', () => {
    assert.throws(() => parsePublishedKeys(published.keysJson, productionSystem()), { code: 'FIELD' });
  });
});
