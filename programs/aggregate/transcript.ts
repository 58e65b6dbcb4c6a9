/**
 * The Fiat-Shamir transcript inside a guest program: the same absorbs, squeezes and grinds as stark/transcript.ts, as calls
 * to the hash table.
 * Source: docs/spec/proof-system.md, section 2.
 */
import type { Input, Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { blocksOf } from '../../stark/proof/shape.ts';
import { GRIND_MARK } from '../../stark/transcript.ts';
import type { SharedConstants } from './constants.ts';
import { HINT } from './hintNames.ts';
import { assertLowZeros } from './words.ts';

export interface GuestTranscript {
  /** Binds the first `words` words of consecutive rows; the rest of the last row must be zero. */
  absorb(label: number, rows: Row | undefined, words: number): void;
  /** The state after the squeeze, in a fresh row or in the row `into`; words 0..4 are an extension challenge. */
  squeeze(label: number, into?: Row): Row;
  /** Binds the next nonce of the site and asserts the proof of work; a site of 0 bits is left out. */
  grind(label: number, bits: number): void;
  /** The state, to be carried through a branch or a loop; and what came out of it. */
  state(): Row;
  resume(state: Row): void;
}

/** A transcript that goes on from the state row. */
export function guestTranscript(
  program: ProgramBuilder,
  constants: SharedConstants,
  initial: Row,
): GuestTranscript {
  let state = initial;
  const bind = (header: Row, into?: Row): void => {
    state = program.compress(state, header, into);
  };
  return {
    absorb(label, rows, words) {
      bind(program.row([label, words]));
      if (rows !== undefined && words > 0) state = program.chain(state, rows, blocksOf(words));
    },
    squeeze(label, into) {
      bind(constants.squeezeHeader(label), into);
      return state;
    },
    grind(label, bits) {
      if (bits === 0) return;
      const nonce = program.hintValue(HINT.nonce, [label]);
      bind(program.row([label, GRIND_MARK + bits, nonce]));
      assertLowZeros(program, program.load(state, 0), bits, constants.zeros);
    },
    state: () => state,
    resume(carried) {
      state = carried;
    },
  };
}

/**
 * Hints the words of a message in consecutive rows, `rows` of them if more are read than its words fill; asserts that what
 * is absorbed behind the words is zero.
 */
export function hintMessage(
  program: ProgramBuilder,
  name: string,
  inputs: readonly Input[],
  words: number,
  rows: number = blocksOf(words),
): Row {
  const message = program.hintRows(name, inputs, rows);
  assertZeros(program, message, words, blocksOf(words) * DIGEST_WORDS);
  return message;
}

/** Asserts that words first .. end - 1 of consecutive rows are zero. */
export function assertZeros(program: ProgramBuilder, rows: Row, first: number, end: number): void {
  for (let word = first; word < end; word++) program.assertEqual(program.load(rows, word), 0);
}

/** Runs `body` if the condition is not zero; the transcript goes on from where either branch leaves it. */
export function absorbWhen(
  program: ProgramBuilder,
  transcript: GuestTranscript,
  condition: Value,
  body: () => void,
): void {
  const before = transcript.state();
  const { state } = program.ifNonzero<{ state: Row }>(
    condition,
    () => {
      body();
      const after = transcript.state();
      transcript.resume(before);
      return { state: after };
    },
    () => ({ state: before }),
  );
  transcript.resume(state);
}
