/**
 * Quotient chunks of a table on the device: values on the coset of order 2N tile by tile, then their coefficients.
 * Form: Montgomery on the device; challenges, public words and the sum are canonical. Source: docs/spec/proof-system.md,
 * section 6.
 */
import type { TableAir } from '../stark/air/air.ts';
import { logUpGroupCount, logUpNextColumnCount } from '../stark/air/degree.ts';
import type { LogUpChallenges } from '../stark/backend.ts';
import * as extension from '../stark/field/extension.ts';
import * as field from '../stark/field/koalaBear.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { type ExtendedMatrix, withColumns } from './extended.ts';
import type { TileProgram } from './generate/program.ts';
import { betaPowers, computeFractions, FRACTION_COLUMNS, uploadWords } from './logUp.ts';
import { createMatrix, type GpuMatrix, releaseMatrix } from './matrix.ts';
import { toMontgomeryWords } from './montgomery.ts';
import { interpolateCoset } from './ntt.ts';
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

/** The low-degree extensions of a table's matrices, bit-reversed on 3 * <w>; each has 2^logBlowup * N rows. */
export interface ExtendedTable {
  readonly preprocessed: ExtendedMatrix | undefined;
  readonly main: ExtendedMatrix;
  readonly logUp: ExtendedMatrix | undefined;
}

/** At least the first 2N rows of each. */
interface CosetTable {
  readonly preprocessed: GpuMatrix | undefined;
  readonly main: GpuMatrix;
  readonly logUp: GpuMatrix | undefined;
}

export interface QuotientChallenges extends LogUpChallenges {
  /** The table's LogUp sum; zero for a table without interactions. */
  readonly sum: Extension;
  readonly lambda: Extension;
}

/** Where everything stands in a quotient tile. */
interface TileLayout {
  readonly program: TileProgram;
  readonly groups: number;
  readonly logUpColumn: number;
  readonly logUpNextColumn: number;
  readonly fractionColumn: number;
  readonly quotientColumn: number;
  readonly columns: number;
}

/** Columns of a tile in which the quotient of a table is computed. */
export function quotientTileColumns(table: TableAir, program: TileProgram): number {
  return layoutOf(table, program).columns;
}

function layoutOf(table: TableAir, program: TileProgram): TileLayout {
  const groups = logUpGroupCount(table);
  const logUpColumn = program.columns;
  const logUpNextColumn = logUpColumn + extension.DEGREE * groups;
  const fractionColumn = logUpNextColumn + logUpNextColumnCount(table);
  const quotientColumn = fractionColumn + FRACTION_COLUMNS * groups;
  return {
    program,
    groups,
    logUpColumn,
    logUpNextColumn,
    fractionColumn,
    quotientColumn,
    columns: quotientColumn + extension.DEGREE,
  };
}

/**
 * The quotient on the coset 3 * <w_(h + 1)> in bit-reversed order, one column a coordinate. What is not kept of the table's
 * extensions is computed again on that coset, all columns of this one table together.
 * Throws: KernelError 'SHAPE_MISMATCH', 'OUT_OF_MEMORY', 'LIMIT_EXCEEDED'.
 */
export async function quotientOnCoset(
  device: ComputeDevice,
  table: TableAir,
  program: TileProgram,
  logHeight: number,
  extended: ExtendedTable,
  publicWords: ArrayLike<number>,
  challenges: QuotientChallenges,
): Promise<GpuMatrix> {
  const points = 2 ** (logHeight + 1);
  const layout = layoutOf(table, program);
  for (const matrix of [extended.preprocessed, extended.main, extended.logUp])
    if (matrix !== undefined && (matrix.rows < points || matrix.rows !== extended.main.rows))
      throw new KernelError('SHAPE_MISMATCH', `quotient of ${table.name}: extended matrices`, {
        expected: extended.main.rows,
        got: matrix.rows,
      });
  if ((extended.logUp?.columns ?? 0) !== extension.DEGREE * layout.groups)
    throw new KernelError('SHAPE_MISMATCH', `quotient of ${table.name}: LogUp columns`, {
      expected: extension.DEGREE * layout.groups,
      got: extended.logUp?.columns ?? 0,
    });
  const present = <Outcome>(
    matrix: ExtendedMatrix | undefined,
    use: (columns: GpuMatrix | undefined) => Promise<Outcome>,
  ): Promise<Outcome> => (matrix === undefined ? use(undefined) : withColumns(device, matrix, points, use));
  return await withColumns(device, extended.main, points, (main) =>
    present(extended.preprocessed, (preprocessed) =>
      present(extended.logUp, (logUp) =>
        evaluateCoset(
          device,
          table,
          layout,
          logHeight,
          { preprocessed, main, logUp },
          publicWords,
          challenges,
        ),
      ),
    ),
  );
}

