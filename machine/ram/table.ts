/** The ram table: read-write cells that hold one word each. Source: docs/spec/machine.md, section Read-write memory. */
import type { CallTable } from '../callTable.ts';
import { TAG } from '../instruction.ts';
import { ramAir } from './air.ts';
import { executeRam, RamState, traceRam } from './trace.ts';

export const ramTable: CallTable = {
  air: ramAir,
  tags: [TAG.RAM_INITIALISE, TAG.RAM_READ, TAG.RAM_WRITE, TAG.RAM_FINALISE],
  execute: executeRam,
  rowsOf: () => 1,
  createState: () => new RamState(),
  trace: traceRam,
};
