/** The word table: 256-bit additions, subtractions, comparisons and checks. Source: docs/spec/machine.md, section Calls. */
import type { CallTable } from '../callTable.ts';
import { TAG } from '../instruction.ts';
import { wordAir } from './air.ts';
import { executeWord, traceWord } from './trace.ts';

export const wordTable: CallTable = {
  air: wordAir,
  tags: [TAG.WORD_ADD, TAG.WORD_SUBTRACT, TAG.WORD_LESS, TAG.WORD_CHECK],
  execute: executeWord,
  rowsOf: () => 1,
  createState: () => undefined,
  trace: traceWord,
};
