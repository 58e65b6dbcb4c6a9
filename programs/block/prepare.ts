/**
 * What the host checks before a block is run and proved: the columns make a block, the trees of the children have exactly the
 * columns as leaves, and every child verifies. The program checks it all again; here it costs little and names what is wrong.
 * Source: docs/spec/block.md.
 */
import { keyDigest, readKey, type VerifyingKey } from '../../stark/keys.ts';
import { copyOfWords } from '../../stark/sealed.ts';
import { type VerifierPolicy, verify } from '../../stark/verifier.ts';
import {
  type AggregateEntry,
  aggregateStatement,
  flattenLeaves,
  readTree,
} from '../aggregate/aggregateStatement.ts';
import { type ColumnStatement, columnStatementDigest } from '../column/statement.ts';
import { assembleBlock } from './blockInput.ts';
import type { BlockProgramKeys } from './blockProgram.ts';
import { type BlockStatement, type ListedTransfer, orderDigest } from './blockStatement.ts';
import { BlockError } from './errors.ts';
import { type BlockWitness, mergeOrder, walkTrees } from './hints.ts';

/** A proof of the aggregate program, and what lies below it. */
export interface BlockChild {
  readonly key: VerifyingKey;
  readonly statement: Uint32Array;
  readonly proofBytes: Uint8Array;
  readonly entries: readonly AggregateEntry[];
}

export interface PreparedBlock {
  readonly statement: BlockStatement;
  readonly witness: BlockWitness;
}

export function isSameDigest(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((word, index) => word === right[index]);
}

/**
 * Matches the leaves of trees with columns, each once; returns the leaf of each column by its place in `walkTrees`.
 * Throws: BlockError naming the child and its leaf, or the column; AggregationError for a tree that has no digest; RangeError for a
 * column that has none, which `assembleBlock` refuses before.
 */
export function matchLeaves(
  { columnKeyDigests }: BlockProgramKeys,
  trees: readonly (readonly AggregateEntry[])[],
  columns: readonly ColumnStatement[],
): number[] {
  if (trees.length === 0) throw new BlockError('NO_CHILDREN');
  const columnOf = new Map(columns.map((column, number) => [String(columnStatementDigest(column)), number]));
  const isShown = columns.map(() => false);
  for (const [child, tree] of trees.entries())
    for (const [leaf, entry] of flattenLeaves(tree).entries()) {
      if (!columnKeyDigests.some((allowed) => isSameDigest(allowed, entry.keyDigest)))
        throw new BlockError('LEAF_KEY_NOT_LISTED', { child, leaf, got: entry.keyDigest.join(' ') });
      const column = columnOf.get(String(entry.statement));
      if (column === undefined) throw new BlockError('LEAF_NOT_OF_BLOCK', { child, leaf });
      if (isShown[column]) throw new BlockError('COLUMN_TWICE', { child, leaf, column });
      isShown[column] = true;
    }
  const missing = isShown.indexOf(false);
  if (missing >= 0) throw new BlockError('COLUMN_MISSING', { column: missing });

  const leafOf = columns.map(() => 0);
  for (const [leaf, { statement }] of walkTrees(trees).leaves.entries())
    leafOf[columnOf.get(String(statement))!] = leaf;
  return leafOf;
}

/** Everything that can be checked before any child is proved. Throws: BlockError, AggregationError. */
export function planBlock(
  keys: BlockProgramKeys,
  trees: readonly (readonly AggregateEntry[])[],
  columns: readonly ColumnStatement[],
  list: readonly ListedTransfer[],
): PreparedBlock {
  const statement = assembleBlock(columns, list);
  return {
    statement,
    witness: {
      trees,
      columnKeyDigests: keys.columnKeyDigests,
      columns,
      leafOf: matchLeaves(keys, trees, columns),
      itemColumns: mergeOrder(columns),
      order: orderDigest(list.map(({ column }) => column)),
    },
  };
}

/** As `planBlock`, and each child is a proof under K of its tree that verifies under the policy. Throws: BlockError, AggregationError. */
export function prepareBlock(
  keys: BlockProgramKeys,
  children: readonly BlockChild[],
  columns: readonly ColumnStatement[],
  list: readonly ListedTransfer[],
  policy: VerifierPolicy,
): PreparedBlock {
  // Each part of a child is read once, so that what is compared, planned and verified is the same.
  const readChildren = children.map(({ key, statement, proofBytes, entries }, child) => {
    const read = readKey(key);
    if (!read.ok)
      throw new BlockError('KEY_MALFORMED', { child, fault: read.fault.code, ...read.fault.details });
    const got = keyDigest(read.key);
    if (!isSameDigest(got, keys.aggregateKeyDigest))
      throw new BlockError('STALE_AGGREGATE_KEY', { child, got: got.join(' ') });
    const tree = readTree(entries).entries;
    // The statement of the tree is verified, of which the child's was found to be a copy.
    const expected = aggregateStatement(keys.aggregateKeyDigest, tree);
    const shown = copyOfWords(statement);
    if (shown === undefined || !isSameDigest(shown, expected))
      throw new BlockError('CHILD_STATEMENT', { child });
    return { key: read.key, statement: expected, proofBytes, tree };
  });
  const trees = readChildren.map(({ tree }) => tree);
  const prepared = planBlock(keys, trees, columns, list);
  for (const [child, { key, statement, proofBytes }] of readChildren.entries()) {
    const verdict = verify(key, statement, proofBytes, policy);
    if (!verdict.ok)
      throw new BlockError('CHILD_REJECTED', { child, reason: verdict.reason, ...verdict.details });
  }
  return prepared;
}
