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
  let n0 = cell(0u, row);
  let n19 = cell(19u, row);
  let n18 = cell(18u, row);
  let n20 = cell(20u, row);
  let n1 = cell(1u, row);
  let n2 = cell(2u, row);
  let n3 = cell(3u, row);
  let n4 = cell(4u, row);
  let n5 = cell(5u, row);
  let n6 = cell(6u, row);
  let n7 = cell(7u, row);
  let n8 = cell(8u, row);
  let n9 = cell(9u, row);
  let n10 = cell(10u, row);
  let n11 = cell(11u, row);
  let n12 = cell(12u, row);
  let n13 = cell(13u, row);
  let n14 = cell(14u, row);
  let n15 = cell(15u, row);
  let n16 = cell(16u, row);
  let n17 = cell(17u, row);
  let n21 = fieldMultiply(n0, n19);
  keep(21u, row, n21);
  let n22 = fieldSubtract(n18, n0);
  let n24 = fieldSubtract(n22, 33554430u);
  let n25 = fieldMultiply(n20, n24);
  keep(22u, row, n25);
  let n27 = fieldSubtract(n1, params.publicWords[0][0]);
  let n28 = fieldMultiply(n19, n27);
  keep(23u, row, n28);
  let n30 = fieldSubtract(n2, params.publicWords[0][1]);
  let n31 = fieldMultiply(n19, n30);
  keep(24u, row, n31);
  let n33 = fieldSubtract(n3, params.publicWords[0][2]);
  let n34 = fieldMultiply(n19, n33);
  keep(25u, row, n34);
  let n36 = fieldSubtract(n4, params.publicWords[0][3]);
  let n37 = fieldMultiply(n19, n36);
  keep(26u, row, n37);
  let n39 = fieldSubtract(n5, params.publicWords[1][0]);
  let n40 = fieldMultiply(n19, n39);
  keep(27u, row, n40);
  let n42 = fieldSubtract(n6, params.publicWords[1][1]);
  let n43 = fieldMultiply(n19, n42);
  keep(28u, row, n43);
  let n45 = fieldSubtract(n7, params.publicWords[1][2]);
  let n46 = fieldMultiply(n19, n45);
  keep(29u, row, n46);
  let n48 = fieldSubtract(n8, params.publicWords[1][3]);
  let n49 = fieldMultiply(n19, n48);
  keep(30u, row, n49);
  let n51 = fieldSubtract(0u, n9);
  keep(31u, row, n51);
  let n53 = fieldMultiply(n0, 268435440u);
  keep(32u, row, n53);
  let n54 = fieldSubtract(0u, n10);
  keep(33u, row, n54);
  let n55 = fieldAdd(33554430u, n53);
  keep(34u, row, n55);
  let n56 = fieldSubtract(0u, n11);
  keep(35u, row, n56);
  let n58 = fieldAdd(n53, 67108860u);
  keep(36u, row, n58);
  let n59 = fieldSubtract(0u, n12);
  keep(37u, row, n59);
  let n61 = fieldAdd(n53, 100663290u);
  keep(38u, row, n61);
  let n62 = fieldSubtract(0u, n13);
  keep(39u, row, n62);
  let n64 = fieldAdd(n53, 134217720u);
  keep(40u, row, n64);
  let n65 = fieldSubtract(0u, n14);
  keep(41u, row, n65);
  let n67 = fieldAdd(n53, 167772150u);
  keep(42u, row, n67);
  let n68 = fieldSubtract(0u, n15);
  keep(43u, row, n68);
  let n70 = fieldAdd(n53, 201326580u);
  keep(44u, row, n70);
  let n71 = fieldSubtract(0u, n16);
  keep(45u, row, n71);
  let n73 = fieldAdd(n53, 234881010u);
  keep(46u, row, n73);
  let n74 = fieldSubtract(0u, n17);
  keep(47u, row, n74);
}

@compute @workgroup_size(workgroupSize)
fn memoryConstraints(
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
