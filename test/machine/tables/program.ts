/** What the program table is meant to admit. Source: machine/program/README.md. */
import { programAir } from '../../../machine/program/air.ts';
import { programColumns } from '../../../machine/program/trace.ts';
import { everythingProgram } from '../../support/machinePrograms.ts';
import { createRandom } from '../../support/random.ts';
import type { TableDeclaration } from '../../support/tableDeclaration.ts';

const SEED = 3_007;

export const programDeclaration: TableDeclaration = {
  air: programAir,
  selectors: [],
  states: { row: { ones: [], uses: [], followers: 'any' } },
  first: 'any',
  last: 'any',
  operations() {
    const { logHeight, columns: preprocessed } = programColumns(everythingProgram.instructions);
    const columns = [createRandom(SEED).words(2 ** logHeight)];
    // A count; the instruction is the key's.
    return [
      { name: 'an instruction', columns, preprocessed, firstRow: 3, rows: 1, outcomes: [], freedom: 1 },
    ];
  },
  unseen: {},
};
