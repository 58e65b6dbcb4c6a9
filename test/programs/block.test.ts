/** The block program against the host: trees of any shape, skipped transactions, real blocks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { blockOf, runBlock, smallColumn } from '../support/block.ts';

describe('block program', () => {
  it('proves the statement of a block of three columns', () => {
    const block = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1]), smallColumn(20, 1, [0])]);
    const execution = runBlock(block.witness);
    assert.deepEqual(execution.statement, blockStatementDigest(block.statement));
  });
});
