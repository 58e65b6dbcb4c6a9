// Leaf digests of a fold layer: leaf j is the elements j * 2^logArity .. of a codeword, 5 words each, in blocks of 8 words.
// Shapes: codeword[coordinate * length + position], one chunk of a codeword; digests 8 words a leaf. Element: one leaf.
// Source: docs/spec/proof-system.md, section 3.
#import poseidon
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  length: u32,
  logArity: u32,
  /// Leaf of the chunk, and digest of `digests`, of element 0.
  firstLeaf: u32,
  firstDigest: u32,
  leafTag: u32,
  logLeaves: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> codeword: array<u32>;
@group(0) @binding(2) var<storage, read_write> digests: array<u32>;

@compute @workgroup_size(workgroupSize)
fn hashCosets(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let leaf = params.firstLeaf + element;
  let words = 5u << params.logArity;
  var state: array<u32, 8>;
  state[0] = toMontgomery(params.leafTag);
  state[1] = toMontgomery(params.logLeaves);
  for (var first = 0u; first < words; first += DIGEST_WORDS) {
    var block: array<u32, 8>;
    for (var lane = 0u; lane < DIGEST_WORDS; lane += 1u) {
      let word = first + lane;
      // A variable declared in a loop is not zeroed again in every round by every driver.
      block[lane] = 0u;
      if (word < words) {
        block[lane] = codeword[(word % 5u) * params.length + (leaf << params.logArity) + word / 5u];
      }
    }
    poseidonCompress(&state, &block);
  }
  let digest = (params.firstDigest + element) * DIGEST_WORDS;
  for (var word = 0u; word < DIGEST_WORDS; word += 1u) {
    digests[digest + word] = state[word];
  }
}
