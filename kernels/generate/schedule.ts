/**
 * Orders the nodes that a set of roots needs and cuts them into pieces, each small enough to compile quickly as one WGSL
 * function. A value that is made in one piece and used in another gets a column of the tile, as every root does.
 *
 * Why pieces: Dawn's compile time grows with the square of a function's length, and the driver's with the number of
 * products in a kernel.
 */
import type { Graph, Node, NodeId } from '../../stark/air/air.ts';

/** Products of a piece, about; performance of compilation only. */
const PIECE_PRODUCTS = 40;
/** What an addition weighs against a product when pieces are cut. */
const SUM_COST = 0.15;
/** What a linear node weighs: a loop around one product, and its copies. */
const LINEAR_COST = 3;

export interface Piece {
  /** Computed nodes in order; leaves and constants are not among them. */
  readonly nodes: readonly NodeId[];
  /** Products that the piece compiles to, about. */
  readonly cost: number;
}

export interface Schedule {
  readonly pieces: readonly Piece[];
  /** Computed nodes that are kept in a column of the tile, in order of computation. */
  readonly kept: readonly NodeId[];
}

export function operandsOf(node: Node): readonly NodeId[] {
  switch (node.kind) {
    case 'add':
    case 'subtract':
    case 'multiply':
      return [node.left, node.right];
    case 'linear':
      return node.inputs;
    case 'element':
      return [node.vector];
    default:
      return [];
  }
}

export function isComputed(node: Node): boolean {
  return operandsOf(node).length > 0;
}

export function isColumnLeaf(node: Node): boolean {
  return node.kind === 'main' || node.kind === 'preprocessed' || node.kind === 'selector';
}

function costOf(node: Node): number {
  switch (node.kind) {
    case 'multiply':
      return 1;
    case 'add':
    case 'subtract':
      return SUM_COST;
    case 'linear':
      return LINEAR_COST;
    default:
      return 0;
  }
}

/** The schedule of `roots` in the order given, so that what one root needs is computed just before it. */
export function scheduleGraph(graph: Graph, roots: readonly NodeId[]): Schedule {
  const nodes = graph.nodes;
  const elements = usedElements(graph, roots);
  const isScheduled = new Set<NodeId>();
  /** Nodes that stay together: a linear node and its elements, or a single node. */
  const units: NodeId[][] = [];

  function visit(root: NodeId): void {
    const stack = [root];
    while (stack.length > 0) {
      const id = stack.at(-1)!;
      const node = nodes[id]!;
      const missing = isComputed(node)
        ? operandsOf(node).filter((operand) => isComputed(nodes[operand]!) && !isScheduled.has(operand))
        : [];
      if (isScheduled.has(id) || !isComputed(node)) {
        stack.pop();
      } else if (missing.length > 0) {
        // In reverse, so that the first operand is computed first.
        stack.push(...missing.reverse());
      } else {
        const unit = [id, ...(elements.get(id) ?? [])];
        for (const member of unit) isScheduled.add(member);
        units.push(unit);
        stack.pop();
      }
    }
  }
  for (const root of roots) visit(root);

  const pieces: Piece[] = [];
  let members: NodeId[] = [];
  let cost = 0;
  for (const unit of units) {
    const unitCost = unit.reduce((sum, id) => sum + costOf(nodes[id]!), 0);
    if (members.length > 0 && cost + unitCost > PIECE_PRODUCTS) {
      pieces.push({ nodes: members, cost });
      members = [];
      cost = 0;
    }
    members.push(...unit);
    cost += unitCost;
  }
  if (members.length > 0) pieces.push({ nodes: members, cost });

  const pieceOf = new Map<NodeId, number>();
  pieces.forEach((piece, index) => {
    for (const id of piece.nodes) pieceOf.set(id, index);
  });
  const isKept = new Set<NodeId>(roots.filter((root) => isComputed(nodes[root]!)));
  pieces.forEach((piece, index) => {
    for (const id of piece.nodes) {
      for (const operand of operandsOf(nodes[id]!)) {
        const maker = pieceOf.get(operand);
        if (maker !== undefined && maker !== index) isKept.add(operand);
      }
    }
  });
  return {
    pieces,
    kept: pieces.flatMap((piece) => piece.nodes.filter((id) => isKept.has(id))),
  };
}

/** For each linear node that the roots need, its elements that they need. */
function usedElements(graph: Graph, roots: readonly NodeId[]): Map<NodeId, NodeId[]> {
  const isUsed = new Set(roots);
  const elements = new Map<NodeId, NodeId[]>();
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (!isUsed.has(id)) continue;
    const node = graph.nodes[id]!;
    for (const operand of operandsOf(node)) isUsed.add(operand);
    if (node.kind === 'element') elements.set(node.vector, [id, ...(elements.get(node.vector) ?? [])]);
  }
  return elements;
}
