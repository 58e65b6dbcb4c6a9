/**
 * The buses of the machine: ids, tuple widths, and how a table looks a memory row up.
 * Source: docs/spec/machine.md, section Buses.
 */
import type { Bus } from '../stark/air/air.ts';
import { inverse } from '../stark/field/koalaBear.ts';

export const BUS = { PROGRAM: 0, WORD: 1, ROW: 2, RANGE: 3, CALL: 4, RAM: 5 } as const;

/** In order of the ids. */
export const BUSES: readonly Bus[] = [
  { name: 'program', width: 7 },
  { name: 'word', width: 2 },
  { name: 'row', width: 9 },
  { name: 'range', width: 1 },
  { name: 'call', width: 6 },
  { name: 'ram', width: 4 },
];

/** Words of a memory row. */
export const ROW_WORDS = 8;
/** A pointer times this is its row index; a pointer that is no multiple of 8 names no row. */
export const INVERSE_OF_ROW_WORDS = inverse(ROW_WORDS);
/** The range bus holds 0..RANGE_SIZE - 1. */
export const RANGE_SIZE = 2 ** 16;
