/**
 * The program table's columns: the bytecode, and how often each instruction ran.
 * Source: docs/spec/machine.md, section Programs.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { logHeightFor } from '../callRows.ts';
import type { Instruction } from '../instruction.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';

/** The log height for a number of instructions. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function programLogHeight(instructions: number): number {
  return logHeightFor('program', instructions, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
}

/**
 * The preprocessed columns. Rows after the last instruction have no flag, so no cycle can execute them.
 * Throws: MachineError 'TABLE_TOO_HIGH'.
 */
export function programColumns(instructions: readonly Instruction[]): TableTrace {
  const logHeight = programLogHeight(instructions.length);
  const height = 2 ** logHeight;
  const column = (wordOf: (instruction: Instruction) => number): Uint32Array => {
    const words = new Uint32Array(height);
    for (let pc = 0; pc < instructions.length; pc++) words[pc] = wordOf(instructions[pc]!);
    return words;
  };
  const pcs = new Uint32Array(height);
  for (let pc = 0; pc < height; pc++) pcs[pc] = pc;
  return {
    logHeight,
    columns: [
      pcs,
      column(({ a }) => a),
      column(({ b }) => b),
      column(({ c }) => c),
      column(({ d }) => d),
      column(({ tag }) => tag),
      column(({ flags }) => flags),
    ],
  };
}

/** The main column; `programCounts` has one count a row of the table. */
export function traceProgram(programCounts: Uint32Array): TableTrace {
  return { logHeight: Math.log2(programCounts.length), columns: [programCounts] };
}
