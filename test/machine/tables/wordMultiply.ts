/** What the wordMultiply table is meant to admit. Source: machine/wordMultiply/README.md. */
import { TAG } from '../../../machine/instruction.ts';
import { wordMultiplyTable } from '../../../machine/wordMultiply/table.ts';
import { createMemory, runCalls, traceCalls, writeInteger } from '../../support/callTable.ts';
import { createRandom, type Random } from '../../support/random.ts';
import { forEach, numbered, type Operation, type TableDeclaration } from '../../support/tableDeclaration.ts';

const SEED = 3_004;
const LIMBS = 16;

/** A word of random limbs, none of them 0. */
function randomWord(random: Random, limbs: number): bigint {
  let value = 0n;
  for (let limb = 0; limb < limbs; limb++) value = (value << 16n) | BigInt(1 + random.below(2 ** 16 - 1));
  return value;
}

/** The four rows of a product of words of 16 limbs together, between two others. */
function product(xLimbs: number, freedom: number): Operation {
  const random = createRandom(SEED);
  const memory = createMemory(128);
  writeInteger(memory, 0, randomWord(random, xLimbs));
  writeInteger(memory, 16, randomWord(random, LIMBS - xLimbs));
  const call = { tag: TAG.WORD_MULTIPLY, a: 0, b: 16, c: 32 };
  const { trace } = traceCalls(
    wordMultiplyTable,
    runCalls(wordMultiplyTable, memory, [call, call, call]),
    memory.image,
  );
  const words = [1, 2, 3, 4, 5, 6, 7, 8];
  const outcomes = [1, 3].map((row) => ({ row, interaction: 'z row', words }));
  return {
    name: `WORD_MULTIPLY of ${xLimbs} and ${LIMBS - xLimbs} limbs`,
    columns: trace.columns,
    firstRow: 4,
    rows: 4,
    outcomes,
    freedom,
  };
}

const GROUP = 4;
const sumOf = (prefix: string): string => numbered(prefix, GROUP).join(' + ');
const ranges: Readonly<Record<string, string>> = {
  ...forEach(GROUP, (limb) => [`range of x low ${limb}`, `xLow${limb}`]),
  ...forEach(GROUP, (limb) => [`range of x high ${limb}`, `xHigh${limb}`]),
  ...forEach(GROUP, (limb) => [`range of y low ${limb}`, `checkedLow${limb}`]),
  ...forEach(GROUP, (limb) => [`range of y high ${limb}`, `checkedHigh${limb}`]),
  ...forEach(GROUP, (limb) => [`range of z ${limb}`, `z${limb}`]),
  ...forEach(GROUP, (limb) => [`range of carry ${limb}`, `carry${limb}`]),
  // Four low bytes, each below 2^16: their sum is below 2^10; of the carries it is below 2^16 / 3.
  'range of x low sum': `64 * (${sumOf('xLow')})`,
  'range of y low sum': `64 * (${sumOf('checkedLow')})`,
  'range of carry sum': `3 * (${sumOf('carry')})`,
};
const rangeLabels = Object.keys(ranges);
const STARTS = ['padding', 'row 0'];

export const wordMultiplyDeclaration: TableDeclaration = {
  air: wordMultiplyTable.air,
  selectors: numbered('isRow', 4),
  states: {
    padding: { ones: [], uses: [], followers: STARTS },
    'row 0': { ones: ['isRow0'], uses: ['call', 'y row 0', 'y row 1', ...rangeLabels], followers: ['row 1'] },
    'row 1': { ones: ['isRow1'], uses: ['x row', 'z row', ...rangeLabels], followers: ['row 2'] },
    'row 2': { ones: ['isRow2'], uses: rangeLabels, followers: ['row 3'] },
    'row 3': { ones: ['isRow3'], uses: ['x row', 'z row', ...rangeLabels], followers: STARTS },
  },
  first: STARTS,
  last: ['padding', 'row 3'],
  // A limb divides into its parts, and a sum into limb and carry, in one way within their ranges.
  rangeBound: [...numbered('xLow', 4), ...numbered('checkedLow', 4), ...numbered('carry', 4)],
  ranges,
  booleans: {
    'isRow0 is boolean': 'isRow0',
    'at most one row of a product': 'isRow1 + isRow2 + isRow3 + isRow0',
  },
  degrees: {
    'no carry out': '2',
    'no product above limb # with x limb #': '2',
    'limb #': '2',
  },
  alone: {
    // Behind the last row and on padding nothing moves on.
    ...forEach(LIMBS - GROUP, (limb) => [`xLow ${GROUP + limb} moves`, [`next xLow${GROUP + limb} = 0`]]),
    ...forEach(LIMBS - GROUP, (limb) => [`xHigh ${GROUP + limb} moves`, [`next xHigh${GROUP + limb} = 0`]]),
    'carry in': ['next carryIn = 0'],
    ...forEach(GROUP, (limb) => [`checked low ${limb}`, [`checkedLow${limb} = 0`]]),
    ...forEach(GROUP, (limb) => [`checked high ${limb}`, [`checkedHigh${limb} = 0`]]),
  },
  operations: () => [
    // A, B, C, clk and the limbs that are not 0. The others stay 0, but of the first ones behind them, one of x and one of y,
    // no more than one combination is asserted, where both are 0. The outcome follows.
    product(8, 4 + LIMBS + 1),
    product(9, 4 + LIMBS + 1),
    product(3, 4 + LIMBS + 1),
    // The first limbs of y meet the last of x on the last row.
    product(13, 4 + LIMBS + 1),
  ],
  unseen: {},
};
