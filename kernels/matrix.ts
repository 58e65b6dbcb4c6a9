/**
 * Matrices on the device: column-major, in Montgomery form (R = 2^32), cut into chunks of whole columns so that one chunk
 * is one binding. Word `column * rows + row` of a chunk is the chunk's own column `column`.
 * Form: Montgomery on the device; canonical words cross to and from the host.
 */
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';

/** Most columns of a chunk: one block of a leaf's hash chain. */
export const CHUNK_COLUMNS = 8;

export interface MatrixChunk {
  readonly buffer: GPUBuffer;
  /** First column of the chunk in the matrix. */
  readonly firstColumn: number;
  readonly columns: number;
}

export interface GpuMatrix {
  /** Rows; a power of two. */
  readonly rows: number;
  readonly columns: number;
  /** Columns of every chunk but the last. */
  readonly chunkColumns: number;
  readonly chunks: readonly MatrixChunk[];
}

/** Columns of a chunk of `rows` rows. Throws: KernelError 'LIMIT_EXCEEDED' when one column exceeds a binding. */
export function chunkColumns(device: ComputeDevice, rows: number): number {
  const fitting = Math.floor(device.limits.bindingBytes / (4 * rows));
  if (fitting < 1) {
    throw new KernelError('LIMIT_EXCEEDED', `a column of ${rows} rows exceeds one storage binding`, {
      expected: device.limits.bindingBytes,
      got: 4 * rows,
    });
  }
  // A power of two, so that a block of 8 columns is always a whole number of chunks.
  return fitting >= CHUNK_COLUMNS ? CHUNK_COLUMNS : 1 << Math.floor(Math.log2(fitting));
}

/** A matrix with undefined words. Throws: KernelError 'OUT_OF_MEMORY'. */
export async function createMatrix(
  device: ComputeDevice,
  rows: number,
  columns: number,
  label: string,
): Promise<GpuMatrix> {
  if (!Number.isInteger(columns) || columns < 1 || rows < 1 || (rows & (rows - 1)) !== 0) {
    throw new KernelError('SHAPE_MISMATCH', `${label}: ${rows} rows by ${columns} columns`);
  }
  const width = chunkColumns(device, rows);
  const chunks: MatrixChunk[] = [];
  try {
    for (let firstColumn = 0; firstColumn < columns; firstColumn += width) {
      const held = Math.min(width, columns - firstColumn);
      const buffer = await device.arena.acquire(4 * rows * held, `${label}.${firstColumn}`);
      chunks.push({ buffer, firstColumn, columns: held });
    }
  } catch (error) {
    for (const chunk of chunks) device.arena.release(chunk.buffer);
    throw error;
  }
  return { rows, columns, chunkColumns: width, chunks };
}

export function releaseMatrix(device: ComputeDevice, matrix: GpuMatrix): void {
  for (const chunk of matrix.chunks) device.arena.release(chunk.buffer);
}

/** The chunk that holds `column`, and the column's place in it. Throws: RangeError. */
export function locateColumn(
  matrix: GpuMatrix,
  column: number,
): { readonly chunk: MatrixChunk; readonly offsetWords: number } {
  const chunk = matrix.chunks[Math.floor(column / matrix.chunkColumns)];
  if (!chunk || column < 0 || column >= matrix.columns) {
    throw new RangeError(`no column ${column} in a matrix of ${matrix.columns}`);
  }
  return { chunk, offsetWords: (column - chunk.firstColumn) * matrix.rows };
}

async function convert(
  device: ComputeDevice,
  shader: 'toMontgomeryWords' | 'fromMontgomeryWords',
  buffer: GPUBuffer,
  words: number,
): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader, workgroupSize: 256 });
  await device.queue.dispatch({
    kernel,
    bindings: { words: { buffer, offsetWords: 0, words } },
    params: {},
    count: words,
  });
}

/**
 * Uploads canonical columns of equal power-of-two length.
 * Throws: KernelError 'SHAPE_MISMATCH', 'OUT_OF_MEMORY'.
 */
export async function uploadColumns(
  device: ComputeDevice,
  rows: number,
  columns: readonly Uint32Array[],
  label: string,
): Promise<GpuMatrix> {
  for (const [column, words] of columns.entries()) {
    if (words.length !== rows) {
      throw new KernelError('SHAPE_MISMATCH', `${label}: column ${column}`, {
        expected: rows,
        got: words.length,
      });
    }
  }
  const matrix = await createMatrix(device, rows, columns.length, label);
  try {
    for (const chunk of matrix.chunks) await uploadChunk(device, chunk, rows, columns);
  } catch (error) {
    releaseMatrix(device, matrix);
    throw error;
  }
  return matrix;
}

/** Uploads the columns `chunk.firstColumn`.. of a list into one chunk. */
export async function uploadChunk(
  device: ComputeDevice,
  chunk: MatrixChunk,
  rows: number,
  columns: readonly Uint32Array[],
): Promise<void> {
  for (let column = 0; column < chunk.columns; column++) {
    const words = columns[chunk.firstColumn + column];
    if (words) await device.queue.write(chunk.buffer, column * rows, words);
  }
  await convert(device, 'toMontgomeryWords', chunk.buffer, rows * chunk.columns);
}

/** Reads a matrix back: one array of canonical words a column. For tests and small matrices. */
export async function readColumns(device: ComputeDevice, matrix: GpuMatrix): Promise<Uint32Array[]> {
  const columns: Uint32Array[] = [];
  for (const chunk of matrix.chunks) {
    const words = await readCanonical(device, chunk.buffer, matrix.rows * chunk.columns);
    for (let column = 0; column < chunk.columns; column++) {
      columns.push(words.slice(column * matrix.rows, (column + 1) * matrix.rows));
    }
  }
  return columns;
}

/** The first `words` words of a buffer in Montgomery form, as canonical words. */
export async function readCanonical(
  device: ComputeDevice,
  buffer: GPUBuffer,
  words: number,
): Promise<Uint32Array> {
  const scratch = await device.arena.acquire(4 * words, 'readback.canonical');
  try {
    await device.queue.copy(buffer, 0, scratch, 0, words);
    await convert(device, 'fromMontgomeryWords', scratch, words);
    return await device.queue.read(scratch, 0, words);
  } finally {
    device.arena.release(scratch);
  }
}

/** Uploads canonical words to the front of a buffer and converts them. */
export async function writeCanonical(
  device: ComputeDevice,
  buffer: GPUBuffer,
  words: Uint32Array,
): Promise<void> {
  await device.queue.write(buffer, 0, words);
  await convert(device, 'toMontgomeryWords', buffer, words.length);
}
