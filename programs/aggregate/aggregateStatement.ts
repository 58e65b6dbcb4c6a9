/**
 * What an aggregate proof says, and its digest. The guest program hashes the same rows in the same order.
 * Source: docs/spec/recursion.md, section Statement.
 */
import { isCanonical } from '../../stark/field/koalaBear.ts';
import { compress, DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { AggregationError } from './errors.ts';

/** A proof of any program but the aggregate program itself. */
export interface LeafEntry {
  readonly kind: 'leaf';
  readonly keyDigest: Uint32Array;
  readonly statement: Uint32Array;
}

/** A proof of the aggregate program under the same key, by what lies below it. */
export interface InnerEntry {
  readonly kind: 'inner';
  readonly entries: readonly AggregateEntry[];
}

export type AggregateEntry = LeafEntry | InnerEntry;

/** Domain separation of the entries' digest: "AGG", and the version of the statement. */
export const AGGREGATE_TAG = 0x414747;
export const AGGREGATE_VERSION = 1;
/** First word of the row before an entry. */
export const ENTRY_MARK = { LEAF: 0, INNER: 1 } as const;
/** Each child costs cycles, so no aggregate comes near. */
const MAXIMUM_ENTRIES = 2 ** 20;
/** Levels of a tree: 2^64 leaves at the least fan-in that helps. Arbitrary; bounds what an untrusted tree can ask for. */
const MAXIMUM_DEPTH = 64;

function rowOf(...words: readonly number[]): Uint32Array {
  const row = new Uint32Array(DIGEST_WORDS);
  row.set(words);
  return row;
}

function requireDigest(words: Uint32Array): Uint32Array {
  if (words.length !== DIGEST_WORDS)
    throw new AggregationError('DIGEST_MALFORMED', { expected: DIGEST_WORDS, got: words.length });
  // C reduces modulo p: without this, v and v + p would be two names of one statement.
  const wrong = words.findIndex((word) => !isCanonical(word));
  if (wrong >= 0) throw new AggregationError('DIGEST_MALFORMED', { wordIndex: wrong, got: words[wrong]! });
  return words;
}

/**
 * L: s = (tag, version, number of entries, 0...); then for each entry the row (mark, 0...) and, of a leaf, its key digest
 * and its statement, of an inner entry, its own L. Throws: AggregationError.
 */
export function entriesDigest(entries: readonly AggregateEntry[]): Uint32Array {
  return digestLevel(entries, 1);
}

function requireDepth(depth: number): void {
  if (depth > MAXIMUM_DEPTH) throw new AggregationError('TOO_DEEP', { atMost: MAXIMUM_DEPTH });
}

function digestLevel(entries: readonly AggregateEntry[], depth: number): Uint32Array {
  requireDepth(depth);
  if (entries.length === 0) throw new AggregationError('NO_ENTRIES');
  if (entries.length > MAXIMUM_ENTRIES)
    throw new AggregationError('TOO_MANY_ENTRIES', { atMost: MAXIMUM_ENTRIES, got: entries.length });
  let state = rowOf(AGGREGATE_TAG, AGGREGATE_VERSION, entries.length);
  for (const entry of entries) {
    const rows =
      entry.kind === 'leaf'
        ? [rowOf(ENTRY_MARK.LEAF), requireDigest(entry.keyDigest), requireDigest(entry.statement)]
        : [rowOf(ENTRY_MARK.INNER), digestLevel(entry.entries, depth + 1)];
    for (const row of rows) state = compress(state, row);
  }
  return state;
}

/** C(K, L): the statement of an aggregate of these entries under the key with digest K. Throws: AggregationError. */
export function aggregateStatement(
  aggregateKeyDigest: Uint32Array,
  entries: readonly AggregateEntry[],
): Uint32Array {
  return compress(requireDigest(aggregateKeyDigest), entriesDigest(entries));
}

/** The leaves in order, whatever the shape of the tree. Throws: AggregationError 'TOO_DEEP'. */
export function flattenLeaves(entries: readonly AggregateEntry[]): LeafEntry[] {
  return flattenLevel(entries, 1);
}

function flattenLevel(entries: readonly AggregateEntry[], depth: number): LeafEntry[] {
  requireDepth(depth);
  return entries.flatMap((entry) =>
    entry.kind === 'leaf' ? [entry] : flattenLevel(entry.entries, depth + 1),
  );
}
