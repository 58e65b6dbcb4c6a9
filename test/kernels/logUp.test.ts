import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComputeDevice } from '../../kernels/device.ts';
import { generateProgram } from '../../kernels/generate/program.ts';
import { computeLogUp, computeLogUps } from '../../kernels/logUp.ts';
import { readColumns, releaseMatrix, uploadColumns } from '../../kernels/matrix.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { TableAir } from '../../stark/air/air.ts';
import * as extension from '../../stark/field/extension.ts';
import { referenceLogUp } from '../../stark/reference/logUp.ts';
import {
  lookupTable,
  samplePublicWords,
  sampleSystem,
  sampleTraces,
  squares,
  walk,
} from '../support/airSamples.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 31;

/** Compares the columns and the sum on random words. */
async function checkLogUp(device: ComputeDevice, table: TableAir, logHeight: number): Promise<void> {
  const message = `${table.name} at height 2^${logHeight}, seed ${SEED}`;
  const random = createRandom(SEED + logHeight);
  const rows = 2 ** logHeight;
  const main = table.mainColumns.map(() => random.words(rows));
  const fixed = table.preprocessedColumns.map(() => random.words(rows));
  const challenges = {
    alpha: extension.read(random.words(5), 0),
    beta: extension.read(random.words(5), 0),
  };
  const usedBefore = device.arena.gauge().usedBytes;
  const mainMatrix = await uploadColumns(device, rows, main, 'main');
  const fixedMatrix = fixed.length > 0 ? await uploadColumns(device, rows, fixed, 'fixed') : undefined;
  const program = generateProgram(table, 'interactions');
  const { matrix, sum } = await computeLogUp(device, {
    table,
    program,
    preprocessed: fixedMatrix,
    main: mainMatrix,
    publicWords: samplePublicWords,
    challenges,
  });
  const expected = referenceLogUp(table, fixed, main, samplePublicWords, challenges);
  assert.deepEqual(sum, expected.sum, `${message}: sum`);
  const columns = await readColumns(device, matrix);
  assert.equal(columns.length, expected.columns.length, message);
  for (const [index, column] of expected.columns.entries()) {
    const wrong = column.findIndex((word, row) => word !== columns[index]![row]);
    assert.equal(wrong, -1, `${message}: column ${index}, row ${wrong}`);
  }
  releaseMatrix(device, matrix);
  releaseMatrix(device, mainMatrix);
  if (fixedMatrix) releaseMatrix(device, fixedMatrix);
  const kept = device.arena.gauge().usedBytes - usedBefore;
  assert.ok(kept <= 4096, `${message}: ${kept} bytes are not given back`);
}

describe('LogUp columns', () => {
  for (const robustness of ROBUSTNESS) {
    it(`equal the reference, robustness ${robustness}`, async () => {
      const device = await openTestDevice({ robustness });
      for (const logHeight of [2, 3, 5, 6, 7, 10]) await checkLogUp(device, walk, logHeight);
      for (const logHeight of [3, 9]) await checkLogUp(device, squares, logHeight);
    });
  }

  it('equal the reference for every table of the machine', async () => {
    const device = await openTestDevice();
    for (const table of COLONNADE_MACHINE.tables) await checkLogUp(device, table, 4);
  });

  it('equal the reference for one, two and many interactions, constants and selectors', async () => {
    const device = await openTestDevice();
    for (const interactions of [1, 2, 3, 9]) await checkLogUp(device, lookupTable(interactions), 6);
  });

  it('equal the reference when matrices and tiles are cut', async () => {
    const device = await openTestDevice({ bindingLimit: 1 << 14 });
    await checkLogUp(device, walk, 9);
    await checkLogUp(device, walk, 12);
  });

  it('of a valid trace add up to zero over all tables', async () => {
    const device = await openTestDevice();
    const { traces, preprocessed } = sampleTraces(7);
    const challenges = { alpha: [5, 4, 3, 2, 1], beta: [1, 2, 3, 4, 5] } as const;
    const requests = await Promise.all(
      sampleSystem.tables.map(async (table, slot) => {
        const { columns, logHeight } = traces[slot]!;
        return {
          table,
          program: generateProgram(table, 'interactions'),
          main: await uploadColumns(device, 2 ** logHeight, columns, 'main'),
          preprocessed: await uploadColumns(device, 2 ** logHeight, preprocessed[slot]!, 'fixed'),
          publicWords: samplePublicWords,
          challenges,
        };
      }),
    );
    const { reads } = device.queue.statistics;
    const together = await computeLogUps(device, requests);
    assert.equal(device.queue.statistics.reads - reads, 1, 'one readback for all tables');
    let total = extension.ZERO;
    for (const [slot, { matrix, sum }] of together.entries()) {
      assert.notDeepEqual(sum, extension.ZERO, requests[slot]!.table.name);
      const alone = await computeLogUp(device, requests[slot]!);
      assert.deepEqual(sum, alone.sum);
      assert.deepEqual(await readColumns(device, matrix), await readColumns(device, alone.matrix));
      total = extension.add(total, sum);
    }
    assert.deepEqual(total, extension.ZERO);
  });
});
