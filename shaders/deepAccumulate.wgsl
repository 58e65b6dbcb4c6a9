// sums[row] += sum over at most 8 columns of weight * column[row], or = when `isFirst`.
// Shapes: columns[(firstColumn + column) * stride + firstRow + element] in bit-reversed row order; sums one chunk of a codeword,
// [coordinate * length + element]. Word k of weights[5 * g + coordinate] belongs to column 4 * g + k, 0 past the last column.
// Element: one row.
// Source: docs/spec/proof-system.md, section 8.
#import extension
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  firstRow: u32,
  columnCount: u32,
  length: u32,
  isFirst: u32,
  weights: array<vec4<u32>, 10>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> columns: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

/// The words of columns `first`..`first + 3`; past the last column the last one's, whose weight is 0 there.
fn fourColumns(first: u32, row: u32) -> vec4<u32> {
  let last = params.columnCount - 1u;
  return vec4<u32>(
    columns[min(first, last) * params.stride + row],
    columns[min(first + 1u, last) * params.stride + row],
    columns[min(first + 2u, last) * params.stride + row],
    columns[min(first + 3u, last) * params.stride + row],
  );
}

@compute @workgroup_size(workgroupSize)
fn deepAccumulate(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let length = params.length;
  var sum = EXTENSION_ZERO;
  if (params.isFirst == 0u) {
    sum = Extension(
      sums[element],
      sums[length + element],
      sums[2u * length + element],
      sums[3u * length + element],
      sums[4u * length + element],
    );
  }
  let row = params.firstRow + element;
  // A constant bound, so that the weights are read at constant places.
  for (var group = 0u; group < 2u; group += 1u) {
    let values = fourColumns(4u * group, row);
    let weight = 5u * group;
    sum = Extension(
      fieldAdd(sum.c0, fieldDot4(values, params.weights[weight])),
      fieldAdd(sum.c1, fieldDot4(values, params.weights[weight + 1u])),
      fieldAdd(sum.c2, fieldDot4(values, params.weights[weight + 2u])),
      fieldAdd(sum.c3, fieldDot4(values, params.weights[weight + 3u])),
      fieldAdd(sum.c4, fieldDot4(values, params.weights[weight + 4u])),
    );
  }
  sums[element] = sum.c0;
  sums[length + element] = sum.c1;
  sums[2u * length + element] = sum.c2;
  sums[3u * length + element] = sum.c3;
  sums[4u * length + element] = sum.c4;
}
