/**
 * Words picked by index from many buffers of the device, read back at once: the rows, digests and cosets of query answers.
 * Form: canonical words come back. Source: docs/spec/proof-system.md, section 3.
 */
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';

export interface Gather {
  readonly source: GPUBuffer;
  /** Word k * items + i of the answer is source[sourceStart + indices[k] * indexStride + i * itemStride]. */
  readonly indices: readonly number[];
  readonly items: number;
  readonly sourceStart: number;
  readonly indexStride: number;
  readonly itemStride: number;
}

/** One answer a request. Throws: KernelError 'SHAPE_MISMATCH' when an index leads past the end of its buffer. */
export async function gatherWords(
  device: ComputeDevice,
  requests: readonly Gather[],
): Promise<Uint32Array[]> {
  let indexCount = 0;
  let answerWords = 0;
  for (const { source, indices, items, sourceStart, indexStride, itemStride } of requests) {
    const sourceWords = source.size / 4;
    for (const index of indices) {
      const last = sourceStart + index * indexStride + (items - 1) * itemStride;
      if (!Number.isInteger(index) || index < 0 || items < 1 || last >= sourceWords) {
        throw new KernelError('SHAPE_MISMATCH', `gather of index ${index} in ${source.label}`, {
          expected: sourceWords,
          got: last + 1,
        });
      }
    }
    indexCount += indices.length;
    answerWords += indices.length * items;
  }
  if (answerWords === 0) return requests.map(() => new Uint32Array(0));
  const kernel = await device.pipelines.kernel({ shader: 'gather', workgroupSize: 64 });
  const indexBuffer = await device.arena.acquire(4 * indexCount, 'gather.indices');
  const answers = await device.arena.acquire(4 * answerWords, 'gather.answers').catch((error: unknown) => {
    device.arena.release(indexBuffer);
    throw error;
  });
  try {
    const allIndices = new Uint32Array(indexCount);
    const starts: number[] = [];
    let indexStart = 0;
    for (const { indices } of requests) {
      allIndices.set(indices, indexStart);
      indexStart += indices.length;
    }
    await device.queue.write(indexBuffer, 0, allIndices);
    indexStart = 0;
    let answerStart = 0;
    for (const { source, indices, items, sourceStart, indexStride, itemStride } of requests) {
      starts.push(answerStart);
      await device.queue.dispatch({
        kernel,
        bindings: { source, indices: indexBuffer, answers },
        params: { indexStart, items, sourceStart, indexStride, itemStride, answerStart },
        count: indices.length * items,
      });
      indexStart += indices.length;
      answerStart += indices.length * items;
    }
    const words = await device.queue.read(answers, 0, answerWords);
    return requests.map(({ indices, items }, place) => {
      const start = starts[place] ?? 0;
      return words.slice(start, start + indices.length * items);
    });
  } finally {
    device.arena.release(indexBuffer);
    device.arena.release(answers);
  }
}
