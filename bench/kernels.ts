/**
 * Rates of the kernels that a proof spends its time in, each with its cost in field multiplications and in bytes of device
 * memory, so that it can be held against the roofs. Additions, and words that caches hold, are not counted.
 */
import { calibrate } from '../kernels/calibrate.ts';
import { type ComputeDevice, openDevice } from '../kernels/device.ts';
import { createMatrix, type GpuMatrix, releaseMatrix, uploadColumns } from '../kernels/matrix.ts';
import { buildMatrixTree, releaseTree } from '../kernels/merkle.ts';
import { extendMatrix, interpolateChunk, planPasses, planRegisterPasses } from '../kernels/ntt.ts';
import { DIGEST_WORDS, FULL_ROUNDS, PARTIAL_ROUNDS, WIDTH } from '../stark/hash/poseidon.ts';
import { timeDevice } from './deviceTimer.ts';
import {
  type Figure,
  type MeasurementOutcome,
  type MeasurementSettings,
  median,
  rateOf,
  sharesOf,
} from './measurement.ts';
import { spreadWords } from './words.ts';

/** A cube is two multiplications; the MDS layers have none, only shifts and additions. */
export const COMPRESS_MULTIPLICATIONS = 2 * (FULL_ROUNDS * WIDTH + PARTIAL_ROUNDS);
/** Two digests in, one out; a step of a leaf's chain reads a digest and a block. */
const COMPRESS_BYTES = 3 * 4 * DIGEST_WORDS;
/** Words of a tile of the transform's default workgroup size. */
const LOG_TILE = 11;
const LOG_BLOWUP = 2;
const LOG_CAP = 5;
const LEAF_TAG = 1;
/** Asked of two cores with lavapipe. */
const COMPRESS_TARGET = { bound: 'atLeast', value: 1_000_000 } as const;

export interface Shape {
  readonly logRows: number;
  readonly columns: number;
}

const SHAPES = {
  quick: {
    transforms: [{ logRows: 10, columns: 8 }],
    compressions: 2 ** 10,
    commits: [{ logRows: 8, columns: 16 }],
  },
  software: {
    transforms: [
      { logRows: 20, columns: 8 },
      { logRows: 12, columns: 8 },
    ],
    compressions: 2 ** 16,
    commits: [{ logRows: 16, columns: 64 }],
  },
  hardware: {
    transforms: [
      { logRows: 24, columns: 8 },
      { logRows: 20, columns: 8 },
      { logRows: 12, columns: 8 },
    ],
    compressions: 2 ** 21,
    commits: [
      { logRows: 16, columns: 64 },
      { logRows: 20, columns: 64 },
    ],
  },
} as const satisfies Record<
  string,
  { transforms: readonly Shape[]; compressions: number; commits: readonly Shape[] }
>;

const named = ({ logRows, columns }: Shape): string => `2^${logRows} x ${columns}`;

/** Opens a device for a measurement, and adds what every measurement on a device tells. */
export async function withDevice(
  measure: (device: ComputeDevice) => Promise<Pick<MeasurementOutcome, 'figures' | 'facts'>>,
): Promise<MeasurementOutcome> {
  const device = await openDevice({ robustness: 'off' });
  await calibrate(device);
  const outcome = await measure(device);
  const { longestSubmissionMs } = device.queue.statistics;
  const peakDeviceBytes = device.arena.gauge().peakBytes;
  device.close();
  return {
    adapter: device.adapter,
    peakDeviceBytes,
    ...outcome,
    facts: { ...outcome.facts, longestSubmissionMs: Math.round(longestSubmissionMs) },
  };
}

/** A matrix of arbitrary words. */
export async function uploadShape(device: ComputeDevice, { logRows, columns }: Shape): Promise<GpuMatrix> {
  const column = spreadWords(2 ** logRows);
  return await uploadColumns(
    device,
    2 ** logRows,
    Array.from({ length: columns }, () => column),
    'bench',
  );
}

/** Multiplications and bytes of one word's way through a transform of 2^logRows points, with factors at the end or not. */
function transformCost(
  device: ComputeDevice,
  logRows: number,
  logSkipped: number,
  isInverse: boolean,
): { multiplications: number; bytes: number } {
  const passes =
    device.transformForm() === 'registers'
      ? planRegisterPasses(logRows - logSkipped).length
      : planPasses(logRows, logSkipped, LOG_TILE, isInverse).length;
  return { multiplications: (logRows - logSkipped) / 2 + (isInverse ? 2 : 0), bytes: 8 * passes };
}

/** The inverse transform: values on the trace domain to coefficients. */
export function measureNtt({ scale, runs, roofs }: MeasurementSettings): Promise<MeasurementOutcome> {
  return withDevice(async (device) => {
    const figures: Figure[] = [];
    for (const shape of SHAPES[scale].transforms) {
      const rows = 2 ** shape.logRows;
      if (4 * rows * shape.columns > device.limits.bindingBytes) continue;
      const matrix = await uploadShape(device, shape);
      const target = await createMatrix(device, rows, shape.columns, 'coefficients');
      const [from] = matrix.chunks;
      const [to] = target.chunks;
      if (!from || !to) throw new Error('a matrix without chunks');
      const seconds = await timeDevice(device, scale, runs, () =>
        interpolateChunk(device, from.buffer, to.buffer, rows, shape.columns),
      );
      releaseMatrix(device, matrix);
      releaseMatrix(device, target);
      const elements = rows * shape.columns;
      figures.push(
        rateOf(
          `NTT ${named(shape)}`,
          'elements/s',
          elements,
          seconds,
          sharesOf(roofs, elements / median(seconds), transformCost(device, shape.logRows, 0, true)),
        ),
      );
    }
    return { figures };
  });
}

