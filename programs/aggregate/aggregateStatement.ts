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

function requireDigest(words: Uint32Array): Uint32Array {
  if (words.length !== DIGEST_WORDS)
    throw new AggregationError('DIGEST_MALFORMED', { expected: DIGEST_WORDS, got: words.length });
  // C reduces modulo p: without this, v and v + p would be two names of one statement.
  const wrong = words.findIndex((word) => !isCanonical(word));
  if (wrong >= 0) throw new AggregationError('DIGEST_MALFORMED', { wordIndex: wrong, got: words[wrong]! });
  return words;
}

/** How large the tree below an aggregate is. */
export interface TreeSize {
  /** 1 where all entries are leaves. */
  readonly levels: number;
  /** One that is there twice counts twice. */
  readonly leaves: number;
}

interface KnownTree extends TreeSize {
  readonly digest: Uint32Array;
}

/**
 * Trees that have been walked, by their entries, which nobody changes. Trees may share parts: each part is walked once, however many
 * ways lead to it.
 */
const knownTrees = new WeakMap<readonly AggregateEntry[], KnownTree>();

/**
 * L: s = (tag, version, number of entries, 0...); then for each entry the row (mark, 0...) and, of a leaf, its key digest
 * and its statement, of an inner entry, its own L. Throws: AggregationError.
 */
export function entriesDigest(entries: readonly AggregateEntry[]): Uint32Array {
  return walk(entries, 1).digest.slice();
}

/** Throws: AggregationError, as `entriesDigest`. */
export function treeSize(entries: readonly AggregateEntry[]): TreeSize {
  const { levels, leaves } = walk(entries, 1);
  return { levels, leaves };
}

function requireLevels(levels: number): void {
  if (levels > TREE_LIMITS.levels) throw new AggregationError('TOO_DEEP', { atMost: TREE_LIMITS.levels });
}

/** `level` is that of the entries in the whole tree, from 1 on. */
function walk(entries: readonly AggregateEntry[], level: number): KnownTree {
  requireLevels(level);
  const known = knownTrees.get(entries);
  if (known !== undefined) {
    requireLevels(level - 1 + known.levels);
    return known;
  }
  if (entries.length === 0) throw new AggregationError('NO_ENTRIES');
  if (entries.length > MAXIMUM_ENTRIES)
    throw new AggregationError('TOO_MANY_ENTRIES', { atMost: MAXIMUM_ENTRIES, got: entries.length });
  let digest = rowOf(AGGREGATE_TAG, AGGREGATE_VERSION, entries.length);
  let levels = 1;
  let leaves = 0;
  for (const entry of entries) {
    if (entry.kind === 'leaf') {
      leaves += 1;
      const rows = [rowOf(ENTRY_MARK.LEAF), requireDigest(entry.keyDigest), requireDigest(entry.statement)];
      for (const row of rows) digest = compress(digest, row);
      continue;
    }
    const below = walk(entry.entries, level + 1);
    levels = Math.max(levels, below.levels + 1);
    leaves += below.leaves;
    for (const row of [rowOf(ENTRY_MARK.INNER), below.digest]) digest = compress(digest, row);
  }
  const walked = { digest, levels, leaves };
  knownTrees.set(entries, walked);
  return walked;
}

/** C(K, L): the statement of an aggregate of these entries under the key with digest K. Throws: AggregationError. */
export function aggregateStatement(
  aggregateKeyDigest: Uint32Array,
  entries: readonly AggregateEntry[],
): Uint32Array {
  return compress(requireDigest(aggregateKeyDigest), entriesDigest(entries));
}

/** The leaves in order, whatever the shape of the tree. Throws: AggregationError 'TOO_DEEP', 'TOO_MANY_LEAVES'. */
export function flattenLeaves(entries: readonly AggregateEntry[]): LeafEntry[] {
  const leaves: LeafEntry[] = [];
  const add = (below: readonly AggregateEntry[], level: number): void => {
    requireLevels(level);
    for (const entry of below) {
      if (entry.kind === 'inner') add(entry.entries, level + 1);
      else if (leaves.length < TREE_LIMITS.leaves) leaves.push(entry);
      else throw new AggregationError('TOO_MANY_LEAVES', { atMost: TREE_LIMITS.leaves });
    }
  };
  add(entries, 1);
  return leaves;
}
