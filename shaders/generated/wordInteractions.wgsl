// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "word".
// Constraint digest 1:3002cda6036004513f4e001f2767f98e13336b255c73a0e060cfb5f67c1ac1da
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
  let n4 = cell(4u, row);
  let n5 = cell(5u, row);
  let n7 = cell(7u, row);
  let n83 = fieldAdd(n0, n1);
  let n84 = fieldAdd(n2, n83);
  let n85 = fieldAdd(n3, n84);
  keep(57u, row, n85);
  let n226 = fieldSubtract(0u, n85);
  keep(58u, row, n226);
  let n234 = fieldMultiply(n3, 603979740u);
  let n232 = fieldMultiply(n2, 570425310u);
  let n228 = fieldMultiply(n0, 536870880u);
  let n230 = fieldMultiply(n1, 671088600u);
  let n235 = fieldAdd(n228, n230);
  let n236 = fieldAdd(n232, n235);
  let n237 = fieldAdd(n234, n236);
  keep(59u, row, n237);
  let n238 = fieldSubtract(n85, n3);
  keep(60u, row, n238);
  let n240 = fieldMultiply(n4, 536870912u);
  keep(61u, row, n240);
  let n241 = fieldAdd(33554430u, n240);
  keep(62u, row, n241);
  let n242 = fieldMultiply(n5, 536870912u);
  keep(63u, row, n242);
  let n243 = fieldAdd(33554430u, n242);
  keep(64u, row, n243);
  let n244 = fieldSubtract(n85, n2);
  keep(65u, row, n244);
  let n245 = fieldMultiply(n7, 536870912u);
  keep(66u, row, n245);
  let n246 = fieldAdd(33554430u, n245);
  keep(67u, row, n246);
}

@compute @workgroup_size(workgroupSize)
fn wordInteractions(
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
