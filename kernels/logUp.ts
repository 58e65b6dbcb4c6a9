/**
 * LogUp columns of a table on the device: fractions and their values tile by tile, then the accumulator as a prefix sum
 * over the rows.
 * Form: Montgomery on the device; challenges, public words and the sum are canonical. Source: docs/spec/proof-system.md,
 * section 5.
 */
import type { TableAir } from '../stark/air/air.ts';
import { logUpColumnCount, logUpGroupCount } from '../stark/air/degree.ts';
import type { LogUpChallenges } from '../stark/backend.ts';
import * as extension from '../stark/field/extension.ts';
import * as field from '../stark/field/koalaBear.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import type { TileProgram } from './generate/program.ts';
import { createMatrix, type GpuMatrix, readCanonical, releaseMatrix } from './matrix.ts';
import { toMontgomeryWords } from './montgomery.ts';
import {
  copyFromTile,
  copyToTile,
  createDescription,
  matrixOf,
  runProgram,
  selectorColumn,
  tileLimits,
  tileRows,
} from './tile.ts';

type Extension = extension.Extension;

/** Rows that one invocation of the prefix sum walks; performance only. */
const SCAN_BLOCK_ROWS = 64;
/** Columns of a group's fraction: numerator and denominator. */
export const FRACTION_COLUMNS = 2 * extension.DEGREE;

/** beta, beta^2, …, as many as the widest tuple has values (at least one). */
export function betaPowers(program: TileProgram, beta: Extension): Extension[] {
  const count = Math.max(1, ...program.interactions.map(({ values }) => values.length));
  const powers = [beta];
  while (powers.length < count) powers.push(extension.multiply(powers.at(-1)!, beta));
  return powers;
}

/** Uploads words as they are; the caller releases the buffer. */
export async function uploadWords(
  device: ComputeDevice,
  words: Uint32Array,
  label: string,
): Promise<GPUBuffer> {
  const buffer = await device.arena.acquire(4 * words.length, label);
  try {
    await device.queue.write(buffer, 0, words);
  } catch (error) {
    device.arena.release(buffer);
    throw error;
  }
  return buffer;
}

/** Writes the fractions of all groups on a tile that a program has run on. */
export async function computeFractions(
  device: ComputeDevice,
  program: TileProgram,
  tile: GPUBuffer,
  stride: number,
  description: GPUBuffer,
  betaStart: number,
  fractionColumn: number,
): Promise<void> {
  const interactions = program.interactions.length;
  const groups = Math.ceil(interactions / 2);
  const values = program.interactions.reduce((sum, interaction) => sum + interaction.values.length, 0);
  await device.queue.dispatch({
    kernel: await device.pipelines.kernel({ shader: 'logUpFractions' }),
    bindings: { description, tile },
    params: { stride, interactions, betaStart, fractionColumn },
    count: groups * stride,
    work: 60 * 2 + (5 * values) / groups,
  });
}

/** A table with interactions and its matrices of N rows on the trace domain. */
export interface LogUpRequest {
  readonly table: TableAir;
  readonly program: TileProgram;
  readonly preprocessed: GpuMatrix | undefined;
  readonly main: GpuMatrix;
  readonly publicWords: ArrayLike<number>;
  readonly challenges: LogUpChallenges;
}

export interface LogUpColumns {
  /** The accumulator and the helper columns, natural order on the trace domain. */
  readonly matrix: GpuMatrix;
  readonly sum: Extension;
}

/**
 * The LogUp columns of tables, one after the other, and their sums, read back at once.
 * Throws: KernelError 'SHAPE_MISMATCH' for a table without interactions; 'OUT_OF_MEMORY', 'LIMIT_EXCEEDED'.
 */
export async function computeLogUps(
  device: ComputeDevice,
  requests: readonly LogUpRequest[],
): Promise<LogUpColumns[]> {
  const matrices: GpuMatrix[] = [];
  const sums = await device.arena.acquire(4 * extension.DEGREE * requests.length, 'logUp.sums');
  try {
    for (const [place, request] of requests.entries()) {
      const { table, main } = request;
      if (logUpGroupCount(table) === 0)
        throw new KernelError('SHAPE_MISMATCH', `table ${table.name} has no interactions`);
      const matrix = await createMatrix(device, main.rows, logUpColumnCount(table), `${table.name}.logUp`);
      matrices.push(matrix);
      await computeShares(device, request, matrix);
      await accumulate(device, matrix, sums, extension.DEGREE * place);
    }
    const words = await readCanonical(device, sums, extension.DEGREE * requests.length);
    return matrices.map((matrix, place) => ({
      matrix,
      sum: extension.read(words, extension.DEGREE * place),
    }));
  } catch (error) {
    for (const matrix of matrices) releaseMatrix(device, matrix);
    throw error;
  } finally {
    device.arena.release(sums);
  }
}

/** As `computeLogUps`, of one table. */
export async function computeLogUp(device: ComputeDevice, request: LogUpRequest): Promise<LogUpColumns> {
  return (await computeLogUps(device, [request]))[0]!;
}

/** Columns of a tile in which the LogUp columns of a table are computed. */
export function logUpTileColumns(program: TileProgram, groups: number): number {
  return program.columns + (FRACTION_COLUMNS + extension.DEGREE) * groups;
}

