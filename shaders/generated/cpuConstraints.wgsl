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
  let n0 = cell(0u, row);
  let n30 = cell(30u, row);
  let n1 = cell(1u, row);
  let n2 = cell(2u, row);
  let n31 = cell(31u, row);
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
  let n18 = cell(18u, row);
  let n19 = cell(19u, row);
  let n20 = cell(20u, row);
  let n3 = cell(3u, row);
  let n21 = cell(21u, row);
  let n4 = cell(4u, row);
  let n22 = cell(22u, row);
  let n5 = cell(5u, row);
  let n6 = cell(6u, row);
  let n23 = cell(23u, row);
  let n24 = cell(24u, row);
  let n25 = cell(25u, row);
  let n26 = cell(26u, row);
  let n27 = cell(27u, row);
  let n34 = fieldMultiply(n0, n30);
  keep(33u, row, n34);
  let n36 = fieldSubtract(n1, 268435440u);
  let n37 = fieldMultiply(n30, n36);
  keep(34u, row, n37);
  let n38 = fieldSubtract(n2, 33554430u);
  let n39 = fieldMultiply(n30, n38);
  keep(35u, row, n39);
  let n40 = fieldSubtract(n0, 33554430u);
  let n41 = fieldMultiply(n31, n40);
  keep(36u, row, n41);
  let n42 = fieldSubtract(n8, 33554430u);
  let n43 = fieldMultiply(n8, n42);
  keep(37u, row, n43);
  let n44 = fieldSubtract(n9, 33554430u);
  let n45 = fieldMultiply(n9, n44);
  keep(38u, row, n45);
  let n46 = fieldSubtract(n10, 33554430u);
  let n47 = fieldMultiply(n10, n46);
  keep(39u, row, n47);
  let n48 = fieldSubtract(n11, 33554430u);
  let n49 = fieldMultiply(n11, n48);
  keep(40u, row, n49);
  let n50 = fieldSubtract(n12, 33554430u);
  let n51 = fieldMultiply(n12, n50);
  keep(41u, row, n51);
  let n52 = fieldSubtract(n13, 33554430u);
  let n53 = fieldMultiply(n13, n52);
  keep(42u, row, n53);
  let n54 = fieldSubtract(n14, 33554430u);
  let n55 = fieldMultiply(n14, n54);
  keep(43u, row, n55);
  let n56 = fieldSubtract(n15, 33554430u);
  let n57 = fieldMultiply(n15, n56);
  keep(44u, row, n57);
  let n58 = fieldSubtract(n16, 33554430u);
  let n59 = fieldMultiply(n16, n58);
  keep(45u, row, n59);
  let n60 = fieldSubtract(n17, 33554430u);
  let n61 = fieldMultiply(n17, n60);
  keep(46u, row, n61);
  let n62 = fieldSubtract(n18, 33554430u);
  let n63 = fieldMultiply(n18, n62);
  keep(47u, row, n63);
  let n64 = fieldSubtract(n19, 33554430u);
  let n65 = fieldMultiply(n19, n64);
  keep(48u, row, n65);
  let n66 = fieldAdd(n15, n16);
  let n67 = fieldAdd(n17, n66);
  let n68 = fieldAdd(n18, n67);
  let n69 = fieldAdd(n19, n68);
  let n70 = fieldSubtract(n69, 33554430u);
  keep(49u, row, n70);
  let n71 = fieldMultiply(n10, n17);
  keep(50u, row, n71);
  let n72 = fieldSubtract(33554430u, n8);
  let n73 = fieldSubtract(n20, n3);
  let n74 = fieldMultiply(n1, n9);
  let n75 = fieldSubtract(n73, n74);
  let n76 = fieldMultiply(n72, n75);
  keep(51u, row, n76);
  let n77 = fieldSubtract(33554430u, n10);
  let n78 = fieldSubtract(n77, n17);
  let n79 = fieldSubtract(n21, n4);
  let n80 = fieldMultiply(n1, n11);
  let n81 = fieldSubtract(n79, n80);
  let n82 = fieldMultiply(n78, n81);
  keep(52u, row, n82);
  let n83 = fieldSubtract(33554430u, n12);
  let n84 = fieldSubtract(n22, n5);
  let n85 = fieldMultiply(n1, n13);
  let n86 = fieldSubtract(n84, n85);
  let n87 = fieldMultiply(n83, n86);
  keep(53u, row, n87);
  let n88 = fieldMultiply(n1, n14);
  let n89 = fieldAdd(n6, n88);
  let n90 = fieldSubtract(n23, n89);
  keep(54u, row, n90);
  let n91 = fieldSubtract(n24, n1);
  let n92 = fieldSubtract(n91, n4);
  let n93 = fieldMultiply(n10, n92);
  keep(55u, row, n93);
  let n94 = fieldSubtract(n24, n20);
  let n95 = fieldSubtract(n94, n4);
  let n96 = fieldMultiply(n17, n95);
  keep(56u, row, n96);
  let n97 = fieldAdd(n20, n21);
  let n98 = fieldSubtract(n97, n22);
  let n99 = fieldMultiply(n15, n98);
  keep(57u, row, n99);
  let n100 = fieldMultiply(n20, n21);
  let n101 = fieldSubtract(n100, n22);
  let n102 = fieldMultiply(n16, n101);
  keep(58u, row, n102);
  let n103 = fieldSubtract(n21, n22);
  let n104 = fieldMultiply(n17, n103);
  keep(59u, row, n104);
  let n105 = fieldMultiply(n18, n20);
  let n106 = fieldSubtract(33554430u, n25);
  let n107 = fieldMultiply(n105, n106);
  keep(60u, row, n107);
  let n108 = fieldMultiply(n26, n105);
  let n109 = fieldSubtract(n25, n108);
  keep(61u, row, n109);
  let n110 = fieldAdd(n0, 33554430u);
  let n111 = fieldSubtract(n27, n110);
  keep(62u, row, n111);
  let n112 = fieldSubtract(n21, n110);
  keep(63u, row, n112);
}

