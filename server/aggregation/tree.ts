/**
 * The shape of a tree of proofs: which proofs make one node of the next level, up to one proof. Pure; nothing here knows
 * what a proof is.
 * Source: docs/spec/recursion.md; docs/spec/block.md, section Compression.
 */

/** What the service takes; the shape itself has no greatest fan-in. */
export const FAN_IN = { least: 2, most: 8, usual: 2 } as const;

/** A proof below a node: one that was given, or another node's. */
export type Part =
  | { readonly kind: 'leaf'; readonly number: number }
  | { readonly kind: 'node'; readonly number: number };

/** `aggregate` and `shrink` are the same program under the same profile; a shrunk proof has one child. */
export type NodeRole = 'aggregate' | 'block' | 'shrink' | 'final';

export interface PlannedNode {
  readonly role: NodeRole;
  /** 1 is the level above the leaves. */
  readonly level: number;
  readonly children: readonly Part[];
}

export interface TreePlan {
  readonly leafCount: number;
  /** Children stand before their parents; the last one is the root. */
  readonly nodes: readonly PlannedNode[];
}

export interface TreeShape {
  readonly kind: 'aggregate' | 'block';
  readonly leafCount: number;
  /** FAN_IN.least or more. */
  readonly fanIn: number;
  /** Whether the leaves are aggregates already. */
  readonly isOfAggregates: boolean;
}

/**
 * Levels of aggregates in the order of the leaves, groups of `fanIn`; a part that is left over alone goes up as it is. An aggregate ends
 * in one node. A block ends when no more than `fanIn` aggregates are left, which are the block program's children; a column
 * that is left over alone becomes an aggregate of one, because that program takes nothing else.
 * Throws: RangeError without leaves, or on a fan-in with which no level is shorter than the one below.
 */
export function planTree({ kind, leafCount, fanIn, isOfAggregates }: TreeShape): TreePlan {
  if (!Number.isInteger(leafCount) || leafCount < 1) throw new RangeError(`a tree of ${leafCount} leaves`);
  if (!Number.isInteger(fanIn) || fanIn < FAN_IN.least) throw new RangeError(`a fan-in of ${fanIn}`);
  const nodes: PlannedNode[] = [];
  const addNode = (role: NodeRole, level: number, children: readonly Part[]): Part => {
    nodes.push({ role, level, children });
    return { kind: 'node', number: nodes.length - 1 };
  };
  const isBlock = kind === 'block';
  const isDone = (parts: readonly Part[]): boolean =>
    isBlock
      ? parts.length <= fanIn && (isOfAggregates || parts.every((part) => part.kind === 'node'))
      : parts.length === 1 && parts[0]?.kind === 'node';

  let parts: Part[] = Array.from({ length: leafCount }, (_, number) => ({ kind: 'leaf', number }));
  let level = 1;
  for (; !isDone(parts); level++) {
    const next: Part[] = [];
    for (let first = 0; first < parts.length; first += fanIn) {
      const group = parts.slice(first, first + fanIn);
      const [only] = group;
      const mustBeWrapped = parts.length === 1 || (isBlock && !isOfAggregates && only?.kind === 'leaf');
      if (group.length === 1 && only !== undefined && !mustBeWrapped) next.push(only);
      else next.push(addNode('aggregate', level, group));
    }
    parts = next;
  }
  if (isBlock) {
    const block = addNode('block', level, parts);
    const shrunk = addNode('shrink', level + 1, [block]);
    addNode('final', level + 2, [shrunk]);
  }
  return { leafCount, nodes };
}

/** A tree of aggregates: 0 levels and 1 leaf are a proof of another program. */
export interface ProofSize {
  readonly levels: number;
  readonly leaves: number;
}

/**
 * The largest number of levels and of leaves below any node's proof, given what its leaves are. To the aggregate above it a block is one
 * leaf, whatever lies below.
 */
export function largestProof({ nodes }: TreePlan, leafSizes: readonly ProofSize[]): ProofSize {
  const nodeSizes: ProofSize[] = [];
  let largest: ProofSize = { levels: 0, leaves: 1 };
  for (const { role, children } of nodes) {
    const below = children.map(
      ({ kind, number }) => (kind === 'leaf' ? leafSizes : nodeSizes)[number] ?? { levels: 0, leaves: 1 },
    );
    const isBlock = role === 'block';
    const levels = Math.max(...below.map((each) => each.levels)) + (isBlock ? 0 : 1);
    const leaves = below.reduce((total, each) => total + each.leaves, 0);
    nodeSizes.push(isBlock ? { levels: 0, leaves: 1 } : { levels, leaves });
    largest = { levels: Math.max(largest.levels, levels), leaves: Math.max(largest.leaves, leaves) };
  }
  return largest;
}
