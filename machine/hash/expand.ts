/**
 * Completes the hash table in plain TypeScript: from the 16 lanes of every row to its 148 S-box columns. The backend's
 * kernel does the same on the device; this is what the trace checker and the reference backend use.
 * Source: machine/hash/README.md.
 */
import type { ConstantMatrix, TableTrace } from '../../stark/air/air.ts';
import { add, MODULUS, multiply } from '../../stark/field/koalaBear.ts';
import { PARTIAL_ROUNDS, WIDTH } from '../../stark/hash/poseidon.ts';
import { LANES_COLUMN, LEADING_COLUMNS, SBOX_COUNT } from './columns.ts';
import { HALF_FULL_ROUNDS, MDS, PARTIAL, ROUNDS, roundConstant, sboxIndex } from './rounds.ts';

function cube(value: number): number {
  return multiply(value, multiply(value, value));
}

/** A matrix entry is high * 2^16 + low, so that sums of up to 64 products with words stay exact below 2^53. */
interface SplitMatrix {
  readonly columns: number;
  readonly high: Float64Array;
  readonly low: Float64Array;
}

const HALF = 2 ** 16;
const INVERSE_MODULUS = 1 / MODULUS;

function splitMatrix({ columns, values }: ConstantMatrix): SplitMatrix {
  return {
    columns,
    high: Float64Array.from(values, (value) => Math.floor(value / HALF)),
    low: Float64Array.from(values, (value) => value % HALF),
  };
}

const SPLIT_MDS = splitMatrix(MDS);
const SPLIT_PARTIAL = splitMatrix(PARTIAL.matrix);

/** The canonical word of an integer in 0..2^53 - 1. */
function reduce(value: number): number {
  const remainder = value - Math.floor(value * INVERSE_MODULUS) * MODULUS;
  if (remainder < 0) return remainder + MODULUS;
  return remainder >= MODULUS ? remainder - MODULUS : remainder;
}

/** Row `row` of the matrix times the first `count` inputs. */
function dot(matrix: SplitMatrix, row: number, inputs: Float64Array, count: number): number {
  const { high, low, columns } = matrix;
  let highSum = 0;
  let lowSum = 0;
  let entry = row * columns;
  for (let column = 0; column < count; column++, entry++) {
    const input = inputs[column]!;
    highSum += high[entry]! * input;
    lowSum += low[entry]! * input;
  }
  return reduce(reduce(highSum) * HALF + reduce(lowSum));
}

/** Row `row` of the MDS matrix, whose entries have no high half, times the inputs. */
function mdsDot(row: number, inputs: Float64Array): number {
  const { low } = SPLIT_MDS;
  let sum = 0;
  for (let column = 0; column < WIDTH; column++) sum += low[row * WIDTH + column]! * inputs[column]!;
  return reduce(sum);
}

/** The S-box outputs of the permutation of `lanes` (16 words) into `sboxes` (148 words), in round order. */
function permutationSboxes(lanes: Float64Array, sboxes: Uint32Array): void {
  const state = lanes.slice();
  const outputs = new Float64Array(WIDTH);

  function fullRound(round: number): void {
    for (let lane = 0; lane < WIDTH; lane++) {
      const output = cube(add(state[lane]!, roundConstant(round, lane)));
      outputs[lane] = output;
      sboxes[sboxIndex(round, lane)] = output;
    }
  }
  function mix(): void {
    for (let lane = 0; lane < WIDTH; lane++) state[lane] = mdsDot(lane, outputs);
  }

  for (let round = 0; round < HALF_FULL_ROUNDS; round++) {
    if (round > 0) mix();
    fullRound(round);
  }
  const inputs = new Float64Array(WIDTH + PARTIAL_ROUNDS);
  inputs.set(outputs);
  for (let partial = 0; partial < PARTIAL_ROUNDS; partial++) {
    const output = cube(
      add(dot(SPLIT_PARTIAL, partial, inputs, WIDTH + partial), PARTIAL.constants[partial]!),
    );
    inputs[WIDTH + partial] = output;
    sboxes[sboxIndex(HALF_FULL_ROUNDS + partial, 0)] = output;
  }
  for (let lane = 0; lane < WIDTH; lane++) {
    const row = PARTIAL_ROUNDS + lane;
    state[lane] = add(dot(SPLIT_PARTIAL, row, inputs, inputs.length), PARTIAL.constants[row]!);
  }
  for (let round = HALF_FULL_ROUNDS + PARTIAL_ROUNDS; round < ROUNDS; round++) {
    if (round > HALF_FULL_ROUNDS + PARTIAL_ROUNDS) mix();
    fullRound(round);
  }
}

/**
 * All columns of the hash table from the leading ones. Throws: RangeError unless the trace has exactly the leading
 * columns, each of 2^logHeight words.
 */
export function completeHashTrace(trace: TableTrace): Uint32Array[] {
  const height = 2 ** trace.logHeight;
  if (trace.columns.length !== LEADING_COLUMNS.length)
    throw new RangeError(
      `the hash table has ${LEADING_COLUMNS.length} leading columns, got ${trace.columns.length}`,
    );
  if (trace.columns.some((column) => column.length !== height))
    throw new RangeError(`a hash column does not have ${height} words`);

  const sboxColumns = Array.from({ length: SBOX_COUNT }, () => new Uint32Array(height));
  const lanes = new Float64Array(WIDTH);
  const sboxes = new Uint32Array(SBOX_COUNT);
  for (let row = 0; row < height; row++) {
    for (let lane = 0; lane < WIDTH; lane++) lanes[lane] = trace.columns[LANES_COLUMN + lane]![row]!;
    permutationSboxes(lanes, sboxes);
    for (let sbox = 0; sbox < SBOX_COUNT; sbox++) sboxColumns[sbox]![row] = sboxes[sbox]!;
  }
  return [...trace.columns, ...sboxColumns];
}
