/**
 * The columns of the cpu table: one row a cycle. The first three are read on the next row.
 * Source: docs/spec/machine.md, section Instructions.
 */
import { FLAG_NAMES } from '../instruction.ts';

export const CPU_COLUMNS = [
  'pc',
  'fp',
  'clk',
  // The instruction at pc.
  'a',
  'b',
  'c',
  'd',
  'tag',
  ...FLAG_NAMES,
  // The values of the operands.
  'valueA',
  'valueB',
  'valueC',
  'valueD',
  // fp + b or A + b, where B lies when it is read from memory.
  'addressB',
  // 1 on a JUMP with A not 0.
  'taken',
  // 1 / A on such a row, 0 elsewhere.
  'inverse',
] as const;

export type CpuColumn = (typeof CPU_COLUMNS)[number];
