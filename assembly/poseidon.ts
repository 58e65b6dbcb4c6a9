/**
 * Poseidon1-16 compression by WebAssembly SIMD, in AssemblyScript: one state in four vectors of four lanes. The tables in
 * memory are written by stark/hash/poseidonSimd.ts, which also says how lanes are scaled.
 * Source: docs/spec/proof-system.md, section 2.
 *
 * Between steps a lane is a word in 0..p-1. A round is
 *   full:    every lane x <- (x + constant)^3, by quotients in doubles, as in stark/hash/permutation.ts;
 *   partial: lane 0 <- factor * (x + constant)^3, by Montgomery reduction in 64-bit integers;
 * and then the linear layer. The matrix is circulant, so with M = [[A, B], [B, A]] it acts as A + B on the sums y and as
 * A - B on the differences a of the two half states: 2 * M * x = ((A + B)y + (A - B)a, (A + B)y - (A - B)a). Sums and
 * differences are cut into signed 16-bit halves, which lie as pairs in vectors of 16-bit integers; one dot instruction
 * multiplies four rows of the matrix by such a pair. The halves join as high + low / 2^16, where 2^-16 = -32512 modulo p,
 * so the layer is M * x / 2^15.
 */

/** p = 2^31 - 2^24 + 1, and its inverse modulo 2^32. */
const MODULUS: i32 = 0x7f000001;
const MONTGOMERY_INVERSE: i32 = 0x81000001;
const ROUND_COUNT: i32 = 28;
const FIRST_PARTIAL: i32 = 4;
const FIRST_CLOSING: i32 = 24;
/** Adding it to a double below 2^51 puts the nearest integer into the low bits. */
const ROUNDING: f64 = 6755399441055744.0;

// Addresses in bytes; stark/hash/poseidonSimd.ts has the same.
/** 4 vectors of round constants a full round, minus p; of a partial round only the first lane is read. */
const ROUND_TABLE: usize = 0;
/** A factor of lane 0 a partial round, as i32, at its round. */
const FACTOR_TABLE: usize = 2048;
/** Pairs of entries of A + B, then of A - B: [pair of columns][rows 0..3, rows 4..7]. */
const SUM_MATRIX: usize = 2304;
const DIFFERENCE_MATRIX: usize = 2432;
/** The factor of the output as i32 and, divided by p, as f64. */
const OUTPUT_FACTOR: usize = 2560;
const OUTPUT_QUOTIENT: usize = 2568;
/** The working state of a full round. */
const STATE: usize = 2624;
/** Blocks of 16 words; each is replaced by its digest, which takes the first 8 words of 8 * block. */
const BLOCKS: usize = 4096;

/** High half of a product less its multiple of p: congruent to product / 2^32. */
function montgomery(product: i64): i64 {
  const quotient = <i64>(<i32>product * MONTGOMERY_INVERSE);
  return (product - quotient * <i64>MODULUS) >> 32;
}

