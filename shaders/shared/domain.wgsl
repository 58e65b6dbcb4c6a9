// Points of the bit-reversed domains, in Montgomery form. Position j of the subgroup of order 2^n in bit-reversed order holds
// w_n^rev(j), the product of w_(i+1) over the set bits i of j: it does not depend on n.
// Source: docs/spec/proof-system.md, section 1.
#import field
#import domainConstants

/// w_n^rev(position), for every n with position < 2^n.
fn domainPoint(position: u32) -> u32 {
  var point = FIELD_ONE;
  var bit = 1u;
  for (var rest = position; rest != 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) {
      point = fieldMultiply(point, DOMAIN_ROOTS[bit]);
    }
    bit += 1u;
  }
  return point;
}

/// 1 / domainPoint(position).
fn domainInversePoint(position: u32) -> u32 {
  var point = FIELD_ONE;
  var bit = 1u;
  for (var rest = position; rest != 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) {
      point = fieldMultiply(point, DOMAIN_INVERSE_ROOTS[bit]);
    }
    bit += 1u;
  }
  return point;
}
