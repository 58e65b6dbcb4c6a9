/**
 * The verifier inside a guest program: stark/verifier.ts step by step, with the same numbers. What the native verifier
 * rejects with a reason, this one cannot run past. Machine and profile are constants of the code; which tables are present and
 * how tall they are is learnt from the child.
 * Source: docs/spec/proof-system.md, section 10; docs/spec/recursion.md.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { compress, DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { profileDigest } from '../../stark/profile.ts';
import { blocksOf, type Phase } from '../../stark/proof/shape.ts';
import { LABEL, PROTOCOL_TAG, VERSION } from '../../stark/transcript.ts';
import type { VerifiedChild } from './childVerifier.ts';
import type { ProfileConstants } from './constants.ts';
import { elementOperations } from './elements.ts';
import { type FoldLayers, foldLayers } from './foldLayers.ts';
import { checkHeights, type GuestHeights, HEIGHT, HEIGHT_ROWS } from './heights.ts';
import { HINT } from './hintNames.ts';
import type { ProfileLayout, SystemLayout } from './layout.ts';
import { checkQueries } from './queries.ts';
import { type BatchWeights, type CheckTable, DOMAIN } from './tables.ts';
import { absorbWhen, type GuestTranscript, guestTranscript, hintMessage } from './transcript.ts';

const ROW_WORDS = DIGEST_WORDS;
/** Elements that one call unpacks or evaluates, and the rows that hold them packed. */
const PACKED_ELEMENTS = 8;
const PACKED_ROWS = 5;

/** What the verifiers of all profiles share. */
export interface VerifierParts {
  readonly layout: SystemLayout;
  /** By slot. */
  readonly tables: readonly CheckTable[];
  readonly batchWeights: (given: { readonly challenges: Row }) => BatchWeights;
}

/** The messages of a proof as rows of the program's memory. */
export interface GuestProof {
  readonly statement: Row;
  readonly caps: Readonly<Record<Phase, Row>>;
  /** One row a slot with interactions. */
  readonly sums: Row;
  /** Packed opened values of a matrix; of a present table only. */
  openings(phase: Phase, slot: number): Row;
  readonly layers: FoldLayers;
  /** Packed, with zeros behind the last coefficient up to a whole group of 8. */
  readonly finalPolynomial: Row;
}

export interface GuestChallenges {
  readonly alpha: Row;
  readonly beta: Row;
  readonly lambda: Row;
  /** Row k is zeta^(2^k), up to the greatest log height. */
  readonly zetaPowers: Row;
  /** In consecutive rows. */
  readonly batch: Row;
  /** The squeezed words, 8 a row; the first `queries` of them are used. */
  readonly queryWords: Row;
}

/** Verifies the proof of the next child, which the hints supply. */
export function verifyChild(
  program: ProgramBuilder,
  parts: VerifierParts,
  profileLayout: ProfileLayout,
  constants: ProfileConstants,
): VerifiedChild {
  // The whole shape, before any arithmetic.
  const heights = checkHeights(program, parts.layout, profileLayout, constants);
  const keyed = deriveKey(program, parts.layout, profileLayout, heights);

  // Steps 1 to 10: the transcript is replayed, every proof of work checked.
  const { proof, challenges } = replayTranscript(
    program,
    parts.layout,
    profileLayout,
    constants,
    heights,
    keyed,
  );

  // Step 4: the buses balance.
  checkSums(program, parts.layout, constants, proof);

  // Step 6: constraints equal quotients at zeta.
  completeHeights(program, profileLayout, constants, heights, challenges);
  checkTables(program, parts, constants, heights, proof, challenges);

  // Steps 7 to 10: the openings and the degrees, at the queries.
  checkQueries(program, parts.layout, profileLayout, constants, heights, proof, challenges);

  return { keyDigest: keyed.keyDigest, statement: proof.statement };
}

interface Keyed {
  readonly keyDigest: Row;
  readonly preprocessedCap: Row | undefined;
}

