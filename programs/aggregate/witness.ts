/**
 * What the aggregate program is told about its children: the messages of each proof, its rows, and the paths of every
 * query, expanded from the pruned openings by the functions that the native verifier uses. Hints prove nothing; of a proof
 * that does not verify, they are as good as the proof.
 * Source: docs/spec/recursion.md, section Hints.
 */
import type { HintFunctions } from '../../machine/program.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { inverse, multiply } from '../../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { keyDigest, type VerifyingKey } from '../../stark/keys.ts';
import { distinctIndices, type OpenedTree, opensTo, tallestLogRows } from '../../stark/merkleOpening.ts';
import { profileDigest } from '../../stark/profile.ts';
import { decodeProof } from '../../stark/proof/codec.ts';
import type { Proof, TreeOpening } from '../../stark/proof/proof.ts';
import { blocksOf, type LogHeights } from '../../stark/proof/shape.ts';
import type { ProofTrees } from '../../stark/proof/trees.ts';
import { createTranscript, LABEL } from '../../stark/transcript.ts';
import { replayTranscript } from '../../stark/verifier/challenges.ts';
import type { Rejection } from '../../stark/verifier/rejection.ts';
import { entriesDigest, type InnerEntry } from './aggregateStatement.ts';
import type { ChildShape } from './childShape.ts';
import { HINT } from './hintNames.ts';

/** Bits of a canonical word. */
const WORD_BITS = 31;

/** A proof to be aggregated, and what it shows. */
export interface Child {
  readonly key: VerifyingKey;
  readonly statement: Uint32Array;
  readonly proofBytes: Uint8Array;
  /** What lies below a proof of the aggregate program under its own key; undefined for a leaf. */
  readonly inner: InnerEntry | undefined;
}

export interface ChildWitness {
  /** Among the shapes of the program. */
  readonly shapeNumber: number;
  readonly keyDigest: Uint32Array;
  readonly preprocessedCap: Uint32Array;
  readonly logHeights: LogHeights;
  readonly statement: Uint32Array;
  readonly innerDigest: Uint32Array | undefined;
  readonly proof: Proof;
  /** Log of the number of indices. */
  readonly logRows: number;
  /** One a phase tree, then one a fold layer. */
  readonly trees: readonly TreeWitness[];
}

/** What the queries find in one tree; zeros where the proof opens nothing. */
interface TreeWitness {
  /** The padded leaf row at an index of 2^logRows. */
  leafRow(logRows: number, index: number): Uint32Array;
  /** The siblings of the nodes above an index of 2^logRows, up to below 2^nextLogRows nodes. */
  siblings(logRows: number, nextLogRows: number, index: number): Uint32Array;
}

/** The program was not built for children of this machine, profile and heights. */
export interface ShapeNotOffered {
  readonly ok: false;
  readonly reason: 'SHAPE_NOT_OFFERED';
  readonly details: Readonly<Record<string, string | number>>;
}

export type Witnessed = { readonly ok: true; readonly witness: ChildWitness } | Rejection | ShapeNotOffered;

/**
 * The witness of a child for the program that verifies these shapes; a rejection when its bytes are no proof under its key, or
 * one of no such shape.
 */
export function childWitness(
  shapes: readonly ChildShape[],
  { key, statement, proofBytes, inner }: Child,
): Witnessed {
  const decoded = decodeProof(proofBytes, key);
  if (!decoded.ok) return decoded;
  const { proof, shape, trees } = decoded;
  const shapeNumber = shapes.findIndex((each) => fits(each, key, shape.logHeights));
  if (shapeNumber < 0) return { ok: false, reason: 'SHAPE_NOT_OFFERED', details: {} };
  const digest = keyDigest(key);
  const replayed = replayTranscript(createTranscript(), digest, statement, proof, shape, trees, key.profile);
  const { logCap } = key.profile;
  const sampled = distinctIndices(replayed.ok ? replayed.challenges.queryIndices : [], trees.logRows, logCap);
  // Openings of other indices than the sampled ones, or of a proof without its proofs of work, answer no query: the
  // program stops at the first query, or before.
  const isAnswered = sampled.every(({ length }, level) => length === proof.distinctCounts[level]);
  const indices = isAnswered ? sampled : distinctIndices([], trees.logRows, logCap);
  const openings = [...proof.treeOpenings, ...proof.foldOpenings];
  return {
    ok: true,
    witness: {
      shapeNumber,
      keyDigest: digest,
      preprocessedCap: key.preprocessedCap,
      logHeights: shape.logHeights,
      statement,
      innerDigest: inner === undefined ? undefined : entriesDigest(inner.entries),
      proof,
      logRows: trees.logRows,
      trees: [...trees.phases, ...trees.folds].map((tree, position) =>
        treeWitness(tree, indices, trees, openings[position]!),
      ),
    },
  };
}

function fits(child: ChildShape, key: VerifyingKey, logHeights: LogHeights): boolean {
  const isSame = (left: Uint32Array, right: Uint32Array): boolean =>
    left.every((word, index) => word === right[index]);
  return (
    child.logHeights.length === logHeights.length &&
    child.logHeights.every((logHeight, slot) => logHeight === logHeights[slot]) &&
    isSame(profileDigest(child.profile), profileDigest(key.profile)) &&
    isSame(machineDigest(child.system), machineDigest(key.system))
  );
}

