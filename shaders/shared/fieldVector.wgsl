// Four elements of KoalaBear at once, in Montgomery form: the functions of `field`, lane by lane. For kernels whose cost is
// in what surrounds the arithmetic. Every function takes and returns words in 0..p-1.
// Source: docs/spec/proof-system.md, section 1; docs/decisions/0002-montgomery-form.md.
#import field

/// left + right.
fn fieldVectorAdd(left: vec4<u32>, right: vec4<u32>) -> vec4<u32> {
  let sum = left + right;
  return min(sum, sum - FIELD_MODULUS);
}

/// left - right.
fn fieldVectorSubtract(left: vec4<u32>, right: vec4<u32>) -> vec4<u32> {
  let difference = left - right;
  return min(difference, difference + FIELD_MODULUS);
}

/// left * right / 2^32; the steps are those of fieldMultiply and fieldReduce.
fn fieldVectorMultiply(left: vec4<u32>, right: vec4<u32>) -> vec4<u32> {
  let leftLow = left & vec4<u32>(0xffffu);
  let leftHigh = left >> vec4<u32>(16u);
  let rightLow = right & vec4<u32>(0xffffu);
  let rightHigh = right >> vec4<u32>(16u);
  let middle = leftLow * rightHigh + leftHigh * rightLow + ((leftLow * rightLow) >> vec4<u32>(16u));
  let high = leftHigh * rightHigh + (middle >> vec4<u32>(16u));
  let low = left * right;
  let quotient = low + (low << vec4<u32>(24u)) + (low << vec4<u32>(31u));
  let quotientHigh = quotient >> vec4<u32>(16u);
  let excess = quotientHigh * 0x7f00u
    + (((quotient & vec4<u32>(0xffffu)) * 0x7f00u + quotientHigh) >> vec4<u32>(16u));
  let difference = high - excess;
  return min(difference, difference + FIELD_MODULUS);
}