/** The key digest: machine and profile are constants of the program, the preprocessed heights and cap are hints. */
function deriveKey(
  program: ProgramBuilder,
  { system, preprocessedSlots }: SystemLayout,
  { profile }: ProfileLayout,
  heights: GuestHeights,
): Keyed {
  const capWords = preprocessedSlots.length === 0 ? 0 : DIGEST_WORDS << profile.logCap;
  const preprocessedCap =
    capWords === 0 ? undefined : hintMessage(program, HINT.preprocessedCap, [], capWords);
  const words = [
    ...preprocessedSlots.map((slot) => program.subtract(heights.words[slot]!, 1)),
    ...Array.from({ length: capWords }, (_, word) => program.load(preprocessedCap as Row, word)),
  ];
  const row = (...values: readonly number[]): Uint32Array => {
    const filled = new Uint32Array(DIGEST_WORDS);
    filled.set(values);
    return filled;
  };
  // What precedes the first word that depends on the child.
  const header = row(LABEL.KEY, 2 * DIGEST_WORDS + words.length);
  const prefix = [header, machineDigest(system), profileDigest(profile)].reduce(
    compress,
    row(PROTOCOL_TAG, VERSION, LABEL.DIGEST),
  );
  const rows = program.freshRows(blocksOf(words.length));
  for (let word = 0; word < blocksOf(words.length) * DIGEST_WORDS; word++)
    program.store(rows, word, words[word] ?? 0);
  const start = program.row(Array.from(prefix));
  const keyDigest = words.length === 0 ? start : program.chain(start, rows, blocksOf(words.length));
  return { keyDigest, preprocessedCap };
}

/** Steps 1 to 10 of the transcript; the messages are hints, and every challenge follows what was absorbed before it. */
function replayTranscript(
  program: ProgramBuilder,
  layout: SystemLayout,
  profileLayout: ProfileLayout,
  constants: ProfileConstants,
  heights: GuestHeights,
  { keyDigest, preprocessedCap }: Keyed,
): { readonly proof: GuestProof; readonly challenges: GuestChallenges } {
  const { profile, greatest } = profileLayout;
  const { grinding } = profile;
  const capWords = DIGEST_WORDS << profile.logCap;
  const { shared } = constants;
  const transcript = guestTranscript(program, shared, program.row([PROTOCOL_TAG, VERSION]));

  /** Hints a message of at least one word and absorbs it. */
  function receive(label: number, name: string, words: number): Row {
    const message = hintMessage(program, name, [], words);
    transcript.absorb(label, message, words);
    return message;
  }

  // 1. What is proved.
  transcript.absorb(LABEL.KEY, keyDigest, DIGEST_WORDS);
  const statement = receive(LABEL.STATEMENT, HINT.statement, DIGEST_WORDS);
  absorbHeights(program, transcript, heights);

  // 2. The main columns.
  const mainCap = receive(LABEL.MAIN_CAP, HINT.mainCap, capWords);

  // 3. The LogUp challenges.
  transcript.grind(LABEL.LOGUP_GRIND, grinding.lookup);
  const alpha = transcript.squeeze(LABEL.ALPHA);
  const beta = transcript.squeeze(LABEL.BETA);

  // 4. The LogUp columns and sums. If any table of the system interacts, a required one does, so there are columns.
  const hasLogUp = layout.interactingSlots.length > 0;
  if (!hasLogUp) transcript.absorb(LABEL.LOGUP_CAP, undefined, 0);
  const logUpCap = hasLogUp ? receive(LABEL.LOGUP_CAP, HINT.logUpCap, capWords) : shared.zeros;
  const sums = receiveSums(program, layout, shared.zeros, transcript, heights);

  // 5. The quotients.
  const lambda = transcript.squeeze(LABEL.LAMBDA);
  const quotientCap = receive(LABEL.QUOTIENT_CAP, HINT.quotientCap, capWords);

  // 6. The out-of-domain point and the openings.
  transcript.grind(LABEL.DEEP_GRIND, grinding.deep);
  const zetaPowers = program.freshRows(greatest + 1);
  transcript.squeeze(LABEL.ZETA, zetaPowers);
  const elements = elementOperations(program, shared);
  elements.assertOutsideBase(elements.fromRow(zetaPowers));
  const openings = receiveOpenings(program, layout, transcript, heights);

  // 7. The batching challenges.
  transcript.grind(LABEL.BATCH_GRIND, grinding.batch);
  const batch = program.freshRows(layout.batchChallenges);
  for (let index = 0; index < layout.batchChallenges; index++)
    transcript.squeeze(LABEL.BATCH, program.rowAfter(batch, index));

  // 8. The folds.
  const layers = foldLayers(program, profileLayout, constants, heights, transcript);

  // 9. The final polynomial.
  const coefficients = 2 ** profile.logFinalLength;
  const groups = Math.ceil(coefficients / PACKED_ELEMENTS);
  const finalPolynomial = program.hintRows(HINT.finalPolynomial, [], groups * PACKED_ROWS);
  for (let word = DEGREE * coefficients; word < groups * PACKED_ROWS * ROW_WORDS; word++)
    program.assertEqual(program.load(finalPolynomial, word), 0);
  transcript.absorb(LABEL.FINAL_POLYNOMIAL, finalPolynomial, DEGREE * coefficients);

  // 10. The queries.
  transcript.grind(LABEL.QUERY_GRIND, grinding.query);
  const squeezes = Math.ceil(profile.queries / DIGEST_WORDS);
  const queryWords = program.freshRows(squeezes);
  for (let squeeze = 0; squeeze < squeezes; squeeze++)
    transcript.squeeze(LABEL.QUERY, program.rowAfter(queryWords, squeeze));

  return {
    proof: {
      statement,
      caps: {
        preprocessed: preprocessedCap ?? shared.zeros,
        main: mainCap,
        logUp: logUpCap,
        quotient: quotientCap,
      },
      sums,
      openings,
      layers,
      finalPolynomial,
    },
    challenges: { alpha, beta, lambda, zetaPowers, batch, queryWords },
  };
}

