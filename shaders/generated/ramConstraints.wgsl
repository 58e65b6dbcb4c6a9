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
  let n0 = cell(0u, row);
  let n1 = cell(1u, row);
  let n2 = cell(2u, row);
  let n3 = cell(3u, row);
  let n6 = cell(6u, row);
  let n8 = cell(8u, row);
  let n7 = cell(7u, row);
  let n9 = cell(9u, row);
  let n10 = cell(10u, row);
  let n11 = cell(11u, row);
  let n19 = fieldSubtract(n0, 33554430u);
  let n20 = fieldMultiply(n0, n19);
  keep(12u, row, n20);
  let n21 = fieldSubtract(n1, 33554430u);
  let n22 = fieldMultiply(n1, n21);
  keep(13u, row, n22);
  let n23 = fieldSubtract(n2, 33554430u);
  let n24 = fieldMultiply(n2, n23);
  keep(14u, row, n24);
  let n25 = fieldSubtract(n3, 33554430u);
  let n26 = fieldMultiply(n3, n25);
  keep(15u, row, n26);
  let n13 = fieldAdd(n1, n2);
  let n14 = fieldAdd(n3, n13);
  keep(16u, row, n14);
  let n17 = fieldAdd(n0, n14);
  let n27 = fieldSubtract(n17, 33554430u);
  let n28 = fieldMultiply(n17, n27);
  keep(17u, row, n28);
  let n29 = fieldAdd(n1, n3);
  let n30 = fieldSubtract(n6, n8);
  let n31 = fieldMultiply(n29, n30);
  keep(18u, row, n31);
  let n32 = fieldSubtract(n7, n9);
  let n33 = fieldSubtract(n32, 33554430u);
  let n34 = fieldSubtract(n33, n10);
  let n36 = fieldMultiply(n11, 134085624u);
  let n37 = fieldSubtract(n34, n36);
  let n38 = fieldMultiply(n14, n37);
  keep(19u, row, n38);
  let n39 = fieldSubtract(0u, n17);
  keep(20u, row, n39);
  let n41 = fieldMultiply(n0, 805306320u);
  let n43 = fieldMultiply(n1, 838860750u);
  let n44 = fieldAdd(n41, n43);
  let n46 = fieldMultiply(n2, 872415180u);
  let n47 = fieldAdd(n44, n46);
  let n49 = fieldMultiply(n3, 905969610u);
  let n50 = fieldAdd(n47, n49);
  keep(21u, row, n50);
  let n51 = fieldSubtract(0u, n14);
  keep(22u, row, n51);
  let n15 = fieldAdd(n0, n1);
  let n16 = fieldAdd(n2, n15);
  keep(23u, row, n16);
  let n53 = fieldMultiply(n11, 67108348u);
  keep(24u, row, n53);
}

@compute @workgroup_size(workgroupSize)
fn ramConstraints(
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
