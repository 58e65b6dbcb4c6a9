/** Provers that lie to the column program: no run, or another statement. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineError, type MachineErrorCode } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { buildTraces, checkTraces } from '../../machine/system.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { columnHints, HINT } from '../../programs/column/hints.ts';
import {
  accessKey,
  accessListDigest,
  type ColumnStatement,
  columnStatementDigest,
  limbsOf,
  packBasicData,
  TRANSFER_STATUSES,
  type TransferStatus,
  transfersDigest,
} from '../../programs/column/statement.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import {
  accountOf,
  addressOf,
  COLUMN_PROGRAM,
  columnOf,
  ETHER,
  GWEI,
  runColumn,
  transferOf,
} from '../support/column.ts';

/** Three transfers of which the second has a nonce too high. */
const HONEST = executeColumn(
  columnOf([
    transferOf(),
    transferOf({ from: addressOf(2), to: addressOf(3), nonce: 9n }),
    transferOf({ from: addressOf(1), to: addressOf(0), valueWei: ETHER / 2n }),
  ]),
);
const DIGEST = columnStatementDigest(HONEST);

function fails(
  statement: ColumnStatement,
  replaced: HintFunctions,
  code: MachineErrorCode,
  message?: string,
): void {
  assert.throws(
    () => runColumn(statement, replaced),
    (error: unknown) => {
      assert.ok(error instanceof MachineError, message);
      assert.equal(error.code, code, message);
      return true;
    },
    message,
  );
}

function differs(execution: ExecutionTrace, message?: string): void {
  assert.notDeepEqual(execution.statement, DIGEST, message);
}

/** A hint of the honest statement with some words replaced, on the iteration with `remaining` left. */
function altered(name: string, remaining: number, words: Readonly<Record<number, number>>): HintFunctions {
  const honest = columnHints(HONEST)[name]!;
  return {
    [name]: (inputs, memory) => {
      const answer = Uint32Array.from(honest(inputs, memory));
      if (inputs.length === 0 || inputs[0] === remaining)
        for (const [index, word] of Object.entries(words)) answer[Number(index)] = word;
      return answer;
    },
  };
}

test('control: the honest hints give the statement', () => {
  assert.deepEqual(runColumn(HONEST).statement, DIGEST);
  assert.deepEqual(
    HONEST.transfers.map(({ status }) => status),
    ['executed', 'nonce too high', 'executed'],
  );
});

test('A48: limbs out of range are refused in every hinted word', () => {
  for (const limb of [0, 7, 15, 16, 31, 47, 48, 63, 64, 79, 80, 95])
    fails(HONEST, altered(HINT.BLOCK, 0, { [limb]: 65_536 }), 'CALL_FAILED');
  for (const limb of [0, 16, 32, 48, 63])
    fails(HONEST, altered(HINT.AMOUNTS, 3, { [limb]: MODULUS - 1 }), 'CALL_FAILED', `amount ${limb}`);
  for (const limb of [0, 15, 16, 23, 32]) {
    const replaced = altered(HINT.ITEM, 2, { [limb]: 70_000 });
    // A wide limb of a key may fail the order first.
    assert.throws(() => runColumn(HONEST, replaced), MachineError, `item ${limb}`);
  }
  for (const limb of [0, 16, 31]) fails(HONEST, altered(HINT.CLAIMS, 2, { [limb]: 65_536 }), 'CALL_FAILED');
});

test('R58: a place outside of the access list has no account', () => {
  for (const place of [4, 5, MODULUS - 1]) {
    fails(HONEST, altered(HINT.TRANSFER, 3, { 0: place }), 'CALL_FAILED', `sender ${place}`);
    fails(HONEST, altered(HINT.TRANSFER, 3, { 1: place }), 'CALL_FAILED', `recipient ${place}`);
  }
});

