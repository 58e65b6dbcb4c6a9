/** What the extension table is meant to admit. Source: machine/extension/README.md. */
import { extensionTable } from '../../../machine/extension/table.ts';
import {
  type Bench,
  combine,
  createBench,
  dot,
  evaluate,
  fold,
  multiplyAdd,
  multiplyAddBase,
  unpack,
} from '../../support/extensionCalls.ts';
import { createRandom } from '../../support/random.ts';
import {
  booleanColumns,
  type DeclaredState,
  forEach,
  numbered,
  type Operation,
  type TableDeclaration,
} from '../../support/tableDeclaration.ts';

const SEED = 3_008;
/** Words of an element in a row, and words behind it. */
const BEHIND = 3;
const ROW = 8;

/** What may follow the end of an operation, or padding. */
const STARTS = [
  'padding',
  'MADD',
  'MADD_BASE',
  'dot inside',
  'dot end',
  'coefficients',
  'elements',
  'fold by 8',
  'fold by 4',
  'fold by 2',
  'unpack',
];
const slots = (...numbers: readonly number[]): string[] => numbers.map((slot) => `row of slot ${slot}`);

const states: Record<string, DeclaredState> = {
  padding: { ones: [], uses: [], followers: STARTS },
  MADD: { ones: ['isMadd'], uses: ['call', ...slots(0, 2, 3, 4)], followers: STARTS },
  MADD_BASE: { ones: ['isMaddBase'], uses: ['call', ...slots(0, 3, 4)], followers: STARTS },
  'dot inside': { ones: ['isDot'], uses: slots(0, 1, 2, 4), followers: ['dot inside', 'dot end'] },
  'dot end': { ones: ['isDot', 'isDotEnd'], uses: ['call', ...slots(0, 1, 2, 3, 4)], followers: STARTS },
  coefficients: {
    ones: ['isEval'],
    uses: slots(0, 1, 2, 3, 4),
    followers: ['coefficients', 'evaluation end'],
  },
  'evaluation end': { ones: ['isEval', 'isEvalEnd'], uses: ['call', ...slots(3)], followers: STARTS },
  elements: {
    ones: ['isEval', 'isCombine'],
    uses: slots(0, 1, 2, 3, 4),
    followers: ['constants', 'constants end'],
  },
  constants: { ones: ['isEval', 'isCombineConstants'], uses: slots(0), followers: ['elements'] },
  'constants end': {
    ones: ['isEval', 'isCombineConstants', 'isCombineEnd'],
    uses: ['call', ...slots(0, 3)],
    followers: STARTS,
  },
  'fold by 8': { ones: ['isFold8'], uses: slots(0, 1, 2, 3, 4), followers: ['second of 8'] },
  'second of 8': { ones: ['isFold4Inner'], uses: [], followers: ['last of a fold'] },
  'fold by 4': { ones: ['isFold4'], uses: slots(0, 1, 2), followers: ['last of a fold'] },
  'last of a fold': { ones: ['isFold2Inner'], uses: ['call', ...slots(2, 3, 4)], followers: STARTS },
  'fold by 2': { ones: ['isFold2'], uses: ['call', ...slots(0, 1, 2, 3, 4)], followers: STARTS },
  unpack: { ones: ['isUnpack'], uses: slots(0, 2, 3, 4), followers: ['unpack middle'] },
  'unpack middle': { ones: ['isUnpackMiddle'], uses: slots(0, 1, 2, 3, 4), followers: ['unpack end'] },
  'unpack end': { ones: ['isUnpackEnd'], uses: ['call', ...slots(0, 1, 3, 4)], followers: STARTS },
};

/** The rows of one call between multiply-adds. */
function operation(
  name: string,
  make: (bench: Bench) => void,
  rows: number,
  outcomes: readonly { readonly row: number; readonly slot: number }[],
  freedom: number,
): Operation {
  const bench = createBench(createRandom(SEED));
  multiplyAdd(bench);
  make(bench);
  multiplyAdd(bench);
  return {
    name,
    columns: bench.trace().trace.columns,
    firstRow: 1,
    rows,
    outcomes: outcomes.map(({ row, slot }) => ({
      row,
      interaction: `row of slot ${slot}`,
      words: [1, 2, 3, 4, 5],
    })),
    freedom,
  };
}

const out = (row: number) => [{ row, slot: 3 }];
// A, B, C and clk; the packed leaf; y^-1, the pointer to beta and a free word behind the carried element, which is the value
// at the place; the row of beta; what is behind the outcome.
const folded = (packedRows: number): number => 4 + ROW * packedRows + BEHIND + ROW + BEHIND;

