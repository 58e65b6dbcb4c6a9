/**
 * Carries out accesses to read-write memory and writes their rows.
 * Source: docs/spec/machine.md, section Read-write memory.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { multiply, subtract } from '../../stark/field/koalaBear.ts';
import { logHeightFor } from '../callRows.ts';
import type { Call, CallLog, LookupCounts, Memory } from '../callTable.ts';
import { MachineError, type MachineErrorDetails } from '../errors.ts';
import { TAG } from '../instruction.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';
import { RAM_COLUMNS, type RamColumn } from './columns.ts';

const LIMB_BITS = 16;

/** What a cell (segment, index) holds during a run. */
interface Cell {
  value: number;
  isFinalised: boolean;
}

/** One entry a (segment, index). */
interface CellMap<Entry> {
  get(segment: number, index: number): Entry | undefined;
  set(segment: number, index: number, entry: Entry): void;
}

function createCellMap<Entry>(): CellMap<Entry> {
  const segments = new Map<number, Map<number, Entry>>();
  return {
    get: (segment, index) => segments.get(segment)?.get(index),
    set(segment, index, entry) {
      const cells = segments.get(segment) ?? new Map<number, Entry>();
      segments.set(segment, cells.set(index, entry));
    },
  };
}

/** The cells of one run. */
export class RamState {
  readonly cells: CellMap<Cell> = createCellMap();
}

function refuse(call: Call, details: MachineErrorDetails): MachineError {
  return new MachineError('CALL_FAILED', { tag: call.tag, segment: call.a, index: call.b, ...details });
}

/** Carries out one access; returns operand C. Throws: MachineError 'CALL_FAILED', 'RELATION_OPEN'. */
export function executeRam(_memory: Memory, call: Call, state: unknown): number {
  if (!(state instanceof RamState)) throw refuse(call, { reason: 'the run has no ram' });
  if (call.d !== 0) throw refuse(call, { operand: 'D', expected: 0, got: call.d });
  const { cells } = state;
  const cell = cells.get(call.a, call.b);
  if (call.tag === TAG.RAM_INITIALISE) {
    if (cell) throw refuse(call, { reason: 'the cell is initialised a second time' });
    if (call.c === undefined) throw new MachineError('RELATION_OPEN', { tag: call.tag, operand: 'C' });
    cells.set(call.a, call.b, { value: call.c, isFinalised: false });
    return call.c;
  }
  if (!cell) throw refuse(call, { reason: 'the cell was never initialised' });
  if (cell.isFinalised) throw refuse(call, { reason: 'the cell is finalised already' });
  if (call.tag === TAG.RAM_WRITE) {
    if (call.c === undefined) throw new MachineError('RELATION_OPEN', { tag: call.tag, operand: 'C' });
    cell.value = call.c;
  }
  if (call.tag === TAG.RAM_FINALISE) cell.isFinalised = true;
  return cell.value;
}

const KIND_COLUMN: ReadonlyMap<number, RamColumn> = new Map([
  [TAG.RAM_INITIALISE, 'isInitialise'],
  [TAG.RAM_READ, 'isRead'],
  [TAG.RAM_WRITE, 'isWrite'],
  [TAG.RAM_FINALISE, 'isFinalise'],
]);

/** One row an access, in the order of the run; padding rows are 0. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function traceRam(calls: CallLog, _words: Uint32Array, counts: LookupCounts): TableTrace {
  const logHeight = logHeightFor('ram', calls.count, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const columns = RAM_COLUMNS.map(() => new Uint32Array(2 ** logHeight));
  const column = (name: RamColumn): Uint32Array => columns[RAM_COLUMNS.indexOf(name)]!;
  const [segments, indices, values, clks] = [
    column('segment'),
    column('index'),
    column('value'),
    column('clk'),
  ];
  const [previousValues, previousClks] = [column('previousValue'), column('previousClk')];
  const [lows, highs] = [column('low'), column('high')];
  const lastRow = createCellMap<number>();

  for (let row = 0; row < calls.count; row++) {
    const [tag, segment, index] = [calls.tag[row]!, calls.a[row]!, calls.b[row]!];
    column(KIND_COLUMN.get(tag) ?? 'isRead')[row] = 1;
    segments[row] = segment;
    indices[row] = index;
    values[row] = calls.c[row]!;
    clks[row] = calls.clk[row]!;
    const previous = lastRow.get(segment, index);
    lastRow.set(segment, index, row);
    if (tag === TAG.RAM_INITIALISE) continue;
    // A record of a cell that was never initialised names (0, 0), which balances on no bus.
    if (previous !== undefined) {
      previousValues[row] = values[previous]!;
      previousClks[row] = clks[previous]!;
    }
    const distance = subtract(subtract(clks[row]!, previousClks[row]!), 1);
    lows[row] = distance & (2 ** LIMB_BITS - 1);
    highs[row] = distance >>> LIMB_BITS;
    counts.range(lows[row]!);
    counts.range(highs[row]!);
    counts.range(multiply(highs[row]!, 2 ** 8));
  }
  return { logHeight, columns };
}
