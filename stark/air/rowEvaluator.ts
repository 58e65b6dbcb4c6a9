/**
 * Evaluates an expression graph over many rows in base arithmetic: node by node on blocks of rows, so that the cost of
 * interpreting a node is shared by a block. Serves the trace checker and the reference backend.
 * Source: docs/spec/proof-system.md, section 4.
 */
import { add, inverse, MODULUS, multiply, power, rootOfUnity, subtract } from '../field/koalaBear.ts';
import type { Graph, NodeId, Selector } from './air.ts';

/** Rows of a block; performance only: the values of a block's nodes should fit a second-level cache. */
const BLOCK_ROWS = 128;

/** Columns of `rows` canonical words over some domain. */
export interface RowDomain {
  readonly rows: number;
  readonly main: readonly Uint32Array[];
  readonly preprocessed: readonly Uint32Array[];
  /** Row r's next row is (r + nextStep) mod rows. */
  readonly nextStep: number;
  readonly publicWords: ArrayLike<number>;
  /** The selector on rows start … start + out.length - 1. */
  selector(selector: Selector, start: number, out: Uint32Array): void;
}

export interface RowEvaluator {
  readonly blockRows: number;
  /** Evaluates all nodes on rows start … start + blockRows - 1 (fewer at the end); returns how many rows that are. */
  evaluate(start: number): number;
  /** The values of a node on the rows of the last block; overwritten by the next `evaluate`. */
  values(node: NodeId): Uint32Array;
}

function addInto(out: Uint32Array, left: Uint32Array, right: Uint32Array): void {
  for (let row = 0; row < out.length; row++) out[row] = add(left[row]!, right[row]!);
}

function subtractInto(out: Uint32Array, left: Uint32Array, right: Uint32Array): void {
  for (let row = 0; row < out.length; row++) out[row] = subtract(left[row]!, right[row]!);
}

function multiplyInto(out: Uint32Array, left: Uint32Array, right: Uint32Array): void {
  for (let row = 0; row < out.length; row++) out[row] = multiply(left[row]!, right[row]!);
}

/** out += factor * column. */
function accumulateInto(out: Uint32Array, factor: number, column: Uint32Array): void {
  if (factor === 0) return;
  for (let row = 0; row < out.length; row++) out[row] = add(out[row]!, multiply(factor, column[row]!));
}

/** out[row] = column[(start + row) mod column.length]. */
function copyInto(out: Uint32Array, column: Uint32Array, start: number): void {
  const first = start % column.length;
  const head = Math.min(out.length, column.length - first);
  out.set(column.subarray(first, first + head));
  if (head < out.length) out.set(column.subarray(0, out.length - head), head);
}

/** `rows` is a power of two; so is `greatestBlock`, which changes nothing but the speed. */
export function createRowEvaluator(
  graph: Graph,
  domain: RowDomain,
  greatestBlock: number = BLOCK_ROWS,
): RowEvaluator {
  const blockRows = Math.min(greatestBlock, domain.rows);
  const values: Uint32Array[] = graph.nodes.map(() => new Uint32Array(blockRows));
  const vectors = new Map<NodeId, Uint32Array[]>();
  graph.nodes.forEach((node, id) => {
    if (node.kind === 'constant') values[id]!.fill(node.value);
    if (node.kind === 'public') values[id]!.fill(domain.publicWords[node.index] ?? MODULUS);
    if (node.kind === 'linear') {
      const rows = graph.matrices[node.matrix]!.rows;
      vectors.set(
        id,
        Array.from({ length: rows }, () => new Uint32Array(blockRows)),
      );
    }
    if (node.kind === 'element') values[id] = vectors.get(node.vector)![node.index]!;
  });

  function evaluate(start: number): number {
    graph.nodes.forEach((node, id) => {
      const out = values[id]!;
      switch (node.kind) {
        case 'constant':
        case 'public':
        case 'element':
          break;
        case 'main':
        case 'preprocessed':
          copyInto(out, domain[node.kind][node.column]!, start + (node.row === 'next' ? domain.nextStep : 0));
          break;
        case 'selector':
          domain.selector(node.selector, start, out);
          break;
        case 'add':
          addInto(out, values[node.left]!, values[node.right]!);
          break;
        case 'subtract':
          subtractInto(out, values[node.left]!, values[node.right]!);
          break;
        case 'multiply':
          multiplyInto(out, values[node.left]!, values[node.right]!);
          break;
        case 'linear': {
          const matrix = graph.matrices[node.matrix]!;
          vectors.get(id)!.forEach((sum, row) => {
            sum.fill(0);
            node.inputs.forEach((input, column) => {
              accumulateInto(sum, matrix.values[row * matrix.columns + column]!, values[input]!);
            });
          });
          break;
        }
      }
    });
    return Math.min(blockRows, domain.rows - start);
  }

  return { blockRows, evaluate, values: (node) => values[node]! };
}

/** The selectors on the trace domain of 2^logHeight rows, in natural order. */
export function traceSelectors(logHeight: number): RowDomain['selector'] {
  const root = rootOfUnity(logHeight);
  const lastRowPoint = inverse(root);
  return (selector, start, out) => {
    if (selector === 'transition') {
      let point = power(root, start);
      for (let row = 0; row < out.length; row++) {
        out[row] = subtract(point, lastRowPoint);
        point = multiply(point, root);
      }
      return;
    }
    const marked = selector === 'first' ? 0 : 2 ** logHeight - 1;
    for (let row = 0; row < out.length; row++) out[row] = start + row === marked ? 1 : 0;
  };
}
