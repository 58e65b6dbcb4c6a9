/**
 * The columns of the extension table from its calls and the memory image.
 * Source: machine/extension/README.md.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { add, DEGREE, type Extension, multiply, multiplyByBase, ZERO } from '../../stark/field/extension.ts';
import * as base from '../../stark/field/koalaBear.ts';
import { ROW_WORDS } from '../buses.ts';
import { countRow, logHeightFor } from '../callRows.ts';
import type { CallLog, LookupCounts } from '../callTable.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';
import {
  challengesOf,
  combinePacked,
  dotWithTensor,
  elementOfSlot,
  evaluatePacked,
  foldArity,
  foldRows,
  powersOf,
  type Tensor,
  tensorDot,
  tensorOf,
  unpack,
} from './arithmetic.ts';
import { EXTRA_WORD, extensionColumn, MAIN_COLUMNS, SLOT, SLOT_WORDS, SLOTS } from './columns.ts';
import { EXTENSION_TAG } from './tags.ts';

const CHOICE_COLUMNS = 7;
const UNPACK_ROWS = 3;
/** A performance choice; divides every height. */
const PENDING_ROWS = 16;

/** Table rows of a call. A record's call that no run could make has rows too; they violate a constraint. */
export function extensionRows(tag: number, d: number): number {
  switch (tag) {
    case EXTENSION_TAG.DOT8:
      return Math.max(1, d);
    case EXTENSION_TAG.EVAL8:
      return Math.max(1, d) + 1;
    case EXTENSION_TAG.COMBINE8:
      return 2 * Math.max(1, d);
    case EXTENSION_TAG.FOLD8:
      return Math.log2(foldArity(d));
    case EXTENSION_TAG.UNPACK8:
      return UNPACK_ROWS;
    default:
      return 1;
  }
}

/** One table row while it is being filled; everything is 0 before. */
interface Line {
  readonly words: Uint32Array;
  readonly pointers: Uint32Array;
  readonly choice: Uint32Array;
  accumulator: Extension;
  factor: Extension;
  d: number;
  clk: number;
}

