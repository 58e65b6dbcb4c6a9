/**
 * The columns of the wordMultiply table: a product is four rows, row r yields the limbs 4r..4r+3 of z = x * y. Columns
 * that are read on the next row stand first.
 * Source: docs/spec/machine.md, section Calls.
 */
import { columnNames } from '../../stark/air/builder.ts';

/** Limbs that one row yields, and rows of a product. */
export const GROUP_LIMBS = 4;
export const ROWS_PER_PRODUCT = 4;

export const MAIN_COLUMNS = [
  // Read on the next row. Slot s of x holds limb group r - s on row r (zeros while r < s): column 4s + t is its limb t.
  ...columnNames('xLow', 16).slice(GROUP_LIMBS),
  ...columnNames('xHigh', 16).slice(GROUP_LIMBS),
  // All limbs of y on every row of the product.
  ...columnNames('yLow', 16),
  ...columnNames('yHigh', 16),
  // The limbs z of the row before.
  ...columnNames('previousZ', 4),
  'carryIn',
  'a',
  'c',
  'isRow1',
  'isRow2',
  'isRow3',
  // Read on the current row only: the limb group of x that enters.
  ...columnNames('xLow', 4),
  ...columnNames('xHigh', 4),
  ...columnNames('z', 4),
  ...columnNames('carry', 4),
  'isRow0',
  'b',
  'clk',
  // Limb group r of y, which row r range-checks.
  ...columnNames('checkedLow', 4),
  ...columnNames('checkedHigh', 4),
] as const;

export type MultiplyColumn = (typeof MAIN_COLUMNS)[number];

/** The place of a column in the table. */
export function multiplyColumn(name: string): number {
  const place = (MAIN_COLUMNS as readonly string[]).indexOf(name);
  if (place < 0) throw new RangeError(`wordMultiply has no column ${name}`);
  return place;
}

/** Four low halves of honest limbs sum up to at most 4 * 255 = 1020; times this they must be below 2^16, so at most 1023. */
export const LOW_SUM_SCALE = 64;
/** Four honest carries of one row sum up to at most 21417; times this they must be below 2^16, so at most 21845. */
export const CARRY_SUM_SCALE = 3;
