/**
 * Number-theoretic transforms of the columns of matrices: coefficients from values on the trace domain or from values on
 * an evaluation coset, and the low-degree extension to the coset 3 * <w> in bit-reversed order. Lengths up to 2^24.
 * Coefficients are kept in natural order and *shifted*: word i holds 3^i times the coefficient of x^i.
 * Form: Montgomery. Source: docs/spec/proof-system.md, section 1; the butterflies are told in shaders/nttPass.wgsl.
 */
import {
  GENERATOR,
  inverse,
  MODULUS,
  multiply,
  power,
  rootOfUnity,
  TWO_ADICITY,
} from '../stark/field/koalaBear.ts';
import type { ComputeDevice, TransformForm } from './device.ts';
import { KernelError } from './errors.ts';
import { createMatrix, type GpuMatrix, type MatrixChunk, releaseMatrix, writeCanonical } from './matrix.ts';

/** Words of a tile are 8 times this; 256 invocations are the most that every adapter allows. */
const WORKGROUP_SIZES = [64, 128, 256] as const;
export type NttWorkgroupSize = (typeof WORKGROUP_SIZES)[number];

/** Stages of a pass over strided words, when the transform does not fit one tile; the rest of the tile is contiguous. */
const STRIDED_STAGES = 8;
/** Words of the table of low powers, when the transform has as many. */
const LOG_LOW_POWERS = 12;

/** Most stages of a pass in registers. */
const REGISTER_STAGES = 3;
/** Words that share each twiddle that an element of such a pass loads: rows of a column, or columns where rows do not. */
const LOG_TOGETHER = 3;
/** Rows taken together are 2^3 apart: as in shaders/nttButterflies.wgsl. */
const LOG_LANES = 3;

/** Where the words of a pass come from. */
type Source = 'inPlace' | 'natural' | 'reversed';

interface Pass {
  readonly logContiguous: number;
  readonly logStages: number;
  readonly logMiddle: number;
  readonly middleShift: number;
  readonly stageShift: number;
  readonly topShift: number;
  readonly highShift: number;
}

/**
 * The passes of a transform of 2^logRows points, from the highest stage down. With `isStoreReversed` the last one gathers
 * tiles whose reversed places are neighbours.
 */
export function planPasses(
  logRows: number,
  logSkipped: number,
  logTile: number,
  isStoreReversed: boolean,
): Pass[] {
  const isTiled = isStoreReversed && logRows >= logTile;
  const lastStages = Math.min(isTiled ? STRIDED_STAGES : logTile, logRows);
  const passes: Pass[] = [];
  // The topmost `logSkipped` stages only copy; the source is read modulo its rows instead.
  for (let top = logRows - logSkipped; top > lastStages; ) {
    const left = top - lastStages;
    const rounds = Math.ceil(left / STRIDED_STAGES);
    const logStages = Math.ceil(left / rounds);
    const logContiguous = logTile - logStages;
    const stageShift = top - logStages;
    if (logContiguous > stageShift) throw new Error('a pass has more contiguous words than its stride');
    passes.push({
      logContiguous,
      logStages,
      logMiddle: stageShift - logContiguous,
      middleShift: logContiguous,
      stageShift,
      topShift: 0,
      highShift: top,
    });
    top = stageShift;
  }
  const stages = Math.min(lastStages, logRows - logSkipped);
  passes.push(
    isTiled
      ? {
          logContiguous: 0,
          logStages: stages,
          logMiddle: logRows - logTile,
          middleShift: stages,
          stageShift: 0,
          topShift: logRows - logTile + stages,
          highShift: logRows,
        }
      : {
          logContiguous: 0,
          logStages: stages,
          logMiddle: 0,
          middleShift: 0,
          stageShift: 0,
          topShift: stages,
          highShift: logTile,
        },
  );
  return passes;
}

/** twiddles[k] = w^rev(k) for the root whose order is twice the next power of two above k: the same for every length. */
function twiddleWords(count: number): Uint32Array {
  const twiddles = new Uint32Array(count);
  twiddles[0] = 1;
  for (let half = 1, logHalf = 0; half < count; half *= 2, logHalf++) {
    const root = rootOfUnity(logHalf + 2);
    for (let index = 0; index < half; index++) twiddles[half + index] = multiply(twiddles[index]!, root);
  }
  return twiddles;
}

