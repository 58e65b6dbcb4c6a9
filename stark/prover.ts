/**
 * The prover: drives a backend through the phases of a proof. Deterministic: the same key, statement and traces give the
 * same bytes on every backend. The numbered steps are those of the verifier and of section 10 of
 * docs/spec/proof-system.md.
 */
import { STATEMENT_WORDS, type TableTrace } from './air/air.ts';
import type { Backend, BackendCodeword, BackendMatrix, BackendTree, DeepMatrix } from './backend.ts';
import { matrixTerms, tensorWeights } from './batching.ts';
import { absorbHeights, absorbOpenings, absorbSums, squeezeIndices } from './challenges.ts';
import { DEGREE, type Extension, multiplyByBase, ZERO } from './field/extension.ts';
import { isCanonical, rootOfUnity } from './field/koalaBear.ts';
import { bitReverse, inverse as interpolate } from './field/ntt.ts';
import { checkHeights, keyDigest, type ProvingKey } from './keys.ts';
import { distinctIndices, openingRequest, packOpening } from './merkleOpening.ts';
import { encodeProof } from './proof/codec.ts';
import type { Proof, TreeOpening } from './proof/proof.ts';
import {
  LEAF_TAG,
  type LogHeights,
  matrixOf,
  PHASES,
  type Phase,
  type ProofShape,
  proofShape,
} from './proof/shape.ts';
import { proofTrees } from './proof/trees.ts';
import { createTranscript, LABEL, type Transcript } from './transcript.ts';

/** The stages that are timed, in order. Grinding is a stage of its own wherever it happens. */
export type ProverStage =
  | 'load'
  | 'commitMain'
  | 'logUp'
  | 'quotient'
  | 'open'
  | 'deep'
  | 'fold'
  | 'query'
  | 'grind';

export interface ProverEvent {
  readonly stage: ProverStage;
  /** Share of the whole proof's stages that is done, 0..1; a count of steps, not of time. */
  readonly fraction: number;
  /** Wall-clock seconds of the step that has just ended. */
  readonly seconds: number;
}

export interface ProverOptions {
  /** Called after every step; the seconds of a stage add up over its events. */
  readonly onProgress?: (event: ProverEvent) => void;
  /** Ends the proof between two steps with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The transcript to write to; a fresh one of the protocol when left out. */
  readonly transcript?: Transcript;
}

export const PROVER_ERRORS = {
  STATEMENT_MALFORMED: 'The statement digest is not 8 canonical words.',
  HEIGHTS_REFUSED: 'The verifier would refuse tables of these heights.',
  TRACE_MALFORMED: 'The columns of a table have another number or length than its AIR asks for.',
  POINT_IN_BASE_FIELD: 'The out-of-domain point lies in the base field: no proof exists for this input.',
} as const;

/** The input cannot be proved. */
export class ProverError extends Error {
  readonly code: keyof typeof PROVER_ERRORS;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: keyof typeof PROVER_ERRORS, details: Readonly<Record<string, string | number>>) {
    super(`${code}: ${PROVER_ERRORS[code]} ${JSON.stringify(details)}`);
    this.name = 'ProverError';
    this.code = code;
    this.details = details;
  }
}

/**
 * The bytes of a proof of `statement` for the given traces, one a slot, undefined for an absent table. Whether the traces
 * satisfy the AIR is not checked: the trace checker names a violation, the verifier rejects the proof.
 * Throws: ProverError; what the backend throws; the signal's reason.
 */
export async function prove(
  backend: Backend,
  key: ProvingKey,
  statement: Uint32Array,
  traces: readonly (TableTrace | undefined)[],
  options: ProverOptions = {},
): Promise<Uint8Array> {
  return encodeProof(await createProof(backend, key, statement, traces, options));
}

/** As `prove`, before encoding. */
export async function createProof(
  backend: Backend,
  key: ProvingKey,
  statement: Uint32Array,
  traces: readonly (TableTrace | undefined)[],
  options: ProverOptions = {},
): Promise<Proof> {
  checkStatement(statement);
  const shape = shapeOfTraces(key, traces);
  const { system, profile } = key.verifyingKey;
  await backend.begin?.(system, profile, shape.logHeights);
  const handles: (BackendMatrix | BackendTree | BackendCodeword)[] = [];
  try {
    return await runPhases(backend, key, statement, traces, shape, options, handles);
  } finally {
    for (const handle of handles) backend.release(handle);
  }
}

function checkStatement(statement: Uint32Array): void {
  if (statement.length !== STATEMENT_WORDS || !statement.every((word) => isCanonical(word)))
    throw new ProverError('STATEMENT_MALFORMED', {
      expectedWords: STATEMENT_WORDS,
      got: statement.join(' '),
    });
}

