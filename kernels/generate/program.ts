/**
 * From a table's AIR to a tile program: what to copy into a tile of the table's rows, and the tape that computes the values of
 * its constraints or interactions there.
 * Source: docs/spec/proof-system.md, sections 4 to 6; docs/decisions/0004-constraint-evaluation.md.
 */
import type { NodeId, Selector, TableAir } from '../../stark/air/air.ts';
import { layTile, type ProgramPurpose, rootsOf, type TileCell, type ValuePlace } from './layout.ts';
import { type Tape, writeTape } from './tape.ts';

export interface InteractionPlaces {
  readonly bus: number;
  readonly multiplicity: ValuePlace;
  readonly values: readonly ValuePlace[];
}

export interface TileProgram {
  /** Table and purpose; for labels. */
  readonly name: string;
  readonly tape: Pick<Tape, 'words' | 'operations' | 'work'>;
  /** Cell i is column i of the tile. */
  readonly cells: readonly TileCell[];
  /** Selectors in use; selector i is column cells.length + i. */
  readonly selectors: readonly Selector[];
  /** Columns of the tile that the program reads and writes. */
  readonly columns: number;
  /** Empty in the interactions program. */
  readonly constraints: readonly ValuePlace[];
  readonly interactions: readonly InteractionPlaces[];
}

/** The program of a table for one purpose. */
export function generateProgram(table: TableAir, purpose: ProgramPurpose): TileProgram {
  const roots = rootsOf(table, purpose);
  const layout = layTile(table, roots);
  const { words, operations, work, computedColumns, places } = writeTape(table, roots, layout);
  const place = (id: NodeId): ValuePlace => places.get(id)!;
  return {
    name: `${table.name}.${purpose}`,
    tape: { words, operations, work },
    cells: layout.cells,
    selectors: layout.selectors,
    columns: layout.firstComputed + computedColumns,
    constraints:
      purpose === 'constraints' ? table.constraints.map(({ expression }) => place(expression)) : [],
    interactions: table.interactions.map(({ bus, multiplicity, values }) => ({
      bus,
      multiplicity: place(multiplicity),
      values: values.map(place),
    })),
  };
}
