/** The plain transfers of real blocks and their columns, and malformed block files. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBlockFile } from '../../chain/blockFile.ts';
import { blockInput, selectTransfers } from '../../chain/blockInput.ts';
import { ChainError } from '../../chain/errors.ts';
import { checkInclusionList } from '../../chain/inclusionList.ts';
import { commonOf, runIndependently } from '../../scripts/demoEthereum.ts';
import { recoverSender } from '../../scripts/recoverSender.ts';
import { readBlock, readBlockJson } from '../support/blocks.ts';

/** Block: transfers, executed, not empty columns at K = 8. */
const EXPECTED = [
  [19933122, 16, 16, 8],
  [19932703, 57, 52, 8],
  [13287210, 1410, 1410, 3],
  [11814555, 1, 1, 1],
  [19923400, 6, 6, 6],
] as const;

describe('block input', () => {
  for (const [number, transferCount, , columnCount] of EXPECTED) {
    it(`finds the transfers and columns of ${number}`, () => {
      const { list, columns } = blockInput(readBlock(number), 8);
      assert.equal(list.transactions.length, transferCount);
      assert.equal(columns.length, columnCount);
      assert.deepEqual(checkInclusionList(list), { ok: true });
      const owners = new Map<string, number>();
      for (const { columnIndex, transfers, accounts } of columns) {
        const indices = transfers.map(({ blockIndex }) => blockIndex);
        assert.deepEqual(
          indices,
          indices.toSorted((left, right) => left - right),
        );
        const addresses = accounts.map(({ address }) => address);
        assert.deepEqual(addresses, [...new Set(addresses)].toSorted());
        for (const address of addresses) {
          assert.equal(owners.get(address), undefined, `${address} stands in two columns`);
          owners.set(address, columnIndex);
        }
      }
    });
  }

  it('recovers a missing sender', () => {
    const file = readBlock(19932703);
    const common = commonOf(file);
    const nameless = {
      ...file,
      block: { ...file.block, transactions: file.block.transactions.map(({ from: _, ...rest }) => rest) },
    };
    const recovered = selectTransfers(nameless, (transaction) => recoverSender(transaction, common));
    assert.deepEqual(recovered, selectTransfers(file));
  });

  it('leaves out everything that is no plain transfer', () => {
    const file = readBlock(19933122);
    const [first] = file.block.transactions;
    assert.ok(first);
    const countOf = (change: object): number =>
      selectTransfers({ ...file, block: { ...file.block, transactions: [{ ...first, ...change }] } })
        .transfers.length;
    assert.equal(countOf({}), 1);
    assert.equal(countOf({ input: '0x00' }), 0);
    assert.equal(countOf({ type: 3n }), 0);
    assert.equal(countOf({ accessList: [{}] }), 0);
    assert.equal(countOf({ to: null }), 0);
    for (const precompile of ['01', '0a', '11', '100']) {
      assert.equal(countOf({ to: `0x${precompile.padStart(40, '0')}` }), 0, precompile);
    }
    assert.equal(countOf({ to: `0x${'12'.padStart(40, '0')}` }), 1);
    assert.equal(countOf({ to: `0x${'0'.repeat(40)}` }), 1);
  });

  it('treats a missing base fee as 0 and a missing chain id as the chain', () => {
    const [column] = blockInput(readBlock(11814555), 1).columns;
    assert.equal(column?.baseFeePerGasWei, 0n);
    const file = readBlock(19933122);
    const [first] = file.block.transactions;
    assert.ok(first);
    const { chainId: _, ...withoutChain } = first;
    const { transfers } = selectTransfers({
      ...file,
      block: { ...file.block, transactions: [withoutChain] },
    });
    assert.equal(transfers[0]?.chainId, 1n);
  });

  it('refuses malformed files by field', () => {
    const json = readBlockJson(19923400) as { chainId: unknown; block: Record<string, unknown> };
    assert.ok(parseBlockFile(json));
    const refusals: [unknown, string][] = [
      [null, ''],
      [{ ...json, chainId: '1' }, 'chainId'],
      [{ ...json, block: { ...json.block, number: 19923400 } }, 'block.number'],
      [{ ...json, block: { ...json.block, miner: '0x12' } }, 'block.miner'],
      [{ ...json, block: { ...json.block, transactions: [{}] } }, 'block.transactions.0.nonce'],
    ];
    for (const [value, field] of refusals) {
      assert.throws(
        () => parseBlockFile(value),
        (error) =>
          error instanceof ChainError && error.code === 'BLOCK_FORMAT' && error.details['field'] === field,
        field,
      );
    }
  });

  it('leaves out the transfers of a coinbase that pays out', () => {
    const { leftOut, list } = blockInput(readBlock(11814555), 8);
    assert.equal(list.transactions.length, 1);
    assert.deepEqual(leftOut, [
      { reason: 'coinbase sends or receives', count: 577, firstIndices: [0, 1, 2, 3, 4, 5, 6, 7] },
    ]);
  });
});

describe('independent execution', () => {
  for (const [number, transferCount, executedCount] of EXPECTED) {
    it(`executes the transfers of ${number}`, async () => {
      const { refusals } = await runIndependently(readBlock(number));
      assert.equal(refusals.length, transferCount);
      assert.equal(refusals.filter((refusal) => refusal === undefined).length, executedCount);
      for (const refusal of refusals)
        assert.ok(refusal === undefined || refusal.includes('correct nonce'), refusal);
    });
  }
});
