/** What the memory table is meant to admit. Source: machine/memory/README.md. */
import { memoryAir } from '../../../machine/memory/air.ts';
import { traceMemory } from '../../../machine/memory/trace.ts';
import { createRandom } from '../../support/random.ts';
import type { Operation, TableDeclaration } from '../../support/tableDeclaration.ts';

const SEED = 3_005;
const ROWS = 256;

/** Two rows from `firstRow` on of a memory of random words, looked up at random. */
function operation(name: string, firstRow: number, freedom: number): Operation {
  const random = createRandom(SEED);
  const image = random.words(8 * ROWS);
  const { columns } = traceMemory(image, random.words(8 * ROWS), random.words(ROWS));
  return { name, columns, statement: image.slice(0, 8), firstRow, rows: 2, outcomes: [], freedom };
}

export const memoryDeclaration: TableDeclaration = {
  air: memoryAir,
  selectors: [],
  states: { row: { ones: [], uses: [], followers: 'any' } },
  first: 'any',
  last: 'any',
  alone: { 'first row index': ['rowIndex = 0'] },
  operations: () => [
    // Nine counts a row, and the words of the second row: those of the first are the statement, all addresses follow.
    operation('the first rows', 0, 9 + 9 + 8),
    // Between rows whose index is not given, the indices are any two that follow each other.
    operation('rows inside', 100, 9 + 9 + 8 + 8 + 1),
  ],
  unseen: {},
};
