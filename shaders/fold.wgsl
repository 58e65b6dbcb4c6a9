// FRI fold by 2^logArity and roll-in: target[j] = sum over k of beta^k * f_k(y_j^(2^a)) + beta^(2^a) * rollIn[j], where
// v(y) = sum over k of y^k * f_k(y^(2^a)) is the source. Done as a folds by 2 with beta, beta^2, beta^4:
// v'(y^2) = (v(y) + v(-y)) / 2 + beta * (v(y) - v(-y)) / (2y); y and -y are neighbours in bit-reversed order.
// Shapes: chunks of codewords, [coordinate * length + position]. Element: one target position.
// Source: docs/spec/proof-system.md, section 9.
#import extension
#import domain
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  sourceLength: u32,
  targetLength: u32,
  /// Position in the target chunk, and in the whole target, of element 0.
  targetStart: u32,
  firstLeaf: u32,
  logArity: u32,
  hasRollIn: u32,
  beta: array<vec4<u32>, 2>,
  /// 1 / 2^logArity.
  inverseArity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> rollIn: array<u32>;
@group(0) @binding(3) var<storage, read_write> folded: array<u32>;

@compute @workgroup_size(workgroupSize)
fn fold(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let arity = 1u << params.logArity;
  let length = params.sourceLength;
  var values: array<Extension, 8>;
  for (var index = 0u; index < arity; index += 1u) {
    let position = element * arity + index;
    values[index] = Extension(
      source[position],
      source[length + position],
      source[2u * length + position],
      source[3u * length + position],
      source[4u * length + position],
    );
  }
  var beta = Extension(params.beta[0].x, params.beta[0].y, params.beta[0].z, params.beta[0].w, params.beta[1].x);
  var inverseOfFirst = domainInversePoint((params.firstLeaf + element) << params.logArity);
  for (var half = arity >> 1u; half > 0u; half = half >> 1u) {
    for (var pair = 0u; pair < half; pair += 1u) {
      let first = values[2u * pair];
      let second = values[2u * pair + 1u];
      let inversePoint = fieldMultiply(inverseOfFirst, domainInversePoint(2u * pair));
      let odd = extensionMultiplyBase(extensionSubtract(first, second), inversePoint);
      values[pair] = extensionAdd(extensionAdd(first, second), extensionMultiply(beta, odd));
    }
    beta = extensionSquare(beta);
    inverseOfFirst = fieldSquare(inverseOfFirst);
  }
  var value = extensionMultiplyBase(values[0], params.inverseArity);
  let place = params.targetStart + element;
  let stride = params.targetLength;
  if (params.hasRollIn == 1u) {
    let rolled = Extension(
      rollIn[place],
      rollIn[stride + place],
      rollIn[2u * stride + place],
      rollIn[3u * stride + place],
      rollIn[4u * stride + place],
    );
    value = extensionAdd(value, extensionMultiply(beta, rolled));
  }
  folded[place] = value.c0;
  folded[stride + place] = value.c1;
  folded[2u * stride + place] = value.c2;
  folded[3u * stride + place] = value.c3;
  folded[4u * stride + place] = value.c4;
}
