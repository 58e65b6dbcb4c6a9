// 1 / (z - x) for a fixed z of the extension and many x of the base field: the product of z^(p^i) - x over i = 0..4 is a
// polynomial in x over the base field (the norm), that over i = 1..4 one over the extension (the conjugates); their
// quotient is the inverse. The host gives the coefficients; all words in Montgomery form.
#import extension

/// Words 0..4 the norm's coefficients of x^0..x^4 (that of x^5 is -1); then 5 words each for the conjugates' coefficients of
/// x^0..x^3 (that of x^4 is 1).
alias LinearInverse = array<vec4<u32>, 7>;

fn linearInverseNorm(coefficients: LinearInverse, x: u32) -> u32 {
  let first = coefficients[0];
  var norm = fieldSubtract(coefficients[1].x, x);
  norm = fieldAdd(fieldMultiply(norm, x), first.w);
  norm = fieldAdd(fieldMultiply(norm, x), first.z);
  norm = fieldAdd(fieldMultiply(norm, x), first.y);
  return fieldAdd(fieldMultiply(norm, x), first.x);
}

fn linearInverseConjugates(coefficients: LinearInverse, x: u32) -> Extension {
  let c1 = coefficients[1];
  let c2 = coefficients[2];
  let c3 = coefficients[3];
  let c4 = coefficients[4];
  let c5 = coefficients[5];
  let c6 = coefficients[6];
  var value = extensionAddBase(Extension(c5.x, c5.y, c5.z, c5.w, c6.x), x);
  value = extensionAdd(extensionMultiplyBase(value, x), Extension(c3.w, c4.x, c4.y, c4.z, c4.w));
  value = extensionAdd(extensionMultiplyBase(value, x), Extension(c2.z, c2.w, c3.x, c3.y, c3.z));
  return extensionAdd(extensionMultiplyBase(value, x), Extension(c1.y, c1.z, c1.w, c2.x, c2.y));
}
