/** Permutation, compression and sparse form against the known answers and against the definition. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { add, MODULUS, multiply, power } from '../../stark/field/koalaBear.ts';
import {
  compress,
  compressInto,
  FULL_ROUNDS,
  MDS_FIRST_ROW,
  PARTIAL_ROUNDS,
  permute,
  ROUND_CONSTANTS,
  WIDTH,
} from '../../stark/hash/poseidon.ts';
import {
  FIRST_COLUMNS,
  FIRST_ENTRY,
  FIRST_ROWS,
  FOLLOWING_CONSTANTS,
  LANE_CONSTANTS,
  LAST_MATRIX,
  MDS_MATRIX,
} from '../../stark/hash/sparse.ts';
import { createRandom } from '../support/random.ts';

const SEED = 31;

interface KnownAnswer {
  readonly name: string;
  readonly input: readonly number[];
  readonly output: readonly number[];
}

interface Vectors {
  readonly widths: {
    readonly '16': {
      readonly rounds_full: number;
      readonly rounds_partial: number;
      readonly mds_circulant_first_row: readonly number[];
      readonly round_constants: readonly (readonly number[])[];
      readonly permutation_kats: readonly KnownAnswer[];
      readonly feed_forward_kats: readonly KnownAnswer[];
    };
  };
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/poseidon1-koalabear.json', import.meta.url), 'utf8'),
) as Vectors;
const parameters = vectors.widths['16'];

const cube = (value: number): number => power(value, 3);

/** The permutation as the specification words it. */
function permuteByDefinition(input: ArrayLike<number>): number[] {
  let state = Array.from(input);
  for (let round = 0; round < FULL_ROUNDS + PARTIAL_ROUNDS; round++) {
    const isPartial = round >= FULL_ROUNDS / 2 && round < FULL_ROUNDS / 2 + PARTIAL_ROUNDS;
    const cubed = state.map((value, lane) => {
      const sum = add(value, ROUND_CONSTANTS[round * WIDTH + lane]!);
      return isPartial && lane > 0 ? sum : cube(sum);
    });
    state = state.map((_, row) =>
      cubed.reduce(
        (sum, value, column) => add(sum, multiply(MDS_FIRST_ROW[(column - row + WIDTH) % WIDTH]!, value)),
        0,
      ),
    );
  }
  return state;
}

test('the committed constants are those of the vectors', () => {
  assert.equal(FULL_ROUNDS, parameters.rounds_full);
  assert.equal(PARTIAL_ROUNDS, parameters.rounds_partial);
  assert.deepEqual(MDS_FIRST_ROW, parameters.mds_circulant_first_row);
  assert.deepEqual([...ROUND_CONSTANTS], parameters.round_constants.flat());
});

test('known answers of the permutation', () => {
  assert.equal(parameters.permutation_kats.length, 8);
  for (const { name, input, output } of parameters.permutation_kats) {
    const state = Uint32Array.from(input);
    permute(state);
    assert.deepEqual([...state], output, name);
    assert.deepEqual(permuteByDefinition(input), output, name);
  }
});

test('known answers of the feed-forward compression', () => {
  assert.equal(parameters.feed_forward_kats.length, 4);
  for (const { name, input, output } of parameters.feed_forward_kats) {
    const digest = compress(Uint32Array.from(input.slice(0, 8)), Uint32Array.from(input.slice(8)));
    assert.deepEqual([...digest], output.slice(0, 8), name);
  }
});

test('the permutation equals its definition on random and extreme states', () => {
  const random = createRandom(SEED);
  const extremes = [0, 1, MODULUS - 1, (MODULUS - 1) / 2, (MODULUS + 1) / 2];
  for (let round = 0; round < 300; round++) {
    const input = random.words(WIDTH);
    if (round % 2 === 1) for (let lane = 0; lane < WIDTH; lane++) input[lane] = extremes[random.below(5)]!;
    const state = input.slice();
    permute(state);
    assert.deepEqual([...state], permuteByDefinition(input), `${input}`);
  }
});

test('the sparse form of the partial rounds equals the dense one', () => {
  const random = createRandom(SEED + 1);
  const dot = (left: ArrayLike<number>, right: ArrayLike<number>): number =>
    Array.from(left).reduce((sum, value, index) => add(sum, multiply(value, right[index]!)), 0);
  const multiplyByMds = (state: readonly number[]): number[] => MDS_MATRIX.map((row) => dot(row, state));
  assert.equal(FIRST_ROWS.length, PARTIAL_ROUNDS - 1);
  assert.equal(FIRST_COLUMNS.length, PARTIAL_ROUNDS - 1);
  for (let sample = 0; sample < 20; sample++) {
    const input = [...random.words(WIDTH)];
    let dense = input;
    for (let round = 0; round < PARTIAL_ROUNDS; round++) {
      const start = (FULL_ROUNDS / 2 + round) * WIDTH;
      const sums = dense.map((value, lane) => add(value, ROUND_CONSTANTS[start + lane]!));
      dense = multiplyByMds([cube(sums[0]!), ...sums.slice(1)]);
    }
    const following = (FULL_ROUNDS / 2 + PARTIAL_ROUNDS) * WIDTH;
    dense = dense.map((value, lane) => add(value, ROUND_CONSTANTS[following + lane]!));

    let lanes = input;
    for (let round = 0; round < PARTIAL_ROUNDS; round++) {
      const output = cube(add(lanes[0]!, LANE_CONSTANTS[round]!));
      const others = lanes.slice(1);
      if (round < PARTIAL_ROUNDS - 1) {
        const first = add(multiply(FIRST_ENTRY, output), dot(FIRST_ROWS[round]!, others));
        const column = FIRST_COLUMNS[round]!;
        lanes = [first, ...others.map((value, lane) => add(value, multiply(column[lane]!, output)))];
      } else {
        lanes = LAST_MATRIX.map((row) => dot(row, [output, ...others]));
      }
    }
    lanes = lanes.map((value, lane) => add(value, FOLLOWING_CONSTANTS[lane]!));
    assert.deepEqual(lanes, dense, `sample ${sample}`);
  }
});

test('the output of a compression may be one of its operands or overlap them', () => {
  const words = createRandom(SEED + 2).words(24);
  const left = words.slice(4, 12);
  const right = words.slice(12, 20);
  const expected = compress(left, right);
  for (let outOffset = 0; outOffset <= 16; outOffset++) {
    const shared = words.slice();
    compressInto(shared, outOffset, shared, 4, shared, 12);
    assert.deepEqual(shared.slice(outOffset, outOffset + 8), expected, `output at ${outOffset}`);
  }
});

test('operands are ordered and both count', () => {
  const random = createRandom(SEED + 3);
  const [left, right] = [random.words(8), random.words(8)];
  const digest = compress(left, right);
  assert.notDeepEqual(compress(right, left), digest);
  for (let word = 0; word < 16; word++) {
    const changed = [left.slice(), right.slice()] as const;
    const operand = changed[word >> 3]!;
    operand[word & 7] = add(operand[word & 7]!, 1);
    assert.notDeepEqual(compress(...changed), digest, `word ${word}`);
  }
});

test('wrong sizes are refused', () => {
  assert.throws(() => permute(new Uint32Array(8)), RangeError);
  assert.throws(() => compress(new Uint32Array(8), new Uint32Array(9)), RangeError);
  assert.throws(
    () => compressInto(new Uint32Array(8), 1, new Uint32Array(8), 0, new Uint32Array(8), 0),
    RangeError,
  );
});
