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

/** A request whose source is named later. */
export type GatherPlace = Omit<Gather, 'source'>;

/** Requests that are recorded one after the other and answered by one readback. */
export interface Gatherer {
  /**
   * Records request number `place`; its source may be given back to the arena afterwards.
   * Throws: KernelError 'SHAPE_MISMATCH' when an index leads past the end of the source.
   */
  record(place: number, source: GPUBuffer): Promise<void>;
  /** One answer a request; undefined words for a request that was not recorded. */
  read(): Promise<Uint32Array[]>;
  /** Gives the gatherer's own buffers back. */
  close(): void;
}

/** Uploads the indices of all requests. Throws: KernelError 'OUT_OF_MEMORY'. */
export async function createGatherer(
  device: ComputeDevice,
  requests: readonly GatherPlace[],
): Promise<Gatherer> {
  const indexStarts: number[] = [];
  const answerStarts: number[] = [];
  let indexCount = 0;
  let answerWords = 0;
  for (const { indices, items } of requests) {
    indexStarts.push(indexCount);
    answerStarts.push(answerWords);
    indexCount += indices.length;
    answerWords += indices.length * items;
  }
  const kernel = await device.pipelines.kernel({ shader: 'gather', workgroupSize: 64 });
  const held: GPUBuffer[] = [];
  const close = (): void => {
    for (const buffer of held.splice(0)) device.arena.release(buffer);
  };
  try {
    held.push(await device.arena.acquire(4 * indexCount, 'gather.indices'));
    held.push(await device.arena.acquire(4 * answerWords, 'gather.answers'));
    const allIndices = new Uint32Array(indexCount);
    for (const [place, { indices }] of requests.entries()) allIndices.set(indices, indexStarts[place]);
    await device.queue.write(held[0]!, 0, allIndices);
  } catch (error) {
    close();
    throw error;
  }
  const [indexBuffer, answers] = held as [GPUBuffer, GPUBuffer];
  return {
    async record(place, source) {
      const { indices, items, sourceStart, indexStride, itemStride } = requests[place]!;
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
      await device.queue.dispatch({
        kernel,
        bindings: { source, indices: indexBuffer, answers },
        params: {
          indexStart: indexStarts[place]!,
          items,
          sourceStart,
          indexStride,
          itemStride,
          answerStart: answerStarts[place]!,
        },
        count: indices.length * items,
      });
    },
    async read() {
      const words = await device.queue.read(answers, 0, answerWords);
      return requests.map(({ indices, items }, place) => {
        const start = answerStarts[place]!;
        return words.slice(start, start + indices.length * items);
      });
    },
    close,
  };
}

/** One answer a request. Throws: KernelError 'SHAPE_MISMATCH' when an index leads past the end of its buffer. */
export async function gatherWords(
  device: ComputeDevice,
  requests: readonly Gather[],
): Promise<Uint32Array[]> {
  if (requests.every(({ indices }) => indices.length === 0)) return requests.map(() => new Uint32Array(0));
  const gatherer = await createGatherer(device, requests);
  try {
    for (const [place, { source }] of requests.entries()) await gatherer.record(place, source);
    return await gatherer.read();
  } finally {
    gatherer.close();
  }
}
