// parents[i] = C(children[2i], children[2i + 1]): one level of a Merkle tree, or a batch of compressions.
// Shapes: children 16 words an element, parents 8; word w of digest i at 8 * i + w. Element: one parent.
// Source: docs/spec/proof-system.md, sections 2 and 3.
#import poseidon
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  /// Digest of `parents` that element 0 writes.
  firstParent: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> children: array<u32>;
@group(0) @binding(2) var<storage, read_write> parents: array<u32>;

@compute @workgroup_size(workgroupSize)
fn compress(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  var left: array<u32, 8>;
  var right: array<u32, 8>;
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    left[word] = children[element * 16u + word];
    right[word] = children[element * 16u + DIGEST_WORDS + word];
  }
  poseidonCompress(&left, &right);
  let parent = (params.firstParent + element) * DIGEST_WORDS;
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    parents[parent + word] = left[word];
  }
}
