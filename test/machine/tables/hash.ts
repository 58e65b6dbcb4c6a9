/** What the hash table is meant to admit. Source: machine/hash/README.md. */
import { hashTable } from '../../../machine/hash/table.ts';
import { TAG } from '../../../machine/instruction.ts';
import { createMemory, type HandCall, runCalls, traceCalls, writeRow } from '../../support/callTable.ts';
import { createRandom } from '../../support/random.ts';
import {
  booleanColumns,
  type DeclaredState,
  type Operation,
  type Outcome,
  type TableDeclaration,
} from '../../support/tableDeclaration.ts';

const SEED = 3_001;

/** Rows that may follow one that ends a run, or padding: padding and starts. */
const STARTS = [
  'padding',
  'chain only',
  'chain start',
  'path only',
  'path only right',
  'path start',
  'path start right',
];
const INSIDE_CHAIN = ['chain inside', 'chain end'];
const INSIDE_PATH = ['path inside', 'path inside right', 'path end', 'path end right'];

const states: Record<string, DeclaredState> = {
  padding: { ones: [], uses: [], followers: STARTS },
  'chain only': {
    ones: ['isActive', 'isStart', 'isEnd'],
    uses: ['call', 'left row', 'right row', 'output row'],
    followers: STARTS,
  },
  'chain start': {
    ones: ['isActive', 'isStart'],
    uses: ['call', 'left row', 'right row'],
    followers: INSIDE_CHAIN,
  },
  'chain inside': { ones: ['isActive'], uses: ['right row'], followers: INSIDE_CHAIN },
  'chain end': { ones: ['isActive', 'isEnd'], uses: ['right row', 'output row'], followers: STARTS },
  'path only': {
    ones: ['isActive', 'isStart', 'isEnd', 'isPath'],
    uses: ['call', 'left row', 'output row'],
    followers: STARTS,
  },
  'path only right': {
    ones: ['isActive', 'isStart', 'isEnd', 'isPath', 'bit', 'startsRight'],
    uses: ['call', 'right row', 'output row'],
    followers: STARTS,
  },
  'path start': {
    ones: ['isActive', 'isStart', 'isPath'],
    uses: ['call', 'left row'],
    followers: INSIDE_PATH,
  },
  'path start right': {
    ones: ['isActive', 'isStart', 'isPath', 'bit', 'startsRight'],
    uses: ['call', 'right row'],
    followers: INSIDE_PATH,
  },
  'path inside': { ones: ['isActive', 'isPath'], uses: [], followers: INSIDE_PATH },
  'path inside right': { ones: ['isActive', 'isPath', 'bit'], uses: [], followers: INSIDE_PATH },
  'path end': { ones: ['isActive', 'isEnd', 'isPath'], uses: ['output row'], followers: STARTS },
  'path end right': { ones: ['isActive', 'isEnd', 'isPath', 'bit'], uses: ['output row'], followers: STARTS },
};

/** The rows of one call, between chains of one block. */
function operation(name: string, call: Omit<HandCall, 'witness'>, freedom: number): Operation {
  const random = createRandom(SEED);
  const memory = createMemory(1024);
  for (let row = 0; row < 16; row++) writeRow(memory, 8 * row, random.words(8));
  const other = { tag: TAG.HASH_CHAIN, a: 120, b: 112, c: 504, d: 1 };
  const rows = call.d ?? 1;
  const isPath = call.tag === TAG.HASH_PATH;
  const calls = [other, { ...call, witness: random.words(isPath ? 8 * rows : 0) }, other];
  const log = runCalls(hashTable, memory, calls);
  const { trace } = traceCalls(hashTable, log, memory.image);
  // A path proves no more than that there are siblings which lead to its outcome.
  const outcome: Outcome = { row: rows - 1, interaction: 'output row', words: [1, 2, 3, 4, 5, 6, 7, 8] };
  return { name, columns: trace.columns, firstRow: 1, rows, outcomes: isPath ? [] : [outcome], freedom };
}

// Operands A, B, C and clk, the first state and D blocks; the outcome follows. D is the number of rows.
const chain = (d: number): Operation =>
  operation(`HASH_CHAIN of ${d}`, { tag: TAG.HASH_CHAIN, a: 0, b: 8, c: 512, d }, 4 + 8 + 8 * d);
// Operands A, C and clk, the first state, and an outcome that is free as the siblings are. B is the bits of the rows.
const path = (b: number, d: number): Operation =>
  operation(`HASH_PATH of ${b} over ${d}`, { tag: TAG.HASH_PATH, a: 0, b, c: 512, d }, 3 + 8 + 8);

/** Rows that another row of their run follows. */
const GOING_ON = Object.keys(states).filter((name) => / (start|inside)/.test(name));
const isOfPath = (name: string): boolean => name.startsWith('path');

export const hashDeclaration: TableDeclaration = {
  air: hashTable.air,
  selectors: ['isActive', 'isStart', 'isEnd', 'isPath', 'bit', 'startsRight'],
  states,
  first: STARTS,
  last: Object.entries(states).flatMap(([name, { followers }]) => (followers === STARTS ? [name] : [])),
  choices: [
    ...[29, 30, 31].map((remaining) => ({
      name: `a row of a path behind its first with ${remaining} rows left`,
      given: { isActive: 1, isStart: 0, isPath: 1, remaining },
      columns: [],
      admitted: remaining === 30 ? [] : [[]],
    })),
    {
      name: 'a row of a chain behind its first with 30 rows left',
      given: { isActive: 1, isStart: 0, isPath: 0, remaining: 30 },
      columns: [],
      admitted: [[]],
    },
  ],
  booleans: booleanColumns(['isActive', 'isStart', 'isEnd', 'isPath', 'bit']),
  degrees: { 'sbox round # lane #': '3', 'a PATH of at most # levels': '2' },
  speaks: {
    'same output row': GOING_ON,
    countdown: GOING_ON,
    'next block': GOING_ON.filter((name) => !isOfPath(name)),
    'next level': GOING_ON.filter(isOfPath),
    'state word #': GOING_ON,
    'last level': Object.keys(states).filter((name) => /^path (only|end)/.test(name)),
    'the last row ends': Object.keys(states).filter((name) => / (only|end)/.test(name)),
  },
  alone: {
    'the last row ends': ['remaining = 1'],
    // The bit itself.
    'last level': ['operandB = 0', 'operandB = 1'],
    // On a row of a chain behind its first, which has no clk to tell.
    'a PATH of at most 30 levels': ['clk = 0 or remaining = 30'],
  },
  operations: () => [chain(1), chain(3), path(0, 1), path(1, 1), path(0b010, 3), path(0b101, 3)],
  unseen: {
    'isStart is boolean':
      'isStart is isActive less what the row before continues, so -1, 0 or 1, and -1 is no start that is active',
    'isEnd is boolean': 'isEnd is isActive less what the row behind continues, likewise',
    'a start is active':
      'an inactive start would have to be continued by -1 of the row before, which no end of an active row is',
    'an end is active': 'an inactive end would continue by -1, which only an inactive start can be behind',
  },
};
