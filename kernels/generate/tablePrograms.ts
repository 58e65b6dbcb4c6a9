/** The programs of a table, generated once for as long as the table is referenced. */
import type { TableAir } from '../../stark/air/air.ts';
import { generateProgram, type TileProgram } from './program.ts';

export interface TablePrograms {
  readonly interactions: TileProgram;
  readonly constraints: TileProgram;
}

const known = new WeakMap<TableAir, TablePrograms>();

export function tablePrograms(table: TableAir): TablePrograms {
  let programs = known.get(table);
  if (!programs) {
    programs = {
      interactions: generateProgram(table, 'interactions'),
      constraints: generateProgram(table, 'constraints'),
    };
    known.set(table, programs);
  }
  return programs;
}
