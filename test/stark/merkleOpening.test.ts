import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { leafBlocks } from '../../stark/leafRow.ts';
import {
  distinctIndices,
  type OpenedTree,
  openingRequest,
  openingSize,
  opensTo,
  packOpening,
} from '../../stark/merkleOpening.ts';
import { buildTree, type LeafMatrix, queryTree, treeCap } from '../../stark/reference/merkle.ts';
import { createRandom } from '../support/random.ts';

interface TreeVectors {
  readonly cases: readonly {
    readonly leafTag: number;
    readonly logCap: number;
    readonly matrices: readonly {
      readonly logRows: number;
      readonly readNext: number;
      readonly columns: readonly (readonly number[])[];
    }[];
    /** From the leaves up, a digest an entry. */
    readonly levels: readonly (readonly (readonly number[])[])[];
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/tree.json', import.meta.url), 'utf8'),
) as TreeVectors;

describe('distinct indices', () => {
  it('are sorted and halve level by level down to the cap', () => {
    assert.deepEqual(distinctIndices([9, 2, 9, 3], 4, 2), [
      [2, 3, 9],
      [1, 4],
      [0, 2],
    ]);
    assert.deepEqual(distinctIndices([5], 3, 3), [[5]]);
  });
});

describe('leaf rows', () => {
  it('hold the blocks read on the next row first, each once', () => {
    const order = (shapes: readonly (readonly [number, number])[]): string[] =>
      leafBlocks(shapes.map(([columns, nextColumns]) => ({ columns, nextColumns }))).map(
        ({ matrix, firstColumn, columns }) => `${matrix}:${firstColumn}+${columns}`,
      );
    assert.deepEqual(order([]), []);
    assert.deepEqual(order([[9, 0]]), ['0:0+8', '0:8+1']);
    assert.deepEqual(
      order([
        [3, 3],
        [17, 8],
        [16, 0],
        [20, 16],
      ]),
      ['0:0+3', '1:0+8', '3:0+8', '3:8+8', '1:8+8', '1:16+1', '2:0+8', '2:8+8', '3:16+4'],
    );
  });

  it('make the trees of a second implementation', () => {
    for (const { leafTag, logCap, matrices, levels } of vectors.cases) {
      const leaves = matrices.map(({ logRows, readNext, columns }) => ({
        logRows,
        columns: columns.map((column) => Uint32Array.from(column)),
        nextColumns: Math.min(columns.length, 8 * Math.ceil(readNext / 8)),
      }));
      const tree = buildTree(leaves, leafTag, logCap);
      assert.deepEqual(
        tree.levels.map((level) => [...level]),
        levels.map((level) => level.flat()),
        `leaf tag ${leafTag}`,
      );
    }
  });
});

describe('pruned openings', () => {
  it('lead to the cap for awkward trees and index sets, with the sizes that are predicted', () => {
    const random = createRandom(8);
    for (let trial = 0; trial < 60; trial++) {
      const logCap = random.below(3);
      const matrixCount = 1 + random.below(4);
      const matrices = Array.from({ length: matrixCount }, (): LeafMatrix => {
        const logRows = logCap + random.below(5);
        const columns = 1 + random.below(20);
        return {
          logRows,
          columns: Array.from({ length: columns }, () => random.words(2 ** logRows)),
          nextColumns: Math.min(columns, 8 * random.below(3)),
        };
      });
      const tallest = Math.max(...matrices.map(({ logRows }) => logRows));
      const opened: OpenedTree = {
        leafTag: 1 + random.below(5),
        logCap,
        matrices: matrices.map(({ columns, ...matrix }) => ({ ...matrix, columns: columns.length })),
      };
      const tree = buildTree(matrices, opened.leafTag, logCap);
      const queries = Array.from({ length: 1 + random.below(2 ** tallest + 3) }, () =>
        random.below(2 ** tallest),
      );
      const indices = distinctIndices(queries, tallest, logCap);
      const opening = packOpening(queryTree(tree, matrices, openingRequest(opened, indices)));
      assert.ok(opensTo(opened, treeCap(tree), indices, opening), `trial ${trial}`);
      const size = openingSize(opened, (logRows) => indices[tallest - logRows]!.length);
      assert.deepEqual(size, { rowWords: opening.rows.length, nodeCount: opening.nodes.length / 8 });
      const other = { ...opened, leafTag: opened.leafTag + 1 };
      assert.ok(!opensTo(other, treeCap(tree), indices, opening), `tag, trial ${trial}`);
    }
  });

  it('hold no sibling when every leaf is opened', () => {
    const matrices = [{ logRows: 3, columns: [createRandom(1).words(8)], nextColumns: 0 }];
    const opened: OpenedTree = {
      leafTag: 5,
      logCap: 0,
      matrices: [{ logRows: 3, columns: 1, nextColumns: 0 }],
    };
    const indices = distinctIndices([0, 1, 2, 3, 4, 5, 6, 7], 3, 0);
    assert.equal(openingRequest(opened, indices).nodes.length, 0);
    const opening = packOpening(
      queryTree(buildTree(matrices, 5, 0), matrices, openingRequest(opened, indices)),
    );
    assert.ok(opensTo(opened, treeCap(buildTree(matrices, 5, 0)), indices, opening));
  });
});
