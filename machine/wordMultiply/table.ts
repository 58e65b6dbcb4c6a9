/** The wordMultiply table: products of 256-bit words, four rows each. Source: docs/spec/machine.md, section Calls. */
import type { CallTable } from '../callTable.ts';
import { TAG } from '../instruction.ts';
import { wordMultiplyAir } from './air.ts';
import { ROWS_PER_PRODUCT } from './columns.ts';
import { executeMultiply, traceMultiply } from './trace.ts';

export const wordMultiplyTable: CallTable = {
  air: wordMultiplyAir,
  tags: [TAG.WORD_MULTIPLY],
  execute: executeMultiply,
  rowsOf: () => ROWS_PER_PRODUCT,
  createState: () => undefined,
  trace: traceMultiply,
};
