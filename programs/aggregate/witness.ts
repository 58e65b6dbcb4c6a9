/**
 * What a program that verifies children is told about them: the messages of each proof, its rows, and the paths of every
 * query, expanded from the pruned openings by the functions that the native verifier uses. Hints prove nothing; of a proof
 * that does not verify, they are as good as the proof.
 * Source: docs/spec/recursion.md, section Hints.
 */
import type { HintFunctions, HintMemory } from '../../machine/program.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { inverse, multiply, power, reverseBits, rootOfUnity } from '../../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { keyDigest, readKey, type VerifyingKey } from '../../stark/keys.ts';
import { type LeafBlock, leafBlocks } from '../../stark/leafRow.ts';
import { distinctIndices, type OpenedTree, opensTo, tallestLogRows } from '../../stark/merkleOpening.ts';
import { type Profile, profileDigest } from '../../stark/profile.ts';
import { decodeProof } from '../../stark/proof/codec.ts';
import type { Proof, TreeOpening } from '../../stark/proof/proof.ts';
import { BLOCK_WORDS, blocksOf, PHASES, type ProofShape, treeOf } from '../../stark/proof/shape.ts';
import type { ProofTrees } from '../../stark/proof/trees.ts';
import { createTranscript, LABEL } from '../../stark/transcript.ts';
import { replayTranscript } from '../../stark/verifier/challenges.ts';
import { type Rejection, reject } from '../../stark/verifier/rejection.ts';
import { entriesDigest, type InnerEntry } from './aggregateStatement.ts';
import { HINT } from './hintNames.ts';
import { UPPER_BIT } from './words.ts';

/** A proof to be aggregated, and what it shows. */
export interface Child {
  readonly key: VerifyingKey;
  readonly statement: Uint32Array;
  readonly proofBytes: Uint8Array;
  /** What lies below a proof of the aggregate program under its own key; undefined for a leaf. */
  readonly inner: InnerEntry | undefined;
}

export interface ChildWitness {
  /** Among the profiles of the program. */
  readonly profileNumber: number;
  readonly profile: Profile;
  readonly keyDigest: Uint32Array;
  readonly preprocessedCap: Uint32Array;
  readonly statement: Uint32Array;
  readonly innerDigest: Uint32Array | undefined;
  readonly proof: Proof;
  readonly shape: ProofShape;
  /** By number of the phase; undefined where the proof has no such tree. */
  readonly phaseTrees: readonly (TreeWitness | undefined)[];
  readonly foldTrees: readonly TreeWitness[];
}

/** What the queries find in one tree; zeros where the proof opens nothing. */
interface TreeWitness {
  readonly logCap: number;
  /** The padded leaf row at an index of 2^logRows; without words where no matrix has so many rows. */
  leafRow(logRows: number, index: number): Uint32Array;
  /** The siblings of the nodes above an index of 2^logRows, up to below 2^nextLogRows nodes. */
  siblings(logRows: number, nextLogRows: number, index: number): Uint32Array;
}

/** The program verifies no children of this machine under this profile. */
export interface NotVerified {
  readonly ok: false;
  readonly reason: 'PROFILE_NOT_VERIFIED';
  readonly details: Readonly<Record<string, string | number>>;
}

export type Witnessed = { readonly ok: true; readonly witness: ChildWitness } | Rejection | NotVerified;

function isSame(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((word, index) => word === right[index]);
}

/**
 * The witness of a child for a program that verifies proofs of the system under these profiles, in the program's order; a
 * rejection when the bytes are no proof under the key.
 */
export function childWitness(
  system: AirSystem,
  profiles: readonly Profile[],
  { key: givenKey, statement, proofBytes, inner }: Child,
): Witnessed {
  const read = readKey(givenKey);
  if (!read.ok) return reject('KEY_MALFORMED', { code: read.fault.code, ...read.fault.details });
  const { key } = read;
  const ownProfile = profileDigest(key.profile);
  const profileNumber = isSame(machineDigest(key.system), machineDigest(system))
    ? profiles.findIndex((profile) => isSame(profileDigest(profile), ownProfile))
    : -1;
  if (profileNumber < 0)
    return {
      ok: false,
      reason: 'PROFILE_NOT_VERIFIED',
      details: { machine: key.system.name, profile: key.profile.name },
    };
  const decoded = decodeProof(proofBytes, key);
  if (!decoded.ok) return decoded;
  const { proof, shape, trees } = decoded;
  const digest = keyDigest(key);
  const replayed = replayTranscript(createTranscript(), digest, statement, proof, shape, trees, key.profile);
  const { logCap } = key.profile;
  const sampled = distinctIndices(replayed.ok ? replayed.challenges.queryIndices : [], trees.logRows, logCap);
  // Openings of other indices than the sampled ones, or of a proof without its proofs of work, answer no query: the
  // program stops at the first query, or before.
  const isAnswered = sampled.every(({ length }, level) => length === proof.distinctCounts[level]);
  const indices = isAnswered ? sampled : distinctIndices([], trees.logRows, logCap);
  const openings = [...proof.treeOpenings, ...proof.foldOpenings];
  const witnesses = [...trees.phases, ...trees.folds].map((tree, position) =>
    treeWitness(tree, indices, trees, openings[position]!),
  );
  return {
    ok: true,
    witness: {
      profileNumber,
      profile: key.profile,
      keyDigest: digest,
      preprocessedCap: key.preprocessedCap,
      statement,
      innerDigest: inner === undefined ? undefined : entriesDigest(inner.entries),
      proof,
      shape,
      phaseTrees: PHASES.map((phase) => {
        const position = trees.phases.findIndex((tree) => tree.phase === phase);
        return position < 0 ? undefined : witnesses[position];
      }),
      foldTrees: witnesses.slice(trees.phases.length),
    },
  };
}

