// tile[(targetColumn + c) * stride + i] = source[c * rows + next(firstPosition + i)]: what leading columns hold on the next
// row. The first 2N positions of a bit-reversed evaluation coset are the coset of order 2N in bit-reversed order, on which
// the next row is two steps ahead.
// Shapes: source is one chunk, `rows` words a column. Element: c * stride + i.
// Source: docs/spec/proof-system.md, sections 1, 4 and 6.
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  rows: u32,
  firstPosition: u32,
  /// Log of 2N.
  logPoints: u32,
  targetColumn: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> tile: array<u32>;

@compute @workgroup_size(workgroupSize)
fn quotientNextRows(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let column = element / params.stride;
  let position = params.firstPosition + element % params.stride;
  let shift = 32u - params.logPoints;
  let next = ((reverseBits(position) >> shift) + 2u) & ((1u << params.logPoints) - 1u);
  tile[params.targetColumn * params.stride + element] = source[column * params.rows + (reverseBits(next) >> shift)];
}