async function cachedWords(
  device: ComputeDevice,
  key: string,
  compute: () => Uint32Array,
): Promise<GPUBuffer> {
  let buffer = device.cache.get(key);
  if (!buffer) {
    buffer = (async () => {
      const words = compute();
      const created = await device.arena.acquire(4 * words.length, key);
      try {
        await writeCanonical(device, created, words);
      } catch (error) {
        device.arena.release(created);
        throw error;
      }
      return created;
    })();
    device.cache.set(key, buffer);
    buffer.catch(() => device.cache.delete(key));
  }
  return await buffer;
}

const twiddleCount = (logRows: number): number => Math.max(1, 2 ** (logRows - 1));
const twiddleKey = (logRows: number): string => `ntt.twiddles.${logRows}`;

function twiddleBuffer(device: ComputeDevice, logRows: number): Promise<GPUBuffer> {
  return cachedWords(device, twiddleKey(logRows), () => twiddleWords(twiddleCount(logRows)));
}

/** How the inverse transform scales coefficient i, besides 1 / rows. */
export type CoefficientScale =
  /** By 3^i: from values on the trace domain to shifted coefficients. */
  | 'shift'
  /** Not at all: from values on the coset 3 * <w>, whose transform is shifted already. */
  | 'none'
  /** From the coset, and the upper half by 3^(-rows / 2), so that both halves are shifted coefficients. */
  | 'halves';

const powerKey = (logRows: number, scale: CoefficientScale): string => `ntt.powers.${scale}.${logRows}`;
const logLowPowers = (logRows: number): number => Math.min(LOG_LOW_POWERS, Math.max(0, logRows - 1));
const powerCount = (logRows: number): number => {
  const logLow = logLowPowers(logRows);
  return 2 ** logLow + 2 ** (logRows - logLow);
};

/** Bytes of the constants that a proof's transforms leave in `ComputeDevice.cache`, by their keys. */
export function transformConstants(
  logHeights: readonly number[],
  logBlowup: number,
): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const logHeight of logHeights) {
    for (const logRows of [logHeight, logHeight + 1, logHeight + logBlowup])
      bytes.set(twiddleKey(logRows), 4 * twiddleCount(logRows));
    bytes.set(powerKey(logHeight, 'shift'), 4 * powerCount(logHeight));
    bytes.set(powerKey(logHeight + 1, 'halves'), 4 * powerCount(logHeight + 1));
  }
  return bytes;
}

function powerBuffer(
  device: ComputeDevice,
  logRows: number,
  scale: CoefficientScale,
): Promise<{ readonly buffer: GPUBuffer; readonly logLow: number }> {
  const logLow = logLowPowers(logRows);
  const compute = (): Uint32Array => {
    const low = 2 ** logLow;
    const high = 2 ** (logRows - logLow);
    const words = new Uint32Array(low + high);
    const base = scale === 'shift' ? GENERATOR : 1;
    const step = power(base, low);
    const upper = scale === 'halves' ? inverse(power(GENERATOR, 2 ** (logRows - 1))) : 1;
    let value = 1;
    for (let index = 0; index < low; index++, value = multiply(value, base)) words[index] = value;
    value = inverse(2 ** logRows % MODULUS);
    for (let index = 0; index < high; index++, value = multiply(value, step)) {
      words[low + index] = index >= high / 2 ? multiply(value, upper) : value;
    }
    return words;
  };
  return cachedWords(device, powerKey(logRows, scale), compute).then((buffer) => ({
    buffer,
    logLow,
  }));
}

export const TRANSFORM_FORMS: readonly TransformForm[] = ['tiles', 'registers'];

export interface NttOptions {
  /** The device's own form when left out. */
  readonly passes?: TransformForm;
  /** Of tiled passes; 256 when left out. */
  readonly workgroupSize?: NttWorkgroupSize;
}

interface Transform {
  readonly logRows: number;
  readonly columns: number;
  readonly source: GPUBuffer;
  /** First word of the source; 0 when left out. */
  readonly sourceOffset?: number;
  readonly logSourceRows: number;
  readonly isSourceReversed: boolean;
  readonly target: GPUBuffer;
  /** Undefined for a forward transform. */
  readonly scale: CoefficientScale | undefined;
  readonly options: NttOptions;
}

/** Stages of each pass in registers, from the highest down: as even as can be, the smaller numbers first. */
export function planRegisterPasses(stages: number): number[] {
  const count = Math.max(1, Math.ceil(stages / REGISTER_STAGES));
  return Array.from({ length: count }, (_, pass) => Math.floor((stages + pass) / count));
}

