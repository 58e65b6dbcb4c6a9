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
  const named = (name: string): Uint32Array => columns[extensionColumn(name)]!;
  const numbered = (prefix: string, count: number): Uint32Array[] =>
    Array.from({ length: count }, (_, index) => named(`${prefix}${index}`));
  const wordColumns = numbered('word', SLOT_WORDS);
  const pointerColumns = numbered('pointer', SLOTS);
  const choiceColumns = numbered('choice', CHOICE_COLUMNS);
  const accumulatorColumns = numbered('accumulator', DEGREE);
  const factorColumns = numbered('factor', DEGREE);
  const dotColumns = numbered('dot', DEGREE);
  const dColumn = named('d');
  const clkColumn = named('clk');

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

  /** Looks a memory row up. */
  function load(slot: number, pointer: number): void {
    line.words.set(words.subarray(pointer, pointer + ROW_WORDS), slot * ROW_WORDS);
    line.pointers[slot] = pointer;
    countRow(counts, pointer);
  }
  function loadPacked(pointer: number, slots: number): void {
    for (let slot = 0; slot < slots; slot++) load(slot, base.add(pointer, slot * ROW_WORDS));
  }
  function word(slot: number, place: number): number {
    return line.words[slot * ROW_WORDS + place]!;
  }

  /** Writes the row out and clears it. */
  function finish(...selectors: readonly Uint32Array[]): void {
    finishDot(tensorDot(line.words, line.factor), ...selectors);
  }
  /** The same with the dot columns, which follow from the other ones. */
  function finishDot(dot: Extension, ...selectors: readonly Uint32Array[]): void {
    for (let place = 0; place < SLOT_WORDS; place++) wordColumns[place]![row] = line.words[place]!;
    for (let slot = 0; slot < SLOTS; slot++) pointerColumns[slot]![row] = line.pointers[slot]!;
    for (let place = 0; place < CHOICE_COLUMNS; place++) choiceColumns[place]![row] = line.choice[place]!;
    for (let place = 0; place < DEGREE; place++) {
      accumulatorColumns[place]![row] = line.accumulator[place]!;
      factorColumns[place]![row] = line.factor[place]!;
      dotColumns[place]![row] = dot[place]!;
    }
    dColumn[row] = line.d;
    clkColumn[row] = line.clk;
    for (const selector of selectors) selector[row] = 1;
    row++;
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

  const isMadd = named('isMadd');
  const isMaddBase = named('isMaddBase');
  const isDot = named('isDot');
  const isDotEnd = named('isDotEnd');
  const isEval = named('isEval');
  const isEvalEnd = named('isEvalEnd');
  const isFold8 = named('isFold8');
  const isFold4 = named('isFold4');
  const isFold4Inner = named('isFold4Inner');
  const isFold2 = named('isFold2');
  const isFold2Inner = named('isFold2Inner');
  const isUnpack = named('isUnpack');
  const isUnpackMiddle = named('isUnpackMiddle');
  const isUnpackEnd = named('isUnpackEnd');
  const isCombine = named('isCombine');
  const isCombineConstants = named('isCombineConstants');
  const isCombineEnd = named('isCombineEnd');

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
  return { logHeight, columns };
}
