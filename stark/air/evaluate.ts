/**
 * Evaluates an expression graph once, over any algebra: base elements, extension elements, or a verifier's own values.
 * Source: docs/spec/proof-system.md, section 4.
 */
import * as extension from '../field/extension.ts';
import * as field from '../field/koalaBear.ts';
import type { ConstantMatrix, Graph, NodeId, Row, Selector } from './air.ts';

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

/** Matrices below this size are multiplied out: splitting them saves nothing. Performance only. */
const LEAST_SPLIT_SIZE = 8;

/**
 * Of a matrix of blocks ((A, B), (B, A)), as a circulant of even size is one: (A + B)/2 and (A - B)/2; undefined of
 * another, or of a small one.
 */
function splitMatrix({
  rows,
  columns,
  values,
}: ConstantMatrix): [ConstantMatrix, ConstantMatrix] | undefined {
  if (rows !== columns || rows % 2 !== 0 || rows < LEAST_SPLIT_SIZE) return undefined;
  const half = rows / 2;
  const entry = (row: number, column: number): number => values[row * columns + column]!;
  const cells = Array.from(
    { length: half * half },
    (_, cell) => [Math.floor(cell / half), cell % half] as const,
  );
  const isSplit = cells.every(
    ([row, column]) =>
      entry(row, column) === entry(row + half, column + half) &&
      entry(row, column + half) === entry(row + half, column),
  );
  if (!isSplit) return undefined;
  const halved = (combine: (a: number, b: number) => number): ConstantMatrix => ({
    rows: half,
    columns: half,
    values: Uint32Array.from(cells, ([row, column]) =>
      field.multiply(combine(entry(row, column), entry(row, column + half)), field.inverse(2)),
    ),
  });
  return [halved(field.add), halved(field.subtract)];
}

/**
 * matrix * inputs. With s and d the sum and the difference of the halves of the inputs, ((A, B), (B, A)) gives
 * (A + B)/2 * s + (A - B)/2 * d and the same with a minus: half of the products, and a smaller circulant again.
 */
function matrixProduct<Value>(
  algebra: Algebra<Value>,
  matrix: ConstantMatrix,
  inputs: readonly Value[],
): Value[] {
  const split = splitMatrix(matrix);
  if (split === undefined)
    return Array.from({ length: matrix.rows }, (_, row) =>
      inputs.reduce(
        (sum, input, column) =>
          algebra.add(sum, algebra.multiplyByBase(input, matrix.values[row * matrix.columns + column]!)),
        algebra.constant(0),
      ),
    );
  const upper = inputs.slice(0, inputs.length / 2);
  const lower = inputs.slice(inputs.length / 2);
  const even = matrixProduct(
    algebra,
    split[0],
    upper.map((input, index) => algebra.add(input, lower[index]!)),
  );
  const odd = matrixProduct(
    algebra,
    split[1],
    upper.map((input, index) => algebra.subtract(input, lower[index]!)),
  );
  return [
    ...even.map((value, index) => algebra.add(value, odd[index]!)),
    ...even.map((value, index) => algebra.subtract(value, odd[index]!)),
  ];
}

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
        vectors.set(id, matrixProduct(algebra, graph.matrices[node.matrix]!, node.inputs.map(at)));
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