async function transformInRegisters(device: ComputeDevice, work: Transform): Promise<void> {
  const { logRows, columns } = work;
  const isInverse = work.scale !== undefined;
  const passes = planRegisterPasses(work.logSourceRows);
  const twiddles = await twiddleBuffer(device, logRows);
  const powers = work.scale && (await powerBuffer(device, logRows, work.scale));
  const scratch =
    isInverse && passes.length > 1
      ? await device.arena.acquire(4 * columns * 2 ** logRows, 'ntt.scratch')
      : undefined;
  try {
    let stageShift = work.logSourceRows;
    for (const [number, logStages] of passes.entries()) {
      stageShift -= logStages;
      const isFirst = number === 0;
      const isLast = number === passes.length - 1;
      const isScattered = isInverse && isLast;
      let source: Source = 'inPlace';
      if (isFirst) source = work.isSourceReversed ? 'reversed' : 'natural';
      else if (isScattered) source = 'natural';
      const kernel = await device.pipelines.kernel({
        shader: 'nttButterflies',
        workgroupSize: 64,
        constants: {
          logStages,
          sourceMode: source === 'inPlace' ? 0 : source === 'natural' ? 1 : 2,
          storeMode: isScattered ? 1 : 0,
        },
      });
      const logRowsTogether = Math.max(0, Math.min(LOG_TOGETHER, stageShift - LOG_LANES));
      const columnsTogether = Math.min(columns, 2 ** (LOG_TOGETHER - logRowsTogether));
      await device.queue.dispatch({
        kernel,
        bindings: {
          twiddles,
          powers: powers?.buffer ?? twiddles,
          source: source === 'inPlace' ? twiddles : isFirst ? work.source : (scratch ?? work.target),
          words: isLast || !scratch ? work.target : scratch,
        },
        params: {
          columns,
          columnsTogether,
          logRowsTogether,
          logRows,
          logSourceRows: isFirst ? work.logSourceRows : logRows,
          sourceOffset: isFirst ? (work.sourceOffset ?? 0) : 0,
          stageShift,
          logLowPowers: powers?.logLow ?? 0,
        },
        count: Math.ceil(columns / columnsTogether) * 2 ** (logRows - logStages - logRowsTogether),
        work: (1 + logStages) * 2 ** (logStages + logRowsTogether) * columnsTogether,
      });
    }
  } finally {
    if (scratch) device.arena.release(scratch);
  }
}

async function transform(device: ComputeDevice, work: Transform): Promise<void> {
  const { logRows } = work;
  if (!Number.isInteger(logRows) || logRows < 0 || logRows > TWO_ADICITY) {
    throw new KernelError('SHAPE_MISMATCH', `a transform of 2^${logRows} points`, { expected: TWO_ADICITY });
  }
  const passes = work.options.passes ?? device.transformForm();
  if (passes === 'registers') await transformInRegisters(device, work);
  else await transformInTiles(device, work, work.options.workgroupSize ?? 256);
}

async function transformInTiles(
  device: ComputeDevice,
  work: Transform,
  workgroupSize: NttWorkgroupSize,
): Promise<void> {
  const { logRows, columns } = work;
  const logTile = Math.log2(8 * workgroupSize);
  const totalWords = columns * 2 ** logRows;
  const isInverse = work.scale !== undefined;
  const passes = planPasses(logRows, logRows - work.logSourceRows, logTile, isInverse);
  const twiddles = await twiddleBuffer(device, logRows);
  const powers = work.scale && (await powerBuffer(device, logRows, work.scale));
  // The last pass of an inverse transform scatters, so it needs its source in another buffer.
  const scratch =
    isInverse && passes.length > 1 ? await device.arena.acquire(4 * totalWords, 'ntt.scratch') : undefined;
  try {
    for (const [number, pass] of passes.entries()) {
      const isFirst = number === 0;
      const isLast = number === passes.length - 1;
      const isScattered = isInverse && isLast;
      let source: Source = 'inPlace';
      if (isFirst) source = work.isSourceReversed ? 'reversed' : 'natural';
      else if (isScattered) source = 'natural';
      const kernel = await device.pipelines.kernel({
        shader: 'nttPass',
        workgroupSize,
        element: 'workgroup',
        constants: {
          sourceMode: source === 'inPlace' ? 0 : source === 'natural' ? 1 : 2,
          storeMode: isScattered ? 1 : 0,
        },
      });
      const from = isFirst ? work.source : (scratch ?? work.target);
      await device.queue.dispatch({
        kernel,
        bindings: {
          twiddles,
          powers: powers?.buffer ?? twiddles,
          source: source === 'inPlace' ? twiddles : from,
          words: isLast || !scratch ? work.target : scratch,
        },
        params: {
          totalWords,
          logRows,
          logSourceRows: isFirst ? work.logSourceRows : logRows,
          sourceOffset: isFirst ? (work.sourceOffset ?? 0) : 0,
          logLowPowers: powers?.logLow ?? 0,
          ...pass,
        },
        count: Math.ceil(totalWords / 2 ** logTile),
        work: 1 + pass.logStages,
      });
    }
  } finally {
    if (scratch) device.arena.release(scratch);
  }
}