/** One word a slot: log height + 1, or 0 for an absent table. */
function absorbHeights(program: ProgramBuilder, transcript: GuestTranscript, { words }: GuestHeights): void {
  const rows = program.freshRows(blocksOf(words.length));
  for (let word = 0; word < blocksOf(words.length) * DIGEST_WORDS; word++)
    program.store(rows, word, words[word] ?? 0);
  transcript.absorb(LABEL.HEIGHTS, rows, words.length);
}

/** Absorbs a sum for every slot with interactions, 0 for an absent table; returns them in rows of their own. */
function receiveSums(
  program: ProgramBuilder,
  { interactingSlots }: SystemLayout,
  zeros: Row,
  transcript: GuestTranscript,
  heights: GuestHeights,
): Row {
  if (interactingSlots.length === 0) {
    transcript.absorb(LABEL.SUMS, undefined, 0);
    return zeros;
  }
  const groups = Math.ceil(interactingSlots.length / PACKED_ELEMENTS);
  const words = DEGREE * interactingSlots.length;
  const message = hintMessage(program, HINT.sums, [], words, groups * PACKED_ROWS);
  transcript.absorb(LABEL.SUMS, message, words);
  for (const [position, slot] of interactingSlots.entries())
    program.when(
      heights.words[slot]!,
      () => undefined,
      () => {
        for (let word = 0; word < DEGREE; word++)
          program.assertEqual(program.load(message, DEGREE * position + word), 0);
      },
    );
  const rows = program.freshRows(groups * PACKED_ELEMENTS);
  for (let group = 0; group < groups; group++)
    program.extension.unpackElements(
      program.rowAfter(message, group * PACKED_ROWS),
      program.rowAfter(rows, group * PACKED_ELEMENTS),
    );
  return rows;
}

