/** What the ram table is meant to admit. Source: machine/ram/README.md. */
import { TAG } from '../../../machine/instruction.ts';
import { ramTable } from '../../../machine/ram/table.ts';
import { createMemory, runCalls, traceCalls } from '../../support/callTable.ts';
import { createRandom } from '../../support/random.ts';
import {
  booleanColumns,
  type Operation,
  type Outcome,
  type TableDeclaration,
} from '../../support/tableDeclaration.ts';

const SEED = 3_003;

/** The access of a row: a cell is initialised, read, written and finalised. */
function operation(name: string, row: number, outcomes: readonly Outcome[], freedom: number): Operation {
  const random = createRandom(SEED);
  const [segment, index, before, after] = random.words(4) as unknown as [number, number, number, number];
  const memory = createMemory(8);
  const call = (tag: number, c?: number) => ({ tag, a: segment, b: index, c });
  const log = runCalls(ramTable, memory, [
    call(TAG.RAM_INITIALISE, before),
    call(TAG.RAM_READ),
    call(TAG.RAM_WRITE, after),
    call(TAG.RAM_FINALISE),
  ]);
  // Distances of more than one limb.
  log.clk.set([1, 70_000, 1_000_000, 3_000_000]);
  const { trace } = traceCalls(ramTable, log, memory.image);
  return { name, columns: trace.columns, firstRow: row, rows: 1, outcomes, freedom };
}

const takes = ['take', 'low', 'high', 'high below 2^8'];
const value = { row: 0, interaction: 'call', words: [3] };
const left = { row: 0, interaction: 'leave', words: [2] };

export const ramDeclaration: TableDeclaration = {
  air: ramTable.air,
  selectors: ['isInitialise', 'isRead', 'isWrite', 'isFinalise'],
  states: {
    padding: { ones: [], uses: [], followers: 'any' },
    initialise: { ones: ['isInitialise'], uses: ['call', 'leave'], followers: 'any' },
    read: { ones: ['isRead'], uses: ['call', 'leave', ...takes], followers: 'any' },
    write: { ones: ['isWrite'], uses: ['call', 'leave', ...takes], followers: 'any' },
    finalise: { ones: ['isFinalise'], uses: ['call', ...takes], followers: 'any' },
  },
  first: 'any',
  last: 'any',
  // So high is below 2^8.
  ranges: { low: 'low', high: 'high', 'high below 2^8': '256 * high' },
  booleans: {
    ...booleanColumns(['isInitialise', 'isRead', 'isWrite', 'isFinalise']),
    'at most one kind': 'isInitialise + isRead + isWrite + isFinalise',
  },
  operations: () => [
    // Segment, index, value, clk.
    operation('RAM_INITIALISE', 0, [], 4),
    // Segment, index, clk, the value and clk taken, and how the limbs divide the distance; the value follows.
    operation('RAM_READ', 1, [value, left], 6),
    operation('RAM_WRITE', 2, [], 7),
    operation('RAM_FINALISE', 3, [value], 6),
  ],
  unseen: {},
};