const log2 = (rows: number): number => 31 - Math.clz32(rows);

/**
 * Shifted coefficients of a chunk's columns from values on the trace domain <w> in natural order.
 * Shape: source and target[column * rows + row], target another buffer. Form: Montgomery.
 */
export async function interpolateChunk(
  device: ComputeDevice,
  source: GPUBuffer,
  target: GPUBuffer,
  rows: number,
  columns: number,
  options: NttOptions = {},
): Promise<void> {
  await transform(device, {
    logRows: log2(rows),
    columns,
    source,
    logSourceRows: log2(rows),
    isSourceReversed: false,
    target,
    scale: 'shift',
    options,
  });
}

/**
 * Coefficients of columns from values on the coset 3 * <w> in bit-reversed order, shifted; under 'halves' the upper half of
 * the coefficients is shifted as a polynomial of its own, which is what the two quotient chunks need.
 * Shape: source and target[column * rows + row], target another buffer. Form: Montgomery.
 */
export async function interpolateCoset(
  device: ComputeDevice,
  source: GPUBuffer,
  target: GPUBuffer,
  rows: number,
  columns: number,
  scale: 'none' | 'halves',
  options: NttOptions = {},
): Promise<void> {
  await transform(device, {
    logRows: log2(rows),
    columns,
    source,
    logSourceRows: log2(rows),
    isSourceReversed: true,
    target,
    scale,
    options,
  });
}

/** Extends the columns of one chunk of coefficients into the chunks of the extension that hold them. */
async function extendChunk(
  device: ComputeDevice,
  coefficients: GPUBuffer,
  chunk: MatrixChunk,
  extended: GpuMatrix,
  rows: number,
  options: NttOptions,
): Promise<void> {
  for (const target of extended.chunks) {
    // A chunk of the extension never holds more columns than one of the coefficients, so it lies in one of them.
    const column = target.firstColumn - chunk.firstColumn;
    if (column < 0 || column >= chunk.columns) continue;
    await transform(device, {
      logRows: log2(extended.rows),
      columns: target.columns,
      source: coefficients,
      sourceOffset: column * rows,
      logSourceRows: log2(rows),
      isSourceReversed: false,
      target: target.buffer,
      scale: undefined,
      options,
    });
  }
}

/**
 * The low-degree extension of a matrix of values on the trace domain.
 * Shape: 2^logBlowup times the rows, bit-reversed on 3 * <w>. Throws: KernelError 'OUT_OF_MEMORY'; 'LIMIT_EXCEEDED'.
 */
export async function extendMatrix(
  device: ComputeDevice,
  matrix: GpuMatrix,
  logBlowup: number,
  label: string,
  options: NttOptions = {},
): Promise<GpuMatrix> {
  const extended = await createMatrix(device, matrix.rows * 2 ** logBlowup, matrix.columns, label);
  const widest = Math.max(...matrix.chunks.map((chunk) => chunk.columns));
  try {
    const scratch = await device.arena.acquire(4 * matrix.rows * widest, `${label}.coefficients`);
    try {
      for (const chunk of matrix.chunks) {
        await interpolateChunk(device, chunk.buffer, scratch, matrix.rows, chunk.columns, options);
        await extendChunk(device, scratch, chunk, extended, matrix.rows, options);
      }
    } finally {
      device.arena.release(scratch);
    }
  } catch (error) {
    releaseMatrix(device, extended);
    throw error;
  }
  return extended;
}

/** The same from a matrix of shifted coefficients. */
export async function extendCoefficients(
  device: ComputeDevice,
  coefficients: GpuMatrix,
  logBlowup: number,
  label: string,
  options: NttOptions = {},
): Promise<GpuMatrix> {
  const { rows, columns } = coefficients;
  const extended = await createMatrix(device, rows * 2 ** logBlowup, columns, label);
  try {
    for (const chunk of coefficients.chunks) {
      await extendChunk(device, chunk.buffer, chunk, extended, rows, options);
    }
  } catch (error) {
    releaseMatrix(device, extended);
    throw error;
  }
  return extended;
}
