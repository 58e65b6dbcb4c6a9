/**
 * The Poseidon1-16 permutation on 16 doubles that hold signed integers, congruent to the state modulo p. Made for speed:
 * a product by the small MDS entries is exact in a double, so a round reduces once a lane, and never to canonical form.
 * Source: docs/spec/proof-system.md, section 2.
 */
import { MODULUS } from '../field/koalaBear.ts';
import { FULL_ROUNDS, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH } from './poseidonConstants.ts';
import { FOLLOWING_CONSTANTS, LANE_CONSTANTS } from './sparse.ts';

const INVERSE_MODULUS = 1 / MODULUS;
/** Adding and subtracting 1.5 * 2^52 rounds a double below 2^51 to the nearest integer. */
const ROUNDING = 1.5 * 2 ** 52;

/** Constants of the full rounds before the partial ones, as doubles: [round * 16 + lane]. */
const OPENING_CONSTANTS = Float64Array.from(ROUND_CONSTANTS.subarray(0, (FULL_ROUNDS / 2) * WIDTH));
/** Constants of the full rounds after the partial ones; the first of them carries the partial rounds' lanes 1..15. */
const CLOSING_CONSTANTS = Float64Array.from([
  ...FOLLOWING_CONSTANTS,
  ...ROUND_CONSTANTS.subarray((FULL_ROUNDS / 2 + PARTIAL_ROUNDS + 1) * WIDTH),
]);
const PARTIAL_CONSTANTS = Float64Array.from(LANE_CONSTANTS);

/** The residue of least magnitude of an integer below 2^52: at most p/2 + 1, because the quotient may be off by a hair. */
function center(value: number): number {
  const quotient = value * INVERSE_MODULUS + ROUNDING - ROUNDING;
  return value - quotient * MODULUS;
}

/** The canonical word of an integer below 2^52. */
export function canonicalWord(value: number): number {
  const centered = center(value);
  return centered < 0 ? centered + MODULUS : centered;
}

/**
 * The cube of a centered value, in -p-2^10..p+2^10. Quotients are truncated; products are computed modulo 2^32, where the
 * remainders fit: the square's lies in 0..p and the cube's in -p..p, up to the quotient's rounding.
 */
function cube(value: number): number {
  const word = value | 0;
  const square = (Math.imul(word, word) - Math.imul((value * value * INVERSE_MODULUS) | 0, MODULUS)) | 0;
  const quotient = (value * square * INVERSE_MODULUS) | 0;
  return (Math.imul(word, square) - Math.imul(quotient, MODULUS)) | 0;
}

/**
 * state <- M * state, exactly, for lanes below 2^40. M is circulant, so this is a product of polynomials modulo z^16 - 1,
 * here split by z^16 - 1 = (z^8 + 1)(z^4 + 1)(z^2 + 1)(z + 1)(z - 1). The first column of M is
 * 1, 3, 13, 22, 67, 2, 15, 63, 101, 1, 2, 17, 11, 1, 51, 1. Its halves' differences and sums, over the power of two that
 * the way back needs, are the factors below; they are exact, and so are all intermediate values (53 bits with 4 binary
 * places).
 */
