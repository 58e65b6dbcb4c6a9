/**
 * Mixed-height Merkle trees on the device. Leaf rows are hashed straight from column-major matrices, 8 columns a step. The
 * digests of the upper levels stay on the device, cut into chunks of one binding each; those of the lowest levels over
 * matrices, most of a tree, are hashed again for the few subtrees that a query asks for.
 * Form: digests of 8 words, Montgomery on the device; caps and answers come back canonical.
 * Source: docs/spec/proof-system.md, section 3.
 */
import { DEGREE } from '../stark/field/extension.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { leafBlocks } from '../stark/leafRow.ts';
import { acquireBuffers, type GpuCodeword, unitsPerBinding } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { type ExtendedMatrix, withBlock } from './extended.ts';
import { gatherWords } from './gather.ts';
import { CHUNK_COLUMNS, chunkColumns, type GpuMatrix, locateColumn } from './matrix.ts';

/** Digests of one level of a tree: digest i is words 8 * (i mod chunkDigests).. of chunk i / chunkDigests. */
export interface DigestLevel {
  readonly digests: number;
  readonly chunkDigests: number;
  readonly chunks: readonly GPUBuffer[];
}

export interface GpuTree {
  /** Level 0 are the leaves of the tallest matrices, the last level is the cap. Levels that are not kept have no chunks. */
  readonly levels: readonly DigestLevel[];
  /** What the levels that are not kept were hashed from; undefined when all are kept. */
  readonly omitted: OmittedLevels | undefined;
}

export interface OmittedLevels {
  /** The lowest ones; at least one level above them is kept. */
  readonly count: number;
  readonly members: readonly TreeMatrix[];
  readonly leafTag: number;
}

/** A matrix of a tree; `nextColumns` as in `CommittedMatrix` of stark/backend.ts. */
export interface TreeMatrix {
  readonly matrix: ExtendedMatrix;
  readonly nextColumns: number;
}

const WORKGROUP_SIZE = 64;
const DIGEST_BYTES = 4 * DIGEST_WORDS;
/** Lowest levels that a tree over matrices does without: an eighth of its bytes is left, a query hashes 8 leaves a subtree. */
const OMITTED_LEVELS = 3;

/** Digests of a chunk of a level. */
export function chunkDigestsOf(device: ComputeDevice, digests: number): number {
  return Math.min(digests, unitsPerBinding(device, DIGEST_BYTES, 2));
}

async function createLevel(device: ComputeDevice, digests: number, label: string): Promise<DigestLevel> {
  const chunkDigests = chunkDigestsOf(device, digests);
  const chunks = await acquireBuffers(device, digests / chunkDigests, DIGEST_BYTES * chunkDigests, label);
  return { digests, chunkDigests, chunks };
}

function releaseLevel(device: ComputeDevice, level: DigestLevel): void {
  for (const chunk of level.chunks) device.arena.release(chunk);
}

export function releaseLevels(device: ComputeDevice, levels: readonly DigestLevel[]): void {
  for (const level of levels) releaseLevel(device, level);
}

export function releaseTree(device: ComputeDevice, tree: GpuTree): void {
  releaseLevels(device, tree.levels);
}

/** Levels that a tree over matrices of 2^logRows rows does without. */
function omittedLevels(logRows: number, logCap: number): number {
  return Math.min(OMITTED_LEVELS, logRows - logCap);
}

/** Bytes of the digests of a tree over matrices of at most 2^logRows rows: that stay, and most of them while it is made. */
export function matrixTreeBytes(logRows: number, logCap: number): { kept: number; atMost: number } {
  const omitted = omittedLevels(logRows, logCap);
  const kept = codewordTreeBytes(logRows - omitted, logCap);
  return { kept, atMost: Math.max(kept, DIGEST_BYTES * (2 ** logRows + 2 ** (logRows - 1))) };
}

/** Bytes of the digests of a tree with 2^logLeaves leaves, all of which stay. */
export function codewordTreeBytes(logLeaves: number, logCap: number): number {
  return DIGEST_BYTES * (2 ** (logLeaves + 1) - 2 ** logCap);
}

