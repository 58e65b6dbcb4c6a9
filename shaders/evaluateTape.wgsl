// Runs a tape on the rows of a tile: every operation is target = C + A * B, with A, B and C sums of operands.
// Shapes: tile[column * stride + i] are the rows 4 * i .. 4 * i + 3; the stride is in vectors. Form: Montgomery. Element: one
// vector, so that four rows share the reading of the tape.
// Source: docs/spec/proof-system.md, section 4; the words of a tape are told in kernels/generate/tape.ts.
#import fieldVector
#import dispatch

override workgroupSize: u32;

const CONSTANT_BIT = 0x80000000u;

struct Params {
  start: u32,
  end: u32,
  /// Vectors of a column.
  stride: u32,
  operations: u32,
  /// 1 and the public words.
  constants: array<vec4<u32>, 3>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tape: array<u32>;
@group(0) @binding(2) var<storage, read_write> tile: array<vec4<u32>>;

/// Word of the tape that is read next.
var<private> cursor: u32;

fn operandValue(operand: u32, row: u32) -> vec4<u32> {
  if ((operand & CONSTANT_BIT) != 0u) {
    let constant = operand & 15u;
    return vec4<u32>(params.constants[constant >> 2u][constant & 3u]);
  }
  return tile[operand * params.stride + row];
}

/// The sum at the cursor, whose header holds the numbers of operands that are added, subtracted and scaled.
fn sumAtCursor(header: u32, row: u32) -> vec4<u32> {
  var sum = vec4<u32>();
  let addedEnd = cursor + (header & 0xffu);
  let subtractedEnd = addedEnd + ((header >> 8u) & 0xffu);
  let scaledEnd = subtractedEnd + 2u * (header >> 16u);
  while (cursor < addedEnd) {
    sum = fieldVectorAdd(sum, operandValue(tape[cursor], row));
    cursor += 1u;
  }
  while (cursor < subtractedEnd) {
    sum = fieldVectorSubtract(sum, operandValue(tape[cursor], row));
    cursor += 1u;
  }
  while (cursor < scaledEnd) {
    sum = fieldVectorAdd(sum, fieldVectorMultiply(vec4<u32>(tape[cursor + 1u]), operandValue(tape[cursor], row)));
    cursor += 2u;
  }
  return sum;
}

@compute @workgroup_size(workgroupSize)
fn evaluateTape(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (row >= params.end) {
    return;
  }
  cursor = 0u;
  for (var operation = 0u; operation < params.operations; operation += 1u) {
    let header = cursor;
    cursor += 4u;
    let left = sumAtCursor(tape[header + 1u], row);
    let right = sumAtCursor(tape[header + 2u], row);
    let addend = sumAtCursor(tape[header + 3u], row);
    tile[tape[header] * params.stride + row] = fieldVectorAdd(addend, fieldVectorMultiply(left, right));
  }
}
