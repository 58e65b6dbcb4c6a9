// least[0] = min(least[0], nonce) for every nonce whose C(state, (label, mark, nonce, 0, ...)) has word 0, canonical, with no
// bit of `mask` set. Element: `rounds` nonces, a workgroup's width apart, so that a workgroup's are consecutive: that of round k is
// firstNonce + (group * rounds + k) * workgroupSize + place for element group * workgroupSize + place. Words of `header` (the
// state, label and mark) in Montgomery form. Source: docs/spec/proof-system.md, section 2.
#import poseidon
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  firstNonce: u32,
  mask: u32,
  rounds: u32,
  /// The 8 words of the state, the label, the mark of a grind.
  header: array<vec4<u32>, 3>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> least: array<atomic<u32>>;

@compute @workgroup_size(workgroupSize)
fn grind(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let group = element / workgroupSize;
  var nonce = params.firstNonce + group * params.rounds * workgroupSize + element % workgroupSize;
  for (var round = 0u; round < params.rounds; round += 1u) {
    // Later rounds have greater nonces.
    if (nonce >= min(atomicLoad(&least[0]), FIELD_MODULUS)) {
      return;
    }
    var state: array<u32, 16>;
    for (var word = 0u; word < 10u; word += 1u) {
      state[word] = params.header[word / 4u][word % 4u];
    }
    state[10] = toMontgomery(nonce);
    // A variable declared in a loop is not zeroed again in every round by every driver.
    for (var word = 11u; word < POSEIDON_WIDTH; word += 1u) {
      state[word] = 0u;
    }
    poseidonPermute(&state);
    let hashed = fromMontgomery(fieldAdd(state[0], params.header[0].x));
    if ((hashed & params.mask) == 0u) {
      atomicMin(&least[0], nonce);
      return;
    }
    nonce += workgroupSize;
  }
}
