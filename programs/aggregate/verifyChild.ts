/**
 * The verifier inside a guest program: stark/verifier.ts step by step, with the same numbers. What the native verifier
 * rejects with a reason, this one cannot run past. The shape is known while the program is built, so the checks of the
 * call and of the shape were made then.
 * Source: docs/spec/proof-system.md, section 10; docs/spec/recursion.md.
 */
import type { Row } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { profileDigest } from '../../stark/profile.ts';
import { treeOf } from '../../stark/proof/shape.ts';
import { LABEL, PROTOCOL_TAG, VERSION } from '../../stark/transcript.ts';
import type { VerifiedChild } from './aggregateProgram.ts';
import type { ChildShape } from './childShape.ts';
import { checkQuotients, checkSums } from './constraints.ts';
import { type Element, type ElementOperations, elementOperations } from './elements.ts';
import { HINT } from './hintNames.ts';
import { checkQueries } from './queries.ts';
import { type GuestTranscript, guestTranscript, hintMessage } from './transcript.ts';

/** The messages of a proof as rows of the program's memory; absent ones have no words. */
export interface GuestProof {
  readonly preprocessedCap: Row | undefined;
  readonly statement: Row;
  readonly mainCap: Row;
  readonly logUpCap: Row | undefined;
  /** Packed, 5 words a sum. */
  readonly sums: Row | undefined;
  readonly quotientCap: Row;
  /** Packed, 5 words an opened value. */
  readonly openings: Row;
  readonly foldCaps: readonly Row[];
  /** Packed, 5 words a coefficient. */
  readonly finalPolynomial: Row;
}

export interface GuestChallenges {
  readonly alpha: Element;
  readonly beta: Element;
  readonly lambda: Element;
  readonly zeta: Element;
  readonly batch: readonly Element[];
  /** In rows of their own. */
  readonly folds: readonly Element[];
  /** The squeezed words, 8 a row; the first `queries` of them are used. */
  readonly queryWords: Row;
}

/** Verifies the proof of the next child, which the hints supply. */
export function verifyChild(program: ProgramBuilder, child: ChildShape): VerifiedChild {
  const elements = elementOperations(program);
  const keyed = deriveKey(program, child);

  // Steps 1 to 10: the transcript is replayed, every proof of work checked.
  const { proof, challenges } = replayTranscript(program, elements, child, keyed);

  // Step 4: the buses balance.
  checkSums(elements, child.shape, proof);

  // Step 6: constraints equal quotients at zeta.
  const openings = Array.from({ length: child.shape.openingCount }, (_, value) =>
    elements.load(proof.openings, value * DEGREE),
  );
  checkQuotients(program, elements, child, proof, openings, challenges);

  // Steps 7 to 10: the openings and the degrees, at the queries.
  checkQueries(program, elements, child, proof, openings, challenges);

  return { keyDigest: keyed.keyDigest, statement: proof.statement };
}

interface Keyed {
  readonly keyDigest: Row;
  readonly preprocessedCap: Row | undefined;
}

/** The key digest: machine, profile and heights are constants of the program, the preprocessed cap is a hint. */
function deriveKey(program: ProgramBuilder, child: ChildShape): Keyed {
  const { system, profile, preprocessedLogHeights } = child;
  const capWords = preprocessedLogHeights.length === 0 ? 0 : DIGEST_WORDS << profile.logCap;
  const preprocessedCap = hintMessage(program, HINT.preprocessedCap, [], capWords);
  const words = [
    ...Array.from(machineDigest(system), program.constant),
    ...Array.from(profileDigest(profile), program.constant),
    ...preprocessedLogHeights.map(program.constant),
    ...Array.from({ length: capWords }, (_, word) => program.load(preprocessedCap as Row, word)),
  ];
  let keyDigest = program.compress(
    program.row([PROTOCOL_TAG, VERSION, LABEL.DIGEST]),
    program.row([LABEL.KEY, words.length]),
  );
  for (let first = 0; first < words.length; first += DIGEST_WORDS)
    keyDigest = program.compress(keyDigest, program.row(words.slice(first, first + DIGEST_WORDS)));
  return { keyDigest, preprocessedCap };
}

