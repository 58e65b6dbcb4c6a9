/** What the range table is meant to admit. Source: machine/range/README.md. */
import { rangeAir } from '../../../machine/range/air.ts';
import { traceRange } from '../../../machine/range/trace.ts';
import { createRandom } from '../../support/random.ts';
import type { TableDeclaration } from '../../support/tableDeclaration.ts';

const SEED = 3_006;

export const rangeDeclaration: TableDeclaration = {
  air: rangeAir,
  selectors: [],
  states: { row: { ones: [], uses: [], followers: 'any' } },
  first: 'any',
  last: 'any',
  alone: { 'first value': ['value = 0'] },
  operations: () => [
    {
      name: 'the first rows',
      columns: traceRange(createRandom(SEED).words(2 ** 16)).columns,
      firstRow: 0,
      rows: 2,
      outcomes: [],
      // A count a row; the values follow.
      freedom: 2,
    },
  ],
  unseen: {},
};
