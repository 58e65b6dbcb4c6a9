/** Seeded randomness for tests: the xorshift32 generator, so that a failing case can be run again from its seed. */
import { MODULUS } from '../../stark/field/koalaBear.ts';

export interface Random {
  /** A canonical field element. */
  word(): number;
  /** An integer in 0..bound - 1. */
  below(bound: number): number;
  /** `count` canonical field elements. */
  words(count: number): Uint32Array;
}

export function createRandom(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
  function next(): number {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  }
  const below = (bound: number): number => Math.floor((next() / 2 ** 32) * bound);
  const word = (): number => below(MODULUS);
  return { word, below, words: (count) => Uint32Array.from({ length: count }, word) };
}
