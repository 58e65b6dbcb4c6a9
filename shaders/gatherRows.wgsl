// tile[(targetColumn + c) * rowCount + i] = source[c * stride + row(firstRow + i)]: rows of chosen runs, side by side. Run k is
// the 2^logRun consecutive rows from runs[k] * 2^logRun on, and row(j) the row number j mod 2^logRun of run j / 2^logRun.
// Shapes: source is one chunk, `stride` words a column. Form: as it is. Element: c * rowCount + i.
// Source: docs/spec/proof-system.md, section 3.
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  rowCount: u32,
  firstRow: u32,
  logRun: u32,
  targetColumn: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> runs: array<u32>;
@group(0) @binding(3) var<storage, read_write> tile: array<u32>;

@compute @workgroup_size(workgroupSize)
fn gatherRows(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let column = element / params.rowCount;
  let place = params.firstRow + element % params.rowCount;
  let first = runs[place >> params.logRun] << params.logRun;
  let row = first + (place & ((1u << params.logRun) - 1u));
  tile[params.targetColumn * params.rowCount + element] = source[column * params.stride + row];
}
