/**
 * The columns of the word table: one row is one operation on words of 16 limbs of 16 bits, least significant first.
 * Source: docs/spec/machine.md, section Calls.
 */
import { columnNames } from '../../stark/air/builder.ts';

export const LIMBS = 16;
export const LIMB_BITS = 16;
export const LIMB_BASE = 2 ** LIMB_BITS;

export const MAIN_COLUMNS = [
  'isAdd',
  'isSubtract',
  'isLess',
  'isCheck',
  'a',
  'b',
  'c',
  // Pointer to the outcome, where it lies in memory.
  'outcomePointer',
  'clk',
  ...columnNames('left', 16),
  ...columnNames('right', 16),
  // left + right or left - right modulo 2^256: the one word whose limbs are range-checked.
  ...columnNames('outcome', 16),
  // Carry or borrow out of each limb.
  ...columnNames('carry', 16),
] as const;

/** The place of a column in the table. */
export function wordColumn(name: (typeof MAIN_COLUMNS)[number]): number {
  return MAIN_COLUMNS.indexOf(name);
}
