/**
 * The DEEP combination of all matrices of one height on the device: weighted sums over the columns, chunk by chunk, then
 * one division a row and point. Source: docs/spec/proof-system.md, section 8.
 */
import * as extension from '../stark/field/extension.ts';
import { GENERATOR, inverse, rootOfUnity } from '../stark/field/koalaBear.ts';
import { createCodeword, type GpuCodeword, releaseCodeword } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { type ExtendedMatrix, withBlock } from './extended.ts';
import { linearInverse } from './linearInverse.ts';
import { CHUNK_COLUMNS, type GpuMatrix } from './matrix.ts';
import { toMontgomeryWords } from './montgomery.ts';

/** A low-degree extension (bit-reversed rows) and its terms; next terms stand for its leading columns. */
export interface DeepTerms {
  readonly matrix: ExtendedMatrix;
  readonly weights: readonly extension.Extension[];
  readonly values: readonly extension.Extension[];
  readonly nextWeights: readonly extension.Extension[];
  readonly nextValues: readonly extension.Extension[];
}

/** The sums at one point, and whether nothing has been added to them yet. */
interface Accumulator {
  readonly sums: GpuCodeword;
  isEmpty: boolean;
}

/**
 * F of section 8 on the evaluation coset of 2^(logHeight + logBlowup) points.
 * Throws: KernelError 'SHAPE_MISMATCH' on matrices of another height or terms that do not match; 'OUT_OF_MEMORY'.
 */
export async function deepCombination(
  device: ComputeDevice,
  logHeight: number,
  logBlowup: number,
  zeta: extension.Extension,
  matrices: readonly DeepTerms[],
): Promise<GpuCodeword> {
  const rows = 2 ** (logHeight + logBlowup);
  for (const { matrix, weights, values, nextWeights, nextValues } of matrices) {
    if (
      matrix.rows !== rows ||
      weights.length > matrix.columns ||
      nextWeights.length > matrix.columns ||
      weights.length !== values.length ||
      nextWeights.length !== nextValues.length
    ) {
      throw new KernelError('SHAPE_MISMATCH', `DEEP terms of a matrix of ${matrix.columns} columns`, {
        expected: rows,
        got: matrix.rows,
      });
    }
  }
  if (!matrices.some(({ weights }) => weights.length > 0))
    throw new KernelError('SHAPE_MISMATCH', 'a DEEP combination without terms');

  const sums = await createCodeword(device, rows, 'deep.sums');
  let nextSums: GpuCodeword | undefined;
  let unused: GPUBuffer | undefined;
  try {
    if (matrices.some(({ nextWeights }) => nextWeights.length > 0))
      nextSums = await createCodeword(device, rows, 'deep.nextSums');
    else unused = await device.arena.acquire(4, 'deep.unused');
    await accumulate(device, matrices, sums, nextSums);
    const kernel = await device.pipelines.kernel({ shader: 'deepQuotient', workgroupSize: 64 });
    const [shift = 0, inverseOfGenerator = 0] = toMontgomeryWords([
      GENERATOR,
      inverse(rootOfUnity(logHeight)),
    ]);
    for (const [chunk, buffer] of sums.chunks.entries()) {
      const second = nextSums?.chunks[chunk] ?? unused;
      if (!second) throw new RangeError(`no chunk ${chunk} of the sums at the next row`);
      await device.queue.dispatch({
        kernel,
        bindings: { sums: buffer, nextSums: second },
        params: {
          length: sums.chunkLength,
          firstRow: chunk * sums.chunkLength,
          hasNext: nextSums ? 1 : 0,
          shift,
          inverseOfGenerator,
          total: toMontgomeryWords(totalOf(matrices.map(({ weights, values }) => ({ weights, values })))),
          nextTotal: toMontgomeryWords(
            totalOf(
              matrices.map(({ nextWeights, nextValues }) => ({ weights: nextWeights, values: nextValues })),
            ),
          ),
          inverse: linearInverse(zeta),
        },
        count: sums.chunkLength,
      });
    }
  } catch (error) {
    releaseCodeword(device, sums);
    throw error;
  } finally {
    if (nextSums) releaseCodeword(device, nextSums);
    if (unused) device.arena.release(unused);
  }
  return sums;
}

/** Sum of weight * value over all columns. */
function totalOf(terms: readonly Pick<DeepTerms, 'weights' | 'values'>[]): extension.Extension {
  let total = extension.ZERO;
  for (const { weights, values } of terms) {
    for (const [column, weight] of weights.entries()) {
      total = extension.add(total, extension.multiply(weight, values[column]!));
    }
  }
  return total;
}

/** Word 4 * (5 * g + coordinate) + k is the coordinate of weight 4 * g + k, in Montgomery form. */
function arrangeWeights(weights: readonly extension.Extension[]): Uint32Array {
  const words = new Uint32Array(extension.DEGREE * CHUNK_COLUMNS);
  for (const [column, weight] of weights.entries()) {
    const start = 4 * extension.DEGREE * Math.floor(column / 4) + (column % 4);
    for (const [coordinate, word] of toMontgomeryWords(weight).entries())
      words[start + 4 * coordinate] = word;
  }
  return words;
}

/** sums[row] = sum over all matrices of weight * column[row], at both points, a block of columns at a time. */
async function accumulate(
  device: ComputeDevice,
  terms: readonly DeepTerms[],
  sums: GpuCodeword,
  nextSums: GpuCodeword | undefined,
): Promise<void> {
  const current: Accumulator = { sums, isEmpty: true };
  const next: Accumulator | undefined = nextSums && { sums: nextSums, isEmpty: true };
  for (const { matrix, weights, nextWeights } of terms) {
    const columns = Math.max(weights.length, nextWeights.length);
    for (let column = 0; column < columns; column += CHUNK_COLUMNS) {
      await withBlock(device, matrix, column, sums.length, async (block) => {
        await addBlock(device, block, weights.slice(column, column + CHUNK_COLUMNS), current);
        if (next) await addBlock(device, block, nextWeights.slice(column, column + CHUNK_COLUMNS), next);
      });
    }
  }
}

/** Adds the weighted sum of the leading columns of a block. */
async function addBlock(
  device: ComputeDevice,
  block: GpuMatrix,
  weights: readonly extension.Extension[],
  accumulator: Accumulator,
): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader: 'deepAccumulate', workgroupSize: 64 });
  const { sums } = accumulator;
  for (const chunk of block.chunks) {
    const columnCount = Math.min(chunk.columns, weights.length - chunk.firstColumn);
    if (columnCount <= 0) break;
    const used = weights.slice(chunk.firstColumn, chunk.firstColumn + columnCount);
    for (const [place, buffer] of sums.chunks.entries()) {
      await device.queue.dispatch({
        kernel,
        bindings: { columns: chunk.buffer, sums: buffer },
        params: {
          stride: block.rows,
          firstRow: place * sums.chunkLength,
          columnCount,
          length: sums.chunkLength,
          isFirst: accumulator.isEmpty ? 1 : 0,
          weights: arrangeWeights(used),
        },
        count: sums.chunkLength,
        work: columnCount,
      });
    }
    accumulator.isEmpty = false;
  }
}
