/**
 * The instruction set: operand fields, flags and call tags, and one instruction as a record.
 * Source: docs/spec/machine.md, sections Instructions and Calls.
 */

/** Bit i of the flags word is flag i. */
export const FLAG_NAMES = [
  'memA',
  'fpA',
  'memB',
  'fpB',
  'memC',
  'fpC',
  'memD',
  'fpD',
  'isAdd',
  'isMul',
  'isDeref',
  'isJump',
  'isCall',
] as const;

export type FlagName = (typeof FLAG_NAMES)[number];

function flagBit(name: FlagName): number {
  return 1 << FLAG_NAMES.indexOf(name);
}

export const FLAG: Readonly<Record<FlagName, number>> = {
  memA: flagBit('memA'),
  fpA: flagBit('fpA'),
  memB: flagBit('memB'),
  fpB: flagBit('fpB'),
  memC: flagBit('memC'),
  fpC: flagBit('fpC'),
  memD: flagBit('memD'),
  fpD: flagBit('fpD'),
  isAdd: flagBit('isAdd'),
  isMul: flagBit('isMul'),
  isDeref: flagBit('isDeref'),
  isJump: flagBit('isJump'),
  isCall: flagBit('isCall'),
};

/** Tags of the calls to tables. */
export const TAG = {
  HASH_CHAIN: 1,
  HASH_PATH: 2,
  MADD: 8,
  MADD_BASE: 9,
  DOT8: 10,
  EVAL8: 11,
  FOLD8: 12,
  UNPACK8: 13,
  COMBINE8: 14,
  WORD_ADD: 16,
  WORD_LESS: 17,
  WORD_CHECK: 18,
  WORD_MULTIPLY: 19,
  WORD_SUBTRACT: 20,
  RAM_INITIALISE: 24,
  RAM_READ: 25,
  RAM_WRITE: 26,
  RAM_FINALISE: 27,
} as const;

/** The initial frame pointer; row 0 is the statement. */
export const INITIAL_FP = 8;
/** The first cycle's clock. */
export const INITIAL_CLK = 1;
/** The program counter of END, the jump to itself that ends every run. */
export const END_PC = 1;

/** One instruction: canonical operand fields, call tag (0 when it is no call) and flags word. */
export interface Instruction {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly tag: number;
  readonly flags: number;
}

/** Jump to pc `target` in the same frame. */
export function jumpTo(target: number): Instruction {
  return { a: 1, b: target, c: 0, d: 0, tag: 0, flags: FLAG.isJump | FLAG.fpC };
}
