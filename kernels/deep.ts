/**
 * The DEEP combination of all matrices of one height on the device: weighted sums over the columns, chunk by chunk, then
 * one division a row and point. Source: docs/spec/proof-system.md, section 8.
 */
import * as extension from '../stark/field/extension.ts';
import { GENERATOR, inverse, rootOfUnity } from '../stark/field/koalaBear.ts';
import { createCodeword, type GpuCodeword, releaseCodeword } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { linearInverse } from './linearInverse.ts';
import { CHUNK_COLUMNS, type GpuMatrix } from './matrix.ts';
import { toMontgomeryWords } from './montgomery.ts';

/** A low-degree extension (bit-reversed rows) and its terms; next terms stand for its leading columns. */
export interface DeepTerms {
  readonly matrix: GpuMatrix;
  readonly weights: readonly extension.Extension[];
  readonly values: readonly extension.Extension[];
  readonly nextWeights: readonly extension.Extension[];
  readonly nextValues: readonly extension.Extension[];
}

interface PointTerms {
  readonly matrix: GpuMatrix;
  readonly weights: readonly extension.Extension[];
  readonly values: readonly extension.Extension[];
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
  const current: PointTerms[] = matrices.filter(({ weights }) => weights.length > 0);
  const next: PointTerms[] = matrices
    .filter(({ nextWeights }) => nextWeights.length > 0)
    .map(({ matrix, nextWeights, nextValues }) => ({ matrix, weights: nextWeights, values: nextValues }));
  if (current.length === 0) throw new KernelError('SHAPE_MISMATCH', 'a DEEP combination without terms');

  const sums = await createCodeword(device, rows, 'deep.sums');
  let nextSums: GpuCodeword | undefined;
  let unused: GPUBuffer | undefined;
  try {
    await accumulate(device, current, sums);
    if (next.length > 0) {
      nextSums = await createCodeword(device, rows, 'deep.nextSums');
      await accumulate(device, next, nextSums);
    } else unused = await device.arena.acquire(4, 'deep.unused');
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
          total: toMontgomeryWords(totalOf(current)),
          nextTotal: toMontgomeryWords(totalOf(next)),
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
function totalOf(terms: readonly PointTerms[]): extension.Extension {
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

/** sums[row] = sum over all matrices of weight * column[row]. */
async function accumulate(
  device: ComputeDevice,
  terms: readonly PointTerms[],
  sums: GpuCodeword,
): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader: 'deepAccumulate', workgroupSize: 64 });
  for (const [place, buffer] of sums.chunks.entries()) {
    let isFirst = 1;
    for (const { matrix, weights } of terms) {
      for (const chunk of matrix.chunks) {
        const columnCount = Math.min(chunk.columns, weights.length - chunk.firstColumn);
        if (columnCount <= 0) break;
        const used = weights.slice(chunk.firstColumn, chunk.firstColumn + columnCount);
        await device.queue.dispatch({
          kernel,
          bindings: { columns: chunk.buffer, sums: buffer },
          params: {
            stride: matrix.rows,
            firstRow: place * sums.chunkLength,
            columnCount,
            length: sums.chunkLength,
            isFirst,
            weights: arrangeWeights(used),
          },
          count: sums.chunkLength,
          work: columnCount,
        });
        isFirst = 0;
      }
    }
  }
}