function multiplyByMds(state: Float64Array): void {
  const x15 = state[15]!;
  const x0 = state[0]!;
  const x1 = state[1]!;
  const x2 = state[2]!;
  const x3 = state[3]!;
  const x4 = state[4]!;
  const x5 = state[5]!;
  const x6 = state[6]!;
  const x7 = state[7]!;
  const x8 = state[8]!;
  const x9 = state[9]!;
  const x10 = state[10]!;
  const x11 = state[11]!;
  const x12 = state[12]!;
  const x13 = state[13]!;
  const x14 = state[14]!;

  // Modulo z^8 + 1: (-100, 2, 11, 5, 56, 1, -36, 62) / 2.
  const a0 = x0 - x8;
  const a1 = x1 - x9;
  const a2 = x2 - x10;
  const a3 = x3 - x11;
  const a4 = x4 - x12;
  const a5 = x5 - x13;
  const a6 = x6 - x14;
  const a7 = x7 - x15;
  const p0 = -50 * a0 - 31 * a1 + 18 * a2 - 0.5 * a3 - 28 * a4 - 2.5 * a5 - 5.5 * a6 - a7;
  const p1 = a0 - 50 * a1 - 31 * a2 + 18 * a3 - 0.5 * a4 - 28 * a5 - 2.5 * a6 - 5.5 * a7;
  const p2 = 5.5 * a0 + a1 - 50 * a2 - 31 * a3 + 18 * a4 - 0.5 * a5 - 28 * a6 - 2.5 * a7;
  const p3 = 2.5 * a0 + 5.5 * a1 + a2 - 50 * a3 - 31 * a4 + 18 * a5 - 0.5 * a6 - 28 * a7;
  const p4 = 28 * a0 + 2.5 * a1 + 5.5 * a2 + a3 - 50 * a4 - 31 * a5 + 18 * a6 - 0.5 * a7;
  const p5 = 0.5 * a0 + 28 * a1 + 2.5 * a2 + 5.5 * a3 + a4 - 50 * a5 - 31 * a6 + 18 * a7;
  const p6 = -18 * a0 + 0.5 * a1 + 28 * a2 + 2.5 * a3 + 5.5 * a4 + a5 - 50 * a6 - 31 * a7;
  const p7 = 31 * a0 - 18 * a1 + 0.5 * a2 + 28 * a3 + 2.5 * a4 + 5.5 * a5 + a6 - 50 * a7;

  // Modulo z^4 + 1: (24, 1, -51, -25) / 4.
  const y0 = x0 + x8;
  const y1 = x1 + x9;
  const y2 = x2 + x10;
  const y3 = x3 + x11;
  const y4 = x4 + x12;
  const y5 = x5 + x13;
  const y6 = x6 + x14;
  const y7 = x7 + x15;
  const b0 = y0 - y4;
  const b1 = y1 - y5;
  const b2 = y2 - y6;
  const b3 = y3 - y7;
  const q0 = 6 * b0 + 6.25 * b1 + 12.75 * b2 - 0.25 * b3;
  const q1 = 0.25 * b0 + 6 * b1 + 6.25 * b2 + 12.75 * b3;
  const q2 = -12.75 * b0 + 0.25 * b1 + 6 * b2 + 6.25 * b3;
  const q3 = -6.25 * b0 - 12.75 * b1 + 0.25 * b2 + 6 * b3;

  // Modulo z^2 + 1: (99, -96) / 8; modulo z + 1 and z - 1: 151 / 16 and 371 / 16.
  const z0 = y0 + y4;
  const z1 = y1 + y5;
  const z2 = y2 + y6;
  const z3 = y3 + y7;
  const d0 = z0 - z2;
  const d1 = z1 - z3;
  const e0 = z0 + z2;
  const e1 = z1 + z3;
  const r0 = 12.375 * d0 + 12 * d1;
  const r1 = 12.375 * d1 - 12 * d0;
  const f0 = 23.1875 * (e0 + e1);
  const f1 = 9.4375 * (e0 - e1);

  // The way back: sum and difference at each level.
  const g0 = f0 + f1;
  const g1 = f0 - f1;
  const h0 = g0 + r0;
  const h1 = g1 + r1;
  const h2 = g0 - r0;
  const h3 = g1 - r1;
  const k0 = h0 + q0;
  const k1 = h1 + q1;
  const k2 = h2 + q2;
  const k3 = h3 + q3;
  const k4 = h0 - q0;
  const k5 = h1 - q1;
  const k6 = h2 - q2;
  const k7 = h3 - q3;
  state[0] = k0 + p0;
  state[1] = k1 + p1;
  state[2] = k2 + p2;
  state[3] = k3 + p3;
  state[4] = k4 + p4;
  state[5] = k5 + p5;
  state[6] = k6 + p6;
  state[7] = k7 + p7;
  state[8] = k0 - p0;
  state[9] = k1 - p1;
  state[10] = k2 - p2;
  state[11] = k3 - p3;
  state[12] = k4 - p4;
  state[13] = k5 - p5;
  state[14] = k6 - p6;
  state[15] = k7 - p7;
}

function applyFullRounds(state: Float64Array, constants: Float64Array): void {
  for (let start = 0; start < constants.length; start += WIDTH) {
    for (let lane = 0; lane < WIDTH; lane++) {
      state[lane] = cube(center(state[lane]! + constants[start + lane]!));
    }
    multiplyByMds(state);
  }
}

/**
 * The permutation, in place. Shape: 16 lanes. Form: integers below 2^40 in, below 2^40 out, congruent modulo p to the
 * canonical words.
 */
export function permuteDoubles(state: Float64Array): void {
  applyFullRounds(state, OPENING_CONSTANTS);
  // Two rounds before lanes 1..15 are reduced: from 2^30 they grow by less than 2^9 a round.
  for (let round = 0; round < PARTIAL_ROUNDS; round += 2) {
    for (let lane = 1; lane < WIDTH; lane++) state[lane] = center(state[lane]!);
    state[0] = cube(center(state[0]! + PARTIAL_CONSTANTS[round]!));
    multiplyByMds(state);
    state[0] = cube(center(state[0]! + PARTIAL_CONSTANTS[round + 1]!));
    multiplyByMds(state);
  }
  applyFullRounds(state, CLOSING_CONSTANTS);
}