/** The columns of all calls; the rows after the last one are padding of zeros. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function traceExtension(calls: CallLog, words: Uint32Array, counts: LookupCounts): TableTrace {
  let rows = 0;
  for (let index = 0; index < calls.count; index++) rows += extensionRows(calls.tag[index]!, calls.d[index]!);
  const logHeight = logHeightFor('extension', rows, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const columns = MAIN_COLUMNS.map(() => new Uint32Array(2 ** logHeight));
  const numbered = (prefix: string, count: number): number[] =>
    Array.from({ length: count }, (_, index) => extensionColumn(`${prefix}${index}`));
  const wordColumns = numbered('word', SLOT_WORDS);
  const pointerColumns = numbered('pointer', SLOTS);
  const choiceColumns = numbered('choice', CHOICE_COLUMNS);
  const accumulatorColumns = numbered('accumulator', DEGREE);
  const factorColumns = numbered('factor', DEGREE);
  const dotColumns = numbered('dot', DEGREE);
  const dColumn = extensionColumn('d');
  const clkColumn = extensionColumn('clk');

  const line: Line = {
    words: new Uint32Array(SLOT_WORDS),
    pointers: new Uint32Array(SLOTS),
    choice: new Uint32Array(CHOICE_COLUMNS),
    accumulator: ZERO,
    factor: ZERO,
    d: 0,
    clk: 0,
  };
  /** By the pointer of their challenges. */
  const tensors = new Map<number, Tensor>();
  let row = 0;
  /** Rows that are not in the columns yet, row by row: all columns at one row lie in one set of the processor's cache. */
  const pending = new Uint32Array(PENDING_ROWS * MAIN_COLUMNS.length);

  function flush(first: number): void {
    for (let column = 0; column < MAIN_COLUMNS.length; column++) {
      const target = columns[column]!;
      for (let offset = 0; offset < PENDING_ROWS; offset++)
        target[first + offset] = pending[offset * MAIN_COLUMNS.length + column]!;
    }
    pending.fill(0);
  }

  /** Looks a memory row up. */
  function load(slot: number, pointer: number): void {
    const place = slot * ROW_WORDS;
    for (let word = 0; word < ROW_WORDS; word++)
      line.words[place + word] = pointer + word < words.length ? words[pointer + word]! : 0;
    line.pointers[slot] = pointer;
    countRow(counts, pointer);
  }
  function loadPacked(pointer: number, slots: number): void {
    for (let slot = 0; slot < slots; slot++) load(slot, base.add(pointer, slot * ROW_WORDS));
  }
  function word(slot: number, place: number): number {
    return line.words[slot * ROW_WORDS + place]!;
  }

  /** Writes the row out, with 1 in the columns of the selectors, and clears it. */
  function finish(...selectors: readonly number[]): void {
    finishDot(tensorDot(line.words, line.factor), ...selectors);
  }
  /** The same with the dot columns, which follow from the other ones. */
  function finishDot(dot: Extension, ...selectors: readonly number[]): void {
    const start = (row % PENDING_ROWS) * MAIN_COLUMNS.length;
    for (let place = 0; place < SLOT_WORDS; place++)
      pending[start + wordColumns[place]!] = line.words[place]!;
    for (let slot = 0; slot < SLOTS; slot++) pending[start + pointerColumns[slot]!] = line.pointers[slot]!;
    for (let place = 0; place < CHOICE_COLUMNS; place++)
      pending[start + choiceColumns[place]!] = line.choice[place]!;
    for (let place = 0; place < DEGREE; place++) {
      pending[start + accumulatorColumns[place]!] = line.accumulator[place]!;
      pending[start + factorColumns[place]!] = line.factor[place]!;
      pending[start + dotColumns[place]!] = dot[place]!;
    }
    pending[start + dColumn] = line.d;
    pending[start + clkColumn] = line.clk;
    for (const selector of selectors) pending[start + selector] = 1;
    row++;
    if (row % PENDING_ROWS === 0) flush(row - PENDING_ROWS);
    line.words.fill(0);
    line.pointers.fill(0);
    line.choice.fill(0);
    line.accumulator = ZERO;
    line.factor = ZERO;
    line.d = 0;
    line.clk = 0;
  }

  function multiplyAdd(a: number, b: number, c: number, d: number, clk: number, isBase: boolean): void {
    load(SLOT.madd.a, a);
    if (isBase) line.pointers[SLOT.madd.b] = b;
    else load(SLOT.madd.b, b);
    load(SLOT.madd.c, c);
    load(SLOT.madd.result, d);
    line.d = d;
    line.clk = clk;
    finish(isBase ? isMaddBase : isMadd);
  }

  function dotRun(a: number, b: number, c: number, d: number, clk: number): void {
    const count = Math.max(1, d);
    let sum = ZERO;
    for (let index = count - 1; index >= 0; index--) {
      load(SLOT.dot.block, base.add(a, index * ROW_WORDS));
      load(SLOT.dot.weight, base.add(b, index * ROW_WORDS));
      const challenges = word(SLOT.dot.weight, EXTRA_WORD.dotChallenges);
      load(SLOT.dot.challenges, challenges);
      load(SLOT.dot.moreChallenges, base.add(challenges, ROW_WORDS));
      const tensor = tensors.get(challenges) ?? tensorOf(challengesOf(line.words));
      tensors.set(challenges, tensor);
      line.factor = tensor.factor;
      line.accumulator = sum;
      line.d = count - index;
      const weight = elementOfSlot(line.words, SLOT.dot.weight);
      if (index === 0) {
        load(SLOT.dot.out, c);
        line.clk = clk;
      }
      const dot = dotWithTensor(line.words, SLOT.dot.block * ROW_WORDS, tensor);
      if (index === 0) finishDot(dot, isDot, isDotEnd);
      else finishDot(dot, isDot);
      sum = add(sum, multiply(weight, dot));
    }
  }

  function evaluation(a: number, b: number, c: number, d: number, clk: number): void {
    const count = Math.max(1, d);
    const powers = powersOf(b);
    let value = ZERO;
    for (let index = count - 1; index >= 0; index--) {
      loadPacked(base.add(a, base.multiply(index, SLOT_WORDS)), SLOTS);
      line.choice.set(powers.slice(0, CHOICE_COLUMNS));
      line.factor = [powers[CHOICE_COLUMNS]!, 0, 0, 0, 0];
      line.accumulator = value;
      line.d = count - index;
      value = evaluatePacked(line.words, powers, value);
      finish(isEval);
    }
    line.pointers[0] = base.subtract(a, SLOT_WORDS);
    line.pointers[SLOT.madd.b] = b;
    load(SLOT.evalEnd.out, c);
    line.choice[0] = b;
    line.factor = [0, 0, 0, 0, 1];
    line.accumulator = value;
    line.d = count + 1;
    line.clk = clk;
    finish(isEval, isEvalEnd);
  }

  function fold(a: number, b: number, c: number, d: number, clk: number): void {
    const arity = foldArity(d);
    const carried = words.subarray(b, b + ROW_WORDS);
    const challenge = carried[EXTRA_WORD.foldChallenge] ?? 0;
    const beta = new Uint32Array(ROW_WORDS);
    beta.set(words.subarray(challenge, challenge + ROW_WORDS));
    const z = multiplyByBase(elementOfSlot(beta, 0), carried[EXTRA_WORD.foldInversePoint] ?? 0);

    // Packed rows of 2, 4, 8 elements: 2, 3, 5.
    loadPacked(a, Math.ceil((arity * DEGREE) / ROW_WORDS));
    const values = unpack(line.words, arity);
    const place = d - arity;
    const chosen = values[place] ?? ZERO;
    if (place >= 0 && place < CHOICE_COLUMNS) line.choice[place] = 1;
    const foldSteps = foldRows(values, z);
    let handedOn: readonly Extension[] = [];
    foldSteps.forEach(({ factor, joined }, step) => {
      const isFirst = step === 0;
      line.words.set(handedOn.flat());
      line.pointers[0] = a;
      line.accumulator = chosen;
      line.factor = factor;
      line.d = d;
      if (step === foldSteps.length - 1) {
        load(SLOT.foldEnd.carried, b);
        load(SLOT.foldEnd.out, c);
        load(SLOT.foldEnd.challenge, challenge);
        line.clk = clk;
        finish(isFirst ? isFold2 : isFold2Inner);
      } else if (step === foldSteps.length - 2) finish(isFirst ? isFold4 : isFold4Inner);
      else finish(isFold8);
      handedOn = joined;
    });
  }

  function unpackPacked(a: number, c: number, d: number, clk: number): void {
    for (let group = UNPACK_ROWS - 1; group >= 0; group--) {
      line.pointers[0] = base.add(a, 2 * ROW_WORDS * group);
      loadPacked(line.pointers[0]!, group === UNPACK_ROWS - 1 ? 1 : 2);
      // Three outcomes a table row, but two in the last one, which leaves the first slot out.
      const first = base.add(base.subtract(c, ROW_WORDS), group * SLOT.unpack.outs.length * ROW_WORDS);
      SLOT.unpack.outs.forEach((slot, index) => {
        const pointer = base.add(first, index * ROW_WORDS);
        if (group === 0 && index === 0) line.pointers[slot] = pointer;
        else load(slot, pointer);
      });
      if (group === 0) {
        line.d = d;
        line.clk = clk;
      }
      finish([isUnpackEnd, isUnpackMiddle, isUnpack][group]!);
    }
  }

  function combination(a: number, b: number, c: number, d: number, clk: number): void {
    const count = Math.max(1, d);
    const elements = new Uint32Array(SLOT_WORDS);
    let sum = ZERO;
    for (let index = count - 1; index >= 0; index--) {
      const constantsPointer = base.add(a, base.multiply(index, ROW_WORDS));
      const elementsPointer = base.add(b, base.multiply(index, SLOT_WORDS));
      loadPacked(elementsPointer, SLOTS);
      elements.set(line.words);
      line.choice[0] = constantsPointer;
      line.factor = [0, 0, 0, 1, 0];
      line.accumulator = sum;
      line.d = count - index;
      finish(isEval, isCombine);

      load(SLOT.combine.constants, constantsPointer);
      sum = combinePacked(elements, line.words, sum);
      line.pointers[2] = elementsPointer;
      line.choice[0] = constantsPointer;
      line.factor = [0, 0, 1, 0, 0];
      line.accumulator = sum;
      line.d = count - index;
      if (index > 0) finish(isEval, isCombineConstants);
      else {
        load(SLOT.combine.out, c);
        line.clk = clk;
        finish(isEval, isCombineConstants, isCombineEnd);
      }
    }
  }

  const isMadd = extensionColumn('isMadd');
  const isMaddBase = extensionColumn('isMaddBase');
  const isDot = extensionColumn('isDot');
  const isDotEnd = extensionColumn('isDotEnd');
  const isEval = extensionColumn('isEval');
  const isEvalEnd = extensionColumn('isEvalEnd');
  const isFold8 = extensionColumn('isFold8');
  const isFold4 = extensionColumn('isFold4');
  const isFold4Inner = extensionColumn('isFold4Inner');
  const isFold2 = extensionColumn('isFold2');
  const isFold2Inner = extensionColumn('isFold2Inner');
  const isUnpack = extensionColumn('isUnpack');
  const isUnpackMiddle = extensionColumn('isUnpackMiddle');
  const isUnpackEnd = extensionColumn('isUnpackEnd');
  const isCombine = extensionColumn('isCombine');
  const isCombineConstants = extensionColumn('isCombineConstants');
  const isCombineEnd = extensionColumn('isCombineEnd');

  for (let index = 0; index < calls.count; index++) {
    const [a, b, c] = [calls.a[index]!, calls.b[index]!, calls.c[index]!];
    const [d, clk] = [calls.d[index]!, calls.clk[index]!];
    switch (calls.tag[index]) {
      case EXTENSION_TAG.DOT8:
        dotRun(a, b, c, d, clk);
        break;
      case EXTENSION_TAG.EVAL8:
        evaluation(a, b, c, d, clk);
        break;
      case EXTENSION_TAG.FOLD8:
        fold(a, b, c, d, clk);
        break;
      case EXTENSION_TAG.COMBINE8:
        combination(a, b, c, d, clk);
        break;
      case EXTENSION_TAG.UNPACK8:
        unpackPacked(a, c, d, clk);
        break;
      default:
        multiplyAdd(a, b, c, d, clk, calls.tag[index] === EXTENSION_TAG.MADD_BASE);
    }
  }
  if (row % PENDING_ROWS !== 0) flush(row - (row % PENDING_ROWS));
  return { logHeight, columns };
}
