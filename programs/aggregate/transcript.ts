/**
 * The Fiat-Shamir transcript inside a guest program: the same absorbs, squeezes and grinds as stark/transcript.ts, as calls
 * to the hash table; and canonical bits of words, which grinds and query indices need.
 * Source: docs/spec/proof-system.md, section 2.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { GRIND_MARK, SQUEEZE_MARK } from '../../stark/transcript.ts';
import { HINT } from './hintNames.ts';

/** A canonical word has this many bits; p = 127 * 2^24 + 1. */
const WORD_BITS = 31;
/** Where the upper bits begin: all of them are 1 only in p - 1, whose lower bits are 0. */
const UPPER_BIT = 24;
const UPPER_ONES = 127;

export interface GuestTranscript {
  /** Binds the first `words` words of consecutive rows; the rest of the last row must be zero. */
  absorb(label: number, rows: Row | undefined, words: number): void;
  /** The state after the squeeze, in a fresh row or in the row `into`; words 0..4 are an extension challenge. */
  squeeze(label: number, into?: Row): Row;
  /** Binds the next nonce of the site and asserts the proof of work; a site of 0 bits is left out. */
  grind(label: number, bits: number): void;
}

/** A transcript that starts from the state row. */
export function guestTranscript(program: ProgramBuilder, initial: Row): GuestTranscript {
  let state = initial;
  const bind = (header: Row, into?: Row): void => {
    state = program.compress(state, header, into);
  };
  return {
    absorb(label, rows, words) {
      bind(program.row([label, words]));
      if (rows !== undefined && words > 0)
        state = program.chain(state, rows, Math.ceil(words / DIGEST_WORDS));
    },
    squeeze(label, into) {
      bind(program.row([label, SQUEEZE_MARK]), into);
      return state;
    },
    grind(label, bits) {
      if (bits === 0) return;
      const nonce = program.hintValue(HINT.nonce, [label]);
      bind(program.row([label, GRIND_MARK + bits, nonce]));
      decomposeWord(program, program.load(state, 0), bits < UPPER_BIT ? [bits, UPPER_BIT] : [UPPER_BIT]);
    },
  };
}

/** Hints `words` words of consecutive rows and asserts that the rest of the last row is zero. */
export function hintMessage(
  program: ProgramBuilder,
  name: string,
  inputs: readonly Value[],
  words: number,
): Row | undefined {
  if (words === 0) return undefined;
  const rows = Math.ceil(words / DIGEST_WORDS);
  const message = program.hintRows(name, inputs, rows);
  for (let word = words; word < rows * DIGEST_WORDS; word++)
    program.assertEqual(program.load(message, word), 0);
  return message;
}

/**
 * Decomposes a word as an integer in 0..p-1 into the fields that begin at the given places, ascending from the first; asserts
 * that the bits below the first are zero. One field begins at bit 24.
 *
 * Each bit is boolean and the fields add up to the word modulo p. They are below 2^31 < 2 * p, so only the bits of word + p
 * are to be excluded: those have all seven upper bits 1, and p - 1, whose lower bits are 0, is the only canonical word that
 * has.
 *
 * Returns, by the first bit of each field, the field's suffixes: entry k are its bits from its k-th on, as an integer.
 */
export function decomposeWord(
  program: ProgramBuilder,
  word: Value,
  firstBits: readonly number[],
): ReadonlyMap<number, readonly Value[]> {
  const [lowZeros = 0] = firstBits;
  const bits: Value[] = program.hint(HINT.bits, [word, lowZeros], WORD_BITS - lowZeros);
  for (const bit of bits) program.assertBoolean(bit);
  const suffixes = new Map<number, Value[]>();
  let lower = program.constant(0);
  for (const [position, first] of firstBits.entries()) {
    const end = firstBits[position + 1] ?? WORD_BITS;
    const sums = suffixSums(program, bits.slice(first - lowZeros, end - lowZeros));
    suffixes.set(first, sums);
    if (first < UPPER_BIT) lower = program.add(lower, program.multiply(sums[0]!, 2 ** first));
  }
  const upper = suffixes.get(UPPER_BIT)![0]!;
  program.assertEqual(program.add(program.multiply(upper, 2 ** UPPER_BIT), lower), word);
  const distance = program.subtract(UPPER_ONES, upper);
  const factor = program.hintValue(HINT.canonicalFactor, [lower, distance]);
  program.assertEqual(program.multiply(factor, distance), lower);
  return suffixes;
}

/** Entry k: the sum over i of 2^i * bits[k + i]. */
function suffixSums(program: ProgramBuilder, bits: readonly Value[]): Value[] {
  const sums: Value[] = [];
  for (let first = bits.length - 1; first >= 0; first--) {
    const above = sums[0];
    sums.unshift(above === undefined ? bits[first]! : program.add(program.add(above, above), bits[first]!));
  }
  return sums;
}
