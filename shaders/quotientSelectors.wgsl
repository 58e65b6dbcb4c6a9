// The selectors in use at the points x of a tile on the coset 3 * <w> of order 2N, bit-reversed:
// first = (x^N - 1) / (N * (x - 1)), last = (x^N - 1) / (N * g * (x - 1/g)), transition = x - 1/g.
// Shapes: tile[column * stride + i] for position firstPosition + i. Form: Montgomery. Element: i.
// Source: docs/spec/proof-system.md, section 4.
#import field
#import dispatch

override workgroupSize: u32;

const UNUSED = 0xffffffffu;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  firstPosition: u32,
  logPoints: u32,
  /// Columns of the tile, or UNUSED.
  firstColumn: u32,
  lastColumn: u32,
  transitionColumn: u32,
  /// 3, and 1/g for the generator g of the trace domain.
  shift: u32,
  lastRowPoint: u32,
  /// (x^N - 1) / N on even and on odd points.
  vanishingEven: u32,
  vanishingOdd: u32,
  /// w^(2^k) for the generator w of order 2N.
  squares: array<vec4<u32>, 6>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> tile: array<u32>;

@compute @workgroup_size(workgroupSize)
fn quotientSelectors(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let index = reverseBits(params.firstPosition + element) >> (32u - params.logPoints);
  var point = params.shift;
  for (var bit = 0u; bit < params.logPoints; bit += 1u) {
    if (((index >> bit) & 1u) == 1u) {
      point = fieldMultiply(point, params.squares[bit >> 2u][bit & 3u]);
    }
  }
  let fromFirst = fieldSubtract(point, FIELD_ONE);
  let fromLast = fieldSubtract(point, params.lastRowPoint);
  let vanishing = select(params.vanishingEven, params.vanishingOdd, (index & 1u) == 1u);
  // One inversion for both: vanishing / (fromFirst * fromLast).
  let quotient = fieldMultiply(vanishing, fieldInverse(fieldMultiply(fromFirst, fromLast)));
  if (params.firstColumn != UNUSED) {
    tile[params.firstColumn * params.stride + element] = fieldMultiply(quotient, fromLast);
  }
  if (params.lastColumn != UNUSED) {
    tile[params.lastColumn * params.stride + element] =
      fieldMultiply(fieldMultiply(quotient, fromFirst), params.lastRowPoint);
  }
  if (params.transitionColumn != UNUSED) {
    tile[params.transitionColumn * params.stride + element] = fromLast;
  }
}
