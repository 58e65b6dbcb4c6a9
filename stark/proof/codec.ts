/**
 * The canonical binary form of a proof: little-endian u32 words. Every length follows from the key, the heights and the
 * numbers of distinct query indices, so there is one encoding of a proof and one proof of an encoding. Decoding checks
 * the whole shape before anything is computed with the words.
 * Source: docs/spec/proof-layout.md.
 */
import { DEGREE } from '../field/extension.ts';
import { MODULUS } from '../field/koalaBear.ts';
import { DIGEST_WORDS } from '../hash/poseidon.ts';
import { checkHeights, type VerifyingKey } from '../keys.ts';
import { type OpenedTree, openingSize } from '../merkleOpening.ts';
import type { Profile } from '../profile.ts';
import { required } from '../required.ts';
import { VERSION } from '../transcript.ts';
import { type Rejection, reject } from '../verifier/rejection.ts';
import type { Proof, TreeOpening } from './proof.ts';
import { type ProofShape, proofShape, treeOf } from './shape.ts';
import { type ProofTrees, proofTrees } from './trees.ts';

/** "CLNP" as bytes. */
export const PROOF_MAGIC = 0x504e4c43;

const WORD_BYTES = 4;
const HEADER_WORDS = 2;

export type Decoded =
  | { readonly ok: true; readonly proof: Proof; readonly shape: ProofShape; readonly trees: ProofTrees }
  | Rejection;

/** The bytes of a proof. The proof must have the shape that its heights ask for; `decodeProof` checks that. */
export function encodeProof(proof: Proof): Uint8Array {
  const parts: ArrayLike<number>[] = [
    [PROOF_MAGIC, VERSION],
    proof.logHeights.map((logHeight) => (logHeight === undefined ? 0 : logHeight + 1)),
    proof.distinctCounts,
    proof.mainCap,
    optionalWord(proof.nonces.lookup),
    proof.logUpCap,
    proof.sums,
    proof.quotientCap,
    optionalWord(proof.nonces.deep),
    proof.openings,
    optionalWord(proof.nonces.batch),
  ];
  proof.foldCaps.forEach((cap, layer) => {
    parts.push(cap, optionalWord(proof.nonces.folds[layer]));
  });
  parts.push(proof.finalPolynomial, optionalWord(proof.nonces.query));
  for (const opening of [...proof.treeOpenings, ...proof.foldOpenings])
    parts.push(opening.rows, opening.nodes);
  const wordCount = parts.reduce((total, part) => total + part.length, 0);
  const bytes = new Uint8Array(wordCount * WORD_BYTES);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++, offset += WORD_BYTES)
      view.setUint32(offset, part[index]!, true);
  }
  return bytes;
}

function optionalWord(word: number | undefined): number[] {
  return word === undefined ? [] : [word];
}

/**
 * The proof in `bytes`, whose shape is then exactly what key and heights ask for, and whose words are canonical; else why
 * not. Nothing longer than `bytes` is allocated. The key must have passed `checkKey`.
 */
