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
var<private> linearOutput: array<u32, 16>;

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
  let n987 = cell(408u, row);
  let n154 = cell(154u, row);
  let n919 = cell(393u, row);
  let n155 = cell(155u, row);
  let n920 = cell(394u, row);
  let n156 = cell(156u, row);
  let n141 = cell(141u, row);
  let n142 = cell(142u, row);
  let n143 = cell(143u, row);
  let n144 = cell(144u, row);
  let n145 = cell(145u, row);
  let n146 = cell(146u, row);
  let n147 = cell(147u, row);
  let n148 = cell(148u, row);
  let n149 = cell(149u, row);
  let n150 = cell(150u, row);
  let n151 = cell(151u, row);
  let n152 = cell(152u, row);
  let n153 = cell(153u, row);
  let n157 = cell(157u, row);
  let n158 = cell(158u, row);
  let n159 = cell(159u, row);
  let n160 = cell(160u, row);
  let n161 = cell(161u, row);
  let n162 = cell(162u, row);
  let n163 = cell(163u, row);
  let n164 = cell(164u, row);
  let n165 = cell(165u, row);
  let n166 = cell(166u, row);
  let n167 = cell(167u, row);
  let n168 = cell(168u, row);
  let n169 = cell(169u, row);
  let n988 = fieldSquare(n987);
  let n989 = fieldMultiply(n987, n988);
  let n990 = fieldSubtract(n154, n989);
  keep(409u, row, n990);
  let n992 = fieldAdd(n919, 1641337465u);
  let n993 = fieldSquare(n992);
  let n994 = fieldMultiply(n992, n993);
  let n995 = fieldSubtract(n155, n994);
  keep(410u, row, n995);
  let n997 = fieldAdd(n920, 1247652969u);
  let n998 = fieldSquare(n997);
  let n999 = fieldMultiply(n997, n998);
  let n1000 = fieldSubtract(n156, n999);
  keep(411u, row, n1000);
  linearInput[0] = n141;
  linearInput[1] = n142;
  linearInput[2] = n143;
  linearInput[3] = n144;
  linearInput[4] = n145;
  linearInput[5] = n146;
  linearInput[6] = n147;
  linearInput[7] = n148;
  linearInput[8] = n149;
  linearInput[9] = n150;
  linearInput[10] = n151;
  linearInput[11] = n152;
  linearInput[12] = n153;
  linearInput[13] = n154;
  linearInput[14] = n155;
  linearInput[15] = n156;
  linear(0u);
  let n1002 = linearOutput[0];
  let n1003 = linearOutput[1];
  let n1004 = linearOutput[2];
  let n1005 = linearOutput[3];
  let n1006 = linearOutput[4];
  let n1007 = linearOutput[5];
  let n1008 = linearOutput[6];
  let n1009 = linearOutput[7];
  let n1010 = linearOutput[8];
  let n1011 = linearOutput[9];
  let n1012 = linearOutput[10];
  let n1013 = linearOutput[11];
  let n1014 = linearOutput[12];
  let n1015 = linearOutput[13];
  let n1016 = linearOutput[14];
  keep(412u, row, n1016);
  let n1017 = linearOutput[15];
  keep(413u, row, n1017);
  let n1019 = fieldAdd(n1002, 837976929u);
  let n1020 = fieldSquare(n1019);
  let n1021 = fieldMultiply(n1019, n1020);
  let n1022 = fieldSubtract(n157, n1021);
  keep(414u, row, n1022);
  let n1024 = fieldAdd(n1003, 403729248u);
  let n1025 = fieldSquare(n1024);
  let n1026 = fieldMultiply(n1024, n1025);
  let n1027 = fieldSubtract(n158, n1026);
  keep(415u, row, n1027);
  let n1029 = fieldAdd(n1004, 769015171u);
  let n1030 = fieldSquare(n1029);
  let n1031 = fieldMultiply(n1029, n1030);
  let n1032 = fieldSubtract(n159, n1031);
  keep(416u, row, n1032);
  let n1034 = fieldAdd(n1005, 980025027u);
  let n1035 = fieldSquare(n1034);
  let n1036 = fieldMultiply(n1034, n1035);
  let n1037 = fieldSubtract(n160, n1036);
  keep(417u, row, n1037);
  let n1039 = fieldAdd(n1006, 898701178u);
  let n1040 = fieldSquare(n1039);
  let n1041 = fieldMultiply(n1039, n1040);
  let n1042 = fieldSubtract(n161, n1041);
  keep(418u, row, n1042);
  let n1044 = fieldAdd(n1007, 120366493u);
  let n1045 = fieldSquare(n1044);
  let n1046 = fieldMultiply(n1044, n1045);
  let n1047 = fieldSubtract(n162, n1046);
  keep(419u, row, n1047);
  let n1049 = fieldAdd(n1008, 1834450324u);
  let n1050 = fieldSquare(n1049);
  let n1051 = fieldMultiply(n1049, n1050);
  let n1052 = fieldSubtract(n163, n1051);
  keep(420u, row, n1052);
  let n1054 = fieldAdd(n1009, 1409019383u);
  let n1055 = fieldSquare(n1054);
  let n1056 = fieldMultiply(n1054, n1055);
  let n1057 = fieldSubtract(n164, n1056);
  keep(421u, row, n1057);
  let n1059 = fieldAdd(n1010, 1175307260u);
  let n1060 = fieldSquare(n1059);
  let n1061 = fieldMultiply(n1059, n1060);
  let n1062 = fieldSubtract(n165, n1061);
  keep(422u, row, n1062);
  let n1064 = fieldAdd(n1011, 976862494u);
  let n1065 = fieldSquare(n1064);
  let n1066 = fieldMultiply(n1064, n1065);
  let n1067 = fieldSubtract(n166, n1066);
  keep(423u, row, n1067);
  let n1069 = fieldAdd(n1012, 1469970859u);
  let n1070 = fieldSquare(n1069);
  let n1071 = fieldMultiply(n1069, n1070);
  let n1072 = fieldSubtract(n167, n1071);
  keep(424u, row, n1072);
  let n1074 = fieldAdd(n1013, 1875422658u);
  let n1075 = fieldSquare(n1074);
  let n1076 = fieldMultiply(n1074, n1075);
  let n1077 = fieldSubtract(n168, n1076);
  keep(425u, row, n1077);
  let n1079 = fieldAdd(n1014, 264284415u);
  let n1080 = fieldSquare(n1079);
  let n1081 = fieldMultiply(n1079, n1080);
  let n1082 = fieldSubtract(n169, n1081);
  keep(426u, row, n1082);
  let n1084 = fieldAdd(n1015, 920775935u);
  keep(427u, row, n1084);
}

