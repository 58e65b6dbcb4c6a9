/** Group S: provers that exploit shapes and lengths. Each test builds the cheat and a control that passes. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BackendTree } from '../../stark/backend.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import {
  distinctIndices,
  type OpenedTree,
  openingRequest,
  opensTo,
  packOpening,
} from '../../stark/merkleOpening.ts';
import { encodeProof } from '../../stark/proof/codec.ts';
import type { Proof, TreeOpening } from '../../stark/proof/proof.ts';
import { LEAF_TAG, proofShape } from '../../stark/proof/shape.ts';
import { type PhaseTree, proofTrees } from '../../stark/proof/trees.ts';
import { buildTree, type LeafMatrix, queryTree, treeCap } from '../../stark/reference/merkle.ts';
import { LABEL } from '../../stark/transcript.ts';
import type { RejectionReason } from '../../stark/verifier/rejection.ts';
import {
  assertAccepted,
  assertRejected,
  createCheatingTranscript,
  createSetting,
  decodeIn,
  encodeWith,
  NO_GRIND,
  ONE_QUERY,
  proveIn,
  type Setting,
  settingOf,
  verdictIn,
  withEntry,
} from '../support/cheating.ts';
import { createRandom } from '../support/random.ts';
import { SLOT, toySystem } from '../support/toySystems.ts';

let setting: Setting;
let honest: Uint8Array;
let proof: Proof;

before(async () => {
  setting = await createSetting(NO_GRIND);
  honest = await proveIn(setting);
  proof = decodeIn(setting, honest);
});

const wordAt = (bytes: Uint8Array, index: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * index, true);

function withRawWord(bytes: Uint8Array, index: number, word: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(4 * index, word, true);
  return copy;
}

/** Longer by one zero, shorter by one, empty, and huge. */
function otherLengths(words: Uint32Array): [Uint32Array, RejectionReason][] {
  const longer = new Uint32Array(words.length + 1);
  longer.set(words);
  const huge = new Uint32Array(words.length + 100_000);
  huge.set(words);
  return [
    [longer, 'TRAILING_BYTES'],
    [words.subarray(1), 'TRUNCATED'],
    [new Uint32Array(0), 'TRUNCATED'],
    [huge, 'TRAILING_BYTES'],
  ];
}

