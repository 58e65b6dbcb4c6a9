/** Execution traces as bytes: round trip, and a typed refusal of everything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineError, type MachineErrorCode } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { run } from '../../machine/system.ts';
import { decodeTrace, encodeTrace, readTraceHeader, TRACE_HEADER_BYTES } from '../../machine/traceCodec.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { everythingHints, everythingProgram, pathHints, pathProgram } from '../support/machinePrograms.ts';
import { createRandom } from '../support/random.ts';

/** What the encoding holds: all but what tables compute anew. */
function recordOf(execution: ExecutionTrace): ExecutionTrace {
  const { interiors: _, ...calls } = execution.calls;
  return { ...execution, calls };
}

const execution = recordOf(run(everythingProgram, everythingHints));
const encoded = encodeTrace(execution);

function refuses(bytes: Uint8Array, code: MachineErrorCode): void {
  assert.throws(
    () => decodeTrace(bytes),
    (error) => error instanceof MachineError && error.code === code,
    code,
  );
}

function withWord(offset: number, value: number): Uint8Array {
  const bytes = encoded.slice();
  new DataView(bytes.buffer).setUint32(offset, value, true);
  return bytes;
}

test('a trace survives its encoding, from any byte offset and from a Buffer', () => {
  assert.deepEqual(decodeTrace(encoded), execution);
  assert.deepEqual(encodeTrace(decodeTrace(encoded)), encoded);
  const shifted = new Uint8Array(encoded.length + 3);
  shifted.set(encoded, 3);
  assert.deepEqual(decodeTrace(shifted.subarray(3)), execution);
  assert.deepEqual(decodeTrace(Buffer.concat([encoded])), execution);
  assert.equal(readTraceHeader(encoded.subarray(0, TRACE_HEADER_BYTES)).byteLength, encoded.length);
});

test('a trace with witnesses survives its encoding', () => {
  const withWitness = recordOf(run(pathProgram, pathHints));
  const bytes = encodeTrace(withWitness);
  assert.deepEqual(decodeTrace(bytes), withWitness);
  assert.equal(readTraceHeader(bytes).witnessWords, 32);
  assert.equal(readTraceHeader(bytes).byteLength, bytes.length);
});

test('every truncation and every extension is refused', () => {
  for (const length of [0, 1, 3, 4, 23, 24, 25, 55, 56, encoded.length - 4, encoded.length - 1])
    refuses(encoded.subarray(0, length), 'TRACE_TRUNCATED');
  for (const extra of [1, 4, 100]) {
    const longer = new Uint8Array(encoded.length + extra);
    longer.set(encoded);
    refuses(longer, 'TRACE_TRAILING_BYTES');
  }
});

test('magic, version and declared lengths are checked before anything is read', () => {
  refuses(withWord(0, 0), 'TRACE_MAGIC');
  for (const version of [0, 1, 3]) refuses(withWord(4, version), 'TRACE_VERSION');
  const limits: [number, number][] = [
    [8, 0],
    [8, execution.memory.length + 1],
    [8, 2 ** 25 + 8],
    [8, 2 ** 32 - 8],
    [12, 0],
    [12, 2 ** 22 + 1],
    [12, 2 ** 32 - 1],
    [16, execution.pc.length + 1],
    [16, 2 ** 32 - 1],
    [20, 2 ** 25 + 1],
    [20, 2 ** 32 - 1],
  ];
  for (const [offset, value] of limits) refuses(withWord(offset, value), 'TRACE_LIMIT');
});

test('a word outside the field is refused wherever it stands', () => {
  const random = createRandom(5);
  const words = (encoded.length - TRACE_HEADER_BYTES) / 4;
  for (const index of [0, words - 1, ...Array.from({ length: 50 }, () => random.below(words))])
    for (const value of [MODULUS, 2 ** 31, 2 ** 32 - 1])
      refuses(withWord(TRACE_HEADER_BYTES + 4 * index, value), 'TRACE_NOT_CANONICAL');
  assert.doesNotThrow(() => decodeTrace(withWord(TRACE_HEADER_BYTES, MODULUS - 1)));
});
