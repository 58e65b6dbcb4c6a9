/**
 * The hash primitive: Poseidon1 of width 16 over KoalaBear and the two-to-one compression with feed-forward. Four full
 * rounds, twenty partial rounds, four full rounds; a round adds constants, cubes, and multiplies by the circulant MDS.
 * Words are canonical. Source: docs/spec/proof-system.md, section 2.
 */
import { canonicalWord, permuteDoubles } from './permutation.ts';
import { FULL_ROUNDS, MDS_FIRST_ROW, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH } from './poseidonConstants.ts';

export { FULL_ROUNDS, MDS_FIRST_ROW, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH };

/** Words of a digest, and of a block that the transcript or a leaf absorbs. */
export const DIGEST_WORDS = 8;

/** The working state of every call; nothing is kept in these between calls. */
const lanes = new Float64Array(WIDTH);
const feedForward = new Float64Array(DIGEST_WORDS);

/** The permutation, in place. Throws: RangeError unless the state has 16 words. */
export function permute(state: Uint32Array): void {
  if (state.length !== WIDTH)
    throw new RangeError(`a Poseidon state has ${WIDTH} words, got ${state.length}`);
  for (let lane = 0; lane < WIDTH; lane++) lanes[lane] = state[lane]!;
  permuteDoubles(lanes);
  for (let lane = 0; lane < WIDTH; lane++) state[lane] = canonicalWord(lanes[lane]!);
}

/**
 * out[outOffset..+8] = (P(left || right) + (left || right))[0..8), the operands being 8 words at their offsets. `out` may
 * be the array of an operand. Throws: RangeError when 8 words do not fit.
 */
export function compressInto(
  out: Uint32Array,
  outOffset: number,
  left: Uint32Array,
  leftOffset: number,
  right: Uint32Array,
  rightOffset: number,
): void {
  if (
    outOffset + DIGEST_WORDS > out.length ||
    leftOffset + DIGEST_WORDS > left.length ||
    rightOffset + DIGEST_WORDS > right.length
  )
    throw new RangeError('compress needs 8 words at each offset');
  for (let word = 0; word < DIGEST_WORDS; word++) {
    lanes[word] = feedForward[word] = left[leftOffset + word]!;
    lanes[DIGEST_WORDS + word] = right[rightOffset + word]!;
  }
  permuteDoubles(lanes);
  for (let word = 0; word < DIGEST_WORDS; word++) {
    out[outOffset + word] = canonicalWord(lanes[word]! + feedForward[word]!);
  }
}

/** The compression of two digests as a new array. Throws: RangeError unless both have 8 words. */
export function compress(left: Uint32Array, right: Uint32Array): Uint32Array {
  if (left.length !== DIGEST_WORDS || right.length !== DIGEST_WORDS)
    throw new RangeError(
      `compress takes two digests of ${DIGEST_WORDS} words, got ${left.length} and ${right.length}`,
    );
  const digest = new Uint32Array(DIGEST_WORDS);
  compressInto(digest, 0, left, 0, right, 0);
  return digest;
}
