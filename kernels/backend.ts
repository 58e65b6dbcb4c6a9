/**
 * The prover backend on a device: composes the kernels behind stark/backend.ts. Every handle's words stay on the device
 * between upload and the query openings.
 * Source: docs/spec/proof-system.md; the section of each step is named in stark/backend.ts.
 */
import type { AirSystem, TableAir } from '../stark/air/air.ts';
import type { Backend, BackendCodeword, BackendMatrix, BackendTree, TreeQuery } from '../stark/backend.ts';
import type { Extension } from '../stark/field/extension.ts';
import type { Profile } from '../stark/profile.ts';
import { LEAF_TAG, type LogHeights } from '../stark/proof/shape.ts';
import { calibrate } from './calibrate.ts';
import { type GpuCodeword, readCodeword, releaseCodeword } from './codeword.ts';
import { deepCombination } from './deep.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { expandPoseidon, poseidonColumns } from './expand.ts';
import type { ExtendedMatrix } from './extended.ts';
import { foldCodeword } from './fold.ts';
import { tablePrograms } from './generate/tablePrograms.ts';
import { grindNonce } from './grind.ts';
import { computeLogUps, type LogUpRequest } from './logUp.ts';
import { createMatrix, type GpuMatrix, releaseMatrix, uploadChunk, uploadColumns } from './matrix.ts';
import { KEPT_PHASES, type KeyPlace, type MemoryPlan, planMemory } from './memoryNeed.ts';
import {
  buildCodewordTree,
  buildMatrixTree,
  type GpuTree,
  readCap,
  releaseTree,
  type TreeMatrix,
} from './merkle.ts';
import { extendCoefficients, extendMatrix, transformConstants } from './ntt.ts';
import {
  createOpenWeights,
  type OpenDomain,
  type OpenRequest,
  type OpenWeights,
  openAll,
  releaseOpenWeights,
} from './open.ts';
import { computeQuotient } from './quotient.ts';
import { tapeKernel, tileLimits } from './tile.ts';
import { answerTogether } from './together.ts';
import { type LeafSource, queryTrees } from './treeQuery.ts';

/** What a handle stands for; freed when it is released and no tree needs it any more. */
interface Held {
  treesOver: number;
  isReleased: boolean;
}

interface HeldMatrix extends Held {
  readonly kind: 'matrix';
  /** Values on the trace domain; undefined once nothing reads them any more. */
  trace: GpuMatrix | undefined;
  /** Shifted coefficients of a quotient; undefined once its extension is kept. */
  coefficients: GpuMatrix | undefined;
  /** Undefined until the commit. */
  logBlowup: number | undefined;
  /** The extension, when it is kept; else it is computed again from the trace or the coefficients wherever it is read. */
  extended: GpuMatrix | undefined;
  /** True when only the extension reads the values on the trace domain. */
  readonly isTraceTransient: boolean;
}

interface HeldCodeword extends Held {
  readonly kind: 'codeword';
  readonly codeword: GpuCodeword;
}

interface HeldTree extends Held {
  readonly kind: 'tree';
  readonly tree: GpuTree;
  readonly sources: readonly LeafSource[];
  readonly over: readonly (HeldMatrix | HeldCodeword)[];
}

export interface WgslBackend extends Backend {
  /** Writes the tapes of these tables, and compiles the kernel that runs them, ahead of their first use; chooses the forms. */
  prepare(tables: readonly TableAir[]): Promise<void>;
  /**
   * Refuses a proof that would not fit, as `begin` does, also before its key is made.
   * Throws: KernelError 'OUT_OF_MEMORY' with wantedBytes, allKeptBytes and budgetBytes.
   */
  requireMemory(system: AirSystem, profile: Profile, logHeights: LogHeights, key: KeyPlace): Promise<void>;
  /** Handles that were made and not released. */
  liveHandles(): number;
}