fn piece1(row: u32) {
  let n25 = cell(25u, row);
  let n112 = cell(63u, row);
  let n111 = cell(62u, row);
  let n32 = cell(32u, row);
  let n28 = cell(28u, row);
  let n1 = cell(1u, row);
  let n22 = cell(22u, row);
  let n29 = cell(29u, row);
  let n2 = cell(2u, row);
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
  let n3 = cell(3u, row);
  let n5 = cell(5u, row);
  let n113 = fieldMultiply(n25, n112);
  let n114 = fieldSubtract(n111, n113);
  let n115 = fieldMultiply(n32, n114);
  keep(64u, row, n115);
  let n116 = fieldSubtract(n28, n1);
  let n117 = fieldSubtract(n22, n1);
  let n118 = fieldMultiply(n25, n117);
  let n119 = fieldSubtract(n116, n118);
  let n120 = fieldMultiply(n32, n119);
  keep(65u, row, n120);
  let n121 = fieldSubtract(n29, n2);
  let n122 = fieldSubtract(n121, 33554430u);
  let n123 = fieldMultiply(n32, n122);
  keep(66u, row, n123);
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
  keep(67u, row, n155);
  let n156 = fieldAdd(n1, n3);
  keep(68u, row, n156);
  let n157 = fieldAdd(n10, n17);
  keep(69u, row, n157);
  let n158 = fieldAdd(n1, n5);
  keep(70u, row, n158);
}

@compute @workgroup_size(workgroupSize)
fn cpuConstraints(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  // Touched so that every kernel has the same bindings.
  if (row >= params.end || arrayLength(&matrices) == 0u) {
    return;
  }
  piece0(row);
  piece1(row);
}
