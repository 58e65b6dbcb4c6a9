// One step of the leaf hash chains: digests[row] = C(digests[row], block of at most 8 columns, zero-padded). The first step
// of a tree's leaves starts from (tag, log of the number of rows, 0, ...); a shorter height's chain from its node.
// Shapes: columns[column * stride + row]; digests 8 words a row. Element: one row.
// Source: docs/spec/proof-system.md, section 3.
#import poseidon
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  columnCount: u32,
  /// 1 on the first block of a leaf of the tree's level 0.
  isFirst: u32,
  leafTag: u32,
  logRows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> columns: array<u32>;
@group(0) @binding(2) var<storage, read_write> digests: array<u32>;

@compute @workgroup_size(workgroupSize)
fn hashColumns(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (row >= params.end) {
    return;
  }
  var state: array<u32, 8>;
  if (params.isFirst == 1u) {
    state[0] = toMontgomery(params.leafTag);
    state[1] = toMontgomery(params.logRows);
  } else {
    for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
      state[word] = digests[row * DIGEST_WORDS + word];
    }
  }
  var block: array<u32, 8>;
  for (var column = 0u; column < params.columnCount; column += 1u) {
    block[column] = columns[column * params.stride + row];
  }
  poseidonCompress(&state, &block);
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    digests[row * DIGEST_WORDS + word] = state[word];
  }
}
