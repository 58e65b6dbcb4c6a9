/**
 * From a table's AIR to a tile program: what to copy into a tile of the table's rows, and how to compute the values of its
 * constraints or interactions there: by a tape that one kernel interprets, or by kernels generated for the table, which
 * compile slowly on some adapters. Both give the same words.
 * Source: docs/spec/proof-system.md, sections 4 to 6; docs/decisions/0004-constraint-evaluation.md.
 */
import type { NodeId, Selector, TableAir } from '../../stark/air/air.ts';
import { type GeneratedKernel, generateKernels, identifier, type ReadCommitted } from './kernels.ts';
import { layTile, type ProgramPurpose, rootsOf, type TileCell, type ValuePlace } from './layout.ts';
import { writeTape } from './tape.ts';

export type EvaluationKind = 'kernels' | 'tape';

/** How a program's values are computed on a tile. */
export type Evaluation =
  | {
      readonly kind: 'kernels';
      readonly kernels: readonly GeneratedKernel[];
      /** What the kernels read as `matrices`. */
      readonly words: Uint32Array;
    }
  | {
      readonly kind: 'tape';
      readonly words: Uint32Array;
      readonly operations: number;
      /** Products of one row, about. */
      readonly work: number;
    };

export interface InteractionPlaces {
  readonly bus: number;
  readonly multiplicity: ValuePlace;
  readonly values: readonly ValuePlace[];
}

export interface TileProgram {
  /** Table and purpose; for labels. */
  readonly name: string;
  readonly evaluation: Evaluation;
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

/**
 * The program of a table for one purpose; a tape runs well on every adapter. `readCommitted` offers kernels that were
 * generated before. Throws: KernelError 'SHAPE_MISMATCH' when one of them was generated from another AIR.
 */
export function generateProgram(
  table: TableAir,
  purpose: ProgramPurpose,
  evaluationKind: EvaluationKind = 'tape',
  readCommitted: ReadCommitted = () => undefined,
): TileProgram {
  const roots = rootsOf(table, purpose);
  const layout = layTile(table, roots);
  const name = `${identifier(table.name)}${purpose === 'constraints' ? 'Constraints' : 'Interactions'}`;
  let evaluation: Evaluation;
  let computedColumns: number;
  let places: ReadonlyMap<NodeId, ValuePlace>;
  if (evaluationKind === 'kernels') {
    const generated = generateKernels(table, name, roots, layout, readCommitted);
    evaluation = { kind: 'kernels', kernels: generated.kernels, words: generated.matrices };
    ({ computedColumns, places } = generated);
  } else {
    const tape = writeTape(table, roots, layout);
    evaluation = { kind: 'tape', words: tape.words, operations: tape.operations, work: tape.work };
    ({ computedColumns, places } = tape);
  }
  const place = (id: NodeId): ValuePlace => places.get(id)!;
  return {
    name,
    evaluation,
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
