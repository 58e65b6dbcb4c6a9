/** The column program against the host's execution: statuses, their order, effects, refusals, real blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockInput } from '../../chain/blockInput.ts';
import { MachineError } from '../../machine/errors.ts';
import { buildTraces, checkTraces } from '../../machine/system.ts';
import { ColumnError, type ColumnErrorCode } from '../../programs/column/errors.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import type { ColumnInput, ColumnTransfer } from '../../programs/column/input.ts';
import {
  columnStatementDigest,
  TRANSFER_STATUSES,
  type TransferStatus,
  unpackBasicData,
} from '../../programs/column/statement.ts';
import { readBlock } from '../support/blocks.ts';
import {
  accountOf,
  addressOf,
  COLUMN_PROGRAM,
  columnOf,
  ETHER,
  GWEI,
  guestDigest,
  randomColumn,
  runColumn,
  TRANSACTION_GAS_CAP,
  transferOf,
} from '../support/column.ts';
import { createRandom } from '../support/random.ts';

const SEED = 60_221;

function statusesOf(input: ColumnInput): TransferStatus[] {
  return executeColumn(input).transfers.map(({ status }) => status);
}

/** The host's and the guest's statement agree; returns the host's. */
function agreed(input: ColumnInput, message?: string): ReturnType<typeof executeColumn> {
  const statement = executeColumn(input);
  assert.deepEqual(guestDigest(input), columnStatementDigest(statement), message);
  return statement;
}

function refused(input: ColumnInput, code: ColumnErrorCode): void {
  assert.throws(
    () => executeColumn(input),
    (error: unknown) => error instanceof ColumnError && error.code === code,
    code,
  );
}

const LARGEST = (1n << 256n) - 1n;
const COST = 21_000n * 30n * GWEI;

/** For each status a change of the executed transfer and of the column, and the nearest change that is still executed. */
const CASES: readonly {
  readonly status: TransferStatus;
  readonly fails: Partial<ColumnTransfer>;
  readonly passes: Partial<ColumnTransfer>;
  readonly column?: Partial<ColumnInput>;
  readonly passingColumn?: Partial<ColumnInput>;
}[] = [
  { status: 'wrong chain id', fails: { chainId: 2n }, passes: { chainId: 1n } },
  { status: 'wrong chain id', fails: { chainId: 0n }, passes: { chainId: 1n } },
  { status: 'wrong chain id', fails: { chainId: 1n + (1n << 48n) }, passes: { chainId: 1n } },
  {
    status: 'sender has code',
    fails: {},
    passes: {},
    column: { accounts: [accountOf(0, { code: '0x00' }), accountOf(1)] },
    passingColumn: { accounts: [accountOf(0), accountOf(1)] },
  },
  { status: 'nonce too low', fails: { nonce: 6n }, passes: { nonce: 7n } },
  { status: 'nonce too high', fails: { nonce: 8n }, passes: { nonce: 7n } },
  { status: 'nonce too high', fails: { nonce: 7n + (1n << 48n) }, passes: { nonce: 7n } },
  {
    status: 'max fee below base fee',
    fails: { maxFeePerGasWei: 10n * GWEI - 1n, maxPriorityFeePerGasWei: 0n },
    passes: { maxFeePerGasWei: 10n * GWEI, maxPriorityFeePerGasWei: 0n },
  },
  {
    status: 'priority fee above max fee',
    fails: { maxPriorityFeePerGasWei: 30n * GWEI + 1n },
    passes: { maxPriorityFeePerGasWei: 30n * GWEI },
  },
  { status: 'gas limit too low', fails: { gasLimit: 20_999n }, passes: { gasLimit: 21_000n } },
  {
    status: 'balance too low',
    fails: { valueWei: ETHER - COST + 1n },
    passes: { valueWei: ETHER - COST },
  },
  {
    status: 'balance too low',
    fails: { maxFeePerGasWei: (1n << 128n) - 1n, valueWei: (1n << 128n) - 1n },
    passes: {},
  },
  { status: 'balance too low', fails: { valueWei: 1n << 128n }, passes: {} },
  { status: 'balance too low', fails: { valueWei: LARGEST }, passes: {} },
  { status: 'balance too low', fails: { maxFeePerGasWei: 1n << 255n }, passes: {} },
  { status: 'balance too low', fails: { maxFeePerGasWei: LARGEST, valueWei: LARGEST }, passes: {} },
  { status: 'priority fee above max fee', fails: { maxPriorityFeePerGasWei: LARGEST }, passes: {} },
  {
    status: 'gas limit above transaction cap',
    fails: { gasLimit: TRANSACTION_GAS_CAP + 1n },
    passes: { gasLimit: TRANSACTION_GAS_CAP },
  },
  { status: 'gas limit above transaction cap', fails: { gasLimit: 1n << 64n }, passes: {} },
  { status: 'gas limit above transaction cap', fails: { gasLimit: LARGEST }, passes: {} },
  {
    status: 'gas limit above gas left',
    fails: { gasLimit: 60_001n },
    passes: { gasLimit: 60_000n },
    column: { blockGasLimit: 60_000n },
    passingColumn: { blockGasLimit: 60_000n },
  },
  {
    status: 'gas limit above gas left',
    fails: {},
    passes: {},
    column: { blockGasLimit: 20_999n },
    passingColumn: { blockGasLimit: 21_000n },
  },
  ...[(1n << 64n) - 1n, 1n << 64n, (1n << 128n) - 1n].map((nonce) => ({
    status: 'nonce at its limit' as const,
    fails: { nonce },
    passes: { nonce: (1n << 64n) - 2n },
    column: { accounts: [accountOf(0, { nonce: (1n << 64n) - 1n }), accountOf(1)] },
    passingColumn: { accounts: [accountOf(0, { nonce: (1n << 64n) - 2n }), accountOf(1)] },
  })),
];

