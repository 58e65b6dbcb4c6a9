// The S-box outputs of the permutation of every row's 16 lanes, in round order: 16 in a full round, lane 0's in a partial one.
// Shapes: tile[column * rowCount + row], columns 0..15 the lanes (read), 16..163 the S-box outputs (written).
// Element: one row. Source: docs/spec/machine.md, hash table.
#import poseidon
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  rowCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> tile: array<u32>;

@compute @workgroup_size(workgroupSize)
fn expandPoseidon(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (row >= params.end) {
    return;
  }
  var state: array<u32, 16>;
  for (var lane = 0u; lane < POSEIDON_WIDTH; lane += 1u) {
    state[lane] = tile[lane * params.rowCount + row];
  }
  var place = POSEIDON_WIDTH * params.rowCount + row;
  for (var half = 0u; half < 2u; half += 1u) {
    for (var round = 0u; round < POSEIDON_HALF_FULL_ROUNDS; round += 1u) {
      let constants = (half * POSEIDON_HALF_FULL_ROUNDS + round) * POSEIDON_WIDTH;
      for (var lane = 0u; lane < POSEIDON_WIDTH; lane += 1u) {
        state[lane] = fieldCube(fieldAdd(state[lane], POSEIDON_FULL_CONSTANTS[constants + lane]));
        tile[place] = state[lane];
        place += params.rowCount;
      }
      poseidonLinear(&state);
    }
    let partialRounds = poseidonPartialRoundsAfter(half);
    for (var round = 0u; round < partialRounds; round += 1u) {
      state[0] = fieldCube(fieldAdd(state[0], POSEIDON_PARTIAL_CONSTANTS[round]));
      tile[place] = state[0];
      place += params.rowCount;
      poseidonLinear(&state);
    }
  }
}