async function evaluateCoset(
  device: ComputeDevice,
  table: TableAir,
  layout: TileLayout,
  logHeight: number,
  extended: CosetTable,
  publicWords: ArrayLike<number>,
  challenges: QuotientChallenges,
): Promise<GpuMatrix> {
  const points = 2 ** (logHeight + 1);
  const { program } = layout;
  const stride = tileRows(tileLimits(device), layout.columns, points);
  const written = createDescription(publicWords);
  written.interactions(program.interactions, challenges.alpha);
  const betaStart = written.extensions(betaPowers(program, challenges.beta));
  const operandStart = written.operands(program.constraints);
  const lambdaStart = written.extensions(
    powers(challenges.lambda, program.constraints.length + layout.groups),
  );
  const sumPerRow = extension.multiplyByBase(challenges.sum, field.inverse(2 ** logHeight));
  const sumStart = written.extensions([sumPerRow]);
  const [vanishingEven, vanishingOdd] = vanishing(logHeight);

  const quotient = await createMatrix(device, points, extension.DEGREE, `${table.name}.quotientValues`);
  const held: GPUBuffer[] = [];
  const hold = (buffer: GPUBuffer): GPUBuffer => {
    held.push(buffer);
    return buffer;
  };
  try {
    const description = hold(
      await uploadWords(device, Uint32Array.from(written.words), 'quotient.description'),
    );
    const words = hold(await uploadWords(device, program.tape.words, program.name));
    const tile = hold(await device.arena.acquire(4 * layout.columns * stride, 'quotient.tile'));
    for (let firstPosition = 0; firstPosition < points; firstPosition += stride) {
      await gatherTile(device, layout, logHeight, extended, firstPosition, tile, stride);
      await runProgram(device, program, words, tile, stride, publicWords);
      if (layout.groups > 0)
        await computeFractions(device, program, tile, stride, description, betaStart, layout.fractionColumn);
      await device.queue.dispatch({
        kernel: await device.pipelines.kernel({ shader: 'quotientCombine' }),
        bindings: { description, tile },
        params: {
          stride,
          firstPosition,
          logHeight,
          constraints: program.constraints.length,
          groups: layout.groups,
          operandStart,
          lambdaStart,
          sumStart,
          fractionColumn: layout.fractionColumn,
          logUpColumn: layout.logUpColumn,
          logUpNextColumn: layout.logUpNextColumn,
          quotientColumn: layout.quotientColumn,
          inverseVanishingEven: montgomery(field.inverse(vanishingEven)),
          inverseVanishingOdd: montgomery(field.inverse(vanishingOdd)),
        },
        count: stride,
        work: 10 + 5 * program.constraints.length + 60 * layout.groups,
      });
      for (let column = 0; column < extension.DEGREE; column++)
        await copyFromTile(
          device,
          tile,
          layout.quotientColumn + column,
          stride,
          quotient,
          column,
          firstPosition,
        );
    }
    return quotient;
  } catch (error) {
    releaseMatrix(device, quotient);
    throw error;
  } finally {
    for (const buffer of held) device.arena.release(buffer);
  }
}

/**
 * The two quotient chunks of a table: 10 columns of N shifted coefficients (word i is 3^i times the coefficient of x^i),
 * 5 of Q_0 and 5 of Q_1. Throws: as `quotientOnCoset`.
 */
export async function computeQuotient(
  device: ComputeDevice,
  table: TableAir,
  program: TileProgram,
  logHeight: number,
  extended: ExtendedTable,
  publicWords: ArrayLike<number>,
  challenges: QuotientChallenges,
): Promise<GpuMatrix> {
  const height = 2 ** logHeight;
  const values = await quotientOnCoset(device, table, program, logHeight, extended, publicWords, challenges);
  try {
    const chunks = await createMatrix(device, height, 2 * extension.DEGREE, `${table.name}.quotient`);
    try {
      for (const { buffer, columns, firstColumn } of values.chunks) {
        const coefficients = await device.arena.acquire(8 * height * columns, 'quotient.coefficients');
        try {
          await interpolateCoset(device, buffer, coefficients, 2 * height, columns, 'halves');
          // A column's lower half is its column of Q_0, the upper half that of Q_1.
          for (let column = 0; column < columns; column++) {
            await copyFromTile(device, coefficients, 2 * column, height, chunks, firstColumn + column, 0);
            await copyFromTile(
              device,
              coefficients,
              2 * column + 1,
              height,
              chunks,
              extension.DEGREE + firstColumn + column,
              0,
            );
          }
        } finally {
          device.arena.release(coefficients);
        }
      }
      return chunks;
    } catch (error) {
      releaseMatrix(device, chunks);
      throw error;
    }
  } finally {
    releaseMatrix(device, values);
  }
}

