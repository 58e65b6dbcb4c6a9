/**
 * Digests of canonical words outside a transcript: keys, machines, profiles, statements.
 * Source: docs/spec/proof-system.md, section 2.
 */
import { absorbInto, LABEL, PROTOCOL_TAG, VERSION } from '../transcript.ts';

/** The 8-word digest of a labelled message; its length is bound. Throws: RangeError on a word outside 0..p-1. */
export function digest(label: number, words: ArrayLike<number>): Uint32Array {
  const state = Uint32Array.of(PROTOCOL_TAG, VERSION, LABEL.DIGEST, 0, 0, 0, 0, 0);
  absorbInto(state, label, words);
  return state;
}