test('R58: another place in the access list is another transfer', () => {
  for (const recipient of [0, 2, 3]) differs(runColumn(HONEST, altered(HINT.TRANSFER, 3, { 1: recipient })));
  for (const sender of [2, 3]) differs(runColumn(HONEST, altered(HINT.TRANSFER, 3, { 0: sender })));
  // Account 1 as the sender of the first transfer spends the nonce that its own transfer needs: still another statement.
  differs(runColumn(HONEST, altered(HINT.TRANSFER, 3, { 0: 1 })));
});

test('L41: an access list that is not strictly ascending is refused', () => {
  const [first, second, ...rest] = HONEST.accessList as [never, never, ...never[]];
  fails({ ...HONEST, accessList: [second, first, ...rest] }, {}, 'CALL_FAILED', 'swapped');
  fails({ ...HONEST, accessList: [first, first, second, ...rest] }, {}, 'CALL_FAILED', 'duplicate');
  // The same account with two balances.
  const twice = { ...HONEST.accessList[0]!, preValue: HONEST.accessList[0]!.preValue + 1n };
  fails(
    { ...HONEST, accessList: [HONEST.accessList[0]!, twice, ...HONEST.accessList.slice(1)] },
    {},
    'CALL_FAILED',
    'two balances',
  );
});

test('an item whose zeros or version are not zero is refused', () => {
  const record = 16;
  for (let word = 0; word < 8; word++)
    fails(HONEST, altered(HINT.ITEM, 0, { [record + 8 + word]: 1 }), 'RELATION_FAILED', `zero ${word}`);
  for (const word of [6, 7])
    fails(HONEST, altered(HINT.ITEM, 0, { [record + 16 + word]: 1 }), 'RELATION_FAILED', `version ${word}`);
});

test('another pre-value, or an item more or less, is another statement', () => {
  differs(runColumn(HONEST, altered(HINT.ITEM, 0, { 16: 1 })));
  const { accessList } = HONEST;
  fails({ ...HONEST, accessList: accessList.slice(0, 3) }, UNLISTED_PARTY, 'CALL_FAILED');
});

/** A place that the access list does not have, where the honest hints would not name one. */
const UNLISTED_PARTY: HintFunctions = {
  [HINT.TRANSFER]: ([remaining]) => (remaining === 2 ? [2, 3, 4] : remaining === 3 ? [0, 1, 0] : [1, 0, 0]),
};

test('an item that no transfer names cannot be listed', () => {
  const bystander = { ...HONEST.accessList[3]!, address: addressOf(9) };
  for (const accessList of [
    [...HONEST.accessList, bystander],
    [{ ...bystander, address: `0x${'0'.repeat(40)}` }, ...HONEST.accessList],
  ])
    fails({ ...HONEST, accessList }, {}, 'DIVISION_BY_ZERO');
  // The accounts of the skipped transfer are named by it alone; without it they cannot stay.
  const { transfers } = HONEST;
  fails({ ...HONEST, transfers: [transfers[0]!, transfers[2]!] }, {}, 'DIVISION_BY_ZERO');
});

test('a key is that of basic data: no other slot can be listed', () => {
  for (const place of [0, 2])
    for (const limb of [0, 1, 2, 3, 4, 5])
      for (const word of [0, 2, 65_535])
        if (limb > 0 || word !== 1)
          if (limb === 0 || word !== 0)
            fails(HONEST, altered(HINT.ITEM, place, { [limb]: word }), 'RELATION_FAILED', `${limb} ${word}`);
  for (const limb of [0, 1, 5])
    fails(HONEST, altered(HINT.BLOCK, 0, { [48 + limb]: 2 }), 'RELATION_FAILED', `coinbase ${limb}`);
});

