/** What the word table is meant to admit. Source: machine/word/README.md. */
import { TAG } from '../../../machine/instruction.ts';
import { wordTable } from '../../../machine/word/table.ts';
import { createMemory, runCalls, traceCalls, writeInteger } from '../../support/callTable.ts';
import { createRandom, type Random } from '../../support/random.ts';
import {
  booleanColumns,
  forEach,
  numbered,
  type Operation,
  type Outcome,
  type TableDeclaration,
} from '../../support/tableDeclaration.ts';

const SEED = 3_002;
const HALF = ['row 0', 'row 1'] as const;
const ROW = [1, 2, 3, 4, 5, 6, 7, 8];

function randomWord(random: Random): bigint {
  let value = 0n;
  for (let limb = 0; limb < 16; limb++) value = (value << 16n) | BigInt(random.below(2 ** 15));
  return value;
}

/** One call on two random words, x above y, so that limbs borrow and carry. */
function operation(name: string, tag: number, outcomes: readonly Outcome[], freedom: number): Operation {
  const random = createRandom(SEED);
  const memory = createMemory(64);
  const x = randomWord(random) + 2n ** 255n;
  writeInteger(memory, 0, x);
  writeInteger(memory, 16, randomWord(random) / 4n);
  const isCheck = tag === TAG.WORD_CHECK;
  const call = isCheck
    ? { tag, a: 0, b: 0, c: 0 }
    : { tag, a: 0, b: 16, c: tag === TAG.WORD_LESS ? undefined : 32 };
  const { trace } = traceCalls(wordTable, runCalls(wordTable, memory, [call]), memory.image);
  return { name, columns: trace.columns, firstRow: 0, rows: 1, outcomes, freedom };
}

const LIMBS = 16;
const ranges = numbered('range of outcome ', LIMBS);
const rows = ['left', 'right'].flatMap((side) => HALF.map((half) => `${side} ${half}`));
const outcome = HALF.map((half) => `outcome ${half}`);
const outcomeRows = HALF.map((half) => ({ row: 0, interaction: `outcome ${half}`, words: ROW }));

export const wordDeclaration: TableDeclaration = {
  air: wordTable.air,
  selectors: ['isAdd', 'isSubtract', 'isLess', 'isCheck'],
  states: {
    padding: { ones: [], uses: [], followers: 'any' },
    add: { ones: ['isAdd'], uses: ['call', ...rows, ...outcome, ...ranges], followers: 'any' },
    subtract: {
      ones: ['isSubtract'],
      uses: ['call', ...rows, ...outcome, ...ranges],
      followers: 'any',
    },
    // The difference is in range and nowhere in memory.
    less: { ones: ['isLess'], uses: ['call', ...rows, ...ranges], followers: 'any' },
    check: { ones: ['isCheck'], uses: ['call', ...outcome, ...ranges], followers: 'any' },
  },
  first: 'any',
  last: 'any',
  choices: [
    ...['isAdd', 'isSubtract'].map((name) => ({
      name: `the last carry with ${name}`,
      given: { isAdd: 0, isSubtract: 0, isLess: 0, isCheck: 0, [name]: 1 },
      columns: ['carry15'],
      admitted: [[]],
    })),
    {
      name: 'the last borrow of a comparison, which is C',
      given: { isAdd: 0, isSubtract: 0, isLess: 1, isCheck: 0 },
      columns: ['carry15', 'c'],
      admitted: [[], ['carry15', 'c']],
    },
    {
      name: 'the operands B and C of a check',
      given: { isAdd: 0, isSubtract: 0, isLess: 0, isCheck: 1 },
      columns: ['b', 'c'],
      admitted: [[]],
    },
  ],
  // The outcome alone: left and right were checked where they were made.
  ranges: forEach(LIMBS, (limb) => [`range of outcome ${limb}`, `outcome${limb}`]),
  booleans: {
    ...booleanColumns(['isAdd', 'isSubtract', 'isLess', 'isCheck']),
    'at most one operation': 'isAdd + isSubtract + isLess + isCheck',
    ...forEach(LIMBS, (limb) => [`carry ${limb} is boolean`, `carry${limb}`]),
  },
  degrees: { 'carry # is boolean': '2' },
  alone: {
    'no carry out': ['carry15 = 0'],
    ...forEach(LIMBS, (limb) => [`carry ${limb} is boolean`, [`carry${limb} = 0 or carry${limb} = 1`]]),
    'B of a CHECK is 0': ['b = 0'],
    'C of a CHECK is 0': ['c = 0'],
  },
  operations: () => [
    // A, B, C, clk and two words.
    operation('WORD_ADD', TAG.WORD_ADD, outcomeRows, 4 + 16 + 16),
    operation('WORD_SUBTRACT', TAG.WORD_SUBTRACT, outcomeRows, 4 + 16 + 16),
    // A, B, clk and two words; C follows, and the difference, of which range look-ups see the limbs.
    operation('WORD_LESS', TAG.WORD_LESS, [{ row: 0, interaction: 'call', words: [3] }], 3 + 16 + 16),
    // A, clk and one word.
    operation('WORD_CHECK', TAG.WORD_CHECK, [], 2 + 16),
  ],
  unseen: {},
};
