/**
 * What an aggregate proof says, and its digest. The guest program hashes the same rows in the same order.
 * Source: docs/spec/recursion.md, section Statement.
 */
import { isCanonical } from '../../stark/field/koalaBear.ts';
import { compress, DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { copyOfWords } from '../../stark/sealed.ts';
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
/**
 * What a tree may have. Levels: 2^64 leaves at the least fan-in that helps. Leaves: as many as a proof file can list. Both are arbitrary and
 * bound what an untrusted tree can ask for.
 */
export const TREE_LIMITS = { levels: 64, leaves: 2 ** 16 } as const;

function rowOf(...words: readonly number[]): Uint32Array {
  const row = new Uint32Array(DIGEST_WORDS);
  row.set(words);
  return row;
}

/** A copy of the words, which are as many as a digest has, and canonical. */
function readDigest(words: Uint32Array): Uint32Array {
  const own = copyOfWords(words);
  if (own?.length !== DIGEST_WORDS)
    throw new AggregationError('DIGEST_MALFORMED', {
      expected: DIGEST_WORDS,
      got: own?.length ?? 'no Uint32Array',
    });
  // C reduces modulo p: without this, v and v + p would be two names of one statement.
  const wrong = own.findIndex((word) => !isCanonical(word));
  if (wrong >= 0) throw new AggregationError('DIGEST_MALFORMED', { wordIndex: wrong, got: own[wrong]! });
  return own;
}

/** How large the tree below an aggregate is. */
export interface TreeSize {
  /** 1 where all entries are leaves. */
  readonly levels: number;
  /** One that is there twice counts twice. */
  readonly leaves: number;
}

/** A tree that was read once, so that what is digested, listed and believed is the same: frozen lists and entries, words of its own. */
export interface ReadTree extends TreeSize {
  readonly entries: readonly AggregateEntry[];
}

/**
 * Reads a tree, whose lists and words others may change afterwards. Trees may share parts: each part is read once, however many ways
 * lead to it. Throws: AggregationError.
 */
export function readTree(entries: readonly AggregateEntry[]): ReadTree {
  try {
    return readEntries(entries, 1, new Map());
  } catch (error) {
    if (error instanceof AggregationError) throw error;
    // The tree's own code has thrown.
    throw new AggregationError('ENTRY_MALFORMED', { got: 'an exception' });
  }
}

function requireLevels(levels: number): void {
  if (levels > TREE_LIMITS.levels) throw new AggregationError('TOO_DEEP', { atMost: TREE_LIMITS.levels });
}

/** `level` is that of the entries in the whole tree, from 1 on; `known` has the lists of this tree that have been read. */
function readEntries(
  entries: readonly AggregateEntry[],
  level: number,
  known: Map<readonly AggregateEntry[], ReadTree>,
): ReadTree {
  requireLevels(level);
  const before = known.get(entries);
  if (before !== undefined) {
    requireLevels(level - 1 + before.levels);
    return before;
  }
  if (!Array.isArray(entries))
    throw new AggregationError('ENTRY_MALFORMED', { expected: 'a list of entries' });
  const { length } = entries as readonly AggregateEntry[];
  if (length === 0) throw new AggregationError('NO_ENTRIES');
  if (!(Number.isInteger(length) && length <= MAXIMUM_ENTRIES))
    throw new AggregationError('TOO_MANY_ENTRIES', { atMost: MAXIMUM_ENTRIES, got: length });
  const read: AggregateEntry[] = [];
  let levels = 1;
  let leaves = 0;
  // By index: iteration is the list's own code.
  for (let index = 0; index < length; index++) {
    const entry = entries[index] as AggregateEntry;
    const { kind } = entry;
    if (kind === 'leaf') {
      leaves += 1;
      const { keyDigest, statement } = entry as LeafEntry;
      read.push(Object.freeze({ kind, keyDigest: readDigest(keyDigest), statement: readDigest(statement) }));
      continue;
    }
    if (kind !== 'inner') throw new AggregationError('ENTRY_MALFORMED', { index, expected: 'leaf or inner' });
    const below = readEntries((entry as InnerEntry).entries, level + 1, known);
    levels = Math.max(levels, below.levels + 1);
    leaves += below.leaves;
    read.push(Object.freeze({ kind, entries: below.entries }));
  }
  const tree = Object.freeze({ entries: Object.freeze(read), levels, leaves });
  known.set(entries, tree);
  return tree;
}

/**
 * L of lists that have been read: s = (tag, version, number of entries, 0...); then for each entry the row (mark, 0...) and, of a leaf,
 * its key digest and its statement, of an inner entry, its own L. The function remembers each list that it has hashed.
 */
export function createEntriesDigest(): (entries: ReadTree['entries']) => Uint32Array {
  const known = new Map<ReadTree['entries'], Uint32Array>();
  return function digestOf(entries) {
    const before = known.get(entries);
    if (before !== undefined) return before;
    let digest = rowOf(AGGREGATE_TAG, AGGREGATE_VERSION, entries.length);
    for (const entry of entries) {
      const rows =
        entry.kind === 'leaf'
          ? [rowOf(ENTRY_MARK.LEAF), entry.keyDigest, entry.statement]
          : [rowOf(ENTRY_MARK.INNER), digestOf(entry.entries)];
      for (const row of rows) digest = compress(digest, row);
    }
    known.set(entries, digest);
    return digest;
  };
}

/** L, as `createEntriesDigest` says. Throws: AggregationError. */
export function entriesDigest(entries: readonly AggregateEntry[]): Uint32Array {
  return createEntriesDigest()(readTree(entries).entries);
}

/** Throws: AggregationError, as `entriesDigest`. */
export function treeSize(entries: readonly AggregateEntry[]): TreeSize {
  const { levels, leaves } = readTree(entries);
  return { levels, leaves };
}

/** C(K, L): the statement of an aggregate of these entries under the key with digest K. Throws: AggregationError. */
export function aggregateStatement(
  aggregateKeyDigest: Uint32Array,
  entries: readonly AggregateEntry[],
): Uint32Array {
  return compress(readDigest(aggregateKeyDigest), entriesDigest(entries));
}

/** The leaves in order, whatever the shape of the tree. Throws: AggregationError, 'TOO_MANY_LEAVES' among others. */
export function flattenLeaves(entries: readonly AggregateEntry[]): LeafEntry[] {
  return leavesOf(readTree(entries));
}

/** The leaves of a tree that was read, in order. Throws: AggregationError 'TOO_MANY_LEAVES'. */
export function leavesOf({ entries, leaves }: ReadTree): LeafEntry[] {
  if (leaves > TREE_LIMITS.leaves)
    throw new AggregationError('TOO_MANY_LEAVES', { atMost: TREE_LIMITS.leaves, got: leaves });
  const list: LeafEntry[] = [];
  const add = (below: readonly AggregateEntry[]): void => {
    for (const entry of below) {
      if (entry.kind === 'inner') add(entry.entries);
      else list.push(entry);
    }
  };
  add(entries);
  return list;
}
