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
import { createMatrix, type GpuMatrix, locateColumn, readCanonical, releaseMatrix } from './matrix.ts';
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

/**
 * The accumulator and helper columns of a table with interactions, natural order on the trace domain, and its sum.
 * Shape: matrices of N rows on the trace domain. Throws: KernelError 'SHAPE_MISMATCH', 'OUT_OF_MEMORY', 'LIMIT_EXCEEDED'.
 */
export async function computeLogUp(
  device: ComputeDevice,
  table: TableAir,
  program: TileProgram,
  preprocessed: GpuMatrix | undefined,
  main: GpuMatrix,
  publicWords: ArrayLike<number>,
  challenges: LogUpChallenges,
): Promise<{ readonly matrix: GpuMatrix; readonly sum: Extension }> {
  const groups = logUpGroupCount(table);
  if (groups === 0) throw new KernelError('SHAPE_MISMATCH', `table ${table.name} has no interactions`);
  const matrix = await createMatrix(device, main.rows, logUpColumnCount(table), `${table.name}.logUp`);
  try {
    await computeShares(device, program, preprocessed, main, publicWords, challenges, matrix);
    const sum = await accumulate(device, matrix);
    return { matrix, sum };
  } catch (error) {
    releaseMatrix(device, matrix);
    throw error;
  }
}

/** Columns of a tile in which the LogUp columns of a table are computed. */
export function logUpTileColumns(program: TileProgram, groups: number): number {
  return program.columns + (FRACTION_COLUMNS + extension.DEGREE) * groups;
}

/** Fills the helper columns, and the accumulator's columns with the sum of a row's groups. */
async function computeShares(
  device: ComputeDevice,
  program: TileProgram,
  preprocessed: GpuMatrix | undefined,
  main: GpuMatrix,
  publicWords: ArrayLike<number>,
  challenges: LogUpChallenges,
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
    const words = hold(await uploadWords(device, program.evaluation.words, program.name));
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

/** Turns row sums in the first 5 columns into the accumulator, and returns the table's sum. */
async function accumulate(device: ComputeDevice, matrix: GpuMatrix): Promise<Extension> {
  // Level 0 are the rows; level k + 1 has one word for each block of level k; the last level is the sum itself.
  const rowsOfLevel = [matrix.rows];
  while (rowsOfLevel.at(-1)! > 1) rowsOfLevel.push(Math.ceil(rowsOfLevel.at(-1)! / SCAN_BLOCK_ROWS));
  const levels: GPUBuffer[] = [];
  const place = (level: number, column: number): { buffer: GPUBuffer; start: number } => {
    if (level > 0) return { buffer: levels[level - 1]!, start: column * rowsOfLevel[level]! };
    const { chunk, offsetWords } = locateColumn(matrix, column);
    return { buffer: chunk.buffer, start: offsetWords };
  };
  try {
    for (const rows of rowsOfLevel.slice(1))
      levels.push(await device.arena.acquire(4 * extension.DEGREE * rows, 'logUp.scan'));
    const sums = await device.pipelines.kernel({ shader: 'scanSums' });
    for (let level = 0; level + 1 < rowsOfLevel.length; level++) {
      for (let column = 0; column < extension.DEGREE; column++) {
        const source = place(level, column);
        const target = place(level + 1, column);
        await device.queue.dispatch({
          kernel: sums,
          bindings: { source: source.buffer, sums: target.buffer },
          params: {
            sourceStart: source.start,
            targetStart: target.start,
            rows: rowsOfLevel[level]!,
            blockRows: SCAN_BLOCK_ROWS,
          },
          count: rowsOfLevel[level + 1]!,
        });
      }
    }
    const last = rowsOfLevel.length - 1;
    const sum = extension.read(await readCanonical(device, place(last, 0).buffer, extension.DEGREE), 0);
    const sumPerRow = toMontgomeryWords(extension.multiplyByBase(sum, field.inverse(matrix.rows)));

    await device.queue.clear(place(last, 0).buffer, 0, extension.DEGREE);
    const prefix = await device.pipelines.kernel({ shader: 'scanPrefix' });
    for (let level = last - 1; level >= 0; level--) {
      for (let column = 0; column < extension.DEGREE; column++) {
        const words = place(level, column);
        const prefixes = place(level + 1, column);
        await device.queue.dispatch({
          kernel: prefix,
          bindings: { prefixes: prefixes.buffer, words: words.buffer },
          params: {
            wordStart: words.start,
            prefixStart: prefixes.start,
            rows: rowsOfLevel[level]!,
            blockRows: SCAN_BLOCK_ROWS,
            decrement: level === 0 ? sumPerRow[column]! : 0,
          },
          count: rowsOfLevel[level + 1]!,
        });
      }
    }
    return sum;
  } finally {
    for (const buffer of levels) device.arena.release(buffer);
  }
}
