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
  /** Largest `usedBytes + idleBytes` since the last `resetPeaks`. */
  readonly peakBytes: number;
  /** Largest `usedBytes` since then: what would have been enough. */
  readonly peakUsedBytes: number;
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
  /** Peaks are counted from now on. */
  resetPeaks(): void;
  /** Destroys the idle buffers once the device no longer works on them. */
  trim(): Promise<void>;
  /** Destroys all buffers. */
  close(): void;
}

/** `settle` resolves when nothing that was enqueued is left to do: a destroyed buffer may not stand in a submission. */
export function createArena(
  gpu: GPUDevice,
  budgetBytes: number,
  throwIfLost: () => void,
  settle: () => Promise<void>,
): BufferArena {
  const used = new Map<GPUBuffer, number>();
  const idle = new Map<number, GPUBuffer[]>();
  let usedBytes = 0;
  let idleBytes = 0;
  let peakBytes = 0;
  let peakUsedBytes = 0;

  /** Destroys idle buffers, the largest first, until at most `wantedBytes` are left. */
  async function trimTo(wantedBytes: number): Promise<void> {
    const doomed: GPUBuffer[] = [];
    for (const bytes of [...idle.keys()].sort((left, right) => right - left)) {
      const buffers = idle.get(bytes) ?? [];
      while (idleBytes > wantedBytes) {
        const buffer = buffers.pop();
        if (!buffer) break;
        idleBytes -= bytes;
        doomed.push(buffer);
      }
      if (buffers.length === 0) idle.delete(bytes);
    }
    if (doomed.length === 0) return;
    try {
      await settle();
    } finally {
      for (const buffer of doomed) buffer.destroy();
    }
  }

  function countPeaks(): void {
    peakBytes = Math.max(peakBytes, usedBytes + idleBytes);
    peakUsedBytes = Math.max(peakUsedBytes, usedBytes);
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
        countPeaks();
        return buffer;
      }
      if (usedBytes + rounded > budgetBytes) throw outOfMemory(rounded, label, 'byte budget');
      // Counted before the await, so that concurrent requests cannot pass the budget together.
      usedBytes += rounded;
      try {
        await trimTo(budgetBytes - usedBytes);
        buffer = await create(rounded, label).catch(async (error: unknown) => {
          // The device itself is full: what lies idle may make the room.
          if (!(error instanceof KernelError && error.code === 'OUT_OF_MEMORY') || idleBytes === 0)
            throw error;
          await trimTo(0);
          return await create(rounded, label);
        });
      } catch (error) {
        usedBytes -= rounded;
        throw error;
      }
      used.set(buffer, rounded);
      countPeaks();
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
    gauge: () => ({ usedBytes, idleBytes, peakBytes, peakUsedBytes, budgetBytes }),
    resetPeaks() {
      peakBytes = usedBytes + idleBytes;
      peakUsedBytes = usedBytes;
    },
    trim: () => trimTo(0),
    close() {
      for (const buffers of idle.values()) for (const buffer of buffers) buffer.destroy();
      idle.clear();
      idleBytes = 0;
      for (const buffer of used.keys()) buffer.destroy();
      used.clear();
      usedBytes = 0;
    },
  };
}
