/**
 * Poseidon1-16 compression by WebAssembly SIMD, in AssemblyScript: one state in four vectors of four lanes. The tables in
 * memory are written by stark/hash/poseidonSimd.ts, which also says how lanes are scaled.
 * Source: docs/spec/proof-system.md, section 2.
 *
 * Between steps a lane is a word in 0..p-1. A full round replaces every lane x by (x + constant)^3, with quotients in
 * doubles as in stark/hash/permutation.ts; then comes the linear layer. The matrix is circulant, so as M = [[A, B], [B, A]]
 * it acts as A + B on the sums y and as A - B on the differences a of the two halves of the state:
 * 2 * M * x = ((A + B)y + (A - B)a, (A + B)y - (A - B)a). Sums and differences are cut into signed 16-bit halves, which
 * lie in pairs in vectors of 16-bit integers; one dot instruction multiplies four rows of the matrix by such a pair. The
 * halves join as high + low / 2^16, where 2^-16 = -32512 modulo p, so the layer is M * x / 2^15.
 *
 * In a partial round lane 0 is an integer apart, and 0 in the vectors: its S-box is a chain of multiplications, which
 * would otherwise wait for the vectors in each round. The cube joins the other lanes by column 0 of the matrix. The next
 * lane 0 is what the others give, known early, plus the cube / 2^15, since the first entry of M is 1.
 */

/** p = 2^31 - 2^24 + 1, and its inverse modulo 2^32. */
const MODULUS: i32 = 0x7f000001;
const MONTGOMERY_INVERSE: i32 = 0x81000001;

// Addresses in bytes; stark/hash/poseidonSimd.ts writes these tables.
/** 16 words a round: the constants, minus p; of a partial round the constant of lane 0, its factor, and that / 2^15. */
const ROUND_TABLE: usize = 0;
const FIRST_PARTIAL: usize = 256;
const FIRST_CLOSING: usize = 1536;
const ROUND_TABLE_END: usize = 1792;
/** Pairs of entries of A + B, then of A - B, then of (2 * column 0 of M without its first entry, 0): by rows 0..3, 4..7. */
const SUM_MATRIX: usize = 2048;
const DIFFERENCE_MATRIX: usize = 2176;
const COLUMN: usize = 2304;
/** The factor of the output as i32 and, divided by p, as f64. */
const OUTPUT_FACTOR: usize = 2368;
const OUTPUT_QUOTIENT: usize = 2376;
/** In every lane, as vectors take less code from memory: 1.5 * 2^52, to round doubles by; 2^15; and 32512. */
const ROUNDING: usize = 2384;
const HALF: usize = 2400;
const LOW_FACTOR: usize = 2416;
/** The working state of a full round. */
const STATE: usize = 2432;
/** Blocks of 16 words, each replaced by its digest of 8 words: digest n lies where half block n did. */
const BLOCKS: usize = 4096;

/** High half of a product less its multiple of p: congruent to product / 2^32. */
function montgomery(product: i64): i64 {
  const quotient = <i64>(<i32>product * MONTGOMERY_INVERSE);
  return (product - quotient * <i64>MODULUS) >> 32;
}

/** 0..p-1 of lanes in -p..p-1. */
function canonical(lanes: v128): v128 {
  return i32x4.min_u(lanes, i32x4.add(lanes, i32x4.splat(MODULUS)));
}

/** 0..2^32-p-1 of lanes in 0..2^32-1. */
function reduceWords(lanes: v128): v128 {
  return i32x4.min_u(lanes, i32x4.sub(lanes, i32x4.splat(MODULUS)));
}

function lowDoubles(lanes: v128): v128 {
  return f64x2.convert_low_i32x4_s(lanes);
}

function highDoubles(lanes: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i32>(lanes, lanes, 2, 3, 2, 3));
}

/** The nearest integers of the four products: added to 1.5 * 2^52 they are the low bits of the double. */
function roundProducts(low: v128, lowFactor: v128, high: v128, highFactor: v128): v128 {
  const rounding = v128.load(ROUNDING);
  return v128.shuffle<i32>(
    f64x2.add(f64x2.mul(low, lowFactor), rounding),
    f64x2.add(f64x2.mul(high, highFactor), rounding),
    0,
    2,
    4,
    6,
  );
}

/** left * right - quotient * p, which must lie in -2^31..2^31-1. */
function remainder(left: v128, right: v128, quotient: v128): v128 {
  return i32x4.sub(i32x4.mul(left, right), i32x4.mul(quotient, i32x4.splat(MODULUS)));
}

/** Low halves of eight lanes, in -2^15..2^15-1, and what is left of the lanes, divided by 2^16. */
function lowHalves(first: v128, second: v128): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.shl(first, 16), 16), i32x4.shr_s(i32x4.shl(second, 16), 16));
}

function highHalves(first: v128, second: v128): v128 {
  const half = v128.load(HALF);
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(first, half), 16),
    i32x4.shr_s(i32x4.add(second, half), 16),
  );
}

