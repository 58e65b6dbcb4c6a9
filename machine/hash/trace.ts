/**
 * Carries out hash calls and writes the leading columns of their rows.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { compressInto } from '../../stark/hash/poseidon.ts';
import { ROW_WORDS } from '../buses.ts';
import {
  countRow,
  logHeightFor,
  readWords,
  requireOutputPointer,
  requireRow,
  requireZero,
  writeWords,
} from '../callRows.ts';
import type { Call, CallLog, LookupCounts, Memory } from '../callTable.ts';
import { MachineError } from '../errors.ts';
import { TAG } from '../instruction.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';
import { LANES_COLUMN, LEADING_COLUMNS, leadingColumn } from './columns.ts';

/** Hashes the rows of a call and writes the output row; returns operand C. Throws: MachineError. */
export function executeHash(memory: Memory, call: Call): number {
  requireRow(call.a);
  requireRow(call.b);
  const outPointer = requireOutputPointer(call);
  const isOne = call.tag === TAG.HASH_ONE;
  if (isOne) requireZero(call, 'd');
  else if (call.d < 1 || call.d > 2 ** MAXIMUM_LOG_HEIGHT)
    throw new MachineError('CALL_FAILED', {
      tag: call.tag,
      operand: 'D',
      expected: 'a block count',
      got: call.d,
    });
  const blocks = isOne ? 1 : call.d;
  const state = new Uint32Array(ROW_WORDS);
  const block = new Uint32Array(ROW_WORDS);
  readWords(memory, call.a, state);
  for (let index = 0; index < blocks; index++) {
    readWords(memory, call.b + index * ROW_WORDS, block);
    compressInto(state, 0, state, 0, block, 0);
  }
  writeWords(memory, outPointer, state);
  return outPointer;
}

function blocksOf(calls: CallLog, index: number): number {
  return calls.tag[index] === TAG.HASH_ONE ? 1 : Math.max(1, calls.d[index]!);
}

/** The leading columns of all calls; the rows after the last one are padding of zeros. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function traceHash(calls: CallLog, words: Uint32Array, counts: LookupCounts): TableTrace {
  let rows = 0;
  for (let index = 0; index < calls.count; index++) rows += blocksOf(calls, index);
  const logHeight = logHeightFor('hash', rows, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const columns = LEADING_COLUMNS.map(() => new Uint32Array(2 ** logHeight));
  const column = (name: (typeof LEADING_COLUMNS)[number]): Uint32Array => columns[leadingColumn(name)]!;
  const isActive = column('isActive');
  const isStart = column('isStart');
  const isEnd = column('isEnd');
  const isOne = column('isOne');
  const blockPointers = column('blockPointer');
  const outPointers = column('outPointer');
  const statePointers = column('statePointer');
  const remaining = column('remaining');
  const clk = column('clk');
  const lanes = columns.slice(LANES_COLUMN, LANES_COLUMN + 2 * ROW_WORDS);

  const state = new Uint32Array(ROW_WORDS);
  const input = new Uint32Array(ROW_WORDS);
  let row = 0;
  for (let index = 0; index < calls.count; index++) {
    const blocks = blocksOf(calls, index);
    const statePointer = calls.a[index]!;
    const outPointer = calls.c[index]!;
    state.set(words.subarray(statePointer, statePointer + ROW_WORDS));
    countRow(counts, statePointer);
    for (let block = 0; block < blocks; block++, row++) {
      const blockPointer = calls.b[index]! + block * ROW_WORDS;
      isActive[row] = 1;
      blockPointers[row] = blockPointer;
      outPointers[row] = outPointer;
      remaining[row] = blocks - block;
      for (let word = 0; word < ROW_WORDS; word++) {
        lanes[word]![row] = state[word]!;
        lanes[ROW_WORDS + word]![row] = words[blockPointer + word]!;
      }
      countRow(counts, blockPointer);
      if (block < blocks - 1) {
        for (let word = 0; word < ROW_WORDS; word++) input[word] = lanes[ROW_WORDS + word]![row]!;
        compressInto(state, 0, state, 0, input, 0);
      }
    }
    const start = row - blocks;
    isStart[start] = 1;
    statePointers[start] = statePointer;
    clk[start] = calls.clk[index]!;
    isEnd[row - 1] = 1;
    if (calls.tag[index] === TAG.HASH_ONE) isOne[start] = 1;
    countRow(counts, outPointer);
  }
  return { logHeight, columns };
}
