/**
 * The columns of the extension table: five slots, each a memory row of 8 words with its pointer, and what the operations
 * carry from row to row. Columns that are read on the next row stand first; they fill blocks of 8.
 * Source: machine/extension/README.md.
 */
import { columnNames } from '../../stark/air/builder.ts';

/** Memory rows that one table row can look up. */
export const SLOTS = 5;
export const SLOT_WORDS = 40;
/** Packed elements of a row, 5 words each: word 5t + i is coefficient i of element t. */
export const PACKED_ELEMENTS = 8;
/** Words that a fold hands on to the next row: 4 elements, then 2. */
export const CARRIED_WORDS = 20;

const WORDS = columnNames('word', 40);

export const MAIN_COLUMNS = [
  // Read on the next row.
  ...WORDS.slice(0, CARRIED_WORDS),
  'pointer0',
  'pointer2',
  'd',
  ...columnNames('accumulator', 5),
  ...columnNames('factor', 5),
  'choice0',
  'isDot',
  'isEval',
  'isFold4Inner',
  'isFold2Inner',
  'isUnpackMiddle',
  'isUnpackEnd',
  // Read on the current row only.
  ...WORDS.slice(CARRIED_WORDS),
  'pointer1',
  'pointer3',
  'pointer4',
  ...columnNames('dot', 5),
  ...columnNames('choice', 7).slice(1),
  'clk',
  'isMadd',
  'isMaddBase',
  'isDotEnd',
  'isEvalEnd',
  'isFold8',
  'isFold4',
  'isFold2',
  'isUnpack',
  'isCombine',
  'isCombineConstants',
  'isCombineEnd',
] as const;

/** The place of a column in the table. Throws: RangeError. */
export function extensionColumn(name: string): number {
  const place = (MAIN_COLUMNS as readonly string[]).indexOf(name);
  if (place < 0) throw new RangeError(`the extension table has no column ${name}`);
  return place;
}

/** The slot that holds an operand, by operation. */
export const SLOT = {
  /** MADD: a * b + c = result. MADD_BASE has no factor slot. */
  madd: { a: 0, b: 2, c: 3, result: 4 },
  /** DOT8: the three tensor challenges are packed in two rows. */
  dot: { block: 0, challenges: 1, weight: 2, out: 3, moreChallenges: 4 },
  evalEnd: { out: 3 },
  /** The row of constants, behind the row with their packed elements. */
  combine: { constants: 0, out: 3 },
  /** The packed rows are in slots 0 and 1, the outcomes in these. */
  unpack: { outs: [2, 3, 4] },
  /** The last row of a fold; earlier ones hold packed rows in all slots they look up. */
  foldEnd: { carried: 2, out: 3, challenge: 4 },
} as const;

/** The factor columns that say in the rows of isEval what the row is, for the row before to read. */
export const EVAL_FACTOR = { constants: 2, elements: 3, end: 4 } as const;

/** Words after the element of a row that operations read. */
export const EXTRA_WORD = {
  /** Of a weight row: pointer to the packed challenges r_0, r_1, r_2 (15 words in 2 rows). */
  dotChallenges: 5,
  /** Of the carried row of a fold: y^-1 and the pointer to the row of beta. */
  foldInversePoint: 5,
  foldChallenge: 6,
} as const;
