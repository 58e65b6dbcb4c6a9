/**
 * Execution traces as bytes: the format of uploads. Every trace has one encoding, and nothing else decodes to it.
 * Source: docs/spec/machine.md, section Execution traces.
 */
import { STATEMENT_WORDS } from '../stark/air/air.ts';
import { MODULUS } from '../stark/field/koalaBear.ts';
import { ROW_WORDS } from './buses.ts';
import { MachineError } from './errors.ts';
import type { ExecutionTrace } from './executionTrace.ts';

/** The bytes “CLNT” as a little-endian word. */
export const TRACE_MAGIC = 0x544e4c43;
export const TRACE_VERSION = 2;

const WORD_BYTES = 4;
const HEADER_WORDS = 6;
export const TRACE_HEADER_BYTES = HEADER_WORDS * WORD_BYTES;
const CALL_COLUMNS = 6;

export interface TraceLimits {
  readonly maximumMemoryWords: number;
  readonly maximumCycles: number;
  readonly maximumWitnessWords: number;
}

/** The tallest memory and cpu tables, and a witness row for every row of the tallest hash table. */
export const TRACE_LIMITS: TraceLimits = {
  maximumMemoryWords: 2 ** 25,
  maximumCycles: 2 ** 22,
  maximumWitnessWords: 2 ** 25,
};

export interface TraceHeader {
  readonly memoryWords: number;
  readonly cycles: number;
  readonly calls: number;
  readonly witnessWords: number;
  /** Of the whole encoding. */
  readonly byteLength: number;
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function totalBytes(memoryWords: number, cycles: number, calls: number, witnessWords: number): number {
  const words =
    HEADER_WORDS + STATEMENT_WORDS + memoryWords + 2 * cycles + CALL_COLUMNS * calls + witnessWords;
  return words * WORD_BYTES;
}

/**
 * Reads the first TRACE_HEADER_BYTES, so that a receiver knows the length before the rest arrives.
 * Throws: MachineError 'TRACE_TRUNCATED', 'TRACE_MAGIC', 'TRACE_VERSION', 'TRACE_LIMIT'.
 */
export function readTraceHeader(bytes: Uint8Array, limits: TraceLimits = TRACE_LIMITS): TraceHeader {
  if (bytes.length < TRACE_HEADER_BYTES)
    throw new MachineError('TRACE_TRUNCATED', { expected: TRACE_HEADER_BYTES, got: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, TRACE_HEADER_BYTES);
  const word = (index: number): number => view.getUint32(index * WORD_BYTES, true);
  if (word(0) !== TRACE_MAGIC) throw new MachineError('TRACE_MAGIC', { expected: TRACE_MAGIC, got: word(0) });
  if (word(1) !== TRACE_VERSION)
    throw new MachineError('TRACE_VERSION', { expected: TRACE_VERSION, got: word(1) });
  const [memoryWords, cycles, calls, witnessWords] = [word(2), word(3), word(4), word(5)];
  const refuse = (part: string, got: number, limit: number): MachineError =>
    new MachineError('TRACE_LIMIT', { part, got, limit });
  if (memoryWords === 0 || memoryWords % ROW_WORDS !== 0 || memoryWords > limits.maximumMemoryWords)
    throw refuse('memory words', memoryWords, limits.maximumMemoryWords);
  if (cycles === 0 || cycles > limits.maximumCycles) throw refuse('cycles', cycles, limits.maximumCycles);
  if (calls > cycles) throw refuse('calls', calls, cycles);
  if (witnessWords > limits.maximumWitnessWords)
    throw refuse('witness words', witnessWords, limits.maximumWitnessWords);
  const byteLength = totalBytes(memoryWords, cycles, calls, witnessWords);
  return { memoryWords, cycles, calls, witnessWords, byteLength };
}

/** Throws: MachineError with a code that starts with TRACE_. */
export function decodeTrace(bytes: Uint8Array, limits: TraceLimits = TRACE_LIMITS): ExecutionTrace {
  const { memoryWords, cycles, calls, witnessWords, byteLength } = readTraceHeader(bytes, limits);
  if (bytes.length < byteLength)
    throw new MachineError('TRACE_TRUNCATED', { expected: byteLength, got: bytes.length });
  if (bytes.length > byteLength)
    throw new MachineError('TRACE_TRAILING_BYTES', { expected: byteLength, got: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = TRACE_HEADER_BYTES;

  function words(count: number): Uint32Array {
    const read = new Uint32Array(count);
    if (isLittleEndian) new Uint8Array(read.buffer).set(bytes.subarray(offset, offset + count * WORD_BYTES));
    else
      for (let index = 0; index < count; index++)
        read[index] = view.getUint32(offset + index * WORD_BYTES, true);
    for (let index = 0; index < count; index++)
      if (read[index]! >= MODULUS)
        throw new MachineError('TRACE_NOT_CANONICAL', {
          byte: offset + index * WORD_BYTES,
          got: read[index]!,
        });
    offset += count * WORD_BYTES;
    return read;
  }

  return {
    statement: words(STATEMENT_WORDS),
    memory: words(memoryWords),
    pc: words(cycles),
    fp: words(cycles),
    calls: {
      count: calls,
      tag: words(calls),
      a: words(calls),
      b: words(calls),
      c: words(calls),
      d: words(calls),
      clk: words(calls),
      witness: words(witnessWords),
    },
  };
}

export function encodeTrace(trace: ExecutionTrace): Uint8Array {
  const { statement, memory, pc, fp, calls } = trace;
  const parts = [
    Uint32Array.of(TRACE_MAGIC, TRACE_VERSION, memory.length, pc.length, calls.count, calls.witness.length),
    statement,
    memory,
    pc,
    fp,
    calls.tag,
    calls.a,
    calls.b,
    calls.c,
    calls.d,
    calls.clk,
    calls.witness,
  ];
  const bytes = new Uint8Array(totalBytes(memory.length, pc.length, calls.count, calls.witness.length));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of parts) {
    if (isLittleEndian) bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), offset);
    else
      for (let index = 0; index < part.length; index++)
        view.setUint32(offset + index * WORD_BYTES, part[index]!, true);
    offset += part.byteLength;
  }
  return bytes;
}
