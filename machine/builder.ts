/**
 * The typed program builder: a guest program is a TypeScript function that emits bytecode while it runs. TypeScript
 * functions and loops are inlined and unrolled; `define` and `repeat` make functions and loops of the machine.
 * Source: docs/spec/machine.md; a first program is written in docs/tutorial.md.
 */
import { arithmeticMethods } from './builder/arithmetic.ts';
import { controlMethods } from './builder/control.ts';
import { createCore } from './builder/core.ts';
import { type ExtensionBuilder, extensionMethods } from './builder/extension.ts';
import { memoryMethods } from './builder/memory.ts';
import { tableMethods } from './builder/tables.ts';
import type { Input, Kinds, Row, Shape, ShapeOf, Value, Word } from './builder/values.ts';
import type { Program } from './program.ts';

/** Arithmetic modulo p, one cycle an operation; on constants alone it costs none. */
export interface ArithmeticBuilder {
  constant(value: number): Value;
  add(left: Input, right: Input): Value;
  subtract(left: Input, right: Input): Value;
  multiply(left: Input, right: Input): Value;
  /** A value q with q * divisor = dividend. The divisor must be known to be non-zero: for 0 / 0 any q would do. */
  divide(dividend: Input, divisor: Input): Value;
  /** The sum of terms[i] * weights[i]. */
  weightedSum(terms: readonly Input[], weights: readonly number[]): Value;
  assertEqual(left: Input, right: Input): void;
  /** Asserts that the value has an inverse. */
  assertNonzero(value: Input): void;
  /** Asserts that the value is 0 or 1. */
  assertBoolean(value: Input): void;
}

/** As many values as a literal says. */
export type Values<Count extends number, Taken extends readonly Value[] = []> = number extends Count
  ? Value[]
  : Taken['length'] extends Count
    ? Taken
    : Values<Count, [...Taken, Value]>;

export interface MemoryBuilder {
  /** The word at pointer + offset; a cell of this frame costs no cycle. */
  load(pointer: Input | Row | Word, offset?: number): Value;
  /**
   * Writes the word at pointer + offset; if it is written already, asserts that it has this value. A value computed just for
   * a row of this frame moves in for free.
   */
  store(pointer: Input | Row | Word, offset: number, value: Input): void;
  /** A fresh row of this frame with these 8 words; fewer are followed by zeros. Values computed just for it move in for free. */
  row(words: readonly Input[]): Row;
  /**
   * The word at the start of `table` + index: 2 cycles, 1 when the table is rows of the main function, made outside of its
   * branches.
   */
  lookUp(table: Row, index: Input): Value;
  /**
   * `count` consecutive fresh rows of this frame that a call or a hint fills: a pointer to the first. Rows that the main function
   * makes outside of its branches have a known address: every function and loop names them at no cycle.
   */
  freshRows(count: number): Row;
  /** `count` consecutive fresh rows, of no frame; the count may be computed. Like every hinted pointer, it may be any. */
  allocateRows(count: Input): Row;
  /**
   * The same rows, read without a check. Elsewhere a word that is read must be written on every way to the place that reads it. What
   * an open row's unwritten words hold is the prover's choice: the program must not rely on it.
   */
  open(row: Row): Row;
  /**
   * The word in these rows, open and without a check of its limbs: the program must know that whoever stored the pointer to them had
   * checked them.
   */
  openWord(rows: Row): Word;
  /** The row at an address computed or hinted; an address that is no row's makes the calls that use it unprovable. */
  rowAt(pointer: Input): Row;
  /** The row `count` rows further on. */
  rowAfter(row: Row, count: Input): Row;
  /** The pointer as a number in the program. */
  addressOf(row: Row | Word): Value;
  /** Asserts that two rows have the same 8 words. */
  assertRowsEqual(left: Row, right: Row): void;
  /** Row 0: the statement digest. Written like any other row, for example as the output of `compress`. */
  readonly statement: Row;
  /** Words from the host function `name`. They are unconstrained: the program must check what it relies on. */
  hint<const Count extends number>(name: string, inputs: readonly Input[], count: Count): Values<Count>;
  /** One word from the host function `name`, unconstrained like all hints. */
  hintValue(name: string, inputs: readonly Input[]): Value;
  /**
   * Like `hint`, for `rowCount` rows of this frame, or of no frame when the count is computed: the host function returns 8 words
   * a row.
   */
  hintRows(name: string, inputs: readonly Input[], rowCount: Input): Row;
}

/** The place of an iteration in a `repeat`. */
export interface Iteration {
  /** 0, 1, … Carrying it costs one cycle an iteration, if it is read. */
  readonly index: Value;
  /** count, count - 1, … 1. */
  readonly remaining: Value;
}

