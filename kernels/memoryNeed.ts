/**
 * Device memory of a proof from the shapes of its tables alone: what the backend holds and needs at every stage, which
 * extensions it can afford to keep within a byte budget, and the refusal of a proof that does not fit before it starts.
 * The account follows kernels/backend.ts and stark/prover.ts call by call; bytes are those of `BufferArena`.
 */
import type { AirSystem, TableAir } from '../stark/air/air.ts';
import { logUpGroupCount } from '../stark/air/degree.ts';
import { DEGREE } from '../stark/field/extension.ts';
import type { Profile } from '../stark/profile.ts';
import {
  type LogHeights,
  type MatrixShape,
  matrixOf,
  type Phase,
  type ProofShape,
  proofShape,
  treeOf,
} from '../stark/proof/shape.ts';
import { KernelError } from './errors.ts';
import { expansionTileBytes } from './expand.ts';
import { tablePrograms } from './generate/tablePrograms.ts';
import { logUpTileColumns } from './logUp.ts';
import { CHUNK_COLUMNS } from './matrix.ts';
import { codewordTreeBytes, matrixTreeBytes } from './merkle.ts';
import { transformConstants } from './ntt.ts';
import { quotientTileColumns } from './quotient.ts';
import { type TileLimits, tileRows } from './tile.ts';

/** What an adapter contributes to the need. */
export type MemoryLimits = Omit<TileLimits, 'budgetBytes'>;

/** Whether the key's preprocessed columns and their tree are counted among the used bytes already. */
export type KeyPlace = 'onDevice' | 'toBeMade';

/** The stages of stark/prover.ts that hold memory, in order. */
export const MEMORY_STAGES = [
  'load',
  'commitMain',
  'logUp',
  'quotient',
  'open',
  'deep',
  'fold',
  'query',
] as const;
export type MemoryStage = (typeof MEMORY_STAGES)[number];

/** Phases whose extensions may be kept. Those of preprocessed columns never are: keys stay on the device between proofs. */
export const KEPT_PHASES = ['main', 'logUp', 'quotient'] as const;
export type KeptPhase = (typeof KEPT_PHASES)[number];

export interface MemoryPlan {
  /** Whether the extension of each matrix is kept, in the order of the phase's tree. */
  readonly kept: Readonly<Record<KeptPhase, readonly boolean[]>>;
  /** Most bytes at any time of a stage. */
  readonly stageBytes: Readonly<Record<MemoryStage, number>>;
  readonly peakBytes: number;
}

export interface ProofMemory {
  /** Peak when every extension is kept: more memory makes no proof faster. */
  readonly allKeptBytes: number;
  /** Peak when every extension is computed again wherever it is read: with less there is no proof. */
  readonly leastBytes: number;
}

/** Descriptions, tapes, gathers, partial sums, and what rounding adds to many small buffers. */
const SMALL_BUFFERS_BYTES = 1 << 20;
/** What rounding adds to the chunks and levels of a key. */
const KEY_ROUNDING_BYTES = 64 << 10;
/** Words of an element of a codeword. */
const ELEMENT_BYTES = 4 * DEGREE;
const BLOCK_COLUMN_BYTES = 4 * CHUNK_COLUMNS;

/** Never asked to keep a preprocessed matrix. */
type Keeps = (matrix: MatrixShape) => boolean;

/**
 * The plan of a proof within `availableBytes` of a device: the largest extensions that fit are kept.
 * Throws: KernelError 'OUT_OF_MEMORY' with wantedBytes (the least that would do), allKeptBytes and budgetBytes; RangeError on
 * heights without a proof shape.
 */
export function planMemory(
  system: AirSystem,
  profile: Profile,
  logHeights: LogHeights,
  limits: TileLimits,
  availableBytes: number,
  key: KeyPlace,
): MemoryPlan {
  const shape = proofShape(system, profile, logHeights);
  const account = (kept: ReadonlySet<MatrixShape>): MemoryPlan =>
    planOf(
      shape,
      kept,
      accountStages(system, profile, shape, limits, key, (matrix) => kept.has(matrix)),
    );
  const candidates = KEPT_PHASES.flatMap((phase) => treeOf(shape, phase).matrices);
  const allKept = account(new Set(candidates));
  if (allKept.peakBytes <= availableBytes) return allKept;
  let plan = account(new Set());
  if (plan.peakBytes > availableBytes) {
    const { peakBytes } = plan;
    throw new KernelError(
      'OUT_OF_MEMORY',
      `the proof needs at least ${peakBytes} bytes on the device, which has ${availableBytes} left of its budget`,
      { wantedBytes: peakBytes, allKeptBytes: allKept.peakBytes, budgetBytes: availableBytes },
    );
  }
  const kept = new Set<MatrixShape>();
  const cells = ({ columns, logHeight }: MatrixShape): number => columns * 2 ** logHeight;
  for (const matrix of candidates.sort((left, right) => cells(right) - cells(left))) {
    kept.add(matrix);
    const tried = account(kept);
    if (tried.peakBytes <= availableBytes) plan = tried;
    else kept.delete(matrix);
  }
  return plan;
}

