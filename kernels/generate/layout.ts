/**
 * What a tile holds for a table: the cells and selectors that its expressions read, then the columns that are computed.
 * Source: docs/spec/proof-system.md, sections 4 to 6.
 *
 * A tile holds `stride` rows of every column; word `column * stride + row`, in Montgomery form.
 */
import type { Node, NodeId, Selector, TableAir } from '../../stark/air/air.ts';

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

function isColumnLeaf(node: Node): boolean {
  return node.kind === 'main' || node.kind === 'preprocessed' || node.kind === 'selector';
}

/** A column that is copied into the tile before anything is computed. */
export interface TileCell {
  readonly matrix: 'preprocessed' | 'main';
  readonly column: number;
  readonly row: 'current' | 'next';
}

/** Where a value stands when everything is computed. */
export type ValuePlace =
  | { readonly kind: 'column'; readonly column: number }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'public'; readonly index: number };

export interface TileLayout {
  /** Cell i is column i of the tile. */
  readonly cells: readonly TileCell[];
  /** Selectors in use; selector i is column cells.length + i. */
  readonly selectors: readonly Selector[];
  readonly columnOfLeaf: ReadonlyMap<NodeId, number>;
  /** First column that is computed. */
  readonly firstComputed: number;
}

/** `constraints` computes constraints and interactions, for the quotient; `interactions` the latter only, for LogUp. */
export type ProgramPurpose = 'constraints' | 'interactions';

const SELECTOR_ORDER: readonly Selector[] = ['first', 'last', 'transition'];

/** The nodes whose values are wanted: constraints in order, then each interaction's multiplicity and values. */
export function rootsOf(table: TableAir, purpose: ProgramPurpose): NodeId[] {
  const interactions = table.interactions.flatMap(({ multiplicity, values }) => [multiplicity, ...values]);
  return purpose === 'interactions'
    ? interactions
    : [...table.constraints.map(({ expression }) => expression), ...interactions];
}

/** The layout for the leaves that the roots need. */
export function layTile(table: TableAir, roots: readonly NodeId[]): TileLayout {
  const { nodes } = table.graph;
  const isNeeded = new Set(roots);
  for (let id = nodes.length - 1; id >= 0; id--)
    if (isNeeded.has(id)) for (const operand of operandsOf(nodes[id]!)) isNeeded.add(operand);
  const leaves = [...isNeeded].filter((id) => isColumnLeaf(nodes[id]!));

  const cells: TileCell[] = [];
  const columnOfLeaf = new Map<NodeId, number>();
  const order = [
    ['preprocessed', 'current'],
    ['main', 'current'],
    ['preprocessed', 'next'],
    ['main', 'next'],
  ] as const;
  for (const [matrix, row] of order) {
    const found: { id: NodeId; column: number }[] = [];
    for (const id of leaves) {
      const node = nodes[id]!;
      if (node.kind === matrix && node.row === row) found.push({ id, column: node.column });
    }
    found.sort((left, right) => left.column - right.column);
    for (const { id, column } of found) columnOfLeaf.set(id, cells.push({ matrix, column, row }) - 1);
  }
  const selectors: Selector[] = [];
  for (const selector of SELECTOR_ORDER) {
    for (const id of leaves) {
      const node = nodes[id]!;
      if (node.kind === 'selector' && node.selector === selector)
        columnOfLeaf.set(id, cells.length + selectors.push(selector) - 1);
    }
  }
  return { cells, selectors, columnOfLeaf, firstComputed: cells.length + selectors.length };
}
