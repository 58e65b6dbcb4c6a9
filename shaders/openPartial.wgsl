// Partial sums of weight * value over runs of rows: partials[(column * groups + firstGroup + run) * 5 + coordinate].
// Shapes: columns[column * stride + firstRow + row]; weights one chunk of a codeword, [coordinate * length + row]; `length` is a
// multiple of `rowsPerGroup`. Element: one workgroup, column * runs + run.
// Source: docs/spec/proof-system.md, section 7.
#import extension
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  firstRow: u32,
  length: u32,
  rowsPerGroup: u32,
  /// Runs of rows in this chunk of weights, and in all of them.
  runs: u32,
  groups: u32,
  firstGroup: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> columns: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<u32>;

fn fourWeights(words: vec4<u32>) -> vec4<u32> {
  return vec4<u32>(weights[words.x], weights[words.y], weights[words.z], weights[words.w]);
}

var<workgroup> threadSums: array<Extension, workgroupSize>;

@compute @workgroup_size(workgroupSize)
fn openPartial(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfWorkgroup(params.start, workgroup, workgroups);
  let column = element / params.runs;
  let run = element % params.runs;
  let length = params.length;
  var sum = EXTENSION_ZERO;
  if (element < params.end) {
    // Four rows at a time; past the last row the value is 0.
    for (var step = thread; step < params.rowsPerGroup; step += 4u * workgroupSize) {
      let steps = vec4<u32>(step) + workgroupSize * vec4<u32>(0u, 1u, 2u, 3u);
      let isInside = steps < vec4<u32>(params.rowsPerGroup);
      let rows = run * params.rowsPerGroup + select(vec4<u32>(step), steps, isInside);
      let start = column * params.stride + params.firstRow;
      let read = vec4<u32>(
        columns[start + rows.x],
        columns[start + rows.y],
        columns[start + rows.z],
        columns[start + rows.w],
      );
      let values = select(vec4<u32>(0u), read, isInside);
      sum = Extension(
        fieldAdd(sum.c0, fieldDot4(values, fourWeights(rows))),
        fieldAdd(sum.c1, fieldDot4(values, fourWeights(rows + length))),
        fieldAdd(sum.c2, fieldDot4(values, fourWeights(rows + 2u * length))),
        fieldAdd(sum.c3, fieldDot4(values, fourWeights(rows + 3u * length))),
        fieldAdd(sum.c4, fieldDot4(values, fourWeights(rows + 4u * length))),
      );
    }
  }
  threadSums[thread] = sum;
  workgroupBarrier();
  for (var half = workgroupSize / 2u; half > 0u; half = half >> 1u) {
    if (thread < half) {
      threadSums[thread] = extensionAdd(threadSums[thread], threadSums[thread + half]);
    }
    workgroupBarrier();
  }
  if (thread == 0u && element < params.end) {
    let total = threadSums[0];
    let place = (column * params.groups + params.firstGroup + run) * 5u;
    partials[place] = total.c0;
    partials[place + 1u] = total.c1;
    partials[place + 2u] = total.c2;
    partials[place + 3u] = total.c3;
    partials[place + 4u] = total.c4;
  }
}
