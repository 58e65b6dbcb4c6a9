// nodes[i] = C(nodes[i], leaves[i]): a shorter matrix enters its tree at the level of its height.
// Shapes: 8 words a digest, word w of digest i at 8 * i + w. Element: one node.
// Source: docs/spec/proof-system.md, section 3.
#import poseidon
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> leaves: array<u32>;
@group(0) @binding(2) var<storage, read_write> nodes: array<u32>;

@compute @workgroup_size(workgroupSize)
fn injectLeaves(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let node = element * DIGEST_WORDS;
  var left: array<u32, 8>;
  var right: array<u32, 8>;
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    left[word] = nodes[node + word];
    right[word] = leaves[node + word];
  }
  poseidonCompress(&left, &right);
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    nodes[node + word] = left[word];
  }
}
