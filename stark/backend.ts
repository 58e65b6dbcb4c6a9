/**
 * What a prover backend offers: the heavy steps of a proof as operations on opaque handles. The WGSL backend in
 * `kernels/` keeps every handle's words on the device; the plain TypeScript one in `stark/reference/` is the tests'
 * reference. All words that cross this interface are canonical.
 * Source: docs/spec/proof-system.md; the section of each step is named beside it.
 */
import type { AirSystem, TableAir, TableTrace } from './air/air.ts';
import type { Extension } from './field/extension.ts';
import type { Profile } from './profile.ts';
import type { LogHeights } from './proof/shape.ts';

/** Columns of one table in one phase: evaluations on the trace domain, and after a commit their low-degree extension. */
export interface BackendMatrix {
  readonly logHeight: number;
  readonly columns: number;
}

/** A matrix of a tree, and how many leading columns of it are opened at zeta * g as well: their blocks are hashed first. */
export interface CommittedMatrix {
  readonly matrix: BackendMatrix;
  /** Whole blocks of 8, or all columns. */
  readonly nextColumns: number;
}

/** A Merkle tree over the rows of matrices or over the cosets of a codeword, with all its digests. */
export interface BackendTree {
  /** 2^logCap digests of 8 words. */
  readonly cap: Uint32Array;
}

/** Extension elements on a FRI domain, in bit-reversed order. */
export interface BackendCodeword {
  readonly logLength: number;
}

export interface LogUpChallenges {
  readonly alpha: Extension;
  readonly beta: Extension;
}

/** One matrix's terms in the DEEP combination: weights and opened values at zeta, then at zeta * g for a leading part. */
export interface DeepMatrix {
  readonly matrix: BackendMatrix;
  readonly weights: readonly Extension[];
  readonly values: readonly Extension[];
  readonly nextWeights: readonly Extension[];
  readonly nextValues: readonly Extension[];
}

/** The rows at the given distinct ascending indices of each matrix and the digests at the given (level, index) pairs. */
export interface TreeQuery {
  /** Per matrix (or codeword coset) of the tree, in tree order: the leaf indices to open. */
  readonly rows: readonly (readonly number[])[];
  /** Digest positions; level 0 are the leaves of the tallest matrix. */
  readonly nodes: readonly { readonly level: number; readonly index: number }[];
}

export interface TreeAnswer {
  /** Per matrix and index, the unpadded words of the row. */
  readonly rows: readonly (readonly Uint32Array[])[];
  readonly nodes: readonly Uint32Array[];
}

export interface Backend {
  /** The adapter that does the work, as shown to users. */
  readonly adapterName: string;

  /**
   * Told before the first step of a proof, whose key exists already, so that a backend with little memory can arrange itself,
   * and refuse by throwing.
   */
  begin?(system: AirSystem, profile: Profile, logHeights: LogHeights): Promise<void>;
  /** Section 4. Uploads a trace; completes it under the table's expansion. */
  loadTrace(table: TableAir, trace: TableTrace): Promise<BackendMatrix>;
  /** Uploads the preprocessed columns of a table. */
  loadColumns(logHeight: number, columns: readonly Uint32Array[]): Promise<BackendMatrix>;
  /** Section 3. Extends every matrix by 2^logBlowup and hashes the rows into one mixed-height tree. */
  commit(
    matrices: readonly CommittedMatrix[],
    leafTag: number,
    logBlowup: number,
    logCap: number,
  ): Promise<BackendTree>;
  /** Section 5. Helper columns and accumulator of one table, and its sum. */
  logUp(
    table: TableAir,
    preprocessed: BackendMatrix | undefined,
    main: BackendMatrix,
    publicWords: Uint32Array,
    challenges: LogUpChallenges,
  ): Promise<{ readonly matrix: BackendMatrix; readonly sum: Extension }>;
  /** Section 6. The two quotient chunks of one table as 10 base columns; its matrices must have been committed. */
  quotient(
    table: TableAir,
    preprocessed: BackendMatrix | undefined,
    main: BackendMatrix,
    logUp: BackendMatrix | undefined,
    publicWords: Uint32Array,
    challenges: LogUpChallenges,
    sum: Extension,
    lambda: Extension,
  ): Promise<BackendMatrix>;
  /** Section 7. Every column's polynomial at `point`; the first `columns` columns only. */
  open(matrix: BackendMatrix, point: Extension, columns: number): Promise<Extension[]>;
  /** Section 8. The DEEP combination of all matrices of one height on the evaluation coset. */
  deep(
    logHeight: number,
    logBlowup: number,
    zeta: Extension,
    matrices: readonly DeepMatrix[],
  ): Promise<BackendCodeword>;
  /** Section 9. A tree whose leaves are 2^logArity consecutive elements. */
  commitCodeword(
    codeword: BackendCodeword,
    logArity: number,
    leafTag: number,
    logCap: number,
  ): Promise<BackendTree>;
  /** Section 9. Folds by 2^logArity at `beta`, then adds beta^(2^logArity) * rollIn. */
  fold(
    codeword: BackendCodeword,
    logArity: number,
    beta: Extension,
    rollIn: BackendCodeword | undefined,
  ): Promise<BackendCodeword>;
  /** Reads a codeword back: 5 words an element, bit-reversed order. Small codewords only. */
  readCodeword(codeword: BackendCodeword): Promise<Uint32Array>;
  /** Section 2. The least nonce for which `grind(state, label, bits, nonce)` succeeds. */
  grind(state: Uint32Array, label: number, bits: number): Promise<number>;
  query(tree: BackendTree, request: TreeQuery): Promise<TreeAnswer>;
  /** Frees a handle's words; the handle must not be used again. */
  release(handle: BackendMatrix | BackendTree | BackendCodeword): void;
}
