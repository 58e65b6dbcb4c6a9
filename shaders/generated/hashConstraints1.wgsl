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
  let n1001 = cell(421u, row);
  let n157 = cell(157u, row);
  let n933 = cell(406u, row);
  let n158 = cell(158u, row);
  let n934 = cell(407u, row);
  let n159 = cell(159u, row);
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
  let n154 = cell(154u, row);
  let n155 = cell(155u, row);
  let n156 = cell(156u, row);
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
  let n170 = cell(170u, row);
  let n171 = cell(171u, row);
  let n172 = cell(172u, row);
  let n1002 = fieldSquare(n1001);
  let n1003 = fieldMultiply(n1001, n1002);
  let n1004 = fieldSubtract(n157, n1003);
  keep(422u, row, n1004);
  let n1006 = fieldAdd(n933, 1641337465u);
  let n1007 = fieldSquare(n1006);
  let n1008 = fieldMultiply(n1006, n1007);
  let n1009 = fieldSubtract(n158, n1008);
  keep(423u, row, n1009);
  let n1011 = fieldAdd(n934, 1247652969u);
  let n1012 = fieldSquare(n1011);
  let n1013 = fieldMultiply(n1011, n1012);
  let n1014 = fieldSubtract(n159, n1013);
  keep(424u, row, n1014);
  linearInput[0] = n144;
  linearInput[1] = n145;
  linearInput[2] = n146;
  linearInput[3] = n147;
  linearInput[4] = n148;
  linearInput[5] = n149;
  linearInput[6] = n150;
  linearInput[7] = n151;
  linearInput[8] = n152;
  linearInput[9] = n153;
  linearInput[10] = n154;
  linearInput[11] = n155;
  linearInput[12] = n156;
  linearInput[13] = n157;
  linearInput[14] = n158;
  linearInput[15] = n159;
  linear(0u);
  let n1016 = linearOutput[0];
  let n1017 = linearOutput[1];
  let n1018 = linearOutput[2];
  let n1019 = linearOutput[3];
  let n1020 = linearOutput[4];
  let n1021 = linearOutput[5];
  let n1022 = linearOutput[6];
  let n1023 = linearOutput[7];
  let n1024 = linearOutput[8];
  let n1025 = linearOutput[9];
  let n1026 = linearOutput[10];
  let n1027 = linearOutput[11];
  let n1028 = linearOutput[12];
  let n1029 = linearOutput[13];
  let n1030 = linearOutput[14];
  keep(425u, row, n1030);
  let n1031 = linearOutput[15];
  keep(426u, row, n1031);
  let n1033 = fieldAdd(n1016, 837976929u);
  let n1034 = fieldSquare(n1033);
  let n1035 = fieldMultiply(n1033, n1034);
  let n1036 = fieldSubtract(n160, n1035);
  keep(427u, row, n1036);
  let n1038 = fieldAdd(n1017, 403729248u);
  let n1039 = fieldSquare(n1038);
  let n1040 = fieldMultiply(n1038, n1039);
  let n1041 = fieldSubtract(n161, n1040);
  keep(428u, row, n1041);
  let n1043 = fieldAdd(n1018, 769015171u);
  let n1044 = fieldSquare(n1043);
  let n1045 = fieldMultiply(n1043, n1044);
  let n1046 = fieldSubtract(n162, n1045);
  keep(429u, row, n1046);
  let n1048 = fieldAdd(n1019, 980025027u);
  let n1049 = fieldSquare(n1048);
  let n1050 = fieldMultiply(n1048, n1049);
  let n1051 = fieldSubtract(n163, n1050);
  keep(430u, row, n1051);
  let n1053 = fieldAdd(n1020, 898701178u);
  let n1054 = fieldSquare(n1053);
  let n1055 = fieldMultiply(n1053, n1054);
  let n1056 = fieldSubtract(n164, n1055);
  keep(431u, row, n1056);
  let n1058 = fieldAdd(n1021, 120366493u);
  let n1059 = fieldSquare(n1058);
  let n1060 = fieldMultiply(n1058, n1059);
  let n1061 = fieldSubtract(n165, n1060);
  keep(432u, row, n1061);
  let n1063 = fieldAdd(n1022, 1834450324u);
  let n1064 = fieldSquare(n1063);
  let n1065 = fieldMultiply(n1063, n1064);
  let n1066 = fieldSubtract(n166, n1065);
  keep(433u, row, n1066);
  let n1068 = fieldAdd(n1023, 1409019383u);
  let n1069 = fieldSquare(n1068);
  let n1070 = fieldMultiply(n1068, n1069);
  let n1071 = fieldSubtract(n167, n1070);
  keep(434u, row, n1071);
  let n1073 = fieldAdd(n1024, 1175307260u);
  let n1074 = fieldSquare(n1073);
  let n1075 = fieldMultiply(n1073, n1074);
  let n1076 = fieldSubtract(n168, n1075);
  keep(435u, row, n1076);
  let n1078 = fieldAdd(n1025, 976862494u);
  let n1079 = fieldSquare(n1078);
  let n1080 = fieldMultiply(n1078, n1079);
  let n1081 = fieldSubtract(n169, n1080);
  keep(436u, row, n1081);
  let n1083 = fieldAdd(n1026, 1469970859u);
  let n1084 = fieldSquare(n1083);
  let n1085 = fieldMultiply(n1083, n1084);
  let n1086 = fieldSubtract(n170, n1085);
  keep(437u, row, n1086);
  let n1088 = fieldAdd(n1027, 1875422658u);
  let n1089 = fieldSquare(n1088);
  let n1090 = fieldMultiply(n1088, n1089);
  let n1091 = fieldSubtract(n171, n1090);
  keep(438u, row, n1091);
  let n1093 = fieldAdd(n1028, 264284415u);
  let n1094 = fieldSquare(n1093);
  let n1095 = fieldMultiply(n1093, n1094);
  let n1096 = fieldSubtract(n172, n1095);
  keep(439u, row, n1096);
  let n1098 = fieldAdd(n1029, 920775935u);
  keep(440u, row, n1098);
}