function shapeOfTraces(key: ProvingKey, traces: readonly (TableTrace | undefined)[]): ProofShape {
  const { system, profile } = key.verifyingKey;
  const logHeights: LogHeights = system.tables.map((_, slot) => traces[slot]?.logHeight);
  const refusal = checkHeights(key.verifyingKey, logHeights);
  if (refusal !== undefined)
    throw new ProverError('HEIGHTS_REFUSED', { reason: refusal.reason, ...refusal.details });
  for (const [slot, table] of system.tables.entries()) {
    const trace = traces[slot];
    if (trace === undefined) continue;
    const expected = table.mainColumns.length;
    const got = trace.columns.length;
    // Under an expansion the backend knows how many leading columns it needs.
    if (table.expansion === 'none' ? got !== expected : got > expected)
      throw new ProverError('TRACE_MALFORMED', { table: table.name, expectedColumns: expected, got });
    const rows = 2 ** trace.logHeight;
    const wrong = trace.columns.find((column) => column.length !== rows);
    if (wrong !== undefined)
      throw new ProverError('TRACE_MALFORMED', {
        table: table.name,
        expectedRows: rows,
        got: wrong.length,
      });
  }
  return proofShape(system, profile, logHeights);
}

async function runPhases(
  backend: Backend,
  key: ProvingKey,
  statement: Uint32Array,
  traces: readonly (TableTrace | undefined)[],
  shape: ProofShape,
  options: ProverOptions,
  handles: (BackendMatrix | BackendTree | BackendCodeword)[],
): Promise<Proof> {
  const { verifyingKey } = key;
  const { system, profile } = verifyingKey;
  const { grinding, logBlowup, logCap } = profile;
  const transcript = options.transcript ?? createTranscript();
  const tables = shape.presentSlots.map((slot) => ({ slot, table: system.tables[slot]! }));

  const sites = [grinding.lookup, grinding.deep, grinding.batch, grinding.query];
  const stepCount =
    3 * tables.length + // load, quotient, open
    (tables.some(({ table }) => table.interactions.length > 0) ? 1 : 0) + // LogUp
    3 + // commitments
    shape.distinctLogHeights.length + // DEEP
    shape.folds.length * (grinding.fold > 0 ? 3 : 2) + // commit, grind, fold
    sites.filter((bits) => bits > 0).length +
    2; // final polynomial, query
  let stepsDone = 0;

  /** Runs one step of a stage, keeps nothing, tells the observer. */
  async function step<Outcome>(stage: ProverStage, work: () => Promise<Outcome>): Promise<Outcome> {
    options.signal?.throwIfAborted();
    const started = performance.now();
    const outcome = await work();
    stepsDone += 1;
    options.onProgress?.({
      stage,
      fraction: stepsDone / stepCount,
      seconds: (performance.now() - started) / 1000,
    });
    return outcome;
  }

  /** Remembers a handle, so that it is released whatever happens. */
  function keep<Handle extends BackendMatrix | BackendTree | BackendCodeword>(handle: Handle): Handle {
    handles.push(handle);
    return handle;
  }

  /** Releases a handle that no later step needs. */
  function drop(handle: BackendMatrix | BackendTree | BackendCodeword): void {
    handles.splice(handles.indexOf(handle), 1);
    backend.release(handle);
  }

  /** The least nonce of a site; undefined for a site of 0 bits, which is left out. */
  async function grind(label: number, bits: number): Promise<number | undefined> {
    if (bits === 0) return undefined;
    const nonce = await step('grind', () => backend.grind(transcript.state(), label, bits));
    transcript.grind(label, bits, nonce);
    return nonce;
  }

  async function commit(
    stage: ProverStage,
    phase: Exclude<Phase, 'preprocessed'>,
    matrices: readonly (BackendMatrix | undefined)[],
  ): Promise<BackendTree | undefined> {
    const present = shape.trees
      .flatMap((tree) => tree.matrices)
      .filter((matrix) => matrix.phase === phase)
      .map(({ slot, nextColumns }) => ({ matrix: matrices[slot]!, nextColumns }));
    return step(stage, async () =>
      present.length === 0
        ? undefined
        : keep(await backend.commit(present, LEAF_TAG[phase], logBlowup, logCap)),
    );
  }

  // 1. What is proved.
  transcript.absorb(LABEL.KEY, keyDigest(verifyingKey));
  transcript.absorb(LABEL.STATEMENT, statement);
  absorbHeights(transcript, shape.logHeights);

  // 2. The main columns.
  /** One a slot, as in `preprocessed`, `logUps` and `quotients`. */
  const mains: (BackendMatrix | undefined)[] = system.tables.map(() => undefined);
  for (const { slot, table } of tables)
    mains[slot] = await step('load', async () => keep(await backend.loadTrace(table, traces[slot]!)));
  const mainTree = await commit('commitMain', 'main', mains);
  const mainCap = capOf(mainTree);
  transcript.absorb(LABEL.MAIN_CAP, mainCap);

  // 3. The LogUp challenges.
  const lookupNonce = await grind(LABEL.LOGUP_GRIND, grinding.lookup);
  const alpha = transcript.squeezeExtension(LABEL.ALPHA);
  const beta = transcript.squeezeExtension(LABEL.BETA);
  const challenges = { alpha, beta };

  // 4. The LogUp columns and sums.
  const logUps: (BackendMatrix | undefined)[] = system.tables.map(() => undefined);
  const sumOf: Extension[] = system.tables.map(() => ZERO);
  const summed = tables.filter(({ table }) => table.interactions.length > 0);
  if (summed.length > 0) {
    await step('logUp', async () => {
      // No table waits for another's sum, so that a backend can read all of them back at once.
      const outcomes = await Promise.allSettled(
        summed.map(async ({ slot, table }) => {
          const { matrix, sum } = await backend.logUp(
            table,
            key.preprocessed[slot],
            mains[slot]!,
            statement,
            challenges,
          );
          logUps[slot] = keep(matrix);
          sumOf[slot] = sum;
        }),
      );
      const failed = outcomes.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    });
  }
  const logUpTree = await commit('logUp', 'logUp', logUps);
  const logUpCap = capOf(logUpTree);
  const sums = Uint32Array.from(shape.summedSlots.flatMap((slot) => sumOf[slot]!));
  transcript.absorb(LABEL.LOGUP_CAP, logUpCap);
  absorbSums(transcript, shape, sums);

  // 5. The quotients.
  const lambda = transcript.squeezeExtension(LABEL.LAMBDA);
  const quotients: (BackendMatrix | undefined)[] = system.tables.map(() => undefined);
  for (const { slot, table } of tables) {
    quotients[slot] = await step('quotient', async () =>
      keep(
        await backend.quotient(
          table,
          key.preprocessed[slot],
          mains[slot]!,
          logUps[slot],
          statement,
          challenges,
          sumOf[slot]!,
          lambda,
        ),
      ),
    );
  }
  const quotientTree = await commit('quotient', 'quotient', quotients);
  const quotientCap = capOf(quotientTree);
  transcript.absorb(LABEL.QUOTIENT_CAP, quotientCap);

  // 6. The out-of-domain point and the openings.
  const deepNonce = await grind(LABEL.DEEP_GRIND, grinding.deep);
  const zeta = transcript.squeezeExtension(LABEL.ZETA);
  if (zeta.slice(1).every((word) => word === 0)) throw new ProverError('POINT_IN_BASE_FIELD', {});
  const matricesOf: Readonly<Record<Phase, readonly (BackendMatrix | undefined)[]>> = {
    preprocessed: key.preprocessed,
    main: mains,
    logUp: logUps,
    quotient: quotients,
  };
  const openings = new Uint32Array(shape.openingCount * DEGREE);
  for (const { slot } of tables) {
    await step('open', async () => {
      const logHeight = shape.logHeights[slot]!;
      const nextZeta = multiplyByBase(zeta, rootOfUnity(logHeight));
      // Asked for at the same time, so that a backend can answer with one readback.
      const open = async (phase: Phase): Promise<void> => {
        const matrix = matrixOf(shape, phase, slot);
        if (matrix === undefined) return;
        const handle = matricesOf[phase][slot]!;
        const [values, nextValues] = await Promise.all([
          backend.open(handle, zeta, matrix.columns),
          matrix.nextColumns > 0 ? backend.open(handle, nextZeta, matrix.nextColumns) : [],
        ]);
        openings.set([...values, ...nextValues].flat(), matrix.firstOpening * DEGREE);
      };
      await Promise.all(PHASES.map(open));
    });
  }
  absorbOpenings(transcript, shape, openings);

  // 7. The batching challenges, and the DEEP combination of every height.
  const batchNonce = await grind(LABEL.BATCH_GRIND, grinding.batch);
  const weights = tensorWeights(
    Array.from({ length: shape.batchChallenges }, () => transcript.squeezeExtension(LABEL.BATCH)),
  );
  const combinations = new Map<number, BackendCodeword>();
  for (const logHeight of shape.distinctLogHeights) {
    const terms = shape.trees
      .flatMap((tree) => tree.matrices)
      .filter((matrix) => matrix.logHeight === logHeight)
      .map(
        (matrix): DeepMatrix => ({
          matrix: matricesOf[matrix.phase][matrix.slot]!,
          ...matrixTerms(matrix, weights, openings),
        }),
      );
    combinations.set(
      logHeight,
      await step('deep', async () => keep(await backend.deep(logHeight, logBlowup, zeta, terms))),
    );
  }

  // 8. The folds.
  let codeword = combinations.get(shape.distinctLogHeights[0]!)!;
  const foldTrees: BackendTree[] = [];
  const foldNonces: number[] = [];
  for (const fold of shape.folds) {
    const folded = codeword;
    const tree = await step('fold', async () =>
      keep(await backend.commitCodeword(folded, fold.logArity, LEAF_TAG.fold, logCap)),
    );
    foldTrees.push(tree);
    transcript.absorb(LABEL.FOLD_CAP, tree.cap);
    const nonce = await grind(LABEL.FOLD_GRIND, grinding.fold);
    if (nonce !== undefined) foldNonces.push(nonce);
    const challenge = transcript.squeezeExtension(LABEL.FOLD);
    const rollIn = fold.rollsIn ? combinations.get(fold.logHeight - fold.logArity) : undefined;
    codeword = await step('fold', async () =>
      keep(await backend.fold(folded, fold.logArity, challenge, rollIn)),
    );
    if (rollIn !== undefined) drop(rollIn);
  }

  // 9. The final polynomial.
  const finalWords = await step('fold', () => backend.readCodeword(codeword));
  const finalPolynomial = interpolateFinal(finalWords, codeword.logLength, profile.logFinalLength);
  transcript.absorb(LABEL.FINAL_POLYNOMIAL, finalPolynomial);

  // 10. The queries.
  const queryNonce = await grind(LABEL.QUERY_GRIND, grinding.query);
  const trees = proofTrees(shape, profile);
  const queryIndices = squeezeIndices(transcript, profile.queries, trees.logRows);
  const indices = distinctIndices(queryIndices, trees.logRows, logCap);
  const treeOf: Readonly<Record<Phase, BackendTree | undefined>> = {
    preprocessed: key.preprocessedTree,
    main: mainTree,
    logUp: logUpTree,
    quotient: quotientTree,
  };
  const queryOpenings = await step('query', () =>
    Promise.all(
      [...trees.phases, ...trees.folds].map(async (tree, position): Promise<TreeOpening> => {
        const phase = trees.phases[position]?.phase;
        const handle = phase === undefined ? foldTrees[position - trees.phases.length] : treeOf[phase];
        const tallest = Math.max(...tree.matrices.map((matrix) => matrix.logRows));
        const request = openingRequest(tree, indices.slice(trees.logRows - tallest));
        return packOpening(await backend.query(handle!, request));
      }),
    ),
  );

  return {
    logHeights: shape.logHeights,
    mainCap,
    logUpCap,
    sums,
    quotientCap,
    openings,
    foldCaps: foldTrees.map((tree) => tree.cap),
    finalPolynomial,
    nonces: { lookup: lookupNonce, deep: deepNonce, batch: batchNonce, folds: foldNonces, query: queryNonce },
    distinctCounts: indices.map((level) => level.length),
    treeOpenings: queryOpenings.slice(0, trees.phases.length),
    foldOpenings: queryOpenings.slice(trees.phases.length),
  };
}

/** The cap of a tree; no words for a phase without matrices. */
function capOf(tree: BackendTree | undefined): Uint32Array {
  return tree?.cap ?? new Uint32Array(0);
}

/**
 * The 2^logFinalLength coefficients, 5 words each, of the polynomial in y whose values on the subgroup of order
 * 2^logLength are given in bit-reversed order. Higher coefficients are left out: they are 0 in an honest proof.
 */
function interpolateFinal(words: Uint32Array, logLength: number, logFinalLength: number): Uint32Array {
  const coefficients = new Uint32Array(DEGREE << logFinalLength);
  for (let word = 0; word < DEGREE; word++) {
    const values = Uint32Array.from({ length: 1 << logLength }, (_, index) => words[index * DEGREE + word]!);
    const column = interpolate(bitReverse(values, logLength), logLength);
    for (let exponent = 0; exponent < 1 << logFinalLength; exponent++)
      coefficients[exponent * DEGREE + word] = column[exponent]!;
  }
  return coefficients;
}
