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
  let n72 = cell(72u, row);
  let n57 = cell(57u, row);
  let n25 = cell(25u, row);
  let n9 = cell(9u, row);
  let n41 = cell(41u, row);
  let n58 = cell(58u, row);
  let n26 = cell(26u, row);
  let n10 = cell(10u, row);
  let n42 = cell(42u, row);
  let n59 = cell(59u, row);
  let n27 = cell(27u, row);
  let n11 = cell(11u, row);
  let n43 = cell(43u, row);
  let n60 = cell(60u, row);
  let n28 = cell(28u, row);
  let n12 = cell(12u, row);
  let n44 = cell(44u, row);
  let n61 = cell(61u, row);
  let n29 = cell(29u, row);
  let n13 = cell(13u, row);
  let n45 = cell(45u, row);
  let n62 = cell(62u, row);
  let n30 = cell(30u, row);
  let n14 = cell(14u, row);
  let n46 = cell(46u, row);
  let n63 = cell(63u, row);
  let n31 = cell(31u, row);
  let n15 = cell(15u, row);
  let n47 = cell(47u, row);
  let n64 = cell(64u, row);
  let n32 = cell(32u, row);
  let n16 = cell(16u, row);
  let n48 = cell(48u, row);
  let n65 = cell(65u, row);
  let n33 = cell(33u, row);
  let n74 = fieldSubtract(n0, 33554430u);
  let n75 = fieldMultiply(n0, n74);
  keep(73u, row, n75);
  let n76 = fieldSubtract(n1, 33554430u);
  let n77 = fieldMultiply(n1, n76);
  keep(74u, row, n77);
  let n78 = fieldSubtract(n2, 33554430u);
  let n79 = fieldMultiply(n2, n78);
  keep(75u, row, n79);
  let n80 = fieldSubtract(n3, 33554430u);
  let n81 = fieldMultiply(n3, n80);
  keep(76u, row, n81);
  let n83 = fieldAdd(n0, n1);
  let n84 = fieldAdd(n2, n83);
  let n85 = fieldAdd(n3, n84);
  keep(77u, row, n85);
  let n86 = fieldSubtract(n85, 33554430u);
  let n87 = fieldMultiply(n85, n86);
  keep(78u, row, n87);
  let n88 = fieldMultiply(n72, n83);
  keep(79u, row, n88);
  let n92 = fieldSubtract(n57, 33554430u);
  let n93 = fieldMultiply(n57, n92);
  keep(80u, row, n93);
  let n89 = fieldAdd(n0, n3);
  let n90 = fieldSubtract(n89, n1);
  let n91 = fieldSubtract(n90, n2);
  keep(81u, row, n91);
  let n95 = fieldMultiply(n57, 134085624u);
  let n96 = fieldSubtract(n25, n95);
  let n97 = fieldMultiply(n91, n96);
  let n98 = fieldAdd(n9, n97);
  let n99 = fieldSubtract(n41, n98);
  keep(82u, row, n99);
  let n100 = fieldSubtract(n58, 33554430u);
  let n101 = fieldMultiply(n58, n100);
  keep(83u, row, n101);
  let n102 = fieldAdd(n26, n57);
  let n103 = fieldMultiply(n58, 134085624u);
  let n104 = fieldSubtract(n102, n103);
  let n105 = fieldMultiply(n91, n104);
  let n106 = fieldAdd(n10, n105);
  let n107 = fieldSubtract(n42, n106);
  keep(84u, row, n107);
  let n108 = fieldSubtract(n59, 33554430u);
  let n109 = fieldMultiply(n59, n108);
  keep(85u, row, n109);
  let n110 = fieldAdd(n27, n58);
  let n111 = fieldMultiply(n59, 134085624u);
  let n112 = fieldSubtract(n110, n111);
  let n113 = fieldMultiply(n91, n112);
  let n114 = fieldAdd(n11, n113);
  let n115 = fieldSubtract(n43, n114);
  keep(86u, row, n115);
  let n116 = fieldSubtract(n60, 33554430u);
  let n117 = fieldMultiply(n60, n116);
  keep(87u, row, n117);
  let n118 = fieldAdd(n28, n59);
  let n119 = fieldMultiply(n60, 134085624u);
  let n120 = fieldSubtract(n118, n119);
  let n121 = fieldMultiply(n91, n120);
  let n122 = fieldAdd(n12, n121);
  let n123 = fieldSubtract(n44, n122);
  keep(88u, row, n123);
  let n124 = fieldSubtract(n61, 33554430u);
  let n125 = fieldMultiply(n61, n124);
  keep(89u, row, n125);
  let n126 = fieldAdd(n29, n60);
  let n127 = fieldMultiply(n61, 134085624u);
  let n128 = fieldSubtract(n126, n127);
  let n129 = fieldMultiply(n91, n128);
  let n130 = fieldAdd(n13, n129);
  let n131 = fieldSubtract(n45, n130);
  keep(90u, row, n131);
  let n132 = fieldSubtract(n62, 33554430u);
  let n133 = fieldMultiply(n62, n132);
  keep(91u, row, n133);
  let n134 = fieldAdd(n30, n61);
  let n135 = fieldMultiply(n62, 134085624u);
  let n136 = fieldSubtract(n134, n135);
  let n137 = fieldMultiply(n91, n136);
  let n138 = fieldAdd(n14, n137);
  let n139 = fieldSubtract(n46, n138);
  keep(92u, row, n139);
  let n140 = fieldSubtract(n63, 33554430u);
  let n141 = fieldMultiply(n63, n140);
  keep(93u, row, n141);
  let n142 = fieldAdd(n31, n62);
  let n143 = fieldMultiply(n63, 134085624u);
  let n144 = fieldSubtract(n142, n143);
  let n145 = fieldMultiply(n91, n144);
  let n146 = fieldAdd(n15, n145);
  let n147 = fieldSubtract(n47, n146);
  keep(94u, row, n147);
  let n148 = fieldSubtract(n64, 33554430u);
  let n149 = fieldMultiply(n64, n148);
  keep(95u, row, n149);
  let n150 = fieldAdd(n32, n63);
  let n151 = fieldMultiply(n64, 134085624u);
  let n152 = fieldSubtract(n150, n151);
  let n153 = fieldMultiply(n91, n152);
  let n154 = fieldAdd(n16, n153);
  let n155 = fieldSubtract(n48, n154);
  keep(96u, row, n155);
  let n156 = fieldSubtract(n65, 33554430u);
  let n157 = fieldMultiply(n65, n156);
  keep(97u, row, n157);
  let n158 = fieldAdd(n33, n64);
  let n159 = fieldMultiply(n65, 134085624u);
  let n160 = fieldSubtract(n158, n159);
  keep(98u, row, n160);
}

