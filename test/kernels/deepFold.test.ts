/** DEEP combination and FRI folds on the device against plain TypeScript, exactly. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCodeword, releaseCodeword, uploadCodeword } from '../../kernels/codeword.ts';
import { type DeepTerms, deepCombination } from '../../kernels/deep.ts';
import type { ComputeDevice } from '../../kernels/device.ts';
import { KernelError } from '../../kernels/errors.ts';
import { foldCodeword } from '../../kernels/fold.ts';
import { type GpuMatrix, releaseMatrix, uploadColumns } from '../../kernels/matrix.ts';
import { DEGREE, type Extension, read } from '../../stark/field/extension.ts';
import * as reference from '../../stark/reference/deep.ts';
import { foldCodeword as foldReference } from '../../stark/reference/fold.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom, type Random } from '../support/random.ts';

const SEED = 77;

function randomExtensions(random: Random, count: number): Extension[] {
  return Array.from({ length: count }, () => read(random.words(DEGREE), 0));
}

interface DeepShape {
  readonly columns: number;
  readonly nextColumns: number;
}

async function checkDeep(
  device: ComputeDevice,
  logHeight: number,
  logBlowup: number,
  shapes: readonly DeepShape[],
): Promise<void> {
  const label = JSON.stringify({ logHeight, logBlowup, shapes, SEED });
  const random = createRandom(SEED);
  const rows = 2 ** (logHeight + logBlowup);
  const [zeta] = randomExtensions(random, 1);
  // Values need not be the columns' own openings: the kernel only combines them.
  const terms = shapes.map(({ columns, nextColumns }) => ({
    columns: Array.from({ length: columns }, () => random.words(rows)),
    weights: randomExtensions(random, columns),
    values: randomExtensions(random, columns),
    nextWeights: randomExtensions(random, nextColumns),
    nextValues: randomExtensions(random, nextColumns),
  }));
  const matrices: (DeepTerms & { readonly matrix: GpuMatrix })[] = [];
  for (const { columns, ...rest } of terms) {
    matrices.push({ matrix: await uploadColumns(device, rows, columns, 'test'), ...rest });
  }
  const codeword = await deepCombination(device, logHeight, logBlowup, zeta!, matrices);
  assert.deepEqual(
    await readCodeword(device, codeword),
    reference.deepCombination(logHeight, logBlowup, zeta!, terms),
    label,
  );
  releaseCodeword(device, codeword);
  for (const { matrix } of matrices) releaseMatrix(device, matrix);
  assert.equal(device.arena.gauge().usedBytes, 0, label);
}

async function checkFold(
  device: ComputeDevice,
  logLength: number,
  logArity: number,
  hasRollIn: boolean,
): Promise<void> {
  const label = JSON.stringify({ logLength, logArity, hasRollIn, SEED });
  const random = createRandom(SEED + logLength);
  const words = random.words(DEGREE * 2 ** logLength);
  const rolled = hasRollIn ? random.words(DEGREE * 2 ** (logLength - logArity)) : undefined;
  const [beta] = randomExtensions(random, 1);
  const source = await uploadCodeword(device, words, 'test');
  const rollIn = rolled && (await uploadCodeword(device, rolled, 'test'));
  const folded = await foldCodeword(device, source, logArity, beta!, rollIn);
  assert.deepEqual(await readCodeword(device, folded), foldReference(words, logArity, beta!, rolled), label);
  for (const codeword of [source, folded, ...(rollIn ? [rollIn] : [])]) releaseCodeword(device, codeword);
  assert.equal(device.arena.gauge().usedBytes, 0, label);
}

for (const robustness of ROBUSTNESS) {
  describe(`DEEP combination and folds, robustness ${robustness}`, () => {
    it('combines matrices of awkward widths', async () => {
      const device = await openTestDevice({ robustness });
      for (const columns of [1, 7, 8, 9, 17]) {
        await checkDeep(device, 4, 2, [{ columns, nextColumns: Math.min(columns, 8) }]);
      }
      await checkDeep(device, 0, 1, [{ columns: 2, nextColumns: 2 }]);
      await checkDeep(device, 6, 1, [
        { columns: 9, nextColumns: 0 },
        { columns: 17, nextColumns: 16 },
        { columns: 10, nextColumns: 5 },
      ]);
    });

    it('leaves out the next point when no matrix has next columns', async () => {
      const device = await openTestDevice({ robustness });
      await checkDeep(device, 4, 3, [
        { columns: 3, nextColumns: 0 },
        { columns: 8, nextColumns: 0 },
      ]);
    });

    it('folds by 2, 4 and 8, with and without a roll-in', async () => {
      const device = await openTestDevice({ robustness });
      for (const logArity of [1, 2, 3]) {
        for (const logLength of [logArity, 4, 7, 9]) {
          await checkFold(device, logLength, logArity, false);
          await checkFold(device, logLength, logArity, true);
        }
      }
    });

    it('cuts codewords into chunks of a small binding', async () => {
      for (const bindingLimit of [256, 1024]) {
        const device = await openTestDevice({ robustness, bindingLimit });
        await checkDeep(device, 4, 2, [
          { columns: 9, nextColumns: 8 },
          { columns: 3, nextColumns: 0 },
        ]);
        for (const logArity of [1, 2, 3]) await checkFold(device, 7, logArity, true);
      }
    });
  });
}

describe('DEEP combination and folds', () => {
  it('refuse shapes that do not fit', async () => {
    const device = await openTestDevice();
    const random = createRandom(SEED);
    const [beta] = randomExtensions(random, 1);
    const source = await uploadCodeword(device, random.words(DEGREE * 8), 'test');
    const isShapeMismatch = (error: unknown): boolean =>
      error instanceof KernelError && error.code === 'SHAPE_MISMATCH';
    await foldCodeword(device, source, 3, beta!, undefined);
    await assert.rejects(foldCodeword(device, source, 4, beta!, undefined), isShapeMismatch);
    await assert.rejects(foldCodeword(device, source, 0, beta!, undefined), isShapeMismatch);
    await assert.rejects(foldCodeword(device, source, 1, beta!, source), isShapeMismatch);
    const matrix = await uploadColumns(device, 8, [random.words(8)], 'test');
    const terms = { matrix, weights: [beta!], values: [beta!], nextWeights: [], nextValues: [] };
    await deepCombination(device, 2, 1, beta!, [terms]);
    await assert.rejects(deepCombination(device, 3, 1, beta!, [terms]), isShapeMismatch);
    await assert.rejects(deepCombination(device, 2, 1, beta!, []), isShapeMismatch);
    await assert.rejects(deepCombination(device, 2, 1, beta!, [{ ...terms, values: [] }]), isShapeMismatch);
  });
});
