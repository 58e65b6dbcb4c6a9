// sums[row] += sum over at most 8 columns of weight * column[row], or = when `isFirst`.
// Shapes: columns[(firstColumn + column) * stride + firstRow + element] in bit-reversed row order; sums one chunk of a codeword,
// [coordinate * length + element]; weights 5 words each. Element: one row.
// Source: docs/spec/proof-system.md, section 8.
#import extension
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  firstRow: u32,
  columnCount: u32,
  length: u32,
  isFirst: u32,
  weights: array<vec4<u32>, 10>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> columns: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

fn weightWord(word: u32) -> u32 {
  return params.weights[word / 4u][word % 4u];
}

@compute @workgroup_size(workgroupSize)
fn deepAccumulate(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let length = params.length;
  var sum = EXTENSION_ZERO;
  if (params.isFirst == 0u) {
    sum = Extension(
      sums[element],
      sums[length + element],
      sums[2u * length + element],
      sums[3u * length + element],
      sums[4u * length + element],
    );
  }
  for (var column = 0u; column < params.columnCount; column += 1u) {
    let value = columns[column * params.stride + params.firstRow + element];
    let word = 5u * column;
    let weight = Extension(
      weightWord(word),
      weightWord(word + 1u),
      weightWord(word + 2u),
      weightWord(word + 3u),
      weightWord(word + 4u),
    );
    sum = extensionAdd(sum, extensionMultiplyBase(weight, value));
  }
  sums[element] = sum.c0;
  sums[length + element] = sum.c1;
  sums[2u * length + element] = sum.c2;
  sums[3u * length + element] = sum.c3;
  sums[4u * length + element] = sum.c4;
}
