/**
 * The cpu table's columns from the pc and fp of every cycle and the final memory.
 * Source: docs/spec/machine.md, section Instructions.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { add, batchInverse } from '../../stark/field/koalaBear.ts';
import { logHeightFor } from '../callRows.ts';
import type { LookupCounts } from '../callTable.ts';
import type { ExecutionTrace } from '../executionTrace.ts';
import { END_PC, FLAG, FLAG_NAMES, INITIAL_CLK, type Instruction } from '../instruction.ts';
import type { Program } from '../program.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';
import { CPU_COLUMNS, type CpuColumn } from './columns.ts';

/**
 * One row a cycle, then END to the table's height. Counts the memory words read and, in `programCounts`, the
 * instructions. A cycle of an uploaded record whose pc names no instruction gets a row without an operation, which
 * violates `one operation`. Throws: MachineError 'TABLE_TOO_HIGH'.
 */
export function traceCpu(
  program: Program,
  execution: ExecutionTrace,
  counts: LookupCounts,
  programCounts: Uint32Array,
): TableTrace {
  const { memory } = execution;
  const { instructions } = program;
  const cycles = execution.pc.length;
  const logHeight = logHeightFor('cpu', cycles, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const height = 2 ** logHeight;
  const columns = CPU_COLUMNS.map(() => new Uint32Array(height));
  const column = (name: CpuColumn): Uint32Array => columns[CPU_COLUMNS.indexOf(name)]!;

  const pc = column('pc').fill(END_PC, cycles);
  pc.set(execution.pc);
  const fp = column('fp').fill(execution.fp[cycles - 1]!, cycles);
  fp.set(execution.fp);
  const clk = column('clk');
  for (let row = 0; row < height; row++) clk[row] = INITIAL_CLK + row;
  for (let row = 0; row < height; row++) if (pc[row]! < programCounts.length) programCounts[pc[row]!]!++;

  /** Copies a field of each row's instruction into `target`; 0 where there is no instruction. */
  function fetch(target: Uint32Array, fieldOf: (instruction: Instruction) => number): Uint32Array {
    const fields = new Uint32Array(instructions.length);
    for (let at = 0; at < fields.length; at++) fields[at] = fieldOf(instructions[at]!);
    for (let row = 0; row < cycles; row++) if (pc[row]! < fields.length) target[row] = fields[pc[row]!]!;
    return target.fill(fields[END_PC]!, cycles);
  }
  const fieldA = fetch(column('a'), ({ a }) => a);
  const fieldB = fetch(column('b'), ({ b }) => b);
  const fieldC = fetch(column('c'), ({ c }) => c);
  const fieldD = fetch(column('d'), ({ d }) => d);
  fetch(column('tag'), ({ tag }) => tag);
  const flagWords = fetch(new Uint32Array(height), ({ flags }) => flags);
  FLAG_NAMES.forEach((name, bit) => {
    const flagColumn = column(name);
    for (let row = 0; row < height; row++) flagColumn[row] = (flagWords[row]! >> bit) & 1;
  });

  const [valueA, valueB, valueC, valueD] = [
    column('valueA'),
    column('valueB'),
    column('valueC'),
    column('valueD'),
  ];
  const [addressB, taken] = [column('addressB'), column('taken')];

  let takenCount = 0;

  function readWord(address: number): number {
    counts.word(address);
    return address < memory.length ? memory[address]! : 0;
  }

  for (let row = 0; row < height; row++) {
    const rowFp = fp[row]!;
    const flags = flagWords[row]!;
    const a = fieldA[row]!;
    const b = fieldB[row]!;
    const c = fieldC[row]!;
    const d = fieldD[row]!;
    const frameA = add(a, rowFp);
    const A = (flags & FLAG.memA) !== 0 ? readWord(frameA) : (flags & FLAG.fpA) !== 0 ? frameA : a;
    const isDeref = (flags & FLAG.isDeref) !== 0;
    const address = isDeref ? add(A, b) : add(b, rowFp);
    const isRead = isDeref || (flags & FLAG.memB) !== 0;
    const frameC = add(c, rowFp);
    const frameD = add(d, rowFp);
    valueA[row] = A;
    valueB[row] = isRead ? readWord(address) : (flags & FLAG.fpB) !== 0 ? address : b;
    valueC[row] = (flags & FLAG.memC) !== 0 ? readWord(frameC) : (flags & FLAG.fpC) !== 0 ? frameC : c;
    valueD[row] = (flags & FLAG.memD) !== 0 ? readWord(frameD) : (flags & FLAG.fpD) !== 0 ? frameD : d;
    if (isRead) addressB[row] = address;
    if ((flags & FLAG.isJump) !== 0 && A !== 0) {
      taken[row] = 1;
      takenCount++;
    }
  }
  const conditions = new Uint32Array(takenCount);
  for (let row = 0, jump = 0; row < height; row++) if (taken[row] === 1) conditions[jump++] = valueA[row]!;
  const reciprocals = batchInverse(conditions);
  const inverses = column('inverse');
  for (let row = 0, jump = 0; row < height; row++) if (taken[row] === 1) inverses[row] = reciprocals[jump++]!;
  return { logHeight, columns };
}
