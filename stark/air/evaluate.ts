/**
 * Evaluates an expression graph once, over any algebra: base elements, extension elements, or a verifier's own values.
 * Source: docs/spec/proof-system.md, section 4.
 */
import * as extension from '../field/extension.ts';
import * as field from '../field/koalaBear.ts';
import type { Graph, NodeId, Row, Selector } from './air.ts';

/** What a graph's operations mean. */
export interface Algebra<Value> {
  constant(value: number): Value;
  add(left: Value, right: Value): Value;
  subtract(left: Value, right: Value): Value;
  multiply(left: Value, right: Value): Value;
  /** A value times an element of a constant matrix. */
  multiplyByBase(left: Value, right: number): Value;
}

/** What a graph's leaves are. */
export interface Leaves<Value> {
  main(column: number, row: Row): Value;
  preprocessed(column: number, row: Row): Value;
  selector(selector: Selector): Value;
  public(index: number): Value;
}

export const BASE_ALGEBRA: Algebra<number> = {
  constant: (value) => value,
  add: field.add,
  subtract: field.subtract,
  multiply: field.multiply,
  multiplyByBase: field.multiply,
};

export const EXTENSION_ALGEBRA: Algebra<extension.Extension> = {
  constant: extension.fromBase,
  add: extension.add,
  subtract: extension.subtract,
  multiply: extension.multiply,
  multiplyByBase: extension.multiplyByBase,
};

/** What the closing equations of a table need besides. */
export interface VerifierAlgebra<Value> extends Algebra<Value> {
  /** The divisor must not be zero. */
  divide(dividend: Value, divisor: Value): Value;
  /** A value times the generator x of the extension. */
  multiplyByX(value: Value): Value;
}

const X: extension.Extension = [0, 1, 0, 0, 0];

/** Throws: RangeError on a division by zero. */
export const EXTENSION_VERIFIER_ALGEBRA: VerifierAlgebra<extension.Extension> = {
  ...EXTENSION_ALGEBRA,
  divide: (dividend, divisor) => extension.multiply(dividend, extension.inverse(divisor)),
  multiplyByX: (value) => extension.multiply(value, X),
};

/** The value of every node, read by node id. Throws: RangeError when a node without a value (a linear vector) is read. */
export function evaluateGraph<Value>(
  graph: Graph,
  algebra: Algebra<Value>,
  leaves: Leaves<Value>,
): (node: NodeId) => Value {
  const values: Value[] = [];
  const vectors = new Map<NodeId, Value[]>();

  function at(node: NodeId): Value {
    const value = values[node];
    if (value === undefined) throw new RangeError(`node ${node} has no value`);
    return value;
  }

  graph.nodes.forEach((node, id) => {
    switch (node.kind) {
      case 'constant':
        values[id] = algebra.constant(node.value);
        break;
      case 'public':
        values[id] = leaves.public(node.index);
        break;
      case 'main':
        values[id] = leaves.main(node.column, node.row);
        break;
      case 'preprocessed':
        values[id] = leaves.preprocessed(node.column, node.row);
        break;
      case 'selector':
        values[id] = leaves.selector(node.selector);
        break;
      case 'add':
        values[id] = algebra.add(at(node.left), at(node.right));
        break;
      case 'subtract':
        values[id] = algebra.subtract(at(node.left), at(node.right));
        break;
      case 'multiply':
        values[id] = algebra.multiply(at(node.left), at(node.right));
        break;
      case 'linear': {
        const matrix = graph.matrices[node.matrix]!;
        const inputs = node.inputs.map(at);
        vectors.set(
          id,
          Array.from({ length: matrix.rows }, (_, row) =>
            inputs.reduce(
              (sum, input, column) =>
                algebra.add(
                  sum,
                  algebra.multiplyByBase(input, matrix.values[row * matrix.columns + column]!),
                ),
              algebra.constant(0),
            ),
          ),
        );
        break;
      }
      case 'element': {
        const value = vectors.get(node.vector)?.[node.index];
        if (value === undefined) throw new RangeError(`vector ${node.vector} has no element ${node.index}`);
        values[id] = value;
        break;
      }
    }
  });
  return at;
}
