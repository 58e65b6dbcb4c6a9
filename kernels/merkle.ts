/**
 * Mixed-height Merkle trees on the device. Leaf rows are hashed straight from column-major matrices, 8 columns a step; every
 * level's digests stay on the device, cut into chunks of one binding each.
 * Form: digests of 8 words, Montgomery on the device; caps and answers come back canonical.
 * Source: docs/spec/proof-system.md, section 3.
 */
import type { TreeAnswer, TreeQuery } from '../stark/backend.ts';
import { DEGREE } from '../stark/field/extension.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { leafBlocks } from '../stark/leafRow.ts';
import { acquireBuffers, type GpuCodeword, unitsPerBinding } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { type ExtendedMatrix, withBlock } from './extended.ts';
import { createGatherer, type GatherPlace, gatherWords } from './gather.ts';
import { CHUNK_COLUMNS, chunkColumns, type GpuMatrix, locateColumn } from './matrix.ts';

/** Digests of one level of a tree: digest i is words 8 * (i mod chunkDigests).. of chunk i / chunkDigests. */
export interface DigestLevel {
  readonly digests: number;
  readonly chunkDigests: number;
  readonly chunks: readonly GPUBuffer[];
}

export interface GpuTree {
  /** Level 0 are the leaves of the tallest matrices, the last level is the cap. */
  readonly levels: readonly DigestLevel[];
}

/** A matrix of a tree; `nextColumns` as in `CommittedMatrix` of stark/backend.ts. */
export interface TreeMatrix {
  readonly matrix: ExtendedMatrix;
  readonly nextColumns: number;
}

/** What a tree was built over, for its queries. */
export type LeafSource =
  | { readonly kind: 'matrix'; readonly matrix: ExtendedMatrix }
  | { readonly kind: 'cosets'; readonly codeword: GpuCodeword; readonly logArity: number };

const WORKGROUP_SIZE = 64;
const DIGEST_BYTES = 4 * DIGEST_WORDS;

async function createLevel(device: ComputeDevice, digests: number, label: string): Promise<DigestLevel> {
  const chunkDigests = Math.min(digests, unitsPerBinding(device, DIGEST_BYTES, 2));
  const chunks = await acquireBuffers(device, digests / chunkDigests, DIGEST_BYTES * chunkDigests, label);
  return { digests, chunkDigests, chunks };
}

function releaseLevel(device: ComputeDevice, level: DigestLevel): void {
  for (const chunk of level.chunks) device.arena.release(chunk);
}

export function releaseTree(device: ComputeDevice, tree: GpuTree): void {
  for (const level of tree.levels) releaseLevel(device, level);
}

/** Bytes that the digests of a tree over 2^logRows rows take. */
export function treeBytes(logRows: number, logCap: number): number {
  return DIGEST_BYTES * (2 ** (logRows + 1) - 2 ** logCap);
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
  try {
    const chainRows = (level: DigestLevel, start: ChainStart): Promise<void> => {
      const members = matrices.filter(({ matrix }) => matrix.rows === level.digests);
      return members.length > 0 ? chainLeafRows(device, members, level, start) : Promise.resolve();
    };
    const leaves = await createLevel(device, Math.max(...heights), 'leaves');
    levels.push(leaves);
    await chainRows(leaves, { kind: 'leaves', leafTag });
    await addLevels(device, levels, logCap, (level) => chainRows(level, { kind: 'nodes' }));
  } catch (error) {
    releaseTree(device, { levels });
    throw error;
  }
  return { levels };
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
    releaseTree(device, { levels });
    throw error;
  }
  return { levels };
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

function chunkAt(level: DigestLevel, digest: number): GPUBuffer {
  const chunk = level.chunks[Math.floor(digest / level.chunkDigests)];
  if (!chunk) throw new RangeError(`no digest ${digest} in a level of ${level.digests}`);
  return chunk;
}

/** What the chains of a level start from: (tag, log of the number of rows, 0, ...), or the nodes that the level holds. */
type ChainStart = { readonly kind: 'leaves'; readonly leafTag: number } | { readonly kind: 'nodes' };

