/**
 * Degrees of a graph's nodes, and how many columns and constraints a table has once its LogUp argument is counted in.
 * Source: docs/spec/proof-system.md, sections 4 and 5.
 */
import { DEGREE } from '../field/extension.ts';
import { required } from '../required.ts';
import type { Graph, TableAir } from './air.ts';

/** Largest degree of a constraint, so that the quotient has two chunks. */
export const MAXIMUM_CONSTRAINT_DEGREE = 3;
/** Largest degree of a multiplicity or of a tuple's value: h * d * d' is then a constraint of degree 3. */
export const MAXIMUM_INTERACTION_DEGREE = 1;
/**
 * Each transition selector adds one coefficient: a constraint has at most 3 * (N - 1) + 2 < 3 * N of them above the
 * constant, so its quotient has a degree below 2 * N.
 */
export const MAXIMUM_TRANSITION_POWER = 2;

/** Words that a LogUp denominator counts beyond the values on its bus: the bus id, and 2 of the error bound. */
export const DENOMINATOR_OVERHEAD_WORDS = 3;

/** The degree of a node in units of the height, and the greatest power of the transition selector in it. */
export interface NodeDegree {
  readonly degree: number;
  readonly transitions: number;
}

/** The degree of every node, in node order; a linear node has that of its dearest input. */
export function nodeDegrees(graph: Graph): NodeDegree[] {
  const degrees: NodeDegree[] = [];
  const at = (node: number): NodeDegree => required(degrees[node], `operand ${node}`);
  const greatest = (operands: readonly number[]): NodeDegree => ({
    degree: Math.max(0, ...operands.map((operand) => at(operand).degree)),
    transitions: Math.max(0, ...operands.map((operand) => at(operand).transitions)),
  });
  for (const node of graph.nodes) {
    switch (node.kind) {
      case 'constant':
      case 'public':
        degrees.push({ degree: 0, transitions: 0 });
        break;
      case 'preprocessed':
      case 'main':
        degrees.push({ degree: 1, transitions: 0 });
        break;
      case 'selector':
        degrees.push(
          node.selector === 'transition' ? { degree: 0, transitions: 1 } : { degree: 1, transitions: 0 },
        );
        break;
      case 'add':
      case 'subtract':
        degrees.push(greatest([node.left, node.right]));
        break;
      case 'multiply':
        degrees.push({
          degree: at(node.left).degree + at(node.right).degree,
          transitions: at(node.left).transitions + at(node.right).transitions,
        });
        break;
      case 'linear':
        degrees.push(greatest(node.inputs));
        break;
      case 'element':
        degrees.push(greatest([node.vector]));
        break;
    }
  }
  return degrees;
}

/** The greatest degree of a table's constraints, its LogUp constraints included. */
export function constraintDegree(table: TableAir): number {
  const degrees = nodeDegrees(table.graph);
  const own = table.constraints.map(
    ({ expression }) => required(degrees[expression], `node ${expression}`).degree,
  );
  return Math.max(0, ...own, table.interactions.length > 0 ? MAXIMUM_CONSTRAINT_DEGREE : 0);
}

/** Pairs of interactions that share an extension column; 0 for a table without interactions. */
export function logUpGroupCount(table: TableAir): number {
  return Math.ceil(table.interactions.length / 2);
}

/** Base columns of a table's LogUp matrix: 5 for the accumulator and 5 for every helper. */
export function logUpColumnCount(table: TableAir): number {
  return DEGREE * logUpGroupCount(table);
}

/** Base columns of a table's LogUp matrix that are read on the next row: those of the accumulator. */
export function logUpNextColumnCount(table: TableAir): number {
  return table.interactions.length > 0 ? DEGREE : 0;
}

/** Constraints of a table, with one for every group of its LogUp argument. */
export function constraintCount(table: TableAir): number {
  return table.constraints.length + logUpGroupCount(table);
}

/** What a row of the table adds to the profile's maximum of LogUp denominators: width + 3 for every interaction. */
export function denominatorWordsPerRow(table: TableAir): number {
  return table.interactions.reduce((sum, { values }) => sum + values.length + DENOMINATOR_OVERHEAD_WORDS, 0);
}
