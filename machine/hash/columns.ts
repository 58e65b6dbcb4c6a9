/**
 * The columns of the hash table. One row is one compress: 16 input lanes, and one column for the output of every S-box.
 * Columns that are read on the next row stand first; the S-box columns stand last, because the backend computes them
 * from the lanes.
 * Source: docs/spec/machine.md, section Calls; docs/spec/proof-system.md, section 2.
 */
import { columnNames } from '../../stark/air/builder.ts';
import { FULL_ROUNDS, PARTIAL_ROUNDS, WIDTH } from '../../stark/hash/poseidon.ts';

/** S-boxes of one permutation: all lanes in a full round, lane 0 in a partial one. */
export const SBOX_COUNT = 148;
if (SBOX_COUNT !== FULL_ROUNDS * WIDTH + PARTIAL_ROUNDS)
  throw new RangeError('the number of S-boxes does not fit the rounds of the hash');

/** Columns that the executor writes, in table order. */
export const LEADING_COLUMNS = [
  // Read on the next row.
  'isActive',
  'isStart',
  'isPath',
  'bit',
  'operandB',
  'outPointer',
  'remaining',
  ...columnNames('lane', 16),
  'isEnd',
  'startsRight',
  'statePointer',
  'rightPointer',
  'clk',
] as const;

/** Lane i of the input is column LANES_COLUMN + i; lanes 0..7 are its left half, 8..15 its right half. */
export const LANES_COLUMN = LEADING_COLUMNS.indexOf('lane0');
/**
 * The S-box outputs x^3, in round order: full rounds 0..3 (16 columns each, lane 0 first), partial rounds 4..23 (one
 * each), full rounds 24..27 (16 each).
 */
export const SBOX_COLUMN = LEADING_COLUMNS.length;

export const MAIN_COLUMNS = [...LEADING_COLUMNS, ...columnNames('sbox', SBOX_COUNT)] as const;

/** The place of a leading column in the table. */
export function leadingColumn(name: (typeof LEADING_COLUMNS)[number]): number {
  return LEADING_COLUMNS.indexOf(name);
}
