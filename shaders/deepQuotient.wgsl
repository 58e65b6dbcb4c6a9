// sums[row] = (total - sums[row]) / (zeta - x) + (nextTotal - nextSums[row]) / (zeta * g - x) at the row's point x of the
// evaluation coset; the second term only when `hasNext`, as 1 / (zeta * g - x) = g^-1 / (zeta - x * g^-1).
// Shapes: one chunk of codewords, [coordinate * length + element], bit-reversed order. Element: one row.
// Source: docs/spec/proof-system.md, section 8.
#import extension
#import domain
#import linearInverse
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  length: u32,
  firstRow: u32,
  hasNext: u32,
  /// The generator of the coset, and g^-1.
  shift: u32,
  inverseOfGenerator: u32,
  total: array<vec4<u32>, 2>,
  nextTotal: array<vec4<u32>, 2>,
  inverse: array<vec4<u32>, 7>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> nextSums: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

@compute @workgroup_size(workgroupSize)
fn deepQuotient(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let length = params.length;
  let x = fieldMultiply(params.shift, domainPoint(params.firstRow + element));
  let sum = Extension(
    sums[element],
    sums[length + element],
    sums[2u * length + element],
    sums[3u * length + element],
    sums[4u * length + element],
  );
  let total = params.total;
  let numerator = extensionSubtract(
    Extension(total[0].x, total[0].y, total[0].z, total[0].w, total[1].x),
    sum,
  );
  let norm = linearInverseNorm(params.inverse, x);
  let product = extensionMultiply(numerator, linearInverseConjugates(params.inverse, x));
  var value: Extension;
  if (params.hasNext == 1u) {
    let nextSum = Extension(
      nextSums[element],
      nextSums[length + element],
      nextSums[2u * length + element],
      nextSums[3u * length + element],
      nextSums[4u * length + element],
    );
    let nextTotal = params.nextTotal;
    let nextNumerator = extensionSubtract(
      Extension(nextTotal[0].x, nextTotal[0].y, nextTotal[0].z, nextTotal[0].w, nextTotal[1].x),
      nextSum,
    );
    let previous = fieldMultiply(x, params.inverseOfGenerator);
    let nextNorm = linearInverseNorm(params.inverse, previous);
    let nextProduct = extensionMultiply(nextNumerator, linearInverseConjugates(params.inverse, previous));
    let inverse = fieldInverse(fieldMultiply(norm, nextNorm));
    value = extensionAdd(
      extensionMultiplyBase(product, fieldMultiply(inverse, nextNorm)),
      extensionMultiplyBase(
        nextProduct,
        fieldMultiply(fieldMultiply(inverse, norm), params.inverseOfGenerator),
      ),
    );
  } else {
    value = extensionMultiplyBase(product, fieldInverse(norm));
  }
  sums[element] = value.c0;
  sums[length + element] = value.c1;
  sums[2u * length + element] = value.c2;
  sums[3u * length + element] = value.c3;
  sums[4u * length + element] = value.c4;
}