/** level[j] <- chain(start, leaf row j) of matrices that all have as many rows as the level has digests. */
async function chainLeafRows(
  device: ComputeDevice,
  members: readonly TreeMatrix[],
  level: DigestLevel,
  start: ChainStart,
): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader: 'hashColumns', workgroupSize: WORKGROUP_SIZE });
  const blocks = leafBlocks(
    members.map(({ matrix: { columns }, nextColumns }) => ({ columns, nextColumns })),
  );
  const { chunkDigests } = level;
  // A block of columns that exceeds one binding is copied together, as many rows at a time as a digest chunk has.
  const isTiled = chunkColumns(device, level.digests) < CHUNK_COLUMNS;
  const tile = isTiled ? await device.arena.acquire(DIGEST_BYTES * chunkDigests, 'leaves.tile') : undefined;
  try {
    for (const [position, { matrix, firstColumn, columns: columnCount }] of blocks.entries()) {
      await withBlock(device, members[matrix]!.matrix, firstColumn, level.digests, async (block) => {
        for (const [chunk, digests] of level.chunks.entries()) {
          if (tile) await copyBlock(device, block, 0, columnCount, chunk * chunkDigests, chunkDigests, tile);
          await device.queue.dispatch({
            kernel,
            bindings: { columns: tile ?? locateColumn(block, 0).chunk.buffer, digests },
            params: {
              stride: chunkDigests,
              columnCount,
              isFirst: Number(position === 0 && start.kind === 'leaves'),
              leafTag: start.kind === 'leaves' ? start.leafTag : 0,
              logRows: Math.log2(level.digests),
            },
            count: chunkDigests,
          });
        }
      });
    }
  } finally {
    if (tile) device.arena.release(tile);
  }
}

