/**
 * What an aggregate proof says, and its digest. The guest program hashes the same rows in the same order.
 * Source: docs/spec/recursion.md, section Statement.
 */
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

function rowOf(...words: readonly number[]): Uint32Array {
  const row = new Uint32Array(DIGEST_WORDS);
  row.set(words);
  return row;
}

function requireDigest(words: Uint32Array): Uint32Array {
  if (words.length !== DIGEST_WORDS)
    throw new AggregationError('DIGEST_MALFORMED', { expected: DIGEST_WORDS, got: words.length });
  return words;
}

/**
 * L: s = (tag, version, number of entries, 0...); then for each entry the row (mark, 0...) and, of a leaf, its key digest
 * and its statement, of an inner entry, its own L. Throws: AggregationError.
 */
export function entriesDigest(entries: readonly AggregateEntry[]): Uint32Array {
  if (entries.length === 0) throw new AggregationError('NO_ENTRIES');
  if (entries.length > MAXIMUM_ENTRIES)
    throw new AggregationError('TOO_MANY_ENTRIES', { atMost: MAXIMUM_ENTRIES, got: entries.length });
  let state = rowOf(AGGREGATE_TAG, AGGREGATE_VERSION, entries.length);
  for (const entry of entries) {
    const rows =
      entry.kind === 'leaf'
        ? [rowOf(ENTRY_MARK.LEAF), requireDigest(entry.keyDigest), requireDigest(entry.statement)]
        : [rowOf(ENTRY_MARK.INNER), entriesDigest(entry.entries)];
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

/** The leaves in order, whatever the shape of the tree. */
export function flattenLeaves(entries: readonly AggregateEntry[]): LeafEntry[] {
  return entries.flatMap((entry) => (entry.kind === 'leaf' ? [entry] : flattenLeaves(entry.entries)));
}