test('every status is proved, and its nearest neighbour is executed', () => {
  const seen = new Set<TransferStatus>(['executed']);
  for (const { status, fails, passes, column = {}, passingColumn = {} } of CASES) {
    const failing = columnOf([transferOf(fails)], column);
    const statement = agreed(failing, status);
    assert.equal(statement.transfers[0]?.status, status);
    assert.equal(statement.gasUsed, 0n);
    for (const { preValue, postValue } of statement.accessList) assert.equal(postValue, preValue);
    const passing = columnOf([transferOf(passes)], passingColumn);
    assert.deepEqual(statusesOf(passing), ['executed']);
    agreed(passing, `beside ${status}`);
    seen.add(status);
  }
  assert.equal(seen.size, TRANSFER_STATUSES.length);
});

test('statuses are tested in the fixed order', () => {
  // Everything is wrong; the repairs make one condition after the other hold.
  const poor = [accountOf(0, { code: '0x6000', balanceWei: 1n }), accountOf(1)];
  const noCode = [accountOf(0, { balanceWei: 1n }), accountOf(1)];
  const steps: [TransferStatus, Partial<ColumnTransfer>, ColumnInput['accounts']][] = [
    ['wrong chain id', {}, poor],
    ['sender has code', { chainId: 1n }, poor],
    ['nonce at its limit', {}, noCode],
    ['nonce too low', { nonce: 6n }, noCode],
    ['nonce too high', { nonce: 8n }, noCode],
    ['max fee below base fee', { nonce: 7n }, noCode],
    ['priority fee above max fee', { maxFeePerGasWei: 10n * GWEI }, noCode],
    ['gas limit too low', { maxPriorityFeePerGasWei: 1n }, noCode],
    ['gas limit above transaction cap', { gasLimit: 30_001n }, noCode],
    ['gas limit above gas left', { gasLimit: 25_001n }, noCode],
    ['balance too low', { gasLimit: 25_000n }, noCode],
    ['executed', {}, [accountOf(0), accountOf(1)]],
  ];
  let transfer = transferOf({
    chainId: 5n,
    nonce: 1n << 64n,
    maxFeePerGasWei: 9n * GWEI,
    maxPriorityFeePerGasWei: 20n * GWEI,
    gasLimit: 1n,
  });
  for (const [status, repair, accounts] of steps) {
    transfer = { ...transfer, ...repair };
    const limits = { blockGasLimit: 25_000n, transactionGasCap: 30_000n };
    const statement = agreed(columnOf([transfer], { accounts, ...limits }), status);
    assert.equal(statement.transfers[0]?.status, status);
  }
});

