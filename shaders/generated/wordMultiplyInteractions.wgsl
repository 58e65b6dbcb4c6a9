// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "wordMultiply".
// Constraint digest 1:5f1d87a805a0512e4138d1be5ab0aacb7037718c55b6a4071dee33ba0d5bd3fa
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
  let n82 = cell(65u, row);
  let n63 = cell(46u, row);
  let n65 = cell(48u, row);
  let n61 = cell(44u, row);
  let n12 = cell(4u, row);
  let n0 = cell(0u, row);
  let n13 = cell(5u, row);
  let n1 = cell(1u, row);
  let n14 = cell(6u, row);
  let n2 = cell(2u, row);
  let n15 = cell(7u, row);
  let n3 = cell(3u, row);
  let n70 = cell(53u, row);
  let n66 = cell(49u, row);
  let n71 = cell(54u, row);
  let n67 = cell(50u, row);
  let n72 = cell(55u, row);
  let n68 = cell(51u, row);
  let n73 = cell(56u, row);
  let n69 = cell(52u, row);
  let n83 = cell(66u, row);
  let n40 = cell(24u, row);
  let n24 = cell(8u, row);
  let n41 = cell(25u, row);
  let n25 = cell(9u, row);
  let n42 = cell(26u, row);
  let n26 = cell(10u, row);
  let n43 = cell(27u, row);
  let n27 = cell(11u, row);
  let n44 = cell(28u, row);
  let n28 = cell(12u, row);
  let n45 = cell(29u, row);
  let n29 = cell(13u, row);
  let n46 = cell(30u, row);
  let n30 = cell(14u, row);
  let n47 = cell(31u, row);
  let n31 = cell(15u, row);
  let n48 = cell(32u, row);
  let n32 = cell(16u, row);
  let n49 = cell(33u, row);
  let n33 = cell(17u, row);
  let n50 = cell(34u, row);
  let n34 = cell(18u, row);
  let n51 = cell(35u, row);
  let n35 = cell(19u, row);
  let n52 = cell(36u, row);
  let n36 = cell(20u, row);
  let n53 = cell(37u, row);
  let n37 = cell(21u, row);
  let n54 = cell(38u, row);
  let n38 = cell(22u, row);
  let n55 = cell(39u, row);
  let n39 = cell(23u, row);
  let n62 = cell(45u, row);
  let n64 = cell(47u, row);
  let n85 = cell(68u, row);
  let n86 = cell(69u, row);
  let n87 = cell(70u, row);
  let n88 = cell(71u, row);
  let n78 = cell(61u, row);
  let n79 = cell(62u, row);
  let n80 = cell(63u, row);
  let n81 = cell(64u, row);
  let n870 = fieldSubtract(0u, n82);
  keep(76u, row, n870);
  let n872 = fieldAdd(n63, n65);
  keep(77u, row, n872);
  let n874 = fieldMultiply(n61, 536870912u);
  let n875 = fieldAdd(n65, n874);
  keep(78u, row, n875);
  let n169 = fieldMultiply(n12, 67108348u);
  let n170 = fieldAdd(n0, n169);
  keep(79u, row, n170);
  let n171 = fieldMultiply(n13, 67108348u);
  let n172 = fieldAdd(n1, n171);
  keep(80u, row, n172);
  let n173 = fieldMultiply(n14, 67108348u);
  let n174 = fieldAdd(n2, n173);
  keep(81u, row, n174);
  let n175 = fieldMultiply(n15, 67108348u);
  let n176 = fieldAdd(n3, n175);
  keep(82u, row, n176);
  let n161 = fieldMultiply(n70, 67108348u);
  let n162 = fieldAdd(n66, n161);
  keep(83u, row, n162);
  let n163 = fieldMultiply(n71, 67108348u);
  let n164 = fieldAdd(n67, n163);
  keep(84u, row, n164);
  let n165 = fieldMultiply(n72, 67108348u);
  let n166 = fieldAdd(n68, n165);
  keep(85u, row, n166);
  let n167 = fieldMultiply(n73, 67108348u);
  let n168 = fieldAdd(n69, n167);
  keep(86u, row, n168);
  let n876 = fieldMultiply(n83, 536870912u);
  keep(87u, row, n876);
  let n191 = fieldMultiply(n40, 67108348u);
  let n192 = fieldAdd(n24, n191);
  keep(88u, row, n192);
  let n193 = fieldMultiply(n41, 67108348u);
  let n194 = fieldAdd(n25, n193);
  keep(89u, row, n194);
  let n195 = fieldMultiply(n42, 67108348u);
  let n196 = fieldAdd(n26, n195);
  keep(90u, row, n196);
  let n197 = fieldMultiply(n43, 67108348u);
  let n198 = fieldAdd(n27, n197);
  keep(91u, row, n198);
  let n199 = fieldMultiply(n44, 67108348u);
  let n200 = fieldAdd(n28, n199);
  keep(92u, row, n200);
  let n201 = fieldMultiply(n45, 67108348u);
  let n202 = fieldAdd(n29, n201);
  keep(93u, row, n202);
  let n203 = fieldMultiply(n46, 67108348u);
  let n204 = fieldAdd(n30, n203);
  keep(94u, row, n204);
  let n205 = fieldMultiply(n47, 67108348u);
  let n206 = fieldAdd(n31, n205);
  keep(95u, row, n206);
  let n877 = fieldAdd(33554430u, n876);
  keep(96u, row, n877);
  let n207 = fieldMultiply(n48, 67108348u);
  let n208 = fieldAdd(n32, n207);
  keep(97u, row, n208);
  let n209 = fieldMultiply(n49, 67108348u);
  let n210 = fieldAdd(n33, n209);
  keep(98u, row, n210);
  let n211 = fieldMultiply(n50, 67108348u);
  let n212 = fieldAdd(n34, n211);
  keep(99u, row, n212);
  let n213 = fieldMultiply(n51, 67108348u);
  let n214 = fieldAdd(n35, n213);
  keep(100u, row, n214);
  let n215 = fieldMultiply(n52, 67108348u);
  let n216 = fieldAdd(n36, n215);
  keep(101u, row, n216);
  let n217 = fieldMultiply(n53, 67108348u);
  let n218 = fieldAdd(n37, n217);
  keep(102u, row, n218);
  let n219 = fieldMultiply(n54, 67108348u);
  let n220 = fieldAdd(n38, n219);
  keep(103u, row, n220);
  let n221 = fieldMultiply(n55, 67108348u);
  let n222 = fieldAdd(n39, n221);
  keep(104u, row, n222);
  let n878 = fieldMultiply(n62, 536870912u);
  let n879 = fieldAdd(n65, n878);
  keep(105u, row, n879);
  let n224 = fieldAdd(n63, n82);
  let n225 = fieldAdd(n64, n224);
  let n226 = fieldAdd(n65, n225);
  keep(106u, row, n226);
  let n880 = fieldAdd(n66, n67);
  let n881 = fieldAdd(n68, n880);
  let n882 = fieldAdd(n69, n881);
  let n884 = fieldMultiply(n882, 16777087u);
  keep(107u, row, n884);
  let n885 = fieldAdd(n85, n86);
  let n886 = fieldAdd(n87, n885);
  let n887 = fieldAdd(n88, n886);
  let n888 = fieldMultiply(16777087u, n887);
  keep(108u, row, n888);
  let n889 = fieldAdd(n78, n79);
  let n890 = fieldAdd(n80, n889);
  let n891 = fieldAdd(n81, n890);
  let n893 = fieldMultiply(n891, 100663290u);
  keep(109u, row, n893);
}

@compute @workgroup_size(workgroupSize)
fn wordMultiplyInteractions(
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