/** Absorbs the opened values of the present tables, matrix by matrix; returns where they are. */
function receiveOpenings(
  program: ProgramBuilder,
  { system, phases }: SystemLayout,
  transcript: GuestTranscript,
  heights: GuestHeights,
): GuestProof['openings'] {
  const messages = new Map<string, Row>();
  for (const { phase, number, matrices } of phases)
    for (const matrix of matrices) {
      const { slot, columns, nextColumns } = matrix;
      const words = DEGREE * (columns + nextColumns);
      const message = program.rowAt(program.hintValue(HINT.openings, [number, slot]));
      const receive = (): void => {
        transcript.absorb(LABEL.OPENINGS, message, words);
        for (let word = words; word < blocksOf(words) * DIGEST_WORDS; word++)
          program.assertEqual(program.load(message, word), 0);
      };
      if (system.tables[slot]!.isRequired) receive();
      else absorbWhen(program, transcript, heights.words[slot]!, receive);
      messages.set(`${phase} ${slot}`, message);
    }
  return (phase, slot) => messages.get(`${phase} ${slot}`)!;
}

/** The sums add up to 0. */
function checkSums(
  program: ProgramBuilder,
  { interactingSlots }: SystemLayout,
  { shared }: ProfileConstants,
  { sums }: GuestProof,
): void {
  if (interactingSlots.length === 0) return;
  const elements = elementOperations(program, shared);
  const total = interactingSlots
    .map((_, position) => elements.fromRow(program.rowAfter(sums, position)))
    .reduce(elements.add);
  elements.assertEqual(total, elements.constant(0));
}

/** Adds to every height's record what depends on zeta. */
function completeHeights(
  program: ProgramBuilder,
  { greatest }: ProfileLayout,
  constants: ProfileConstants,
  heights: GuestHeights,
  { zetaPowers }: GuestChallenges,
): void {
  const { shared, rows, inverseRows, generators, inverseGenerators } = constants;
  for (let log = 0; log < greatest; log++) {
    const power = program.rowAfter(zetaPowers, log);
    program.extension.relateProduct(power, power, shared.zeros, program.rowAfter(zetaPowers, log + 1));
  }
  program.repeat(heights.count, { record: heights.first }, ({ record }) => {
    const logHeight = program.load(record, HEIGHT.logHeight);
    const nextZeta = program.freshRows(1);
    program.extension.relateScaled(zetaPowers, program.lookUp(generators, logHeight), shared.zeros, nextZeta);
    program.store(record, HEIGHT.nextZeta, program.addressOf(nextZeta));
    const domain: Value[] = [];
    domain[DOMAIN.height] = program.lookUp(rows, logHeight);
    domain[DOMAIN.inverseHeight] = program.lookUp(inverseRows, logHeight);
    domain[DOMAIN.inverseGenerator] = program.lookUp(inverseGenerators, logHeight);
    domain[DOMAIN.zetaToHeight] = program.addressOf(program.rowAfter(zetaPowers, logHeight));
    program.store(record, HEIGHT.domain, program.addressOf(program.row(domain)));
    return { record: program.rowAfter(record, HEIGHT_ROWS) };
  });
}

function checkTables(
  program: ProgramBuilder,
  { layout, tables, batchWeights }: VerifierParts,
  { shared }: ProfileConstants,
  heights: GuestHeights,
  proof: GuestProof,
  { alpha, beta, lambda, zetaPowers, batch }: GuestChallenges,
): void {
  const weights = batchWeights({ challenges: batch });
  const context = { statement: proof.statement, alpha, beta, lambda, zeta: zetaPowers, ...weights };
  for (const [slot, { isRequired }] of layout.system.tables.entries()) {
    const packed = (phase: Phase): Row =>
      layout.phases.some(
        (each) => each.phase === phase && each.matrices.some((matrix) => matrix.slot === slot),
      )
        ? proof.openings(phase, slot)
        : shared.zeros;
    const position = layout.interactingSlots.indexOf(slot);
    const check = (): void =>
      tables[slot]!({
        ...context,
        preprocessed: packed('preprocessed'),
        main: packed('main'),
        logUp: packed('logUp'),
        quotient: packed('quotient'),
        sum: position < 0 ? shared.zeros : program.rowAfter(proof.sums, position),
        record: program.rowAt(heights.recordOf(slot)),
        tallyBefore: program.rowAt(heights.tallyBefore(slot)),
        tallyAfter: program.rowAt(heights.tallyAfter(slot)),
      });
    if (isRequired) check();
    else program.when(heights.words[slot]!, check);
  }
}
