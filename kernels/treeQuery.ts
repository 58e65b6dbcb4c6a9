/**
 * Answers to queries of trees on the device: rows of matrices or codewords and digests of nodes, gathered into one readback.
 * Digests of levels that the tree does not keep are hashed again, for the subtrees that are asked for.
 * Source: docs/spec/proof-system.md, section 3.
 */
import type { TreeAnswer, TreeQuery } from '../stark/backend.ts';
import { DEGREE } from '../stark/field/extension.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import type { GpuCodeword } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { type ExtendedMatrix, withBlock } from './extended.ts';
import { createGatherer, type GatherPlace } from './gather.ts';
import { CHUNK_COLUMNS, chunkColumns } from './matrix.ts';
import {
  chunkDigestsOf,
  type DigestLevel,
  type GpuTree,
  hashSubtrees,
  releaseLevels,
  subtreeCount,
} from './merkle.ts';

/** What a tree was built over, for its queries. */
export type LeafSource =
  | { readonly kind: 'matrix'; readonly matrix: ExtendedMatrix }
  | { readonly kind: 'cosets'; readonly codeword: GpuCodeword; readonly logArity: number };

/** One request of a gather, and where its words go in the answer. */
interface Placement {
  readonly gather: GatherPlace;
  place(words: Uint32Array): void;
}

/** Placements whose sources, one each, are there at the same time. */
interface PlacementGroup {
  readonly placements: readonly Placement[];
  /** The block of columns that the sources are, when they are one. */
  readonly block?: { readonly matrix: ExtendedMatrix; readonly firstColumn: number };
  withSources(use: (sources: readonly GPUBuffer[]) => Promise<void>): Promise<void>;
}

/** A query of one tree; `sources` are the matrices (or the codeword) that it was built over, in order. */
export interface PlacedQuery {
  readonly tree: GpuTree;
  readonly sources: readonly LeafSource[];
  readonly request: TreeQuery;
}

/** As `queryTrees`, of one tree. */
export async function queryTree(
  device: ComputeDevice,
  tree: GpuTree,
  sources: readonly LeafSource[],
  request: TreeQuery,
): Promise<TreeAnswer> {
  return (await queryTrees(device, [{ tree, sources, request }]))[0]!;
}

/**
 * Answers queries of several trees with one readback.
 * Throws: KernelError 'SHAPE_MISMATCH' on an index or a level that is not there.
 */
export async function queryTrees(
  device: ComputeDevice,
  queries: readonly PlacedQuery[],
): Promise<TreeAnswer[]> {
  const plans = queries.map((query) => planQuery(device, query));
  const answers = plans.map(({ answer }) => answer);
  const placements: Placement[] = [];
  /** Number of the first gather of each group that is not recorded yet. */
  const firsts = new Map<PlacementGroup, number>();
  for (const group of plans.flatMap(({ groups }) => groups)) {
    firsts.set(group, placements.length);
    placements.push(...group.placements);
  }
  if (placements.length === 0) return answers;
  const gatherer = await createGatherer(
    device,
    placements.map(({ gather }) => gather),
  );
  const record = async (group: PlacementGroup, buffers: readonly GPUBuffer[]): Promise<void> => {
    const first = firsts.get(group)!;
    firsts.delete(group);
    for (const [member, buffer] of buffers.entries()) await gatherer.record(first + member, buffer);
  };
  try {
    for (const { groups, roots, tree, subtrees } of plans) {
      // Blocks that are hashed again give their rows on the way, so that none is computed twice.
      if (roots.length > 0)
        subtrees.push(
          ...(await hashSubtrees(device, tree, roots, async (matrix, firstColumn, block) => {
            const group = groups.find(
              (known) => known.block?.matrix === matrix && known.block.firstColumn === firstColumn,
            );
            const buffers = block.chunks.map(({ buffer }) => buffer);
            if (group) await record(group, buffers);
          })),
        );
      for (const group of groups)
        if (firsts.has(group)) await group.withSources((buffers) => record(group, buffers));
      releaseLevels(device, subtrees.splice(0));
    }
    for (const [place, words] of (await gatherer.read()).entries()) placements[place]?.place(words);
  } finally {
    for (const { subtrees } of plans) releaseLevels(device, subtrees);
    gatherer.close();
  }
  return answers;
}

interface QueryPlan {
  readonly tree: GpuTree;
  readonly groups: readonly PlacementGroup[];
  /** Filled when the groups' words are placed. */
  readonly answer: TreeAnswer;
  /** Nodes of the lowest level that is kept under which digests are asked for. */
  readonly roots: readonly number[];
  /** The levels under the roots, while they are there. */
  readonly subtrees: DigestLevel[];
}

function planQuery(device: ComputeDevice, { tree, sources, request }: PlacedQuery): QueryPlan {
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
  const omitted = tree.omitted?.count ?? 0;
  const below = request.nodes.filter(({ level }) => level < omitted);
  const roots = [...new Set(below.map(({ level, index }) => index >> (omitted - level)))];
  const subtrees: DigestLevel[] = [];
  const levelOf = (level: number): NodeLevel =>
    level >= omitted
      ? { digests: tree.levels[level]!, source: (chunk) => tree.levels[level]!.chunks[chunk] }
      : subtreeLevel(device, roots, omitted - level, (chunk) => subtrees[level]?.chunks[chunk]);
  const nodes = placeNodes(tree, request.nodes, levelOf, groups);
  return { tree, groups, answer: { rows, nodes }, roots, subtrees };
}

/** Where the nodes of a level are read, and the place there of the node with an index in the tree. */
interface NodeLevel {
  readonly digests: Pick<DigestLevel, 'digests' | 'chunkDigests'>;
  source(chunk: number): GPUBuffer | undefined;
  readonly placeOf?: (index: number) => number;
}

/** A level of subtrees of 2^logRun digests each, side by side. */
function subtreeLevel(
  device: ComputeDevice,
  roots: readonly number[],
  logRun: number,
  source: NodeLevel['source'],
): NodeLevel {
  const digests = subtreeCount(roots.length) << logRun;
  return {
    digests: { digests, chunkDigests: chunkDigestsOf(device, digests) },
    source,
    placeOf: (index) => (roots.indexOf(index >> logRun) << logRun) + (index & ((1 << logRun) - 1)),
  };
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
      block: { matrix, firstColumn },
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

function placeNodes(
  tree: GpuTree,
  nodes: TreeQuery['nodes'],
  levelOf: (level: number) => NodeLevel,
  groups: PlacementGroup[],
): Uint32Array[] {
  const digests = nodes.map(() => new Uint32Array(DIGEST_WORDS));
  for (const [number, { digests: digestCount }] of tree.levels.entries()) {
    const members = nodes.flatMap((node, place) =>
      node.level === number ? [{ index: node.index, place }] : [],
    );
    if (members.length === 0) continue;
    const outside = members.find(({ index }) => index >= digestCount);
    if (outside) throw missing('digest', outside.index, digestCount);
    const level = levelOf(number);
    const indices = members.map(({ index }) => level.placeOf?.(index) ?? index);
    const { chunkDigests } = level.digests;
    for (const [chunk, places] of groupByChunk(indices, chunkDigests)) {
      const placement: Placement = {
        gather: {
          indices: places.map((place) => (indices[place] ?? 0) % chunkDigests),
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
      groups.push({
        placements: [placement],
        withSources(use) {
          const source = level.source(chunk);
          if (!source) throw missing('digest', chunk * chunkDigests, digestCount);
          return use([source]);
        },
      });
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
