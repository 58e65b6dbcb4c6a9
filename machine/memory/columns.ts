/**
 * The columns of the memory table: one row is 8 words. The row index is read on the next row.
 * Source: docs/spec/machine.md, section Memory.
 */
import { columnNames } from '../../stark/air/builder.ts';

export const MEMORY_COLUMNS = [
  'rowIndex',
  ...columnNames('word', 8),
  // How often each word is looked up, and how often the row is.
  ...columnNames('wordMultiplicity', 8),
  'rowMultiplicity',
] as const;
