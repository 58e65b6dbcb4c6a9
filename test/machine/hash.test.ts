/** The hash table: known answers, every constraint, and the cheating provers of its runs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CallLog } from '../../machine/callTable.ts';
import { MachineError } from '../../machine/errors.ts';
import { MAIN_COLUMNS, SBOX_COLUMN } from '../../machine/hash/columns.ts';
import { completeHashTrace, hashTable } from '../../machine/hash/table.ts';
import { TAG } from '../../machine/instruction.ts';
import type { TraceVerdict } from '../../stark/air/traceCheck.ts';
import { inverse, MODULUS, subtract } from '../../stark/field/koalaBear.ts';
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

interface Path {
  readonly index: number;
  readonly levels: number;
}

/** Of an even and an odd index, of one level and of several. */
const PATHS: readonly Path[] = [
  { index: 0b110, levels: 3 },
  { index: 0b0101, levels: 4 },
  { index: 1, levels: 1 },
  { index: 0, levels: 2 },
];
const CHAIN_ROWS = 11;

/** Calls: CHAIN of 1, of 5, of 1, of 1 and of 3, in 11 rows; a PATH from row 8 for each of PATHS, in 10; then padding. */
function sample(): TracedTable & { readonly outputs: Uint32Array[]; readonly siblings: Uint32Array[] } {
  const random = createRandom(SEED);
  const memory = createMemory(512);
  for (let row = 0; row < 16; row++) writeRow(memory, 8 * row, random.words(8));
  const siblings = PATHS.map(({ levels }) => random.words(8 * levels));
  const calls = runCalls(hashTable, memory, [
    { tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 256, d: 1 },
    { tag: TAG.HASH_CHAIN, a: 16, b: 24, c: 264, d: 5 },
    { tag: TAG.HASH_CHAIN, a: 256, b: 256, c: 272, d: 1 },
    { tag: TAG.HASH_CHAIN, a: 8, b: 0, c: 280, d: 1 },
    { tag: TAG.HASH_CHAIN, a: 0, b: 40, c: 288, d: 3 },
    ...PATHS.map(({ index, levels }, path) => ({
      tag: TAG.HASH_PATH,
      a: 64,
      b: index,
      c: 296 + 8 * path,
      d: levels,
      witness: siblings[path]!,
    })),
  ]);
  return {
    ...traceCalls(hashTable, calls, memory.image),
    outputs: Array.from({ length: 9 }, (_, index) => memory.image.slice(256 + 8 * index, 264 + 8 * index)),
    siblings,
  };
}

test('CHAIN and PATH give what compress gives, and their trace is accepted', () => {
  const random = createRandom(SEED);
  const rows = Array.from({ length: 16 }, () => random.words(8));
  const chain = (state: Uint32Array, blocks: readonly Uint32Array[]): Uint32Array =>
    blocks.reduce(compress, state);
  const one = compress(rows[0]!, rows[1]!);
  const { outputs, siblings, check } = sample();
  const climb = ({ index, levels }: Path, path: number): Uint32Array =>
    Array.from({ length: levels }, (_, level) => siblings[path]!.subarray(8 * level, 8 * level + 8)).reduce(
      (node, sibling, level) =>
        ((index >> level) & 1) === 1 ? compress(sibling, node) : compress(node, sibling),
      rows[8]!,
    );
  assert.deepEqual(outputs, [
    one,
    chain(rows[2]!, rows.slice(3, 8)),
    compress(one, one),
    compress(rows[1]!, rows[0]!),
    chain(rows[0]!, rows.slice(5, 8)),
    ...PATHS.map(climb),
  ]);
  assert.deepEqual(check(), { ok: true });
});

test('R59: the S-box columns of a row are those of the permutation, for the published vectors', () => {
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
  const memory = createMemory(4096);
  for (let row = 0; row < 256; row++) writeRow(memory, 8 * row, random.words(8));
  const calls = runCalls(hashTable, memory, [
    { tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 2048, d: 255 },
    { tag: TAG.HASH_CHAIN, a: 2048, b: 0, c: 2056, d: 1 },
  ]);
  const { trace, check } = traceCalls(hashTable, calls, memory.image);
  assert.equal(trace.logHeight, 8);
  assert.deepEqual(check(), { ok: true });
});

