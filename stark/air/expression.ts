/**
 * Expressions over a table's columns: immutable values that name a node of one growing graph. Equal nodes are made once
 * and constants are folded, so a definition may repeat a subexpression at no cost.
 * Source: docs/spec/proof-system.md, section 4.
 */
import * as field from '../field/koalaBear.ts';
import type { ConstantMatrix, Node, NodeId } from './air.ts';
import { AirError } from './errors.ts';

/** Operand of an expression: another expression of the same table, or a canonical base element. */
export type Operand = Expression | number;

export interface Expression {
  readonly node: NodeId;
  plus(other: Operand): Expression;
  minus(other: Operand): Expression;
  times(other: Operand): Expression;
  negate(): Expression;
}

/** A graph under construction. */
export interface GraphBuilder {
  readonly nodes: readonly Node[];
  readonly matrices: readonly ConstantMatrix[];
  leaf(node: Node): Expression;
  constant(value: number): Expression;
  expression(operand: Operand): Expression;
  linear(matrix: ConstantMatrix, inputs: readonly Operand[]): Expression[];
}

function nodeKey(node: Node): string {
  switch (node.kind) {
    case 'constant':
      return `constant ${node.value}`;
    case 'public':
      return `public ${node.index}`;
    case 'preprocessed':
    case 'main':
      return `${node.kind} ${node.column} ${node.row}`;
    case 'selector':
      return `selector ${node.selector}`;
    case 'add':
    case 'subtract':
    case 'multiply':
      return `${node.kind} ${node.left} ${node.right}`;
    case 'linear':
      return `linear ${node.matrix} ${node.inputs.join(' ')}`;
    case 'element':
      return `element ${node.vector} ${node.index}`;
  }
}

function requireCanonical(table: string, value: number): void {
  if (!field.isCanonical(value)) throw new AirError('NOT_CANONICAL', { table, value });
}

/** An empty graph for the table of that name. */
export function createGraphBuilder(table: string): GraphBuilder {
  const nodes: Node[] = [];
  const matrices: ConstantMatrix[] = [];
  const expressionByKey = new Map<string, Expression>();
  const matrixByKey = new Map<string, number>();
  const own = new WeakSet<Expression>();

  function leaf(node: Node): Expression {
    const key = nodeKey(node);
    const known = expressionByKey.get(key);
    if (known !== undefined) return known;
    const id = nodes.push(node) - 1;
    const made: Expression = Object.freeze({
      node: id,
      plus: (other: Operand) => add(made, expression(other)),
      minus: (other: Operand) => subtract(made, expression(other)),
      times: (other: Operand) => multiply(made, expression(other)),
      negate: () => subtract(constant(0), made),
    });
    own.add(made);
    expressionByKey.set(key, made);
    return made;
  }

  function constant(value: number): Expression {
    requireCanonical(table, value);
    return leaf({ kind: 'constant', value });
  }

  function expression(operand: Operand): Expression {
    if (typeof operand === 'number') return constant(operand);
    if (!own.has(operand)) throw new AirError('FOREIGN_EXPRESSION', { table });
    return operand;
  }

  function constantOf(operand: Expression): number | undefined {
    const node = nodes[operand.node];
    return node?.kind === 'constant' ? node.value : undefined;
  }

  function add(left: Expression, right: Expression): Expression {
    const leftValue = constantOf(left);
    const rightValue = constantOf(right);
    if (leftValue !== undefined && rightValue !== undefined)
      return constant(field.add(leftValue, rightValue));
    if (leftValue === 0) return right;
    if (rightValue === 0) return left;
    return leaf(ordered('add', left, right));
  }

  function subtract(left: Expression, right: Expression): Expression {
    const leftValue = constantOf(left);
    const rightValue = constantOf(right);
    if (leftValue !== undefined && rightValue !== undefined)
      return constant(field.subtract(leftValue, rightValue));
    if (rightValue === 0) return left;
    if (left === right) return constant(0);
    return leaf({ kind: 'subtract', left: left.node, right: right.node });
  }

  function multiply(left: Expression, right: Expression): Expression {
    const leftValue = constantOf(left);
    const rightValue = constantOf(right);
    if (leftValue !== undefined && rightValue !== undefined)
      return constant(field.multiply(leftValue, rightValue));
    if (leftValue === 0 || rightValue === 0) return constant(0);
    if (leftValue === 1) return right;
    if (rightValue === 1) return left;
    return leaf(ordered('multiply', left, right));
  }

  /** Commutative nodes name the older operand first, so that both orders are one node. */
  function ordered(kind: 'add' | 'multiply', left: Expression, right: Expression): Node {
    return { kind, left: Math.min(left.node, right.node), right: Math.max(left.node, right.node) };
  }

  function matrixIndex(matrix: ConstantMatrix): number {
    const key = `${matrix.rows} ${matrix.columns} ${matrix.values.join(' ')}`;
    const known = matrixByKey.get(key);
    if (known !== undefined) return known;
    matrix.values.forEach((value) => {
      requireCanonical(table, value);
    });
    const index = matrices.push({ ...matrix, values: matrix.values.slice() }) - 1;
    matrixByKey.set(key, index);
    return index;
  }

  function linear(matrix: ConstantMatrix, inputs: readonly Operand[]): Expression[] {
    if (inputs.length !== matrix.columns || matrix.values.length !== matrix.rows * matrix.columns) {
      throw new AirError('MATRIX_SHAPE', {
        table,
        inputs: inputs.length,
        columns: matrix.columns,
        rows: matrix.rows,
        words: matrix.values.length,
      });
    }
    const vector = leaf({
      kind: 'linear',
      matrix: matrixIndex(matrix),
      inputs: inputs.map((input) => expression(input).node),
    });
    own.delete(vector);
    return Array.from({ length: matrix.rows }, (_, index) =>
      leaf({ kind: 'element', vector: vector.node, index }),
    );
  }

  return { nodes, matrices, leaf, constant, expression, linear };
}
