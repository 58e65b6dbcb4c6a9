// The fraction of every LogUp group on the rows of a tile: numerator m * d' + m' * d and denominator d * d', with the
// fingerprint d = alpha + bus + sum of beta^(i + 1) * v_i of each interaction's tuple.
// Shapes: tile[column * stride + row]; group g's numerator is the 5 columns from fractionColumn + 10 * g, its denominator
// the 5 after them. Form: Montgomery. Element: g * stride + row.
// Source: docs/spec/proof-system.md, section 5.
//
// `description`: word i is where interaction i's record begins: alpha + bus (5 words), operand of the multiplicity, number
// of values, their operands. An operand is a column of the tile, or with bit 31 set the place of a constant. From
// `betaStart` on beta, beta^2, ..., 5 words each.
#import extension
#import dispatch

override workgroupSize: u32;

const CONSTANT_BIT = 0x80000000u;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  interactions: u32,
  betaStart: u32,
  fractionColumn: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> description: array<u32>;
@group(0) @binding(2) var<storage, read_write> tile: array<u32>;

fn operandValue(operand: u32, row: u32) -> u32 {
  if ((operand & CONSTANT_BIT) != 0u) {
    return description[operand & ~CONSTANT_BIT];
  }
  return tile[operand * params.stride + row];
}

fn describedExtension(word: u32) -> Extension {
  return Extension(
    description[word],
    description[word + 1u],
    description[word + 2u],
    description[word + 3u],
    description[word + 4u],
  );
}

fn writeColumns(column: u32, row: u32, value: Extension) {
  tile[column * params.stride + row] = value.c0;
  tile[(column + 1u) * params.stride + row] = value.c1;
  tile[(column + 2u) * params.stride + row] = value.c2;
  tile[(column + 3u) * params.stride + row] = value.c3;
  tile[(column + 4u) * params.stride + row] = value.c4;
}

@compute @workgroup_size(workgroupSize)
fn logUpFractions(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let group = element / params.stride;
  let row = element % params.stride;
  var numerator = EXTENSION_ZERO;
  var denominator = EXTENSION_ONE;
  let last = min(2u * group + 2u, params.interactions);
  for (var interaction = 2u * group; interaction < last; interaction += 1u) {
    let record = description[interaction];
    var fingerprint = describedExtension(record);
    let multiplicity = operandValue(description[record + 5u], row);
    let values = description[record + 6u];
    for (var value = 0u; value < values; value += 1u) {
      let word = operandValue(description[record + 7u + value], row);
      let power = describedExtension(params.betaStart + 5u * value);
      fingerprint = extensionAdd(fingerprint, extensionMultiplyBase(power, word));
    }
    numerator = extensionAdd(
      extensionMultiply(numerator, fingerprint),
      extensionMultiplyBase(denominator, multiplicity),
    );
    denominator = extensionMultiply(denominator, fingerprint);
  }
  let column = params.fractionColumn + 10u * group;
  writeColumns(column, row, numerator);
  writeColumns(column + 5u, row, denominator);
}