function treeWitness(
  tree: OpenedTree,
  indices: readonly (readonly number[])[],
  trees: ProofTrees,
  opening: TreeOpening,
): TreeWitness {
  const tallest = tallestLogRows(tree);
  const depth = tallest - tree.logCap;
  const indicesAt = (logRows: number): readonly number[] => indices[trees.logRows - logRows] ?? [];
  const leafRows = new Map<number, Map<number, Uint32Array>>();
  let offset = 0;
  for (const { logRows, columns } of tree.matrices) {
    const rows = leafRows.get(logRows) ?? new Map<number, Uint32Array>();
    leafRows.set(logRows, rows);
    for (const index of indicesAt(logRows)) {
      const before = rows.get(index) ?? new Uint32Array(0);
      const row = new Uint32Array(before.length + blocksOf(columns) * DIGEST_WORDS);
      row.set(before);
      row.set(opening.rows.subarray(offset, offset + columns), before.length);
      rows.set(index, row);
      offset += columns;
    }
  }

  const digests = Array.from({ length: depth }, () => new Map<number, Uint32Array>());
  opensTo(
    tree,
    new Uint32Array(DIGEST_WORDS << tree.logCap),
    indices.slice(trees.logRows - tallest),
    opening,
    (level, index, digest) => digests[level]!.set(index, digest),
  );
  const noDigest = new Uint32Array(DIGEST_WORDS);
  return {
    leafRow(logRows, index) {
      const row = leafRows.get(logRows)?.get(index);
      if (row) return row;
      const blocks = tree.matrices
        .filter((matrix) => matrix.logRows === logRows)
        .reduce((sum, { columns }) => sum + blocksOf(columns), 0);
      return new Uint32Array(blocks * DIGEST_WORDS);
    },
    siblings(logRows, nextLogRows, index) {
      const words = new Uint32Array((logRows - nextLogRows) * DIGEST_WORDS);
      for (let level = 0; level < logRows - nextLogRows; level++) {
        const digest = digests[tallest - logRows + level]!.get((index >>> level) ^ 1);
        words.set(digest ?? noDigest, level * DIGEST_WORDS);
      }
      return words;
    },
  };
}

/**
 * The hints of one run of the aggregate program over these children in their order; `onChild` hears the number of the child
 * that is verified next.
 */
export function aggregateHints(
  aggregateKeyDigest: Uint32Array,
  children: readonly ChildWitness[],
  onChild?: (child: number) => void,
): HintFunctions {
  let next = 0;
  let child: ChildWitness | undefined;
  let foldCaps = 0;
  let foldNonces = 0;

  function current(): ChildWitness {
    if (child === undefined) throw new RangeError('there is no current child');
    return child;
  }

  function indexOf(word: number): number {
    return word % 2 ** current().logRows;
  }

  /** A message, filled up with zeros to whole rows. */
  const message = (words: (child: ChildWitness) => Uint32Array) => () => {
    const source = words(current());
    const rows = new Uint32Array(blocksOf(source.length) * DIGEST_WORDS);
    rows.set(source);
    return rows;
  };

  function nonce([label]: readonly number[]): number[] {
    const { nonces } = current().proof;
    const nonceOf: Readonly<Record<number, number | undefined>> = {
      [LABEL.LOGUP_GRIND]: nonces.lookup,
      [LABEL.DEEP_GRIND]: nonces.deep,
      [LABEL.BATCH_GRIND]: nonces.batch,
      [LABEL.QUERY_GRIND]: nonces.query,
    };
    return [(label === LABEL.FOLD_GRIND ? nonces.folds[foldNonces++] : nonceOf[label!]) ?? 0];
  }

  return {
    [HINT.aggregateKey]: () => aggregateKeyDigest,
    [HINT.childCount]: () => [children.length],
    [HINT.nextChild]() {
      onChild?.(next);
      child = children[next++];
      foldCaps = 0;
      foldNonces = 0;
      return [current().shapeNumber];
    },
    [HINT.isInner]: () => [current().innerDigest === undefined ? 0 : 1],
    [HINT.innerDigest]: () => current().innerDigest ?? [],
    [HINT.preprocessedCap]: message(({ preprocessedCap }) => preprocessedCap),
    [HINT.statement]: () => current().statement,
    [HINT.mainCap]: message(({ proof }) => proof.mainCap),
    [HINT.logUpCap]: message(({ proof }) => proof.logUpCap),
    [HINT.sums]: message(({ proof }) => proof.sums),
    [HINT.quotientCap]: message(({ proof }) => proof.quotientCap),
    [HINT.openings]: message(({ proof }) => proof.openings),
    [HINT.foldCap]: () => current().proof.foldCaps[foldCaps++]!,
    [HINT.finalPolynomial]: message(({ proof }) => proof.finalPolynomial),
    [HINT.nonce]: nonce,
    [HINT.leafRow]: ([tree, logRows, word]) =>
      current().trees[tree!]!.leafRow(logRows!, indexOf(word!) >>> (current().logRows - logRows!)),
    [HINT.siblings]: ([tree, logRows, nextLogRows, word]) =>
      current().trees[tree!]!.siblings(
        logRows!,
        nextLogRows!,
        indexOf(word!) >>> (current().logRows - logRows!),
      ),
    [HINT.bits]: ([word, lowZeros]) =>
      Array.from({ length: WORD_BITS - lowZeros! }, (_, bit) => (word! >>> (lowZeros! + bit)) & 1),
    [HINT.canonicalFactor]: ([low, distance]) => [distance === 0 ? 0 : multiply(low!, inverse(distance!))],
    [HINT.unitFactors](words) {
      const place = words.findIndex((word) => word !== 0);
      return words.map((word, index) => (index === place ? inverse(word) : 0));
    },
  };
}
