/**
 * Columns' polynomials at a point of the extension, on the device, from evaluations on a coset s * <w_h> of N points x_i:
 * f(z) = (z^N - s^N) / (N * s^N) * sum over i of f(x_i) * x_i / (z - x_i). The weights are shared by all matrices of a height.
 * Source: docs/spec/proof-system.md, section 7.
 */
import * as extension from '../stark/field/extension.ts';
import { GENERATOR, inverse, multiply, power } from '../stark/field/koalaBear.ts';
import { createCodeword, type GpuCodeword, releaseCodeword } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { type ExtendedMatrix, withBlock } from './extended.ts';
import { linearInverse } from './linearInverse.ts';
import { CHUNK_COLUMNS } from './matrix.ts';
import { toMontgomeryWords } from './montgomery.ts';

/**
 * Which evaluations a matrix holds: 'trace' those on <w_h> in natural order; 'extension' those on 3 * <w_(h + b)> in
 * bit-reversed order, whose first 2^h rows are the values on 3 * <w_h> in bit-reversed order.
 */
export type OpenDomain = 'trace' | 'extension';

export interface OpenWeights {
  readonly logHeight: number;
  readonly domain: OpenDomain;
  /** x_i / (z - x_i), in the order of the matrix's rows. */
  readonly weights: GpuCodeword;
  /** (z^N - s^N) / (N * s^N). */
  readonly scale: extension.Extension;
}

const WORKGROUP_SIZE = 64;
/** Rows that one workgroup sums. Performance only. */
const ROWS_PER_GROUP = 4096;

/** Throws: RangeError for a point of the base field; KernelError 'OUT_OF_MEMORY'. */
export async function createOpenWeights(
  device: ComputeDevice,
  logHeight: number,
  point: extension.Extension,
  domain: OpenDomain,
): Promise<OpenWeights> {
  const height = 2 ** logHeight;
  const shift = domain === 'trace' ? 1 : GENERATOR;
  const shiftPower = power(shift, height);
  const vanishing = extension.subtract(extension.power(point, height), extension.fromBase(shiftPower));
  const scale = extension.multiplyByBase(vanishing, inverse(multiply(height, shiftPower)));
  const coefficients = linearInverse(point);
  const kernel = await device.pipelines.kernel({ shader: 'openWeights', workgroupSize: WORKGROUP_SIZE });
  const weights = await createCodeword(device, height, 'open.weights');
  try {
    for (const [chunk, buffer] of weights.chunks.entries()) {
      await device.queue.dispatch({
        kernel,
        bindings: { weights: buffer },
        params: {
          length: weights.chunkLength,
          firstPosition: chunk * weights.chunkLength,
          logHeight,
          isNatural: domain === 'trace' ? 1 : 0,
          shift: toMontgomeryWords([shift])[0] ?? 0,
          inverse: coefficients,
        },
        count: weights.chunkLength,
      });
    }
  } catch (error) {
    releaseCodeword(device, weights);
    throw error;
  }
  return { logHeight, domain, weights, scale };
}

export function releaseOpenWeights(device: ComputeDevice, weights: OpenWeights): void {
  releaseCodeword(device, weights.weights);
}

/** The first `columns` columns of a matrix at the point of the weights. */
export interface OpenRequest {
  readonly weights: OpenWeights;
  readonly matrix: ExtendedMatrix;
  readonly columns: number;
}

/** As `openAll`, of one matrix. */
export async function openColumns(
  device: ComputeDevice,
  weights: OpenWeights,
  matrix: ExtendedMatrix,
  columns: number,
): Promise<extension.Extension[]> {
  return (await openAll(device, [{ weights, matrix, columns }]))[0]!;
}

/**
 * The polynomials of columns at points, read back at once. An extension that is not kept is computed again on the N points
 * that the weights are for.
 * Throws: KernelError 'SHAPE_MISMATCH' when a matrix has not the rows or columns; 'OUT_OF_MEMORY'.
 */
export async function openAll(
  device: ComputeDevice,
  requests: readonly OpenRequest[],
): Promise<extension.Extension[][]> {
  for (const { weights: open, matrix, columns } of requests) {
    const rows = open.weights.length;
    const fits = open.domain === 'trace' ? matrix.rows === rows : matrix.rows >= rows;
    if (!fits || columns > matrix.columns) {
      throw new KernelError('SHAPE_MISMATCH', `opening ${columns} of ${matrix.columns} columns`, {
        expected: rows,
        got: matrix.rows,
      });
    }
  }
  const columnCount = requests.reduce((count, { columns }) => count + columns, 0);
  if (columnCount === 0) return requests.map(() => []);
  const totals = await device.arena.acquire(4 * extension.DEGREE * columnCount, 'open.totals');
  try {
    let first = 0;
    for (const request of requests) {
      if (request.columns > 0) await recordOpening(device, request, totals, first);
      first += request.columns;
    }
    const words = await device.queue.read(totals, 0, extension.DEGREE * columnCount);
    first = 0;
    return requests.map(({ weights: { scale }, columns }) => {
      const start = first;
      first += columns;
      return Array.from({ length: columns }, (_, column) =>
        extension.multiply(extension.read(words, extension.DEGREE * (start + column)), scale),
      );
    });
  } finally {
    device.arena.release(totals);
  }
}

/** totals[firstTotal + column] = the sum of weight * value over the rows of a column. */
async function recordOpening(
  device: ComputeDevice,
  { weights: { weights }, matrix, columns }: OpenRequest,
  totals: GPUBuffer,
  firstTotal: number,
): Promise<void> {
  const rows = weights.length;
  const rowsPerGroup = Math.min(ROWS_PER_GROUP, weights.chunkLength);
  const groups = rows / rowsPerGroup;
  const runs = weights.chunkLength / rowsPerGroup;
  const partialKernel = await device.pipelines.kernel({
    shader: 'openPartial',
    workgroupSize: WORKGROUP_SIZE,
    element: 'workgroup',
  });
  const totalKernel = await device.pipelines.kernel({
    shader: 'openTotal',
    workgroupSize: WORKGROUP_SIZE,
    element: 'workgroup',
  });
  const partialBytes = 4 * extension.DEGREE * groups * Math.min(columns, CHUNK_COLUMNS);
  const partials = await device.arena.acquire(partialBytes, 'open.partials');
  try {
    for (let firstColumn = 0; firstColumn < columns; firstColumn += CHUNK_COLUMNS) {
      await withBlock(device, matrix, firstColumn, rows, async (block) => {
        for (const chunk of block.chunks) {
          const columnCount = Math.min(chunk.columns, columns - firstColumn - chunk.firstColumn);
          if (columnCount <= 0) break;
          for (const [place, buffer] of weights.chunks.entries()) {
            await device.queue.dispatch({
              kernel: partialKernel,
              bindings: { columns: chunk.buffer, weights: buffer, partials },
              params: {
                stride: block.rows,
                firstRow: place * weights.chunkLength,
                length: weights.chunkLength,
                rowsPerGroup,
                runs,
                groups,
                firstGroup: place * runs,
              },
              count: columnCount * runs,
              work: rowsPerGroup,
            });
          }
          await device.queue.dispatch({
            kernel: totalKernel,
            bindings: { partials, totals },
            params: { groups, firstColumn: firstTotal + firstColumn + chunk.firstColumn },
            count: columnCount,
            work: groups,
          });
        }
      });
    }
  } finally {
    device.arena.release(partials);
  }
}
