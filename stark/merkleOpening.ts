/**
 * Pruned openings of mixed-height Merkle trees: which rows and digests answer a set of indices, and whether an answer
 * leads to the cap.
 * Source: docs/spec/proof-system.md, section 3.
 */
import type { TreeAnswer, TreeQuery } from './backend.ts';
import { compressInto, DIGEST_WORDS } from './hash/poseidon.ts';
import { type LeafBlock, leafBlocks } from './leafRow.ts';
import type { TreeOpening } from './proof/proof.ts';
import { required } from './required.ts';

export interface OpenedMatrix {
  /** Log of the number of rows: log height + log blow-up. */
  readonly logRows: number;
  /** Words of a row, unpadded. */
  readonly columns: number;
  /** Leading columns that are opened at zeta * g as well: whole blocks, or all columns. */
  readonly nextColumns: number;
}

/** A tree as the opener sees it. */
export interface OpenedTree {
  readonly leafTag: number;
  /** At least one, in tree order. */
  readonly matrices: readonly OpenedMatrix[];
  readonly logCap: number;
}

/**
 * For indices into 2^logRows rows: entry k holds the different values of (index >> k), ascending, for k from 0 while
 * 2^(logRows - k) is at least the cap.
 */
export function distinctIndices(indices: ArrayLike<number>, logRows: number, logCap: number): number[][] {
  let current = [...new Set(Array.from(indices))].sort((left, right) => left - right);
  const levels = [current];
  for (let shift = 1; shift <= logRows - logCap; shift++) {
    current = [...new Set(current.map((index) => index >>> 1))];
    levels.push(current);
  }
  return levels;
}

export function tallestLogRows(tree: OpenedTree): number {
  return Math.max(...tree.matrices.map((matrix) => matrix.logRows));
}

/** Words of `rows` and digests in `nodes` of an opening, from the numbers of distinct indices at each log size. */
export function openingSize(
  tree: OpenedTree,
  distinctAt: (logRows: number) => number,
): { rowWords: number; nodeCount: number } {
  const rowWords = tree.matrices.reduce(
    (words, matrix) => words + matrix.columns * distinctAt(matrix.logRows),
    0,
  );
  let nodeCount = 0;
  for (let logSize = tallestLogRows(tree); logSize > tree.logCap; logSize--)
    nodeCount += 2 * distinctAt(logSize - 1) - distinctAt(logSize);
  return { rowWords, nodeCount };
}

/** What to read from a tree to open `indices` (entry k: the distinct ascending indices at 2^(tallest - k) rows). */
export function openingRequest(tree: OpenedTree, indices: readonly (readonly number[])[]): TreeQuery {
  const tallest = tallestLogRows(tree);
  const nodes: { level: number; index: number }[] = [];
  for (let level = 0; level < tallest - tree.logCap; level++) {
    const opened = indicesOf(indices, level);
    const known = new Set(opened);
    for (const index of opened) if (!known.has(index ^ 1)) nodes.push({ level, index: index ^ 1 });
  }
  return { rows: tree.matrices.map((matrix) => indicesOf(indices, tallest - matrix.logRows)), nodes };
}

/** The indices `level` levels above the leaves. Throws: TypeError when there are none for that level. */
function indicesOf(indices: readonly (readonly number[])[], level: number): readonly number[] {
  return required(indices[level], `level ${level} of the indices`);
}

/** The answer to an `openingRequest` in the form that a proof holds. */
export function packOpening(answer: TreeAnswer): TreeOpening {
  return { rows: concatenate(answer.rows.flat()), nodes: concatenate(answer.nodes) };
}

function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  const words = new Uint32Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    words.set(part, offset);
    offset += part.length;
  }
  return words;
}

/** Sees a digest on or beside an opened path, as a view; level 0 are the leaves of the tallest height. */
export type NodeVisitor = (level: number, index: number, digest: Uint32Array) => void;

/**
 * True when the opening leads to the cap. `indices` as in `openingRequest`; `opening` must have the lengths of
 * `openingSize`, which the codec has checked. `visit` sees every digest below the cap.
 */