/** What a proof of these heights takes on an adapter of these limits; no device is asked. Throws: RangeError as `planMemory`. */
export function proofMemory(
  system: AirSystem,
  profile: Profile,
  logHeights: LogHeights,
  limits: MemoryLimits,
): ProofMemory {
  const shape = proofShape(system, profile, logHeights);
  const peak = (budgetBytes: number, keeps: Keeps): number =>
    Math.max(
      ...Object.values(accountStages(system, profile, shape, { ...limits, budgetBytes }, 'toBeMade', keeps)),
    );
  // Tiles grow with the budget, so the least budget is one whose own tiles fit.
  let leastBytes = 0;
  for (let next = peak(0, () => false); next > leastBytes; next = peak(leastBytes, () => false))
    leastBytes = next;
  return {
    allKeptBytes: peak(Number.MAX_SAFE_INTEGER, ({ phase }) => phase !== 'preprocessed'),
    leastBytes,
  };
}

function planOf(
  shape: ProofShape,
  kept: ReadonlySet<MatrixShape>,
  stageBytes: Readonly<Record<MemoryStage, number>>,
): MemoryPlan {
  const inTree = (phase: KeptPhase): boolean[] =>
    treeOf(shape, phase).matrices.map((matrix) => kept.has(matrix));
  return {
    kept: { main: inTree('main'), logUp: inTree('logUp'), quotient: inTree('quotient') },
    stageBytes,
    peakBytes: Math.max(...Object.values(stageBytes)),
  };
}

const rowsOf = ({ logHeight }: MatrixShape): number => 2 ** logHeight;
/** Values on the trace domain, or coefficients. */
const baseBytes = (matrix: MatrixShape): number => 4 * rowsOf(matrix) * matrix.columns;

/** Scratch of an interpolation of one block: coefficients, and the words between two passes. */
const interpolationBytes = (rows: number): number => 2 * BLOCK_COLUMN_BYTES * rows;

/** Scratch of one block of 2^logBlowup times the rows that is computed again. */
function blockBytes(matrix: MatrixShape, logBlowup: number): number {
  const rows = rowsOf(matrix);
  const source = matrix.phase === 'quotient' ? 0 : interpolationBytes(rows);
  return source + BLOCK_COLUMN_BYTES * rows * 2 ** logBlowup;
}

