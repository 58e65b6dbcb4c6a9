// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "range".
// Constraint digest 1:75941ba70c6632b53b6123981986487f422c0d78082b23dd18486d17334989af
// Computes values of one row of a tile; word column * stride + row. Montgomery form. Element: one row.
// Source: docs/spec/proof-system.md, section 4.
#import field
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  publicWords: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> tile: array<u32>;
@group(0) @binding(2) var<storage, read> matrices: array<u32>;

fn cell(column: u32, row: u32) -> u32 {
  return tile[column * params.stride + row];
}

fn keep(column: u32, row: u32, value: u32) {
  tile[column * params.stride + row] = value;
}

fn piece0(row: u32) {
  let n0 = cell(0u, row);
  let n3 = cell(3u, row);
  let n2 = cell(2u, row);
  let n4 = cell(4u, row);
  let n1 = cell(1u, row);
  let n5 = fieldMultiply(n0, n3);
  keep(5u, row, n5);
  let n6 = fieldSubtract(n2, n0);
  let n8 = fieldSubtract(n6, 33554430u);
  let n9 = fieldMultiply(n4, n8);
  keep(6u, row, n9);
  let n11 = fieldSubtract(0u, n1);
  keep(7u, row, n11);
}

@compute @workgroup_size(workgroupSize)
fn rangeConstraints(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  // Touched so that every kernel has the same bindings.
  if (row >= params.end || arrayLength(&matrices) == 0u) {
    return;
  }
  piece0(row);
}