test('the coinbase cannot be listed, wherever the list is divided', () => {
  const count = HONEST.accessList.length;
  for (const { address } of HONEST.accessList)
    for (let before = 0; before <= count; before++)
      fails(
        { ...HONEST, coinbase: address },
        { [HINT.COUNTS]: () => [HONEST.transfers.length, count, before] },
        'CALL_FAILED',
        `${address} behind ${before}`,
      );
  // Another division than the coinbase's place has no proof: the count is no free word.
  const honest = columnHints(HONEST)[HINT.COUNTS]!([], undefined as never)[2]!;
  for (let before = 0; before <= count; before++)
    if (before !== honest)
      fails(
        HONEST,
        { [HINT.COUNTS]: () => [HONEST.transfers.length, count, before] },
        'CALL_FAILED',
        `divided behind ${before}`,
      );
});

test('a column has at most 65,535 transfers', () => {
  const counts = (transfers: number): HintFunctions => ({
    [HINT.COUNTS]: () => [transfers, HONEST.accessList.length, HONEST.accessList.length],
  });
  for (const transfers of [65_536, MODULUS - 1]) fails(HONEST, counts(transfers), 'CALL_FAILED');
});

test('the gas that is left cannot be chosen', () => {
  // Three transfers in a block that has gas for two: whatever the third is said to be, only the truth has a proof.
  const transfers = [7n, 8n, 9n].map((nonce) => transferOf({ nonce }));
  const statement = executeColumn(columnOf(transfers, { blockGasLimit: 62_999n }));
  assert.deepEqual(
    statement.transfers.map(({ status }) => status),
    ['executed', 'executed', 'gas limit above gas left'],
  );
  assert.deepEqual(runColumn(statement).statement, columnStatementDigest(statement));
  for (let code = 0; code < TRANSFER_STATUSES.length; code++) {
    if (TRANSFER_STATUSES[code] === 'gas limit above gas left') continue;
    const claim: HintFunctions = {
      [HINT.TRANSFER]: ([remaining]) => [0, 1, remaining === 1 ? code : 0],
    };
    assert.throws(() => runColumn(statement, claim), MachineError, TRANSFER_STATUSES[code]);
  }
  // And the first two cannot be refused for it.
  const early: HintFunctions = { [HINT.TRANSFER]: ([remaining]) => [0, 1, remaining === 3 ? 0 : 10] };
  fails(statement, early, 'RELATION_FAILED');
});

/** For each status a column whose only transfer has it. */
function columnWith(status: TransferStatus): ColumnStatement {
  const fields = {
    executed: {},
    'wrong chain id': { chainId: 2n },
    'sender has code': {},
    'nonce too low': { nonce: 6n },
    'nonce too high': { nonce: 8n },
    'max fee below base fee': { maxFeePerGasWei: 9n * GWEI },
    'priority fee above max fee': { maxPriorityFeePerGasWei: 31n * GWEI },
    'gas limit too low': { gasLimit: 20_999n },
    'balance too low': { valueWei: ETHER },
    'gas limit above transaction cap': { gasLimit: (1n << 24n) + 1n },
    'gas limit above gas left': { gasLimit: 50_001n },
    'nonce at its limit': { nonce: 1n << 64n },
  }[status];
  const accounts = [accountOf(0, status === 'sender has code' ? { code: '0x6001' } : {}), accountOf(1)];
  const blockGasLimit = status === 'gas limit above gas left' ? 50_000n : 30_000_000n;
  const statement = executeColumn(columnOf([transferOf(fields)], { accounts, blockGasLimit }));
  assert.equal(statement.transfers[0]?.status, status);
  return statement;
}

