/**
 * From a table's AIR to a tape: the values of its expressions as words that one fixed kernel interprets
 * (shaders/evaluateTape.wgsl). Nothing is compiled for a table.
 * Source: docs/spec/proof-system.md, sections 4 to 6; docs/decisions/0004-constraint-evaluation.md.
 *
 * An operation computes target = C + A * B, where A, B and C are sums of operands with constant factors; so a run of
 * additions, scalings and linear nodes is one sum, and only products (and sums that are used more than once) take a column.
 * An operation's words: target column; for each of A, B, C the number of operands added, subtracted and scaled in 8, 8 and
 * 16 bits; then for each sum the operands, those scaled followed by their factors. An operand is a column of the tile, or
 * with bit 31 set one of nine constants: 1 and the public words.
 */
import type { NodeId, TableAir } from '../../stark/air/air.ts';
import { add, MODULUS, multiply } from '../../stark/field/koalaBear.ts';
import { toMontgomeryWords } from '../montgomery.ts';
import { operandsOf, type TileLayout, type ValuePlace } from './layout.ts';

/** Marks an operand as a constant; constant 0 is 1, constant 1 + i is public word i. */
const CONSTANT_BIT = 0x80000000;
/** A sum of more terms than this that is used more than once gets a column. Performance only. */
const INLINE_TERMS = 2;
/** Added or subtracted operands of one sum that fit its 8-bit count; the others are scaled by 1 or -1. */
const PLAIN_TERMS = 255;

/** A sum: factors by operand. Operands are 'one', 'public i', 'column c' or 'value n' for the value of node n. */
type Sum = ReadonlyMap<string, number>;

interface Definition {
  readonly left: Sum;
  readonly right: Sum;
  readonly addend: Sum;
}

export interface Tape {
  readonly words: Uint32Array;
  readonly operations: number;
  /** Products of one row, about. */
  readonly work: number;
  /** Columns that the tape writes, from the layout's `firstComputed` on. */
  readonly computedColumns: number;
  readonly places: ReadonlyMap<NodeId, ValuePlace>;
}

const NOTHING: Sum = new Map();

function scaleSum(sum: Sum, factor: number): Sum {
  if (factor === 0) return NOTHING;
  return new Map([...sum].map(([operand, value]) => [operand, multiply(value, factor)]));
}

function addSums(left: Sum, right: Sum): Sum {
  const sum = new Map(left);
  for (const [operand, factor] of right) {
    const total = add(sum.get(operand) ?? 0, factor);
    if (total === 0) sum.delete(operand);
    else sum.set(operand, total);
  }
  return sum;
}

/** The factor of a sum that is a constant. */
function constantOf(sum: Sum): number | undefined {
  if (sum.size === 0) return 0;
  return sum.size === 1 ? sum.get('one') : undefined;
}