export function decodeProof(bytes: Uint8Array, key: VerifyingKey): Decoded {
  const { system, profile } = key;
  if (bytes.length % WORD_BYTES !== 0) return reject('BYTES_NOT_WORDS', { got: bytes.length });
  const wordCount = bytes.length / WORD_BYTES;
  const slots = system.tables.length;
  if (wordCount < HEADER_WORDS + slots)
    return reject('TRUNCATED', { expected: (HEADER_WORDS + slots) * WORD_BYTES, got: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wordAt = (index: number): number => view.getUint32(index * WORD_BYTES, true);
  if (wordAt(0) !== PROOF_MAGIC) return reject('BAD_MAGIC', { expected: PROOF_MAGIC, got: wordAt(0) });
  if (wordAt(1) !== VERSION) return reject('BAD_VERSION', { expected: VERSION, got: wordAt(1) });

  const logHeights = system.tables.map((_, slot) => {
    const word = wordAt(HEADER_WORDS + slot);
    return word === 0 ? undefined : word - 1;
  });
  const heightRejection = checkHeights(key, logHeights);
  if (heightRejection !== undefined) return heightRejection;
  const shape = proofShape(system, profile, logHeights);
  const trees = proofTrees(shape, profile);

  const countsStart = HEADER_WORDS + slots;
  const levels = trees.logRows - profile.logCap + 1;
  const bodyStart = countsStart + levels;
  if (wordCount < bodyStart)
    return reject('TRUNCATED', { expected: bodyStart * WORD_BYTES, got: bytes.length });
  const distinctCounts = Array.from({ length: levels }, (_, level) => wordAt(countsStart + level));
  const countRejection = checkCounts(distinctCounts, profile.queries, profile.logCap);
  if (countRejection !== undefined) return countRejection;
  const openings = [...trees.phases, ...trees.folds].map((tree) => sizeOf(tree, trees, distinctCounts));
  const expectedWords = openings.reduce(
    (total, size) => total + size.rowWords + size.nodeCount * DIGEST_WORDS,
    bodyStart + wordsBeforeOpenings(shape, profile),
  );
  if (wordCount < expectedWords)
    return reject('TRUNCATED', { expected: expectedWords * WORD_BYTES, got: bytes.length });
  if (wordCount > expectedWords)
    return reject('TRAILING_BYTES', { expected: expectedWords * WORD_BYTES, got: bytes.length });

  const words = new Uint32Array(wordCount);
  for (let index = HEADER_WORDS; index < wordCount; index++) {
    const word = wordAt(index);
    if (word >= MODULUS) return reject('NOT_CANONICAL', { wordIndex: index, got: word });
    words[index] = word;
  }

  let position = bodyStart;
  const take = (length: number): Uint32Array => {
    position += length;
    return words.subarray(position - length, position);
  };
  const takeNonce = (bits: number): number | undefined => (bits === 0 ? undefined : take(1)[0]!);
  const capWords = DIGEST_WORDS << profile.logCap;
  const { grinding } = profile;
  const mainCap = take(capWords);
  const lookup = takeNonce(grinding.lookup);
  const logUpCap = take(treeOf(shape, 'logUp').matrices.length > 0 ? capWords : 0);
  const sums = take(shape.summedSlots.length * DEGREE);
  const quotientCap = take(capWords);
  const deep = takeNonce(grinding.deep);
  const openedValues = take(shape.openingCount * DEGREE);
  const batch = takeNonce(grinding.batch);
  const foldCaps: Uint32Array[] = [];
  const foldNonces: number[] = [];
  for (const _ of shape.folds) {
    foldCaps.push(take(capWords));
    const nonce = takeNonce(grinding.fold);
    if (nonce !== undefined) foldNonces.push(nonce);
  }
  const finalPolynomial = take(DEGREE << profile.logFinalLength);
  const query = takeNonce(grinding.query);
  const opened = openings.map(
    (size): TreeOpening => ({ rows: take(size.rowWords), nodes: take(size.nodeCount * DIGEST_WORDS) }),
  );
  const proof: Proof = {
    logHeights,
    mainCap,
    logUpCap,
    sums,
    quotientCap,
    openings: openedValues,
    foldCaps,
    finalPolynomial,
    nonces: { lookup, deep, batch, folds: foldNonces, query },
    distinctCounts,
    treeOpenings: opened.slice(0, trees.phases.length),
    foldOpenings: opened.slice(trees.phases.length),
  };
  return { ok: true, proof, shape, trees };
}

/** Words from the first cap up to the query nonce. */
function wordsBeforeOpenings(shape: ProofShape, profile: Profile): number {
  const capWords = DIGEST_WORDS << profile.logCap;
  const capCount = 2 + (treeOf(shape, 'logUp').matrices.length > 0 ? 1 : 0) + shape.folds.length;
  const { lookup, deep, batch, fold, query } = profile.grinding;
  const nonceCount =
    [lookup, deep, batch, query].filter((bits) => bits > 0).length + (fold > 0 ? shape.folds.length : 0);
  const elements = shape.summedSlots.length + shape.openingCount + (1 << profile.logFinalLength);
  return capCount * capWords + nonceCount + elements * DEGREE;
}

/** Whether the counts can come from 1..queries indices: each level has between half as many and as many as the one below. */
function checkCounts(counts: readonly number[], queries: number, logCap: number): Rejection | undefined {
  let below = queries;
  for (let level = 0; level < counts.length; level++) {
    const count = counts[level]!;
    const least = level === 0 ? 1 : Math.ceil(below / 2);
    if (count < least || count > below)
      return reject('QUERY_COUNTS_MALFORMED', { level, atLeast: least, atMost: below, got: count });
    below = count;
  }
  if (below > 2 ** logCap)
    return reject('QUERY_COUNTS_MALFORMED', { level: counts.length - 1, atMost: 2 ** logCap, got: below });
  return undefined;
}

function sizeOf(
  tree: OpenedTree,
  trees: ProofTrees,
  distinctCounts: readonly number[],
): { rowWords: number; nodeCount: number } {
  return openingSize(tree, (logRows) =>
    required(distinctCounts[trees.logRows - logRows], `the count at 2^${logRows} rows`),
  );
}