test('no status can be claimed in place of another', () => {
  for (const actual of TRANSFER_STATUSES)
    for (const claimed of TRANSFER_STATUSES) {
      if (claimed === actual) continue;
      const statement = columnWith(actual);
      const claim: HintFunctions = {
        [HINT.TRANSFER]: () => [0, 1, TRANSFER_STATUSES.indexOf(claimed)],
      };
      let lie: ExecutionTrace | undefined;
      try {
        lie = runColumn(statement, claim);
      } catch (error) {
        assert.ok(error instanceof MachineError, `${actual} as ${claimed}`);
      }
      // A transfer of another chain id or nonce can be "executed" only as one of the block's chain id and the sender's nonce.
      if (lie === undefined) {
        assert.ok(!(claimed === 'executed' && /chain|nonce/.test(actual)), `${actual} as ${claimed}`);
        continue;
      }
      assert.ok(claimed === 'executed' && /chain|nonce/.test(actual), `${actual} as ${claimed}`);
      const transfers = statement.transfers.map((transfer) => ({ ...transfer, status: claimed }));
      const claimedStatement = { ...statement, transfers };
      assert.notDeepEqual(lie.statement, columnStatementDigest(statement));
      assert.notDeepEqual(lie.statement, columnStatementDigest(claimedStatement));
      const repaired = executeColumn(columnOf([transferOf()], { accounts: [accountOf(0), accountOf(1)] }));
      assert.deepEqual(
        lie.statement,
        columnStatementDigest(repaired),
        'it proves the honest transfer instead',
      );
    }
});

test('a status that does not exist is refused', () => {
  for (const code of [12, 13, MODULUS - 1])
    fails(HONEST, altered(HINT.TRANSFER, 2, { 2: code }), 'RELATION_FAILED', `status ${code}`);
});

test('a skipped transfer cannot hide its chain id or nonce', () => {
  // The claim "nonce too high" with other nonces and chain ids.
  differs(runColumn(HONEST, altered(HINT.CLAIMS, 2, { 16: 10 })));
  fails(HONEST, altered(HINT.CLAIMS, 2, { 16: 7 }), 'RELATION_FAILED', 'the right nonce');
  fails(HONEST, altered(HINT.CLAIMS, 2, { 0: 3 }), 'RELATION_FAILED', 'another chain id');
  // Nothing stands below the nonce in the digest, and it has no more than 128 bits.
  for (const limb of [24, 31])
    fails(HONEST, altered(HINT.CLAIMS, 2, { [limb]: 1 }), 'CALL_FAILED', `limb ${limb}`);
});

test('a hidden skip: fewer or more transfers are another statement', () => {
  const short = { ...HONEST, transfers: HONEST.transfers.slice(0, 2) };
  differs(runColumn(short));
  // The count alone: the loop then ends a transfer early.
  const counts: HintFunctions = { [HINT.COUNTS]: () => [2, 4, 4] };
  differs(runColumn(HONEST, counts));
});

test('a recipient with code, and a precompile, cannot be proved', () => {
  const plain = executeColumn(columnOf([transferOf()], { accounts: [accountOf(0), accountOf(1)] }));
  const coded = plain.accessList.map((item, index) =>
    index === 1 ? { ...item, preValue: packBasicData(ETHER, 7n, 5) } : item,
  );
  fails({ ...plain, accessList: coded }, {}, 'RELATION_FAILED', 'small code');
  const large = plain.accessList.map((item, index) =>
    index === 1 ? { ...item, preValue: packBasicData(ETHER, 7n, 65_536) } : item,
  );
  fails({ ...plain, accessList: large }, {}, 'RELATION_FAILED', 'large code');
  for (const precompile of [1n, 9n, 0x11n, 0x100n]) {
    const address = `0x${precompile.toString(16).padStart(40, '0')}`;
    const statement = {
      ...plain,
      transfers: [{ ...plain.transfers[0]!, to: address }],
      accessList: [{ ...plain.accessList[1]!, address }, plain.accessList[0]!],
    };
    fails(statement, {}, 'DIVISION_BY_ZERO', address);
  }
});

