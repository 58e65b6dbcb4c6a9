// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "ram".
// Constraint digest 1:2e148a3e1cc5ae5b07a39098746f835f19e810b075d6e41f4bca039b3dc621e1
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
  let n1 = cell(1u, row);
  let n2 = cell(2u, row);
  let n3 = cell(3u, row);
  let n0 = cell(0u, row);
  let n11 = cell(11u, row);
  let n13 = fieldAdd(n1, n2);
  let n14 = fieldAdd(n3, n13);
  keep(12u, row, n14);
  let n17 = fieldAdd(n0, n14);
  let n39 = fieldSubtract(0u, n17);
  keep(13u, row, n39);
  let n41 = fieldMultiply(n0, 805306320u);
  let n43 = fieldMultiply(n1, 838860750u);
  let n44 = fieldAdd(n41, n43);
  let n46 = fieldMultiply(n2, 872415180u);
  let n47 = fieldAdd(n44, n46);
  let n49 = fieldMultiply(n3, 905969610u);
  let n50 = fieldAdd(n47, n49);
  keep(14u, row, n50);
  let n51 = fieldSubtract(0u, n14);
  keep(15u, row, n51);
  let n15 = fieldAdd(n0, n1);
  let n16 = fieldAdd(n2, n15);
  keep(16u, row, n16);
  let n53 = fieldMultiply(n11, 67108348u);
  keep(17u, row, n53);
}

@compute @workgroup_size(workgroupSize)
fn ramInteractions(
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
