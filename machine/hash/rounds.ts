/**
 * The permutation as affine forms of its S-box outputs: between two S-boxes everything is linear, so the input of every
 * S-box is one row of a constant matrix applied to earlier S-box outputs.
 *
 * Full rounds: input of the next round = MDS * outputs + constants. The partial rounds are one block: with s the 16
 * outputs of the last full round before them and y_0..y_19 the outputs of the partial S-boxes, the input of partial
 * S-box k is an affine form of s and y_0..y_(k-1), and the 16 inputs of the next full round are affine forms of s and
 * all y. This is the sparse form of the partial rounds with its sums over rounds written out: no state is carried.
 * Source: docs/spec/proof-system.md, section 2.
 */
import type { ConstantMatrix } from '../../stark/air/air.ts';
import { add, multiply } from '../../stark/field/koalaBear.ts';
import {
  FULL_ROUNDS,
  MDS_FIRST_ROW,
  PARTIAL_ROUNDS,
  ROUND_CONSTANTS,
  WIDTH,
} from '../../stark/hash/poseidon.ts';

export const HALF_FULL_ROUNDS = FULL_ROUNDS / 2;
/** Rounds are numbered 0..27: 4 full, 20 partial, 4 full. */
export const ROUNDS = FULL_ROUNDS + PARTIAL_ROUNDS;
const FIRST_LATE_ROUND = HALF_FULL_ROUNDS + PARTIAL_ROUNDS;

/** The constant that `round` adds to `lane` before its S-boxes. */
export function roundConstant(round: number, lane: number): number {
  return ROUND_CONSTANTS[round * WIDTH + lane]!;
}

function mdsEntry(row: number, column: number): number {
  return MDS_FIRST_ROW[(column - row + WIDTH) % WIDTH]!;
}

function matrixOf(
  rows: number,
  columns: number,
  entry: (row: number, column: number) => number,
): ConstantMatrix {
  const values = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) values[row * columns + column] = entry(row, column);
  return { rows, columns, values };
}

/** The circulant MDS matrix, 16 x 16. */
export const MDS = matrixOf(WIDTH, WIDTH, mdsEntry);
/** Its first 8 rows: the permutation's output that `compress` keeps. */
export const MDS_OUTPUT = matrixOf(WIDTH / 2, WIDTH, mdsEntry);

export interface AffineForms {
  /** Rows: the 20 partial S-box inputs, then the 16 lanes after the partial rounds. Columns: s_0..s_15, y_0..y_19. */
  readonly matrix: ConstantMatrix;
  /** One a row. For the partial S-box inputs the round constant of lane 0 is included; for the lanes none of round 24. */
  readonly constants: Uint32Array;
}

/** Carries the plain partial rounds through on vectors of coefficients. */
function partialRounds(): AffineForms {
  const inputs = WIDTH + PARTIAL_ROUNDS;
  const constantAt = inputs;
  const outputs: Uint32Array[] = [];

  function mix(lanes: readonly Uint32Array[]): Uint32Array[] {
    return lanes.map((_, row) => {
      const mixed = new Uint32Array(inputs + 1);
      lanes.forEach((lane, column) => {
        const weight = mdsEntry(row, column);
        lane.forEach((coefficient, position) => {
          mixed[position] = add(mixed[position]!, multiply(weight, coefficient));
        });
      });
      return mixed;
    });
  }

  function variable(position: number): Uint32Array {
    const form = new Uint32Array(inputs + 1);
    form[position] = 1;
    return form;
  }

  let lanes = mix(Array.from({ length: WIDTH }, (_, lane) => variable(lane)));
  for (let partial = 0; partial < PARTIAL_ROUNDS; partial++) {
    lanes.forEach((form, lane) => {
      form[constantAt] = add(form[constantAt]!, roundConstant(HALF_FULL_ROUNDS + partial, lane));
    });
    outputs.push(lanes[0]!);
    lanes[0] = variable(WIDTH + partial);
    lanes = mix(lanes);
  }
  outputs.push(...lanes);
  return {
    matrix: matrixOf(outputs.length, inputs, (row, column) => outputs[row]![column]!),
    constants: Uint32Array.from(outputs, (form) => form[constantAt]!),
  };
}

export const PARTIAL = partialRounds();

/** The index of the S-box of `round` (and `lane`, in a full round) among all S-boxes. */
export function sboxIndex(round: number, lane: number): number {
  if (round < HALF_FULL_ROUNDS) return round * WIDTH + lane;
  if (round < FIRST_LATE_ROUND) return HALF_FULL_ROUNDS * WIDTH + round - HALF_FULL_ROUNDS;
  return HALF_FULL_ROUNDS * WIDTH + PARTIAL_ROUNDS + (round - FIRST_LATE_ROUND) * WIDTH + lane;
}
