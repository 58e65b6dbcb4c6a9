/** Merkle trees on the device against plain TypeScript, exactly, on awkward shapes, with and without chunks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { releaseCodeword, uploadCodeword } from '../../kernels/codeword.ts';
import type { ComputeDevice } from '../../kernels/device.ts';
import { KernelError } from '../../kernels/errors.ts';
import { releaseMatrix, uploadColumns } from '../../kernels/matrix.ts';
import {
  buildCodewordTree,
  buildMatrixTree,
  type GpuTree,
  readCap,
  releaseTree,
} from '../../kernels/merkle.ts';
import { type LeafSource, queryTree } from '../../kernels/treeQuery.ts';
import type { TreeQuery } from '../../stark/backend.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import * as reference from '../../stark/reference/merkle.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 31;
const LEAF_TAG = 2;

interface Shape {
  readonly logRows: number;
  readonly columns: number;
  readonly nextColumns?: number;
}

function randomMatrix({ logRows, columns, nextColumns = 0 }: Shape, seed: number): reference.LeafMatrix {
  const random = createRandom(seed);
  const words = Array.from({ length: columns }, () => random.words(2 ** logRows));
  // The largest and the smallest word are in every matrix.
  words[0]![0] = MODULUS - 1;
  words[0]![words[0]!.length - 1] = 0;
  return { logRows, columns: words, nextColumns };
}

async function digestsOf(
  device: ComputeDevice,
  tree: GpuTree,
  sources: LeafSource[],
): Promise<Uint32Array[]> {
  const nodes = tree.levels.flatMap(({ digests }, level) =>
    Array.from({ length: digests }, (_, index) => ({ level, index })),
  );
  const answer = await queryTree(device, tree, sources, { rows: sources.map(() => []), nodes });
  let start = 0;
  return tree.levels.map(({ digests }) => {
    const level = answer.nodes.slice(start, start + digests).flatMap((digest) => Array.from(digest));
    start += digests;
    return Uint32Array.from(level);
  });
}

async function checkMatrices(device: ComputeDevice, shapes: readonly Shape[], logCap: number): Promise<void> {
  const label = JSON.stringify({ shapes, logCap, SEED });
  const matrices = shapes.map((shape, place) => randomMatrix(shape, SEED + place));
  const expected = reference.buildTree(matrices, LEAF_TAG, logCap);
  const uploaded = await Promise.all(
    matrices.map(async ({ logRows, columns, nextColumns }) => ({
      matrix: await uploadColumns(device, 2 ** logRows, columns, 'test'),
      nextColumns,
    })),
  );
  const tree = await buildMatrixTree(device, uploaded, LEAF_TAG, logCap);
  const sources = uploaded.map(({ matrix }): LeafSource => ({ kind: 'matrix', matrix }));
  assert.deepEqual(await readCap(device, tree), reference.treeCap(expected), label);
  assert.deepEqual(await digestsOf(device, tree, sources), expected.levels, label);
  const random = createRandom(SEED);
  const tallest = Math.max(...shapes.map(({ logRows }) => logRows));
  const indices = [
    ...new Set([0, 2 ** tallest - 1, ...Array.from({ length: 9 }, () => random.below(2 ** tallest))]),
  ];
  const request: TreeQuery = {
    rows: shapes.map(({ logRows }) => [...new Set(indices.map((index) => index >> (tallest - logRows)))]),
    nodes: indices.map((index, place) => {
      const level = place % expected.levels.length;
      return { level, index: index >> level };
    }),
  };
  assert.deepEqual(
    await queryTree(device, tree, sources, request),
    reference.queryTree(expected, matrices, request),
    label,
  );
  releaseTree(device, tree);
  for (const { matrix } of uploaded) releaseMatrix(device, matrix);
  assert.equal(device.arena.gauge().usedBytes, 0, label);
}

async function checkCodeword(
  device: ComputeDevice,
  logLength: number,
  logArity: number,
  logCap: number,
): Promise<void> {
  const label = JSON.stringify({ logLength, logArity, logCap, SEED });
  const words = createRandom(SEED).words(5 * 2 ** logLength);
  const matrix = reference.codewordMatrix(words, logArity);
  const expected = reference.buildTree([matrix], 5, logCap);
  const codeword = await uploadCodeword(device, words, 'test');
  const tree = await buildCodewordTree(device, codeword, logArity, 5, logCap);
  const sources: LeafSource[] = [{ kind: 'cosets', codeword, logArity }];
  assert.deepEqual(await digestsOf(device, tree, sources), expected.levels, label);
  const last = 2 ** (logLength - logArity) - 1;
  const request: TreeQuery = {
    rows: [[...new Set([0, last >> 1, last])]],
    nodes: [{ level: 0, index: last }],
  };
  assert.deepEqual(
    await queryTree(device, tree, sources, request),
    reference.queryTree(expected, [matrix], request),
    label,
  );
  releaseTree(device, tree);
  releaseCodeword(device, codeword);
  assert.equal(device.arena.gauge().usedBytes, 0, label);
}

for (const robustness of ROBUSTNESS) {
  describe(`Merkle trees, robustness ${robustness}`, () => {
    it('hashes single matrices of 1 to 17 columns', async () => {
      const device = await openTestDevice({ robustness });
      for (const columns of [1, 7, 8, 9, 17]) await checkMatrices(device, [{ logRows: 5, columns }], 2);
      for (const logRows of [0, 1, 6, 7, 8]) await checkMatrices(device, [{ logRows, columns: 3 }], 0);
    });

    it('injects shorter matrices at the level of their height', async () => {
      const device = await openTestDevice({ robustness });
      await checkMatrices(
        device,
        [
          { logRows: 3, columns: 9, nextColumns: 8 },
          { logRows: 7, columns: 5 },
          { logRows: 6, columns: 8 },
          { logRows: 7, columns: 17, nextColumns: 16 },
          { logRows: 3, columns: 1, nextColumns: 1 },
        ],
        3,
      );
      await checkMatrices(
        device,
        [7, 5].map((logRows) => ({ logRows, columns: 2 })),
        4,
      );
    });

    it('cuts matrices and levels into chunks of a small binding', async () => {
      for (const bindingLimit of [256, 512, 1024]) {
        const device = await openTestDevice({ robustness, bindingLimit });
        await checkMatrices(
          device,
          [
            { logRows: 6, columns: 17 },
            { logRows: 4, columns: 9, nextColumns: 8 },
            { logRows: 6, columns: 10, nextColumns: 8 },
          ],
          1,
        );
        for (const logArity of [1, 2, 3]) await checkCodeword(device, 7, logArity, 2);
      }
    });

    it('hashes the cosets of codewords', async () => {
      const device = await openTestDevice({ robustness });
      for (const logArity of [1, 2, 3]) {
        await checkCodeword(device, logArity, logArity, 0);
        await checkCodeword(device, 8, logArity, 3);
        await checkCodeword(device, 9, logArity, 6 - logArity);
      }
    });
  });
}

describe('Merkle trees', () => {
  it('refuses shapes and indices that are not there', async () => {
    const device = await openTestDevice();
    const { logRows, columns } = randomMatrix({ logRows: 3, columns: 2 }, SEED);
    const matrix = await uploadColumns(device, 2 ** logRows, columns, 'test');
    const isShapeMismatch = (error: unknown): boolean =>
      error instanceof KernelError && error.code === 'SHAPE_MISMATCH';
    const leaves = [{ matrix, nextColumns: 0 }];
    await assert.rejects(buildMatrixTree(device, leaves, LEAF_TAG, 4), isShapeMismatch);
    await assert.rejects(buildMatrixTree(device, [], LEAF_TAG, 0), isShapeMismatch);
    const tree = await buildMatrixTree(device, leaves, LEAF_TAG, 2);
    const sources: LeafSource[] = [{ kind: 'matrix', matrix }];
    await queryTree(device, tree, sources, { rows: [[7]], nodes: [{ level: 1, index: 3 }] });
    await assert.rejects(queryTree(device, tree, sources, { rows: [[8]], nodes: [] }), isShapeMismatch);
    await assert.rejects(
      queryTree(device, tree, sources, { rows: [[]], nodes: [{ level: 1, index: 4 }] }),
      isShapeMismatch,
    );
    await assert.rejects(
      queryTree(device, tree, sources, { rows: [[]], nodes: [{ level: 2, index: 0 }] }),
      isShapeMismatch,
    );
    await assert.rejects(queryTree(device, tree, sources, { rows: [], nodes: [] }), isShapeMismatch);
  });
});
