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
  let n0 = cell(0u, row);
  let n31 = cell(31u, row);
  let n1 = cell(1u, row);
  let n2 = cell(2u, row);
  let n32 = cell(32u, row);
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
  let n21 = cell(21u, row);
  let n3 = cell(3u, row);
  let n22 = cell(22u, row);
  let n4 = cell(4u, row);
  let n23 = cell(23u, row);
  let n5 = cell(5u, row);
  let n24 = cell(24u, row);
  let n6 = cell(6u, row);
  let n25 = cell(25u, row);
  let n26 = cell(26u, row);
  let n35 = fieldMultiply(n0, n31);
  keep(34u, row, n35);
  let n37 = fieldSubtract(n1, 268435440u);
  let n38 = fieldMultiply(n31, n37);
  keep(35u, row, n38);
  let n39 = fieldSubtract(n2, 33554430u);
  let n40 = fieldMultiply(n31, n39);
  keep(36u, row, n40);
  let n41 = fieldSubtract(n0, 33554430u);
  let n42 = fieldMultiply(n32, n41);
  keep(37u, row, n42);
  let n43 = fieldSubtract(n8, 33554430u);
  let n44 = fieldMultiply(n8, n43);
  keep(38u, row, n44);
  let n45 = fieldSubtract(n9, 33554430u);
  let n46 = fieldMultiply(n9, n45);
  keep(39u, row, n46);
  let n47 = fieldSubtract(n10, 33554430u);
  let n48 = fieldMultiply(n10, n47);
  keep(40u, row, n48);
  let n49 = fieldSubtract(n11, 33554430u);
  let n50 = fieldMultiply(n11, n49);
  keep(41u, row, n50);
  let n51 = fieldSubtract(n12, 33554430u);
  let n52 = fieldMultiply(n12, n51);
  keep(42u, row, n52);
  let n53 = fieldSubtract(n13, 33554430u);
  let n54 = fieldMultiply(n13, n53);
  keep(43u, row, n54);
  let n55 = fieldSubtract(n14, 33554430u);
  let n56 = fieldMultiply(n14, n55);
  keep(44u, row, n56);
  let n57 = fieldSubtract(n15, 33554430u);
  let n58 = fieldMultiply(n15, n57);
  keep(45u, row, n58);
  let n59 = fieldSubtract(n16, 33554430u);
  let n60 = fieldMultiply(n16, n59);
  keep(46u, row, n60);
  let n61 = fieldSubtract(n17, 33554430u);
  let n62 = fieldMultiply(n17, n61);
  keep(47u, row, n62);
  let n63 = fieldSubtract(n18, 33554430u);
  let n64 = fieldMultiply(n18, n63);
  keep(48u, row, n64);
  let n65 = fieldSubtract(n19, 33554430u);
  let n66 = fieldMultiply(n19, n65);
  keep(49u, row, n66);
  let n67 = fieldSubtract(n20, 33554430u);
  let n68 = fieldMultiply(n20, n67);
  keep(50u, row, n68);
  let n69 = fieldAdd(n16, n17);
  let n70 = fieldAdd(n18, n69);
  let n71 = fieldAdd(n19, n70);
  let n72 = fieldAdd(n20, n71);
  let n73 = fieldSubtract(n72, 33554430u);
  keep(51u, row, n73);
  let n74 = fieldMultiply(n10, n18);
  keep(52u, row, n74);
  let n75 = fieldSubtract(33554430u, n8);
  let n76 = fieldSubtract(n21, n3);
  let n77 = fieldMultiply(n1, n9);
  let n78 = fieldSubtract(n76, n77);
  let n79 = fieldMultiply(n75, n78);
  keep(53u, row, n79);
  let n80 = fieldSubtract(33554430u, n10);
  let n81 = fieldSubtract(n80, n18);
  let n82 = fieldSubtract(n22, n4);
  let n83 = fieldMultiply(n1, n11);
  let n84 = fieldSubtract(n82, n83);
  let n85 = fieldMultiply(n81, n84);
  keep(54u, row, n85);
  let n86 = fieldSubtract(33554430u, n12);
  let n87 = fieldSubtract(n23, n5);
  let n88 = fieldMultiply(n1, n13);
  let n89 = fieldSubtract(n87, n88);
  let n90 = fieldMultiply(n86, n89);
  keep(55u, row, n90);
  let n91 = fieldSubtract(33554430u, n14);
  let n92 = fieldSubtract(n24, n6);
  let n93 = fieldMultiply(n1, n15);
  let n94 = fieldSubtract(n92, n93);
  let n95 = fieldMultiply(n91, n94);
  keep(56u, row, n95);
  let n96 = fieldSubtract(n25, n1);
  let n97 = fieldSubtract(n96, n4);
  let n98 = fieldMultiply(n10, n97);
  keep(57u, row, n98);
  let n99 = fieldSubtract(n25, n21);
  let n100 = fieldSubtract(n99, n4);
  let n101 = fieldMultiply(n18, n100);
  keep(58u, row, n101);
  let n102 = fieldAdd(n21, n22);
  let n103 = fieldSubtract(n102, n23);
  let n104 = fieldMultiply(n16, n103);
  keep(59u, row, n104);
  let n105 = fieldMultiply(n21, n22);
  let n106 = fieldSubtract(n105, n23);
  let n107 = fieldMultiply(n17, n106);
  keep(60u, row, n107);
  let n108 = fieldSubtract(n22, n23);
  let n109 = fieldMultiply(n18, n108);
  keep(61u, row, n109);
  let n110 = fieldMultiply(n19, n21);
  keep(62u, row, n110);
  let n111 = fieldSubtract(33554430u, n26);
  keep(63u, row, n111);
}

