// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "memory".
// Constraint digest 1:7cdf57995f1d424c3ca4a5ce763a51f17a8c4afb1be7dbc0324180555ec66bbd
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
  let n9 = cell(9u, row);
  let n0 = cell(0u, row);
  let n10 = cell(10u, row);
  let n11 = cell(11u, row);
  let n12 = cell(12u, row);
  let n13 = cell(13u, row);
  let n14 = cell(14u, row);
  let n15 = cell(15u, row);
  let n16 = cell(16u, row);
  let n17 = cell(17u, row);
  let n51 = fieldSubtract(0u, n9);
  keep(18u, row, n51);
  let n53 = fieldMultiply(n0, 268435440u);
  keep(19u, row, n53);
  let n54 = fieldSubtract(0u, n10);
  keep(20u, row, n54);
  let n55 = fieldAdd(33554430u, n53);
  keep(21u, row, n55);
  let n56 = fieldSubtract(0u, n11);
  keep(22u, row, n56);
  let n58 = fieldAdd(n53, 67108860u);
  keep(23u, row, n58);
  let n59 = fieldSubtract(0u, n12);
  keep(24u, row, n59);
  let n61 = fieldAdd(n53, 100663290u);
  keep(25u, row, n61);
  let n62 = fieldSubtract(0u, n13);
  keep(26u, row, n62);
  let n64 = fieldAdd(n53, 134217720u);
  keep(27u, row, n64);
  let n65 = fieldSubtract(0u, n14);
  keep(28u, row, n65);
  let n67 = fieldAdd(n53, 167772150u);
  keep(29u, row, n67);
  let n68 = fieldSubtract(0u, n15);
  keep(30u, row, n68);
  let n70 = fieldAdd(n53, 201326580u);
  keep(31u, row, n70);
  let n71 = fieldSubtract(0u, n16);
  keep(32u, row, n71);
  let n73 = fieldAdd(n53, 234881010u);
  keep(33u, row, n73);
  let n74 = fieldSubtract(0u, n17);
  keep(34u, row, n74);
}

@compute @workgroup_size(workgroupSize)
fn memoryInteractions(
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
