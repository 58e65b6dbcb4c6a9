/**
 * Carries out hash calls and writes the leading columns of their rows.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { inverse, subtract } from '../../stark/field/koalaBear.ts';
import { compressInto } from '../../stark/hash/poseidon.ts';
import { ROW_WORDS } from '../buses.ts';
import {
  countRow,
  logHeightFor,
  readWords,
  requireOutputPointer,
  requireRow,
  writeWords,
} from '../callRows.ts';
import type { Call, CallLog, LeaveInterior, LookupCounts, Memory } from '../callTable.ts';
import { MachineError } from '../errors.ts';
import { TAG } from '../instruction.ts';
import { MAXIMUM_LOG_HEIGHT, MAXIMUM_PATH_LEVELS, MINIMUM_LOG_HEIGHT } from './air.ts';
import { LANES_COLUMN, LEADING_COLUMNS, leadingColumn } from './columns.ts';

export { MAXIMUM_PATH_LEVELS } from './air.ts';

/** 1 / (remaining - 30) for the rows of a path behind its first, by rows that remain; 0 where there is none. */
const LEVEL_INVERSES = Uint32Array.from({ length: MAXIMUM_PATH_LEVELS }, (_, remaining) =>
  inverse(subtract(remaining, MAXIMUM_PATH_LEVELS)),
);

function refuseOperand(call: Call, operand: string, expected: string, got: number): never {
  throw new MachineError('CALL_FAILED', { tag: call.tag, operand, expected, got });
}

/** The siblings of a PATH: a digest a level, from the lowest on. */
export function hashWitnessWords(tag: number, d: number): number {
  return tag === TAG.HASH_PATH ? d * ROW_WORDS : 0;
}

/** The state behind every row of a call but the last, whose state is the outcome. */
export function hashInteriorWords(tag: number, d: number): number {
  return (hashRows(tag, d) - 1) * ROW_WORDS;
}

/** Hashes the rows of a call and writes the output row; returns operand C. Throws: MachineError. */
export function executeHash(
  memory: Memory,
  call: Call,
  _state: unknown,
  leave: LeaveInterior = () => undefined,
): number {
  requireRow(call.a);
  const outPointer = requireOutputPointer(call);
  const state = new Uint32Array(ROW_WORDS);
  if (call.tag === TAG.HASH_PATH) climb(memory, call, state, leave);
  else chain(memory, call, state, leave);
  writeWords(memory, outPointer, state);
  return outPointer;
}

function chain(memory: Memory, call: Call, state: Uint32Array, leave: LeaveInterior): void {
  requireRow(call.b);
  if (call.d < 1 || call.d > 2 ** MAXIMUM_LOG_HEIGHT) refuseOperand(call, 'D', 'a block count', call.d);
  const block = new Uint32Array(ROW_WORDS);
  readWords(memory, call.a, state);
  for (let index = 0; index < call.d; index++) {
    readWords(memory, call.b + index * ROW_WORDS, block);
    compressInto(state, 0, state, 0, block, 0);
    if (index < call.d - 1) leave(state);
  }
}

function climb(memory: Memory, call: Call, state: Uint32Array, leave: LeaveInterior): void {
  const { b: index, d: levels, witness } = call;
  if (levels < 1 || levels > MAXIMUM_PATH_LEVELS)
    refuseOperand(call, 'D', `1 to ${MAXIMUM_PATH_LEVELS} levels`, levels);
  if (index >= 2 ** levels) refuseOperand(call, 'B', `an index below 2^${levels}`, index);
  readWords(memory, call.a, state);
  for (let level = 0; level < levels; level++) {
    const sibling = level * ROW_WORDS;
    if (((index >>> level) & 1) === 1) compressInto(state, 0, witness, sibling, state, 0);
    else compressInto(state, 0, state, 0, witness, sibling);
    if (level < levels - 1) leave(state);
  }
}

/** At least one, so that a call that no run can make has a row to violate a constraint on. */
export function hashRows(_tag: number, d: number): number {
  return Math.max(1, d);
}

