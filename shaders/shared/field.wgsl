// KoalaBear, p = 2^31 - 2^24 + 1, in Montgomery form with R = 2^32 (a word holds x * 2^32 mod p).
// Every function takes and returns words in 0..p-1; products take and return Montgomery form, sums are the same in any form.
// Source: docs/spec/proof-system.md, section 1; docs/decisions/0002-montgomery-form.md.

const FIELD_MODULUS = 0x7f000001u;
/// 1 in Montgomery form: 2^32 mod p.
const FIELD_ONE = 0x01fffffeu;
/// 2^64 mod p, which takes a canonical word into Montgomery form.
const FIELD_MONTGOMERY_SQUARE = 0x17f7efe4u;

/// left + right. The unsigned minimum selects the sum or the sum less p.
fn fieldAdd(left: u32, right: u32) -> u32 {
  let sum = left + right;
  return min(sum, sum - FIELD_MODULUS);
}

/// left - right.
fn fieldSubtract(left: u32, right: u32) -> u32 {
  let difference = left - right;
  return min(difference, difference + FIELD_MODULUS);
}

/// -value.
fn fieldNegate(value: u32) -> u32 {
  return fieldSubtract(0u, value);
}

/// (high * 2^32 + low) / 2^32 for high < p: q = low / p mod 2^32, the high word of q * p is taken from `high`.
fn fieldReduce(high: u32, low: u32) -> u32 {
  let quotient = low + (low << 24u) + (low << 31u);
  let quotientHigh = quotient >> 16u;
  let excess = quotientHigh * 0x7f00u + (((quotient & 0xffffu) * 0x7f00u + quotientHigh) >> 16u);
  let difference = high - excess;
  return min(difference, difference + FIELD_MODULUS);
}

/// left * right / 2^32. Products of 16-bit halves; the middle sum stays below 2^32 because left and right are below 2^31.
fn fieldMultiply(left: u32, right: u32) -> u32 {
  let leftLow = left & 0xffffu;
  let leftHigh = left >> 16u;
  let rightLow = right & 0xffffu;
  let rightHigh = right >> 16u;
  let middle = leftLow * rightHigh + leftHigh * rightLow + ((leftLow * rightLow) >> 16u);
  return fieldReduce(leftHigh * rightHigh + (middle >> 16u), left * right);
}

/// An unreduced product, or a sum of at most four of them: high * 2^32 + low.
struct FieldProduct {
  high: u32,
  low: u32,
}

fn fieldProduct(left: u32, right: u32) -> FieldProduct {
  let leftLow = left & 0xffffu;
  let leftHigh = left >> 16u;
  let rightLow = right & 0xffffu;
  let rightHigh = right >> 16u;
  let middle = leftLow * rightHigh + leftHigh * rightLow + ((leftLow * rightLow) >> 16u);
  return FieldProduct(leftHigh * rightHigh + (middle >> 16u), left * right);
}

/// The sum of at most four products stays below 2p * 2^32 < 2^64.
fn fieldAddProduct(sum: FieldProduct, product: FieldProduct) -> FieldProduct {
  let low = sum.low + product.low;
  return FieldProduct(sum.high + product.high + u32(low < product.low), low);
}

/// A sum of at most four products over 2^32, in 0..p-1: one reduction for all.
fn fieldReduceProducts(sum: FieldProduct) -> u32 {
  return fieldReduce(min(sum.high, sum.high - FIELD_MODULUS), sum.low);
}

/// left . right / 2^32 with one reduction.
fn fieldDot4(left: vec4<u32>, right: vec4<u32>) -> u32 {
  let pair = fieldAddProduct(fieldProduct(left.x, right.x), fieldProduct(left.y, right.y));
  let three = fieldAddProduct(pair, fieldProduct(left.z, right.z));
  return fieldReduceProducts(fieldAddProduct(three, fieldProduct(left.w, right.w)));
}

fn fieldSquare(value: u32) -> u32 {
  return fieldMultiply(value, value);
}

/// Canonical to Montgomery.
fn toMontgomery(canonical: u32) -> u32 {
  return fieldMultiply(canonical, FIELD_MONTGOMERY_SQUARE);
}

/// Montgomery to canonical.
fn fromMontgomery(value: u32) -> u32 {
  return fieldReduce(0u, value);
}

/// value^exponent; the exponent is an integer, not a field element.
fn fieldPower(value: u32, exponent: u32) -> u32 {
  var power = FIELD_ONE;
  var square = value;
  for (var rest = exponent; rest != 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) {
      power = fieldMultiply(power, square);
    }
    square = fieldMultiply(square, square);
  }
  return power;
}

/// value^(2^count).
fn fieldSquareTimes(value: u32, count: u32) -> u32 {
  var square = value;
  for (var step = 0u; step < count; step += 1u) {
    square = fieldMultiply(square, square);
  }
  return square;
}

/// 1 / value, and 0 for 0. The exponent p - 2 is in binary six ones, a zero, 24 ones.
fn fieldInverse(value: u32) -> u32 {
  let twoOnes = fieldMultiply(fieldSquare(value), value);
  let threeOnes = fieldMultiply(fieldSquare(twoOnes), value);
  let sixOnes = fieldMultiply(fieldSquareTimes(threeOnes, 3u), threeOnes);
  var power = fieldMultiply(fieldSquareTimes(sixOnes, 7u), sixOnes);
  for (var step = 0u; step < 3u; step += 1u) {
    power = fieldMultiply(fieldSquareTimes(power, 6u), sixOnes);
  }
  return power;
}
