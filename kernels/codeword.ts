/**
 * Codewords on the device: extension elements in bit-reversed order, cut by position into chunks of one binding each. In a
 * chunk of n positions, coordinate c of position j is word c * n + j.
 * Form: Montgomery on the device; canonical words cross to and from the host.
 */
import { DEGREE } from '../stark/field/extension.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { readCanonical, writeCanonical } from './matrix.ts';

export interface GpuCodeword {
  /** Elements; a power of two. */
  readonly length: number;
  /** Elements of every chunk; a power of two. */
  readonly chunkLength: number;
  readonly chunks: readonly GPUBuffer[];
}

/** Cosets of 2^3 elements, the largest fold, must lie in one chunk. */
const LEAST_CHUNK_LENGTH = 8;

/** The largest power of two of units of `unitBytes` in one binding. Throws: KernelError 'LIMIT_EXCEEDED' below `least`. */
export function unitsPerBinding(device: ComputeDevice, unitBytes: number, least: number): number {
  const units = Math.floor(device.limits.bindingBytes / unitBytes);
  if (units < least) {
    throw new KernelError(
      'LIMIT_EXCEEDED',
      `${least} units of ${unitBytes} bytes exceed one storage binding`,
      {
        expected: device.limits.bindingBytes,
        got: least * unitBytes,
      },
    );
  }
  return 2 ** Math.floor(Math.log2(units));
}

/** Buffers of equal byte counts, all or none. Throws: KernelError 'OUT_OF_MEMORY'. */
export async function acquireBuffers(
  device: ComputeDevice,
  count: number,
  bytes: number,
  label: string,
): Promise<GPUBuffer[]> {
  const buffers: GPUBuffer[] = [];
  try {
    for (let index = 0; index < count; index++) {
      buffers.push(await device.arena.acquire(bytes, `${label}.${index}`));
    }
  } catch (error) {
    for (const buffer of buffers) device.arena.release(buffer);
    throw error;
  }
  return buffers;
}

/** A codeword with undefined words. Throws: KernelError 'SHAPE_MISMATCH', 'OUT_OF_MEMORY'. */
export async function createCodeword(
  device: ComputeDevice,
  length: number,
  label: string,
): Promise<GpuCodeword> {
  if (!Number.isInteger(Math.log2(length))) {
    throw new KernelError('SHAPE_MISMATCH', `${label}: a codeword of ${length} elements`);
  }
  const chunkLength = Math.min(length, unitsPerBinding(device, 4 * DEGREE, LEAST_CHUNK_LENGTH));
  const chunks = await acquireBuffers(device, length / chunkLength, 4 * DEGREE * chunkLength, label);
  return { length, chunkLength, chunks };
}

export function releaseCodeword(device: ComputeDevice, codeword: GpuCodeword): void {
  for (const chunk of codeword.chunks) device.arena.release(chunk);
}

/** Uploads 5 canonical words an element. Throws: KernelError 'SHAPE_MISMATCH', 'OUT_OF_MEMORY'. */
export async function uploadCodeword(
  device: ComputeDevice,
  words: Uint32Array,
  label: string,
): Promise<GpuCodeword> {
  const codeword = await createCodeword(device, words.length / DEGREE, label);
  const { chunkLength } = codeword;
  try {
    for (const [chunk, buffer] of codeword.chunks.entries()) {
      const start = DEGREE * chunkLength * chunk;
      const arranged = new Uint32Array(DEGREE * chunkLength);
      for (let position = 0; position < chunkLength; position++) {
        for (let coordinate = 0; coordinate < DEGREE; coordinate++) {
          arranged[coordinate * chunkLength + position] = words[start + DEGREE * position + coordinate]!;
        }
      }
      await writeCanonical(device, buffer, arranged);
    }
  } catch (error) {
    releaseCodeword(device, codeword);
    throw error;
  }
  return codeword;
}

/** Reads a codeword back: 5 canonical words an element. For tests and small codewords. */
export async function readCodeword(device: ComputeDevice, codeword: GpuCodeword): Promise<Uint32Array> {
  const words = new Uint32Array(DEGREE * codeword.length);
  const { chunkLength } = codeword;
  for (const [chunk, buffer] of codeword.chunks.entries()) {
    const arranged = await readCanonical(device, buffer, DEGREE * chunkLength);
    const start = DEGREE * chunkLength * chunk;
    for (let position = 0; position < chunkLength; position++) {
      for (let coordinate = 0; coordinate < DEGREE; coordinate++) {
        words[start + DEGREE * position + coordinate] = arranged[coordinate * chunkLength + position]!;
      }
    }
  }
  return words;
}