test('a sender with a code of 23 bytes can be neither executed nor skipped', () => {
  const plain = executeColumn(columnOf([transferOf()], { accounts: [accountOf(0), accountOf(1)] }));
  const accessList = plain.accessList.map((item, index) =>
    index === 0 ? { ...item, preValue: packBasicData(ETHER, 7n, 23) } : item,
  );
  fails({ ...plain, accessList }, {}, 'RELATION_FAILED', 'executed');
  const transfers = plain.transfers.map((each) => ({ ...each, status: 'sender has code' as const }));
  fails({ ...plain, accessList, transfers }, {}, 'DIVISION_BY_ZERO', 'skipped');
});

test('A48: a code size that is 0 modulo p is no absence of code', () => {
  const statement = columnWith('nonce too high');
  const accessList = statement.accessList.map((item, index) =>
    index === 0 ? { ...item, preValue: packBasicData(ETHER, 7n, MODULUS) } : item,
  );
  fails({ ...statement, accessList }, {}, 'RELATION_FAILED', 'skipped for its nonce');
  const transfers = statement.transfers.map((each) => ({ ...each, status: 'sender has code' as const }));
  assert.doesNotThrow(() => runColumn({ ...statement, accessList, transfers }));
});

test('a balance past 2^128 and a nonce past 2^64 - 1 cannot be proved', () => {
  const plain = executeColumn(
    columnOf([transferOf({ valueWei: 10n })], { accounts: [accountOf(0), accountOf(1)] }),
  );
  const rich = plain.accessList.map((item, index) =>
    index === 1 ? { ...item, preValue: packBasicData((1n << 128n) - 10n, 7n, 0) } : item,
  );
  fails({ ...plain, accessList: rich }, {}, 'CELL_CONFLICT', 'balance');
  const old = (1n << 64n) - 1n;
  const worn = plain.accessList.map((item, index) =>
    index === 0 ? { ...item, preValue: packBasicData(ETHER, old, 0) } : item,
  );
  fails({ ...plain, accessList: worn }, {}, 'RELATION_FAILED', 'nonce');
});

test('T2: every field of the statement moves the digest', () => {
  const variants: ColumnStatement[] = [
    { ...HONEST, chainId: 2n },
    { ...HONEST, blockNumber: 12_346n },
    { ...HONEST, baseFeePerGasWei: 10n * GWEI + 1n },
    { ...HONEST, coinbase: addressOf(8) },
    { ...HONEST, blockGasLimit: HONEST.blockGasLimit + 1n },
    { ...HONEST, transactionGasCap: HONEST.transactionGasCap - 1n },
    { ...HONEST, gasUsed: 42_001n },
    { ...HONEST, priorityFeesWei: HONEST.priorityFeesWei + 1n },
    { ...HONEST, burnedWei: HONEST.burnedWei - 1n },
    { ...HONEST, transfers: HONEST.transfers.toReversed() },
    { ...HONEST, accessList: HONEST.accessList.toReversed() },
  ];
  const [transfer, ...transfers] = HONEST.transfers;
  for (const field of [
    'chainId',
    'nonce',
    'gasLimit',
    'maxFeePerGasWei',
    'maxPriorityFeePerGasWei',
    'valueWei',
  ] as const)
    variants.push({ ...HONEST, transfers: [{ ...transfer!, [field]: transfer![field] + 1n }, ...transfers] });
  for (const field of ['from', 'to'] as const)
    variants.push({ ...HONEST, transfers: [{ ...transfer!, [field]: addressOf(3) }, ...transfers] });
  variants.push({ ...HONEST, transfers: [{ ...transfer!, status: 'balance too low' }, ...transfers] });
  const [item, ...items] = HONEST.accessList;
  for (const field of ['slot', 'preValue', 'postValue'] as const)
    variants.push({ ...HONEST, accessList: [{ ...item!, [field]: item![field] + 1n }, ...items] });
  variants.push({ ...HONEST, accessList: [{ ...item!, address: addressOf(8) }, ...items] });
  const digests = new Set([DIGEST, ...variants.map(columnStatementDigest)].map((digest) => digest.join()));
  assert.equal(digests.size, variants.length + 1);
});