/** Most bytes at every stage. */
function accountStages(
  system: AirSystem,
  profile: Profile,
  shape: ProofShape,
  limits: TileLimits,
  key: KeyPlace,
  keeps: Keeps,
): Record<MemoryStage, number> {
  const { logBlowup, logCap } = profile;
  const stageBytes = Object.fromEntries(MEMORY_STAGES.map((stage) => [stage, 0])) as Record<
    MemoryStage,
    number
  >;
  const matrices = shape.trees.flatMap((tree) => tree.matrices);
  let held = SMALL_BUFFERS_BYTES;
  for (const bytes of transformConstants(shape.distinctLogHeights, logBlowup).values()) held += bytes;

  /** `scratch` bytes more than what is held, for a moment of a stage. */
  const need = (stage: MemoryStage, scratch: number): void => {
    stageBytes[stage] = Math.max(stageBytes[stage], held + scratch);
  };
  const tileBytes = (columns: number, rows: number): number => 4 * columns * tileRows(limits, columns, rows);
  const extendedBytes = (matrix: MatrixShape): number => baseBytes(matrix) * 2 ** logBlowup;
  /** The blocks of a tree's matrices that are too large for a binding are put together in one. */
  const leafTileBytes = (matrix: MatrixShape): number => {
    const rows = rowsOf(matrix) * 2 ** logBlowup;
    return BLOCK_COLUMN_BYTES * rows <= limits.bindingBytes
      ? 0
      : Math.min(limits.bindingBytes, BLOCK_COLUMN_BYTES * rows);
  };
  const commit = (stage: MemoryStage, phase: Phase): void => {
    const members = treeOf(shape, phase).matrices;
    for (const matrix of members) {
      if (!keeps(matrix)) continue;
      held += extendedBytes(matrix);
      need(stage, phase === 'quotient' ? 0 : interpolationBytes(rowsOf(matrix)));
      // The main columns' values are still needed for the LogUp columns.
      if (phase !== 'main') held -= baseBytes(matrix);
    }
    if (members.length === 0) return;
    const logRows = Math.max(...members.map(({ logHeight }) => logHeight)) + logBlowup;
    const tree = matrixTreeBytes(logRows, logCap);
    const block = (matrix: MatrixShape): number =>
      leafTileBytes(matrix) + (keeps(matrix) ? 0 : blockBytes(matrix, logBlowup));
    need(stage, tree.atMost + Math.max(...members.map(block)));
    held += tree.kept;
  };
  const isRecomputed = (matrix: MatrixShape | undefined): matrix is MatrixShape =>
    matrix !== undefined && !keeps(matrix);

  // The key's preprocessed columns and their tree, then the main columns.
  if (key === 'toBeMade') {
    held += KEY_ROUNDING_BYTES;
    for (const matrix of treeOf(shape, 'preprocessed').matrices) held += baseBytes(matrix);
    commit('load', 'preprocessed');
  }
  for (const matrix of treeOf(shape, 'main').matrices) {
    held += baseBytes(matrix);
    const table = system.tables[matrix.slot] as TableAir;
    need('load', table.expansion === 'none' ? 0 : expansionTileBytes(rowsOf(matrix), limits.bindingBytes));
  }
  commit('commitMain', 'main');

  for (const matrix of treeOf(shape, 'logUp').matrices) {
    held += baseBytes(matrix);
    const table = system.tables[matrix.slot] as TableAir;
    const columns = logUpTileColumns(tablePrograms(table).interactions, logUpGroupCount(table));
    need('logUp', tileBytes(columns, rowsOf(matrix)) + (ELEMENT_BYTES * rowsOf(matrix)) / 32);
  }
  commit('logUp', 'logUp');

  for (const slot of shape.presentSlots) {
    const table = system.tables[slot] as TableAir;
    const quotient = matrixOf(shape, 'quotient', slot) as MatrixShape;
    const rows = rowsOf(quotient);
    const read = (['preprocessed', 'main', 'logUp'] as const).map((phase) => matrixOf(shape, phase, slot));
    const again = read.filter(isRecomputed).reduce((bytes, matrix) => bytes + 2 * baseBytes(matrix), 0);
    const values = 2 * ELEMENT_BYTES * rows;
    const columns = quotientTileColumns(table, tablePrograms(table).constraints);
    need('quotient', again + Math.max(interpolationBytes(rows), values + tileBytes(columns, 2 * rows)));
    // The quotient's columns, and a chunk's coefficients with the words between two passes, beside the values.
    need('quotient', values + baseBytes(quotient) + 2 * 2 * BLOCK_COLUMN_BYTES * rows);
    held += baseBytes(quotient);
    const main = matrixOf(shape, 'main', slot);
    if (main !== undefined && keeps(main)) held -= baseBytes(main);
  }
  commit('quotient', 'quotient');

  // Weights of two points, on the trace domain for values that are held and on the coset for the rest; freed together.
  let weights = 0;
  for (const logHeight of shape.distinctLogHeights) {
    const present = matrices.filter((matrix) => matrix.logHeight === logHeight);
    const domains = new Set(present.map((matrix) => matrix.phase !== 'quotient' && !keeps(matrix)));
    weights += 2 * domains.size * ELEMENT_BYTES * 2 ** logHeight;
    need('open', weights + Math.max(...present.map((matrix) => (keeps(matrix) ? 0 : blockBytes(matrix, 0)))));
  }

  for (const logHeight of shape.distinctLogHeights) {
    const codeword = ELEMENT_BYTES * 2 ** (logHeight + logBlowup);
    const present = matrices.filter((matrix) => matrix.logHeight === logHeight);
    held += codeword;
    need(
      'deep',
      codeword + Math.max(...present.map((matrix) => (keeps(matrix) ? 0 : blockBytes(matrix, logBlowup)))),
    );
  }
  for (const fold of shape.folds) {
    const logLeaves = fold.logHeight - fold.logArity + logBlowup;
    held += codewordTreeBytes(logLeaves, logCap) + ELEMENT_BYTES * 2 ** logLeaves;
    need('fold', 0);
    if (fold.rollsIn) held -= ELEMENT_BYTES * 2 ** logLeaves;
  }
  need('query', Math.max(...matrices.map((matrix) => (keeps(matrix) ? 0 : blockBytes(matrix, logBlowup)))));
  return stageBytes;
}
