/** The JSON forms of a block's summary and inclusion list, and what is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  blockListToJson,
  blockSummaryToJson,
  parseBlockList,
  parseBlockSummary,
} from '../../programs/block/blockJson.ts';
import { summarizeBlock } from '../../programs/block/blockStatement.ts';
import { describeBlock, describeSkipped } from '../../programs/block/describe.ts';
import { BlockError, type BlockErrorCode } from '../../programs/block/errors.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { blockOf, smallColumn } from '../support/block.ts';

const BLOCK = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1])]);
const SUMMARY = summarizeBlock(BLOCK.statement);

const LARGEST = ((1n << 256n) - 1n).toString();

function refused(parse: () => unknown, code: BlockErrorCode, field: string): void {
  assert.throws(parse, (error: unknown) => {
    assert.ok(error instanceof BlockError);
    assert.equal(error.code, code);
    assert.equal(error.details['field'], field);
    return true;
  });
}

describe('JSON of blocks', () => {
  it('is read back as it was', () => {
    const summary: unknown = JSON.parse(JSON.stringify(blockSummaryToJson(SUMMARY)));
    assert.deepEqual(parseBlockSummary(summary), SUMMARY);
    const list: unknown = JSON.parse(JSON.stringify(blockListToJson(BLOCK.list)));
    assert.deepEqual(parseBlockList(list), BLOCK.list);
  });

  it('refuses fields that are missing, unknown or malformed', () => {
    const json = blockSummaryToJson(SUMMARY);
    const { gasUsed: _gasUsed, ...without } = json;
    refused(() => parseBlockSummary(without), 'MALFORMED_INPUT', 'block.gasUsed');
    refused(() => parseBlockSummary({ ...json, more: 1 }), 'MALFORMED_INPUT', 'block.more');
    refused(() => parseBlockSummary([]), 'MALFORMED_INPUT', 'block');
    for (const gasUsed of [1, '', '01', '-1', '1e3'])
      refused(() => parseBlockSummary({ ...json, gasUsed }), 'MALFORMED_INPUT', 'block.gasUsed');
    refused(
      () => parseBlockSummary({ ...json, gasUsed: (1n << 256n).toString() }),
      'QUANTITY_RANGE',
      'block.gasUsed',
    );
    for (const itemCount of [-1, 0.5, MODULUS, '1'])
      refused(() => parseBlockSummary({ ...json, itemCount }), 'MALFORMED_INPUT', 'block.itemCount');
    const modulus = `0x7f000001${'00000000'.repeat(7)}`;
    assert.equal(Number.parseInt(modulus.slice(2, 10), 16), MODULUS);
    for (const listDigest of ['0x', `0x${'0'.repeat(63)}`, modulus, [1, 2, 3, 4, 5, 6, 7, 8]])
      refused(() => parseBlockSummary({ ...json, listDigest }), 'MALFORMED_INPUT', 'block.listDigest');

    const [first] = blockListToJson(BLOCK.list);
    refused(() => parseBlockList({}), 'MALFORMED_INPUT', 'list');
    refused(() => parseBlockList([first, { ...first, from: '0x12' }]), 'MALFORMED_INPUT', 'list.1.from');
    refused(() => parseBlockList([{ ...first, column: -1 }]), 'MALFORMED_INPUT', 'list.0.column');
    refused(
      () => parseBlockList([{ ...first, nonce: (1n << 128n).toString() }]),
      'QUANTITY_RANGE',
      'list.0.nonce',
    );
    parseBlockList([
      { ...first, nonce: ((1n << 128n) - 1n).toString(), gasLimit: LARGEST, chainId: LARGEST },
    ]);
    for (const coinbase of ['0x12', 5, `${'c0'.repeat(21)}`])
      refused(() => parseBlockSummary({ ...json, coinbase }), 'MALFORMED_INPUT', 'block.coinbase');
  });

  it('claims are told in words', () => {
    assert.deepEqual(describeBlock(SUMMARY), [
      `Block 12345 of chain 1, base fee 10000000000 wei, coinbase 0x${'c0'.repeat(20)}, gas limit 30000000, gas cap of a transaction 16777216.`,
      '2 columns with exactly the 5 transactions of the inclusion list that has the stated digest, each once, in its column, in the order of the list.',
      '4 executed; 1 skipped, each for the reason that the statement names.',
      'The columns list 4 leaves of the state, no two of them the same, each of a sender or recipient, and take the claimed pre-values to the post-values.',
      'Gas 84000; priority fees 0.000168 ether, due to the coinbase once; burned 0.00084 ether.',
    ]);
    assert.equal(describeBlock({ ...SUMMARY, executedCount: 5 })[2], 'All 5 executed.');
    assert.match(
      describeBlock({ ...SUMMARY, transactionGasCap: (1n << 64n) - 1n })[0]!,
      /no gas cap of a transaction below 2\^64 - 1/,
    );
    assert.match(
      describeBlock({ ...SUMMARY, blockGasLimit: 83_999n })[4]!,
      /^Gas 84000, which is above the gas limit of the block: each column starts with all of it; /,
    );
    assert.doesNotMatch(describeBlock({ ...SUMMARY, blockGasLimit: 84_000n })[4]!, /above/);
    assert.equal(describeSkipped(BLOCK.statement).length, 1);
    assert.match(describeSkipped(BLOCK.statement)[0]!, /column 1.*nonce 9\) was skipped: nonce too high\.$/);
  });
});
