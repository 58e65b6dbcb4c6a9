/**
 * How many cells the tables of a run will have, from its record alone: a short upload can name calls that no run made, and
 * their columns would be built before the first constraint is looked at.
 */
import { ROW_WORDS } from '../../machine/buses.ts';
import type { CallTable } from '../../machine/callTable.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { EXTENSION_TAG } from '../../machine/extension/tags.ts';
import { TAG } from '../../machine/instruction.ts';
import { CALL_TABLES, COLONNADE_MACHINE } from '../../machine/system.ts';

export interface TableCells {
  readonly table: string;
  /** Before padding; at least as many as the table will have. */
  readonly rows: number;
  /** Of all main columns, padded to a power of two. */
  readonly cells: number;
}

const ROWS_PER_PRODUCT = 4;
/** One a bit of the arity. */
const ROWS_PER_FOLD = 3;

/** Most rows of a call. */
function rowsOfCall(tag: number, d: number): number {
  switch (tag) {
    case TAG.HASH_CHAIN:
    case TAG.HASH_PATH:
    case EXTENSION_TAG.DOT8:
      return Math.max(1, d);
    case EXTENSION_TAG.EVAL8:
      return Math.max(1, d) + 1;
    case EXTENSION_TAG.FOLD8:
      return ROWS_PER_FOLD;
    case TAG.WORD_MULTIPLY:
      return ROWS_PER_PRODUCT;
    default:
      return 1;
  }
}

/** The tables whose height the record decides; calls with an unknown tag are left out. */
export function tableCells(
  { pc, memory, calls }: ExecutionTrace,
  callTables: readonly CallTable[] = CALL_TABLES,
): TableCells[] {
  const rows = new Map([
    ['cpu', pc.length],
    ['memory', Math.ceil(memory.length / ROW_WORDS)],
  ]);
  const tableOfTag = new Map(callTables.flatMap(({ tags, air }) => tags.map((tag) => [tag, air.name])));
  for (let call = 0; call < calls.count; call++) {
    const tag = calls.tag[call] ?? 0;
    const table = tableOfTag.get(tag);
    if (table !== undefined) rows.set(table, (rows.get(table) ?? 0) + rowsOfCall(tag, calls.d[call] ?? 0));
  }
  const airs = [...COLONNADE_MACHINE.tables, ...callTables.map(({ air }) => air)];
  return [...rows].map(([table, count]) => {
    const air = airs.find(({ name }) => name === table);
    if (air === undefined) throw new Error(`no table ${table}`);
    const logHeight = Math.max(air.minimumLogHeight, Math.ceil(Math.log2(count)));
    return { table, rows: count, cells: air.mainColumns.length * 2 ** logHeight };
  });
}