/** Four rows of a matrix times eight halves. */
function rowProducts(halves: v128, rows: usize): v128 {
  return i32x4.add(
    i32x4.add(
      i32x4.dot_i16x8_s(v128.shuffle<i32>(halves, halves, 0, 0, 0, 0), v128.load(rows)),
      i32x4.dot_i16x8_s(v128.shuffle<i32>(halves, halves, 1, 1, 1, 1), v128.load(rows, 32)),
    ),
    i32x4.add(
      i32x4.dot_i16x8_s(v128.shuffle<i32>(halves, halves, 2, 2, 2, 2), v128.load(rows, 64)),
      i32x4.dot_i16x8_s(v128.shuffle<i32>(halves, halves, 3, 3, 3, 3), v128.load(rows, 96)),
    ),
  );
}

/** high + low / 2^16 modulo p, of halves below 2^25 in magnitude: at most p/2 + 2^25 before the last step. */
function join(high: v128, low: v128): v128 {
  const carry = i32x4.shr_s(i32x4.add(low, v128.load(HALF)), 16);
  return canonical(i32x4.sub(i32x4.add(high, carry), i32x4.dot_i16x8_s(low, v128.load(LOW_FACTOR))));
}

/** The full rounds from `start` to `end` of the round table, on STATE. */
function fullRounds(start: usize, end: usize): void {
  const modulus = i32x4.splat(MODULUS);
  const inverse = f64x2.splat(1.0 / <f64>MODULUS);
  for (let round = start; round < end; round += 64) {
    for (let offset: usize = 0; offset < 64; offset += 16) {
      const sum = i32x4.add(v128.load(STATE + offset), v128.load(round + offset));
      const sumLow = lowDoubles(sum);
      const sumHigh = highDoubles(sum);
      const scaledLow = f64x2.mul(sumLow, inverse);
      const scaledHigh = f64x2.mul(sumHigh, inverse);
      const square = remainder(sum, sum, roundProducts(sumLow, scaledLow, sumHigh, scaledHigh));
      const quotient = roundProducts(lowDoubles(square), scaledLow, highDoubles(square), scaledHigh);
      v128.store(STATE + offset, canonical(remainder(square, sum, quotient)));
    }
    const v0 = v128.load(STATE);
    const v1 = v128.load(STATE, 16);
    const v2 = v128.load(STATE, 32);
    const v3 = v128.load(STATE, 48);
    const y0 = i32x4.sub(i32x4.add(v0, v2), modulus);
    const y1 = i32x4.sub(i32x4.add(v1, v3), modulus);
    const a0 = i32x4.sub(v0, v2);
    const a1 = i32x4.sub(v1, v3);
    const yLow = lowHalves(y0, y1);
    const yHigh = highHalves(y0, y1);
    const aLow = lowHalves(a0, a1);
    const aHigh = highHalves(a0, a1);
    const yLow0 = rowProducts(yLow, SUM_MATRIX);
    const yLow1 = rowProducts(yLow, SUM_MATRIX + 16);
    const yHigh0 = rowProducts(yHigh, SUM_MATRIX);
    const yHigh1 = rowProducts(yHigh, SUM_MATRIX + 16);
    const aLow0 = rowProducts(aLow, DIFFERENCE_MATRIX);
    const aLow1 = rowProducts(aLow, DIFFERENCE_MATRIX + 16);
    const aHigh0 = rowProducts(aHigh, DIFFERENCE_MATRIX);
    const aHigh1 = rowProducts(aHigh, DIFFERENCE_MATRIX + 16);
    v128.store(STATE, join(i32x4.add(yHigh0, aHigh0), i32x4.add(yLow0, aLow0)));
    v128.store(STATE, join(i32x4.add(yHigh1, aHigh1), i32x4.add(yLow1, aLow1)), 16);
    v128.store(STATE, join(i32x4.sub(yHigh0, aHigh0), i32x4.sub(yLow0, aLow0)), 32);
    v128.store(STATE, join(i32x4.sub(yHigh1, aHigh1), i32x4.sub(yLow1, aLow1)), 48);
  }
}