/** Digests of `count` blocks of 16 words at BLOCKS; the digests lie there afterwards, one after the other. */
export function compressBlocks(count: i32): void {
  const modulus = i32x4.splat(MODULUS);
  const inverse = f64x2.splat(1.0 / <f64>MODULUS);
  const rounding = f64x2.splat(ROUNDING);
  const half = i32x4.splat(0x8000);
  const lowFactor = i32x4.splat(32512);

  for (let block: i32 = 0; block < count; block++) {
    const input = BLOCKS + ((<usize>block) << 6);
    let v0 = v128.load(input);
    let v1 = v128.load(input, 16);
    let v2 = v128.load(input, 32);
    let v3 = v128.load(input, 48);
    // Words may exceed p, even twice.
    v0 = i32x4.min_u(v0, i32x4.sub(v0, modulus));
    v1 = i32x4.min_u(v1, i32x4.sub(v1, modulus));
    v2 = i32x4.min_u(v2, i32x4.sub(v2, modulus));
    v3 = i32x4.min_u(v3, i32x4.sub(v3, modulus));
    v0 = i32x4.min_u(v0, i32x4.sub(v0, modulus));
    v1 = i32x4.min_u(v1, i32x4.sub(v1, modulus));
    v2 = i32x4.min_u(v2, i32x4.sub(v2, modulus));
    v3 = i32x4.min_u(v3, i32x4.sub(v3, modulus));
    v128.store(input, v0);
    v128.store(input, v1, 16);

    for (let round: i32 = 0; round < ROUND_COUNT; round++) {
      if (round >= FIRST_PARTIAL && round < FIRST_CLOSING) {
        const sum = <i64>(i32x4.extract_lane(v0, 0) + i32.load(ROUND_TABLE + ((<usize>round) << 6)));
        const factor = <i64>i32.load(FACTOR_TABLE + ((<usize>round) << 2));
        const cube = montgomery(montgomery(sum * sum) * montgomery(sum * factor));
        v0 = i32x4.replace_lane(v0, 0, <i32>(cube + ((cube >> 63) & <i64>MODULUS)));
      } else {
        v128.store(STATE, v0);
        v128.store(STATE, v1, 16);
        v128.store(STATE, v2, 32);
        v128.store(STATE, v3, 48);
        for (let offset: usize = 0; offset < 64; offset += 16) {
          const sum = i32x4.add(
            v128.load(STATE + offset),
            v128.load(ROUND_TABLE + ((<usize>round) << 6) + offset),
          );
          const sumLow = f64x2.convert_low_i32x4_s(sum);
          const sumHigh = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(sum, sum, 2, 3, 2, 3));
          const scaledLow = f64x2.mul(sumLow, inverse);
          const scaledHigh = f64x2.mul(sumHigh, inverse);
          const squareQuotient = v128.shuffle<i32>(
            f64x2.add(f64x2.mul(sumLow, scaledLow), rounding),
            f64x2.add(f64x2.mul(sumHigh, scaledHigh), rounding),
            0,
            2,
            4,
            6,
          );
          const square = i32x4.sub(i32x4.mul(sum, sum), i32x4.mul(squareQuotient, modulus));
          const squareLow = f64x2.convert_low_i32x4_s(square);
          const squareHigh = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(square, square, 2, 3, 2, 3));
          const cubeQuotient = v128.shuffle<i32>(
            f64x2.add(f64x2.mul(squareLow, scaledLow), rounding),
            f64x2.add(f64x2.mul(squareHigh, scaledHigh), rounding),
            0,
            2,
            4,
            6,
          );
          const cube = i32x4.sub(i32x4.mul(square, sum), i32x4.mul(cubeQuotient, modulus));
          v128.store(STATE + offset, i32x4.min_u(cube, i32x4.add(cube, modulus)));
        }
        v0 = v128.load(STATE);
        v1 = v128.load(STATE, 16);
        v2 = v128.load(STATE, 32);
        v3 = v128.load(STATE, 48);
      }

      // Sums in -p..p-1 and differences in -p+1..p-1, both cut as high * 2^16 + low with both in -2^15..2^15-1.
      const y0 = i32x4.sub(i32x4.add(v0, v2), modulus);
      const y1 = i32x4.sub(i32x4.add(v1, v3), modulus);
      const a0 = i32x4.sub(v0, v2);
      const a1 = i32x4.sub(v1, v3);
      let low = i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.shl(y0, 16), 16), i32x4.shr_s(i32x4.shl(y1, 16), 16));
      let high = i16x8.narrow_i32x4_s(
        i32x4.shr_s(i32x4.add(y0, half), 16),
        i32x4.shr_s(i32x4.add(y1, half), 16),
      );
      let rows0 = v128.load(SUM_MATRIX);
      let rows1 = v128.load(SUM_MATRIX, 16);
      let lowPair = v128.shuffle<i32>(low, low, 0, 0, 0, 0);
      let highPair = v128.shuffle<i32>(high, high, 0, 0, 0, 0);
      let sumLow0 = i32x4.dot_i16x8_s(lowPair, rows0);
      let sumLow1 = i32x4.dot_i16x8_s(lowPair, rows1);
      let sumHigh0 = i32x4.dot_i16x8_s(highPair, rows0);
      let sumHigh1 = i32x4.dot_i16x8_s(highPair, rows1);
      rows0 = v128.load(SUM_MATRIX, 32);
      rows1 = v128.load(SUM_MATRIX, 48);
      lowPair = v128.shuffle<i32>(low, low, 1, 1, 1, 1);
      highPair = v128.shuffle<i32>(high, high, 1, 1, 1, 1);
      sumLow0 = i32x4.add(sumLow0, i32x4.dot_i16x8_s(lowPair, rows0));
      sumLow1 = i32x4.add(sumLow1, i32x4.dot_i16x8_s(lowPair, rows1));
      sumHigh0 = i32x4.add(sumHigh0, i32x4.dot_i16x8_s(highPair, rows0));
      sumHigh1 = i32x4.add(sumHigh1, i32x4.dot_i16x8_s(highPair, rows1));
      rows0 = v128.load(SUM_MATRIX, 64);
      rows1 = v128.load(SUM_MATRIX, 80);
      lowPair = v128.shuffle<i32>(low, low, 2, 2, 2, 2);
      highPair = v128.shuffle<i32>(high, high, 2, 2, 2, 2);
      sumLow0 = i32x4.add(sumLow0, i32x4.dot_i16x8_s(lowPair, rows0));
      sumLow1 = i32x4.add(sumLow1, i32x4.dot_i16x8_s(lowPair, rows1));
      sumHigh0 = i32x4.add(sumHigh0, i32x4.dot_i16x8_s(highPair, rows0));
      sumHigh1 = i32x4.add(sumHigh1, i32x4.dot_i16x8_s(highPair, rows1));
      rows0 = v128.load(SUM_MATRIX, 96);
      rows1 = v128.load(SUM_MATRIX, 112);
      lowPair = v128.shuffle<i32>(low, low, 3, 3, 3, 3);
      highPair = v128.shuffle<i32>(high, high, 3, 3, 3, 3);
      sumLow0 = i32x4.add(sumLow0, i32x4.dot_i16x8_s(lowPair, rows0));
      sumLow1 = i32x4.add(sumLow1, i32x4.dot_i16x8_s(lowPair, rows1));
      sumHigh0 = i32x4.add(sumHigh0, i32x4.dot_i16x8_s(highPair, rows0));
      sumHigh1 = i32x4.add(sumHigh1, i32x4.dot_i16x8_s(highPair, rows1));

      low = i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.shl(a0, 16), 16), i32x4.shr_s(i32x4.shl(a1, 16), 16));
      high = i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(a0, half), 16), i32x4.shr_s(i32x4.add(a1, half), 16));
      rows0 = v128.load(DIFFERENCE_MATRIX);
      rows1 = v128.load(DIFFERENCE_MATRIX, 16);
      lowPair = v128.shuffle<i32>(low, low, 0, 0, 0, 0);
      highPair = v128.shuffle<i32>(high, high, 0, 0, 0, 0);
      let differenceLow0 = i32x4.dot_i16x8_s(lowPair, rows0);
      let differenceLow1 = i32x4.dot_i16x8_s(lowPair, rows1);
      let differenceHigh0 = i32x4.dot_i16x8_s(highPair, rows0);
      let differenceHigh1 = i32x4.dot_i16x8_s(highPair, rows1);
      rows0 = v128.load(DIFFERENCE_MATRIX, 32);
      rows1 = v128.load(DIFFERENCE_MATRIX, 48);
      lowPair = v128.shuffle<i32>(low, low, 1, 1, 1, 1);
      highPair = v128.shuffle<i32>(high, high, 1, 1, 1, 1);
      differenceLow0 = i32x4.add(differenceLow0, i32x4.dot_i16x8_s(lowPair, rows0));
      differenceLow1 = i32x4.add(differenceLow1, i32x4.dot_i16x8_s(lowPair, rows1));
      differenceHigh0 = i32x4.add(differenceHigh0, i32x4.dot_i16x8_s(highPair, rows0));
      differenceHigh1 = i32x4.add(differenceHigh1, i32x4.dot_i16x8_s(highPair, rows1));
      rows0 = v128.load(DIFFERENCE_MATRIX, 64);
      rows1 = v128.load(DIFFERENCE_MATRIX, 80);
      lowPair = v128.shuffle<i32>(low, low, 2, 2, 2, 2);
      highPair = v128.shuffle<i32>(high, high, 2, 2, 2, 2);
      differenceLow0 = i32x4.add(differenceLow0, i32x4.dot_i16x8_s(lowPair, rows0));
      differenceLow1 = i32x4.add(differenceLow1, i32x4.dot_i16x8_s(lowPair, rows1));
      differenceHigh0 = i32x4.add(differenceHigh0, i32x4.dot_i16x8_s(highPair, rows0));
      differenceHigh1 = i32x4.add(differenceHigh1, i32x4.dot_i16x8_s(highPair, rows1));
      rows0 = v128.load(DIFFERENCE_MATRIX, 96);
      rows1 = v128.load(DIFFERENCE_MATRIX, 112);
      lowPair = v128.shuffle<i32>(low, low, 3, 3, 3, 3);
      highPair = v128.shuffle<i32>(high, high, 3, 3, 3, 3);
      differenceLow0 = i32x4.add(differenceLow0, i32x4.dot_i16x8_s(lowPair, rows0));
      differenceLow1 = i32x4.add(differenceLow1, i32x4.dot_i16x8_s(lowPair, rows1));
      differenceHigh0 = i32x4.add(differenceHigh0, i32x4.dot_i16x8_s(highPair, rows0));
      differenceHigh1 = i32x4.add(differenceHigh1, i32x4.dot_i16x8_s(highPair, rows1));

      // Halves are below 2^25 in magnitude; joined they are below p/2 + 2^25.
      low = i32x4.add(sumLow0, differenceLow0);
      high = i32x4.add(sumHigh0, differenceHigh0);
      v0 = i32x4.sub(
        i32x4.add(high, i32x4.shr_s(i32x4.add(low, half), 16)),
        i32x4.dot_i16x8_s(low, lowFactor),
      );
      low = i32x4.add(sumLow1, differenceLow1);
      high = i32x4.add(sumHigh1, differenceHigh1);
      v1 = i32x4.sub(
        i32x4.add(high, i32x4.shr_s(i32x4.add(low, half), 16)),
        i32x4.dot_i16x8_s(low, lowFactor),
      );
      low = i32x4.sub(sumLow0, differenceLow0);
      high = i32x4.sub(sumHigh0, differenceHigh0);
      v2 = i32x4.sub(
        i32x4.add(high, i32x4.shr_s(i32x4.add(low, half), 16)),
        i32x4.dot_i16x8_s(low, lowFactor),
      );
      low = i32x4.sub(sumLow1, differenceLow1);
      high = i32x4.sub(sumHigh1, differenceHigh1);
      v3 = i32x4.sub(
        i32x4.add(high, i32x4.shr_s(i32x4.add(low, half), 16)),
        i32x4.dot_i16x8_s(low, lowFactor),
      );
      v0 = i32x4.min_u(v0, i32x4.add(v0, modulus));
      v1 = i32x4.min_u(v1, i32x4.add(v1, modulus));
      v2 = i32x4.min_u(v2, i32x4.add(v2, modulus));
      v3 = i32x4.min_u(v3, i32x4.add(v3, modulus));
    }

    // The feed-forward: lanes 0..7 times the output factor, plus the block's first half.
    v128.store(STATE, v0);
    v128.store(STATE, v1, 16);
    const factor = v128.load32_splat(OUTPUT_FACTOR);
    const quotientFactor = v128.load64_splat(OUTPUT_QUOTIENT);
    const output = BLOCKS + ((<usize>block) << 5);
    for (let offset: usize = 0; offset < 32; offset += 16) {
      const lanes = v128.load(STATE + offset);
      const lanesHigh = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(lanes, lanes, 2, 3, 2, 3));
      const quotient = v128.shuffle<i32>(
        f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(lanes), quotientFactor), rounding),
        f64x2.add(f64x2.mul(lanesHigh, quotientFactor), rounding),
        0,
        2,
        4,
        6,
      );
      let sum = i32x4.sub(i32x4.mul(lanes, factor), i32x4.mul(quotient, modulus));
      sum = i32x4.min_u(sum, i32x4.add(sum, modulus));
      sum = i32x4.sub(i32x4.add(sum, v128.load(input + offset)), modulus);
      sum = i32x4.min_u(sum, i32x4.add(sum, modulus));
      v128.store(output + offset, sum);
    }
  }
}