test('the gas of executed transfers is taken from the block, that of others is not', () => {
  const fields = { maxFeePerGasWei: 10n * GWEI, maxPriorityFeePerGasWei: 0n };
  const columnWith = (last: bigint, blockGasLimit: bigint): ColumnInput =>
    columnOf(
      [
        transferOf({ ...fields, gasLimit: 30_000n }),
        transferOf({ ...fields, nonce: 99n }),
        transferOf({ ...fields, nonce: 8n }),
        transferOf({ ...fields, nonce: 9n, gasLimit: last }),
      ],
      { blockGasLimit },
    );
  const statusOf = (input: ColumnInput): TransferStatus | undefined => agreed(input).transfers.at(-1)?.status;
  assert.equal(statusOf(columnWith(58_000n, 100_000n)), 'executed');
  assert.equal(statusOf(columnWith(58_001n, 100_000n)), 'gas limit above gas left');
  // Two executed transfers have used 42,000.
  assert.equal(statusOf(columnWith(21_000n, 63_000n)), 'executed');
  assert.equal(statusOf(columnWith(21_000n, 62_999n)), 'gas limit above gas left');
});

test('a header with the largest numbers is proved, and says what it says', () => {
  const largest = { blockNumber: LARGEST, blockGasLimit: LARGEST, transactionGasCap: LARGEST };
  assert.deepEqual(
    agreed(columnOf([transferOf()], largest)).transfers.map(({ status }) => status),
    ['executed'],
  );
  const { transfers, burnedWei } = agreed(
    columnOf([transferOf()], { ...largest, baseFeePerGasWei: LARGEST }),
  );
  assert.equal(transfers[0]?.status, 'max fee below base fee');
  assert.equal(burnedWei, 0n);
  // No cap holds the gas limit down, so its product with the max fee has no word and the column no proof.
  const unbounded = columnOf([transferOf({ gasLimit: LARGEST })], largest);
  assert.equal(executeColumn(unbounded).transfers[0]?.status, 'balance too low');
  assert.throws(() => guestDigest(unbounded), MachineError);
});

test('the coinbase is no party, and every account listed is one', () => {
  const to = (address: string): ColumnInput =>
    columnOf([transferOf({ to: address })], {
      coinbase: addressOf(1),
      accounts: [accountOf(0), accountOf(1)],
    });
  for (const [transfers, transfer] of [
    [[transferOf()], 0],
    [[transferOf({ to: addressOf(2) }), transferOf({ from: addressOf(1), to: addressOf(2) })], 1],
    [[transferOf({ from: addressOf(1) })], 0],
  ] as const)
    assert.throws(
      () => executeColumn(columnOf(transfers, { coinbase: addressOf(1) })),
      (error: unknown) => {
        assert.ok(error instanceof ColumnError);
        assert.equal(error.code, 'COINBASE_IS_PARTY');
        assert.deepEqual(error.details, { transfer, address: addressOf(1) });
        return true;
      },
    );
  refused(to(addressOf(0)), 'ACCOUNT_WITHOUT_TRANSFER');
  // Coinbases before, between and after the accounts.
  for (const coinbase of [`0x${'0'.repeat(40)}`, `0x0001${'f'.repeat(36)}`, `0x${'f'.repeat(40)}`])
    agreed(columnOf([transferOf()], { coinbase }), coinbase);
});

