// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "hash".
// Constraint digest 1:7ef9e2e41ac0f7156acd69ac23fa32874fc615a857a26b9662d2497e321ffdf1
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
  let n22 = cell(22u, row);
  let n4 = cell(4u, row);
  let n23 = cell(23u, row);
  let n2 = cell(2u, row);
  let n3 = cell(3u, row);
  let n157 = cell(25u, row);
  let n158 = cell(26u, row);
  let n159 = cell(27u, row);
  let n160 = cell(28u, row);
  let n161 = cell(29u, row);
  let n162 = cell(30u, row);
  let n163 = cell(31u, row);
  let n164 = cell(32u, row);
  let n165 = cell(33u, row);
  let n166 = cell(34u, row);
  let n167 = cell(35u, row);
  let n168 = cell(36u, row);
  let n169 = cell(37u, row);
  let n170 = cell(38u, row);
  let n171 = cell(39u, row);
  let n172 = cell(40u, row);
  let n5 = cell(5u, row);
  let n6 = cell(6u, row);
  let n7 = cell(7u, row);
  let n8 = cell(8u, row);
  let n9 = cell(9u, row);
  let n10 = cell(10u, row);
  let n11 = cell(11u, row);
  let n12 = cell(12u, row);
  let n1164 = fieldSubtract(0u, n1);
  keep(41u, row, n1164);
  let n1166 = fieldSubtract(67108860u, n22);
  keep(42u, row, n1166);
  let n1167 = fieldSubtract(n4, n22);
  keep(43u, row, n1167);
  let n1169 = fieldMultiply(n23, 536870912u);
  keep(44u, row, n1169);
  let n1170 = fieldMultiply(n2, 536870912u);
  keep(45u, row, n1170);
  let n1171 = fieldMultiply(n3, 536870912u);
  keep(46u, row, n1171);
  linearInput[0] = n157;
  linearInput[1] = n158;
  linearInput[2] = n159;
  linearInput[3] = n160;
  linearInput[4] = n161;
  linearInput[5] = n162;
  linearInput[6] = n163;
  linearInput[7] = n164;
  linearInput[8] = n165;
  linearInput[9] = n166;
  linearInput[10] = n167;
  linearInput[11] = n168;
  linearInput[12] = n169;
  linearInput[13] = n170;
  linearInput[14] = n171;
  linearInput[15] = n172;
  linear(1556u);
  let n1099 = linearOutput[0];
  let n1100 = linearOutput[1];
  let n1101 = linearOutput[2];
  let n1102 = linearOutput[3];
  let n1103 = linearOutput[4];
  let n1104 = linearOutput[5];
  let n1105 = linearOutput[6];
  let n1106 = linearOutput[7];
  let n1107 = fieldAdd(n5, n1099);
  keep(47u, row, n1107);
  let n1108 = fieldAdd(n6, n1100);
  keep(48u, row, n1108);
  let n1109 = fieldAdd(n7, n1101);
  keep(49u, row, n1109);
  let n1110 = fieldAdd(n8, n1102);
  keep(50u, row, n1110);
  let n1111 = fieldAdd(n9, n1103);
  keep(51u, row, n1111);
  let n1112 = fieldAdd(n10, n1104);
  keep(52u, row, n1112);
  let n1113 = fieldAdd(n11, n1105);
  keep(53u, row, n1113);
  let n1114 = fieldAdd(n12, n1106);
  keep(54u, row, n1114);
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
