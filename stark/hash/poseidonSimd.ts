/**
 * Compressions by WebAssembly SIMD: makes the module of assembly/poseidon.ts and writes its tables.
 *
 * The module's linear layer is M / 2^15, and its S-box has no factors. So it holds the state times a scale that is known
 * for each round, and the constants carry it: 1 before the first round, scale^3 / 2^15 after a full round, scale / 2^15
 * after a partial one, in which a factor gives lane 0 the scale of the others. A last factor takes the scale off.
 * Source: docs/spec/proof-system.md, section 2.
 */
import { inverse, MODULUS, multiply, power } from '../field/koalaBear.ts';
import { POSEIDON_MODULE } from './generated/poseidonModule.ts';
import { FULL_ROUNDS, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH } from './poseidonConstants.ts';
import { FOLLOWING_CONSTANTS, LANE_CONSTANTS, MDS_MATRIX } from './sparse.ts';

const HALF = WIDTH / 2;

/** Addresses in bytes, as in assembly/poseidon.ts. */
const SUM_MATRIX = 2048;
const DIFFERENCE_MATRIX = 2176;
const COLUMN = 2304;
const OUTPUT_FACTOR = 2368;
const OUTPUT_QUOTIENT = 2376;
const ROUNDING = 2384;
const HALVES = 2400;
const LOW_FACTOR = 2416;
const BLOCKS = 4096;

/** Blocks that one call of the module takes; a performance choice: they and their digests stay in the first cache. */
export const BLOCKS_PER_CALL = 256;

/** What compresses blocks of 16 words; `words` are those of the module's memory that hold blocks and then digests. */
export interface BlockCompressor {
  readonly words: Uint32Array;
  /** Replaces `count` blocks at the start of `words` by their digests, one after the other; count <= BLOCKS_PER_CALL. */
  readonly compressBlocks: (count: number) => void;
}

/** The residue of least magnitude. */
const centered = (value: number): number => (value > MODULUS / 2 ? value - MODULUS : value);

function writeTables(memory: WebAssembly.Memory): void {
  const view = new DataView(memory.buffer);
  const setWord = (address: number, value: number): void => view.setInt32(address, value, true);
  const layerScale = inverse(2 ** 15);
  // Montgomery reductions make s^3 * factor / 2^96 of lane 0, s at scale: factor = 2^96 / scale^2 gives it the scale again.
  const montgomeryCube = power(2, 96);
  const firstClosing = FULL_ROUNDS / 2 + PARTIAL_ROUNDS;
  let scale = 1;
  for (let round = 0; round < FULL_ROUNDS + PARTIAL_ROUNDS; round++) {
    const address = 4 * WIDTH * round;
    const partialRound = round - FULL_ROUNDS / 2;
    if (partialRound >= 0 && partialRound < PARTIAL_ROUNDS) {
      const factor = multiply(montgomeryCube, inverse(multiply(scale, scale)));
      setWord(address, multiply(LANE_CONSTANTS[partialRound]!, scale) - MODULUS);
      setWord(address + 4, centered(factor));
      setWord(address + 8, centered(multiply(factor, layerScale)));
      scale = multiply(scale, layerScale);
    } else {
      for (let lane = 0; lane < WIDTH; lane++) {
        const constant =
          round === firstClosing ? FOLLOWING_CONSTANTS[lane]! : ROUND_CONSTANTS[round * WIDTH + lane]!;
        setWord(address + 4 * lane, multiply(constant, scale) - MODULUS);
      }
      scale = multiply(power(scale, 3), layerScale);
    }
  }
  const factor = centered(inverse(scale));
  setWord(OUTPUT_FACTOR, factor);
  view.setFloat64(OUTPUT_QUOTIENT, factor / MODULUS, true);
  for (const lane of [0, 1]) view.setFloat64(ROUNDING + 8 * lane, 1.5 * 2 ** 52, true);
  for (const lane of [0, 1, 2, 3]) {
    setWord(HALVES + 4 * lane, 2 ** 15);
    setWord(LOW_FACTOR + 4 * lane, 127 * 2 ** 8);
  }
  for (let row = 0; row < HALF; row++) {
    for (let column = 0; column < HALF; column++) {
      const [near, far] = [MDS_MATRIX[row]![column]!, MDS_MATRIX[row]![column + HALF]!];
      const offset = 32 * (column >> 1) + 4 * row + 2 * (column & 1);
      view.setInt16(SUM_MATRIX + offset, near + far, true);
      view.setInt16(DIFFERENCE_MATRIX + offset, near - far, true);
    }
  }
  for (let row = 1; row < WIDTH; row++) view.setInt16(COLUMN + 4 * row, 2 * MDS_MATRIX[row]![0]!, true);
}

interface PoseidonExports {
  readonly memory: WebAssembly.Memory;
  readonly compressBlocks: (count: number) => void;
}

/**
 * A compressor with its own memory, or undefined where WebAssembly or its vectors are missing or a page's policy forbids to
 * compile. The module is below 4 KiB, so browsers compile it synchronously on the main thread too.
 */
export function createBlockCompressor(): BlockCompressor | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  const bytes = Uint8Array.from(atob(POSEIDON_MODULE), (character) => character.charCodeAt(0));
  if (!WebAssembly.validate(bytes)) return undefined;
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
  const { memory, compressBlocks } = instance.exports as unknown as PoseidonExports;
  writeTables(memory);
  return { words: new Uint32Array(memory.buffer, BLOCKS, BLOCKS_PER_CALL * WIDTH), compressBlocks };
}
