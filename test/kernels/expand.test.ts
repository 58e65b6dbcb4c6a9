/** Hash table rows completed on the device against the machine's own expansion, exactly. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComputeDevice } from '../../kernels/device.ts';
import { KernelError } from '../../kernels/errors.ts';
import { expandPoseidon, poseidonColumns } from '../../kernels/expand.ts';
import { createMatrix, readColumns, releaseMatrix, uploadChunk } from '../../kernels/matrix.ts';
import { hashAir } from '../../machine/hash/air.ts';
import { LEADING_COLUMNS } from '../../machine/hash/columns.ts';
import { completeHashTrace } from '../../machine/hash/expand.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 44;

async function checkExpansion(device: ComputeDevice, logHeight: number): Promise<void> {
  const label = JSON.stringify({ logHeight, SEED });
  const random = createRandom(SEED);
  const leading = LEADING_COLUMNS.map(() => random.words(2 ** logHeight));
  for (const column of leading) column[0] = MODULUS - 1;
  const expected = completeHashTrace({ logHeight, columns: leading });
  const padded = expected.map((column, place) => leading[place] ?? new Uint32Array(column.length));
  const matrix = await createMatrix(device, 2 ** logHeight, expected.length, 'test');
  for (const chunk of matrix.chunks) await uploadChunk(device, chunk, matrix.rows, padded);
  await expandPoseidon(device, matrix, poseidonColumns(hashAir));
  assert.deepEqual(await readColumns(device, matrix), expected, label);
  releaseMatrix(device, matrix);
  assert.equal(device.arena.gauge().usedBytes, 0, label);
}

for (const robustness of ROBUSTNESS) {
  describe(`hash row expansion, robustness ${robustness}`, () => {
    it('computes every S-box column', async () => {
      const device = await openTestDevice({ robustness });
      for (const logHeight of [0, 5, 6, 7]) await checkExpansion(device, logHeight);
    });

    it('goes in tiles of a small binding', async () => {
      const device = await openTestDevice({ robustness, bindingLimit: 4096 });
      await checkExpansion(device, 5);
    });
  });
}

it('refuses a matrix that is too narrow', async () => {
  const device = await openTestDevice();
  const matrix = await createMatrix(device, 8, 172, 'test');
  await assert.rejects(
    expandPoseidon(device, matrix, poseidonColumns(hashAir)),
    (error: unknown) => error instanceof KernelError && error.code === 'SHAPE_MISMATCH',
  );
});
