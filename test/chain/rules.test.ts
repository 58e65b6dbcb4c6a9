/**
 * One rule of Ethereum each, by blocks made by hand: what is left out, what is executed, and what is refused for which reason; by
 * the host, the guest, a second implementation and an independent execution.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BlockFile, type BlockTransaction, parseBlockFile } from '../../chain/blockFile.ts';
import {
  type BlockInput,
  blockInput,
  describeRemovedCodes,
  type LeftOutReason,
  selectTransfers,
} from '../../chain/blockInput.ts';
import { blockList } from '../../chain/blockList.ts';
import { ChainError } from '../../chain/errors.ts';
import { transactionGasCap } from '../../chain/transactionGasCap.ts';
import { assembleBlock } from '../../programs/block/blockInput.ts';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { columnStatementDigest, type TransferStatus } from '../../programs/column/statement.ts';
import { commonOf, compareBlock } from '../../scripts/demoEthereum.ts';
import { recoverSender } from '../../scripts/recoverSender.ts';
import { runColumn } from '../support/column.ts';
import {
  DELEGATION_CODE,
  ETHER,
  GWEI,
  type HandmadeBlock,
  handmadeBlock,
  MINER,
  OSAKA_TIME,
  RECIPIENT,
  SENDERS,
} from '../support/handmadeBlock.ts';
import { independentBlockDigest } from '../support/independentBlock.ts';

type Outcome = TransferStatus | LeftOutReason;

const LARGEST = (1n << 256n) - 1n;
const CAP = 1n << 24n;
const LAST_NONCE = (1n << 64n) - 2n;
const ABUNDANT = `0x${'ab'.repeat(20)}`;
const POOR = { [SENDERS[0]]: { balance: ETHER } };

const CASES: Readonly<Record<string, HandmadeBlock & { readonly expected: readonly Outcome[] }>> = {
  'two plain transfers': {
    transactions: [{}, { sender: 1, type: 2, gas: 50_000n }],
    expected: ['executed', 'executed'],
  },
  'a delegated sender': {
    transactions: [{}, { sender: 2 }],
    accounts: { [SENDERS[0]]: { balance: ETHER, code: DELEGATION_CODE } },
    expected: ['sender is delegated', 'executed'],
  },
  'a delegated account that sends and receives': {
    transactions: [{}, { sender: 1, to: SENDERS[0] }],
    accounts: { [SENDERS[0]]: { balance: ETHER, code: DELEGATION_CODE } },
    expected: ['sender is delegated', 'executed'],
  },
  'a contract that sends': {
    transactions: [{}, { sender: 1 }],
    accounts: { [SENDERS[0]]: { balance: ETHER, code: '0x6001' } },
    expected: ['sender has code', 'executed'],
  },
  'a contract that sends and receives': {
    transactions: [{}, { sender: 1, to: SENDERS[0] }, { sender: 1 }],
    accounts: { [SENDERS[0]]: { balance: ETHER, code: '0x6001' } },
    expected: ['sender has code', 'recipient has code and sends', 'executed'],
  },
  'a coinbase that pays from the tips of the block': {
    transactions: [
      { maxPriorityFeePerGas: 10n * GWEI },
      { sender: 1, value: 100_000n * GWEI },
      { sender: 2, to: SENDERS[1] },
      { sender: 2, nonce: 1n },
    ],
    accounts: { [SENDERS[1]]: { balance: 420_000n * GWEI } },
    miner: SENDERS[1],
    // The last has the nonce after one that was left out.
    expected: ['executed', 'coinbase sends or receives', 'coinbase sends or receives', 'nonce too high'],
  },
  'a coinbase that pays itself': {
    transactions: [{ to: SENDERS[0] }, { sender: 1 }],
    miner: SENDERS[0],
    expected: ['coinbase sends or receives', 'executed'],
  },
  'a coinbase written in capitals': {
    transactions: [{ to: MINER }, { sender: 1 }],
    miner: `0x${MINER.slice(2).toUpperCase()}`,
    expected: ['coinbase sends or receives', 'executed'],
  },
  'the gas limit of the block': {
    transactions: [{ gas: 36_000_001n }, { sender: 1, gas: 36_000_000n, value: 0n }],
    expected: ['gas limit above gas left', 'executed'],
  },
  'exactly what two transfers have left': {
    transactions: [{}, { nonce: 1n }, { nonce: 2n, gas: 58_001n }, { nonce: 2n, gas: 58_000n }],
    gasLimit: 100_000n,
    expected: ['executed', 'executed', 'gas limit above gas left', 'executed'],
  },
  'the gas cap of a transaction before Osaka': {
    transactions: [{ gas: CAP + 1n }],
    timestamp: OSAKA_TIME - 1n,
    expected: ['executed'],
  },
  'the gas cap of a transaction from Osaka on': {
    transactions: [{ gas: CAP + 1n }, { gas: CAP }],
    timestamp: OSAKA_TIME,
    expected: ['gas limit above transaction cap', 'executed'],
  },
  'a gas limit of more than 64 bits': {
    transactions: [{ gas: 1n << 64n }, { gas: LARGEST }, { gas: (1n << 64n) - 1n }, {}],
    expected: [
      'gas limit above transaction cap',
      'gas limit above transaction cap',
      'gas limit above gas left',
      'executed',
    ],
  },
  'fees and values that no balance pays': {
    transactions: [
      { maxFeePerGas: 1n << 128n },
      { maxFeePerGas: 1n << 255n, maxPriorityFeePerGas: 1n << 255n },
      { maxFeePerGas: LARGEST, value: LARGEST, gas: 36_000_000n },
      { value: 1n << 128n },
      { value: LARGEST },
      { maxPriorityFeePerGas: LARGEST },
      { sender: 1 },
    ],
    accounts: POOR,
    expected: [
      'balance too low',
      'balance too low',
      'balance too low',
      'balance too low',
      'balance too low',
      'priority fee above max fee',
      'executed',
    ],
  },
  'nonces at the limit': {
    transactions: [
      { nonce: LAST_NONCE },
      { nonce: LAST_NONCE + 1n },
      { nonce: LAST_NONCE + 2n },
      { nonce: (1n << 128n) - 1n },
      { nonce: 1n << 128n },
      { sender: 1 },
    ],
    accounts: { [SENDERS[0]]: { balance: ETHER, nonce: LAST_NONCE } },
    expected: [
      'executed',
      'nonce at its limit',
      'nonce at its limit',
      'nonce at its limit',
      'nonce of more than 128 bits',
      'executed',
    ],
  },
  'other chains': {
    transactions: [{ chainId: 2n }, { chainId: LARGEST }, {}],
    expected: ['wrong chain id', 'wrong chain id', 'executed'],
  },
  'what a signature may be of, and a library refuses to build': {
    transactions: [
      { gas: CAP + 1n },
      { type: 0, gas: CAP + 1n },
      { type: 0, gas: CAP + 1n, isOfAnyChain: true },
      { type: 1, gas: CAP + 1n },
      { chainId: 2n },
      { type: 0, chainId: 2n },
      { type: 1, chainId: 1n << 64n },
      { type: 0, chainId: 1n << 100n },
      { type: 0, maxFeePerGas: LARGEST },
      { type: 1, maxFeePerGas: GWEI },
      { gas: 20_999n },
      { type: 0 },
      { type: 0, isOfAnyChain: true, nonce: 1n },
      { type: 1, nonce: 2n },
    ],
    timestamp: OSAKA_TIME,
    expected: [
      'gas limit above transaction cap',
      'gas limit above transaction cap',
      'gas limit above transaction cap',
      'gas limit above transaction cap',
      'wrong chain id',
      'wrong chain id',
      'wrong chain id',
      'wrong chain id',
      'balance too low',
      'max fee below base fee',
      'gas limit too low',
      'executed',
      'executed',
      'executed',
    ],
  },
  'what is no plain transfer': {
    transactions: [
      { to: null },
      { type: 3 },
      { type: 4, to: null },
      { type: 4 },
      { input: '0x00' },
      { accessList: [{ address: RECIPIENT, storageKeys: [] }] },
      { to: `0x${'0'.repeat(39)}1` },
      { to: `0x${'0'.repeat(37)}100` },
      {},
    ],
    expected: [
      'creates a contract',
      'type above 2',
      'type above 2',
      'type above 2',
      'call data',
      'access list',
      'recipient is a precompile',
      'recipient is a precompile',
      'executed',
    ],
  },
  'types before the base fee': {
    transactions: [{}, { sender: 1, type: 0 }, { sender: 2, type: 0, isOfAnyChain: true }],
    number: 11_800_000n,
    timestamp: 1_610_000_000n,
    baseFeePerGas: 'none',
    expected: ['type 2 without a base fee', 'executed', 'executed'],
  },
  'a precompile that sends': {
    transactions: [
      { from: `0x${'0'.repeat(39)}1` },
      { from: `0x${'0'.repeat(37)}100` },
      { from: `0x${'0'.repeat(38)}12`, nonce: 1n },
      {},
    ],
    accounts: { [`0x${'0'.repeat(39)}1`]: { balance: ETHER }, [`0x${'0'.repeat(38)}12`]: {} },
    expected: ['sender is a precompile', 'sender is a precompile', 'nonce too high', 'executed'],
  },
  'accounts with more than basic data holds': {
    transactions: [
      {},
      { sender: 1, to: SENDERS[0] },
      { sender: 1 },
      { sender: 1, nonce: 1n, to: MINER },
      { sender: 2 },
      { sender: 1, nonce: 1n, to: ABUNDANT },
    ],
    accounts: {
      [SENDERS[0]]: { balance: 1n << 128n },
      [SENDERS[2]]: { nonce: 1n << 64n },
      [ABUNDANT]: { balance: LARGEST - 8n },
      [MINER]: { balance: LARGEST },
    },
    expected: [
      'sender or recipient does not fit basic data',
      'sender or recipient does not fit basic data',
      'executed',
      'coinbase sends or receives',
      'sender or recipient does not fit basic data',
      'sender or recipient does not fit basic data',
    ],
  },
  'code with more bytes than basic data counts': {
    transactions: [{}, { sender: 1, to: SENDERS[0] }],
    accounts: { [SENDERS[0]]: { balance: ETHER, code: `0x${'00'.repeat(2 ** 24)}` } },
    expected: ['sender or recipient does not fit basic data', 'executed'],
  },
  'code of 23 bytes that is no delegation': {
    transactions: [{}, { sender: 1 }],
    accounts: { [SENDERS[0]]: { balance: ETHER, code: `0x${'60'.repeat(23)}` } },
    expected: ["sender's code has the size of a delegation", 'executed'],
  },
  'a recipient with code': {
    transactions: [{}],
    accounts: { [RECIPIENT]: { code: '0x60016001' } },
    expected: ['executed'],
  },
};

function outcomesOf(file: BlockFile, columnCount: number): (Outcome | undefined)[] {
  const { columns, leftOut } = blockInput(file, columnCount);
  const outcomes: (Outcome | undefined)[] = file.block.transactions.map(() => undefined);
  for (const { reason, firstIndices } of leftOut) for (const index of firstIndices) outcomes[index] = reason;
  for (const column of columns) {
    const statement = executeColumn(column);
    assert.deepEqual(runColumn(statement).statement, columnStatementDigest(statement));
    for (const [place, { blockIndex }] of column.transfers.entries())
      outcomes[blockIndex] = statement.transfers[place]?.status;
  }
  return outcomes;
}

describe('the rules of transfers', () => {
  for (const [name, { expected, ...block }] of Object.entries(CASES))
    it(name, async () => {
      const json = handmadeBlock(block);
      const file = parseBlockFile(json);
      for (const columnCount of [1, 2]) {
        assert.deepEqual(outcomesOf(file, columnCount), expected, `${columnCount} columns`);
        const input = blockInput(file, columnCount);
        const list = blockList(input);
        if (block.transactions.every(({ from }) => from === undefined)) {
          const nameless = parseBlockFile(handmadeBlock({ ...block, isNameless: true }));
          const recover = (transaction: BlockTransaction): string =>
            recoverSender(transaction, commonOf(nameless));
          assert.deepEqual(blockInput(nameless, columnCount, recover), input, 'senders are not named');
        }
        const statement = assembleBlock(input.columns.map(executeColumn), list);
        assert.deepEqual((await compareBlock(file, input.coinbase, statement)).differences, []);
        const independent = independentBlockDigest(
          json,
          list.map(({ column }) => column),
          input.columns.length,
        );
        assert.deepEqual([...blockStatementDigest(statement)].map(BigInt), independent.digest);
      }
    });

  it('leaves out a sender that no signature tells', () => {
    const file = parseBlockFile(handmadeBlock({ transactions: [{}, { sender: 1 }], isNameless: true }));
    const recover = (transaction: BlockTransaction): string => recoverSender(transaction, commonOf(file));
    assert.deepEqual(
      selectTransfers(file, recover).transfers.map(({ from }) => from),
      [SENDERS[0], SENDERS[1]],
    );
    const [first, second] = file.block.transactions;
    assert.ok(first && second);
    const broken = {
      ...file,
      block: { ...file.block, transactions: [{ ...first, r: `0x${'f'.repeat(64)}` }, second] },
    };
    const { transfers, leftOut } = selectTransfers(broken, recover);
    assert.deepEqual(
      transfers.map(({ blockIndex }) => blockIndex),
      [1],
    );
    assert.deepEqual(leftOut, [{ reason: 'sender cannot be recovered', count: 1, firstIndices: [0] }]);
    assert.throws(
      () => selectTransfers(file),
      (error) => error instanceof ChainError && error.code === 'SENDER_MISSING',
    );
  });

  it('counts what is left out, and names the first of it', () => {
    const transactions = Array.from({ length: 12 }, (_, index) => ({ input: index === 3 ? '0x' : '0x00' }));
    const { leftOut } = selectTransfers(parseBlockFile(handmadeBlock({ transactions })));
    assert.deepEqual(leftOut, [{ reason: 'call data', count: 11, firstIndices: [0, 1, 2, 4, 5, 6, 7, 8] }]);
  });

  it('reads only the type of a transaction of a type above 2', () => {
    const json = handmadeBlock({ transactions: [{}, {}, {}, {}] }) as {
      block: { transactions: Record<string, unknown>[] };
    };
    const [first, ...others] = json.block.transactions;
    const deposit = {
      type: '0x7e',
      sourceHash: '0x00',
      from: null,
      mint: 5,
      is_system_tx: false,
      gas_price: 1,
    };
    const blob = { ...others[0], type: '0x3', input: '0x', data: '0x00' };
    const file = parseBlockFile({
      ...json,
      block: { ...json.block, transactions: [first, deposit, blob, { type: '0x04', hash: '0x12' }] },
    });
    const { transfers, leftOut } = selectTransfers(file);
    assert.deepEqual(
      transfers.map(({ blockIndex }) => blockIndex),
      [0],
    );
    assert.deepEqual(leftOut, [{ reason: 'type above 2', count: 3, firstIndices: [1, 2, 3] }]);
    for (const type of ['0x2', 3, null])
      assert.throws(
        () => parseBlockFile({ ...json, block: { ...json.block, transactions: [{ ...deposit, type }] } }),
        (error) => error instanceof ChainError && error.code === 'BLOCK_FORMAT',
      );
  });

  it('counts the recipients whose code is removed', () => {
    const input = (code: string): BlockInput =>
      blockInput(
        parseBlockFile(handmadeBlock({ transactions: [{}, {}], accounts: { [RECIPIENT]: { code } } })),
        1,
      );
    assert.deepEqual(describeRemovedCodes(input('0x')), []);
    assert.deepEqual(describeRemovedCodes(input('0x60')), [
      'The code of 1 recipient is removed: the transfers to it run nothing.',
    ]);
  });

  it('refuses more transfers than a column counts', () => {
    const file = parseBlockFile(handmadeBlock({ transactions: [{}] }));
    const [first] = file.block.transactions;
    assert.ok(first);
    const withTransfers = (length: number): BlockFile => ({
      ...file,
      block: { ...file.block, transactions: Array.from({ length }, () => first) },
    });
    assert.equal(blockInput(withTransfers(65_535), 2).columns.length, 1);
    assert.throws(
      () => blockInput(withTransfers(65_536), 2),
      (error) =>
        error instanceof ChainError &&
        error.code === 'COLUMN_TRANSFERS' &&
        error.details['column'] === 0 &&
        error.details['got'] === 65_536,
    );
  });

  it('knows when Osaka begins, chain by chain', () => {
    for (const [chainId, time] of [
      [1, OSAKA_TIME],
      [11_155_111, 1_760_427_360n],
      [17_000, 1_759_308_480n],
      [560_048, 1_761_677_592n],
    ] as const) {
      assert.equal(transactionGasCap(chainId, time), CAP);
      assert.equal(transactionGasCap(chainId, time - 1n), (1n << 64n) - 1n);
    }
    assert.equal(transactionGasCap(31_337, OSAKA_TIME), (1n << 64n) - 1n);
  });
});
