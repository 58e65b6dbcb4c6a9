/**
 * Mixed-height Merkle trees in plain TypeScript: all digests of all levels, and the answers to queries.
 * Form: canonical words. Source: docs/spec/proof-system.md, section 3.
 */
import type { TreeAnswer, TreeQuery } from '../backend.ts';
import { DEGREE } from '../field/extension.ts';
import { compressInto, DIGEST_WORDS } from '../hash/poseidon.ts';
import { leafBlocks } from '../leafRow.ts';
import { initialStates } from '../merkleOpening.ts';

/** Columns of 2^logRows words each, in the row order of the tree's leaves. */
export interface LeafMatrix {
  readonly logRows: number;
  readonly columns: readonly Uint32Array[];
  /** Leading columns whose blocks are hashed before the others: those opened at zeta * g as well. */
  readonly nextColumns: number;
}

export interface MerkleTree {
  /** Digests of 8 words: levels[0] are the leaves of the tallest height, the last level is the cap. */
  readonly levels: readonly Uint32Array[];
}

/** The leaves when all matrices have 2^logRows rows: 8 words a row. */
export function leafDigests(matrices: readonly LeafMatrix[], logRows: number, leafTag: number): Uint32Array {
  const states = initialStates(leafTag, logRows, 2 ** logRows);
  chainRows(matrices, logRows, states);
  return states;
}

/** state j <- chain(state j, leaf row j of the matrices of 2^logRows rows). */
function chainRows(matrices: readonly LeafMatrix[], logRows: number, states: Uint32Array): void {
  const members = matrices.filter((matrix) => matrix.logRows === logRows);
  const blocks = leafBlocks(
    members.map(({ columns, nextColumns }) => ({ columns: columns.length, nextColumns })),
  );
  const words = new Uint32Array(DIGEST_WORDS);
  for (let row = 0; row < 2 ** logRows; row++) {
    const state = DIGEST_WORDS * row;
    for (const block of blocks) {
      const { columns } = members[block.matrix]!;
      for (let lane = 0; lane < DIGEST_WORDS; lane++)
        words[lane] = columns[block.firstColumn + lane]?.[row] ?? 0;
      compressInto(states, state, states, state, words, 0);
    }
  }
}

/** Throws: RangeError when a column is not 2^logRows long or a height is below the cap. */
export function buildTree(matrices: readonly LeafMatrix[], leafTag: number, logCap: number): MerkleTree {
  for (const { logRows, columns } of matrices) {
    if (logRows < logCap) throw new RangeError(`2^${logRows} rows under a cap of 2^${logCap}`);
    for (const column of columns)
      if (column.length !== 2 ** logRows)
        throw new RangeError(`a column of ${column.length} words in a matrix of 2^${logRows} rows`);
  }
  const tallest = Math.max(...matrices.map(({ logRows }) => logRows));
  const levels = [leafDigests(matrices, tallest, leafTag)];
  for (let logSize = tallest - 1; logSize >= logCap; logSize--) {
    const below = levels.at(-1)!;
    const nodes = new Uint32Array(DIGEST_WORDS * 2 ** logSize);
    for (let node = 0; node < nodes.length; node += DIGEST_WORDS)
      compressInto(nodes, node, below, 2 * node, below, 2 * node + DIGEST_WORDS);
    chainRows(matrices, logSize, nodes);
    levels.push(nodes);
  }
  return { levels };
}

/** The cap: 2^logCap digests of 8 words. */
export function treeCap(tree: MerkleTree): Uint32Array {
  return tree.levels.at(-1)!.slice();
}

/**
 * A codeword (5 words an element) as the one matrix of a fold layer's tree: row j is the elements j * 2^logArity .. and has
 * 5 * 2^logArity columns, word by word. Section 9.
 */
export function codewordMatrix(words: Uint32Array, logArity: number): LeafMatrix {
  const width = DEGREE << logArity;
  const rowCount = words.length / width;
  const columns = Array.from({ length: width }, (_, column) =>
    Uint32Array.from({ length: rowCount }, (_unused, row) => words[row * width + column]!),
  );
  return { logRows: Math.log2(rowCount), columns, nextColumns: 0 };
}

export function queryTree(tree: MerkleTree, matrices: readonly LeafMatrix[], request: TreeQuery): TreeAnswer {
  return {
    rows: matrices.map(({ columns }, matrix) =>
      (request.rows[matrix] ?? []).map((row) => Uint32Array.from(columns, (column) => column[row]!)),
    ),
    nodes: request.nodes.map(({ level, index }) =>
      tree.levels[level]!.slice(DIGEST_WORDS * index, DIGEST_WORDS * (index + 1)),
    ),
  };
}