/** Fills a tile with all cells and selectors that the program reads, and the LogUp columns. */
async function gatherTile(
  device: ComputeDevice,
  layout: TileLayout,
  logHeight: number,
  extended: CosetTable,
  firstPosition: number,
  tile: GPUBuffer,
  stride: number,
): Promise<void> {
  const { program } = layout;
  for (const [tileColumn, { matrix, column, row }] of program.cells.entries()) {
    if (row === 'current')
      await copyToTile(device, matrixOf(extended, matrix), column, firstPosition, tile, tileColumn, stride);
  }
  for (const name of ['preprocessed', 'main'] as const) {
    // All expressions are in the program, so the columns that it reads on the next row are all leading ones.
    const columns = program.cells.filter(({ matrix, row }) => matrix === name && row === 'next').length;
    const first = program.cells.findIndex(({ matrix, row }) => matrix === name && row === 'next');
    if (columns > 0)
      await gatherNextRows(
        device,
        matrixOf(extended, name),
        columns,
        logHeight + 1,
        firstPosition,
        tile,
        first,
        stride,
      );
  }
  if (program.selectors.length > 0)
    await gatherSelectors(device, layout, logHeight, firstPosition, tile, stride);
  if (extended.logUp !== undefined) {
    for (let column = 0; column < extended.logUp.columns; column++)
      await copyToTile(
        device,
        extended.logUp,
        column,
        firstPosition,
        tile,
        layout.logUpColumn + column,
        stride,
      );
    await gatherNextRows(
      device,
      extended.logUp,
      extension.DEGREE,
      logHeight + 1,
      firstPosition,
      tile,
      layout.logUpNextColumn,
      stride,
    );
  }
}

/** The leading columns of a matrix on the next row of a tile's positions. */
async function gatherNextRows(
  device: ComputeDevice,
  matrix: GpuMatrix,
  columns: number,
  logPoints: number,
  firstPosition: number,
  tile: GPUBuffer,
  tileColumn: number,
  stride: number,
): Promise<void> {
  const kernel = await device.pipelines.kernel({ shader: 'quotientNextRows' });
  for (const chunk of matrix.chunks) {
    const wanted = Math.min(chunk.columns, columns - chunk.firstColumn);
    if (wanted <= 0) break;
    await device.queue.dispatch({
      kernel,
      bindings: { source: chunk.buffer, tile },
      params: {
        stride,
        rows: matrix.rows,
        firstPosition,
        logPoints,
        targetColumn: tileColumn + chunk.firstColumn,
      },
      count: wanted * stride,
    });
  }
}

async function gatherSelectors(
  device: ComputeDevice,
  { program }: TileLayout,
  logHeight: number,
  firstPosition: number,
  tile: GPUBuffer,
  stride: number,
): Promise<void> {
  const inverseHeight = field.inverse(2 ** logHeight);
  const [vanishingEven, vanishingOdd] = vanishing(logHeight);
  const squares = [field.rootOfUnity(logHeight + 1)];
  while (squares.length < logHeight + 1) squares.push(field.multiply(squares.at(-1)!, squares.at(-1)!));
  await device.queue.dispatch({
    kernel: await device.pipelines.kernel({ shader: 'quotientSelectors' }),
    bindings: { tile },
    params: {
      stride,
      firstPosition,
      logPoints: logHeight + 1,
      firstColumn: selectorColumn(program, 'first'),
      lastColumn: selectorColumn(program, 'last'),
      transitionColumn: selectorColumn(program, 'transition'),
      shift: montgomery(field.GENERATOR),
      lastRowPoint: montgomery(field.inverse(field.rootOfUnity(logHeight))),
      vanishingEven: montgomery(field.multiply(vanishingEven, inverseHeight)),
      vanishingOdd: montgomery(field.multiply(vanishingOdd, inverseHeight)),
      squares: toMontgomeryWords(squares),
    },
    count: stride,
  });
}

/** x^N - 1 on the even and on the odd points of 3 * <w_(h + 1)>: x^N is 3^N there, and -3^N. */
function vanishing(logHeight: number): [number, number] {
  const power = field.power(field.GENERATOR, 2 ** logHeight);
  return [field.subtract(power, 1), field.subtract(field.negate(power), 1)];
}

function powers(base: Extension, count: number): Extension[] {
  const list: Extension[] = [];
  for (let power = extension.ONE; list.length < count; power = extension.multiply(power, base))
    list.push(power);
  return list;
}

function montgomery(canonical: number): number {
  return toMontgomeryWords([canonical])[0]!;
}
