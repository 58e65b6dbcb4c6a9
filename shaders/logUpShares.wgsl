// From the fractions of a row's groups their values, one inversion a row (Montgomery's trick along the row).
// Shapes: tile[column * stride + row]; fractions as logUpFractions writes them; from shareColumn on 5 columns each: the sum
// of all groups, then the value of group 0, 1, ... but the last. Form: Montgomery. Element: one row.
// Source: docs/spec/proof-system.md, section 5. A denominator of zero makes all of the row's values zero; it has the
// probability of a collision of fingerprints, and the proof is then refused.
#import extension
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  groups: u32,
  fractionColumn: u32,
  shareColumn: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> tile: array<u32>;

fn readColumns(column: u32, row: u32) -> Extension {
  return Extension(
    tile[column * params.stride + row],
    tile[(column + 1u) * params.stride + row],
    tile[(column + 2u) * params.stride + row],
    tile[(column + 3u) * params.stride + row],
    tile[(column + 4u) * params.stride + row],
  );
}

fn writeColumns(column: u32, row: u32, value: Extension) {
  tile[column * params.stride + row] = value.c0;
  tile[(column + 1u) * params.stride + row] = value.c1;
  tile[(column + 2u) * params.stride + row] = value.c2;
  tile[(column + 3u) * params.stride + row] = value.c3;
  tile[(column + 4u) * params.stride + row] = value.c4;
}

/// Where a group's value goes; the last group's place is that of the sum, which is written at the end.
fn shareColumnOf(group: u32) -> u32 {
  return params.shareColumn + select(5u * group + 5u, 0u, group == params.groups - 1u);
}

@compute @workgroup_size(workgroupSize)
fn logUpShares(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (row >= params.end) {
    return;
  }
  // The place of a group's value holds the product of the denominators before it until the way back.
  var product = EXTENSION_ONE;
  for (var group = 0u; group < params.groups; group += 1u) {
    writeColumns(shareColumnOf(group), row, product);
    product = extensionMultiply(product, readColumns(params.fractionColumn + 10u * group + 5u, row));
  }
  var inverse = extensionInverse(product);
  var sum = EXTENSION_ZERO;
  for (var left = params.groups; left > 0u; left -= 1u) {
    let group = left - 1u;
    let fraction = params.fractionColumn + 10u * group;
    let inverseOfGroup = extensionMultiply(inverse, readColumns(shareColumnOf(group), row));
    let share = extensionMultiply(inverseOfGroup, readColumns(fraction, row));
    inverse = extensionMultiply(inverse, readColumns(fraction + 5u, row));
    writeColumns(shareColumnOf(group), row, share);
    sum = extensionAdd(sum, share);
  }
  writeColumns(params.shareColumn, row, sum);
}