/**
 * The tree over low-degree extensions, rows in bit-reversed order; it does not keep the matrices.
 * Throws: KernelError 'SHAPE_MISMATCH' without a matrix or with one below the cap; 'OUT_OF_MEMORY'.
 */
export async function buildMatrixTree(
  device: ComputeDevice,
  matrices: readonly TreeMatrix[],
  leafTag: number,
  logCap: number,
): Promise<GpuTree> {
  const heights = new Set(matrices.map(({ matrix }) => matrix.rows));
  const leastRows = Math.min(...heights);
  if (heights.size === 0 || leastRows < 2 ** logCap) {
    throw new KernelError('SHAPE_MISMATCH', `a tree over ${matrices.length} matrices`, {
      expected: 2 ** logCap,
      got: leastRows,
    });
  }
  const levels: DigestLevel[] = [];
  const logRows = Math.log2(Math.max(...heights));
  const count = omittedLevels(logRows, logCap);
  try {
    const chainRows = async (level: DigestLevel, start: ChainStart): Promise<void> => {
      const members = matrices.filter(({ matrix }) => matrix.rows === level.digests);
      if (members.length > 0) await chainLeafRows(device, members, level, start, { kind: 'all' });
    };
    const leaves = await createLevel(device, 2 ** logRows, 'leaves');
    levels.push(leaves);
    await chainRows(leaves, { kind: 'leaves', leafTag });
    await addLevels(device, levels, logCap, async (level) => {
      await chainRows(level, { kind: 'nodes' });
      const number = levels.length - 2;
      const below = levels[number];
      if (below === undefined || number >= count) return;
      releaseLevel(device, below);
      levels[number] = { ...below, chunks: [] };
    });
  } catch (error) {
    releaseLevels(device, levels);
    throw error;
  }
  return { levels, omitted: count > 0 ? { count, members: matrices, leafTag } : undefined };
}

/**
 * The tree of a fold layer: a leaf is 2^logArity consecutive elements.
 * Throws: KernelError 'SHAPE_MISMATCH' when there are fewer leaves than the cap has digests; 'OUT_OF_MEMORY'.
 */
export async function buildCodewordTree(
  device: ComputeDevice,
  codeword: GpuCodeword,
  logArity: number,
  leafTag: number,
  logCap: number,
): Promise<GpuTree> {
  const leafCount = codeword.length / 2 ** logArity;
  if (logArity < 0 || logArity > 3 || leafCount < 2 ** logCap) {
    throw new KernelError('SHAPE_MISMATCH', `a tree over cosets of 2^${logArity}`, {
      expected: 2 ** logCap,
      got: leafCount,
    });
  }
  const levels: DigestLevel[] = [];
  try {
    levels.push(await hashCosets(device, codeword, logArity, leafCount, leafTag));
    await addLevels(device, levels, logCap, async () => undefined);
  } catch (error) {
    releaseLevels(device, levels);
    throw error;
  }
  return { levels, omitted: undefined };
}

/** Told of every block of columns that is hashed again, for as long as it lasts. */
export type BlockVisitor = (matrix: ExtendedMatrix, firstColumn: number, block: GpuMatrix) => Promise<void>;

/**
 * The omitted levels of the subtrees under the nodes `roots` of the lowest level that is kept, side by side: digest
 * place * 2^(count - level) + i of level `level` is digest i of the subtree under roots[place]. The caller releases them.
 * Throws: KernelError 'SHAPE_MISMATCH' for a tree without omitted levels; 'OUT_OF_MEMORY'; what `visit` throws.
 */