/** The tape that computes the roots of a table for a purpose. */
export function writeTape(table: TableAir, roots: readonly NodeId[], layout: TileLayout): Tape {
  const { nodes, matrices } = table.graph;
  const uses = countUses(table, roots);
  const sums = new Map<NodeId, Sum>();
  const definitions = new Map<NodeId, Definition>();
  const columnOfValue = new Map<NodeId, number>();
  const words: number[] = [];
  let operations = 0;
  let work = 0;
  let columns = layout.firstComputed;

  /** The sums of a node's operands, computed before the node: no recursion, since operands stand first. */
  function sumOf(id: NodeId): Sum {
    const sum = sums.get(id);
    if (sum === undefined) throw new RangeError(`node ${id} has no sum`);
    return sum;
  }

  function define(id: NodeId, definition: Definition): Sum {
    definitions.set(id, definition);
    return new Map([[`value ${id}`, 1]]);
  }

  function computeSum(id: NodeId): Sum {
    const node = nodes[id]!;
    switch (node.kind) {
      case 'constant':
        return node.value === 0 ? NOTHING : new Map([['one', node.value]]);
      case 'public':
        return new Map([[`public ${node.index}`, 1]]);
      case 'main':
      case 'preprocessed':
      case 'selector':
        return new Map([[`column ${layout.columnOfLeaf.get(id)}`, 1]]);
      case 'add':
        return addSums(sumOf(node.left), sumOf(node.right));
      case 'subtract':
        return addSums(sumOf(node.left), scaleSum(sumOf(node.right), MODULUS - 1));
      case 'multiply': {
        const left = sumOf(node.left);
        const right = sumOf(node.right);
        const leftConstant = constantOf(left);
        const rightConstant = constantOf(right);
        if (leftConstant !== undefined) return scaleSum(right, leftConstant);
        if (rightConstant !== undefined) return scaleSum(left, rightConstant);
        return define(id, { left, right, addend: NOTHING });
      }
      case 'element': {
        const vector = nodes[node.vector]!;
        if (vector.kind !== 'linear') throw new RangeError(`node ${id} reads an element of no vector`);
        const matrix = matrices[vector.matrix]!;
        return vector.inputs.reduce(
          (sum, input, column) =>
            addSums(sum, scaleSum(sumOf(input), matrix.values[node.index * matrix.columns + column]!)),
          NOTHING,
        );
      }
      case 'linear':
        return NOTHING;
    }
  }

  nodes.forEach((node, id) => {
    const used = uses.get(id) ?? 0;
    if (used === 0) return;
    const sum = computeSum(id);
    const isShared = used > 1 && sum.size > INLINE_TERMS && node.kind !== 'multiply';
    sums.set(id, isShared ? define(id, { left: NOTHING, right: NOTHING, addend: sum }) : sum);
  });

  /** Computes the values that a sum reads; returns its words. */
  function sumWords(sum: Sum): { header: number; body: number[] } {
    const added: number[] = [];
    const subtracted: number[] = [];
    const scaled: number[] = [];
    for (const [operand, factor] of sum) {
      const place = operandWord(operand);
      if (factor === 1 && added.length < PLAIN_TERMS) added.push(place);
      else if (factor === MODULUS - 1 && subtracted.length < PLAIN_TERMS) subtracted.push(place);
      else scaled.push(place, toMontgomeryWords([factor])[0]!);
    }
    work += scaled.length / 2 + 0.2 * (added.length + subtracted.length);
    return {
      header: added.length + 2 ** 8 * subtracted.length + 2 ** 16 * (scaled.length / 2),
      body: [...added, ...subtracted, ...scaled],
    };
  }

  function operandWord(operand: string): number {
    const [kind, number] = operand.split(' ');
    if (kind === 'one') return CONSTANT_BIT;
    if (kind === 'public') return CONSTANT_BIT + 1 + Number(number);
    return kind === 'column' ? Number(number) : valueColumn(Number(number));
  }

  /** Writes the operation of a value at its first use; its own values come before it. */
  function valueColumn(id: NodeId): number {
    const known = columnOfValue.get(id);
    if (known !== undefined) return known;
    const definition = definitions.get(id)!;
    const column = writeOperation(fuse(definition));
    columnOfValue.set(id, column);
    return column;
  }

  /** Takes one product that nothing else needs into the operation itself. */
  function fuse(definition: Definition): Definition {
    if (definition.left.size > 0) return definition;
    for (const [operand, factor] of definition.addend) {
      const [kind, number] = operand.split(' ');
      const product = kind === 'value' ? definitions.get(Number(number)) : undefined;
      if (product === undefined || product.left.size === 0) continue;
      if (columnOfValue.has(Number(number)) || uses.get(Number(number)) !== 1) continue;
      const addend = new Map(definition.addend);
      addend.delete(operand);
      return { left: scaleSum(product.left, factor), right: product.right, addend };
    }
    return definition;
  }

  function writeOperation({ left, right, addend }: Definition): number {
    const parts = [left, right, addend].map(sumWords);
    const target = columns++;
    words.push(target, ...parts.map(({ header }) => header));
    for (const { body } of parts) for (const word of body) words.push(word);
    operations += 1;
    work += 1;
    return target;
  }

  const places = new Map<NodeId, ValuePlace>();
  for (const root of roots) {
    if (!places.has(root)) places.set(root, placeOf(root));
  }

  function placeOf(root: NodeId): ValuePlace {
    const sum = sumOf(root);
    const constant = constantOf(sum);
    if (constant !== undefined) return { kind: 'constant', value: constant };
    const [operand, factor] = [...sum][0]!;
    const [kind, number] = operand.split(' ');
    if (sum.size === 1 && factor === 1) {
      if (kind === 'public') return { kind: 'public', index: Number(number) };
      if (kind !== 'one') return { kind: 'column', column: operandWord(operand) };
    }
    return { kind: 'column', column: writeOperation(fuse({ left: NOTHING, right: NOTHING, addend: sum })) };
  }

  return {
    words: Uint32Array.from(words.length === 0 ? [0] : words),
    operations,
    work: Math.ceil(work),
    computedColumns: columns - layout.firstComputed,
    places,
  };
}

/** How often each node is needed: by other needed nodes and as a root. An input of a linear node counts for each element. */
function countUses(table: TableAir, roots: readonly NodeId[]): Map<NodeId, number> {
  const { nodes } = table.graph;
  const uses = new Map<NodeId, number>();
  const count = (id: NodeId, times: number): void => {
    uses.set(id, (uses.get(id) ?? 0) + times);
  };
  for (const root of roots) count(root, 1);
  for (let id = nodes.length - 1; id >= 0; id--) {
    const used = uses.get(id) ?? 0;
    if (used === 0) continue;
    const node = nodes[id]!;
    // An element is one use of its vector, and a vector passes on how many of its elements are needed.
    for (const operand of operandsOf(node)) count(operand, node.kind === 'linear' ? used : 1);
  }
  return uses;
}
