/** The memory table's columns from the final image and the lookups counted. Source: docs/spec/machine.md, section Memory. */
import type { TableTrace } from '../../stark/air/air.ts';
import { ROW_WORDS } from '../buses.ts';
import { logHeightFor } from '../callRows.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';

/** The log height for an image of `words` words. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function memoryLogHeight(words: number): number {
  return logHeightFor('memory', Math.ceil(words / ROW_WORDS), MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
}

/**
 * Shape: wordCounts[address] and rowCounts[rowIndex] cover the table's height; the image may be shorter, its missing cells
 * are 0.
 */
export function traceMemory(image: Uint32Array, wordCounts: Uint32Array, rowCounts: Uint32Array): TableTrace {
  const height = rowCounts.length;
  const lane = (words: Uint32Array, index: number): Uint32Array => {
    const column = new Uint32Array(height);
    const rows = Math.min(height, Math.ceil((words.length - index) / ROW_WORDS));
    for (let row = 0; row < rows; row++) column[row] = words[row * ROW_WORDS + index]!;
    return column;
  };
  const lanes = (words: Uint32Array): Uint32Array[] =>
    Array.from({ length: ROW_WORDS }, (_, index) => lane(words, index));
  const rowIndices = new Uint32Array(height);
  for (let row = 0; row < height; row++) rowIndices[row] = row;
  return {
    logHeight: Math.log2(height),
    columns: [rowIndices, ...lanes(image), ...lanes(wordCounts), rowCounts],
  };
}
