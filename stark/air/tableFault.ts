/**
 * What makes a table's definition unfit for the proof system: a graph that is not one, and degrees that its quotient or its
 * LogUp argument has no room for. The builder refuses such tables, key generation and verifier those of other makers.
 * Source: docs/spec/proof-system.md, sections 4 and 5.
 */
import { type Graph, type Node, type NodeId, STATEMENT_WORDS, type TableAir } from './air.ts';
import {
  MAXIMUM_CONSTRAINT_DEGREE,
  MAXIMUM_INTERACTION_DEGREE,
  MAXIMUM_TRANSITION_POWER,
  nodeDegrees,
} from './degree.ts';

export interface DegreeFault {
  readonly code: 'CONSTRAINT_DEGREE' | 'INTERACTION_DEGREE' | 'TRANSITION_POWER';
  readonly label: string;
  /** The most that is allowed. */
  readonly expected: number;
  readonly got: number;
}

/** The first constraint or interaction of too high a degree, or with too many transition selectors; the graph is sound. */
export function degreeFault(table: TableAir): DegreeFault | undefined {
  const degrees = nodeDegrees(table.graph);
  for (const { label, expression } of table.constraints) {
    const { degree, transitions } = degrees[expression]!;
    if (degree > MAXIMUM_CONSTRAINT_DEGREE)
      return { code: 'CONSTRAINT_DEGREE', label, expected: MAXIMUM_CONSTRAINT_DEGREE, got: degree };
    if (transitions > MAXIMUM_TRANSITION_POWER)
      return { code: 'TRANSITION_POWER', label, expected: MAXIMUM_TRANSITION_POWER, got: transitions };
  }
  for (const { label, multiplicity, values } of table.interactions) {
    for (const node of [multiplicity, ...values]) {
      const { degree, transitions } = degrees[node]!;
      if (degree > MAXIMUM_INTERACTION_DEGREE)
        return { code: 'INTERACTION_DEGREE', label, expected: MAXIMUM_INTERACTION_DEGREE, got: degree };
      if (transitions > 0) return { code: 'TRANSITION_POWER', label, expected: 0, got: transitions };
    }
  }
  return undefined;
}

/**
 * The first node that names something that is not there: an operand that does not stand before it, a column, a word of
 * the statement, a matrix; `graph.nodes.length` when a constraint or an interaction names no node, when a matrix has not rows times
 * columns values, without which the system's words could be read in two ways, or when more columns are read on the next row
 * than there are. Undefined when all is well.
 */
export function graphFault(table: TableAir): NodeId | undefined {
  const { graph } = table;
  const wrong = graph.nodes.findIndex((node, id) => !isSound(table, graph, node, id));
  if (wrong >= 0) return wrong;
  const hasExactMatrices = graph.matrices.every(
    ({ rows, columns, values }) =>
      Number.isInteger(rows) && rows >= 0 && Number.isInteger(columns) && values.length === rows * columns,
  );
  const hasColumns =
    isBelow(table.mainNextColumns, table.mainColumns.length + 1) &&
    isBelow(table.preprocessedNextColumns, table.preprocessedColumns.length + 1);
  if (!hasExactMatrices || !hasColumns) return graph.nodes.length;
  const roots = [
    ...table.constraints.map(({ expression }) => expression),
    ...table.interactions.flatMap(({ multiplicity, values }) => [multiplicity, ...values]),
  ];
  return roots.every((root) => isBelow(root, graph.nodes.length) && graph.nodes[root]!.kind !== 'linear')
    ? undefined
    : graph.nodes.length;
}

function isBelow(index: number, count: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < count;
}

function isSound(table: TableAir, graph: Graph, node: Node, id: NodeId): boolean {
  /** A value, not a vector, before this node. */
  const isOperand = (operand: NodeId): boolean =>
    isBelow(operand, id) && graph.nodes[operand]!.kind !== 'linear';
  switch (node.kind) {
    case 'constant':
    case 'selector':
      return true;
    case 'public':
      return isBelow(node.index, STATEMENT_WORDS);
    case 'preprocessed':
      return isBelow(
        node.column,
        node.row === 'next' ? table.preprocessedNextColumns : table.preprocessedColumns.length,
      );
    case 'main':
      return isBelow(node.column, node.row === 'next' ? table.mainNextColumns : table.mainColumns.length);
    case 'add':
    case 'subtract':
    case 'multiply':
      return isOperand(node.left) && isOperand(node.right);
    case 'linear': {
      const matrix = graph.matrices[node.matrix];
      return matrix !== undefined && node.inputs.length === matrix.columns && node.inputs.every(isOperand);
    }
    case 'element': {
      const vector = isBelow(node.vector, id) ? graph.nodes[node.vector]! : undefined;
      return vector?.kind === 'linear' && isBelow(node.index, graph.matrices[vector.matrix]!.rows);
    }
  }
}
