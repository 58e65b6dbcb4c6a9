// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "cpu".
// Constraint digest 1:2b52e20d4976923d1f04cb4662a1537a60b8bb0a1bed792157cd02a2173c9028
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
  let n19 = cell(19u, row);
  let n18 = cell(18u, row);
  let n17 = cell(17u, row);
  let n16 = cell(16u, row);
  let n15 = cell(15u, row);
  let n14 = cell(14u, row);
  let n13 = cell(13u, row);
  let n12 = cell(12u, row);
  let n11 = cell(11u, row);
  let n10 = cell(10u, row);
  let n9 = cell(9u, row);
  let n8 = cell(8u, row);
  let n1 = cell(1u, row);
  let n3 = cell(3u, row);
  let n5 = cell(5u, row);
  let n144 = fieldMultiply(n19, 536866784u);
  let n142 = fieldMultiply(n18, 268433392u);
  let n140 = fieldMultiply(n17, 134216696u);
  let n138 = fieldMultiply(n16, 67108348u);
  let n136 = fieldMultiply(n15, 33554174u);
  let n134 = fieldMultiply(n14, 16777087u);
  let n132 = fieldMultiply(n13, 1073741760u);
  let n130 = fieldMultiply(n12, 536870880u);
  let n128 = fieldMultiply(n11, 268435440u);
  let n127 = fieldMultiply(n10, 134217720u);
  let n125 = fieldMultiply(n9, 67108860u);
  let n145 = fieldAdd(n8, n125);
  let n146 = fieldAdd(n127, n145);
  let n147 = fieldAdd(n128, n146);
  let n148 = fieldAdd(n130, n147);
  let n149 = fieldAdd(n132, n148);
  let n150 = fieldAdd(n134, n149);
  let n151 = fieldAdd(n136, n150);
  let n152 = fieldAdd(n138, n151);
  let n153 = fieldAdd(n140, n152);
  let n154 = fieldAdd(n142, n153);
  let n155 = fieldAdd(n144, n154);
  keep(25u, row, n155);
  let n156 = fieldAdd(n1, n3);
  keep(26u, row, n156);
  let n157 = fieldAdd(n10, n17);
  keep(27u, row, n157);
  let n158 = fieldAdd(n1, n5);
  keep(28u, row, n158);
}

@compute @workgroup_size(workgroupSize)
fn cpuInteractions(
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