fn piece1(row: u32) {
  let n110 = cell(62u, row);
  let n111 = cell(63u, row);
  let n27 = cell(27u, row);
  let n26 = cell(26u, row);
  let n0 = cell(0u, row);
  let n28 = cell(28u, row);
  let n22 = cell(22u, row);
  let n33 = cell(33u, row);
  let n29 = cell(29u, row);
  let n1 = cell(1u, row);
  let n23 = cell(23u, row);
  let n30 = cell(30u, row);
  let n2 = cell(2u, row);
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
  let n3 = cell(3u, row);
  let n5 = cell(5u, row);
  let n6 = cell(6u, row);
  let n112 = fieldMultiply(n110, n111);
  keep(64u, row, n112);
  let n113 = fieldMultiply(n27, n110);
  let n114 = fieldSubtract(n26, n113);
  keep(65u, row, n114);
  let n115 = fieldAdd(n0, 33554430u);
  let n116 = fieldSubtract(n28, n115);
  let n117 = fieldSubtract(n22, n115);
  let n118 = fieldMultiply(n26, n117);
  let n119 = fieldSubtract(n116, n118);
  let n120 = fieldMultiply(n33, n119);
  keep(66u, row, n120);
  let n121 = fieldSubtract(n29, n1);
  let n122 = fieldSubtract(n23, n1);
  let n123 = fieldMultiply(n26, n122);
  let n124 = fieldSubtract(n121, n123);
  let n125 = fieldMultiply(n33, n124);
  keep(67u, row, n125);
  let n126 = fieldSubtract(n30, n2);
  let n127 = fieldSubtract(n126, 33554430u);
  let n128 = fieldMultiply(n33, n127);
  keep(68u, row, n128);
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
  keep(69u, row, n163);
  let n164 = fieldAdd(n1, n3);
  keep(70u, row, n164);
  let n165 = fieldAdd(n10, n18);
  keep(71u, row, n165);
  let n166 = fieldAdd(n1, n5);
  keep(72u, row, n166);
  let n167 = fieldAdd(n1, n6);
  keep(73u, row, n167);
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