test('H61: lists of different lengths never hash the same rows', () => {
  const empty = { ...HONEST, transfers: [], accessList: [] };
  const digests = [0, 1, 2, 3].map((count) => transfersDigest(HONEST.transfers.slice(0, count)).join());
  assert.equal(new Set(digests).size, 4);
  // The item of the least key is not the same as none.
  const zeroItem = { address: `0x${'0'.repeat(40)}`, slot: 0n, preValue: 0n, postValue: 0n };
  assert.deepEqual(limbsOf(accessKey(zeroItem.address, zeroItem.slot)), limbsOf(1n));
  assert.notDeepEqual(accessListDigest([zeroItem]), accessListDigest([]));
  assert.notDeepEqual(
    columnStatementDigest(empty),
    columnStatementDigest({ ...empty, accessList: [zeroItem] }),
  );
});

test('H61: different places have different keys, in the order of addresses, then slots', () => {
  const addresses = [
    `0x${'0'.repeat(40)}`,
    addressOf(0),
    `0x${'0'.repeat(39)}1`,
    `0x${'f'.repeat(40)}`,
  ].sort();
  const slots = [0n, 1n, 2n ** 95n, 2n ** 96n - 2n];
  const keys = addresses.flatMap((address) => slots.map((slot) => accessKey(address, slot)));
  for (let index = 1; index < keys.length; index++) assert.ok(keys[index]! > keys[index - 1]!, String(index));
  assert.ok(keys[0]! > 0n && keys.at(-1)! < 2n ** 256n);
  // The first slot that has none would share its key with what is before the next address.
  for (const slot of [-1n, 2n ** 96n - 1n, 2n ** 96n])
    assert.throws(() => accessKey(addresses[0]!, slot), RangeError, String(slot));
  for (const address of [`0x1${'0'.repeat(40)}`, '-1'])
    assert.throws(() => accessKey(address, 0n), RangeError, address);
});

test('H62: the chains of transfers, pre-values, post-values and statement start apart', () => {
  assert.notDeepEqual(transfersDigest([]), accessListDigest([]));
});

test('H63: all 8 words of the guest statement are bound to memory row 0', () => {
  const execution = runColumn(HONEST);
  const traces = buildTraces(COLUMN_PROGRAM, execution);
  assert.deepEqual(checkTraces(COLUMN_PROGRAM, traces, DIGEST), { ok: true });
  for (let word = 0; word < 8; word++) {
    const claimed = DIGEST.slice();
    claimed[word] = (claimed[word]! + 1) % MODULUS;
    const verdict = checkTraces(COLUMN_PROGRAM, traces, claimed);
    assert.equal(verdict.ok, false, `word ${word}`);
  }
});

test('a memory image with another post-state, status or sum violates the tables', () => {
  const execution = runColumn(HONEST);
  const lookFor = (words: Uint32Array): number => {
    for (let start = 0; start + words.length <= execution.memory.length; start += 8)
      if (words.every((word, index) => execution.memory[start + index] === word)) return start;
    return -1;
  };
  const post = limbsOf(HONEST.accessList[1]!.postValue);
  const targets: [string, number][] = [
    ['a post-balance', lookFor(post.subarray(0, 8))],
    ['the gas', lookFor(limbsOf(HONEST.gasUsed))],
    ['the priority fees', lookFor(limbsOf(HONEST.priorityFeesWei))],
    ['a pre-value', lookFor(limbsOf(HONEST.accessList[0]!.preValue).subarray(0, 8))],
  ];
  for (const [what, address] of targets) {
    assert.ok(address > 0, what);
    const memory = execution.memory.slice();
    memory[address] = (memory[address]! + 1) % 65_536;
    const verdict = checkTraces(
      COLUMN_PROGRAM,
      buildTraces(COLUMN_PROGRAM, { ...execution, memory }),
      DIGEST,
    );
    assert.equal(verdict.ok, false, what);
  }
});