/** Steps 1 to 10 of the transcript; the messages are hints, and every challenge follows what was absorbed before it. */
function replayTranscript(
  program: ProgramBuilder,
  elements: ElementOperations,
  { profile, shape, logHeights }: ChildShape,
  { keyDigest, preprocessedCap }: Keyed,
): { readonly proof: GuestProof; readonly challenges: GuestChallenges } {
  const { grinding } = profile;
  const capWords = DIGEST_WORDS << profile.logCap;
  const transcript: GuestTranscript = guestTranscript(program, program.row([PROTOCOL_TAG, VERSION]));

  /** Hints a message of at least one word and absorbs it. */
  function receive(label: number, name: string, words: number): Row {
    const message = hintMessage(program, name, [], words) as Row;
    transcript.absorb(label, message, words);
    return message;
  }

  const squeezeElement = (label: number): Element => elements.fromRow(transcript.squeeze(label));

  // 1. What is proved.
  transcript.absorb(LABEL.KEY, keyDigest, DIGEST_WORDS);
  const statement = receive(LABEL.STATEMENT, HINT.statement, DIGEST_WORDS);
  absorbHeights(program, transcript, logHeights);

  // 2. The main columns.
  const mainCap = receive(LABEL.MAIN_CAP, HINT.mainCap, capWords);

  // 3. The LogUp challenges.
  transcript.grind(LABEL.LOGUP_GRIND, grinding.lookup);
  const alpha = squeezeElement(LABEL.ALPHA);
  const beta = squeezeElement(LABEL.BETA);

  // 4. The LogUp columns and sums.
  const hasLogUp = treeOf(shape, 'logUp').matrices.length > 0;
  const sumWords = DEGREE * shape.summedSlots.length;
  const logUpCap = hintMessage(program, HINT.logUpCap, [], hasLogUp ? capWords : 0);
  transcript.absorb(LABEL.LOGUP_CAP, logUpCap, hasLogUp ? capWords : 0);
  const sums = hintMessage(program, HINT.sums, [], sumWords);
  transcript.absorb(LABEL.SUMS, sums, sumWords);

  // 5. The quotients.
  const lambda = squeezeElement(LABEL.LAMBDA);
  const quotientCap = receive(LABEL.QUOTIENT_CAP, HINT.quotientCap, capWords);

  // 6. The out-of-domain point and the openings.
  transcript.grind(LABEL.DEEP_GRIND, grinding.deep);
  const zeta = squeezeElement(LABEL.ZETA);
  elements.assertOutsideBase(zeta);
  const openings = receive(LABEL.OPENINGS, HINT.openings, DEGREE * shape.openingCount);

  // 7. The batching challenges.
  transcript.grind(LABEL.BATCH_GRIND, grinding.batch);
  const batch = Array.from({ length: shape.batchChallenges }, () => squeezeElement(LABEL.BATCH));

  // 8. The folds.
  const foldCaps: Row[] = [];
  const folds: Element[] = [];
  for (const _ of shape.folds) {
    foldCaps.push(receive(LABEL.FOLD_CAP, HINT.foldCap, capWords));
    transcript.grind(LABEL.FOLD_GRIND, grinding.fold);
    folds.push(squeezeElement(LABEL.FOLD));
  }

  // 9. The final polynomial.
  const finalWords = DEGREE << profile.logFinalLength;
  const finalPolynomial = receive(LABEL.FINAL_POLYNOMIAL, HINT.finalPolynomial, finalWords);

  // 10. The queries.
  transcript.grind(LABEL.QUERY_GRIND, grinding.query);
  const squeezes = Math.ceil(profile.queries / DIGEST_WORDS);
  const queryWords = program.freshRows(squeezes);
  for (let squeeze = 0; squeeze < squeezes; squeeze++)
    transcript.squeeze(LABEL.QUERY, program.rowAfter(queryWords, squeeze));

  return {
    proof: {
      preprocessedCap,
      statement,
      mainCap,
      logUpCap,
      sums,
      quotientCap,
      openings,
      foldCaps,
      finalPolynomial,
    },
    challenges: { alpha, beta, lambda, zeta, batch, folds, queryWords },
  };
}

/** One word a slot: log height + 1, or 0 for an absent table. */
function absorbHeights(
  program: ProgramBuilder,
  transcript: GuestTranscript,
  logHeights: ChildShape['logHeights'],
): void {
  const words = logHeights.map((logHeight) => (logHeight === undefined ? 0 : logHeight + 1));
  const rows = program.freshRows(Math.ceil(words.length / DIGEST_WORDS));
  for (let word = 0; word < Math.ceil(words.length / DIGEST_WORDS) * DIGEST_WORDS; word++)
    program.store(rows, word, words[word] ?? 0);
  transcript.absorb(LABEL.HEIGHTS, rows, words.length);
}
