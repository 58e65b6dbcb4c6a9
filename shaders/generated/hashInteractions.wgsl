// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "hash".
// Constraint digest 1:7640bbc060dca3a46cebf04519366bbf34ba1a7740534b1e41ee42942ac309e7
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

var<private> linearInput: array<u32, 16>;
var<private> linearOutput: array<u32, 8>;

/// linearOutput = matrix * linearInput; the matrix stands at `offset` as rows, columns, words.
fn linear(offset: u32) {
  let rows = matrices[offset];
  let columns = matrices[offset + 1u];
  var word = offset + 2u;
  for (var row = 0u; row < rows; row += 1u) {
    var sum = 0u;
    for (var column = 0u; column < columns; column += 1u) {
      sum = fieldAdd(sum, fieldMultiply(matrices[word], linearInput[column]));
      word += 1u;
    }
    linearOutput[row] = sum;
  }
}

fn piece0(row: u32) {
  let n1 = cell(1u, row);
  let n2 = cell(2u, row);
  let n24 = cell(23u, row);
  let n25 = cell(24u, row);
  let n0 = cell(0u, row);
  let n26 = cell(25u, row);
  let n5 = cell(4u, row);
  let n160 = cell(27u, row);
  let n161 = cell(28u, row);
  let n162 = cell(29u, row);
  let n163 = cell(30u, row);
  let n164 = cell(31u, row);
  let n165 = cell(32u, row);
  let n166 = cell(33u, row);
  let n167 = cell(34u, row);
  let n168 = cell(35u, row);
  let n169 = cell(36u, row);
  let n170 = cell(37u, row);
  let n171 = cell(38u, row);
  let n172 = cell(39u, row);
  let n173 = cell(40u, row);
  let n174 = cell(41u, row);
  let n175 = cell(42u, row);
  let n7 = cell(6u, row);
  let n8 = cell(7u, row);
  let n9 = cell(8u, row);
  let n10 = cell(9u, row);
  let n11 = cell(10u, row);
  let n12 = cell(11u, row);
  let n13 = cell(12u, row);
  let n14 = cell(13u, row);
  let n1220 = fieldSubtract(0u, n1);
  keep(43u, row, n1220);
  let n1221 = fieldAdd(n2, 33554430u);
  keep(44u, row, n1221);
  let n1222 = fieldSubtract(n1, n24);
  keep(45u, row, n1222);
  let n1224 = fieldMultiply(n25, 536870912u);
  keep(46u, row, n1224);
  let n1161 = fieldSubtract(n0, n2);
  let n1225 = fieldAdd(n24, n1161);
  keep(47u, row, n1225);
  let n1226 = fieldMultiply(n26, 536870912u);
  keep(48u, row, n1226);
  let n1227 = fieldMultiply(n5, 536870912u);
  keep(49u, row, n1227);
  linearInput[0] = n160;
  linearInput[1] = n161;
  linearInput[2] = n162;
  linearInput[3] = n163;
  linearInput[4] = n164;
  linearInput[5] = n165;
  linearInput[6] = n166;
  linearInput[7] = n167;
  linearInput[8] = n168;
  linearInput[9] = n169;
  linearInput[10] = n170;
  linearInput[11] = n171;
  linearInput[12] = n172;
  linearInput[13] = n173;
  linearInput[14] = n174;
  linearInput[15] = n175;
  linear(1556u);
  let n1113 = linearOutput[0];
  let n1114 = linearOutput[1];
  let n1115 = linearOutput[2];
  let n1116 = linearOutput[3];
  let n1117 = linearOutput[4];
  let n1118 = linearOutput[5];
  let n1119 = linearOutput[6];
  let n1120 = linearOutput[7];
  let n1121 = fieldAdd(n7, n1113);
  keep(50u, row, n1121);
  let n1122 = fieldAdd(n8, n1114);
  keep(51u, row, n1122);
  let n1123 = fieldAdd(n9, n1115);
  keep(52u, row, n1123);
  let n1124 = fieldAdd(n10, n1116);
  keep(53u, row, n1124);
  let n1125 = fieldAdd(n11, n1117);
  keep(54u, row, n1125);
  let n1126 = fieldAdd(n12, n1118);
  keep(55u, row, n1126);
  let n1127 = fieldAdd(n13, n1119);
  keep(56u, row, n1127);
  let n1128 = fieldAdd(n14, n1120);
  keep(57u, row, n1128);
}

@compute @workgroup_size(workgroupSize)
fn hashInteractions(
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
