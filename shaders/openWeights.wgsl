// Barycentric weights x / (z - x) over a coset shift * <w_h> of 2^logHeight points, for a point z of the extension.
// Shapes: weights one chunk of a codeword, [coordinate * length + element]. `isNatural`: position i holds w_h^i, otherwise
// w_h^rev(i). Element: one position. Source: docs/spec/proof-system.md, section 7.
#import extension
#import domain
#import linearInverse
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  length: u32,
  firstPosition: u32,
  logHeight: u32,
  isNatural: u32,
  shift: u32,
  inverse: array<vec4<u32>, 7>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> weights: array<u32>;

@compute @workgroup_size(workgroupSize)
fn openWeights(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  var position = params.firstPosition + element;
  if (params.isNatural == 1u && params.logHeight > 0u) {
    position = reverseBits(position) >> (32u - params.logHeight);
  }
  let x = fieldMultiply(params.shift, domainPoint(position));
  let scale = fieldMultiply(x, fieldInverse(linearInverseNorm(params.inverse, x)));
  let weight = extensionMultiplyBase(linearInverseConjugates(params.inverse, x), scale);
  let length = params.length;
  weights[element] = weight.c0;
  weights[length + element] = weight.c1;
  weights[2u * length + element] = weight.c2;
  weights[3u * length + element] = weight.c3;
  weights[4u * length + element] = weight.c4;
}
