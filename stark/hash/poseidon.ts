/**
 * The hash primitive: Poseidon1 of width 16 over KoalaBear and the two-to-one compression with feed-forward. Four full
 * rounds, twenty partial rounds, four full rounds; a round adds constants, cubes, and multiplies by the circulant MDS.
 * Words are canonical. Source: docs/spec/proof-system.md, section 2.
 */
import { add, multiply } from '../field/koalaBear.ts';
import { FULL_ROUNDS, MDS_FIRST_ROW, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH } from './poseidonConstants.ts';

export { FULL_ROUNDS, MDS_FIRST_ROW, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH };

/** Words of a digest, and of a block that the transcript or a leaf absorbs. */
export const DIGEST_WORDS = 8;

function cube(value: number): number {
  return multiply(value, multiply(value, value));
}

/** The permutation, in place. Throws: RangeError unless the state has 16 words. */
export function permute(state: Uint32Array): void {
  if (state.length !== WIDTH)
    throw new RangeError(`a Poseidon state has ${WIDTH} words, got ${state.length}`);
  const sums = new Uint32Array(WIDTH);
  for (let round = 0; round < FULL_ROUNDS + PARTIAL_ROUNDS; round++) {
    const isFull = round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + PARTIAL_ROUNDS;
    for (let lane = 0; lane < WIDTH; lane++) {
      const value = add(state[lane]!, ROUND_CONSTANTS[round * WIDTH + lane]!);
      state[lane] = isFull || lane === 0 ? cube(value) : value;
    }
    for (let row = 0; row < WIDTH; row++) {
      let sum = 0;
      for (let column = 0; column < WIDTH; column++) {
        sum = add(sum, multiply(MDS_FIRST_ROW[(column - row + WIDTH) % WIDTH]!, state[column]!));
      }
      sums[row] = sum;
    }
    state.set(sums);
  }
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
  const input = new Uint32Array(WIDTH);
  for (let word = 0; word < DIGEST_WORDS; word++) {
    input[word] = left[leftOffset + word]!;
    input[DIGEST_WORDS + word] = right[rightOffset + word]!;
  }
  const state = input.slice();
  permute(state);
  for (let word = 0; word < DIGEST_WORDS; word++) out[outOffset + word] = add(state[word]!, input[word]!);
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
