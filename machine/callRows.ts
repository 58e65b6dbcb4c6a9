/**
 * What the called tables share: memory rows during a run, and the height of a table.
 * Source: docs/spec/machine.md, sections Memory and Calls.
 */
import { RANGE_SIZE, ROW_WORDS } from './buses.ts';
import type { Call, LookupCounts, Memory } from './callTable.ts';
import { MachineError } from './errors.ts';

/** Throws: MachineError 'MISALIGNED_ROW' when the pointer is no row's. */
export function requireRow(pointer: number): void {
  if (pointer % ROW_WORDS !== 0) throw new MachineError('MISALIGNED_ROW', { pointer });
}

/** The pointer in operand C. Throws: MachineError 'RELATION_OPEN' when it is unwritten, 'MISALIGNED_ROW'. */
export function requireOutputPointer(call: Call): number {
  if (call.c === undefined) throw new MachineError('RELATION_OPEN', { tag: call.tag, operand: 'C' });
  requireRow(call.c);
  return call.c;
}

/** Throws: MachineError 'CALL_FAILED' when an operand that the call does not use is not 0. */
export function requireZero(call: Call, operand: 'b' | 'c' | 'd'): void {
  const value = call[operand];
  if (value !== 0)
    throw new MachineError('CALL_FAILED', {
      tag: call.tag,
      operand: operand.toUpperCase(),
      expected: 0,
      got: value ?? 'unwritten',
    });
}

/** Reads `target.length` words from `pointer` on. Throws: MachineError. */
export function readWords(memory: Memory, pointer: number, target: Uint32Array): void {
  for (let word = 0; word < target.length; word++) target[word] = memory.read(pointer + word);
}

/** Writes the words from `pointer` on. Throws: MachineError. */
export function writeWords(memory: Memory, pointer: number, words: Uint32Array): void {
  for (let word = 0; word < words.length; word++) memory.write(pointer + word, words[word]!);
}

/** Counts a lookup of the row at a pointer. A pointer that is no row's is left out: its bus cannot balance. */
export function countRow(counts: LookupCounts, pointer: number): void {
  if (pointer % ROW_WORDS === 0) counts.row(pointer / ROW_WORDS);
}

/** Counts a range lookup. A value out of range is left out: its bus cannot balance. */
export function countRange(counts: LookupCounts, value: number): void {
  if (value < RANGE_SIZE) counts.range(value);
}

/** The least log height for `rows` rows. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function logHeightFor(table: string, rows: number, minimum: number, maximum: number): number {
  let logHeight = minimum;
  while (2 ** logHeight < rows) logHeight++;
  if (logHeight > maximum) throw new MachineError('TABLE_TOO_HIGH', { table, rows, limit: 2 ** maximum });
  return logHeight;
}
