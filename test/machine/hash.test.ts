/** The hash table: known answers, every constraint, and the cheating provers of its runs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import { MAIN_COLUMNS, SBOX_COLUMN } from '../../machine/hash/columns.ts';
import { completeHashTrace, hashTable } from '../../machine/hash/table.ts';
import { TAG } from '../../machine/instruction.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import {
  createMemory,
  oneCellMutations,
  runCalls,
  type TracedTable,
  traceCalls,
  withCell,
  writeRow,
} from '../support/callTable.ts';
import { createRandom } from '../support/random.ts';

const air = hashTable.air;
const SEED = 20_251;

/** Calls: ONE, CHAIN of 5, ONE, CHAIN of 1, CHAIN of 3; 11 rows, then padding. */
function sample(): TracedTable & { readonly outputs: Uint32Array[] } {
  const random = createRandom(SEED);
  const memory = createMemory(512);
  for (let row = 0; row < 16; row++) writeRow(memory, 8 * row, random.words(8));
  const calls = runCalls(hashTable, memory, [
    { tag: TAG.HASH_ONE, a: 0, b: 8, c: 256 },
    { tag: TAG.HASH_CHAIN, a: 16, b: 24, c: 264, d: 5 },
    { tag: TAG.HASH_ONE, a: 256, b: 256, c: 272 },
    { tag: TAG.HASH_CHAIN, a: 8, b: 0, c: 280, d: 1 },
    { tag: TAG.HASH_CHAIN, a: 0, b: 40, c: 288, d: 3 },
  ]);
  return {
    ...traceCalls(hashTable, calls, memory.image),
    outputs: Array.from({ length: 5 }, (_, index) => memory.image.slice(256 + 8 * index, 264 + 8 * index)),
  };
}

test('ONE and CHAIN give what compress gives, and their trace is accepted', () => {
  const random = createRandom(SEED);
  const rows = Array.from({ length: 16 }, () => random.words(8));
  const chain = (state: Uint32Array, blocks: readonly Uint32Array[]): Uint32Array =>
    blocks.reduce(compress, state);
  const one = compress(rows[0]!, rows[1]!);
  const { outputs, check } = sample();
  assert.deepEqual(outputs, [
    one,
    chain(rows[2]!, rows.slice(3, 8)),
    compress(one, one),
    compress(rows[1]!, rows[0]!),
    chain(rows[0]!, rows.slice(5, 8)),
  ]);
  assert.deepEqual(check(), { ok: true });
});

test('the S-box columns of a row are those of the permutation, for the published vectors', () => {
  const vectors = JSON.parse(readFileSync('test/vectors/poseidon1-koalabear.json', 'utf8'));
  const logHeight = 5;
  const columns = Array.from({ length: SBOX_COLUMN }, () => new Uint32Array(2 ** logHeight));
  const known: { input: number[]; output: number[] }[] = vectors.widths['16'].permutation_kats;
  assert.ok(known.length > 0 && known.length <= 2 ** logHeight);
  const inputs = known.map(({ input }) => Uint32Array.from(input));
  inputs.forEach((input, row) => {
    input.forEach((word, lane) => {
      columns[MAIN_COLUMNS.indexOf(`lane${lane}` as 'lane0')]![row] = word;
    });
  });
  const complete = completeHashTrace({ logHeight, columns });
  assert.equal(complete.length, MAIN_COLUMNS.length);
  // The last 16 S-box outputs times the MDS matrix are the permutation.
  const firstRow: number[] = vectors.widths['16'].mds_circulant_first_row;
  assert.equal(firstRow.length, 16);
  inputs.forEach((input, row) => {
    const state = Uint32Array.from(known[row]!.output);
    assert.equal(input.length, state.length);
    const last = complete.slice(-16).map((column) => BigInt(column[row]!));
    const mixed = state.map((_, lane) =>
      Number(
        last.reduce((sum, value, column) => sum + value * BigInt(firstRow[(column - lane + 16) % 16]!), 0n) %
          2_130_706_433n,
      ),
    );
    assert.deepEqual(mixed, state, `row ${row}`);
  });
});

test('a table without padding is accepted', () => {
  const random = createRandom(SEED + 9);
  const memory = createMemory(2048);
  for (let row = 0; row < 128; row++) writeRow(memory, 8 * row, random.words(8));
  const calls = runCalls(hashTable, memory, [
    { tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 1600, d: 127 },
    { tag: TAG.HASH_ONE, a: 1600, b: 0, c: 1608 },
  ]);
  const { trace, check } = traceCalls(hashTable, calls, memory.image);
  assert.equal(trace.logHeight, 7);
  assert.deepEqual(check(), { ok: true });
});

test('every constraint is named by a one-cell change', () => {
  const { trace } = sample();
  const { found, missing } = oneCellMutations(air, trace, createRandom(SEED + 1), 400);
  assert.deepEqual(missing, []);
  assert.equal(found.length, air.constraints.length);
});

test('A47: a change of any leading column on the first row of a call is rejected', () => {
  const { trace, check } = sample();
  for (const row of [0, 1])
    for (const column of MAIN_COLUMNS) {
      const place = MAIN_COLUMNS.indexOf(column);
      const changed = (trace.columns[place]![row]! + 1) % 2_130_706_433;
      const verdict = check(withCell(air, trace.columns, row, column, changed));
      assert.equal(verdict.ok, false, `${column} on row ${row}`);
    }
});

