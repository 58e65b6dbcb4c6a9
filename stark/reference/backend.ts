/**
 * The backend in plain TypeScript: the definition of what the WGSL backend computes, for tests. It is slow, keeps every
 * word on the host, and refuses a handle that it did not make or that was released.
 * Source: docs/spec/proof-system.md.
 */
import type { TableAir } from '../air/air.ts';
import { completeTrace, type TraceExpander } from '../air/traceCheck.ts';
import type {
  Backend,
  BackendCodeword,
  BackendMatrix,
  BackendTree,
  DeepMatrix,
  LogUpChallenges,
  TreeAnswer,
  TreeQuery,
} from '../backend.ts';
import { DEGREE, type Extension } from '../field/extension.ts';
import { extendColumn } from '../field/ntt.ts';
import { resumeTranscript } from '../transcript.ts';
import { deepCombination } from './deep.ts';
import { foldCodeword } from './fold.ts';
import { referenceLogUp } from './logUp.ts';
import { buildTree, codewordMatrix, type LeafMatrix, type MerkleTree, queryTree, treeCap } from './merkle.ts';
import { openColumns } from './open.ts';
import { referenceQuotient } from './quotient.ts';

interface MatrixWords {
  /** On the trace domain, natural order. */
  readonly columns: readonly Uint32Array[];
  /** On the evaluation coset, bit-reversed; undefined before a commit. */
  extended: readonly Uint32Array[] | undefined;
}

interface TreeWords {
  readonly tree: MerkleTree;
  readonly leaves: readonly LeafMatrix[];
}

export interface ReferenceBackend extends Backend {
  /** Any words as a codeword, 5 an element; the length is a power of two. */
  loadCodeword(words: Uint32Array): BackendCodeword;
  /** Handles that were made and not released. */
  liveHandles(): number;
}

/** The steps that a test may supply: completing columns under an expansion, and the low-degree extension. */
export interface ReferenceParts {
  readonly expand?: TraceExpander;
  readonly extend?: typeof extendColumn;
}

/** A fresh backend. Tables with an expansion need `expand`. */
export function createReferenceBackend(parts: ReferenceParts = {}): ReferenceBackend {
  const { expand, extend = extendColumn } = parts;
  const matrices = new Map<BackendMatrix, MatrixWords>();
  const trees = new Map<BackendTree, TreeWords>();
  const codewords = new Map<BackendCodeword, Uint32Array>();

  function addMatrix(logHeight: number, columns: readonly Uint32Array[]): BackendMatrix {
    const handle: BackendMatrix = { logHeight, columns: columns.length };
    matrices.set(handle, { columns, extended: undefined });
    return handle;
  }
  function addTree(leaves: readonly LeafMatrix[], leafTag: number, logCap: number): BackendTree {
    const tree = buildTree(leaves, leafTag, logCap);
    const handle: BackendTree = { cap: treeCap(tree) };
    trees.set(handle, { tree, leaves });
    return handle;
  }
  function addCodeword(words: Uint32Array): BackendCodeword {
    const handle: BackendCodeword = { logLength: Math.log2(words.length / DEGREE) };
    codewords.set(handle, words);
    return handle;
  }
  function columnsOf(handle: BackendMatrix | undefined): readonly Uint32Array[] {
    return handle === undefined ? [] : wordsOf(matrices, handle).columns;
  }
  function extendedOf(handle: BackendMatrix): readonly Uint32Array[] {
    const { extended } = wordsOf(matrices, handle);
    if (extended === undefined) throw new Error('the matrix has not been committed');
    return extended;
  }

  return {
    adapterName: 'TypeScript reference',

    async loadTrace(table, trace) {
      const { columns } = completeTrace(table, trace, expand);
      return addMatrix(
        trace.logHeight,
        columns.map((column) => column.slice()),
      );
    },
    async loadColumns(logHeight, columns) {
      return addMatrix(
        logHeight,
        columns.map((column) => column.slice()),
      );
    },
    async commit(handles, leafTag, logBlowup, logCap) {
      const leaves = handles.map(({ matrix, nextColumns }): LeafMatrix => {
        const words = wordsOf(matrices, matrix);
        words.extended = words.columns.map((column) => extend(column, logBlowup));
        return { logRows: matrix.logHeight + logBlowup, columns: words.extended, nextColumns };
      });
      return addTree(leaves, leafTag, logCap);
    },
    async logUp(
      table: TableAir,
      preprocessed: BackendMatrix | undefined,
      main: BackendMatrix,
      publicWords: Uint32Array,
      challenges: LogUpChallenges,
    ) {
      const { columns, sum } = referenceLogUp(
        table,
        columnsOf(preprocessed),
        columnsOf(main),
        publicWords,
        challenges,
      );
      return { matrix: addMatrix(main.logHeight, columns), sum };
    },
    async quotient(table, preprocessed, main, logUp, publicWords, challenges, sum, lambda) {
      const columns = referenceQuotient(
        table,
        columnsOf(preprocessed),
        columnsOf(main),
        columnsOf(logUp),
        publicWords,
        challenges,
        sum,
        lambda,
      );
      return addMatrix(main.logHeight, columns);
    },
    async open(matrix: BackendMatrix, point: Extension, columns: number) {
      return openColumns(columnsOf(matrix).slice(0, columns), matrix.logHeight, point);
    },
    async deep(logHeight: number, logBlowup: number, zeta: Extension, terms: readonly DeepMatrix[]) {
      return addCodeword(
        deepCombination(
          logHeight,
          logBlowup,
          zeta,
          terms.map((term) => ({ ...term, columns: extendedOf(term.matrix) })),
        ),
      );
    },
    async commitCodeword(codeword, logArity, leafTag, logCap) {
      return addTree([codewordMatrix(wordsOf(codewords, codeword), logArity)], leafTag, logCap);
    },
    async fold(codeword, logArity, beta, rollIn) {
      return addCodeword(
        foldCodeword(
          wordsOf(codewords, codeword),
          logArity,
          beta,
          rollIn === undefined ? undefined : wordsOf(codewords, rollIn),
        ),
      );
    },
    async readCodeword(codeword) {
      return wordsOf(codewords, codeword).slice();
    },
    async grind(state, label, bits) {
      let nonce = 0;
      while (!resumeTranscript(state).grind(label, bits, nonce)) nonce++;
      return nonce;
    },
    async query(tree: BackendTree, request: TreeQuery): Promise<TreeAnswer> {
      const words = wordsOf(trees, tree);
      return queryTree(words.tree, words.leaves, request);
    },
    release(handle) {
      const isKnown =
        matrices.delete(handle as BackendMatrix) ||
        trees.delete(handle as BackendTree) ||
        codewords.delete(handle as BackendCodeword);
      if (!isKnown) throw new Error('the handle is not of this backend or was released before');
    },
    loadCodeword: addCodeword,
    liveHandles: () => matrices.size + trees.size + codewords.size,
  };
}

function wordsOf<Handle, Words>(store: ReadonlyMap<Handle, Words>, handle: Handle): Words {
  const words = store.get(handle);
  if (words === undefined) throw new Error('the handle is not of this backend or was released before');
  return words;
}