fn piece1(row: u32) {
  let n91 = cell(81u, row);
  let n160 = cell(98u, row);
  let n17 = cell(17u, row);
  let n49 = cell(49u, row);
  let n66 = cell(66u, row);
  let n34 = cell(34u, row);
  let n65 = cell(65u, row);
  let n18 = cell(18u, row);
  let n50 = cell(50u, row);
  let n67 = cell(67u, row);
  let n35 = cell(35u, row);
  let n19 = cell(19u, row);
  let n51 = cell(51u, row);
  let n68 = cell(68u, row);
  let n36 = cell(36u, row);
  let n20 = cell(20u, row);
  let n52 = cell(52u, row);
  let n69 = cell(69u, row);
  let n37 = cell(37u, row);
  let n21 = cell(21u, row);
  let n53 = cell(53u, row);
  let n70 = cell(70u, row);
  let n38 = cell(38u, row);
  let n22 = cell(22u, row);
  let n54 = cell(54u, row);
  let n71 = cell(71u, row);
  let n39 = cell(39u, row);
  let n23 = cell(23u, row);
  let n55 = cell(55u, row);
  let n72 = cell(72u, row);
  let n40 = cell(40u, row);
  let n24 = cell(24u, row);
  let n56 = cell(56u, row);
  let n6 = cell(6u, row);
  let n2 = cell(2u, row);
  let n4 = cell(4u, row);
  let n3 = cell(3u, row);
  let n7 = cell(7u, row);
  let n85 = cell(77u, row);
  let n0 = cell(0u, row);
  let n1 = cell(1u, row);
  let n5 = cell(5u, row);
  let n161 = fieldMultiply(n91, n160);
  let n162 = fieldAdd(n17, n161);
  let n163 = fieldSubtract(n49, n162);
  keep(99u, row, n163);
  let n164 = fieldSubtract(n66, 33554430u);
  let n165 = fieldMultiply(n66, n164);
  keep(100u, row, n165);
  let n166 = fieldAdd(n34, n65);
  let n167 = fieldMultiply(n66, 134085624u);
  let n168 = fieldSubtract(n166, n167);
  let n169 = fieldMultiply(n91, n168);
  let n170 = fieldAdd(n18, n169);
  let n171 = fieldSubtract(n50, n170);
  keep(101u, row, n171);
  let n172 = fieldSubtract(n67, 33554430u);
  let n173 = fieldMultiply(n67, n172);
  keep(102u, row, n173);
  let n174 = fieldAdd(n35, n66);
  let n175 = fieldMultiply(n67, 134085624u);
  let n176 = fieldSubtract(n174, n175);
  let n177 = fieldMultiply(n91, n176);
  let n178 = fieldAdd(n19, n177);
  let n179 = fieldSubtract(n51, n178);
  keep(103u, row, n179);
  let n180 = fieldSubtract(n68, 33554430u);
  let n181 = fieldMultiply(n68, n180);
  keep(104u, row, n181);
  let n182 = fieldAdd(n36, n67);
  let n183 = fieldMultiply(n68, 134085624u);
  let n184 = fieldSubtract(n182, n183);
  let n185 = fieldMultiply(n91, n184);
  let n186 = fieldAdd(n20, n185);
  let n187 = fieldSubtract(n52, n186);
  keep(105u, row, n187);
  let n188 = fieldSubtract(n69, 33554430u);
  let n189 = fieldMultiply(n69, n188);
  keep(106u, row, n189);
  let n190 = fieldAdd(n37, n68);
  let n191 = fieldMultiply(n69, 134085624u);
  let n192 = fieldSubtract(n190, n191);
  let n193 = fieldMultiply(n91, n192);
  let n194 = fieldAdd(n21, n193);
  let n195 = fieldSubtract(n53, n194);
  keep(107u, row, n195);
  let n196 = fieldSubtract(n70, 33554430u);
  let n197 = fieldMultiply(n70, n196);
  keep(108u, row, n197);
  let n198 = fieldAdd(n38, n69);
  let n199 = fieldMultiply(n70, 134085624u);
  let n200 = fieldSubtract(n198, n199);
  let n201 = fieldMultiply(n91, n200);
  let n202 = fieldAdd(n22, n201);
  let n203 = fieldSubtract(n54, n202);
  keep(109u, row, n203);
  let n204 = fieldSubtract(n71, 33554430u);
  let n205 = fieldMultiply(n71, n204);
  keep(110u, row, n205);
  let n206 = fieldAdd(n39, n70);
  let n207 = fieldMultiply(n71, 134085624u);
  let n208 = fieldSubtract(n206, n207);
  let n209 = fieldMultiply(n91, n208);
  let n210 = fieldAdd(n23, n209);
  let n211 = fieldSubtract(n55, n210);
  keep(111u, row, n211);
  let n212 = fieldSubtract(n72, 33554430u);
  let n213 = fieldMultiply(n72, n212);
  keep(112u, row, n213);
  let n214 = fieldAdd(n40, n71);
  let n215 = fieldMultiply(n72, 134085624u);
  let n216 = fieldSubtract(n214, n215);
  let n217 = fieldMultiply(n91, n216);
  let n218 = fieldAdd(n24, n217);
  let n219 = fieldSubtract(n56, n218);
  keep(113u, row, n219);
  let n220 = fieldSubtract(n6, n72);
  let n221 = fieldMultiply(n2, n220);
  keep(114u, row, n221);
  let n222 = fieldSubtract(n4, n6);
  let n223 = fieldMultiply(n3, n222);
  let n224 = fieldAdd(n6, n223);
  let n225 = fieldSubtract(n7, n224);
  keep(115u, row, n225);
  let n226 = fieldSubtract(0u, n85);
  keep(116u, row, n226);
  let n234 = fieldMultiply(n3, 603979740u);
  let n232 = fieldMultiply(n2, 570425310u);
  let n228 = fieldMultiply(n0, 536870880u);
  let n230 = fieldMultiply(n1, 671088600u);
  let n235 = fieldAdd(n228, n230);
  let n236 = fieldAdd(n232, n235);
  let n237 = fieldAdd(n234, n236);
  keep(117u, row, n237);
  let n238 = fieldSubtract(n85, n3);
  keep(118u, row, n238);
  let n240 = fieldMultiply(n4, 536870912u);
  keep(119u, row, n240);
  let n241 = fieldAdd(33554430u, n240);
  keep(120u, row, n241);
  let n242 = fieldMultiply(n5, 536870912u);
  keep(121u, row, n242);
  let n243 = fieldAdd(33554430u, n242);
  keep(122u, row, n243);
  let n244 = fieldSubtract(n85, n2);
  keep(123u, row, n244);
  let n245 = fieldMultiply(n7, 536870912u);
  keep(124u, row, n245);
  let n246 = fieldAdd(33554430u, n245);
  keep(125u, row, n246);
}

@compute @workgroup_size(workgroupSize)
fn wordConstraints(
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