/** A matrix of an opening, whose rows begin at word `start`. */
interface PlacedMatrix {
  readonly columns: number;
  readonly nextColumns: number;
  readonly start: number;
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
  /** By log of the number of rows: where the rows of its matrices begin in the opening, and the order of their blocks. */
  const leafRows = new Map<number, { matrices: PlacedMatrix[]; blocks: readonly LeafBlock[] }>();
  let offset = 0;
  for (const { logRows, columns, nextColumns } of tree.matrices) {
    const matrices = [...(leafRows.get(logRows)?.matrices ?? []), { columns, nextColumns, start: offset }];
    leafRows.set(logRows, { matrices, blocks: leafBlocks(matrices) });
    offset += columns * indicesAt(logRows).length;
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
    logCap: tree.logCap,
    leafRow(logRows, index) {
      const { matrices, blocks } = leafRows.get(logRows) ?? { matrices: [], blocks: [] };
      const words = new Uint32Array(blocks.length * BLOCK_WORDS);
      const position = indicesAt(logRows).indexOf(index);
      if (position < 0) return words;
      for (let number = 0; number < blocks.length; number++) {
        const { matrix, firstColumn, columns } = blocks[number]!;
        const from = matrices[matrix]!.start + position * matrices[matrix]!.columns + firstColumn;
        for (let word = 0; word < columns; word++)
          words[number * BLOCK_WORDS + word] = opening.rows[from + word]!;
      }
      return words;
    },
    siblings(logRows, nextLogRows, index) {
      const words = new Uint32Array(Math.max(logRows - nextLogRows, 0) * DIGEST_WORDS);
      for (let level = 0; level < logRows - nextLogRows; level++) {
        const digest = digests[tallest - logRows + level]?.get((index >>> level) ^ 1);
        words.set(digest ?? noDigest, level * DIGEST_WORDS);
      }
      return words;
    },
  };
}

/** Words filled up with zeros to whole rows, or to more. */
function filled(words: ArrayLike<number>, rows: number = blocksOf(words.length)): Uint32Array {
  const rowWords = new Uint32Array(rows * DIGEST_WORDS);
  rowWords.set(words);
  return rowWords;
}

/**
 * The hints of a verifier over these children, in the order in which the program asks for them; `onChild` hears the number
 * of the child that is verified next. A program adds its own hints to them.
 */
