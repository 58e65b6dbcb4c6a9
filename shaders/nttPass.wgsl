// One pass of a number-theoretic transform over the columns of a chunk: the butterflies of `logStages` adjacent index bits,
// in workgroup memory. Element: one tile of 8 * workgroupSize words.
//
// The transform takes coefficients in natural order and leaves values in bit-reversed order, without any twiddle table
// but one: a block at a level holds a polynomial modulo x^(2m) - c^2 and splits into those modulo x^m - c and x^m + c,
//   low' = low + c * high,  high' = low - c * high,  c = twiddles[index of the block], the same at every level
// because the square root of the k-th bit-reversed root is the 2k-th and its negative the (2k+1)-th.
// A zero-padded transform starts with its source read modulo the source's rows: the blocks' upper halves are zero at
// first, so both halves are copies.
//
// The inverse transform is the same one on natural-order values: position p then holds rows * coefficient(-rev(p)), so its
// last pass stores to the reversed, negated place and scales by lowPowers * highPowers.
//
// A tile's local index is (top | stage | contiguous); a word's index in the chunk is
//   contiguous + (middle << middleShift) + (stage << stageShift) + (top << topShift) + (high << highShift)
// with the tile's number = (high | middle), and column * rows + position. Form: Montgomery.
#import field
#import dispatch

override workgroupSize: u32;
/// 0: the words of `words` themselves; 1: `source` modulo its rows; 2: `source` in bit-reversed order.
override sourceMode: u32;
/// 0: where the words came from; 1: reversed, negated and scaled.
override storeMode: u32;

