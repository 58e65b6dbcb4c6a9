/**
 * The cpu table's columns from the pc and fp of every cycle and the final memory.
 * Source: docs/spec/machine.md, section Instructions.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { add, inverse } from '../../stark/field/koalaBear.ts';
import { logHeightFor } from '../callRows.ts';
import type { LookupCounts } from '../callTable.ts';
import type { ExecutionTrace } from '../executionTrace.ts';
import { END_PC, FLAG, FLAG_NAMES, INITIAL_CLK } from '../instruction.ts';
import type { Program } from '../program.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';
import { CPU_COLUMNS, type CpuColumn } from './columns.ts';

/** Where an uploaded cycle names no instruction, its row stays without an operation and violates `one operation`. */
const NO_INSTRUCTION = { a: 0, b: 0, c: 0, d: 0, tag: 0, flags: 0 };

/**
 * One row a cycle, then END to the table's height. Counts the memory words read and, in `programCounts`, the
 * instructions. Throws: MachineError 'TABLE_TOO_HIGH'.
 */
export function traceCpu(
  program: Program,
  execution: ExecutionTrace,
  counts: LookupCounts,
  programCounts: Uint32Array,
): TableTrace {
  const { memory, pc: pcs, fp: fps } = execution;
  const { instructions } = program;
  const cycles = pcs.length;
  const logHeight = logHeightFor('cpu', cycles, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const height = 2 ** logHeight;
  const columns = CPU_COLUMNS.map(() => new Uint32Array(height));
  const column = (name: CpuColumn): Uint32Array => columns[CPU_COLUMNS.indexOf(name)]!;
  const [pc, fp, clk] = [column('pc'), column('fp'), column('clk')];
  const [fieldA, fieldB, fieldC, fieldD, tag] = [
    column('a'),
    column('b'),
    column('c'),
    column('d'),
    column('tag'),
  ];
  const flagColumns = FLAG_NAMES.map(column);
  const [valueA, valueB, valueC, valueD] = [
    column('valueA'),
    column('valueB'),
    column('valueC'),
    column('valueD'),
  ];
  const [addressB, taken, inverses] = [column('addressB'), column('taken'), column('inverse')];

  function readWord(address: number): number {
    counts.word(address);
    return address < memory.length ? memory[address]! : 0;
  }

  for (let row = 0; row < height; row++) {
    const rowPc = row < cycles ? pcs[row]! : END_PC;
    const rowFp = fps[Math.min(row, cycles - 1)]!;
    pc[row] = rowPc;
    fp[row] = rowFp;
    clk[row] = INITIAL_CLK + row;
    if (rowPc < programCounts.length) programCounts[rowPc]!++;
    const { a, b, c, d, tag: callTag, flags } = instructions[rowPc] ?? NO_INSTRUCTION;
    fieldA[row] = a;
    fieldB[row] = b;
    fieldC[row] = c;
    fieldD[row] = d;
    tag[row] = callTag;
    for (let bit = 0; bit < flagColumns.length; bit++) flagColumns[bit]![row] = (flags >> bit) & 1;

    const frameA = add(a, rowFp);
    const A = (flags & FLAG.memA) !== 0 ? readWord(frameA) : (flags & FLAG.fpA) !== 0 ? frameA : a;
    const isDeref = (flags & FLAG.isDeref) !== 0;
    const address = isDeref ? add(A, b) : add(b, rowFp);
    const isRead = isDeref || (flags & FLAG.memB) !== 0;
    const B = isRead ? readWord(address) : (flags & FLAG.fpB) !== 0 ? address : b;
    const frameC = add(c, rowFp);
    const C = (flags & FLAG.memC) !== 0 ? readWord(frameC) : (flags & FLAG.fpC) !== 0 ? frameC : c;
    valueA[row] = A;
    valueB[row] = B;
    valueC[row] = C;
    valueD[row] = (flags & FLAG.fpD) !== 0 ? add(d, rowFp) : d;
    if (isRead) addressB[row] = address;
    if ((flags & FLAG.isJump) !== 0 && A !== 0) {
      taken[row] = 1;
      inverses[row] = A === 1 ? 1 : inverse(A);
    }
  }
  return { logHeight, columns };
}
