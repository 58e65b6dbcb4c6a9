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
    for (var step = thread; step < params.rowsPerGroup; step += workgroupSize) {
      let row = run * params.rowsPerGroup + step;
      let value = columns[column * params.stride + params.firstRow + row];
      let weight = Extension(
        weights[row],
        weights[length + row],
        weights[2u * length + row],
        weights[3u * length + row],
        weights[4u * length + row],
      );
      sum = extensionAdd(sum, extensionMultiplyBase(weight, value));
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
