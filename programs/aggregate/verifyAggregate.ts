/**
 * The outermost check of a tree of aggregates: what a verifier must compare before it believes the leaves.
 * Source: docs/spec/recursion.md, section The outermost verifier.
 */
import { keyDigest, readKey, type VerifyingKey } from '../../stark/keys.ts';
import { type VerifierPolicy, verify } from '../../stark/verifier.ts';
import {
  type AggregateEntry,
  aggregateStatement,
  type LeafEntry,
  leavesOf,
  readTree,
} from './aggregateStatement.ts';
import { AggregationError } from './errors.ts';

/** What the verifier knows beforehand, from where such things are published. */
export interface AggregatePolicy {
  /** K: digest of the key of all aggregates below the proof. */
  readonly aggregateKeyDigest: Uint32Array;
  /**
   * Digests of the keys under which the proof itself is believed: K, and those of the same program under other profiles, which
   * wrap an aggregate for those who verify it.
   */
  readonly proofKeyDigests: readonly Uint32Array[];
  /** Digests of the keys under which leaves are believed. */
  readonly leafKeyDigests: readonly Uint32Array[];
  /** For the aggregate's own proof. */
  readonly verifier: VerifierPolicy;
}

function isSame(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((word, index) => word === right[index]);
}

/**
 * The leaves, in order, that the proof shows under the key, if the tree with these entries below it is the one that was proved. The
 * tree is read once: the leaves are copies of what was compared, whatever becomes of `entries`.
 * A leaf may stand there more than once: who counts leaves must ask for different ones.
 * Throws: AggregationError 'KEY_MISMATCH', 'LEAF_NOT_ALLOWED', what `readTree` and `leavesOf` throw, 'CHILD_REJECTED' when the proof does not show the statement of
 * this tree.
 */
export function verifyAggregate(
  key: VerifyingKey,
  entries: readonly AggregateEntry[],
  proofBytes: Uint8Array,
  { aggregateKeyDigest, proofKeyDigests, leafKeyDigests, verifier }: AggregatePolicy,
): LeafEntry[] {
  const read = readKey(key);
  if (!read.ok) throw new AggregationError('KEY_MISMATCH', { code: read.fault.code });
  const ownDigest = keyDigest(read.key);
  if (!proofKeyDigests.some((accepted) => isSame(ownDigest, accepted)))
    throw new AggregationError('KEY_MISMATCH');
  const tree = readTree(entries);
  const leaves = leavesOf(tree);
  for (const [leaf, each] of leaves.entries())
    if (!leafKeyDigests.some((allowed) => isSame(allowed, each.keyDigest)))
      throw new AggregationError('LEAF_NOT_ALLOWED', { leaf });
  const statement = aggregateStatement(aggregateKeyDigest, tree.entries);
  const verdict = verify(read.key, statement, proofBytes, verifier);
  if (!verdict.ok)
    throw new AggregationError('CHILD_REJECTED', { reason: verdict.reason, ...verdict.details });
  return leaves;
}
