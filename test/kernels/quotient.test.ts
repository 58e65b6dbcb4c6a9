import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComputeDevice } from '../../kernels/device.ts';
import { generateProgram } from '../../kernels/generate/program.ts';
import { readColumns, releaseMatrix, uploadColumns } from '../../kernels/matrix.ts';
import { extendMatrix } from '../../kernels/ntt.ts';
import { computeQuotient } from '../../kernels/quotient.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { TableAir } from '../../stark/air/air.ts';
import { logUpColumnCount } from '../../stark/air/degree.ts';
import * as extension from '../../stark/field/extension.ts';
import { GENERATOR, multiply } from '../../stark/field/koalaBear.ts';
import { inverse } from '../../stark/field/ntt.ts';
import { referenceQuotient } from '../../stark/reference/quotient.ts';
import { lookupTable, permutationTable, samplePublicWords, squares, walk } from '../support/airSamples.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 41;

/** Compares both chunks on random words: the reference's values on the trace domain, as shifted coefficients. */
async function checkQuotient(
  device: ComputeDevice,
  table: TableAir,
  logHeight: number,
  logBlowup: number,
): Promise<void> {
  const message = `${table.name} at height 2^${logHeight}, blow-up 2^${logBlowup}, seed ${SEED}`;
  const random = createRandom(SEED + logHeight);
  const rows = 2 ** logHeight;
  const main = table.mainColumns.map(() => random.words(rows));
  const fixed = table.preprocessedColumns.map(() => random.words(rows));
  const logUp = Array.from({ length: logUpColumnCount(table) }, () => random.words(rows));
  const [alpha, beta, sum, lambda] = [0, 1, 2, 3].map(() => extension.read(random.words(5), 0));
  const challenges = { alpha: alpha!, beta: beta!, sum: sum!, lambda: lambda! };
  const extend = async (columns: Uint32Array[]) => {
    if (columns.length === 0) return undefined;
    const matrix = await uploadColumns(device, rows, columns, 'trace');
    const extended = await extendMatrix(device, matrix, logBlowup, 'extended');
    releaseMatrix(device, matrix);
    return extended;
  };
  const extended = {
    main: (await extend(main))!,
    preprocessed: await extend(fixed),
    logUp: await extend(logUp),
  };
  const quotient = await computeQuotient(
    device,
    table,
    generateProgram(table, 'constraints'),
    logHeight,
    extended,
    samplePublicWords,
    challenges,
  );
  const columns = await readColumns(device, quotient);
  const expected = referenceQuotient(
    table,
    fixed,
    main,
    logUp,
    samplePublicWords,
    challenges,
    challenges.sum,
    challenges.lambda,
  );
  assert.equal(columns.length, 10, message);
  for (const [index, values] of expected.entries()) {
    let shift = 1;
    const shifted = inverse(values, logHeight).map((coefficient) => {
      const word = multiply(coefficient, shift);
      shift = multiply(shift, GENERATOR);
      return word;
    });
    const wrong = shifted.findIndex((word, row) => word !== columns[index]![row]);
    assert.equal(wrong, -1, `${message}: column ${index}, coefficient ${wrong}`);
  }
  for (const matrix of [quotient, extended.main, extended.preprocessed, extended.logUp])
    if (matrix) releaseMatrix(device, matrix);
}

describe('quotient chunks', () => {
  for (const robustness of ROBUSTNESS) {
    it(`equal the reference, robustness ${robustness}`, async () => {
      const device = await openTestDevice({ robustness });
      for (const logHeight of [2, 3, 6, 9]) await checkQuotient(device, walk, logHeight, 1 + (logHeight % 3));
      await checkQuotient(device, squares, 5, 2);
    });
  }

  it('equal the reference without interactions and with one, two and many', async () => {
    const device = await openTestDevice();
    for (const interactions of [0, 1, 2, 9]) await checkQuotient(device, lookupTable(interactions), 4, 2);
  });

  it('equal the reference when matrices and tiles are cut', async () => {
    const device = await openTestDevice({ bindingLimit: 1 << 15 });
    await checkQuotient(device, walk, 8, 2);
    await checkQuotient(device, walk, 10, 1);
  });

  it('equal the reference for every table of the machine', async () => {
    const device = await openTestDevice();
    for (const table of COLONNADE_MACHINE.tables) await checkQuotient(device, table, 3, 2);
  });

  it('equal the reference for a table of many pieces, with long chains and linear maps', async () => {
    const device = await openTestDevice();
    await checkQuotient(device, permutationTable(), 3, 1);
  });
});
