/**
 * The order in which the rows of the matrices of one height are hashed: first the blocks that are opened on the next row as
 * well, matrix by matrix, so that a verifier finds the hashed words of each opening point side by side; then the others.
 * Source: docs/spec/proof-system.md, section 3.
 */
import { BLOCK_WORDS, blocksOf } from './proof/shape.ts';

/** What the order depends on. */
export interface LeafColumns {
  readonly columns: number;
  /** Leading columns that are opened at zeta * g as well: whole blocks of them, or all columns. */
  readonly nextColumns: number;
}

/** Columns firstColumn .. firstColumn + columns - 1 of one matrix, at most 8. */
export interface LeafBlock {
  /** Position among the matrices of this height. */
  readonly matrix: number;
  readonly firstColumn: number;
  readonly columns: number;
}

/** The blocks of a leaf row, in the order in which they are hashed. */
export function leafBlocks(matrices: readonly LeafColumns[]): LeafBlock[] {
  const blocks = (firstBlock: (matrix: LeafColumns) => number, endBlock: (matrix: LeafColumns) => number) =>
    matrices.flatMap((matrix, position) => {
      const first = firstBlock(matrix);
      return Array.from({ length: endBlock(matrix) - first }, (_, index): LeafBlock => {
        const firstColumn = (first + index) * BLOCK_WORDS;
        return {
          matrix: position,
          firstColumn,
          columns: Math.min(BLOCK_WORDS, matrix.columns - firstColumn),
        };
      });
    });
  const nextBlocks = ({ nextColumns }: LeafColumns): number => blocksOf(nextColumns);
  return [...blocks(() => 0, nextBlocks), ...blocks(nextBlocks, ({ columns }) => blocksOf(columns))];
}
