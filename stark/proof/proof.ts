/**
 * A proof as data. All words are canonical; extension elements are 5 words, digests 8. The byte layout is in
 * docs/spec/proof-layout.md, the meaning in docs/spec/proof-system.md.
 */
import type { LogHeights } from './shape.ts';

/** One nonce for every grinding site that the profile has; undefined for a site of 0 bits. */
export interface Nonces {
  readonly lookup: number | undefined;
  readonly deep: number | undefined;
  readonly batch: number | undefined;
  /** One a fold layer; none when folds are not ground. */
  readonly folds: readonly number[];
  readonly query: number | undefined;
}

/** A pruned multi-opening of one tree (section 3). */
export interface TreeOpening {
  /** The unpadded rows: matrix by matrix in tree order, in a matrix by ascending index. */
  readonly rows: Uint32Array;
  /** The sibling digests that cannot be computed, level by level from the leaves up, ascending in a level. */
  readonly nodes: Uint32Array;
}

export interface Proof {
  readonly logHeights: LogHeights;
  readonly mainCap: Uint32Array;
  /** No words when no present table has interactions. */
  readonly logUpCap: Uint32Array;
  /** One extension element for each present table with interactions, in slot order. */
  readonly sums: Uint32Array;
  readonly quotientCap: Uint32Array;
  /** Values at zeta and zeta * g, in opening order. */
  readonly openings: Uint32Array;
  /** One cap a fold layer. */
  readonly foldCaps: readonly Uint32Array[];
  /** Coefficients, constant first. */
  readonly finalPolynomial: Uint32Array;
  readonly nonces: Nonces;
  /**
   * Entry k is the number of different values of (query index >> k), for k from 0 until a level has the cap's size. Every
   * length below follows from it, and it follows from the indices: the verifier compares.
   */
  readonly distinctCounts: readonly number[];
  /** One a tree that has matrices, in opening order. */
  readonly treeOpenings: readonly TreeOpening[];
  /** One a fold layer. */
  readonly foldOpenings: readonly TreeOpening[];
}