test('R59: every constraint is named by a one-cell change', () => {
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
      const changed = (trace.columns[place]![row]! + 1) % MODULUS;
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
    // Its block would be looked up -1 times.
    ['isPath', 'a PATH row is active'],
    ['bit', 'a bit is of a PATH'],
    ['startsRight', 'startsRight'],
  ] as const) {
    const verdict = check(withCell(air, trace.columns, 25, column, 1));
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
  assert.equal(verdict.constraint, 'the last row ends');
});

/** A single PATH call from the row at 0; its output is the row at 128. */
function onePath(index: number, levels: number, claim: Partial<CallLog> = {}): TracedTable {
  const random = createRandom(SEED + 4);
  const memory = createMemory(256);
  for (let row = 0; row < 8; row++) writeRow(memory, 8 * row, random.words(8));
  const witness = random.words(8 * levels);
  const call = { tag: TAG.HASH_PATH, a: 0, b: index, c: 128, d: levels, witness };
  return traceCalls(hashTable, { ...runCalls(hashTable, memory, [call]), ...claim }, memory.image);
}

/** The honest columns with some leading cells replaced, and every S-box computed from the lanes as they then are. */
function rewritten(
  trace: TracedTable['trace'],
  cells: readonly { readonly row: number; readonly column: string; readonly value: number }[],
): Uint32Array[] {
  const columns = trace.columns.slice(0, SBOX_COLUMN).map((column) => column.slice());
  for (const { row, column, value } of cells) {
    const place = MAIN_COLUMNS.indexOf(column as 'lane0');
    assert.ok(place >= 0, column);
    columns[place]![row] = value;
  }
  return completeHashTrace({ logHeight: trace.logHeight, columns });
}

function assertConstraint(verdict: TraceVerdict, constraint: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'constraint', JSON.stringify(verdict));
  assert.equal(verdict.constraint, constraint);
}

function assertBus(verdict: TraceVerdict, bus: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict));
  assert.equal(verdict.bus, bus);
}

test('H62: a CHAIN call cannot be served by a PATH, nor a PATH by a CHAIN, nor by a run that changes its kind', () => {
  const random = createRandom(SEED + 3);
  const memory = createMemory(256);
  for (let row = 0; row < 8; row++) writeRow(memory, 8 * row, random.words(8));
  const calls = runCalls(hashTable, memory, [{ tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 128, d: 2 }]);
  const chain = traceCalls(hashTable, calls, memory.image);
  // As a PATH the blocks would be free: its index would be a pointer.
  assertConstraint(chain.check(withCell(air, chain.trace.columns, 0, 'isPath', 1)), 'same kind');
  assertConstraint(chain.check(withCell(air, chain.trace.columns, 1, 'isPath', 1)), 'same kind');
  const both = [0, 1].map((row) => ({ row, column: 'isPath', value: 1 }));
  assertConstraint(chain.check(rewritten(chain.trace, both)), 'next level');
  const asPath = [
    ...both,
    { row: 0, column: 'operandB', value: 0 },
    { row: 1, column: 'operandB', value: 0 },
    { row: 1, column: 'clk', value: inverse(subtract(1, 30)) },
  ];
  assertBus(chain.check(rewritten(chain.trace, asPath)), 'call');

  const path = onePath(0, 2);
  assert.deepEqual(path.check(), { ok: true });
  assertConstraint(path.check(withCell(air, path.trace.columns, 0, 'isPath', 0)), 'same kind');
  const asChain = [0, 1].flatMap((row) => [
    { row, column: 'isPath', value: 0 },
    { row, column: 'operandB', value: 8 * row },
    { row, column: 'rightPointer', value: 8 * row },
  ]);
  asChain.push({ row: 1, column: 'clk', value: 0 });
  assertBus(path.check(rewritten(path.trace, asChain)), 'row');
});

