/** A service's answer is no choice of what was asked for: another kind or another block is refused. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type AskedFor, blockFile, fileOfAggregation } from '../../client/aggregateService.ts';
import { decodeProofFile } from '../../client/proofFile.ts';
import { parsePublishedKeys } from '../../client/publishedKeys.ts';
import { ServiceError } from '../../client/serviceError.ts';
import { productionSystem } from '../../client/verifyFile.ts';
import { blockSummaryToJson } from '../../programs/block/blockJson.ts';
import { summarizeBlock } from '../../programs/block/blockStatement.ts';
import type { AggregationAnswer } from '../../server/api/aggregationSchemas.ts';
import { blockOf, smallColumn } from '../support/block.ts';
import { KEYS_FILE, storedColumnProof } from '../support/storedProofs.ts';

const keys = parsePublishedKeys(readFileSync(KEYS_FILE, 'utf8'), productionSystem());
const children = [decodeProofFile(storedColumnProof().bytes)];
const PROOF = Uint8Array.of(1, 2, 3);
const SUMMARY = summarizeBlock(blockOf([smallColumn(0, 2), smallColumn(10, 1)]).statement);

/** A tree of one node over the one child, of this kind. */
function answered(kind: AggregationAnswer['kind'], block?: unknown): AggregationAnswer {
  const nodes = [{ role: 'aggregate', children: [{ kind: 'child', number: 0 }] }];
  return { kind, nodes, block } as unknown as AggregationAnswer;
}

function refused(asked: AskedFor, answer: AggregationAnswer, field: string): void {
  assert.throws(
    () => fileOfAggregation(asked, answer, children, PROOF, keys),
    (error: unknown) => {
      assert.ok(error instanceof ServiceError, String(error));
      assert.equal(error.code, 'UNEXPECTED_ANSWER');
      assert.equal(error.details['field'], field);
      return true;
    },
  );
}

describe('the file of what a service proved', () => {
  const aggregate: AskedFor = { kind: 'aggregate' };
  const block: AskedFor = { kind: 'block', summary: SUMMARY };
  const json = blockSummaryToJson(SUMMARY);

  it('control: is of what was asked for', () => {
    const file = fileOfAggregation(aggregate, answered('aggregate'), children, PROOF, keys);
    assert.equal(file.profile, 'inner');
    assert.deepEqual(
      file.entries?.map(({ kind }) => kind),
      ['leaf'],
    );
    const final = fileOfAggregation(block, answered('block', json), children, PROOF, keys);
    assert.deepEqual(final, blockFile(SUMMARY, PROOF, keys));
    // Hexadecimal digits are another form of the same quantity.
    const hexadecimal = { ...json, chainId: `0x${SUMMARY.chainId.toString(16)}` };
    assert.deepEqual(fileOfAggregation(block, answered('block', hexadecimal), children, PROOF, keys), final);
  });

  it('is refused when the answer is of another kind', () => {
    refused(aggregate, answered('block', json), 'kind');
    refused(block, answered('aggregate'), 'kind');
  });

  it('is refused when the answer is about another block, field by field', () => {
    for (const [field, value] of Object.entries(json)) {
      const other =
        typeof value === 'number'
          ? value + 1
          : value.startsWith('0x')
            ? `0x${'0'.repeat(value.length - 3)}1`
            : String(BigInt(value) + 1n);
      refused(block, answered('block', { ...json, [field]: other }), `block.${field}`);
    }
    const { chainId: _chainId, ...without } = json;
    for (const none of [undefined, {}, without, { ...json, more: 1 }])
      refused(block, answered('block', none), 'block.chainId');
  });
});
