// totals[(firstColumn + column) * 5 + coordinate] = sum over groups of partials[(column * groups + group) * 5 + coordinate],
// canonical. Element: one workgroup, one column. Source: docs/spec/proof-system.md, section 7.
#import extension
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  groups: u32,
  firstColumn: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<u32>;
@group(0) @binding(2) var<storage, read_write> totals: array<u32>;

var<workgroup> threadSums: array<Extension, workgroupSize>;

@compute @workgroup_size(workgroupSize)
fn openTotal(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let column = elementOfWorkgroup(params.start, workgroup, workgroups);
  var sum = EXTENSION_ZERO;
  if (column < params.end) {
    for (var group = thread; group < params.groups; group += workgroupSize) {
      let place = (column * params.groups + group) * 5u;
      sum = extensionAdd(
        sum,
        Extension(
          partials[place],
          partials[place + 1u],
          partials[place + 2u],
          partials[place + 3u],
          partials[place + 4u],
        ),
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
  if (thread == 0u && column < params.end) {
    let total = threadSums[0];
    let place = (params.firstColumn + column) * 5u;
    totals[place] = fromMontgomery(total.c0);
    totals[place + 1u] = fromMontgomery(total.c1);
    totals[place + 2u] = fromMontgomery(total.c2);
    totals[place + 3u] = fromMontgomery(total.c3);
    totals[place + 4u] = fromMontgomery(total.c4);
  }
}
