/**
 * Low-degree extensions as their readers see them: kept on the device, or computed again a block of 8 columns at a time from
 * what is kept instead, 2^logBlowup times smaller. Rows are in bit-reversed order, so the first 2^k * N rows of an extension are
 * the extension by 2^k: who needs fewer rows has fewer computed. Source: docs/spec/proof-system.md, section 1.
 */
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { CHUNK_COLUMNS, type GpuMatrix, releaseMatrix } from './matrix.ts';
import { extendCoefficients, extendMatrix } from './ntt.ts';

/** An extension that is not kept. */
export interface RecomputedMatrix {
  /** Rows of the extension. */
  readonly rows: number;
  readonly columns: number;
  readonly source: GpuMatrix;
  /** What the source holds: values on the trace domain in natural order, or shifted coefficients. */
  readonly holds: 'values' | 'coefficients';
}

export type ExtendedMatrix = GpuMatrix | RecomputedMatrix;

/** The columns firstColumn .. of a matrix, one block of at most 8, as a matrix of its own over the same buffers. */
function blockOf(matrix: GpuMatrix, firstColumn: number): GpuMatrix {
  const end = Math.min(firstColumn + CHUNK_COLUMNS, matrix.columns);
  const chunks = matrix.chunks
    .filter((chunk) => chunk.firstColumn >= firstColumn && chunk.firstColumn < end)
    .map((chunk) => ({ ...chunk, firstColumn: chunk.firstColumn - firstColumn }));
  return { ...matrix, columns: end - firstColumn, chunks };
}

/** The first `rows` rows of an extension computed from a source, which must be released. */
async function extend(
  device: ComputeDevice,
  source: GpuMatrix,
  holds: RecomputedMatrix['holds'],
  rows: number,
): Promise<GpuMatrix> {
  const logBlowup = Math.log2(rows / source.rows);
  return holds === 'values'
    ? await extendMatrix(device, source, logBlowup, 'extension')
    : await extendCoefficients(device, source, logBlowup, 'extension');
}

function checkRows(extended: ExtendedMatrix, rows: number): void {
  const least = 'source' in extended ? extended.source.rows : 1;
  if (rows < least || rows > extended.rows)
    throw new KernelError('SHAPE_MISMATCH', `${rows} rows of an extension`, {
      expected: extended.rows,
      got: rows,
    });
}

/**
 * Gives `use` the block of at most 8 columns from `firstColumn` on, a multiple of 8, with at least the first `rows` rows; it
 * lasts until `use` has settled. Throws: KernelError 'SHAPE_MISMATCH', 'OUT_OF_MEMORY'; what `use` throws.
 */
export async function withBlock<Outcome>(
  device: ComputeDevice,
  extended: ExtendedMatrix,
  firstColumn: number,
  rows: number,
  use: (block: GpuMatrix) => Promise<Outcome>,
): Promise<Outcome> {
  checkRows(extended, rows);
  if (!('source' in extended)) return await use(blockOf(extended, firstColumn));
  const block = await extend(device, blockOf(extended.source, firstColumn), extended.holds, rows);
  try {
    return await use(block);
  } finally {
    releaseMatrix(device, block);
  }
}

/** As `withBlock`, but all columns at once. */
export async function withColumns<Outcome>(
  device: ComputeDevice,
  extended: ExtendedMatrix,
  rows: number,
  use: (columns: GpuMatrix) => Promise<Outcome>,
): Promise<Outcome> {
  checkRows(extended, rows);
  if (!('source' in extended)) return await use(extended);
  const columns = await extend(device, extended.source, extended.holds, rows);
  try {
    return await use(columns);
  } finally {
    releaseMatrix(device, columns);
  }
}