export function childHints(
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

  const logRowsOf = (logHeight: number): number => logHeight + current().profile.logBlowup;

  /** A message, filled up with zeros to whole rows. */
  const message = (words: (child: ChildWitness) => Uint32Array) => () => filled(words(current()));

  /** Packed elements, filled up with zeros to whole groups of 8 elements in 5 rows. */
  const packed = (words: ArrayLike<number>): Uint32Array =>
    filled(words, Math.ceil(words.length / (8 * DEGREE)) * DEGREE);

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

  /** A matrix's opened values in memory of no frame; nothing of an absent one. */
  function openings([phaseNumber, slot]: readonly number[], memory: HintMemory): number[] {
    const { proof, shape } = current();
    const matrix = treeOf(shape, PHASES[phaseNumber!]!).matrices.find((each) => each.slot === slot);
    if (matrix === undefined) return [0];
    const { firstOpening, columns, nextColumns } = matrix;
    const words = packed(
      proof.openings.subarray(firstOpening * DEGREE, (firstOpening + columns + nextColumns) * DEGREE),
    );
    const address = memory.allocate(words.length);
    for (const [offset, word] of words.entries()) memory.write(address + offset, word);
    return [address];
  }

  function sums(): Uint32Array {
    const { shape, proof } = current();
    const words = new Uint32Array(shape.interactingSlots.length * DEGREE);
    for (const [position, slot] of shape.interactingSlots.entries()) {
      const place = shape.summedSlots.indexOf(slot);
      if (place >= 0) words.set(proof.sums.subarray(place * DEGREE, (place + 1) * DEGREE), position * DEGREE);
    }
    return packed(words);
  }

  function query([word, bitsBelow]: readonly number[]): number[] {
    const low = word! % 2 ** UPPER_BIT;
    const index = Math.floor(low / 2 ** bitsBelow!);
    // The point without the bits below the index, as a root of order 2^24.
    const point = power(rootOfUnity(UPPER_BIT), reverseBits(index * 2 ** bitsBelow!, UPPER_BIT));
    return [index, low % 2 ** bitsBelow!, point];
  }

  function leafRows([logHeight, index]: readonly number[]): Uint32Array {
    const parts = current().phaseTrees.map(
      (tree) => tree?.leafRow(logRowsOf(logHeight!), index!) ?? new Uint32Array(0),
    );
    const words = new Uint32Array(parts.reduce((total, { length }) => total + length, 0));
    let offset = 0;
    for (const part of parts) {
      words.set(part, offset);
      offset += part.length;
    }
    return words;
  }

  /** The layer that folds the codeword whose indices lack `shift` of 24 bits, and the log of its leaves' number. */
  function layerAt(shift: number): { tree: TreeWitness; logLeaves: number } {
    const { shape, profile, foldTrees } = current();
    const logHeight = UPPER_BIT - profile.logBlowup - shift;
    const layer = shape.folds.findIndex((fold) => fold.logHeight === logHeight);
    return {
      tree: foldTrees[layer]!,
      logLeaves: logRowsOf(logHeight) - shape.folds[layer]!.logArity,
    };
  }

  return {
    [HINT.nextChild]() {
      onChild?.(next);
      child = children[next++];
      foldCaps = 0;
      foldNonces = 0;
      return [current().profileNumber];
    },
    [HINT.heights]: () =>
      current().shape.logHeights.map((logHeight) => (logHeight === undefined ? 0 : logHeight + 1)),
    [HINT.heightCount]: () => [current().shape.distinctLogHeights.length],
    [HINT.nextHeight]: ([above]) => [
      current().shape.distinctLogHeights.find((logHeight) => logHeight < above!) ?? 0,
    ],
    [HINT.preprocessedCap]: message(({ preprocessedCap }) => preprocessedCap),
    [HINT.statement]: () => current().statement,
    [HINT.mainCap]: message(({ proof }) => proof.mainCap),
    [HINT.logUpCap]: message(({ proof }) => proof.logUpCap),
    [HINT.sums]: sums,
    [HINT.quotientCap]: message(({ proof }) => proof.quotientCap),
    [HINT.openings]: openings,
    [HINT.foldCap]: () => current().proof.foldCaps[foldCaps++]!,
    [HINT.finalPolynomial]: () => packed(current().proof.finalPolynomial),
    [HINT.nonce]: nonce,
    [HINT.query]: query,
    [HINT.bits]: ([word, first, count]) =>
      Array.from({ length: count! }, (_, bit) => (word! >>> (first! + bit)) & 1),
    [HINT.leafRows]: leafRows,
    [HINT.siblings]: ([number, logHeight, levels, index, segment]) =>
      current().phaseTrees[number!]!.siblings(
        logRowsOf(logHeight!) + levels!,
        logRowsOf(logHeight!),
        index! * 2 ** levels! + segment!,
      ),
    [HINT.capSiblings]: ([number, logHeight, index]) =>
      current().phaseTrees[number!]!.siblings(logRowsOf(logHeight!), current().profile.logCap, index!),
    [HINT.coset]: ([shift, index]) => {
      const { tree, logLeaves } = layerAt(shift!);
      return tree.leafRow(logLeaves, index!);
    },
    [HINT.foldSiblings]: ([shift, index]) => {
      const { tree, logLeaves } = layerAt(shift!);
      return tree.siblings(logLeaves, tree.logCap, index!);
    },
    [HINT.place]: ([index, elements]) => [index! % elements!],
    [HINT.anySiblings]: ([levels]) => new Uint32Array(levels! * DIGEST_WORDS),
    [HINT.wordParts]: ([word, zeros]) => [
      Math.floor((word! % 2 ** UPPER_BIT) / 2 ** zeros!),
      Math.floor(word! / 2 ** UPPER_BIT),
    ],
    [HINT.canonicalFactor]: ([low, distance]) => [distance === 0 ? 0 : multiply(low!, inverse(distance!))],
    [HINT.unitFactors](words) {
      const place = words.findIndex((word) => word !== 0);
      return words.map((word, index) => (index === place ? inverse(word) : 0));
    },
  };
}

/** The hints of one run of the aggregate program under the key with this digest. */
export function aggregateHints(
  aggregateKeyDigest: Uint32Array,
  children: readonly ChildWitness[],
  onChild?: (child: number) => void,
): HintFunctions {
  let current = -1;
  const innerDigest = (): Uint32Array | undefined => children[current]?.innerDigest;
  return {
    ...childHints(children, (child) => {
      current = child;
      onChild?.(child);
    }),
    [HINT.aggregateKey]: () => aggregateKeyDigest,
    [HINT.childCount]: () => [children.length],
    [HINT.isInner]: () => [innerDigest() === undefined ? 0 : 1],
    [HINT.innerDigest]: () => innerDigest() ?? [],
  };
}
