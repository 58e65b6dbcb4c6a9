// sums[targetStart + column * blocks + block] = sum of the block's words: the way up of a prefix sum over some columns.
// Shapes: a column is `rows` words from sourceStart + column * rows on, cut into blocks of blockRows.
// Element: column * blocks + block.
// Source: docs/spec/proof-system.md, section 5.
#import field
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  sourceStart: u32,
  targetStart: u32,
  rows: u32,
  blockRows: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

@compute @workgroup_size(workgroupSize)
fn scanSums(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let column = element / params.blocks;
  let start = params.sourceStart + column * params.rows;
  let first = (element % params.blocks) * params.blockRows;
  let end = min(first + params.blockRows, params.rows);
  var sum = 0u;
  for (var row = first; row < end; row += 1u) {
    sum = fieldAdd(sum, source[start + row]);
  }
  sums[params.targetStart + element] = sum;
}
