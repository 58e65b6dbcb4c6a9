// One pass of a number-theoretic transform over the columns of a chunk: the butterflies of `logStages` adjacent index bits,
// in registers alone. For adapters whose workgroup memory is ordinary memory and whose barriers are costly: software ones.
// What a transform is and which twiddles it takes is told in shaders/nttPass.wgsl; the result is the same word for word.
// Element: sets of 2^logStages words that differ in those bits and share their twiddles, which are loaded once: of
// `columnsTogether` columns and of 2^logRowsTogether rows, 8 apart, so that a group of 8 lanes reads and writes whole lines.
//
// Word j of a set is at position (high << (stageShift + logStages)) + (j << stageShift) + low of its column; the element's
// number is (column group | high | low without the bits of its rows together). Form: Montgomery.
#import field
#import dispatch

override workgroupSize: u32;
/// 0 to 3.
override logStages: u32;
/// 0: the words of `words` themselves; 1: `source` modulo its rows; 2: `source` in bit-reversed order.
override sourceMode: u32;
/// 0: where the words came from; 1: reversed, negated and scaled; then stageShift is 0 and elements are counted in
/// reversed order, so that neighbours store neighbours.
override storeMode: u32;

/// log2 of the distance of the rows that an element takes together.
const LOG_LANES = 3u;

struct Params {
  start: u32,
  end: u32,
  columns: u32,
  columnsTogether: u32,
  /// 0, or at most stageShift - LOG_LANES.
  logRowsTogether: u32,
  logRows: u32,
  logSourceRows: u32,
  sourceOffset: u32,
  stageShift: u32,
  /// The powers buffer holds 2^logLowPowers words, then the factors of the higher bits.
  logLowPowers: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> twiddles: array<u32>;
@group(0) @binding(2) var<storage, read> powers: array<u32>;
@group(0) @binding(3) var<storage, read> source: array<u32>;
@group(0) @binding(4) var<storage, read_write> words: array<u32>;

fn lowBits(count: u32) -> u32 {
  return (1u << count) - 1u;
}

fn reversed(position: u32, bits: u32) -> u32 {
  return reverseBits(position << (32u - bits)) & lowBits(bits);
}

fn sourceRow(position: u32) -> u32 {
  let row = position & lowBits(params.logSourceRows);
  if (sourceMode == 2u) {
    return reversed(row, params.logSourceRows);
  }
  return row;
}

@compute @workgroup_size(workgroupSize)
fn nttButterflies(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) {
    return;
  }
  let logElements = params.logRows - logStages - params.logRowsTogether;
  let firstColumn = (element >> logElements) * params.columnsTogether;
  let lastColumn = min(firstColumn + params.columnsTogether, params.columns);
  var number = element & lowBits(logElements);
  if (storeMode == 1u) {
    number = reversed(number, logElements);
  } else if (params.logRowsTogether > 0u) {
    number = ((number >> LOG_LANES) << (LOG_LANES + params.logRowsTogether)) | (number & lowBits(LOG_LANES));
  }
  let high = number >> params.stageShift;
  let low = number & lowBits(params.stageShift);
  let firstRow = (high << (params.stageShift + logStages)) | low;

  // Before stage s, word j is in block (high << s) + (j >> (logStages - s)).
  var twiddle: array<u32, 7>;
  for (var stage = 0u; stage < logStages; stage += 1u) {
    for (var block = 0u; block < (1u << stage); block += 1u) {
      twiddle[(1u << stage) - 1u + block] = twiddles[(high << stage) + block];
    }
  }
  var factor: array<u32, 8>;
  var place: array<u32, 8>;
  if (storeMode == 1u) {
    for (var word = 0u; word < (1u << logStages); word += 1u) {
      let power = (0u - reversed(firstRow + word, params.logRows)) & lowBits(params.logRows);
      place[word] = power;
      factor[word] = fieldMultiply(
        powers[power & lowBits(params.logLowPowers)],
        powers[(1u << params.logLowPowers) + (power >> params.logLowPowers)],
      );
    }
  }

  for (var column = firstColumn; column < lastColumn; column += 1u) {
    let columnStart = column << params.logRows;
    for (var part = 0u; part < (1u << params.logRowsTogether); part += 1u) {
      let row = firstRow + (part << LOG_LANES);
      var value: array<u32, 8>;
      if (sourceMode == 0u) {
        for (var word = 0u; word < (1u << logStages); word += 1u) {
          value[word] = words[columnStart + row + (word << params.stageShift)];
        }
      } else {
        let sourceStart = params.sourceOffset + (column << params.logSourceRows);
        for (var word = 0u; word < (1u << logStages); word += 1u) {
          value[word] = source[sourceStart + sourceRow(row + (word << params.stageShift))];
        }
      }
      for (var stage = 0u; stage < logStages; stage += 1u) {
        let half = 1u << (logStages - 1u - stage);
        for (var pair = 0u; pair < (1u << logStages) / 2u; pair += 1u) {
          let block = pair / half;
          let left = 2u * half * block + pair % half;
          let product = fieldMultiply(value[left + half], twiddle[(1u << stage) - 1u + block]);
          let sum = value[left];
          value[left] = fieldAdd(sum, product);
          value[left + half] = fieldSubtract(sum, product);
        }
      }
      if (storeMode == 0u) {
        for (var word = 0u; word < (1u << logStages); word += 1u) {
          words[columnStart + row + (word << params.stageShift)] = value[word];
        }
      } else {
        for (var word = 0u; word < (1u << logStages); word += 1u) {
          words[columnStart + place[word]] = fieldMultiply(value[word], factor[word]);
        }
      }
    }
  }
}