test('H62: a node cannot be claimed for a path of another length', () => {
  for (const [claimed, label] of [
    [1, 'the last row ends'],
    [3, 'the last row ends'],
  ] as const) {
    const honest = onePath(0, 2);
    const { check } = onePath(0, 2, { d: Uint32Array.of(claimed) });
    const cells = [0, 1].map((row) => ({ row, column: 'remaining', value: claimed - row }));
    assertConstraint(check(rewritten(honest.trace, cells)), label);
    assertBus(check(honest.trace.columns), 'call');
  }
});

test('H62: an index is the bits of its path, and nothing else has that index', () => {
  // The same path for the index of its neighbour, and for an index with a bit above the path.
  for (const [index, label] of [
    [0b100, 'next level'],
    [0b1101, 'last level'],
  ] as const) {
    const { trace } = onePath(0b101, 3);
    const { check } = onePath(0b101, 3, { b: Uint32Array.of(index) });
    const cells = [0, 1, 2].map((row) => ({ row, column: 'operandB', value: index >> row }));
    assertConstraint(check(rewritten(trace, cells)), label);
    assertBus(check(trace.columns), 'call');
  }
  // A bit that is none: 2 on the first level instead of 1 on the second.
  const { trace, check } = onePath(0b10, 2);
  const two = [
    { row: 0, column: 'bit', value: 2 },
    { row: 1, column: 'bit', value: 0 },
    { row: 1, column: 'operandB', value: 0 },
  ];
  assertConstraint(check(rewritten(trace, two)), 'bit is boolean');
});

/** A PATH call over the bits of an integer that need not be below p: operand B is what they weigh modulo p. */
function climbed(integer: number, levels: number): TracedTable {
  const random = createRandom(SEED + 5);
  const words = new Uint32Array(256);
  words.set(random.words(8));
  const witness = random.words(8 * levels);
  const bitAt = (level: number): number => Math.floor(integer / 2 ** level) % 2;
  const siblings = Array.from({ length: levels }, (_, level) => witness.subarray(8 * level, 8 * level + 8));
  const node = siblings.reduce(
    (state, sibling, level) => (bitAt(level) === 1 ? compress(sibling, state) : compress(state, sibling)),
    words.slice(0, 8),
  );
  words.set(node, 128);
  const operand = integer % MODULUS;
  const of = (value: number): Uint32Array => Uint32Array.of(value);
  const call = {
    count: 1,
    tag: of(TAG.HASH_PATH),
    a: of(0),
    b: of(operand),
    c: of(128),
    d: of(levels),
    clk: of(1),
  };
  // The generator takes the bits from operand B, which as an integer may have more of them than a word of the field.
  const { trace } = traceCalls(hashTable, { ...call, b: of(integer), witness }, words);
  const rests = Array.from({ length: levels }, (_, row) => ({
    row,
    column: 'operandB',
    value: Math.floor(integer / 2 ** row) % MODULUS,
  }));
  const { check } = traceCalls(hashTable, { ...call, witness }, words);
  const columns = rewritten(trace, rests);
  return { trace: { ...trace, columns }, check };
}

test('H62: a path of 30 levels is served, and one of 31, whose index may be two integers, is not', () => {
  for (const [integer, levels] of [
    [5, 29],
    [5, 30],
    [2 ** 30 - 1, 30],
  ] as const) {
    const { trace, check } = climbed(integer, levels);
    assert.deepEqual(check(trace.columns), { ok: true }, `${integer} over ${levels}`);
  }
  // 5 and 5 + p have the same operand B and lead to different nodes.
  for (const [integer, levels] of [
    [5, 31],
    [5 + MODULUS, 31],
    [4 + MODULUS, 31],
    [5, 32],
    [5, 64],
  ] as const) {
    const { trace, check } = climbed(integer, levels);
    assertConstraint(check(trace.columns), 'a PATH of at most 30 levels');
    // No word stands in for the inverse of 0.
    const row = levels - 30;
    for (const clk of [1, MODULUS - 1, 30])
      assertConstraint(check(withCell(air, trace.columns, row, 'clk', clk)), 'a PATH of at most 30 levels');
  }
});

