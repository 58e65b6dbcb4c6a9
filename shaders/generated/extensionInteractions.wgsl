// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "extension".
// Constraint digest 1:7820f6a06c19e7f337307a1f0aa1743d7a5810380038e3bb5ea1c1694adf9b3b
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
  let n37 = cell(25u, row);
  let n81 = cell(58u, row);
  let n75 = cell(52u, row);
  let n76 = cell(53u, row);
  let n77 = cell(54u, row);
  let n78 = cell(55u, row);
  let n39 = cell(27u, row);
  let n85 = cell(62u, row);
  let n20 = cell(20u, row);
  let n21 = cell(21u, row);
  let n22 = cell(22u, row);
  let n38 = cell(26u, row);
  let n82 = cell(59u, row);
  let n34 = cell(23u, row);
  let n83 = cell(60u, row);
  let n84 = cell(61u, row);
  let n35 = cell(24u, row);
  let n79 = cell(56u, row);
  let n80 = cell(57u, row);
  let n60 = cell(48u, row);
  let n61 = cell(49u, row);
  let n62 = cell(50u, row);
  let n127 = fieldAdd(n37, n81);
  let n129 = fieldAdd(n75, n76);
  let n1935 = fieldAdd(n77, n129);
  let n1936 = fieldAdd(n78, n1935);
  let n1937 = fieldAdd(n127, n1936);
  let n1938 = fieldAdd(n39, n1937);
  let n1939 = fieldAdd(n85, n1938);
  let n1940 = fieldSubtract(0u, n1939);
  keep(63u, row, n1940);
  let n1953 = fieldMultiply(n85, 469762020u);
  let n1951 = fieldMultiply(n39, 436207590u);
  let n1949 = fieldMultiply(n127, 402653160u);
  let n1947 = fieldMultiply(n78, 369098730u);
  let n1945 = fieldMultiply(n77, 335544300u);
  let n1941 = fieldMultiply(n75, 268435440u);
  let n1943 = fieldMultiply(n76, 301989870u);
  let n1954 = fieldAdd(n1941, n1943);
  let n1955 = fieldAdd(n1945, n1954);
  let n1956 = fieldAdd(n1947, n1955);
  let n1957 = fieldAdd(n1949, n1956);
  let n1958 = fieldAdd(n1951, n1957);
  let n1959 = fieldAdd(n1953, n1958);
  keep(64u, row, n1959);
  let n1960 = fieldMultiply(n78, 1342177200u);
  let n1961 = fieldAdd(n20, n1960);
  keep(65u, row, n1961);
  let n1962 = fieldMultiply(n39, 268435440u);
  let n1963 = fieldAdd(n21, n1962);
  keep(66u, row, n1963);
  let n1964 = fieldSubtract(n22, n78);
  keep(67u, row, n1964);
  let n130 = fieldAdd(n38, n82);
  let n1892 = fieldAdd(n39, n130);
  let n166 = fieldAdd(n34, n129);
  let n132 = fieldAdd(n78, n83);
  let n133 = fieldAdd(n84, n132);
  let n134 = fieldSubtract(n35, n133);
  let n1881 = fieldAdd(n83, n134);
  let n1890 = fieldAdd(n79, n1881);
  let n1891 = fieldAdd(n80, n1890);
  let n1965 = fieldAdd(n166, n1891);
  let n1966 = fieldAdd(n84, n1965);
  let n1967 = fieldAdd(n81, n1966);
  let n1968 = fieldAdd(n1892, n1967);
  keep(68u, row, n1968);
  let n1969 = fieldMultiply(n20, 536870912u);
  keep(69u, row, n1969);
  let n1893 = fieldAdd(n81, n1891);
  let n1894 = fieldAdd(n38, n1893);
  let n1895 = fieldAdd(n39, n1894);
  let n1970 = fieldAdd(n34, n1895);
  keep(70u, row, n1970);
  let n1971 = fieldMultiply(n60, 536870912u);
  keep(71u, row, n1971);
  let n1972 = fieldAdd(n34, n75);
  let n1973 = fieldAdd(n1891, n1972);
  let n1974 = fieldAdd(n127, n1973);
  let n1975 = fieldAdd(n130, n1974);
  keep(72u, row, n1975);
  let n1976 = fieldMultiply(n21, 536870912u);
  keep(73u, row, n1976);
  let n1977 = fieldAdd(n1890, n1935);
  let n1978 = fieldAdd(n78, n1977);
  let n1979 = fieldAdd(n85, n1978);
  let n1980 = fieldAdd(n127, n1979);
  let n1981 = fieldAdd(n1892, n1980);
  keep(74u, row, n1981);
  let n1982 = fieldMultiply(n61, 536870912u);
  keep(75u, row, n1982);
  let n1983 = fieldAdd(n166, n1890);
  let n1984 = fieldAdd(n127, n1983);
  let n1985 = fieldAdd(n1892, n1984);
  keep(76u, row, n1985);
  let n1986 = fieldMultiply(n62, 536870912u);
  keep(77u, row, n1986);
}

@compute @workgroup_size(workgroupSize)
fn extensionInteractions(
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