/** One level of a tree, in the kernel that all levels use. */
export function measureCompress({ scale, runs, roofs }: MeasurementSettings): Promise<MeasurementOutcome> {
  return withDevice(async (device) => {
    const count = SHAPES[scale].compressions;
    const kernel = await device.pipelines.kernel({ shader: 'compress', workgroupSize: 64 });
    const children = await device.arena.acquire(8 * DIGEST_WORDS * count, 'children');
    const parents = await device.arena.acquire(4 * DIGEST_WORDS * count, 'parents');
    await device.queue.write(children, 0, spreadWords(2 * DIGEST_WORDS * count));
    const seconds = await timeDevice(device, scale, runs, () =>
      device.queue.dispatch({ kernel, bindings: { children, parents }, params: { firstParent: 0 }, count }),
    );
    return {
      figures: [
        rateOf('compress', 'compress/s', count, seconds, {
          target: COMPRESS_TARGET,
          ...sharesOf(roofs, count / median(seconds), {
            multiplications: COMPRESS_MULTIPLICATIONS,
            bytes: COMPRESS_BYTES,
          }),
        }),
      ],
    };
  });
}

/** Compressions of a tree over 2^logRows rows: the leaves' chains and the nodes up to the cap. */
function treeCompressions(logRows: number, columns: number): number {
  const rows = 2 ** logRows;
  return rows * Math.ceil(columns / DIGEST_WORDS) + rows - 2 ** LOG_CAP;
}

/** A tree over the rows of a matrix that is on the device. */
export function measureMerkle({ scale, runs, roofs }: MeasurementSettings): Promise<MeasurementOutcome> {
  return withDevice(async (device) => {
    const figures: Figure[] = [];
    for (const shape of SHAPES[scale].commits) {
      const matrix = await uploadShape(device, shape);
      const seconds = await timeDevice(device, scale, runs, async () => {
        releaseTree(device, await buildMatrixTree(device, [{ matrix, nextColumns: 0 }], LEAF_TAG, LOG_CAP));
      });
      releaseMatrix(device, matrix);
      const compressions = treeCompressions(shape.logRows, shape.columns);
      figures.push(
        rateOf(`Merkle tree ${named(shape)}`, 'compress/s', compressions, seconds, {
          target: COMPRESS_TARGET,
          ...sharesOf(roofs, compressions / median(seconds), {
            multiplications: COMPRESS_MULTIPLICATIONS,
            bytes: COMPRESS_BYTES,
          }),
        }),
      );
    }
    return { figures };
  });
}

/** Extension by 4 and the tree over it, from a trace that is on the device. */
export function measureCommit({ scale, runs, roofs }: MeasurementSettings): Promise<MeasurementOutcome> {
  return withDevice(async (device) => {
    const figures: Figure[] = [];
    for (const shape of SHAPES[scale].commits) {
      const { logRows, columns } = shape;
      const cells = 2 ** logRows * columns;
      const matrix = await uploadShape(device, shape);
      const extend = (): Promise<GpuMatrix> => extendMatrix(device, matrix, LOG_BLOWUP, 'extension');
      const extensionSeconds = await timeDevice(device, scale, runs, async () =>
        releaseMatrix(device, await extend()),
      );
      const commitSeconds = await timeDevice(device, scale, runs, async () => {
        const extended = await extend();
        const leaves = { matrix: extended, nextColumns: 0 };
        releaseTree(device, await buildMatrixTree(device, [leaves], LEAF_TAG, LOG_CAP));
        releaseMatrix(device, extended);
      });
      releaseMatrix(device, matrix);
      const inverse = transformCost(device, logRows, 0, true);
      const forward = transformCost(device, logRows + LOG_BLOWUP, LOG_BLOWUP, false);
      const extension = {
        multiplications: inverse.multiplications + 2 ** LOG_BLOWUP * forward.multiplications,
        bytes: inverse.bytes + 2 ** LOG_BLOWUP * forward.bytes,
      };
      const compressions = treeCompressions(logRows + LOG_BLOWUP, columns) / cells;
      const commit = {
        multiplications: extension.multiplications + compressions * COMPRESS_MULTIPLICATIONS,
        bytes: extension.bytes + compressions * COMPRESS_BYTES,
      };
      figures.push(
        rateOf(
          `extension by 4, ${named(shape)}`,
          'cells/s',
          cells,
          extensionSeconds,
          sharesOf(roofs, cells / median(extensionSeconds), extension),
        ),
        rateOf(
          `commit at blow-up 4, ${named(shape)}`,
          'cells/s',
          cells,
          commitSeconds,
          sharesOf(roofs, cells / median(commitSeconds), commit),
        ),
      );
    }
    return { figures };
  });
}
