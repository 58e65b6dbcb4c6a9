/** A block proof and an inclusion list: the digest that the proof names is compared with the list's own. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type BlockClaim, claimDigest } from '../../client/claims.ts';
import { compareList } from '../../client/compareList.ts';
import type { EntryOfFile, ProofFile } from '../../client/proofFile.ts';
import { type FileVerdict, verifyProofFile } from '../../client/verifyFile.ts';
import { type ListedTransfer, orderDigest, summarizeBlock } from '../../programs/block/blockStatement.ts';
import { blockOf, smallColumn } from '../support/block.ts';
import { TOY_KNOWN, type ToyPublished, toyClaim, toyPublished } from '../support/toyPublished.ts';

const { list, statement } = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1])]);
const CLAIM: BlockClaim = { program: 'block', summary: summarizeBlock(statement) };

let published: ToyPublished;
let block: ProofFile;
let aggregate: ProofFile;

const leafOf = ({ keyDigest, statement: stated, claim }: ProofFile): EntryOfFile => ({
  kind: 'leaf',
  keyDigest,
  statement: stated,
  claim,
});

async function fileOf(claim: BlockClaim): Promise<ProofFile> {
  return { ...(await published.proofOf('block', claimDigest(claim))), claim };
}

function compared(file: ProofFile, given: readonly ListedTransfer[]): FileVerdict {
  const verdict = verifyProofFile(published.keys, TOY_KNOWN, file);
  assert.ok(verdict.ok, 'the file itself is valid');
  return compareList(verdict, given);
}

function refused(
  file: ProofFile,
  given: readonly ListedTransfer[],
  reason: string,
  details: Readonly<Record<string, string | number>>,
): void {
  const verdict = compared(file, given);
  assert.ok(!verdict.ok, reason);
  assert.equal(verdict.reason, reason);
  for (const [name, value] of Object.entries(details)) assert.equal(verdict.details[name], value, name);
}

before(async () => {
  published = await toyPublished();
  block = await fileOf(CLAIM);
  aggregate = await published.aggregateFile([
    { kind: 'inner', entries: [leafOf(await published.columnFile(toyClaim())), leafOf(block)] },
  ]);
});

describe('the inclusion list of a block proof', () => {
  it('control: is the list that its digest was computed from, whatever lies above or beside the block', () => {
    assert.ok(compared(block, list).ok);
    assert.ok(compared(aggregate, list).ok);
  });

  it('is no other list', () => {
    const [first, second] = list as [ListedTransfer, ListedTransfer];
    assert.notEqual(first.column, second.column);
    const others: [readonly ListedTransfer[], string][] = [
      [list.slice(1), 'transactionCount'],
      [[...list, first], 'transactionCount'],
      [[], 'transactionCount'],
      [[second, first, ...list.slice(2)], 'listDigest'],
      [[{ ...first, valueWei: first.valueWei + 1n }, ...list.slice(1)], 'listDigest'],
      [[{ ...first, column: 1 - first.column }, ...list.slice(1)], 'listDigest'],
      [[{ ...first, column: 2 }, ...list.slice(1)], 'columnCount'],
    ];
    for (const [other, field] of others) {
      refused(block, other, 'LIST_MISMATCH', { leaf: 0, field });
      refused(aggregate, other, 'LIST_MISMATCH', { leaf: 1, field });
    }
  });

  it('is the same for every block that the file shows', async () => {
    const listDigest = orderDigest([1]);
    const other = await fileOf({ program: 'block', summary: { ...CLAIM.summary, listDigest } });
    const both = await published.aggregateFile([leafOf(block), leafOf(other)]);
    refused(both, list, 'LIST_MISMATCH', { leaf: 1, field: 'listDigest' });
  });

  it('cannot be compared where the file holds no summary of a block', async () => {
    const column = await published.columnFile(toyClaim());
    refused(column, list, 'LIST_NOT_STATED', { program: 'column' });
    refused({ ...block, claim: undefined }, list, 'LIST_NOT_STATED', { leaf: 0 });
    const bare = await published.aggregateFile([{ ...leafOf(block), claim: undefined } as EntryOfFile]);
    refused(bare, list, 'LIST_NOT_STATED', { leaf: 0 });
  });

  it('leaves a file that is not valid as it is', () => {
    const verdict: FileVerdict = { ok: false, reason: 'KEY_MISMATCH', details: {} };
    assert.equal(compareList(verdict, list), verdict);
  });
});
