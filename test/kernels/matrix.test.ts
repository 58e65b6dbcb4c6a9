import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chunkColumns,
  createMatrix,
  locateColumn,
  readCanonical,
  readColumns,
  releaseMatrix,
  uploadColumns,
} from '../../kernels/matrix.ts';
import { MODULUS, multiply } from '../../stark/field/koalaBear.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 31;

describe('matrices', () => {
  for (const robustness of ROBUSTNESS) {
    it(`come back as they went, at every awkward shape, robustness ${robustness}`, async () => {
      const random = createRandom(SEED);
      for (const bindingLimit of [512, 1536, 1 << 20]) {
        const device = await openTestDevice({ robustness, bindingLimit });
        for (const rows of [1, 2, 64, 128]) {
          for (const columnCount of [1, 7, 8, 9, 17]) {
            const columns = Array.from({ length: columnCount }, () => random.words(rows));
            columns[0]![0] = MODULUS - 1;
            const matrix = await uploadColumns(device, rows, columns, 'matrix');
            const message = `${rows} x ${columnCount}, binding ${bindingLimit}, seed ${SEED}`;
            assert.deepEqual(await readColumns(device, matrix), columns, message);
            for (const chunk of matrix.chunks) {
              assert.ok(4 * rows * chunk.columns <= bindingLimit, message);
            }
            releaseMatrix(device, matrix);
          }
        }
        assert.equal(device.arena.gauge().usedBytes, 0);
      }
    });
  }

  it('hold Montgomery words on the device', async () => {
    const device = await openTestDevice();
    const canonical = Uint32Array.of(0, 1, 2, MODULUS - 1);
    const matrix = await uploadColumns(device, 4, [canonical], 'matrix');
    const { buffer } = matrix.chunks[0]!;
    const words = await device.queue.read(buffer, 0, 4);
    assert.deepEqual(
      words,
      canonical.map((word) => multiply(word, 2 ** 32 % MODULUS)),
    );
    assert.deepEqual(await readCanonical(device, buffer, 4), canonical);
    assert.deepEqual(await device.queue.read(buffer, 0, 4), words);
  });

  it('are cut into powers of two of columns, at most 8', async () => {
    const device = await openTestDevice({ bindingLimit: 7 * 1024 });
    assert.equal(chunkColumns(device, 16), 8);
    assert.equal(chunkColumns(device, 256), 4);
    assert.equal(chunkColumns(device, 1024), 1);
    assert.throws(() => chunkColumns(device, 2048), {
      code: 'LIMIT_EXCEEDED',
      details: { expected: 7168, got: 8192 },
    });
    const matrix = await createMatrix(device, 256, 9, 'matrix');
    assert.deepEqual(
      matrix.chunks.map(({ firstColumn, columns }) => [firstColumn, columns]),
      [
        [0, 4],
        [4, 4],
        [8, 1],
      ],
    );
    assert.equal(locateColumn(matrix, 6).chunk, matrix.chunks[1]);
    assert.equal(locateColumn(matrix, 6).offsetWords, 512);
    assert.throws(() => locateColumn(matrix, 9), RangeError);
    assert.throws(() => locateColumn(matrix, -1), RangeError);
  });

  it('refuse odd shapes, and free their chunks when memory runs out', async () => {
    const device = await openTestDevice({ bindingLimit: 1024, byteBudget: 3000 });
    await assert.rejects(createMatrix(device, 3, 1, 'matrix'), { code: 'SHAPE_MISMATCH' });
    await assert.rejects(createMatrix(device, 4, 0, 'matrix'), { code: 'SHAPE_MISMATCH' });
    await assert.rejects(uploadColumns(device, 4, [new Uint32Array(5)], 'matrix'), {
      code: 'SHAPE_MISMATCH',
    });
    await assert.rejects(createMatrix(device, 256, 3, 'matrix'), { code: 'OUT_OF_MEMORY' });
    assert.equal(device.arena.gauge().usedBytes, 0);
  });
});