fn piece1(row: u32) {
  let n1084 = cell(427u, row);
  let n170 = cell(170u, row);
  let n1016 = cell(412u, row);
  let n171 = cell(171u, row);
  let n1017 = cell(413u, row);
  let n172 = cell(172u, row);
  let n0 = cell(0u, row);
  let n1 = cell(1u, row);
  let n21 = cell(21u, row);
  let n22 = cell(22u, row);
  let n186 = cell(186u, row);
  let n173 = cell(173u, row);
  let n174 = cell(174u, row);
  let n175 = cell(175u, row);
  let n2 = cell(2u, row);
  let n176 = cell(176u, row);
  let n3 = cell(3u, row);
  let n4 = cell(4u, row);
  let n177 = cell(177u, row);
  let n157 = cell(157u, row);
  let n158 = cell(158u, row);
  let n159 = cell(159u, row);
  let n160 = cell(160u, row);
  let n161 = cell(161u, row);
  let n162 = cell(162u, row);
  let n163 = cell(163u, row);
  let n164 = cell(164u, row);
  let n165 = cell(165u, row);
  let n166 = cell(166u, row);
  let n167 = cell(167u, row);
  let n168 = cell(168u, row);
  let n169 = cell(169u, row);
  let n5 = cell(5u, row);
  let n178 = cell(178u, row);
  let n6 = cell(6u, row);
  let n179 = cell(179u, row);
  let n7 = cell(7u, row);
  let n180 = cell(180u, row);
  let n8 = cell(8u, row);
  let n181 = cell(181u, row);
  let n9 = cell(9u, row);
  let n182 = cell(182u, row);
  let n10 = cell(10u, row);
  let n183 = cell(183u, row);
  let n11 = cell(11u, row);
  let n184 = cell(184u, row);
  let n12 = cell(12u, row);
  let n185 = cell(185u, row);
  let n23 = cell(23u, row);
  let n1085 = fieldSquare(n1084);
  let n1086 = fieldMultiply(n1084, n1085);
  let n1087 = fieldSubtract(n170, n1086);
  keep(428u, row, n1087);
  let n1089 = fieldAdd(n1016, 885721123u);
  let n1090 = fieldSquare(n1089);
  let n1091 = fieldMultiply(n1089, n1090);
  let n1092 = fieldSubtract(n171, n1091);
  keep(429u, row, n1092);
  let n1094 = fieldAdd(n1017, 1125811501u);
  let n1095 = fieldSquare(n1094);
  let n1096 = fieldMultiply(n1094, n1095);
  let n1097 = fieldSubtract(n172, n1096);
  keep(430u, row, n1097);
  let n1116 = fieldSubtract(n0, 33554430u);
  let n1117 = fieldMultiply(n0, n1116);
  keep(431u, row, n1117);
  let n1118 = fieldSubtract(n1, 33554430u);
  let n1119 = fieldMultiply(n1, n1118);
  keep(432u, row, n1119);
  let n1120 = fieldSubtract(n21, 33554430u);
  let n1121 = fieldMultiply(n21, n1120);
  keep(433u, row, n1121);
  let n1122 = fieldSubtract(n22, 33554430u);
  let n1123 = fieldMultiply(n22, n1122);
  keep(434u, row, n1123);
  let n1124 = fieldSubtract(33554430u, n0);
  let n1125 = fieldMultiply(n1, n1124);
  keep(435u, row, n1125);
  let n1126 = fieldMultiply(n21, n1124);
  keep(436u, row, n1126);
  let n1127 = fieldSubtract(n0, n1);
  let n1128 = fieldMultiply(n186, n1127);
  keep(437u, row, n1128);
  let n1129 = fieldSubtract(33554430u, n1);
  let n1130 = fieldMultiply(n22, n1129);
  keep(438u, row, n1130);
  let n1131 = fieldSubtract(33554430u, n21);
  let n1132 = fieldMultiply(n22, n1131);
  keep(439u, row, n1132);
  let n1134 = fieldSubtract(n173, n174);
  let n1133 = fieldSubtract(n0, n21);
  let n1135 = fieldSubtract(n1134, n1133);
  keep(440u, row, n1135);
  let n1136 = fieldSubtract(n175, n2);
  let n1138 = fieldSubtract(n1136, 268435440u);
  let n1139 = fieldMultiply(n1133, n1138);
  keep(441u, row, n1139);
  let n1140 = fieldSubtract(n176, n3);
  let n1141 = fieldMultiply(n1133, n1140);
  keep(442u, row, n1141);
  let n1142 = fieldSubtract(n4, n177);
  let n1143 = fieldSubtract(n1142, 33554430u);
  let n1144 = fieldMultiply(n1133, n1143);
  keep(443u, row, n1144);
  let n1145 = fieldSubtract(n4, 33554430u);
  let n1146 = fieldMultiply(n21, n1145);
  keep(444u, row, n1146);
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
  keep(445u, row, n1107);
  let n1147 = fieldSubtract(n178, n1107);
  let n1148 = fieldMultiply(n1133, n1147);
  keep(446u, row, n1148);
  let n1108 = fieldAdd(n6, n1100);
  keep(447u, row, n1108);
  let n1149 = fieldSubtract(n179, n1108);
  let n1150 = fieldMultiply(n1133, n1149);
  keep(448u, row, n1150);
  let n1109 = fieldAdd(n7, n1101);
  keep(449u, row, n1109);
  let n1151 = fieldSubtract(n180, n1109);
  let n1152 = fieldMultiply(n1133, n1151);
  keep(450u, row, n1152);
  let n1110 = fieldAdd(n8, n1102);
  keep(451u, row, n1110);
  let n1153 = fieldSubtract(n181, n1110);
  let n1154 = fieldMultiply(n1133, n1153);
  keep(452u, row, n1154);
  let n1111 = fieldAdd(n9, n1103);
  keep(453u, row, n1111);
  let n1155 = fieldSubtract(n182, n1111);
  let n1156 = fieldMultiply(n1133, n1155);
  keep(454u, row, n1156);
  let n1112 = fieldAdd(n10, n1104);
  keep(455u, row, n1112);
  let n1157 = fieldSubtract(n183, n1112);
  let n1158 = fieldMultiply(n1133, n1157);
  keep(456u, row, n1158);
  let n1113 = fieldAdd(n11, n1105);
  keep(457u, row, n1113);
  let n1159 = fieldSubtract(n184, n1113);
  let n1160 = fieldMultiply(n1133, n1159);
  keep(458u, row, n1160);
  let n1114 = fieldAdd(n12, n1106);
  keep(459u, row, n1114);
  let n1161 = fieldSubtract(n185, n1114);
  let n1162 = fieldMultiply(n1133, n1161);
  keep(460u, row, n1162);
  let n1164 = fieldSubtract(0u, n1);
  keep(461u, row, n1164);
  let n1166 = fieldSubtract(67108860u, n22);
  keep(462u, row, n1166);
  let n1167 = fieldSubtract(n4, n22);
  keep(463u, row, n1167);
  let n1169 = fieldMultiply(n23, 536870912u);
  keep(464u, row, n1169);
  let n1170 = fieldMultiply(n2, 536870912u);
  keep(465u, row, n1170);
  let n1171 = fieldMultiply(n3, 536870912u);
  keep(466u, row, n1171);
}

@compute @workgroup_size(workgroupSize)
fn hashConstraints1(
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
