// words[row] = sum of the words before row, less row * decrement, in place: the way down of a prefix sum over a column.
// Shapes: a column is `rows` words from wordStart on, cut into blocks of blockRows; prefixes[prefixStart + block] is the sum
// before the block. Form: Montgomery. Element: one block.
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
  decrement: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> prefixes: array<u32>;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(workgroupSize)
fn scanPrefix(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let block = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (block >= params.end) {
    return;
  }
  let first = block * params.blockRows;
  let end = min(first + params.blockRows, params.rows);
  var sum = fieldSubtract(
    prefixes[params.prefixStart + block],
    fieldMultiply(toMontgomery(first), params.decrement),
  );
  for (var row = first; row < end; row += 1u) {
    let word = words[params.wordStart + row];
    words[params.wordStart + row] = sum;
    sum = fieldSubtract(fieldAdd(sum, word), params.decrement);
  }
}