/** Fills the helper columns, and the accumulator's columns with the sum of a row's groups. */
async function computeShares(
  device: ComputeDevice,
  { program, preprocessed, main, publicWords, challenges }: LogUpRequest,
  target: GpuMatrix,
): Promise<void> {
  const groups = target.columns / extension.DEGREE;
  const fractionColumn = program.columns;
  const shareColumn = fractionColumn + FRACTION_COLUMNS * groups;
  const tileColumns = logUpTileColumns(program, groups);
  const stride = tileRows(tileLimits(device), tileColumns, main.rows);
  const written = createDescription(publicWords);
  written.interactions(program.interactions, challenges.alpha);
  const betaStart = written.extensions(betaPowers(program, challenges.beta));
  const held: GPUBuffer[] = [];
  const hold = (buffer: GPUBuffer): GPUBuffer => {
    held.push(buffer);
    return buffer;
  };
  try {
    const description = hold(await uploadWords(device, Uint32Array.from(written.words), 'logUp.description'));
    const words = hold(await uploadWords(device, program.tape.words, program.name));
    const tile = hold(await device.arena.acquire(4 * tileColumns * stride, 'logUp.tile'));
    for (let firstRow = 0; firstRow < main.rows; firstRow += stride) {
      for (const [tileColumn, { matrix, column, row }] of program.cells.entries()) {
        const source = matrixOf({ preprocessed, main }, matrix);
        await copyToTile(
          device,
          source,
          column,
          row === 'next' ? firstRow + 1 : firstRow,
          tile,
          tileColumn,
          stride,
        );
      }
      if (program.selectors.length > 0) {
        await device.queue.dispatch({
          kernel: await device.pipelines.kernel({ shader: 'logUpSelectors' }),
          bindings: { tile },
          params: {
            stride,
            firstRow,
            rows: main.rows,
            firstColumn: selectorColumn(program, 'first'),
            lastColumn: selectorColumn(program, 'last'),
          },
          count: stride,
        });
      }
      await runProgram(device, program, words, tile, stride, publicWords);
      await computeFractions(device, program, tile, stride, description, betaStart, fractionColumn);
      await device.queue.dispatch({
        kernel: await device.pipelines.kernel({ shader: 'logUpShares' }),
        bindings: { tile },
        params: { stride, groups, fractionColumn, shareColumn },
        count: stride,
        work: 150 + 100 * groups,
      });
      for (let column = 0; column < target.columns; column++)
        await copyFromTile(device, tile, shareColumn + column, stride, target, column, firstRow);
    }
  } finally {
    for (const buffer of held) device.arena.release(buffer);
  }
}

/** Columns that lie one after the other in a buffer. */
interface ColumnRun {
  readonly buffer: GPUBuffer;
  readonly start: number;
  readonly firstColumn: number;
  readonly columns: number;
}

/** Turns row sums in the first 5 columns into the accumulator; words sumStart.. of `sums` become the table's sum. */
async function accumulate(
  device: ComputeDevice,
  matrix: GpuMatrix,
  sums: GPUBuffer,
  sumStart: number,
): Promise<void> {
  // Level 0 are the rows; level k + 1 has one word for each block of level k; the last level is the sum itself.
  const rowsOfLevel = [matrix.rows];
  do rowsOfLevel.push(Math.ceil(rowsOfLevel.at(-1)! / SCAN_BLOCK_ROWS));
  while (rowsOfLevel.at(-1)! > 1);
  const last = rowsOfLevel.length - 1;
  const levels: GPUBuffer[] = [];
  const runsOf = (level: number): ColumnRun[] => {
    const { DEGREE } = extension;
    if (level > 0) return [{ buffer: levels[level - 1]!, start: 0, firstColumn: 0, columns: DEGREE }];
    return matrix.chunks
      .filter(({ firstColumn }) => firstColumn < DEGREE)
      .map(({ buffer, firstColumn, columns }) => ({
        buffer,
        start: 0,
        firstColumn,
        columns: Math.min(columns, DEGREE - firstColumn),
      }));
  };
  try {
    for (const rows of rowsOfLevel.slice(1))
      levels.push(await device.arena.acquire(4 * extension.DEGREE * rows, 'logUp.scan'));
    const up = await device.pipelines.kernel({ shader: 'scanSums' });
    for (let level = 0; level < last; level++) {
      const blocks = rowsOfLevel[level + 1]!;
      for (const { buffer, start, firstColumn, columns } of runsOf(level)) {
        await device.queue.dispatch({
          kernel: up,
          bindings: { source: buffer, sums: levels[level]! },
          params: {
            sourceStart: start,
            targetStart: firstColumn * blocks,
            rows: rowsOfLevel[level]!,
            blockRows: SCAN_BLOCK_ROWS,
            blocks,
          },
          count: columns * blocks,
        });
      }
    }
    const top = levels[last - 1]!;
    await device.queue.copy(top, 0, sums, sumStart, extension.DEGREE);
    await device.queue.clear(top, 0, extension.DEGREE);
    const down = await device.pipelines.kernel({ shader: 'scanPrefix' });
    const inverseRows = toMontgomeryWords([field.inverse(matrix.rows)])[0]!;
    for (let level = last - 1; level >= 0; level--) {
      const blocks = rowsOfLevel[level + 1]!;
      for (const { buffer, start, firstColumn, columns } of runsOf(level)) {
        await device.queue.dispatch({
          kernel: down,
          bindings: { prefixes: levels[level]!, totals: sums, words: buffer },
          params: {
            wordStart: start,
            prefixStart: firstColumn * blocks,
            rows: rowsOfLevel[level]!,
            blockRows: SCAN_BLOCK_ROWS,
            blocks,
            totalStart: sumStart + firstColumn,
            inverseRows: level === 0 ? inverseRows : 0,
          },
          count: columns * blocks,
        });
      }
    }
  } finally {
    for (const buffer of levels) device.arena.release(buffer);
  }
}