/** tile[k * rowCount + row] = word (firstRow + row) of column (column + k). */
async function copyBlock(
  device: ComputeDevice,
  matrix: GpuMatrix,
  column: number,
  columnCount: number,
  firstRow: number,
  rowCount: number,
  tile: GPUBuffer,
): Promise<void> {
  for (let place = 0; place < columnCount; place++) {
    const { chunk, offsetWords } = locateColumn(matrix, column + place);
    await device.queue.copy(chunk.buffer, offsetWords + firstRow, tile, place * rowCount, rowCount);
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

/** One request of a gather, and where its words go in the answer. */
interface Placement {
  readonly gather: GatherPlace;
  place(words: Uint32Array): void;
}

/** Placements whose sources, one each, are there at the same time. */
interface PlacementGroup {
  readonly placements: readonly Placement[];
  withSources(use: (sources: readonly GPUBuffer[]) => Promise<void>): Promise<void>;
}

/**
 * Answers a query with one readback. `sources` are the matrices (or the codeword) that the tree was built over, in order.
 * Throws: KernelError 'SHAPE_MISMATCH' on an index or a level that is not there.
 */
export async function queryTree(
  device: ComputeDevice,
  tree: GpuTree,
  sources: readonly LeafSource[],
  request: TreeQuery,
): Promise<TreeAnswer> {
  if (request.rows.length !== sources.length) {
    throw new KernelError('SHAPE_MISMATCH', 'a query names rows of every source', {
      expected: sources.length,
      got: request.rows.length,
    });
  }
  const groups: PlacementGroup[] = [];
  const rows = sources.map((source, place) => {
    const indices = request.rows[place] ?? [];
    return source.kind === 'matrix'
      ? placeRows(device, source.matrix, indices, groups)
      : placeCosets(source.codeword, source.logArity, indices, groups);
  });
  const nodes = placeNodes(tree, request.nodes, groups);
  const placements = groups.flatMap((group) => group.placements);
  if (placements.length === 0) return { rows, nodes };
  const gatherer = await createGatherer(
    device,
    placements.map(({ gather }) => gather),
  );
  try {
    let first = 0;
    for (const group of groups) {
      await group.withSources(async (buffers) => {
        for (const [member, buffer] of buffers.entries()) await gatherer.record(first + member, buffer);
      });
      first += group.placements.length;
    }
    for (const [place, words] of (await gatherer.read()).entries()) placements[place]?.place(words);
  } finally {
    gatherer.close();
  }
  return { rows, nodes };
}

/** A group that reads one buffer. */
function groupOf(source: GPUBuffer, placement: Placement): PlacementGroup {
  return { placements: [placement], withSources: (use) => use([source]) };
}

/** A group for every block of columns: one that is not kept is there only while its rows are gathered. */
function placeRows(
  device: ComputeDevice,
  matrix: ExtendedMatrix,
  indices: readonly number[],
  groups: PlacementGroup[],
): Uint32Array[] {
  const outside = indices.find((index) => index >= matrix.rows);
  if (outside !== undefined) throw missing('row', outside, matrix.rows);
  const rows = indices.map(() => new Uint32Array(matrix.columns));
  if (indices.length === 0) return rows;
  const width = chunkColumns(device, matrix.rows);
  for (let firstColumn = 0; firstColumn < matrix.columns; firstColumn += CHUNK_COLUMNS) {
    const placements: Placement[] = [];
    const end = Math.min(firstColumn + CHUNK_COLUMNS, matrix.columns);
    for (let column = firstColumn; column < end; column += width) {
      const items = Math.min(width, end - column);
      placements.push({
        gather: { indices, items, sourceStart: 0, indexStride: 1, itemStride: matrix.rows },
        place(words) {
          for (const [place, row] of rows.entries())
            row.set(words.subarray(place * items, (place + 1) * items), column);
        },
      });
    }
    groups.push({
      placements,
      withSources: (use) =>
        withBlock(device, matrix, firstColumn, matrix.rows, (block) =>
          use(block.chunks.map(({ buffer }) => buffer)),
        ),
    });
  }
  return rows;
}

function placeCosets(
  codeword: GpuCodeword,
  logArity: number,
  indices: readonly number[],
  groups: PlacementGroup[],
): Uint32Array[] {
  const arity = 2 ** logArity;
  const outside = indices.find((index) => index >= codeword.length / arity);
  if (outside !== undefined) throw missing('coset', outside, codeword.length / arity);
  const cosets = indices.map(() => new Uint32Array(DEGREE * arity));
  const chunkLeaves = codeword.chunkLength / arity;
  for (const [chunk, places] of groupByChunk(indices, chunkLeaves)) {
    const source = codeword.chunks[chunk];
    if (!source) throw missing('coset', chunk * chunkLeaves, codeword.length / arity);
    for (let coordinate = 0; coordinate < DEGREE; coordinate++) {
      const placement: Placement = {
        gather: {
          indices: places.map((place) => (indices[place] ?? 0) % chunkLeaves),
          items: arity,
          sourceStart: coordinate * codeword.chunkLength,
          indexStride: arity,
          itemStride: 1,
        },
        place(words) {
          for (const [order, place] of places.entries())
            for (let element = 0; element < arity; element++)
              cosets[place]!.set([words[order * arity + element]!], DEGREE * element + coordinate);
        },
      };
      groups.push(groupOf(source, placement));
    }
  }
  return cosets;
}

function placeNodes(tree: GpuTree, nodes: TreeQuery['nodes'], groups: PlacementGroup[]): Uint32Array[] {
  const digests = nodes.map(() => new Uint32Array(DIGEST_WORDS));
  for (const [number, level] of tree.levels.entries()) {
    const members = nodes.flatMap((node, place) =>
      node.level === number ? [{ index: node.index, place }] : [],
    );
    const outside = members.find(({ index }) => index >= level.digests);
    if (outside) throw missing('digest', outside.index, level.digests);
    const indices = members.map(({ index }) => index);
    for (const [chunk, places] of groupByChunk(indices, level.chunkDigests)) {
      const placement: Placement = {
        gather: {
          indices: places.map((place) => (indices[place] ?? 0) % level.chunkDigests),
          items: DIGEST_WORDS,
          sourceStart: 0,
          indexStride: DIGEST_WORDS,
          itemStride: 1,
        },
        place(words) {
          for (const [order, place] of places.entries()) {
            const start = order * DIGEST_WORDS;
            digests[members[place]!.place]!.set(words.subarray(start, start + DIGEST_WORDS));
          }
        },
      };
      groups.push(groupOf(chunkAt(level, chunk * level.chunkDigests), placement));
    }
  }
  const unknown = nodes.find(({ level }) => level < 0 || level >= tree.levels.length);
  if (unknown) throw missing('level', unknown.level, tree.levels.length);
  return digests;
}

/** Places of the indices by the chunk that holds them. */
function groupByChunk(indices: readonly number[], chunkUnits: number): Map<number, number[]> {
  const places = new Map<number, number[]>();
  for (const [place, index] of indices.entries()) {
    const chunk = Math.floor(index / chunkUnits);
    const known = places.get(chunk);
    if (known) known.push(place);
    else places.set(chunk, [place]);
  }
  return places;
}

function missing(what: string, got: number, expected: number): KernelError {
  return new KernelError('SHAPE_MISMATCH', `a query for ${what} ${got} of ${expected}`, { expected, got });
}