/** A backend on an open device, which stays the caller's to close. */
export function createWgslBackend(device: ComputeDevice): WgslBackend {
  const matrices = new Map<BackendMatrix, HeldMatrix>();
  const codewords = new Map<BackendCodeword, HeldCodeword>();
  const trees = new Map<BackendTree, HeldTree>();
  /** Of the proof under way. */
  let plan: MemoryPlan | undefined;
  /** Weights of the openings under way, by height and point; freed when the openings are over. */
  const openWeights = new Map<string, OpenWeights>();

  function addMatrix(
    logHeight: number,
    words: { trace?: GpuMatrix; coefficients?: GpuMatrix; columns: number; isTraceTransient?: boolean },
  ): BackendMatrix {
    const handle: BackendMatrix = { logHeight, columns: words.columns };
    matrices.set(handle, {
      kind: 'matrix',
      treesOver: 0,
      isReleased: false,
      trace: words.trace,
      coefficients: words.coefficients,
      logBlowup: undefined,
      extended: undefined,
      isTraceTransient: words.isTraceTransient ?? false,
    });
    return handle;
  }

  function addCodeword(codeword: GpuCodeword): BackendCodeword {
    const handle: BackendCodeword = { logLength: Math.log2(codeword.length) };
    codewords.set(handle, { kind: 'codeword', treesOver: 0, isReleased: false, codeword });
    return handle;
  }

  async function addTree(
    tree: GpuTree,
    sources: readonly LeafSource[],
    over: readonly (HeldMatrix | HeldCodeword)[],
  ): Promise<BackendTree> {
    let cap: Uint32Array;
    try {
      cap = await readCap(device, tree);
    } catch (error) {
      releaseTree(device, tree);
      throw error;
    }
    const handle: BackendTree = { cap };
    for (const held of over) held.treesOver++;
    trees.set(handle, { kind: 'tree', treesOver: 0, isReleased: false, tree, sources, over });
    return handle;
  }

  function freeIfUnused(held: HeldMatrix | HeldCodeword | HeldTree): void {
    if (!held.isReleased || held.treesOver > 0) return;
    switch (held.kind) {
      case 'matrix':
        for (const matrix of [held.trace, held.coefficients, held.extended]) {
          if (matrix) releaseMatrix(device, matrix);
        }
        return;
      case 'codeword':
        releaseCodeword(device, held.codeword);
        return;
      case 'tree':
        releaseTree(device, held.tree);
        for (const source of held.over) {
          source.treesOver--;
          freeIfUnused(source);
        }
    }
  }

  function traceOf(handle: BackendMatrix): GpuMatrix {
    const { trace } = heldOf(matrices, handle);
    if (!trace) throw new KernelError('SHAPE_MISMATCH', 'the matrix no longer has its trace values');
    return trace;
  }

  function extendedOf(handle: BackendMatrix): ExtendedMatrix {
    const { extended, trace, coefficients, logBlowup } = heldOf(matrices, handle);
    if (logBlowup === undefined) throw new KernelError('SHAPE_MISMATCH', 'the matrix has not been committed');
    if (extended) return extended;
    const { columns } = handle;
    const rows = 2 ** (handle.logHeight + logBlowup);
    if (trace) return { rows, columns, source: trace, holds: 'values' };
    if (coefficients) return { rows, columns, source: coefficients, holds: 'coefficients' };
    throw new KernelError('SHAPE_MISMATCH', 'the matrix has no words');
  }

  /** Computes the extension of a matrix to keep it, and frees what only the extension was computed from. */
  async function keepExtension(held: HeldMatrix, logBlowup: number): Promise<void> {
    if (held.coefficients) {
      held.extended = await extendCoefficients(device, held.coefficients, logBlowup, 'extension');
      releaseMatrix(device, held.coefficients);
      held.coefficients = undefined;
    } else if (held.trace) {
      held.extended = await extendMatrix(device, held.trace, logBlowup, 'extension');
      if (held.isTraceTransient) dropTrace(held);
    }
  }

  function dropTrace(held: HeldMatrix): void {
    if (held.trace) releaseMatrix(device, held.trace);
    held.trace = undefined;
  }

  /** Whether the plan keeps the extension of the matrix at a position of a phase's tree; without a plan all are kept. */
  function isKept(leafTag: number, position: number): boolean {
    const phase = KEPT_PHASES.find((known) => LEAF_TAG[known] === leafTag);
    if (phase === undefined) return false;
    return plan === undefined || plan.kept[phase][position] === true;
  }

  function endOpenings(): void {
    for (const weights of openWeights.values()) releaseOpenWeights(device, weights);
    openWeights.clear();
  }

  async function planProof(
    system: AirSystem,
    profile: Profile,
    logHeights: LogHeights,
    key: KeyPlace,
  ): Promise<MemoryPlan> {
    const { usedBytes, budgetBytes } = device.arena.gauge();
    const available = budgetBytes - usedBytes + (await cachedConstantBytes(device, logHeights, profile));
    return planMemory(system, profile, logHeights, tileLimits(device), available, key);
  }

  /** The weights of a height and a point, shared by all openings until they end. */
  async function weightsOf(logHeight: number, point: Extension, domain: OpenDomain): Promise<OpenWeights> {
    const key = `${logHeight} ${point.join(' ')} ${domain}`;
    let weights = openWeights.get(key);
    if (!weights) {
      weights = await createOpenWeights(device, logHeight, point, domain);
      openWeights.set(key, weights);
    }
    return weights;
  }

  const openTogether = answerTogether(
    async (requests: readonly { handle: BackendMatrix; point: Extension; columns: number }[]) => {
      const opened: OpenRequest[] = [];
      for (const { handle, point, columns } of requests) {
        const { extended, trace } = heldOf(matrices, handle);
        const matrix = extended ?? trace ?? extendedOf(handle);
        const domain = matrix === trace ? 'trace' : 'extension';
        opened.push({ weights: await weightsOf(handle.logHeight, point, domain), matrix, columns });
      }
      return await openAll(device, opened);
    },
  );

  const logUpTogether = answerTogether((requests: readonly LogUpRequest[]) =>
    computeLogUps(device, requests),
  );

  const queryTogether = answerTogether(
    async (requests: readonly { handle: BackendTree; request: TreeQuery }[]) =>
      await queryTrees(
        device,
        requests.map(({ handle, request }) => ({ ...heldOf(trees, handle), request })),
      ),
  );

  return {
    adapterName: device.adapter.name,

    async prepare(tables) {
      for (const table of tables) tablePrograms(table);
      await Promise.all([tapeKernel(device), calibrate(device)]);
    },

    async begin(system, profile, logHeights) {
      plan = undefined;
      plan = await planProof(system, profile, logHeights, 'onDevice');
    },

    async requireMemory(system, profile, logHeights, key) {
      await planProof(system, profile, logHeights, key);
    },

    async loadTrace(table, trace) {
      const rows = 2 ** trace.logHeight;
      const columns = table.mainColumns.length;
      if (table.expansion === 'none') {
        if (trace.columns.length !== columns) {
          throw new KernelError('SHAPE_MISMATCH', `columns of ${table.name}`, {
            expected: columns,
            got: trace.columns.length,
          });
        }
        const matrix = await uploadColumns(device, rows, trace.columns, `${table.name}.main`);
        return addMatrix(trace.logHeight, { trace: matrix, columns });
      }
      const places = poseidonColumns(table);
      // Columns that the executor wrote out are replaced by the expansion's, as in every backend.
      const given = trace.columns.slice(0, places.firstSbox);
      const wrong = given.find((column) => column.length !== rows);
      if (given.length !== places.firstSbox || wrong) {
        throw new KernelError('SHAPE_MISMATCH', `leading columns of ${table.name}`, {
          expected: wrong ? rows : places.firstSbox,
          got: wrong ? wrong.length : given.length,
        });
      }
      const matrix = await createMatrix(device, rows, columns, `${table.name}.main`);
      try {
        for (const chunk of matrix.chunks) {
          if (chunk.firstColumn < given.length) await uploadChunk(device, chunk, rows, given);
        }
        await expandPoseidon(device, matrix, places);
      } catch (error) {
        releaseMatrix(device, matrix);
        throw error;
      }
      return addMatrix(trace.logHeight, { trace: matrix, columns });
    },

    async loadColumns(logHeight, columns) {
      const matrix = await uploadColumns(device, 2 ** logHeight, columns, 'preprocessed');
      return addMatrix(logHeight, { trace: matrix, columns: columns.length });
    },

    async commit(committed, leafTag, logBlowup, logCap) {
      const over = committed.map(({ matrix }) => heldOf(matrices, matrix));
      for (const [position, held] of over.entries()) {
        if (held.logBlowup !== undefined)
          throw new KernelError('SHAPE_MISMATCH', 'the matrix has been committed already');
        held.logBlowup = logBlowup;
        if (isKept(leafTag, position)) await keepExtension(held, logBlowup);
      }
      const extended = committed.map(
        ({ matrix, nextColumns }): TreeMatrix => ({ matrix: extendedOf(matrix), nextColumns }),
      );
      const tree = await buildMatrixTree(device, extended, leafTag, logCap);
      return await addTree(
        tree,
        extended.map(({ matrix }) => ({ kind: 'matrix', matrix })),
        over,
      );
    },

    async logUp(table, preprocessed, main, publicWords, challenges) {
      const { matrix, sum } = await logUpTogether({
        table,
        program: tablePrograms(table).interactions,
        preprocessed: preprocessed && traceOf(preprocessed),
        main: traceOf(main),
        publicWords,
        challenges,
      });
      const { columns } = matrix;
      return { matrix: addMatrix(main.logHeight, { trace: matrix, columns, isTraceTransient: true }), sum };
    },

    async quotient(table, preprocessed, main, logUp, publicWords, challenges, sum, lambda) {
      const coefficients = await computeQuotient(
        device,
        table,
        tablePrograms(table).constraints,
        main.logHeight,
        {
          preprocessed: preprocessed && extendedOf(preprocessed),
          main: extendedOf(main),
          logUp: logUp && extendedOf(logUp),
        },
        publicWords,
        { ...challenges, sum, lambda },
      );
      // The LogUp columns have been made of these values before; a kept extension is all that later steps read.
      const heldMain = heldOf(matrices, main);
      if (heldMain.extended) dropTrace(heldMain);
      return addMatrix(main.logHeight, { coefficients, columns: coefficients.columns });
    },

    open: (handle, point, columns) => openTogether({ handle, point, columns }),

    async deep(logHeight, logBlowup, zeta, terms) {
      endOpenings();
      const codeword = await deepCombination(
        device,
        logHeight,
        logBlowup,
        zeta,
        terms.map((term) => ({ ...term, matrix: extendedOf(term.matrix) })),
      );
      return addCodeword(codeword);
    },

    async commitCodeword(handle, logArity, leafTag, logCap) {
      const held = heldOf(codewords, handle);
      const tree = await buildCodewordTree(device, held.codeword, logArity, leafTag, logCap);
      return await addTree(tree, [{ kind: 'cosets', codeword: held.codeword, logArity }], [held]);
    },

    async fold(handle, logArity, beta, rollIn) {
      const source = heldOf(codewords, handle).codeword;
      const added = rollIn && heldOf(codewords, rollIn).codeword;
      return addCodeword(await foldCodeword(device, source, logArity, beta, added));
    },

    readCodeword: (handle) => readCodeword(device, heldOf(codewords, handle).codeword),

    grind: (state, label, bits) => grindNonce(device, state, label, bits),

    query: (handle, request) => queryTogether({ handle, request }),

    release(handle) {
      const held =
        matrices.get(handle as BackendMatrix) ??
        codewords.get(handle as BackendCodeword) ??
        trees.get(handle as BackendTree);
      if (!held) throw new Error('the handle is not of this backend or was released before');
      matrices.delete(handle as BackendMatrix);
      codewords.delete(handle as BackendCodeword);
      trees.delete(handle as BackendTree);
      held.isReleased = true;
      freeIfUnused(held);
      // A proof releases nothing between its openings, so these are over, or were broken off.
      endOpenings();
    },

    liveHandles: () => matrices.size + codewords.size + trees.size,
  };
}

/** Bytes of tables that a proof needs and that the device holds already. */
async function cachedConstantBytes(
  device: ComputeDevice,
  logHeights: LogHeights,
  { logBlowup }: Profile,
): Promise<number> {
  const present = logHeights.filter((logHeight) => logHeight !== undefined);
  let bytes = 0;
  for (const key of transformConstants(present, logBlowup).keys())
    bytes += (await device.cache.get(key))?.size ?? 0;
  return bytes;
}

function heldOf<Handle, Content>(store: ReadonlyMap<Handle, Content>, handle: Handle): Content {
  const held = store.get(handle);
  if (held === undefined) throw new Error('the handle is not of this backend or was released before');
  return held;
}