test('known answer: the digest of a small column', () => {
  // Computed by this code once; a change of the statement's layout must change COLUMN_VERSION and this digest.
  const statement = agreed(
    columnOf([transferOf(), transferOf({ from: addressOf(2), to: addressOf(3), nonce: 9n })]),
  );
  assert.deepEqual(
    [...columnStatementDigest(statement)],
    [655674030, 2060646608, 1243430128, 589304287, 360038630, 191136949, 974494197, 122429244],
  );
});

test('value, fees, burn and nonce move as they should', () => {
  const statement = agreed(
    columnOf([transferOf(), transferOf({ nonce: 8n, maxPriorityFeePerGasWei: 30n * GWEI })]),
  );
  const after = new Map(
    statement.accessList.map(({ address, postValue }) => [address, unpackBasicData(postValue)]),
  );
  // The first pays base fee + 2 gwei, the second its max fee.
  assert.deepEqual(after.get(addressOf(0)), {
    balanceWei: ETHER - 2_000_000n - 21_000n * 12n * GWEI - 21_000n * 30n * GWEI,
    nonce: 9n,
    codeSize: 0,
  });
  assert.deepEqual(after.get(addressOf(1)), { balanceWei: ETHER + 2_000_000n, nonce: 7n, codeSize: 0 });
  assert.equal(statement.gasUsed, 42_000n);
  assert.equal(statement.priorityFeesWei, 21_000n * 22n * GWEI);
  assert.equal(statement.burnedWei, 42_000n * 10n * GWEI);
});

test('a transfer to oneself costs its fee and nothing else', () => {
  const statement = agreed(columnOf([transferOf({ to: addressOf(0), valueWei: ETHER / 2n })]));
  assert.deepEqual(statusesOf(columnOf([transferOf({ to: addressOf(0), valueWei: ETHER / 2n })])), [
    'executed',
  ]);
  const { postValue } = statement.accessList[0]!;
  assert.deepEqual(unpackBasicData(postValue), {
    balanceWei: ETHER - 21_000n * 12n * GWEI,
    nonce: 8n,
    codeSize: 0,
  });
});

test('a first credit creates an account, a zero value does not', () => {
  const accounts = [accountOf(0), accountOf(1, { nonce: 0n, balanceWei: 0n })];
  const created = agreed(columnOf([transferOf({ valueWei: 1n })], { accounts }));
  assert.equal(created.accessList[1]?.preValue, 0n);
  assert.equal(created.accessList[1]?.postValue, 1n);
  const untouched = agreed(columnOf([transferOf({ valueWei: 0n })], { accounts }));
  assert.equal(untouched.transfers[0]?.status, 'executed');
  assert.equal(untouched.accessList[1]?.postValue, 0n);
  // What was received can be spent in the same column.
  const spent = agreed(
    columnOf(
      [transferOf({ valueWei: ETHER / 2n }), transferOf({ from: addressOf(1), to: addressOf(0), nonce: 0n })],
      { accounts },
    ),
  );
  assert.deepEqual(
    spent.transfers.map(({ status }) => status),
    ['executed', 'executed'],
  );
});

test('the addresses around the precompiles, the zero address and the last one are accounts', () => {
  const last = `0x${'f'.repeat(40)}`;
  for (const value of [0n, 0x12n, 0xffn, 0x101n, 0x10000n, 1n << 144n]) {
    const to = `0x${value.toString(16).padStart(40, '0')}`;
    const accounts = [accountOf(0), accountOf(1, { address: to }), accountOf(2, { address: last })];
    agreed(columnOf([transferOf({ to }), transferOf({ to: last, nonce: 8n })], { accounts }), to);
  }
});

