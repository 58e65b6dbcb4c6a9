import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComputeDevice } from '../../kernels/device.ts';
import { createMatrix, readColumns, releaseMatrix, uploadColumns } from '../../kernels/matrix.ts';
import {
  extendCoefficients,
  extendMatrix,
  interpolateCoset,
  type NttOptions,
  planPasses,
  planRegisterPasses,
} from '../../kernels/ntt.ts';
import { GENERATOR, inverse, multiply, power } from '../../stark/field/koalaBear.ts';
import { extendColumn, inverse as interpolate } from '../../stark/field/ntt.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 20;

async function checkExtension(
  device: ComputeDevice,
  logRows: number,
  columnCount: number,
  logBlowup: number,
  options: NttOptions = {},
): Promise<void> {
  const message = `2^${logRows} x ${columnCount}, blow-up 2^${logBlowup}, ${JSON.stringify(options)}, seed ${SEED}`;
  const random = createRandom(SEED + logRows);
  const columns = Array.from({ length: columnCount }, () => random.words(2 ** logRows));
  const matrix = await uploadColumns(device, 2 ** logRows, columns, 'trace');
  const extended = await extendMatrix(device, matrix, logBlowup, 'extension', options);
  const words = await readColumns(device, extended);
  assert.equal(words.length, columnCount, message);
  for (const [index, column] of columns.entries()) {
    const expected = extendColumn(column, logBlowup);
    const actual = words[index]!;
    const wrong = expected.findIndex((word, position) => word !== actual[position]);
    assert.equal(wrong, -1, `${message}: column ${index}, position ${wrong}`);
  }
  releaseMatrix(device, matrix);
  releaseMatrix(device, extended);
}

describe('low-degree extension', () => {
  for (const robustness of ROBUSTNESS) {
    it(`equals the reference at every small size, robustness ${robustness}`, async () => {
      const device = await openTestDevice({ robustness });
      for (const passes of ['tiles', 'registers'] as const) {
        for (let logRows = 0; logRows <= 12; logRows++) {
          for (const columns of [1, 3, 8, 17])
            await checkExtension(device, logRows, columns, logRows % 4, { passes });
        }
      }
    });
  }

  it('equals the reference for every workgroup size', async () => {
    const device = await openTestDevice();
    for (const workgroupSize of [64, 128, 256] as const) {
      for (const logRows of [3, 8, 9, 10, 11, 13]) {
        for (const logBlowup of [0, 1, 2])
          await checkExtension(device, logRows, 2, logBlowup, { passes: 'tiles', workgroupSize });
      }
    }
  });

  it('equals the reference at 2^16 and over three passes', async () => {
    const device = await openTestDevice({ robustness: 'off' });
    for (const passes of ['tiles', 'registers'] as const) await checkExtension(device, 16, 3, 2, { passes });
    await checkExtension(device, 16, 1, 6, { passes: 'tiles', workgroupSize: 64 });
  });

  it('equals the reference when bindings hold few columns', async () => {
    for (const bindingLimit of [4 << 12, 12 << 12, 64 << 12]) {
      const device = await openTestDevice({ bindingLimit });
      for (const columns of [1, 3, 17]) await checkExtension(device, 10, columns, 2);
    }
  });

  it('refuses a column that exceeds a binding', async () => {
    const device = await openTestDevice({ bindingLimit: 4 << 10 });
    await assert.rejects(checkExtension(device, 10, 1, 1), { code: 'LIMIT_EXCEEDED' });
  });
});

describe('interpolation from the coset', () => {
  it('inverts the extension, with both halves shifted on their own', async () => {
    const device = await openTestDevice();
    for (const logRows of [1, 2, 5, 11, 12, 14]) {
      const rows = 2 ** logRows;
      const random = createRandom(SEED + logRows);
      const columns = [random.words(rows), random.words(rows)];
      const evaluations = columns.map((column) => extendColumn(column, 0));
      const values = await uploadColumns(device, rows, evaluations, 'values');
      for (const [scale, passes] of [
        ['none', 'tiles'],
        ['halves', 'tiles'],
        ['none', 'registers'],
        ['halves', 'registers'],
      ] as const) {
        const coefficients = await createMatrix(device, rows, 2, 'coefficients');
        await interpolateCoset(
          device,
          values.chunks[0]!.buffer,
          coefficients.chunks[0]!.buffer,
          rows,
          2,
          scale,
          { passes },
        );
        const words = await readColumns(device, coefficients);
        for (const [index, column] of columns.entries()) {
          const expected = interpolate(column, logRows).map((word, degree) => {
            const isUpper = scale === 'halves' && degree >= rows / 2;
            const shift = power(GENERATOR, isUpper ? degree - rows / 2 : degree);
            return multiply(word, shift);
          });
          assert.deepEqual(words[index], expected, `2^${logRows}, ${scale}, ${passes}, column ${index}`);
        }
        if (scale === 'none') {
          const extended = await extendCoefficients(device, coefficients, 1, 'extension', { passes });
          const again = await readColumns(device, extended);
          assert.deepEqual(again[1], extendColumn(columns[1]!, 1), `2^${logRows}`);
          releaseMatrix(device, extended);
        }
        releaseMatrix(device, coefficients);
      }
      releaseMatrix(device, values);
    }
  });
});

describe('passes', () => {
  it('cover every stage once for every length up to 2^24', () => {
    for (let logRows = 0; logRows <= 24; logRows++) {
      for (const logTile of [9, 10, 11]) {
        for (const isStoreReversed of [false, true]) {
          const passes = planPasses(logRows, 0, logTile, isStoreReversed);
          let top = logRows;
          for (const pass of passes) {
            assert.equal(pass.stageShift + pass.logStages, top, `2^${logRows}, tile 2^${logTile}`);
            top = pass.stageShift;
          }
          assert.equal(top, 0, `2^${logRows}, tile 2^${logTile}`);
        }
      }
    }
    assert.equal(multiply(inverse(GENERATOR), GENERATOR), 1);
  });

  it('in registers are as even as can be', () => {
    assert.deepEqual(planRegisterPasses(0), [0]);
    assert.deepEqual(planRegisterPasses(3), [3]);
    assert.deepEqual(planRegisterPasses(10), [2, 2, 3, 3]);
    for (let stages = 1; stages <= 24; stages++) {
      const passes = planRegisterPasses(stages);
      assert.equal(
        passes.reduce((sum, pass) => sum + pass, 0),
        stages,
      );
      assert.ok(Math.max(...passes) <= 3 && Math.min(...passes) >= 1, `${stages}: ${passes.join(' ')}`);
    }
  });
});