fn piece1(row: u32) {
  let n1098 = cell(440u, row);
  let n173 = cell(173u, row);
  let n1030 = cell(425u, row);
  let n174 = cell(174u, row);
  let n1031 = cell(426u, row);
  let n175 = cell(175u, row);
  let n0 = cell(0u, row);
  let n1 = cell(1u, row);
  let n23 = cell(23u, row);
  let n2 = cell(2u, row);
  let n3 = cell(3u, row);
  let n199 = cell(199u, row);
  let n24 = cell(24u, row);
  let n176 = cell(176u, row);
  let n177 = cell(177u, row);
  let n178 = cell(178u, row);
  let n181 = cell(181u, row);
  let n5 = cell(5u, row);
  let n6 = cell(6u, row);
  let n182 = cell(182u, row);
  let n180 = cell(180u, row);
  let n4 = cell(4u, row);
  let n191 = cell(191u, row);
  let n183 = cell(183u, row);
  let n179 = cell(179u, row);
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
  let n170 = cell(170u, row);
  let n171 = cell(171u, row);
  let n172 = cell(172u, row);
  let n7 = cell(7u, row);
  let n192 = cell(192u, row);
  let n184 = cell(184u, row);
  let n8 = cell(8u, row);
  let n1099 = fieldSquare(n1098);
  let n1100 = fieldMultiply(n1098, n1099);
  let n1101 = fieldSubtract(n173, n1100);
  keep(441u, row, n1101);
  let n1103 = fieldAdd(n1030, 885721123u);
  let n1104 = fieldSquare(n1103);
  let n1105 = fieldMultiply(n1103, n1104);
  let n1106 = fieldSubtract(n174, n1105);
  keep(442u, row, n1106);
  let n1108 = fieldAdd(n1031, 1125811501u);
  let n1109 = fieldSquare(n1108);
  let n1110 = fieldMultiply(n1108, n1109);
  let n1111 = fieldSubtract(n175, n1110);
  keep(443u, row, n1111);
  let n1129 = fieldSubtract(n0, 33554430u);
  let n1130 = fieldMultiply(n0, n1129);
  keep(444u, row, n1130);
  let n1131 = fieldSubtract(n1, 33554430u);
  let n1132 = fieldMultiply(n1, n1131);
  keep(445u, row, n1132);
  let n1133 = fieldSubtract(n23, 33554430u);
  let n1134 = fieldMultiply(n23, n1133);
  keep(446u, row, n1134);
  let n1135 = fieldSubtract(n2, 33554430u);
  let n1136 = fieldMultiply(n2, n1135);
  keep(447u, row, n1136);
  let n1137 = fieldSubtract(n3, 33554430u);
  let n1138 = fieldMultiply(n3, n1137);
  keep(448u, row, n1138);
  let n1139 = fieldSubtract(33554430u, n0);
  let n1140 = fieldMultiply(n1, n1139);
  keep(449u, row, n1140);
  let n1141 = fieldMultiply(n23, n1139);
  keep(450u, row, n1141);
  let n1142 = fieldMultiply(n2, n1139);
  keep(451u, row, n1142);
  let n1143 = fieldSubtract(33554430u, n2);
  let n1144 = fieldMultiply(n3, n1143);
  keep(452u, row, n1144);
  let n1145 = fieldSubtract(n0, n1);
  let n1146 = fieldMultiply(n199, n1145);
  keep(453u, row, n1146);
  let n1147 = fieldMultiply(n1, n3);
  let n1148 = fieldSubtract(n24, n1147);
  keep(454u, row, n1148);
  let n1150 = fieldSubtract(n176, n177);
  let n1149 = fieldSubtract(n0, n23);
  keep(455u, row, n1149);
  let n1151 = fieldSubtract(n1150, n1149);
  keep(456u, row, n1151);
  let n1152 = fieldSubtract(n178, n2);
  let n1153 = fieldMultiply(n1149, n1152);
  keep(457u, row, n1153);
  let n1154 = fieldSubtract(n181, n5);
  let n1155 = fieldMultiply(n1149, n1154);
  keep(458u, row, n1155);
  let n1156 = fieldSubtract(n6, n182);
  let n1157 = fieldSubtract(n1156, 33554430u);
  let n1158 = fieldMultiply(n1149, n1157);
  keep(459u, row, n1158);
  let n1159 = fieldSubtract(n6, 33554430u);
  let n1160 = fieldMultiply(n23, n1159);
  keep(460u, row, n1160);
  let n1162 = fieldMultiply(n1143, n1149);
  let n1163 = fieldSubtract(n180, n4);
  let n1165 = fieldSubtract(n1163, 268435440u);
  let n1166 = fieldMultiply(n1162, n1165);
  keep(461u, row, n1166);
  let n1167 = fieldMultiply(n2, n1149);
  let n1168 = fieldSubtract(n4, n3);
  let n1170 = fieldMultiply(n180, 67108860u);
  let n1171 = fieldSubtract(n1168, n1170);
  let n1172 = fieldMultiply(n1167, n1171);
  keep(462u, row, n1172);
  let n1173 = fieldMultiply(n2, n23);
  let n1174 = fieldMultiply(n1168, n1173);
  keep(463u, row, n1174);
  let n1175 = fieldSubtract(n191, n183);
  let n1176 = fieldMultiply(n179, n1175);
  let n1177 = fieldAdd(n183, n1176);
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
  keep(464u, row, n1115);
  let n1116 = linearOutput[3];
  keep(465u, row, n1116);
  let n1117 = linearOutput[4];
  keep(466u, row, n1117);
  let n1118 = linearOutput[5];
  keep(467u, row, n1118);
  let n1119 = linearOutput[6];
  keep(468u, row, n1119);
  let n1120 = linearOutput[7];
  keep(469u, row, n1120);
  let n1121 = fieldAdd(n7, n1113);
  keep(470u, row, n1121);
  let n1178 = fieldSubtract(n1177, n1121);
  let n1179 = fieldMultiply(n1149, n1178);
  keep(471u, row, n1179);
  let n1180 = fieldSubtract(n192, n184);
  let n1181 = fieldMultiply(n179, n1180);
  let n1182 = fieldAdd(n184, n1181);
  let n1122 = fieldAdd(n8, n1114);
  keep(472u, row, n1122);
  let n1183 = fieldSubtract(n1182, n1122);
  keep(473u, row, n1183);
}

