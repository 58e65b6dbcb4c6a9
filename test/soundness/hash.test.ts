/** Group H: provers that exploit hashing and Merkle trees. Each test builds the cheat and a control that passes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import {
  distinctIndices,
  type OpenedTree,
  openingRequest,
  opensTo,
  packOpening,
} from '../../stark/merkleOpening.ts';
import type { TreeOpening } from '../../stark/proof/proof.ts';
import { buildTree, type LeafMatrix, leafDigests, queryTree, treeCap } from '../../stark/reference/merkle.ts';
import {
  assertAccepted,
  assertRejected,
  createSetting,
  decodeIn,
  encodeWith,
  NO_GRIND,
  proveIn,
  verdictIn,
  withEntry,
  withWord,
} from '../support/cheating.ts';
import { createRandom } from '../support/random.ts';

const random = createRandom(61);

function matrixOf(logRows: number, columns: number): LeafMatrix {
  const words = Array.from({ length: columns }, () => random.words(2 ** logRows));
  return { logRows, columns: words, nextColumns: 0 };
}

function shapeOf(matrices: readonly LeafMatrix[], logCap: number): OpenedTree {
  return {
    leafTag: 2,
    logCap,
    matrices: matrices.map(({ columns, ...matrix }) => ({ ...matrix, columns: columns.length })),
  };
}

describe('H: hash and Merkle', () => {
  it('H61: rows of other widths do not open, and the padding is zero', async () => {
    const setting = await createSetting(NO_GRIND);
    const proof = decodeIn(setting, await proveIn(setting));
    assertAccepted(verdictIn(setting, encodeWith(proof, {})));
    // [r] and [r, 0] are one padded block; their widths come from the key, so that no proof can confuse them.
    const [first, ...rest] = proof.treeOpenings;
    const rows = Uint32Array.of(...first!.rows, 0);
    assertRejected(
      verdictIn(setting, encodeWith(proof, { treeOpenings: [{ ...first!, rows }, ...rest] })),
      'TRAILING_BYTES',
    );
    // Every block is a step of the chain, also where it is zero, and the log of the rows is in every leaf.
    const narrow = matrixOf(1, 8);
    const wide = {
      ...narrow,
      columns: [...narrow.columns, ...Array.from({ length: 8 }, () => new Uint32Array(2))],
    };
    assert.notDeepEqual(leafDigests([narrow], 1, 2), leafDigests([wide], 1, 2));
    const taller = {
      ...narrow,
      logRows: 2,
      columns: narrow.columns.map((column) => Uint32Array.of(...column, 0, 0)),
    };
    assert.notDeepEqual(
      leafDigests([narrow], 1, 2).subarray(0, 8),
      leafDigests([taller], 2, 2).subarray(0, 8),
    );
    // Two matrices share a leaf as two padded rows, not as one long row.
    const parts = [
      { ...narrow, columns: narrow.columns.slice(0, 5) },
      { ...narrow, columns: narrow.columns.slice(5) },
    ];
    assert.notDeepEqual(leafDigests([narrow], 1, 2), leafDigests(parts, 1, 2));
  });

  it('H62: a row of 8 or 16 words is no inner node', () => {
    const left = random.words(8);
    const right = random.words(8);
    const asRow = (words: Uint32Array): LeafMatrix => ({
      logRows: 0,
      columns: [...words].map((word) => Uint32Array.of(word)),
      nextColumns: 0,
    });
    const node = compress(left, right);
    assert.notDeepEqual(leafDigests([asRow(Uint32Array.of(...left, ...right))], 0, 2), node);
    assert.notDeepEqual(leafDigests([asRow(right)], 0, 2), node);
    // A leaf in the place of its parent, one level up.
    const matrices = [matrixOf(3, 8)];
    const opened = shapeOf(matrices, 0);
    const tree = buildTree(matrices, 2, 0);
    const indices = distinctIndices([2], 3, 0);
    const opening = packOpening(queryTree(tree, matrices, openingRequest(opened, indices)));
    assert.ok(opensTo(opened, treeCap(tree), indices, opening));
    const leafAsCap = tree.levels[0]!.slice(16, 24);
    assert.ok(!opensTo(opened, leafAsCap, indices, opening));
    const shallow = { ...opened, matrices: [{ logRows: 2, columns: 8, nextColumns: 0 }] };
    const shallowIndices = distinctIndices([1], 2, 0);
    const shallowOpening: TreeOpening = { rows: opening.rows, nodes: opening.nodes.subarray(8) };
    assert.ok(!opensTo(shallow, treeCap(tree), shallowIndices, shallowOpening));
  });

  it('H63: all 8 words of every digest count', async () => {
    const matrices = [matrixOf(4, 3), matrixOf(2, 9)];
    const opened = shapeOf(matrices, 1);
    const tree = buildTree(matrices, 2, 1);
    const indices = distinctIndices([1, 6, 12], 4, 1);
    const opening = packOpening(queryTree(tree, matrices, openingRequest(opened, indices)));
    const cap = treeCap(tree);
    assert.ok(opensTo(opened, cap, indices, opening));
    for (let word = 0; word < cap.length; word++)
      assert.ok(!opensTo(opened, withWord(cap, word), indices, opening), `cap word ${word}`);
    for (let word = 0; word < opening.nodes.length; word++)
      assert.ok(
        !opensTo(opened, cap, indices, { ...opening, nodes: withWord(opening.nodes, word) }),
        `sibling word ${word}`,
      );
    for (let word = 0; word < opening.rows.length; word++)
      assert.ok(
        !opensTo(opened, cap, indices, { ...opening, rows: withWord(opening.rows, word, MODULUS - 1) }),
        `row word ${word}`,
      );
    // Compress depends on every word of both operands, in every word that it yields.
    const [left, right] = [random.words(8), random.words(8)];
    const digest = compress(left, right);
    for (let word = 0; word < 8; word++) {
      for (const other of [compress(withWord(left, word), right), compress(left, withWord(right, word))])
        assert.ok(other.every((value, index) => value !== digest[index]));
    }
  });

  it('H63: siblings of a proof are bound in all trees', async () => {
    const setting = await createSetting(NO_GRIND);
    const proof = decodeIn(setting, await proveIn(setting));
    assertAccepted(verdictIn(setting, encodeWith(proof, {})));
    for (const [list, reason] of [
      ['treeOpenings', 'TREE_OPENING'],
      ['foldOpenings', 'FOLD_OPENING'],
    ] as const)
      for (const [position, opening] of proof[list].entries())
        for (let word = 0; word < opening.nodes.length; word += 5) {
          const changed = { ...opening, nodes: withWord(opening.nodes, word) };
          assertRejected(
            verdictIn(setting, encodeWith(proof, { [list]: withEntry(proof[list], position, changed) })),
            reason,
          );
        }
  });
});