export interface ControlBuilder {
  /**
   * Runs one of two branches; both yield values of the same names and kinds, which are the outcome. No condition may be a
   * pointer: a program must mean the same wherever frames lie.
   */
  ifNonzero<T extends Shape>(condition: Input, whenNonzero: () => T, whenZero: () => T): T;
  /** `ifNonzero` without an outcome. */
  when(condition: Input, whenNonzero: () => void, whenZero?: () => void): void;
  /** Branches on left = right. */
  ifEqual<T extends Shape>(left: Input, right: Input, whenEqual: () => T, whenOther: () => T): T;
  /**
   * Runs the body `count` times, handing each iteration's state to the next; the outcome is the last state. Values from
   * outside are usable in the body: one cycle each an iteration. Three cycles an iteration of its own.
   *
   * `unrolled` turns of the body share a frame and what they fetch from outside, and hand state on for free: two cycles a turn,
   * none when the count is a constant multiple, and one more a frame. The count may be any.
   */
  repeat<T extends Shape>(
    count: Input,
    initial: T,
    body: (state: T, iteration: Iteration) => T,
    unrolled?: number,
  ): T;
  /** Runs the body once, and again as long as `again` is not zero. */
  loop<T extends Shape>(initial: T, body: (state: T) => { readonly next: T; readonly again: Input }): T;
  /**
   * Defines a function: the body is emitted once and may use nothing but its parameters, constants and functions. A call
   * costs 4 cycles and one for each parameter and result.
   */
  define<P extends Kinds, R extends Kinds>(
    name: string,
    parameters: P,
    results: R,
    body: (parameters: ShapeOf<P>) => ShapeOf<R>,
  ): (parameters: ShapeOf<P>) => ShapeOf<R>;
}

/** Calls to the machine's tables; one cycle and the rows named in the comment. */
/** The host function of a path: called with the values of `inputs`, it returns 8 words a level, from the lowest on. */
export interface SiblingHint {
  readonly hint: string;
  readonly inputs: readonly Input[];
}

export interface TableBuilder {
  /** C(left, right) in a fresh row, or in the row `into`: a chain of one block; one hash row. */
  compress(left: Row, right: Row, into?: Row): Row;
  /**
   * s = initial, then s = C(s, block) for `blockCount` consecutive rows; `blockCount` hash rows. The count may be computed
   * or hinted; a run in which it is 0 cannot be proved.
   */
  chain(initial: Row, firstBlock: Row, blockCount: Input, into?: Row): Row;
  /**
   * The node `depth` levels above the digest in `start` in a tree of compressions. Bit i of `index`, from the lowest on, says
   * whether level i is the right child; that the index has no other bits is proved. `depth` hash rows. The program must
   * know that the depth is at most 30: an index of 31 bits is not unique modulo p. A run in which it is 0 cannot be proved.
   */
  path(start: Row, index: Input, depth: Input, siblings: SiblingHint, into?: Row): Row;
  /** Checks that the 16 words of two consecutive rows are below 2^16; one word row. */
  wordCheck(firstRow: Row): Word;
  /** The constant 0 <= value < 2^256; 16 cycles, no table row. */
  wordConstant(value: bigint): Word;
  /** left + right in two fresh rows, or in the rows from `into` on; a carry out of 2^256 cannot be proved; one word row. */
  wordAdd(left: Word, right: Word, into?: Row): Word;
  /** left - right; a run with left < right cannot be proved; one word row. */
  wordSubtract(left: Word, right: Word, into?: Row): Word;
  /** 1 if left < right, else 0; one word row. */
  wordLess(left: Word, right: Word): Value;
  /** Asserts that left < right, or that it is not; one word row each. */
  assertWordLess(left: Word, right: Word): void;
  assertWordNotLess(left: Word, right: Word): void;
  /** left * right; a run with a product above 2^256 cannot be proved; one wordMultiply row. */
  wordMultiply(left: Word, right: Word): Word;
  assertWordsEqual(left: Word, right: Word): void;
  /** Creates cell (segment, index) of the read-write memory. The program must create each cell once. */
  ramInitialise(segment: Input, index: Input, value: Input): void;
  ramRead(segment: Input, index: Input): Value;
  ramWrite(segment: Input, index: Input, value: Input): void;
  /** The last value of a cell; the program must finalise each cell once, and not use it afterwards. */
  ramFinalise(segment: Input, index: Input): Value;
}

export interface ProgramBuilder extends ArithmeticBuilder, MemoryBuilder, ControlBuilder, TableBuilder {
  /** Calls to the extension table. */
  readonly extension: ExtensionBuilder;
}

/** Emits the program that `main` describes. Throws: MachineError 'BAD_PROGRAM'. */
export function buildProgram(name: string, main: (program: ProgramBuilder) => void): Program {
  const core = createCore(name);
  const arithmetic = arithmeticMethods(core);
  const memory = memoryMethods(core);
  const builder: ProgramBuilder = {
    ...arithmetic,
    ...memory,
    ...controlMethods(core),
    ...tableMethods(core, arithmetic, memory),
    extension: extensionMethods(core),
  };
  core.enterFunction('main', 0, () => main(builder));
  return core.finish();
}