fn piece2(row: u32) {
  let n1149 = cell(455u, row);
  let n1183 = cell(473u, row);
  let n193 = cell(193u, row);
  let n185 = cell(185u, row);
  let n179 = cell(179u, row);
  let n9 = cell(9u, row);
  let n1115 = cell(464u, row);
  let n194 = cell(194u, row);
  let n186 = cell(186u, row);
  let n10 = cell(10u, row);
  let n1116 = cell(465u, row);
  let n195 = cell(195u, row);
  let n187 = cell(187u, row);
  let n11 = cell(11u, row);
  let n1117 = cell(466u, row);
  let n196 = cell(196u, row);
  let n188 = cell(188u, row);
  let n12 = cell(12u, row);
  let n1118 = cell(467u, row);
  let n197 = cell(197u, row);
  let n189 = cell(189u, row);
  let n13 = cell(13u, row);
  let n1119 = cell(468u, row);
  let n198 = cell(198u, row);
  let n190 = cell(190u, row);
  let n14 = cell(14u, row);
  let n1120 = cell(469u, row);
  let n0 = cell(0u, row);
  let n2 = cell(2u, row);
  let n26 = cell(26u, row);
  let n4 = cell(4u, row);
  let n25 = cell(25u, row);
  let n24 = cell(24u, row);
  let n1 = cell(1u, row);
  let n5 = cell(5u, row);
  let n1184 = fieldMultiply(n1149, n1183);
  keep(474u, row, n1184);
  let n1185 = fieldSubtract(n193, n185);
  let n1186 = fieldMultiply(n179, n1185);
  let n1187 = fieldAdd(n185, n1186);
  let n1123 = fieldAdd(n9, n1115);
  keep(475u, row, n1123);
  let n1188 = fieldSubtract(n1187, n1123);
  let n1189 = fieldMultiply(n1149, n1188);
  keep(476u, row, n1189);
  let n1190 = fieldSubtract(n194, n186);
  let n1191 = fieldMultiply(n179, n1190);
  let n1192 = fieldAdd(n186, n1191);
  let n1124 = fieldAdd(n10, n1116);
  keep(477u, row, n1124);
  let n1193 = fieldSubtract(n1192, n1124);
  let n1194 = fieldMultiply(n1149, n1193);
  keep(478u, row, n1194);
  let n1195 = fieldSubtract(n195, n187);
  let n1196 = fieldMultiply(n179, n1195);
  let n1197 = fieldAdd(n187, n1196);
  let n1125 = fieldAdd(n11, n1117);
  keep(479u, row, n1125);
  let n1198 = fieldSubtract(n1197, n1125);
  let n1199 = fieldMultiply(n1149, n1198);
  keep(480u, row, n1199);
  let n1200 = fieldSubtract(n196, n188);
  let n1201 = fieldMultiply(n179, n1200);
  let n1202 = fieldAdd(n188, n1201);
  let n1126 = fieldAdd(n12, n1118);
  keep(481u, row, n1126);
  let n1203 = fieldSubtract(n1202, n1126);
  let n1204 = fieldMultiply(n1149, n1203);
  keep(482u, row, n1204);
  let n1205 = fieldSubtract(n197, n189);
  let n1206 = fieldMultiply(n179, n1205);
  let n1207 = fieldAdd(n189, n1206);
  let n1127 = fieldAdd(n13, n1119);
  keep(483u, row, n1127);
  let n1208 = fieldSubtract(n1207, n1127);
  let n1209 = fieldMultiply(n1149, n1208);
  keep(484u, row, n1209);
  let n1210 = fieldSubtract(n198, n190);
  let n1211 = fieldMultiply(n179, n1210);
  let n1212 = fieldAdd(n190, n1211);
  let n1128 = fieldAdd(n14, n1120);
  keep(485u, row, n1128);
  let n1213 = fieldSubtract(n1212, n1128);
  let n1214 = fieldMultiply(n1149, n1213);
  keep(486u, row, n1214);
  let n1161 = fieldSubtract(n0, n2);
  let n1215 = fieldSubtract(n26, n4);
  let n1216 = fieldMultiply(n1161, n1215);
  keep(487u, row, n1216);
  let n1217 = fieldSubtract(n26, n25);
  let n1218 = fieldMultiply(n24, n1217);
  keep(488u, row, n1218);
  let n1220 = fieldSubtract(0u, n1);
  keep(489u, row, n1220);
  let n1221 = fieldAdd(n2, 33554430u);
  keep(490u, row, n1221);
  let n1222 = fieldSubtract(n1, n24);
  keep(491u, row, n1222);
  let n1224 = fieldMultiply(n25, 536870912u);
  keep(492u, row, n1224);
  let n1225 = fieldAdd(n24, n1161);
  keep(493u, row, n1225);
  let n1226 = fieldMultiply(n26, 536870912u);
  keep(494u, row, n1226);
  let n1227 = fieldMultiply(n5, 536870912u);
  keep(495u, row, n1227);
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
  piece2(row);
}