export function opensTo(
  tree: OpenedTree,
  cap: Uint32Array,
  indices: readonly (readonly number[])[],
  opening: TreeOpening,
  visit?: NodeVisitor,
): boolean {
  const tallest = tallestLogRows(tree);
  let digests = initialStates(tree.leafTag, tallest, indicesOf(indices, 0).length);
  chainLeafRows(tree, tallest, digests, indices, opening.rows);
  let nodeOffset = 0;
  for (let level = 0; level < tallest - tree.logCap; level++) {
    const children = indicesOf(indices, level);
    const parents = indicesOf(indices, level + 1);
    const above = new Uint32Array(parents.length * DIGEST_WORDS);
    if (visit)
      for (const [position, index] of children.entries())
        visit(level, index, digests.subarray(position * DIGEST_WORDS, (position + 1) * DIGEST_WORDS));
    for (let parent = 0, child = 0; parent < parents.length; parent++) {
      const target = parent * DIGEST_WORDS;
      const left = 2 * parents[parent]!;
      const hasLeft = children[child] === left;
      const hasBoth = hasLeft && children[child + 1] === left + 1;
      const known = child * DIGEST_WORDS;
      if (hasBoth) {
        compressInto(above, target, digests, known, digests, known + DIGEST_WORDS);
      } else {
        if (hasLeft) compressInto(above, target, digests, known, opening.nodes, nodeOffset);
        else compressInto(above, target, opening.nodes, nodeOffset, digests, known);
        visit?.(
          level,
          hasLeft ? left + 1 : left,
          opening.nodes.subarray(nodeOffset, nodeOffset + DIGEST_WORDS),
        );
        nodeOffset += DIGEST_WORDS;
      }
      child += hasBoth ? 2 : 1;
    }
    chainLeafRows(tree, tallest - level - 1, above, indices, opening.rows);
    digests = above;
  }
  const capIndices = indicesOf(indices, tallest - tree.logCap);
  return capIndices.every((capIndex, position) =>
    equalDigests(cap, capIndex * DIGEST_WORDS, digests, position * DIGEST_WORDS),
  );
}

function equalDigests(
  left: Uint32Array,
  leftOffset: number,
  right: Uint32Array,
  rightOffset: number,
): boolean {
  for (let word = 0; word < DIGEST_WORDS; word++)
    if (left[leftOffset + word] !== right[rightOffset + word]) return false;
  return true;
}

/** The states from which the leaves of the tallest height are chained, 8 words each. */
export function initialStates(leafTag: number, logRows: number, count: number): Uint32Array {
  const states = new Uint32Array(count * DIGEST_WORDS);
  for (let state = 0; state < states.length; state += DIGEST_WORDS) {
    states[state] = leafTag;
    states[state + 1] = logRows;
  }
  return states;
}

/** A block of an opened leaf row: row number `position` of its matrix starts at offset + position * stride. */
interface OpenedBlock extends LeafBlock {
  readonly offset: number;
  readonly stride: number;
}

/** Continues each state with the opened leaf row of its index at 2^logRows rows; nothing when no matrix has that height. */
function chainLeafRows(
  tree: OpenedTree,
  logRows: number,
  states: Uint32Array,
  indices: readonly (readonly number[])[],
  rows: Uint32Array,
): void {
  const tallest = tallestLogRows(tree);
  const members: OpenedMatrix[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const matrix of tree.matrices) {
    if (matrix.logRows === logRows) {
      members.push(matrix);
      offsets.push(offset);
    }
    offset += matrix.columns * indicesOf(indices, tallest - matrix.logRows).length;
  }
  const blocks = leafBlocks(members).map(
    (block): OpenedBlock => ({
      ...block,
      offset: offsets[block.matrix]! + block.firstColumn,
      stride: members[block.matrix]!.columns,
    }),
  );
  const padded = new Uint32Array(DIGEST_WORDS);
  for (let position = 0, state = 0; state < states.length; position++, state += DIGEST_WORDS) {
    for (const block of blocks) {
      const start = block.offset + position * block.stride;
      if (block.columns === DIGEST_WORDS) {
        compressInto(states, state, states, state, rows, start);
      } else {
        padded.fill(0);
        padded.set(rows.subarray(start, start + block.columns));
        compressInto(states, state, states, state, padded, 0);
      }
    }
  }
}
