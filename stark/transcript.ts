/**
 * The Fiat-Shamir transcript: a state of 8 words that every prover message is compressed into, under a label and a length.
 * Source: docs/spec/proof-system.md, section 2.
 */
import type { Extension } from './field/extension.ts';
import { MODULUS } from './field/koalaBear.ts';
import { compressInto, DIGEST_WORDS } from './hash/poseidon.ts';

/** "CLN" in ASCII: separates these transcripts from other uses of the hash. */
export const PROTOCOL_TAG = 0x434c4e;
/** Version of the proof format and of the protocol. */
export const VERSION = 2;

/** What a message or challenge is; part of what is hashed. */
export const LABEL = {
  KEY: 1,
  STATEMENT: 2,
  HEIGHTS: 3,
  MAIN_CAP: 4,
  LOGUP_GRIND: 5,
  ALPHA: 6,
  BETA: 7,
  LOGUP_CAP: 8,
  SUMS: 9,
  DIGEST: 10,
  MACHINE: 11,
  PROFILE: 12,
  LAMBDA: 13,
  QUOTIENT_CAP: 14,
  DEEP_GRIND: 15,
  ZETA: 16,
  OPENINGS: 17,
  BATCH_GRIND: 18,
  BATCH: 19,
  FOLD_CAP: 20,
  FOLD_GRIND: 21,
  FOLD: 22,
  FINAL_POLYNOMIAL: 23,
  QUERY_GRIND: 24,
  QUERY: 25,
} as const;

/** Second header word of an absorb is below this; of a grind it is this plus the number of bits. */
export const GRIND_MARK = 2 ** 29;
/** Second header word of a squeeze. */
export const SQUEEZE_MARK = 2 ** 30;
/** A grind checks low bits of a word below p; the low 24 bits of a uniform word are uniform up to one extra preimage of 0. */
export const MAXIMUM_GRIND_BITS = 24;

export interface Transcript {
  /** Binds `words`, canonical, and their number. Throws: RangeError when a word is not canonical. */
  absorb(label: number, words: ArrayLike<number>): void;
  /** Eight pseudo-random words, each uniform in 0..p-1. */
  squeeze(label: number): Uint32Array;
  /** Words 0..4 of a squeeze. */
  squeezeExtension(label: number): Extension;
  /**
   * Binds the nonce and tells whether the low `bits` bits of word 0 are zero. Throws: RangeError unless 1 <= bits <= 24
   * and the nonce is canonical.
   */
  grind(label: number, bits: number, nonce: number): boolean;
  /** A copy of the state. */
  state(): Uint32Array;
}

/** s <- C(s, (first, second, third, 0, ...)). */
function compressHeader(state: Uint32Array, first: number, second: number, third: number): void {
  const header = Uint32Array.of(first, second, third, 0, 0, 0, 0, 0);
  compressInto(state, 0, state, 0, header, 0);
}

/** Absorbs a labelled, length-prefixed message into `state`. Throws: RangeError on a word outside 0..p-1. */
export function absorbInto(state: Uint32Array, label: number, words: ArrayLike<number>): void {
  if (words.length >= GRIND_MARK)
    throw new RangeError(`cannot absorb ${words.length} words, at most 2^29 - 1`);
  compressHeader(state, label, words.length, 0);
  const block = new Uint32Array(DIGEST_WORDS);
  for (let start = 0; start < words.length; start += DIGEST_WORDS) {
    for (let word = 0; word < DIGEST_WORDS; word++) {
      const value = start + word < words.length ? words[start + word]! : 0;
      if (!(value >= 0 && value < MODULUS && Number.isInteger(value)))
        throw new RangeError(`word ${start + word} of a message is not canonical: ${value}`);
      block[word] = value;
    }
    compressInto(state, 0, state, 0, block, 0);
  }
}

/** A transcript that starts from the given state; `createTranscript` gives the protocol's. */
export function resumeTranscript(initial: Uint32Array): Transcript {
  if (initial.length !== DIGEST_WORDS)
    throw new RangeError(`a transcript state has ${DIGEST_WORDS} words, got ${initial.length}`);
  const state = initial.slice();
  const squeeze = (label: number): Uint32Array => {
    compressHeader(state, label, SQUEEZE_MARK, 0);
    return state.slice();
  };
  return {
    absorb: (label, words) => absorbInto(state, label, words),
    squeeze,
    squeezeExtension: (label) => {
      const words = squeeze(label);
      return [words[0]!, words[1]!, words[2]!, words[3]!, words[4]!];
    },
    grind: (label, bits, nonce) => {
      if (!Number.isInteger(bits) || bits < 1 || bits > MAXIMUM_GRIND_BITS)
        throw new RangeError(`a grind has 1..${MAXIMUM_GRIND_BITS} bits, got ${bits}`);
      if (!(nonce >= 0 && nonce < MODULUS && Number.isInteger(nonce)))
        throw new RangeError(`a nonce must be canonical, got ${nonce}`);
      compressHeader(state, label, GRIND_MARK + bits, nonce);
      return state[0]! % 2 ** bits === 0;
    },
    state: () => state.slice(),
  };
}

/** A fresh transcript. */
export function createTranscript(): Transcript {
  return resumeTranscript(Uint32Array.of(PROTOCOL_TAG, VERSION, 0, 0, 0, 0, 0, 0));
}
