// The selectors in use on the rows of a tile of the trace domain: 1 on the first or last row, else 0.
// Shapes: tile[column * stride + i] for row firstRow + i. Form: Montgomery. Element: i.
// Source: docs/spec/proof-system.md, section 4.
#import field
#import dispatch

override workgroupSize: u32;

const UNUSED = 0xffffffffu;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  firstRow: u32,
  rows: u32,
  /// Columns of the tile, or UNUSED.
  firstColumn: u32,
  lastColumn: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> tile: array<u32>;

@compute @workgroup_size(workgroupSize)
fn logUpSelectors(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let row = params.firstRow + element;
  if (params.firstColumn != UNUSED) {
    tile[params.firstColumn * params.stride + element] = select(0u, FIELD_ONE, row == 0u);
  }
  if (params.lastColumn != UNUSED) {
    tile[params.lastColumn * params.stride + element] = select(0u, FIELD_ONE, row == params.rows - 1u);
  }
}
