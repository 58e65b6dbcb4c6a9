/** The choice between forms of a kernel: that it is made, told, kept and followed; never which one it is. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { calibrate } from '../../kernels/calibrate.ts';
import type { ComputeDevice, TransformForm } from '../../kernels/device.ts';
import { readColumns, uploadColumns } from '../../kernels/matrix.ts';
import { extendMatrix, TRANSFORM_FORMS } from '../../kernels/ntt.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SHADER = { tiles: 'nttPass', registers: 'nttButterflies' } as const;

async function extend(device: ComputeDevice): Promise<Uint32Array[]> {
  const matrix = await uploadColumns(device, 2 ** 6, [createRandom(3).words(2 ** 6)], 'trace');
  return await readColumns(device, await extendMatrix(device, matrix, 2, 'extension'));
}

const shadersOf = (device: ComputeDevice): string[] =>
  TRANSFORM_FORMS.map((form) => SHADER[form]).filter((shader) => device.pipelines.compileSeconds.has(shader));

for (const robustness of ROBUSTNESS) {
  it(`is measured once, told by the adapter and leaves nothing behind, robustness ${robustness}`, async () => {
    const device = await openTestDevice({ robustness });
    assert.equal(device.adapter.calibration, undefined);
    const usedBefore = device.arena.gauge().usedBytes;
    const calibration = await calibrate(device);
    assert.ok(TRANSFORM_FORMS.includes(calibration.transform));
    for (const form of TRANSFORM_FORMS) assert.ok(calibration.elementsPerSecond[form] > 0, form);
    assert.equal(device.adapter.calibration, calibration);
    assert.equal(device.transformForm(), calibration.transform);
    assert.equal(device.arena.gauge().usedBytes, usedBefore);
    assert.equal(device.cache.size, 0);

    const again = await openTestDevice({ robustness });
    assert.equal(await calibrate(again), calibration);
    assert.deepEqual(shadersOf(again), [], 'the second device measures nothing');
  });
}

it('decides which shader runs, not which words come out', async () => {
  const words: Uint32Array[][] = [];
  for (const transform of TRANSFORM_FORMS) {
    const device = await openTestDevice();
    device.adopt({ transform, elementsPerSecond: { tiles: 1, registers: 1 }, seconds: 0 });
    words.push(await extend(device));
    assert.deepEqual(shadersOf(device), [SHADER[transform]]);
  }
  assert.deepEqual(words[0], words[1]);
});

it('is the usual form of the kind of adapter before anything is measured', async () => {
  const device = await openTestDevice();
  const usual: TransformForm = device.adapter.isSoftware ? 'registers' : 'tiles';
  assert.equal(device.transformForm(), usual);
});
