/**
 * How many cells the tables of a run will have, from its record alone: a short upload can name calls that no run made, and
 * their columns would be built before the first constraint is looked at.
 */
import { ROW_WORDS } from '../../machine/buses.ts';
import { tablesByTag } from '../../machine/callRecorder.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { CALL_TABLES, COLONNADE_MACHINE } from '../../machine/system.ts';

export interface TableCells {
  readonly table: string;
  /** Before padding; at least as many as the table will have. */
  readonly rows: number;
  /** Of the rows with their padding. */
  readonly logHeight: number;
  /** Of all main columns, padded to a power of two. */
  readonly cells: number;
}

/** The tables whose height the record decides; calls with an unknown tag are left out. */
export function tableCells({ pc, memory, calls }: ExecutionTrace): TableCells[] {
  const rows = new Map([
    ['cpu', pc.length],
    ['memory', Math.ceil(memory.length / ROW_WORDS)],
  ]);
  const tableOfTag = tablesByTag(CALL_TABLES);
  for (let call = 0; call < calls.count; call++) {
    const tag = calls.tag[call] ?? 0;
    const table = tableOfTag.get(tag);
    if (table === undefined) continue;
    const { name } = table.air;
    rows.set(name, (rows.get(name) ?? 0) + table.rowsOf(tag, calls.d[call] ?? 0));
  }
  return [...rows].map(([table, count]) => {
    const air = COLONNADE_MACHINE.tables.find(({ name }) => name === table);
    if (air === undefined) throw new Error(`no table ${table}`);
    const logHeight = Math.max(air.minimumLogHeight, Math.ceil(Math.log2(count)));
    return { table, rows: count, logHeight, cells: air.mainColumns.length * 2 ** logHeight };
  });
}