/** The leading columns of all calls; the rows after the last one are padding of zeros. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function traceHash(calls: CallLog, words: Uint32Array, counts: LookupCounts): TableTrace {
  let rowCount = 0;
  for (let index = 0; index < calls.count; index++) rowCount += hashRows(calls.tag[index]!, calls.d[index]!);
  const logHeight = logHeightFor('hash', rowCount, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const columns = LEADING_COLUMNS.map(() => new Uint32Array(2 ** logHeight));
  const column = (name: (typeof LEADING_COLUMNS)[number]): Uint32Array => columns[leadingColumn(name)]!;
  const [isActive, isStart, isEnd, isPath] = [
    column('isActive'),
    column('isStart'),
    column('isEnd'),
    column('isPath'),
  ];
  const [bits, startsRight, operandB, remaining] = [
    column('bit'),
    column('startsRight'),
    column('operandB'),
    column('remaining'),
  ];
  const [outPointers, statePointers, rightPointers, clk] = [
    column('outPointer'),
    column('statePointer'),
    column('rightPointer'),
    column('clk'),
  ];
  const lanes = columns.slice(LANES_COLUMN, LANES_COLUMN + 2 * ROW_WORDS);

  /** The state and what it is hashed with; the input of a row is their two halves in the order that `bit` says. */
  const state = new Uint32Array(ROW_WORDS);
  const other = new Uint32Array(ROW_WORDS);

  const { interiors } = calls;
  let interiorStart = 0;

  /** Writes the input of a row, and makes its output the state unless the row is the last of its run. */
  function compressRow(row: number, bit: number, isLast: boolean): void {
    const [left, right] = bit === 1 ? [other, state] : [state, other];
    for (let word = 0; word < ROW_WORDS; word++) {
      lanes[word]![row] = left[word]!;
      lanes[ROW_WORDS + word]![row] = right[word]!;
    }
    if (isLast) return;
    if (interiors === undefined) compressInto(state, 0, left, 0, right, 0);
    else state.set(interiors.subarray(interiorStart, interiorStart + ROW_WORDS));
    interiorStart += ROW_WORDS;
  }

  /** Words beyond the end of `source` are 0. */
  function readOther(source: Uint32Array, start: number): void {
    for (let word = 0; word < ROW_WORDS; word++) other[word] = source[start + word] ?? 0;
  }

  let row = 0;
  let witnessStart = 0;
  for (let index = 0; index < calls.count; index++) {
    const isPathCall = calls.tag[index] === TAG.HASH_PATH;
    const start = row;
    const end = start + hashRows(calls.tag[index]!, calls.d[index]!);
    const statePointer = calls.a[index]!;
    const b = calls.b[index]!;
    isStart[start] = 1;
    statePointers[start] = statePointer;
    clk[start] = calls.clk[index]!;
    isEnd[end - 1] = 1;
    state.set(words.subarray(statePointer, statePointer + ROW_WORDS));
    countRow(counts, statePointer);
    for (; row < end; row++) {
      const step = row - start;
      isActive[row] = 1;
      outPointers[row] = calls.c[index]!;
      remaining[row] = end - row;
      if (isPathCall) {
        const rest = step < 31 ? b >>> step : 0;
        isPath[row] = 1;
        operandB[row] = rest;
        bits[row] = rest & 1;
        if (step > 0) clk[row] = LEVEL_INVERSES[end - row] ?? 0;
        readOther(calls.witness, witnessStart + step * ROW_WORDS);
      } else {
        const blockPointer = b + step * ROW_WORDS;
        operandB[row] = blockPointer;
        rightPointers[row] = blockPointer;
        readOther(words, blockPointer);
        countRow(counts, blockPointer);
      }
      compressRow(row, bits[row]!, row === end - 1);
    }
    if (bits[start] === 1) {
      startsRight[start] = 1;
      rightPointers[start] = statePointer;
    }
    countRow(counts, calls.c[index]!);
    witnessStart += hashWitnessWords(calls.tag[index]!, calls.d[index]!);
  }
  return { logHeight, columns };
}
