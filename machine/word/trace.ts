/**
 * Carries out word calls and writes their rows.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { ROW_WORDS } from '../buses.ts';
import {
  countRange,
  countRow,
  logHeightFor,
  requireOutputPointer,
  requireRow,
  requireZero,
  writeWords,
} from '../callRows.ts';
import type { Call, CallLog, LookupCounts, Memory } from '../callTable.ts';
import { MachineError } from '../errors.ts';
import { TAG } from '../instruction.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';
import { addLimbs, readLimbs, subtractLimbs } from './arithmetic.ts';
import { LIMBS, MAIN_COLUMNS, wordColumn } from './columns.ts';

function failed(call: Call, reason: string): MachineError {
  return new MachineError('CALL_FAILED', { tag: call.tag, reason });
}

/** x + y = z, solved for the one operand whose cells are unwritten; for z when all are written. */
function executeAdd(memory: Memory, call: Call): number {
  const outPointer = requireOutputPointer(call);
  requireRow(call.a);
  requireRow(call.b);
  const outcome = new Uint32Array(LIMBS);
  const carries = new Uint32Array(LIMBS);
  const open = [call.a, call.b].find((pointer) => !memory.isWritten(pointer));
  if (open === undefined) {
    addLimbs(readLimbs(memory, call.a), readLimbs(memory, call.b), outcome, carries);
    if (carries[LIMBS - 1] !== 0) throw failed(call, 'carry out');
    writeWords(memory, outPointer, outcome);
  } else {
    const known = open === call.a ? call.b : call.a;
    subtractLimbs(readLimbs(memory, outPointer), readLimbs(memory, known), outcome, carries);
    if (carries[LIMBS - 1] !== 0) throw failed(call, 'borrow out');
    writeWords(memory, open, outcome);
  }
  return outPointer;
}

/** x - y = z. */
function executeSubtract(memory: Memory, call: Call): number {
  const outPointer = requireOutputPointer(call);
  const outcome = new Uint32Array(LIMBS);
  const borrows = new Uint32Array(LIMBS);
  subtractLimbs(readLimbs(memory, call.a), readLimbs(memory, call.b), outcome, borrows);
  if (borrows[LIMBS - 1] !== 0) throw failed(call, 'borrow out');
  writeWords(memory, outPointer, outcome);
  return outPointer;
}

/** Carries out a call; returns operand C. Throws: MachineError. */
export function executeWord(memory: Memory, call: Call): number {
  requireZero(call, 'd');
  if (call.tag === TAG.WORD_ADD) return executeAdd(memory, call);
  if (call.tag === TAG.WORD_SUBTRACT) return executeSubtract(memory, call);
  if (call.tag === TAG.WORD_LESS) {
    const borrows = new Uint32Array(LIMBS);
    subtractLimbs(readLimbs(memory, call.a), readLimbs(memory, call.b), new Uint32Array(LIMBS), borrows);
    const isLess = borrows[LIMBS - 1]!;
    if (call.c !== undefined && call.c !== isLess)
      throw failed(call, `comparison gives ${isLess}, not ${call.c}`);
    return isLess;
  }
  requireZero(call, 'b');
  requireZero(call, 'c');
  readLimbs(memory, call.a);
  return 0;
}

/** The columns of all calls. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function traceWord(calls: CallLog, words: Uint32Array, counts: LookupCounts): TableTrace {
  const logHeight = logHeightFor('word', calls.count, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const columns = MAIN_COLUMNS.map(() => new Uint32Array(2 ** logHeight));
  const column = (name: (typeof MAIN_COLUMNS)[number]): Uint32Array => columns[wordColumn(name)]!;
  const selectors = new Map<number, Uint32Array>([
    [TAG.WORD_ADD, column('isAdd')],
    [TAG.WORD_SUBTRACT, column('isSubtract')],
    [TAG.WORD_LESS, column('isLess')],
    [TAG.WORD_CHECK, column('isCheck')],
  ]);
  const operandA = column('a');
  const operandB = column('b');
  const operandC = column('c');
  const outcomePointers = column('outcomePointer');
  const clk = column('clk');
  const firstLeft = wordColumn('left0');
  const firstRight = wordColumn('right0');
  const firstOutcome = wordColumn('outcome0');
  const firstCarry = wordColumn('carry0');
  const outcome = new Uint32Array(LIMBS);
  const carries = new Uint32Array(LIMBS);
  const zero = new Uint32Array(LIMBS);
  const lookUp = (pointer: number): void => {
    countRow(counts, pointer);
    countRow(counts, pointer + ROW_WORDS);
  };

  for (let row = 0; row < calls.count; row++) {
    const tag = calls.tag[row]!;
    const a = calls.a[row]!;
    const b = calls.b[row]!;
    const c = calls.c[row]!;
    const isCheck = tag === TAG.WORD_CHECK;
    const left = words.subarray(a, a + LIMBS);
    const right = isCheck ? zero : words.subarray(b, b + LIMBS);
    if (tag === TAG.WORD_ADD || isCheck) addLimbs(left, right, outcome, carries);
    else subtractLimbs(left, right, outcome, carries);
    selectors.get(tag)![row] = 1;
    operandA[row] = a;
    operandB[row] = b;
    operandC[row] = c;
    outcomePointers[row] = isCheck ? a : c;
    clk[row] = calls.clk[row]!;
    for (let limb = 0; limb < LIMBS; limb++) {
      columns[firstLeft + limb]![row] = left[limb]!;
      columns[firstRight + limb]![row] = right[limb]!;
      columns[firstOutcome + limb]![row] = outcome[limb]!;
      columns[firstCarry + limb]![row] = carries[limb]!;
      countRange(counts, outcome[limb]!);
    }
    if (!isCheck) {
      lookUp(a);
      lookUp(b);
    }
    if (tag !== TAG.WORD_LESS) lookUp(isCheck ? a : c);
  }
  return { logHeight, columns };
}