export async function hashSubtrees(
  device: ComputeDevice,
  tree: GpuTree,
  roots: readonly number[],
  visit: BlockVisitor,
): Promise<DigestLevel[]> {
  const { omitted, levels: treeLevels } = tree;
  if (!omitted || roots.length === 0) throw new KernelError('SHAPE_MISMATCH', 'no subtree to hash');
  const { count, members, leafTag } = omitted;
  // A power of two of them, like every level; the last one is repeated.
  const runCount = subtreeCount(roots.length);
  const runs = Uint32Array.from({ length: runCount }, (_, place) => roots[place] ?? roots.at(-1)!);
  const buffer = await device.arena.acquire(4 * runCount, 'subtrees.runs');
  const levels: DigestLevel[] = [];
  try {
    await device.queue.write(buffer, 0, runs);
    for (let number = 0; number < count; number++) {
      const logRun = count - number;
      const level = await createLevel(device, runCount << logRun, 'subtrees');
      levels.push(level);
      if (number > 0) await compressLevel(device, levels[number - 1]!, level);
      const present = members.filter(({ matrix }) => matrix.rows === treeLevels[number]!.digests);
      const start: ChainStart = number === 0 ? { kind: 'leaves', leafTag } : { kind: 'nodes' };
      if (present.length > 0)
        await chainLeafRows(device, present, level, start, { kind: 'runs', buffer, logRun, visit });
    }
  } catch (error) {
    releaseLevels(device, levels);
    throw error;
  } finally {
    device.arena.release(buffer);
  }
  return levels;
}

/** Subtrees that `hashSubtrees` hashes for so many roots. */
export function subtreeCount(roots: number): number {
  return 2 ** Math.ceil(Math.log2(roots));
}

/** Adds levels up to the cap; `complete` may chain leaf rows onto each before the next is computed. */
async function addLevels(
  device: ComputeDevice,
  levels: DigestLevel[],
  logCap: number,
  complete: (level: DigestLevel) => Promise<void>,
): Promise<void> {
  for (;;) {
    const below = levels.at(-1);
    if (!below || below.digests <= 2 ** logCap) return;
    const level = await createLevel(device, below.digests / 2, 'digests');
    levels.push(level);
    await compressLevel(device, below, level);
    await complete(level);
  }
}

/** level[i] = C(below[2i], below[2i + 1]). */
async function compressLevel(device: ComputeDevice, below: DigestLevel, level: DigestLevel): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader: 'compress', workgroupSize: WORKGROUP_SIZE });
  const count = below.chunkDigests / 2;
  for (const [chunk, children] of below.chunks.entries()) {
    const firstParent = chunk * count;
    await device.queue.dispatch({
      kernel,
      bindings: { children, parents: chunkAt(level, firstParent) },
      params: { firstParent: firstParent % level.chunkDigests },
      count,
    });
  }
}

export function chunkAt(level: DigestLevel, digest: number): GPUBuffer {
  const chunk = level.chunks[Math.floor(digest / level.chunkDigests)];
  if (!chunk) throw new RangeError(`no digest ${digest} in a level of ${level.digests}`);
  return chunk;
}

/** What the chains of a level start from: (tag, log of the number of rows, 0, ...), or the nodes that the level holds. */
type ChainStart = { readonly kind: 'leaves'; readonly leafTag: number } | { readonly kind: 'nodes' };

/** The rows that are hashed: all, or the 2^logRun rows of each of the runs in a buffer. */
type RowChoice =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'runs';
      readonly buffer: GPUBuffer;
      readonly logRun: number;
      readonly visit: BlockVisitor;
    };

/** level[j] <- chain(start, leaf row j), or the j-th chosen one, of matrices that all have as many rows. */
async function chainLeafRows(
  device: ComputeDevice,
  members: readonly TreeMatrix[],
  level: DigestLevel,
  start: ChainStart,
  choice: RowChoice,
): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader: 'hashColumns', workgroupSize: WORKGROUP_SIZE });
  const blocks = leafBlocks(
    members.map(({ matrix: { columns }, nextColumns }) => ({ columns, nextColumns })),
  );
  const { rows } = members[0]!.matrix;
  const { chunkDigests } = level;
  // A block of columns that exceeds one binding is copied together, as many rows at a time as a digest chunk has.
  const isTiled = choice.kind === 'runs' || chunkColumns(device, rows) < CHUNK_COLUMNS;
  const tile = isTiled ? await device.arena.acquire(DIGEST_BYTES * chunkDigests, 'leaves.tile') : undefined;
  try {
    for (const [position, { matrix: member, firstColumn, columns: columnCount }] of blocks.entries()) {
      const { matrix } = members[member]!;
      await withBlock(device, matrix, firstColumn, rows, async (block) => {
        for (const [chunk, digests] of level.chunks.entries()) {
          const firstRow = chunk * chunkDigests;
          if (tile && choice.kind === 'runs')
            await copyRuns(device, block, choice.buffer, choice.logRun, firstRow, chunkDigests, tile);
          else if (tile) await copyRows(device, block, firstRow, chunkDigests, tile);
          await device.queue.dispatch({
            kernel,
            bindings: { columns: tile ?? locateColumn(block, 0).chunk.buffer, digests },
            params: {
              stride: chunkDigests,
              columnCount,
              isFirst: Number(position === 0 && start.kind === 'leaves'),
              leafTag: start.kind === 'leaves' ? start.leafTag : 0,
              logRows: Math.log2(rows),
            },
            count: chunkDigests,
          });
        }
        if (choice.kind === 'runs') await choice.visit(matrix, firstColumn, block);
      });
    }
  } finally {
    if (tile) device.arena.release(tile);
  }
}

