/**
 * The shape of a proof: everything that follows from the AIR system, the profile and the table heights before any
 * challenge is known. Prover, codec and verifier read lengths and orders from here and from nowhere else.
 * Source: docs/spec/proof-system.md, sections 3, 5, 6, 7, 8 and 9.
 */
import type { AirSystem, TableAir } from '../air/air.ts';
import { logUpColumnCount, logUpNextColumnCount } from '../air/degree.ts';
import { DEGREE } from '../field/extension.ts';
import { distinctDescending, type FoldStep, foldSchedule } from '../friSchedule.ts';
import type { Profile } from '../profile.ts';

/** Words of a block: a digest, a hashed unit of a row, and the unit in which columns are batched. */
export const BLOCK_WORDS = 8;

/** Blocks of 8 that hold so many columns. */
export function blocksOf(columns: number): number {
  return Math.ceil(columns / BLOCK_WORDS);
}

/** Base columns of the quotient matrix of a table: two chunks of one extension column each. */
export const QUOTIENT_COLUMNS = 2 * DEGREE;

/** First word of a leaf's initial state (section 3). */
export const LEAF_TAG = { preprocessed: 1, main: 2, logUp: 3, quotient: 4, fold: 5 } as const;

/** The four trees over table matrices, in opening order. */
export const PHASES = ['preprocessed', 'main', 'logUp', 'quotient'] as const;
export type Phase = (typeof PHASES)[number];

/** Log height of every slot; undefined for a table that is absent. */
export type LogHeights = readonly (number | undefined)[];

/** A matrix that a table has when it is present: what follows from the system alone. */
export interface SystemMatrix {
  readonly phase: Phase;
  /** Slot of the table in the system. */
  readonly slot: number;
  /** All of them are opened at zeta. */
  readonly columns: number;
  /** Leading columns that are opened at zeta * g as well. */
  readonly nextColumns: number;
  /** Number of the first block of 8 columns at zeta; the blocks at zeta * g follow them. */
  readonly firstBlock: number;
}

export interface MatrixShape extends SystemMatrix {
  readonly logHeight: number;
  /** Element of `Proof.openings` where this matrix's values at zeta start; those at zeta * g follow them. */
  readonly firstOpening: number;
}

export interface TreeShape {
  readonly phase: Phase;
  /** In slot order; none when no present table has columns in this phase. */
  readonly matrices: readonly MatrixShape[];
}

export interface ProofShape {
  readonly logHeights: LogHeights;
  /** Slots of the present tables, ascending. */
  readonly presentSlots: readonly number[];
  /** Slots of the present tables with interactions, ascending: those that have a sum. */
  readonly summedSlots: readonly number[];
  /** Slots of all tables with interactions, ascending: whose sums the transcript binds. */
  readonly interactingSlots: readonly number[];
  /** One a phase, in opening order. */
  readonly trees: readonly TreeShape[];
  /** Extension elements opened out of domain. */
  readonly openingCount: number;
  /** Blocks of 8 opened functions with every table present; the last block of a matrix may be partly empty. */
  readonly blockCount: number;
  /** Batching challenges: log of 8 * blockCount, rounded up. */
  readonly batchChallenges: number;
  /** The different log heights, tallest first. */
  readonly distinctLogHeights: readonly number[];
  readonly folds: readonly FoldStep[];
}

/** Base columns of a table in a phase, and how many leading ones are read on the next row. */
function phaseColumns(table: TableAir, phase: Phase): { columns: number; readNext: number } {
  switch (phase) {
    case 'preprocessed':
      return { columns: table.preprocessedColumns.length, readNext: table.preprocessedNextColumns };
    case 'main':
      return { columns: table.mainColumns.length, readNext: table.mainNextColumns };
    case 'logUp':
      return { columns: logUpColumnCount(table), readNext: logUpNextColumnCount(table) };
    case 'quotient':
      return { columns: QUOTIENT_COLUMNS, readNext: 0 };
  }
}

/** The matrices of all slots in opening order, with their numbers of blocks: the same whichever tables are present. */
export function systemMatrices(system: AirSystem): SystemMatrix[] {
  let firstBlock = 0;
  return PHASES.flatMap((phase) =>
    system.tables.flatMap((table, slot): SystemMatrix[] => {
      const { columns, readNext } = phaseColumns(table, phase);
      if (columns === 0) return [];
      const nextBlocks = blocksOf(readNext);
      const nextColumns = Math.min(columns, nextBlocks * BLOCK_WORDS);
      const matrix: SystemMatrix = { phase, slot, columns, nextColumns, firstBlock };
      firstBlock += blocksOf(columns) + nextBlocks;
      return [matrix];
    }),
  );
}

/** Blocks of 8 opened functions when every table is present. */
export function blockCountOf(system: AirSystem): number {
  const last = systemMatrices(system).at(-1);
  return last === undefined ? 0 : last.firstBlock + blocksOf(last.columns) + blocksOf(last.nextColumns);
}

/**
 * The shape for heights that `checkHeights` has accepted. Throws: RangeError when no table is present or one is below
 * the profile's final length.
 */
export function proofShape(system: AirSystem, profile: Profile, logHeights: LogHeights): ProofShape {
  const present = system.tables.flatMap((table, slot) => {
    const logHeight = logHeights[slot];
    return logHeight === undefined ? [] : [{ table, slot, logHeight }];
  });
  const matricesOfSystem = systemMatrices(system);
  const blockCount = blockCountOf(system);
  let firstOpening = 0;
  const trees = PHASES.map((phase): TreeShape => {
    const matrices: MatrixShape[] = [];
    for (const matrix of matricesOfSystem) {
      const logHeight = logHeights[matrix.slot];
      if (matrix.phase !== phase || logHeight === undefined) continue;
      matrices.push({ ...matrix, logHeight, firstOpening });
      firstOpening += matrix.columns + matrix.nextColumns;
    }
    return { phase, matrices };
  });
  const presentLogHeights = present.map(({ logHeight }) => logHeight);
  return {
    logHeights,
    presentSlots: present.map(({ slot }) => slot),
    summedSlots: present.filter(({ table }) => table.interactions.length > 0).map(({ slot }) => slot),
    interactingSlots: system.tables.flatMap(({ interactions }, slot) =>
      interactions.length > 0 ? [slot] : [],
    ),
    trees,
    openingCount: firstOpening,
    blockCount,
    batchChallenges: 32 - Math.clz32(blockCount * BLOCK_WORDS - 1),
    distinctLogHeights: distinctDescending(presentLogHeights),
    folds: foldSchedule(presentLogHeights, profile),
  };
}

/** The tree of a phase. */
export function treeOf(shape: ProofShape, phase: Phase): TreeShape {
  return shape.trees[PHASES.indexOf(phase)] as TreeShape;
}

/** A table's matrix in a phase; undefined when it has no columns there. */
export function matrixOf(shape: ProofShape, phase: Phase, slot: number): MatrixShape | undefined {
  return treeOf(shape, phase).matrices.find((matrix) => matrix.slot === slot);
}