describe('S: shapes and lengths', () => {
  it('S16: no vector of a proof can have another length', () => {
    assertAccepted(verdictIn(setting, encodeWith(proof, {})));
    const fields = ['mainCap', 'logUpCap', 'sums', 'quotientCap', 'openings', 'finalPolynomial'] as const;
    for (const field of fields)
      for (const [words, reason] of otherLengths(proof[field]))
        assertRejected(verdictIn(setting, encodeWith(proof, { [field]: words })), reason);
    for (const [layer, cap] of proof.foldCaps.entries())
      for (const [words, reason] of otherLengths(cap))
        assertRejected(
          verdictIn(setting, encodeWith(proof, { foldCaps: withEntry(proof.foldCaps, layer, words) })),
          reason,
        );
    for (const list of ['treeOpenings', 'foldOpenings'] as const)
      for (const [position, opening] of proof[list].entries())
        for (const part of ['rows', 'nodes'] as const)
          for (const [words, reason] of otherLengths(opening[part])) {
            if (words.length === opening[part].length) continue;
            const changed = withEntry<TreeOpening>(proof[list], position, { ...opening, [part]: words });
            assertRejected(verdictIn(setting, encodeWith(proof, { [list]: changed })), reason);
          }
  });

  it('S16: a proof cut at any word is rejected', () => {
    for (let words = 0; words < honest.length / 4; words++)
      assertRejected(verdictIn(setting, honest.subarray(0, 4 * words)), 'TRUNCATED');
    for (const bytes of [1, 2, 3, honest.length - 1])
      assertRejected(verdictIn(setting, honest.subarray(0, bytes)), 'BYTES_NOT_WORDS');
    assertAccepted(verdictIn(setting, honest));
  });

  it('S17: the final polynomial has the length of the profile', () => {
    const coefficients = proof.finalPolynomial;
    const doubled = new Uint32Array(2 * coefficients.length);
    doubled.set(coefficients);
    assertRejected(verdictIn(setting, encodeWith(proof, { finalPolynomial: doubled })), 'TRAILING_BYTES');
    const halved = coefficients.subarray(0, coefficients.length / 2);
    assertRejected(verdictIn(setting, encodeWith(proof, { finalPolynomial: halved })), 'TRUNCATED');
    assertAccepted(verdictIn(setting, honest));
  });

  it('S18: the number and arity of the folds follow from heights and profile', async () => {
    const { foldCaps, foldOpenings } = proof;
    assertRejected(
      verdictIn(
        setting,
        encodeWith(proof, { foldCaps: foldCaps.slice(1), foldOpenings: foldOpenings.slice(1) }),
      ),
      'TRUNCATED',
    );
    assertRejected(
      verdictIn(
        setting,
        encodeWith(proof, {
          foldCaps: [...foldCaps, foldCaps[0]!],
          foldOpenings: [...foldOpenings, foldOpenings[0]!],
        }),
      ),
      'TRAILING_BYTES',
    );
    // With one query all lengths are known: four layers by 2, 2, 2, 2 for three by 2, 2, 4.
    const byFour = await createSetting(ONE_QUERY);
    const byTwo = await createSetting({ ...ONE_QUERY, logFoldArity: 1 });
    const foldedByTwo = await proveIn(byTwo);
    assertAccepted(verdictIn(byTwo, foldedByTwo));
    assertRejected(verdictIn(byFour, foldedByTwo), 'TRAILING_BYTES');
    assertAccepted(verdictIn(byFour, await proveIn(byFour)));
    assertAccepted(verdictIn(setting, honest));
  });

  it('S19: neither zero queries nor one query q times', async () => {
    const zero = encodeWith(proof, { distinctCounts: proof.distinctCounts.map(() => 0) });
    assertRejected(verdictIn(setting, zero), 'QUERY_COUNTS_MALFORMED', { level: 0, got: 0 });
    const transcript = createCheatingTranscript({
      squeeze: (label, words) => (label === LABEL.QUERY ? words.map(() => words[0]!) : words),
    });
    const repeated = await proveIn(setting, { transcript });
    assert.equal(decodeIn(setting, repeated).distinctCounts[0], 1);
    assertRejected(verdictIn(setting, repeated), 'QUERY_COUNTS_WRONG', { got: 1 });
    assertAccepted(verdictIn(setting, honest));
  });

  it('S20: elements cannot move between rows, matrices or leaves', () => {
    const opening = proof.treeOpenings[1]!;
    const swap = (left: number, right: number): Uint8Array => {
      const rows = opening.rows.slice();
      [rows[left], rows[right]] = [rows[right]!, rows[left]!];
      assert.notEqual(rows[left], rows[right]);
      const treeOpenings = withEntry<TreeOpening>(proof.treeOpenings, 1, { ...opening, rows });
      return encodeWith(proof, { treeOpenings });
    };
    const shape = proofShape(toySystem, NO_GRIND, proof.logHeights);
    const trees = proofTrees(shape, NO_GRIND);
    const main = trees.phases[1] as PhaseTree;
    const rowsOf = (logRows: number): number => proof.distinctCounts[trees.logRows - logRows]!;
    // Within a row, between two rows of a matrix, and between the last row of a matrix and the first of the next.
    const walk = main.matrices[0]!;
    const walkWords = walk.columns * rowsOf(walk.logRows);
    for (const [left, right] of [
      [0, 1],
      [walk.columns - 1, walk.columns],
      [walkWords - 1, walkWords],
    ] as const)
      assertRejected(verdictIn(setting, swap(left, right)), 'TREE_OPENING', { tree: 'main' });
    // A row with one word more has no place; a matrix at no points lacks its openings.
    const openings = proof.openings.subarray(DEGREE);
    assertRejected(verdictIn(setting, encodeWith(proof, { openings })), 'TRUNCATED');
    assertAccepted(verdictIn(setting, honest));
  });

  it('S21: a path has its length, a node is no leaf, a shorter matrix its level', () => {
    const random = createRandom(21);
    const matrix = (logRows: number, columns: number): LeafMatrix => ({
      logRows,
      columns: Array.from({ length: columns }, () => random.words(2 ** logRows)),
      nextColumns: 0,
    });
    const matrices = [matrix(4, 3), matrix(2, 9), matrix(4, 8)];
    const opened: OpenedTree = {
      leafTag: 2,
      logCap: 1,
      matrices: matrices.map(({ columns, ...each }) => ({ ...each, columns: columns.length })),
    };
    const indices = distinctIndices([3, 3, 9, 14], 4, 1);
    const answer = (tree: ReturnType<typeof buildTree>): TreeOpening =>
      packOpening(queryTree(tree, matrices, openingRequest(opened, indices)));
    const tree = buildTree(matrices, 2, 1);
    const cap = treeCap(tree);
    assert.ok(opensTo(opened, cap, indices, answer(tree)));
    // The shorter matrix repeated up to the tallest height, hashed at the leaves.
    const repeated = matrices.map(({ logRows, columns, nextColumns }) => ({
      logRows: 4,
      nextColumns,
      columns: columns.map((column) =>
        Uint32Array.from({ length: 16 }, (_, row) => column[row >> (4 - logRows)]!),
      ),
    }));
    const lifted = buildTree(repeated, 2, 1);
    assert.ok(!opensTo(opened, treeCap(lifted), indices, answer(lifted)));
    // The matrices of one height in another order.
    const reordered = buildTree([matrices[2]!, matrices[1]!, matrices[0]!], 2, 1);
    assert.ok(!opensTo(opened, treeCap(reordered), indices, answer(reordered)));
    // A path that is a level shorter: inner nodes in the place of leaves.
    const shorter: OpenedTree = { ...opened, matrices: [{ logRows: 3, columns: 16, nextColumns: 0 }] };
    const innerRows = {
      logRows: 3,
      nextColumns: 0,
      columns: Array.from({ length: 16 }, (_, word) =>
        Uint32Array.from({ length: 8 }, (_unused, node) => tree.levels[0]![16 * node + word]!),
      ),
    };
    const shortIndices = distinctIndices([1, 4, 7], 3, 1);
    const shortOpening = packOpening(
      queryTree({ levels: tree.levels.slice(1) }, [innerRows], openingRequest(shorter, shortIndices)),
    );
    assert.ok(!opensTo(shorter, cap, shortIndices, shortOpening));
    assert.ok(opensTo(opened, cap, indices, answer(tree)));
  });

  it('S21: a tree built otherwise is rejected by the verifier', async () => {
    // The LogUp tree hashes its rows under the tag of the main tree.
    const { backend } = setting;
    const bytes = await proveIn(setting, {
      backend: {
        commit: (matrices, leafTag, logBlowup, logCap) =>
          backend.commit(matrices, leafTag === 3 ? 2 : leafTag, logBlowup, logCap),
      },
    });
    assertRejected(verdictIn(setting, bytes), 'TREE_OPENING', { tree: 'logUp' });
    assertAccepted(verdictIn(setting, honest));
  });

  it('S21: rows of one height hashed in another order are rejected', async () => {
    const { backend } = setting;
    // Main and quotient trees have a row each of `nibble` and `pulse`, which are of one height.
    const [first, second] = [1, 3] as const;
    const exchanged = <Entry>(list: readonly Entry[]): Entry[] =>
      withEntry(withEntry(list, first, list[second]!), second, list[first]!);
    for (const [leafTag, tree] of [
      [LEAF_TAG.main, 'main'],
      [LEAF_TAG.quotient, 'quotient'],
    ] as const) {
      const trees = new Set<BackendTree>();
      const bytes = await proveIn(setting, {
        backend: {
          async commit(matrices, tag, logBlowup, logCap) {
            if (tag !== leafTag) return backend.commit(matrices, tag, logBlowup, logCap);
            const handle = await backend.commit(exchanged(matrices), tag, logBlowup, logCap);
            trees.add(handle);
            return handle;
          },
          // The rows come in the order of the proof.
          async query(handle, request) {
            if (!trees.has(handle)) return backend.query(handle, request);
            const answer = await backend.query(handle, { ...request, rows: exchanged(request.rows) });
            return { ...answer, rows: exchanged(answer.rows) };
          },
        },
      });
      assert.equal(trees.size, 1);
      assertRejected(verdictIn(setting, bytes), 'TREE_OPENING', { tree });
    }
    assertAccepted(verdictIn(setting, honest));
  });

  it('S21: the blocks that are read on the next row come before the others', async () => {
    const { backend } = setting;
    // `pulse` has two blocks, of which the first is read on the next row, and `nibble` beside it one that is not.
    const withNextColumns = (nextColumns: (columns: number, honestly: number) => number) =>
      proveIn(setting, {
        backend: {
          commit: (matrices, leafTag, logBlowup, logCap) =>
            backend.commit(
              matrices.map((each) => ({
                ...each,
                nextColumns: nextColumns(each.matrix.columns, each.nextColumns),
              })),
              leafTag,
              logBlowup,
              logCap,
            ),
        },
      });
    assertAccepted(verdictIn(setting, await withNextColumns((_, honestly) => honestly)));
    for (const order of [() => 0, (columns: number) => (columns === 9 ? columns : 0)])
      assertRejected(verdictIn(setting, await withNextColumns(order)), 'TREE_OPENING', { tree: 'main' });
  });

  it('S22: an opening holds neither duplicates nor spare nodes', () => {
    const { distinctCounts } = proof;
    for (const [level, count] of distinctCounts.entries()) {
      const more = encodeWith(proof, { distinctCounts: withEntry(distinctCounts, level, count + 1) });
      const verdict = verdictIn(setting, more);
      assert.ok(
        !verdict.ok && ['QUERY_COUNTS_MALFORMED', 'TRUNCATED', 'TRAILING_BYTES'].includes(verdict.reason),
      );
    }
    const [first, ...rest] = proof.treeOpenings;
    const nodes = Uint32Array.of(...first!.nodes, ...new Uint32Array(8));
    assertRejected(
      verdictIn(setting, encodeWith(proof, { treeOpenings: [{ ...first!, nodes }, ...rest] })),
      'TRAILING_BYTES',
    );
    assertAccepted(verdictIn(setting, honest));
  });

  it('S22: fewer distinct indices than were sampled, or one of them twice, is rejected', async () => {
    const twoQueries = { ...ONE_QUERY, queries: 2, name: 'TEST_ONLY_TWO_QUERIES' };
    const two = await createSetting(twoQueries);
    // The prover answers its first index for both.
    const transcript = createCheatingTranscript({
      squeeze: (label, words) => (label === LABEL.QUERY ? words.map(() => words[0]!) : words),
    });
    const once = decodeIn(two, await proveIn(two, { transcript }));
    assert.deepEqual(new Set(once.distinctCounts), new Set([1]));
    assertRejected(verdictIn(two, encodeProof(once)), 'QUERY_COUNTS_WRONG', {
      level: 0,
      expected: 2,
      got: 1,
    });
    // The same rows twice, so that the counts are those of two indices; siblings as many as asked for.
    const honestTwo = decodeIn(two, await proveIn(two));
    assert.equal(honestTwo.distinctCounts[0], 2);
    const first = honestTwo.treeOpenings[1]!;
    const columns = toySystem.tables[SLOT.walk]!.mainColumns.length;
    const rows = first.rows.slice();
    rows.copyWithin(columns, 0, columns);
    const duplicated = withEntry<TreeOpening>(honestTwo.treeOpenings, 1, { ...first, rows });
    assertRejected(verdictIn(two, encodeWith(honestTwo, { treeOpenings: duplicated })), 'TREE_OPENING', {
      tree: 'main',
    });
    assertAccepted(verdictIn(two, await proveIn(two)));
  });

  it('S23: heights outside table, profile and field are rejected', () => {
    const heightWord = (slot: number): number => 2 + slot;
    assert.equal(wordAt(honest, heightWord(SLOT.walk)), 6);
    for (const word of [1, 2, 14, 22, 25, 26, 33, 2 ** 31, 2 ** 32 - 1])
      assertRejected(
        verdictIn(setting, withRawWord(honest, heightWord(SLOT.walk), word)),
        'HEIGHT_OUT_OF_RANGE',
        { table: 'walk', atLeast: 2, atMost: 12, got: word - 1 },
      );
    assertRejected(verdictIn(setting, withRawWord(honest, heightWord(SLOT.walk), 0)), 'TABLE_MISSING');
    assertRejected(verdictIn(setting, withRawWord(honest, heightWord(SLOT.nibble), 6)), 'HEIGHT_NOT_OF_KEY', {
      table: 'nibble',
      expected: 4,
      got: 5,
    });
    assertAccepted(verdictIn(setting, honest));
  });

  it('S23: a proof of no table at all is rejected', async () => {
    const tables = toySystem.tables.slice(3);
    const pulse = await settingOf(
      {
        system: { ...toySystem, tables },
        statement: setting.instance.statement,
        preprocessed: [undefined],
        traces: setting.instance.traces.slice(3),
      },
      NO_GRIND,
    );
    const bytes = await proveIn(pulse);
    assertAccepted(verdictIn(pulse, bytes));
    assertRejected(verdictIn(pulse, withRawWord(bytes, 2, 0)), 'NO_TABLES');
  });

  it('S24: a table without interactions has no sum', async () => {
    // A sum for `pulse`, or one for every table.
    const withPulse = Uint32Array.of(...proof.sums, 0, 0, 0, 0, 0);
    assert.equal(proof.sums.length, 3 * DEGREE);
    assertRejected(verdictIn(setting, encodeWith(proof, { sums: withPulse })), 'TRAILING_BYTES');
    // Without `square`, its sum is not there either.
    const absent = await createSetting(NO_GRIND, { walk: 4, square: undefined, pulse: 4 });
    const bytes = await proveIn(absent);
    assertAccepted(verdictIn(absent, bytes));
    assert.equal(decodeIn(absent, bytes).sums.length, 2 * DEGREE);
  });

  it('S25: a proof has one encoding', () => {
    const trailing = (count: number): Uint8Array => {
      const longer = new Uint8Array(honest.length + count);
      longer.set(honest);
      return longer;
    };
    for (const count of [1, 2, 3]) assertRejected(verdictIn(setting, trailing(count)), 'BYTES_NOT_WORDS');
    for (const count of [4, 32, 4000]) assertRejected(verdictIn(setting, trailing(count)), 'TRAILING_BYTES');
    // Every word of the body plus p.
    const bodyStart = 2 + toySystem.tables.length + proof.distinctCounts.length;
    for (let index = bodyStart; index < honest.length / 4; index++) {
      const word = wordAt(honest, index) + MODULUS;
      if (word >= 2 ** 32) continue;
      assertRejected(verdictIn(setting, withRawWord(honest, index, word)), 'NOT_CANONICAL', {
        wordIndex: index,
      });
    }
    for (let index = 2; index < bodyStart; index++) {
      const verdict = verdictIn(setting, withRawWord(honest, index, wordAt(honest, index) + MODULUS));
      assertRejected(verdict, index < 6 ? 'HEIGHT_OUT_OF_RANGE' : 'QUERY_COUNTS_MALFORMED');
    }
    assertRejected(verdictIn(setting, withRawWord(honest, 0, 0)), 'BAD_MAGIC');
    for (const version of [0, 1, 3])
      assertRejected(verdictIn(setting, withRawWord(honest, 1, version)), 'BAD_VERSION', {
        expected: 2,
        got: version,
      });
    // A view into a larger buffer, at an odd offset, is the same proof.
    const shifted = new Uint8Array(honest.length + 5);
    shifted.set(honest, 3);
    assertAccepted(verdictIn(setting, shifted.subarray(3, 3 + honest.length)));
    assert.deepEqual(encodeWith(proof, {}), honest);
  });
});