struct Params {
  start: u32,
  end: u32,
  /// columns * rows of the transform.
  totalWords: u32,
  logRows: u32,
  logSourceRows: u32,
  sourceOffset: u32,
  logContiguous: u32,
  logStages: u32,
  logMiddle: u32,
  middleShift: u32,
  stageShift: u32,
  topShift: u32,
  highShift: u32,
  /// The powers buffer holds 2^logLowPowers words, then the factors of the higher bits.
  logLowPowers: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> twiddles: array<u32>;
@group(0) @binding(2) var<storage, read> powers: array<u32>;
@group(0) @binding(3) var<storage, read> source: array<u32>;
@group(0) @binding(4) var<storage, read_write> words: array<u32>;

var<workgroup> tile: array<u32, 8u * workgroupSize>;

fn lowBits(count: u32) -> u32 {
  return (1u << count) - 1u;
}

/// Index in the chunk of a tile's word.
fn chunkIndex(base: u32, local: u32) -> u32 {
  let contiguous = local & lowBits(params.logContiguous);
  let stage = (local >> params.logContiguous) & lowBits(params.logStages);
  let top = local >> (params.logContiguous + params.logStages);
  return base + contiguous + (stage << params.stageShift) + (top << params.topShift);
}

fn reversed(position: u32, bits: u32) -> u32 {
  return reverseBits(position << (32u - bits)) & lowBits(bits);
}

fn load(index: u32) -> u32 {
  if (index >= params.totalWords) {
    return 0u;
  }
  if (sourceMode == 0u) {
    return words[index];
  }
  let column = index >> params.logRows;
  var row = index & lowBits(params.logSourceRows);
  if (sourceMode == 2u) {
    row = reversed(row, params.logSourceRows);
  }
  return source[params.sourceOffset + (column << params.logSourceRows) + row];
}

fn store(index: u32, value: u32) {
  if (index >= params.totalWords) {
    return;
  }
  if (storeMode == 0u) {
    words[index] = value;
    return;
  }
  let mask = lowBits(params.logRows);
  let power = (0u - reversed(index & mask, params.logRows)) & mask;
  let factor = fieldMultiply(
    powers[power & lowBits(params.logLowPowers)],
    powers[(1u << params.logLowPowers) + (power >> params.logLowPowers)],
  );
  words[(index & ~mask) + power] = fieldMultiply(value, factor);
}

/// The constant of the block whose halves differ in local bit `bit` and that holds the word at `local`.
fn twiddleOf(base: u32, local: u32, bit: u32) -> u32 {
  let position = chunkIndex(base, local) & lowBits(params.logRows);
  let level = params.stageShift + bit - params.logContiguous;
  return twiddles[position >> (level + 1u)];
}

/// (low, high) to (low + c * high, low - c * high).
fn butterfly(pair: vec2<u32>, twiddle: u32) -> vec2<u32> {
  let product = fieldMultiply(pair.y, twiddle);
  return vec2(fieldAdd(pair.x, product), fieldSubtract(pair.x, product));
}

@compute @workgroup_size(workgroupSize)
fn nttPass(
  @builtin(local_invocation_index) invocation: u32,
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let number = elementOfWorkgroup(params.start, workgroup, workgroups);
  if (number >= params.end) {
    return;
  }
  let base = ((number & lowBits(params.logMiddle)) << params.middleShift)
    + ((number >> params.logMiddle) << params.highShift);
  // Stages on local bits logContiguous..top-1, from the top, three at a time in registers.
  var top = params.logContiguous + params.logStages;
  var isFirst = true;
  loop {
    let low = max(top, 3u) - 3u;
    let first = ((invocation >> low) << (low + 3u)) | (invocation & lowBits(low));
    let step = 1u << low;
    var x0: u32; var x1: u32; var x2: u32; var x3: u32; var x4: u32; var x5: u32; var x6: u32; var x7: u32;
    if (isFirst) {
      x0 = load(chunkIndex(base, first));
      x1 = load(chunkIndex(base, first + step));
      x2 = load(chunkIndex(base, first + 2u * step));
      x3 = load(chunkIndex(base, first + 3u * step));
      x4 = load(chunkIndex(base, first + 4u * step));
      x5 = load(chunkIndex(base, first + 5u * step));
      x6 = load(chunkIndex(base, first + 6u * step));
      x7 = load(chunkIndex(base, first + 7u * step));
    } else {
      x0 = tile[first];
      x1 = tile[first + step];
      x2 = tile[first + 2u * step];
      x3 = tile[first + 3u * step];
      x4 = tile[first + 4u * step];
      x5 = tile[first + 5u * step];
      x6 = tile[first + 6u * step];
      x7 = tile[first + 7u * step];
    }
    if (low + 2u < top && low + 2u >= params.logContiguous) {
      let twiddle = twiddleOf(base, first, low + 2u);
      let p0 = butterfly(vec2(x0, x4), twiddle);
      let p1 = butterfly(vec2(x1, x5), twiddle);
      let p2 = butterfly(vec2(x2, x6), twiddle);
      let p3 = butterfly(vec2(x3, x7), twiddle);
      x0 = p0.x; x1 = p1.x; x2 = p2.x; x3 = p3.x;
      x4 = p0.y; x5 = p1.y; x6 = p2.y; x7 = p3.y;
    }
    if (low + 1u < top && low + 1u >= params.logContiguous) {
      let lowTwiddle = twiddleOf(base, first, low + 1u);
      let highTwiddle = twiddleOf(base, first + 4u * step, low + 1u);
      let p0 = butterfly(vec2(x0, x2), lowTwiddle);
      let p1 = butterfly(vec2(x1, x3), lowTwiddle);
      let p2 = butterfly(vec2(x4, x6), highTwiddle);
      let p3 = butterfly(vec2(x5, x7), highTwiddle);
      x0 = p0.x; x1 = p1.x; x2 = p0.y; x3 = p1.y;
      x4 = p2.x; x5 = p3.x; x6 = p2.y; x7 = p3.y;
    }
    if (low < top && low >= params.logContiguous) {
      let p0 = butterfly(vec2(x0, x1), twiddleOf(base, first, low));
      let p1 = butterfly(vec2(x2, x3), twiddleOf(base, first + 2u * step, low));
      let p2 = butterfly(vec2(x4, x5), twiddleOf(base, first + 4u * step, low));
      let p3 = butterfly(vec2(x6, x7), twiddleOf(base, first + 6u * step, low));
      x0 = p0.x; x1 = p0.y; x2 = p1.x; x3 = p1.y;
      x4 = p2.x; x5 = p2.y; x6 = p3.x; x7 = p3.y;
    }
    // Each invocation writes back the words it read, so one barrier a round is enough.
    tile[first] = x0;
    tile[first + step] = x1;
    tile[first + 2u * step] = x2;
    tile[first + 3u * step] = x3;
    tile[first + 4u * step] = x4;
    tile[first + 5u * step] = x5;
    tile[first + 6u * step] = x6;
    tile[first + 7u * step] = x7;
    workgroupBarrier();
    isFirst = false;
    top = low;
    if (top <= params.logContiguous) {
      break;
    }
  }
  for (var part = 0u; part < 8u; part += 1u) {
    let local = part * workgroupSize + invocation;
    store(chunkIndex(base, local), tile[local]);
  }
}