/** The partial rounds, on STATE; sums are in -p..p-1. */
function partialRounds(): void {
  const modulus = i32x4.splat(MODULUS);
  const others = i32x4(0, -1, -1, -1);
  let v0 = v128.load(STATE);
  let v1 = v128.load(STATE, 16);
  let v2 = v128.load(STATE, 32);
  let v3 = v128.load(STATE, 48);
  // Lane 0 is `known` + `scaledCube`, both in 0..p-1.
  let known = <i64>i32x4.extract_lane(v0, 0);
  let scaledCube: i64 = 0;
  for (let round = FIRST_PARTIAL; round < FIRST_CLOSING; round += 64) {
    const shifted = known + <i64>i32.load(round);
    const sum = shifted - (MODULUS & ~(shifted >> 63)) + scaledCube;
    const square = montgomery(sum * sum);
    const cube = montgomery(square * montgomery(sum * <i64>i32.load(round, 4)));
    scaledCube = montgomery(square * montgomery(sum * <i64>i32.load(round, 8)));
    scaledCube += MODULUS & (scaledCube >> 63);
    const cubeLanes = canonical(i32x4.splat(<i32>cube));
    const cubeLow = v128.and(cubeLanes, i32x4.splat(0xffff));
    const cubeHigh = i32x4.shr_u(i32x4.add(cubeLanes, v128.load(HALF)), 16);

    v0 = v128.and(v0, others);
    const y0 = i32x4.sub(i32x4.add(v0, v2), modulus);
    const y1 = i32x4.sub(i32x4.add(v1, v3), modulus);
    const a0 = i32x4.sub(v0, v2);
    const a1 = i32x4.sub(v1, v3);
    const yLow = lowHalves(y0, y1);
    const yHigh = highHalves(y0, y1);
    const aLow = lowHalves(a0, a1);
    const aHigh = highHalves(a0, a1);
    const yLow0 = rowProducts(yLow, SUM_MATRIX);
    const yLow1 = rowProducts(yLow, SUM_MATRIX + 16);
    const yHigh0 = rowProducts(yHigh, SUM_MATRIX);
    const yHigh1 = rowProducts(yHigh, SUM_MATRIX + 16);
    const aLow0 = rowProducts(aLow, DIFFERENCE_MATRIX);
    const aLow1 = rowProducts(aLow, DIFFERENCE_MATRIX + 16);
    const aHigh0 = rowProducts(aHigh, DIFFERENCE_MATRIX);
    const aHigh1 = rowProducts(aHigh, DIFFERENCE_MATRIX + 16);
    let column = v128.load(COLUMN);
    v0 = join(
      i32x4.add(i32x4.add(yHigh0, aHigh0), i32x4.dot_i16x8_s(cubeHigh, column)),
      i32x4.add(i32x4.add(yLow0, aLow0), i32x4.dot_i16x8_s(cubeLow, column)),
    );
    known = <i64>i32x4.extract_lane(v0, 0);
    column = v128.load(COLUMN, 16);
    v1 = join(
      i32x4.add(i32x4.add(yHigh1, aHigh1), i32x4.dot_i16x8_s(cubeHigh, column)),
      i32x4.add(i32x4.add(yLow1, aLow1), i32x4.dot_i16x8_s(cubeLow, column)),
    );
    column = v128.load(COLUMN, 32);
    v2 = join(
      i32x4.add(i32x4.sub(yHigh0, aHigh0), i32x4.dot_i16x8_s(cubeHigh, column)),
      i32x4.add(i32x4.sub(yLow0, aLow0), i32x4.dot_i16x8_s(cubeLow, column)),
    );
    column = v128.load(COLUMN, 48);
    v3 = join(
      i32x4.add(i32x4.sub(yHigh1, aHigh1), i32x4.dot_i16x8_s(cubeHigh, column)),
      i32x4.add(i32x4.sub(yLow1, aLow1), i32x4.dot_i16x8_s(cubeLow, column)),
    );
  }
  const lane0 = known + scaledCube - MODULUS;
  const first = <i32>(lane0 + (MODULUS & (lane0 >> 63)));
  v128.store(STATE, i32x4.replace_lane(v0, 0, first));
  v128.store(STATE, v1, 16);
  v128.store(STATE, v2, 32);
  v128.store(STATE, v3, 48);
}

/** Digests of `count` blocks of 16 words at BLOCKS. Words may be any of 0..2^32-1; those of digests are in 0..p-1. */
export function compressBlocks(count: i32): void {
  const factor = v128.load32_splat(OUTPUT_FACTOR);
  const quotientFactor = v128.load64_splat(OUTPUT_QUOTIENT);
  let input = BLOCKS;
  let output = BLOCKS;
  for (let block: i32 = 0; block < count; block++) {
    for (let offset: usize = 0; offset < 64; offset += 16)
      v128.store(STATE + offset, reduceWords(reduceWords(v128.load(input + offset))));
    fullRounds(ROUND_TABLE, FIRST_PARTIAL);
    partialRounds();
    fullRounds(FIRST_CLOSING, ROUND_TABLE_END);
    // Lanes 0..7 without their scale, plus the first half of the block.
    for (let offset: usize = 0; offset < 32; offset += 16) {
      const lanes = v128.load(STATE + offset);
      const quotient = roundProducts(lowDoubles(lanes), quotientFactor, highDoubles(lanes), quotientFactor);
      const digest = canonical(remainder(lanes, factor, quotient));
      const words = reduceWords(reduceWords(v128.load(input + offset)));
      const sum = i32x4.sub(i32x4.add(digest, words), i32x4.splat(MODULUS));
      v128.store(output + offset, canonical(sum));
    }
    input += 64;
    output += 32;
  }
}
