// Poseidon1 of width 16 and the two-to-one compression with feed-forward; words in Montgomery form, 0..p-1.
// A round adds constants, cubes (all lanes, or lane 0 in a partial round) and multiplies by the circulant MDS.
// Source: docs/spec/proof-system.md, section 2.
#import field
#import poseidonConstants

const POSEIDON_WIDTH = 16u;
const POSEIDON_HALF_FULL_ROUNDS = 4u;
const POSEIDON_PARTIAL_ROUNDS = 20u;
const DIGEST_WORDS = 8u;

fn fieldCube(value: u32) -> u32 {
  return fieldMultiply(value, fieldSquare(value));
}

/// high * 2^16 + low mod p, for 0 <= high < 2^24 and 0 <= low < 2^25. With high = 256 * top + rest and top = 127 * q + r,
/// 127 * 2^24 = -1 mod p; q is rounded down so that r >= 1 whenever q >= 1 and the sum is never negative.
fn poseidonJoinHalves(high: i32, low: i32) -> u32 {
  let top = high >> 8u;
  let quotient = ((top - 1) * 33026) >> 22u;
  let sum = (u32(top - 127 * quotient) << 24u) + (u32(high & 255) << 16u) + u32(low - quotient);
  return min(sum, sum - FIELD_MODULUS);
}

/// The circulant MDS, on the 16-bit halves of the words.
fn poseidonLinear(state: ptr<function, array<u32, 16>>) {
  var low: array<i32, 16>;
  var high: array<i32, 16>;
  for (var lane = 0u; lane < POSEIDON_WIDTH; lane += 1u) {
    low[lane] = i32((*state)[lane] & 0xffffu);
    high[lane] = i32((*state)[lane] >> 16u);
  }
  poseidonCirculant(&low);
  poseidonCirculant(&high);
  for (var lane = 0u; lane < POSEIDON_WIDTH; lane += 1u) {
    (*state)[lane] = poseidonJoinHalves(high[lane], low[lane]);
  }
}

fn poseidonFullRound(state: ptr<function, array<u32, 16>>, round: u32) {
  for (var lane = 0u; lane < POSEIDON_WIDTH; lane += 1u) {
    (*state)[lane] = fieldCube(fieldAdd((*state)[lane], POSEIDON_FULL_CONSTANTS[round * POSEIDON_WIDTH + lane]));
  }
  poseidonLinear(state);
}

/// Partial rounds that follow the first or the second half of the full rounds.
fn poseidonPartialRoundsAfter(half: u32) -> u32 {
  return select(0u, POSEIDON_PARTIAL_ROUNDS, half == 0u);
}

/// The two halves are one loop, so that a full round is compiled once.
fn poseidonPermute(state: ptr<function, array<u32, 16>>) {
  for (var half = 0u; half < 2u; half += 1u) {
    for (var round = 0u; round < POSEIDON_HALF_FULL_ROUNDS; round += 1u) {
      poseidonFullRound(state, half * POSEIDON_HALF_FULL_ROUNDS + round);
    }
    let partialRounds = poseidonPartialRoundsAfter(half);
    for (var round = 0u; round < partialRounds; round += 1u) {
      (*state)[0] = fieldCube(fieldAdd((*state)[0], POSEIDON_PARTIAL_CONSTANTS[round]));
      poseidonLinear(state);
    }
  }
}

/// left = (P(left || right) + (left || right))[0..8): the compression of two digests, the state of every chain.
fn poseidonCompress(left: ptr<function, array<u32, 8>>, right: ptr<function, array<u32, 8>>) {
  var state: array<u32, 16>;
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    state[word] = (*left)[word];
    state[DIGEST_WORDS + word] = (*right)[word];
  }
  poseidonPermute(&state);
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    (*left)[word] = fieldAdd(state[word], (*left)[word]);
  }
}
