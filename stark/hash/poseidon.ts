/**
 * The hash primitive: Poseidon1 of width 16 over KoalaBear and the two-to-one compression with feed-forward. Four full
 * rounds, twenty partial rounds, four full rounds; a round adds constants, cubes, and multiplies by the circulant MDS.
 * Words are canonical. Source: docs/spec/proof-system.md, section 2.
 *
 * Compressions run by WebAssembly SIMD where it exists and in plain TypeScript elsewhere, with the same digests.
 */
import { canonicalWord, permuteDoubles } from './permutation.ts';
import { FULL_ROUNDS, MDS_FIRST_ROW, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH } from './poseidonConstants.ts';
import { BLOCKS_PER_CALL, type BlockCompressor, createBlockCompressor } from './poseidonSimd.ts';

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

/** What plain TypeScript does with blocks: the reference of the module. */
export function createPlainBlockCompressor(): BlockCompressor {
  const words = new Uint32Array(BLOCKS_PER_CALL * WIDTH);
  const compressBlocks = (count: number): void => {
    for (let block = 0; block < count; block++) {
      for (let lane = 0; lane < WIDTH; lane++) lanes[lane] = words[block * WIDTH + lane]!;
      for (let word = 0; word < DIGEST_WORDS; word++) feedForward[word] = lanes[word]!;
      permuteDoubles(lanes);
      for (let word = 0; word < DIGEST_WORDS; word++)
        words[block * DIGEST_WORDS + word] = canonicalWord(lanes[word]! + feedForward[word]!);
    }
  };
  return { words, compressBlocks };
}

/** Made by the first compression. */
let compressor: BlockCompressor | undefined;

function getCompressor(): BlockCompressor {
  compressor ??= createBlockCompressor() ?? createPlainBlockCompressor();
  return compressor;
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
  const { words, compressBlocks } = compressor ?? getCompressor();
  for (let word = 0; word < DIGEST_WORDS; word++) {
    words[word] = left[leftOffset + word]!;
    words[DIGEST_WORDS + word] = right[rightOffset + word]!;
  }
  compressBlocks(1);
  for (let word = 0; word < DIGEST_WORDS; word++) out[outOffset + word] = words[word]!;
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

/**
 * Many compressions at once, faster than one by one: digest i is that of words 16i..16i+7 and 16i+8..16i+15 of `blocks`.
 * Shape: blocks[16 * i + word], digests[8 * i + word]; `digests` may be the first half of `blocks`.
 * Throws: RangeError when the lengths do not fit.
 */
export function compressMany(digests: Uint32Array, blocks: Uint32Array): void {
  const count = blocks.length / WIDTH;
  if (!Number.isInteger(count) || digests.length !== count * DIGEST_WORDS)
    throw new RangeError(`${blocks.length} words of blocks do not make ${digests.length} words of digests`);
  const { words, compressBlocks } = getCompressor();
  for (let start = 0; start < count; start += BLOCKS_PER_CALL) {
    const calls = Math.min(BLOCKS_PER_CALL, count - start);
    words.set(blocks.subarray(start * WIDTH, (start + calls) * WIDTH));
    compressBlocks(calls);
    digests.set(words.subarray(0, calls * DIGEST_WORDS), start * DIGEST_WORDS);
  }
}