test('a chain has as many rows as its call says, more than 30 too', () => {
  const random = createRandom(SEED + 6);
  const memory = createMemory(1024);
  for (let row = 0; row < 64; row++) writeRow(memory, 8 * row, random.words(8));
  for (const d of [30, 31, 60]) {
    const calls = runCalls(hashTable, memory, [{ tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 512 + 8 * d, d }]);
    assert.deepEqual(traceCalls(hashTable, calls, memory.image).check(), { ok: true }, `${d} blocks`);
  }
});

test('H62: the nodes of a path stand on the side that their bit says', () => {
  const { trace, check } = onePath(0b011, 3);
  for (const row of [0, 1, 2]) {
    const swapped = Array.from({ length: 16 }, (_, lane) => ({
      row,
      column: `lane${lane}`,
      value: rowsOf(trace, `lane${(lane + 8) % 16}`)[row]!,
    }));
    assertConstraint(check(rewritten(trace, swapped)), 'state word 0');
  }
});

test('H62: a path starts from the digest in memory, whichever side it is on', () => {
  for (const index of [0, 1]) {
    const { trace, check } = onePath(index, 1);
    for (let word = 0; word < 8; word++) {
      const column = `lane${8 * index + word}`;
      const value = (rowsOf(trace, column)[0]! + 1) % MODULUS;
      assertBus(check(rewritten(trace, [{ row: 0, column, value }])), 'row');
    }
  }
  // A right start that is looked up on the left, nowhere, or in another row.
  const { trace, check } = onePath(1, 1);
  const startsRight = { row: 0, column: 'startsRight', value: 0 };
  assertConstraint(check(rewritten(trace, [startsRight])), 'startsRight');
  const elsewhere = { row: 0, column: 'rightPointer', value: 8 };
  assertConstraint(check(rewritten(trace, [elsewhere])), 'right row of a PATH');
});

test('H63: all 8 words of the output and of the carried state are bound', () => {
  const { trace, check } = sample();
  // Row 2 is inside the chain of 5; rows 12 and 15 inside paths, the state right and left.
  for (const [row, side] of [
    [2, 0],
    [CHAIN_ROWS + 1, 8],
    [CHAIN_ROWS + 4, 0],
  ] as const)
    for (let word = 0; word < 8; word++) {
      const column = `lane${side + word}`;
      const value = (rowsOf(trace, column)[row]! + 1) % MODULUS;
      assertConstraint(check(rewritten(trace, [{ row, column, value }])), `state word ${word}`);
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
  const chain = { tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 128, d: 1 };
  assert.throws(() => run({ ...chain, a: 4 }), fails('MISALIGNED_ROW'));
  assert.throws(() => run({ ...chain, b: 4 }), fails('MISALIGNED_ROW'));
  assert.throws(() => run({ ...chain, b: 16 }), fails('UNWRITTEN_CELL'));
  assert.throws(() => run({ ...chain, c: undefined }), fails('RELATION_OPEN'));
  assert.throws(() => run({ ...chain, c: 8 }), fails('CELL_CONFLICT'));
  assert.throws(() => run({ ...chain, d: 0 }), fails('CALL_FAILED'));
  assert.throws(() => run({ ...chain, d: 2 ** 22 + 1 }), fails('CALL_FAILED'));
  const path = { tag: TAG.HASH_PATH, a: 0, b: 1, c: 128, d: 1, witness: new Uint32Array(8) };
  assert.throws(() => run({ ...path, a: 4 }), fails('MISALIGNED_ROW'));
  assert.throws(() => run({ ...path, a: 16 }), fails('UNWRITTEN_CELL'));
  assert.throws(() => run({ ...path, c: undefined }), fails('RELATION_OPEN'));
  assert.throws(() => run({ ...path, b: 2 }), fails('CALL_FAILED'));
  assert.throws(() => run({ ...path, d: 0, b: 0 }), fails('CALL_FAILED'));
  assert.throws(() => run({ ...path, d: 31, witness: new Uint32Array(8 * 31) }), fails('CALL_FAILED'));
  run(path);
});
