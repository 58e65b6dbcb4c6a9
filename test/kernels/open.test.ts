/** Openings at a point on the device against plain TypeScript, exactly: from a trace and from its extension. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComputeDevice } from '../../kernels/device.ts';
import { KernelError } from '../../kernels/errors.ts';
import { releaseMatrix, uploadColumns } from '../../kernels/matrix.ts';
import { createOpenWeights, openColumns, releaseOpenWeights } from '../../kernels/open.ts';
import { DEGREE, read } from '../../stark/field/extension.ts';
import { extendColumn } from '../../stark/field/ntt.ts';
import * as reference from '../../stark/reference/open.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 5;

async function checkOpen(
  device: ComputeDevice,
  logHeight: number,
  columnCount: number,
  opened = columnCount,
): Promise<void> {
  const label = JSON.stringify({ logHeight, columnCount, opened, SEED });
  const random = createRandom(SEED + logHeight);
  const point = read(random.words(DEGREE), 0);
  const columns = Array.from({ length: columnCount }, () => random.words(2 ** logHeight));
  const expected = reference.openColumns(columns.slice(0, opened), logHeight, point);
  const logBlowup = 2;
  for (const domain of ['trace', 'extension'] as const) {
    const held = domain === 'trace' ? columns : columns.map((column) => extendColumn(column, logBlowup));
    const matrix = await uploadColumns(device, held[0]!.length, held, 'test');
    const weights = await createOpenWeights(device, logHeight, point, domain);
    assert.deepEqual(await openColumns(device, weights, matrix, opened), expected, `${domain} ${label}`);
    releaseOpenWeights(device, weights);
    releaseMatrix(device, matrix);
    assert.equal(device.arena.gauge().usedBytes, 0, label);
  }
}

for (const robustness of ROBUSTNESS) {
  describe(`openings, robustness ${robustness}`, () => {
    it('opens columns of awkward numbers and heights', async () => {
      const device = await openTestDevice({ robustness });
      for (const logHeight of [0, 1, 5, 6, 7]) await checkOpen(device, logHeight, 3);
      for (const columnCount of [1, 7, 8, 9, 17]) await checkOpen(device, 4, columnCount);
      await checkOpen(device, 13, 2);
    });

    it('opens leading columns only', async () => {
      const device = await openTestDevice({ robustness });
      await checkOpen(device, 5, 17, 8);
      await checkOpen(device, 5, 17, 9);
      await checkOpen(device, 5, 3, 0);
    });

    it('cuts weights and matrices into chunks of a small binding', async () => {
      const device = await openTestDevice({ robustness, bindingLimit: 512 });
      await checkOpen(device, 5, 9);
      await checkOpen(device, 3, 9);
    });
  });
}

describe('openings', () => {
  it('refuse matrices and points that do not fit', async () => {
    const device = await openTestDevice();
    const random = createRandom(SEED);
    const point = read(random.words(DEGREE), 0);
    const matrix = await uploadColumns(device, 16, [random.words(16)], 'test');
    const isShapeMismatch = (error: unknown): boolean =>
      error instanceof KernelError && error.code === 'SHAPE_MISMATCH';
    const trace = await createOpenWeights(device, 4, point, 'trace');
    await openColumns(device, trace, matrix, 1);
    await assert.rejects(openColumns(device, trace, matrix, 2), isShapeMismatch);
    const shorter = await createOpenWeights(device, 3, point, 'trace');
    await assert.rejects(openColumns(device, shorter, matrix, 1), isShapeMismatch);
    const taller = await createOpenWeights(device, 5, point, 'extension');
    await assert.rejects(openColumns(device, taller, matrix, 1), isShapeMismatch);
    await assert.rejects(createOpenWeights(device, 4, [7, 0, 0, 0, 0], 'trace'), RangeError);
  });
});
