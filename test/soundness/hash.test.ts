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
import { LABEL } from '../../stark/transcript.ts';
import {
  assertAccepted,
  assertRejected,
  createCheatingTranscript,
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

  it('H62: only the heights say which level holds a row: they are bound before any cap', async () => {
    // A row injected one level higher: row and sibling change places in the path, and lead to the same cap.
    const matrices = [matrixOf(3, 8), matrixOf(2, 8)];
    const opened = shapeOf(matrices, 0);
    const tree = buildTree(matrices, 2, 0);
    const indices = distinctIndices([0], 3, 0);
    const { rows, nodes } = packOpening(queryTree(tree, matrices, openingRequest(opened, indices)));
    assert.ok(opensTo(opened, treeCap(tree), indices, { rows, nodes }));
    const other = shapeOf([matrixOf(3, 8), matrixOf(1, 8)], 0);
    const exchanged: TreeOpening = {
      rows: Uint32Array.of(...rows.subarray(0, 8), ...nodes.subarray(8, 16)),
      nodes: Uint32Array.of(...nodes.subarray(0, 8), ...rows.subarray(8), ...nodes.subarray(16)),
    };
    assert.ok(opensTo(other, treeCap(tree), indices, exchanged));
    assert.ok(!opensTo(opened, treeCap(tree), indices, exchanged));
    // So a verifier that did not bind the heights first would accept two meanings of one cap.
    const setting = await createSetting(NO_GRIND);
    const unbound = createCheatingTranscript({
      absorb: (label, words) => (label === LABEL.HEIGHTS ? undefined : words),
    });
    assertRejected(verdictIn(setting, await proveIn(setting, { transcript: unbound })), 'QUOTIENT_MISMATCH');
    assertAccepted(verdictIn(setting, await proveIn(setting)));
  });

  it('H62: neither the leaf rows of version 1 nor a chain of its own make a node', () => {
    const matrices = [matrixOf(2, 8), matrixOf(1, 9)];
    const opened = shapeOf(matrices, 0);
    const tree = buildTree(matrices, 2, 0);
    const indices = distinctIndices([0], 2, 0);
    const opening = packOpening(queryTree(tree, matrices, openingRequest(opened, indices)));
    assert.ok(opensTo(opened, treeCap(tree), indices, opening));
    const blocks = (row: Uint32Array): Uint32Array[] => [
      row.slice(0, 8),
      ...(row.length > 8 ? [Uint32Array.of(...row.subarray(8), ...new Uint32Array(16 - row.length))] : []),
    ];
    const chain = (state: Uint32Array, row: Uint32Array): Uint32Array => blocks(row).reduce(compress, state);
    const start = (...words: number[]): Uint32Array =>
      Uint32Array.of(...words, ...new Uint32Array(8 - words.length));
    const [leafRow, shortRow] = [opening.rows.slice(0, 8), opening.rows.slice(8)];
    const [sibling, uncle] = [opening.nodes.slice(0, 8), opening.nodes.slice(8)];
    const capOf = (leafStart: Uint32Array, join: (node: Uint32Array) => Uint32Array): Uint32Array =>
      compress(join(compress(chain(leafStart, leafRow), sibling)), uncle);
    assert.deepEqual(
      capOf(start(2, 2), (node) => chain(node, shortRow)),
      treeCap(tree),
    );
    for (const cap of [
      capOf(start(2, 2, 8), (node) => chain(node, shortRow)),
      capOf(start(2, 2), (node) => compress(node, chain(start(2, 1), shortRow))),
      capOf(start(2, 2), (node) => compress(node, chain(start(2, 1, 16), shortRow))),
      capOf(start(2, 2), (node) => chain(chain(node, shortRow), new Uint32Array(8))),
    ])
      assert.ok(!opensTo(opened, cap, indices, opening));
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
