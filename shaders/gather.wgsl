// Copies words of query answers, canonical, one run of `items` words an index:
// answers[answerStart + k * items + i] = source[sourceStart + indices[indexStart + k] * indexStride + i * itemStride].
// A row of a matrix chunk has index stride 1 and item stride rows; a digest 8 and 1; a coordinate of a coset 2^logArity and 1.
// Element: k * items + i. Source: docs/spec/proof-system.md, section 3.
#import field
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  indexStart: u32,
  items: u32,
  sourceStart: u32,
  indexStride: u32,
  itemStride: u32,
  answerStart: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> answers: array<u32>;

@compute @workgroup_size(workgroupSize)
fn gather(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let index = indices[params.indexStart + element / params.items];
  let item = element % params.items;
  let word = source[params.sourceStart + index * params.indexStride + item * params.itemStride];
  answers[params.answerStart + element] = fromMontgomery(word);
}
