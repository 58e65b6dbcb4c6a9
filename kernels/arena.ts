/**
 * The buffers of a device: reused by exact byte count, counted, and bounded by a byte budget. A buffer that comes out of
 * the arena holds whatever was there before, so no kernel may rely on zeros.
 */
import { KernelError } from './errors.ts';

/** Buffers are rounded up to this many bytes, so that near-equal requests share a buffer. */
const GRANULE_BYTES = 256;

const STORAGE_USAGE = 0x80 /* STORAGE */ | 0x04 /* COPY_SRC */ | 0x08; /* COPY_DST */

export interface ArenaGauge {
  /** Bytes of buffers that are held by somebody. */
  readonly usedBytes: number;
  /** Bytes of buffers that wait to be reused. */
  readonly idleBytes: number;
  /** Largest `usedBytes + idleBytes` so far. */
  readonly peakBytes: number;
  readonly budgetBytes: number;
}

export interface BufferArena {
  /**
   * A storage buffer of at least `bytes` bytes (also copy source and destination).
   * Throws: KernelError 'OUT_OF_MEMORY' with wantedBytes, usedBytes, budgetBytes; 'LIMIT_EXCEEDED' past the largest buffer.
   */
  acquire(bytes: number, label: string): Promise<GPUBuffer>;
  /** Gives a buffer back for reuse. Work enqueued earlier still sees its words. Throws: Error on a foreign buffer. */
  release(buffer: GPUBuffer): void;
  gauge(): ArenaGauge;
  /** Destroys the idle buffers. */
  trim(): void;
  /** Destroys all buffers. */
  close(): void;
}

export function createArena(gpu: GPUDevice, budgetBytes: number, throwIfLost: () => void): BufferArena {
  const used = new Map<GPUBuffer, number>();
  const idle = new Map<number, GPUBuffer[]>();
  let usedBytes = 0;
  let idleBytes = 0;
  let peakBytes = 0;

  function trim(): void {
    for (const buffers of idle.values()) for (const buffer of buffers) buffer.destroy();
    idle.clear();
    idleBytes = 0;
  }

  async function create(bytes: number, label: string): Promise<GPUBuffer> {
    gpu.pushErrorScope('out-of-memory');
    gpu.pushErrorScope('validation');
    const buffer = gpu.createBuffer({ label, size: bytes, usage: STORAGE_USAGE });
    const validation = gpu.popErrorScope();
    const memory = gpu.popErrorScope();
    const invalid = await validation;
    const exhausted = await memory;
    throwIfLost();
    if (exhausted || invalid) {
      buffer.destroy();
      if (exhausted) throw outOfMemory(bytes, label, exhausted.message);
      throw new KernelError('VALIDATION', `buffer ${label}: ${invalid?.message ?? ''}`, { bytes });
    }
    return buffer;
  }

  function outOfMemory(wantedBytes: number, label: string, reason: string): KernelError {
    return new KernelError(
      'OUT_OF_MEMORY',
      `${label} wants ${wantedBytes} bytes, ${usedBytes} are in use, the limit is ${budgetBytes} (${reason})`,
      { wantedBytes, usedBytes, budgetBytes },
    );
  }

  return {
    async acquire(bytes, label) {
      throwIfLost();
      const rounded = Math.max(1, Math.ceil(bytes / GRANULE_BYTES)) * GRANULE_BYTES;
      if (rounded > gpu.limits.maxBufferSize) {
        throw new KernelError('LIMIT_EXCEEDED', `${label} wants a buffer of ${rounded} bytes`, {
          expected: gpu.limits.maxBufferSize,
          got: rounded,
        });
      }
      let buffer = idle.get(rounded)?.pop();
      if (buffer) {
        idleBytes -= rounded;
        used.set(buffer, rounded);
        usedBytes += rounded;
        return buffer;
      }
      if (usedBytes + idleBytes + rounded > budgetBytes) trim();
      if (usedBytes + rounded > budgetBytes) throw outOfMemory(rounded, label, 'byte budget');
      // Counted before the await, so that concurrent requests cannot pass the budget together.
      usedBytes += rounded;
      try {
        buffer = await create(rounded, label);
      } catch (error) {
        usedBytes -= rounded;
        throw error;
      }
      used.set(buffer, rounded);
      peakBytes = Math.max(peakBytes, usedBytes + idleBytes);
      return buffer;
    },
    release(buffer) {
      const bytes = used.get(buffer);
      if (bytes === undefined) throw new Error(`buffer ${buffer.label} is not held from this arena`);
      used.delete(buffer);
      usedBytes -= bytes;
      idleBytes += bytes;
      const buffers = idle.get(bytes);
      if (buffers) buffers.push(buffer);
      else idle.set(bytes, [buffer]);
    },
    gauge: () => ({ usedBytes, idleBytes, peakBytes, budgetBytes }),
    trim,
    close() {
      trim();
      for (const buffer of used.keys()) buffer.destroy();
      used.clear();
      usedBytes = 0;
    },
  };
}