test('jobs are refused with a code', () => {
  const accounts = [accountOf(0), accountOf(1)];
  const one = [transferOf()];
  refused(columnOf([]), 'EMPTY_COLUMN');
  refused(columnOf(one, { accounts: [accountOf(0)] }), 'MISSING_ACCOUNT');
  refused(columnOf(one, { accounts: [...accounts, accountOf(1)] }), 'DUPLICATE_ACCOUNT');
  refused(columnOf(one, { accounts: [accountOf(0), accountOf(1, { code: '0x00' })] }), 'RECIPIENT_HAS_CODE');
  const delegation = `0xef0100${'11'.repeat(20)}`;
  refused(columnOf(one, { accounts: [accountOf(0, { code: delegation }), accountOf(1)] }), 'DELEGATION');
  for (const value of [1n, 0x11n, 0x100n]) {
    const address = `0x${value.toString(16).padStart(40, '0')}`;
    refused(
      columnOf([transferOf({ to: address })], { accounts: [accountOf(0), accountOf(1, { address })] }),
      'PRECOMPILE',
    );
  }
  refused(columnOf([transferOf({ nonce: 1n << 128n })]), 'QUANTITY_RANGE');
  refused(columnOf([transferOf({ valueWei: 1n << 256n })]), 'QUANTITY_RANGE');
  refused(columnOf([transferOf()], { transactionGasCap: 1n << 256n }), 'QUANTITY_RANGE');
  refused(columnOf([transferOf()], { coinbase: '0x12' }), 'MALFORMED_INPUT');
  refused(columnOf([transferOf({ valueWei: -1n })]), 'QUANTITY_RANGE');
  refused(columnOf([transferOf({ to: '0xABCD' })]), 'MALFORMED_INPUT');
  const rich = [accountOf(0), accountOf(1, { balanceWei: (1n << 128n) - 10n })];
  agreed(columnOf([transferOf({ valueWei: 9n })], { accounts: rich }));
  refused(columnOf([transferOf({ valueWei: 10n })], { accounts: rich }), 'BALANCE_OVERFLOW');
});

test('guest and host agree on random columns', () => {
  const random = createRandom(SEED);
  const seen = new Map<TransferStatus, number>();
  for (let round = 0; round < 40; round++) {
    const input = randomColumn(random, 1 + random.below(12));
    for (const { status } of agreed(input, `round ${round} of seed ${SEED}`).transfers)
      seen.set(status, (seen.get(status) ?? 0) + 1);
  }
  for (const status of TRANSFER_STATUSES) assert.ok((seen.get(status) ?? 0) > 0, `${status} never occurred`);
});

test('the trace of a column with every kind of transfer satisfies every table', () => {
  const input = randomColumn(createRandom(SEED + 1), 24);
  const statement = executeColumn(input);
  const execution = runColumn(statement);
  const verdict = checkTraces(
    COLUMN_PROGRAM,
    buildTraces(COLUMN_PROGRAM, execution),
    columnStatementDigest(statement),
  );
  assert.deepEqual(verdict, { ok: true });
});

test('the columns of real blocks have the expected statuses', () => {
  const expected: [number, number, Partial<Record<TransferStatus, number>>][] = [
    [19933122, 8, { executed: 16 }],
    [19932703, 8, { executed: 52, 'nonce too high': 5 }],
  ];
  for (const [number, columnCount, counts] of expected) {
    const seen: Partial<Record<TransferStatus, number>> = {};
    for (const column of blockInput(readBlock(number), columnCount).columns)
      for (const { status } of agreed(column, `block ${number}`).transfers)
        seen[status] = (seen[status] ?? 0) + 1;
    assert.deepEqual(seen, counts);
  }
});

test('1,410 transfers fit: a class of 1,408 has a cpu table of 2^17 rows and a hash table of 2^15', () => {
  const { columns } = blockInput(readBlock(13287210), 8);
  assert.equal(columns.length, 3);
  const statements = columns.map((column) => executeColumn(column));
  assert.equal(
    statements.flatMap(({ transfers }) => transfers).filter(({ status }) => status === 'executed').length,
    1410,
  );
  const largest = statements.toSorted((left, right) => right.transfers.length - left.transfers.length)[0]!;
  const execution = runColumn(largest);
  assert.deepEqual(execution.statement, columnStatementDigest(largest));
  assert.ok(execution.pc.length <= 2 ** 17, `${execution.pc.length} cycles`);
  const hashRows = 17 * largest.transfers.length + 6 * largest.accessList.length + 16;
  assert.ok(hashRows <= 2 ** 15, `${hashRows} hash rows`);
});