function operations(): Operation[] {
  return [
    // Operands and clk, the rows read, what is behind the outcome.
    operation('MADD', multiplyAdd, 1, [{ row: 0, slot: 4 }], 5 + 3 * ROW + BEHIND),
    operation('MADD_BASE', multiplyAddBase, 1, [{ row: 0, slot: 4 }], 5 + 2 * ROW + BEHIND),
    // A, B, C, clk; for each row block, weight and two rows of challenges.
    operation('DOT8 of 1', (bench) => dot(bench, 1), 1, out(0), 4 + 4 * ROW + BEHIND),
    operation('DOT8 of 3', (bench) => dot(bench, 3), 3, out(2), 4 + 3 * 4 * ROW + BEHIND),
    // A, B, C, clk; five packed rows a group.
    operation('EVAL8 of 1', (bench) => evaluate(bench, 1), 2, out(1), 4 + 5 * ROW + BEHIND),
    operation('EVAL8 of 3', (bench) => evaluate(bench, 3), 4, out(3), 4 + 3 * 5 * ROW + BEHIND),
    // A, B, C, clk; a row of constants and five packed rows a group.
    operation('COMBINE8 of 1', (bench) => combine(bench, 1), 2, out(1), 4 + 6 * ROW + BEHIND),
    operation('COMBINE8 of 3', (bench) => combine(bench, 3), 6, out(5), 4 + 3 * 6 * ROW + BEHIND),
    operation('FOLD8 by 8', (bench) => fold(bench, 3, 6), 3, out(2), folded(5)),
    operation('FOLD8 by 8 at place 7', (bench) => fold(bench, 3, 7), 3, out(2), folded(5)),
    operation('FOLD8 by 4', (bench) => fold(bench, 2, 1), 2, out(1), folded(3)),
    operation('FOLD8 by 2', (bench) => fold(bench, 1, 1), 1, out(0), folded(2)),
    // A, C, clk; five packed rows; behind each outcome.
    operation(
      'UNPACK8',
      unpack,
      3,
      [0, 1, 2].flatMap((row) => (row === 2 ? [3, 4] : [2, 3, 4]).map((slot) => ({ row, slot }))),
      3 + 5 * ROW + 8 * BEHIND,
    ),
  ];
}

const CHOICES = numbered('choice', 7);

export const extensionDeclaration: TableDeclaration = {
  air: extensionTable.air,
  selectors: [
    'isMadd',
    'isMaddBase',
    'isDot',
    'isEval',
    'isFold8',
    'isFold4',
    'isFold2',
    'isUnpack',
    'isFold4Inner',
    'isFold2Inner',
    'isUnpackMiddle',
    'isUnpackEnd',
    'isDotEnd',
    'isEvalEnd',
    'isCombine',
    'isCombineConstants',
    'isCombineEnd',
  ],
  mirrors: ['factor2', 'factor3', 'factor4'],
  states,
  // A run may lie across the end of the table.
  first: 'any',
  last: 'any',
  choices: [8, 4, 2].map((arity) => ({
    name: `the place in a leaf of ${arity}`,
    given: { isFold8: 0, isFold4: 0, isFold2: 0, [`isFold${arity}`]: 1 },
    columns: CHOICES.slice(0, arity),
    // The eighth place has no column: it is what the others leave.
    admitted: Array.from({ length: arity }, (_, place) => CHOICES.slice(place, place + 1)),
  })),
  booleans: {
    ...booleanColumns([
      'isMadd',
      'isMaddBase',
      'isDot',
      'isEval',
      'isFold8',
      'isFold4',
      'isFold2',
      'isUnpack',
      'isDotEnd',
      'isEvalEnd',
      'isCombine',
      'isCombineConstants',
      'isCombineEnd',
    ]),
    'at most one operation':
      'isDot + isEval + isFold4Inner + isFold2Inner + isUnpackMiddle + isUnpackEnd + isMadd + isMaddBase + isFold8 + isFold4 + isFold2 + isUnpack',
    'one kind of row in a run of isEval': 'isEvalEnd + isCombine + isCombineConstants',
  },
  degrees: {
    'value at the place word #': '2',
    'multiply-add word #': '2',
    'power # of the point': '2',
    // Mirrors in words 2, 3 and 4 on rows of isEval.
    'factor word #': '1 and 2, 2',
    'accumulator word #': '1 and 2',
    'outcome word #': '1 and 2',
    'folded # word #': '2',
    'choice # is boolean in a fold': '2',
    // In a leaf of 8 the last place has no column.
    'one place is chosen': '1 and 2',
    'dot word #': '3',
  },
  alone: {
    'elements, their constants, the next elements': ['next factor2 = 1', 'next factor3 = 1'],
    // The mirrors of selectors.
    'factor word 2': ['factor2 = 0', 'factor2 = 1'],
    'factor word 3': ['factor3 = 0', 'factor3 = 1'],
    'factor word 4': ['factor4 = 0', 'factor4 = 1'],
    ...forEach(5, (word) => [`a run starts at 0, word ${word}`, [`next accumulator${word} = 0`]]),
    ...forEach(7, (place) => [
      `choice ${place} is boolean in a fold`,
      [`choice${place} = 0 or choice${place} = 1`],
    ]),
    'the count starts at 1': ['next d = 1'],
    'count, place, nothing': ['d = 0'],
  },
  operations,
  unseen: {},
};