function rowsOf(trace: TracedTable['trace'], name: string): number[] {
  return Array.from(trace.columns[MAIN_COLUMNS.indexOf(name as 'lane0')]!);
}

test('L38: a padding row that serves no call but counts a lookup is rejected', () => {
  const { trace, check } = sample();
  for (const [column, constraint] of [
    // Named on the row before, which no run continues.
    ['isStart', 'a run goes on until its end'],
    ['isEnd', 'an end is active'],
  ] as const) {
    const verdict = check(withCell(air, trace.columns, 20, column, 1));
    assert.ok(!verdict.ok && verdict.kind === 'constraint', column);
    assert.equal(verdict.constraint, constraint);
  }
});

test('A45: a run that goes over the end of the table into its first row is rejected', () => {
  const { trace, check } = sample();
  // Rotate the table so that the chain of 5 begins on the last row.
  const height = 2 ** trace.logHeight;
  const rotated = trace.columns.map((column) =>
    Uint32Array.from(column, (_, row) => column[(row + 2) % height]!),
  );
  assert.equal(rowsOf({ ...trace, columns: rotated }, 'isStart')[height - 1], 1);
  const verdict = check(rotated);
  assert.ok(!verdict.ok && verdict.kind === 'constraint');
  assert.equal(verdict.constraint, 'the first row starts a run');
});

test('H61: a chain of D blocks cannot be claimed for another number of blocks', () => {
  const random = createRandom(SEED + 2);
  const memory = createMemory(256);
  for (let row = 0; row < 8; row++) writeRow(memory, 8 * row, random.words(8));
  const calls = runCalls(hashTable, memory, [{ tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 128, d: 3 }]);
  const honest = traceCalls(hashTable, calls, memory.image);
  assert.deepEqual(honest.check(), { ok: true });
  // The same rows serve a call that says 4 blocks: the countdown would have to begin at 4 and end at 2.
  const claimed = traceCalls(hashTable, { ...calls, d: Uint32Array.of(4) }, memory.image);
  const columns = honest.trace.columns.map((column) => column.slice());
  const remaining = columns[MAIN_COLUMNS.indexOf('remaining')]!;
  for (let row = 0; row < 3; row++) remaining[row] = 4 - row;
  const verdict = claimed.check(columns);
  assert.ok(!verdict.ok && verdict.kind === 'constraint');
  assert.equal(verdict.constraint, 'the last block ends');
});

test('H62: a ONE call cannot be served by a chain, nor a chain by ONE', () => {
  const random = createRandom(SEED + 3);
  const memory = createMemory(256);
  for (let row = 0; row < 8; row++) writeRow(memory, 8 * row, random.words(8));
  const calls = runCalls(hashTable, memory, [{ tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 128, d: 2 }]);
  const { trace, check } = traceCalls(hashTable, calls, memory.image);
  const verdict = check(withCell(air, trace.columns, 0, 'isOne', 1));
  assert.ok(!verdict.ok && verdict.kind === 'constraint');
  assert.equal(verdict.constraint, 'ONE ends');
  // On a chain of one block no constraint sees the difference; the call bus does.
  const other = createMemory(256);
  for (let row = 0; row < 8; row++) writeRow(other, 8 * row, random.words(8));
  const single = runCalls(hashTable, other, [{ tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 128, d: 1 }]);
  const traced = traceCalls(hashTable, single, other.image);
  const swapped = traced.check(withCell(air, traced.trace.columns, 0, 'isOne', 1));
  assert.ok(!swapped.ok && swapped.kind === 'bus');
  assert.equal(swapped.bus, 'call');
});

test('H63: all 8 words of the output and of the chained state are bound', () => {
  const { trace, check } = sample();
  for (let word = 0; word < 8; word++) {
    // Row 2 is inside the chain of 5.
    const column = `lane${word}`;
    const columns = withCell(air, trace.columns, 2, column, (rowsOf(trace, column)[2]! + 1) % 2_130_706_433);
    const completed = completeHashTrace({
      logHeight: trace.logHeight,
      columns: columns.slice(0, SBOX_COLUMN),
    });
    const verdict = check(completed);
    assert.ok(!verdict.ok && verdict.kind === 'constraint', column);
    assert.equal(verdict.constraint, `state word ${word}`);
  }
});

test('calls that cannot be served are typed errors', () => {
  const memory = createMemory(256);
  writeRow(memory, 0, new Uint32Array(8));
  writeRow(memory, 8, new Uint32Array(8));
  const run = (call: Parameters<typeof runCalls>[2][number]): void => {
    runCalls(hashTable, memory, [call]);
  };
  const fails = (code: string) => (error: unknown) => error instanceof MachineError && error.code === code;
  assert.throws(() => run({ tag: TAG.HASH_ONE, a: 4, b: 8, c: 128 }), fails('MISALIGNED_ROW'));
  assert.throws(() => run({ tag: TAG.HASH_ONE, a: 0, b: 16, c: 128 }), fails('UNWRITTEN_CELL'));
  assert.throws(() => run({ tag: TAG.HASH_ONE, a: 0, b: 8 }), fails('RELATION_OPEN'));
  assert.throws(() => run({ tag: TAG.HASH_ONE, a: 0, b: 8, c: 8 }), fails('CELL_CONFLICT'));
  assert.throws(() => run({ tag: TAG.HASH_ONE, a: 0, b: 8, c: 128, d: 1 }), fails('CALL_FAILED'));
  assert.throws(() => run({ tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 128, d: 0 }), fails('CALL_FAILED'));
});
