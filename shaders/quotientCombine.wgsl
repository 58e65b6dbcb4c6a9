// The quotient on the points of a tile: sum of lambda^k * c_k over a table's constraints and then its LogUp groups, over
// x^N - 1. A group's constraint is share * denominator - numerator, its share a helper column, or for the last group
// s(next) - s + S/N - sum of the helpers.
// Shapes: tile[column * stride + i] for position firstPosition + i; quotientColumn is the first of 5 columns written.
// Form: Montgomery. Element: i.
// Source: docs/spec/proof-system.md, sections 5 and 6.
//
// `description`: from operandStart on one operand a constraint (a column of the tile, or with bit 31 set the place of a
// constant); from lambdaStart on 1, lambda, lambda^2, ..., 5 words each; at sumStart S/N.
#import extension
#import dispatch

override workgroupSize: u32;

const CONSTANT_BIT = 0x80000000u;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  firstPosition: u32,
  logHeight: u32,
  constraints: u32,
  groups: u32,
  operandStart: u32,
  lambdaStart: u32,
  sumStart: u32,
  fractionColumn: u32,
  /// First column of s, then of the helpers; and of s on the next row.
  logUpColumn: u32,
  logUpNextColumn: u32,
  quotientColumn: u32,
  /// 1 / (x^N - 1) on even and on odd points.
  inverseVanishingEven: u32,
  inverseVanishingOdd: u32,
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

fn readColumns(column: u32, row: u32) -> Extension {
  return Extension(
    tile[column * params.stride + row],
    tile[(column + 1u) * params.stride + row],
    tile[(column + 2u) * params.stride + row],
    tile[(column + 3u) * params.stride + row],
    tile[(column + 4u) * params.stride + row],
  );
}

@compute @workgroup_size(workgroupSize)
fn quotientCombine(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (row >= params.end) {
    return;
  }
  var combined = EXTENSION_ZERO;
  for (var constraint = 0u; constraint < params.constraints; constraint += 1u) {
    let value = operandValue(description[params.operandStart + constraint], row);
    let power = describedExtension(params.lambdaStart + 5u * constraint);
    combined = extensionAdd(combined, extensionMultiplyBase(power, value));
  }
  var rest = EXTENSION_ZERO;
  if (params.groups > 0u) {
    let step = extensionSubtract(
      readColumns(params.logUpNextColumn, row),
      readColumns(params.logUpColumn, row),
    );
    rest = extensionAdd(step, describedExtension(params.sumStart));
  }
  for (var group = 0u; group < params.groups; group += 1u) {
    var share = rest;
    if (group + 1u < params.groups) {
      share = readColumns(params.logUpColumn + 5u * group + 5u, row);
      rest = extensionSubtract(rest, share);
    }
    let fraction = params.fractionColumn + 10u * group;
    let value = extensionSubtract(
      extensionMultiply(share, readColumns(fraction + 5u, row)),
      readColumns(fraction, row),
    );
    let power = describedExtension(params.lambdaStart + 5u * (params.constraints + group));
    combined = extensionAdd(combined, extensionMultiply(power, value));
  }
  // The first half of the bit-reversed positions are the even points.
  let isOdd = ((params.firstPosition + row) >> params.logHeight) == 1u;
  let inverseVanishing = select(params.inverseVanishingEven, params.inverseVanishingOdd, isOdd);
  let quotient = extensionMultiplyBase(combined, inverseVanishing);
  let column = params.quotientColumn;
  tile[column * params.stride + row] = quotient.c0;
  tile[(column + 1u) * params.stride + row] = quotient.c1;
  tile[(column + 2u) * params.stride + row] = quotient.c2;
  tile[(column + 3u) * params.stride + row] = quotient.c3;
  tile[(column + 4u) * params.stride + row] = quotient.c4;
}