/** tile[column * rowCount + row] = word (firstRow + row) of a block's column. */
async function copyRows(
  device: ComputeDevice,
  block: GpuMatrix,
  firstRow: number,
  rowCount: number,
  tile: GPUBuffer,
): Promise<void> {
  for (let column = 0; column < block.columns; column++) {
    const { chunk, offsetWords } = locateColumn(block, column);
    await device.queue.copy(chunk.buffer, offsetWords + firstRow, tile, column * rowCount, rowCount);
  }
}

/** The same from the rows of runs, counted through all runs. */
async function copyRuns(
  device: ComputeDevice,
  block: GpuMatrix,
  runs: GPUBuffer,
  logRun: number,
  firstRow: number,
  rowCount: number,
  tile: GPUBuffer,
): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader: 'gatherRows', workgroupSize: WORKGROUP_SIZE });
  for (const { buffer: source, firstColumn: targetColumn, columns } of block.chunks) {
    await device.queue.dispatch({
      kernel,
      bindings: { source, runs, tile },
      params: { stride: block.rows, rowCount, firstRow, logRun, targetColumn },
      count: columns * rowCount,
    });
  }
}

async function hashCosets(
  device: ComputeDevice,
  codeword: GpuCodeword,
  logArity: number,
  leafCount: number,
  leafTag: number,
): Promise<DigestLevel> {
  const kernel = await device.pipelines.kernel({ shader: 'hashCosets', workgroupSize: WORKGROUP_SIZE });
  const level = await createLevel(device, leafCount, 'cosets');
  const chunkLeaves = codeword.chunkLength / 2 ** logArity;
  const count = Math.min(chunkLeaves, level.chunkDigests);
  try {
    for (let leaf = 0; leaf < leafCount; leaf += count) {
      const source = codeword.chunks[Math.floor(leaf / chunkLeaves)];
      if (!source) throw new RangeError(`no leaf ${leaf} in a codeword of ${leafCount} leaves`);
      await device.queue.dispatch({
        kernel,
        bindings: { codeword: source, digests: chunkAt(level, leaf) },
        params: {
          length: codeword.chunkLength,
          logArity,
          firstLeaf: leaf % chunkLeaves,
          firstDigest: leaf % level.chunkDigests,
          leafTag,
          logLeaves: Math.log2(leafCount),
        },
        count,
        work: Math.ceil((DEGREE << logArity) / DIGEST_WORDS),
      });
    }
  } catch (error) {
    releaseLevel(device, level);
    throw error;
  }
  return level;
}

/** The cap: digests of 8 canonical words. */
export async function readCap(device: ComputeDevice, tree: GpuTree): Promise<Uint32Array> {
  const level = tree.levels.at(-1);
  if (!level) throw new KernelError('SHAPE_MISMATCH', 'a tree without levels');
  const words = await gatherWords(
    device,
    level.chunks.map((source) => ({
      source,
      indices: [0],
      items: DIGEST_WORDS * level.chunkDigests,
      sourceStart: 0,
      indexStride: 1,
      itemStride: 1,
    })),
  );
  const cap = new Uint32Array(DIGEST_WORDS * level.digests);
  for (const [chunk, part] of words.entries()) cap.set(part, DIGEST_WORDS * level.chunkDigests * chunk);
  return cap;
}
