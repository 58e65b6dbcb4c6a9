// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "cpu".
// Constraint digest 1:4b6211122fe0e2854ada6f87191c83b53a9783be610d55c024186cbd70db3cd8
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
  let n20 = cell(20u, row);
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
  let n6 = cell(6u, row);
  let n151 = fieldMultiply(n20, 1073733568u);
  let n149 = fieldMultiply(n19, 536866784u);
  let n147 = fieldMultiply(n18, 268433392u);
  let n145 = fieldMultiply(n17, 134216696u);
  let n143 = fieldMultiply(n16, 67108348u);
  let n141 = fieldMultiply(n15, 33554174u);
  let n139 = fieldMultiply(n14, 16777087u);
  let n137 = fieldMultiply(n13, 1073741760u);
  let n135 = fieldMultiply(n12, 536870880u);
  let n133 = fieldMultiply(n11, 268435440u);
  let n132 = fieldMultiply(n10, 134217720u);
  let n130 = fieldMultiply(n9, 67108860u);
  let n152 = fieldAdd(n8, n130);
  let n153 = fieldAdd(n132, n152);
  let n154 = fieldAdd(n133, n153);
  let n155 = fieldAdd(n135, n154);
  let n156 = fieldAdd(n137, n155);
  let n157 = fieldAdd(n139, n156);
  let n158 = fieldAdd(n141, n157);
  let n159 = fieldAdd(n143, n158);
  let n160 = fieldAdd(n145, n159);
  let n161 = fieldAdd(n147, n160);
  let n162 = fieldAdd(n149, n161);
  let n163 = fieldAdd(n151, n162);
  keep(26u, row, n163);
  let n164 = fieldAdd(n1, n3);
  keep(27u, row, n164);
  let n165 = fieldAdd(n10, n18);
  keep(28u, row, n165);
  let n166 = fieldAdd(n1, n5);
  keep(29u, row, n166);
  let n167 = fieldAdd(n1, n6);
  keep(30u, row, n167);
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
