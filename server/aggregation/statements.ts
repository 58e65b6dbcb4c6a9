/** What the parts of an aggregation state: known before anything is proved, as soon as the leaves' statements are. */
import { type AggregateEntry, aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { type Aggregation, partOf } from './aggregation.ts';
import type { Part } from './tree.ts';

/** Digests of the keys that statements name. */
export interface SystemKeys {
  /** K: of the aggregate program below others. */
  readonly aggregate: Uint32Array;
  readonly block: Uint32Array;
  readonly column: Uint32Array;
}

/** How a part stands in the statement of the aggregate above it; undefined where a leaf's statement is not known yet. */
export function entryOf(aggregation: Aggregation, keys: SystemKeys, part: Part): AggregateEntry | undefined {
  if (part.kind === 'node') {
    const node = aggregation.nodes[part.number];
    if (node?.planned.role === 'block') {
      const statement = aggregation.block?.digest;
      return statement && { kind: 'leaf', keyDigest: keys.block, statement };
    }
    const entries = entriesOf(aggregation, keys, part.number);
    return entries && { kind: 'inner', entries };
  }
  const leaf = aggregation.leaves[part.number];
  if (leaf?.statement === undefined) return undefined;
  const { entries, keyDigest, statement } = leaf;
  return entries === undefined ? { kind: 'leaf', keyDigest, statement } : { kind: 'inner', entries };
}

/** What lies below a node of the aggregate program. */
export function entriesOf(
  aggregation: Aggregation,
  keys: SystemKeys,
  node: number,
): AggregateEntry[] | undefined {
  const { planned } = partOf(aggregation, { kind: 'node', number: node }) as Aggregation['nodes'][number];
  const entries: AggregateEntry[] = [];
  for (const child of planned.children) {
    const entry = entryOf(aggregation, keys, child);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}

/** The statement of a node's proof. */
export function nodeStatement(
  aggregation: Aggregation,
  keys: SystemKeys,
  node: number,
): Uint32Array | undefined {
  if (aggregation.nodes[node]?.planned.role === 'block') return aggregation.block?.digest;
  const entries = entriesOf(aggregation, keys, node);
  return entries && aggregateStatement(keys.aggregate, entries);
}
