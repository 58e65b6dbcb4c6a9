// words[row] = sum of the words before row, less row * total / N, in place: the way down of a prefix sum over some columns.
// Shapes: a column is `rows` words from wordStart + column * rows on, cut into blocks of blockRows; prefixes[prefixStart +
// column * blocks + block] is the sum before the block, totals[totalStart + column] the whole sum. `inverseRows` is 1 / N, or 0
// where nothing is taken off. Form: Montgomery. Element: column * blocks + block.
// Source: docs/spec/proof-system.md, section 5.
#import field
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  wordStart: u32,
  prefixStart: u32,
  rows: u32,
  blockRows: u32,
  blocks: u32,
  totalStart: u32,
  inverseRows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> prefixes: array<u32>;
@group(0) @binding(2) var<storage, read> totals: array<u32>;
@group(0) @binding(3) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(workgroupSize)
fn scanPrefix(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let column = element / params.blocks;
  let start = params.wordStart + column * params.rows;
  let first = (element % params.blocks) * params.blockRows;
  let end = min(first + params.blockRows, params.rows);
  let decrement = fieldMultiply(totals[params.totalStart + column], params.inverseRows);
  var sum = fieldSubtract(
    prefixes[params.prefixStart + element],
    fieldMultiply(toMontgomery(first), decrement),
  );
  for (var row = first; row < end; row += 1u) {
    let word = words[start + row];
    words[start + row] = sum;
    sum = fieldSubtract(fieldAdd(sum, word), decrement);
  }
}
