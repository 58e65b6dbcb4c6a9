/**
 * What the rows of an operation prove, to first order: around a valid trace, the derivatives of all constraints by the cells
 * of its rows. A change of cells that they do not see is a change that a prover can make.
 *
 * Outcomes: with every other word that the rows put on a bus held, the outcome's words cannot move. Words on the range bus are
 * not held: a look-up leaves a choice. Freedom: the number of independent words among all tuples and multiplicities. Where a
 * constraint is missing that defines or asserts something, the freedom is greater.
 *
 * A point says nothing about others: the trace must be random where the operation allows it. Cells of the rows around the
 * operation may hold anything, but for their selectors.
 */
import { BUS } from '../../machine/buses.ts';
import type { NodeId, TableAir } from '../../stark/air/air.ts';
import { BASE_ALGEBRA, evaluateGraph } from '../../stark/air/evaluate.ts';
import * as field from '../../stark/field/koalaBear.ts';
import type { Operation, TableDeclaration } from './tableDeclaration.ts';

/** Derivatives by cell: column, and 0 for the row itself or 1 for the next one. */
type Gradient = Map<string, { readonly column: number; readonly step: 0 | 1; readonly value: number }>;

/** The derivatives of an expression by the main columns that it reads. */
function gradientOf(air: TableAir, wordAt: (id: NodeId) => number, root: NodeId): Gradient {
  const { nodes, matrices } = air.graph;
  const weights = new Map<NodeId, number>([[root, 1]]);
  const gradient: Gradient = new Map();
  function push(id: NodeId, weight: number): void {
    weights.set(id, field.add(weights.get(id) ?? 0, weight));
  }
  for (let id = root; id >= 0; id--) {
    const weight = weights.get(id) ?? 0;
    if (weight === 0) continue;
    const node = nodes[id]!;
    switch (node.kind) {
      case 'main': {
        const step = node.row === 'next' ? 1 : 0;
        const key = `${node.column},${step}`;
        const before = gradient.get(key)?.value ?? 0;
        gradient.set(key, { column: node.column, step, value: field.add(before, weight) });
        break;
      }
      case 'add':
        push(node.left, weight);
        push(node.right, weight);
        break;
      case 'subtract':
        push(node.left, weight);
        push(node.right, field.negate(weight));
        break;
      case 'multiply':
        push(node.left, field.multiply(weight, wordAt(node.right)));
        push(node.right, field.multiply(weight, wordAt(node.left)));
        break;
      case 'element': {
        const vector = nodes[node.vector]!;
        if (vector.kind !== 'linear') throw new RangeError(`node ${node.vector} is no vector`);
        const matrix = matrices[vector.matrix]!;
        for (const [column, input] of vector.inputs.entries())
          push(input, field.multiply(weight, matrix.values[node.index * matrix.columns + column]!));
        break;
      }
      default:
    }
  }
  return gradient;
}

/** Rows in reduced form, each with how it was made of the equations that came first. */
class RowSpace {
  readonly #rows: { readonly pivot: number; readonly values: Uint32Array; readonly parts: Uint32Array }[] =
    [];
  readonly #rowByPivot = new Map<number, number>();
  readonly #cells: number;
  readonly #equations: number;

  /** Vectors of `cells` words; the first `equations` of them are remembered as parts of the others. */
  constructor(cells: number, equations: number) {
    this.#cells = cells;
    this.#equations = equations;
  }

  /**
   * Adds a vector; `equation` is its number, if it is one. Returns how the equations make it up when it is no new dimension:
   * weights by equation, up to the other vectors.
   */
  add(vector: ReadonlyMap<number, number>, equation?: number): Uint32Array | undefined {
    const values = new Uint32Array(this.#cells);
    const parts = new Uint32Array(this.#equations);
    for (const [cell, value] of vector) values[cell] = value;
    if (equation !== undefined) parts[equation] = 1;
    for (let cell = 0; cell < values.length; cell++) {
      const value = values[cell]!;
      if (value === 0) continue;
      const known = this.#rowByPivot.get(cell);
      if (known === undefined) {
        const scale = field.inverse(value);
        scaleInPlace(values, scale);
        scaleInPlace(parts, scale);
        this.#rowByPivot.set(cell, this.#rows.length);
        this.#rows.push({ pivot: cell, values, parts });
        return undefined;
      }
      subtractInPlace(values, this.#rows[known]!.values, value);
      subtractInPlace(parts, this.#rows[known]!.parts, value);
    }
    return parts;
  }

  /** Whether the vector is a combination of those added. */
  has(vector: ReadonlyMap<number, number>): boolean {
    const values = new Uint32Array(this.#cells);
    for (const [cell, value] of vector) values[cell] = value;
    for (let cell = 0; cell < values.length; cell++) {
      const value = values[cell]!;
      if (value === 0) continue;
      const known = this.#rowByPivot.get(cell);
      if (known === undefined) return false;
      subtractInPlace(values, this.#rows[known]!.values, value);
    }
    return true;
  }
}

function scaleInPlace(values: Uint32Array, factor: number): void {
  for (let index = 0; index < values.length; index++)
    if (values[index] !== 0) values[index] = field.multiply(values[index]!, factor);
}

function subtractInPlace(values: Uint32Array, other: Uint32Array, factor: number): void {
  for (let index = 0; index < values.length; index++)
    if (other[index] !== 0)
      values[index] = field.subtract(values[index]!, field.multiply(factor, other[index]!));
}

function rankOf(vectors: readonly (readonly number[])[]): number {
  const width = vectors[0]?.length ?? 0;
  const space = new RowSpace(width, 0);
  return vectors.filter((vector) => space.add(new Map(vector.entries())) === undefined).length;
}

export interface RankReport {
  readonly freedom: number;
  /** Words of outcomes that can move while everything else stays: `row interaction [word]`. */
  readonly unboundOutcomes: string[];
  /** Constraints that hold in the rows and without which the freedom is greater. */
  readonly seen: ReadonlySet<string>;
}

/** A word of a tuple, or a multiplicity, and how cells move it. */
interface BusWord {
  readonly name: string;
  readonly vector: ReadonlyMap<number, number>;
  readonly kind: 'held' | 'outcome' | 'range';
}

/** The ranks of an operation. Throws: RangeError when its trace violates a constraint or an outcome names no tuple. */
export function rankOperation(
  { air, selectors, rangeBound = [] }: Pick<TableDeclaration, 'air' | 'selectors' | 'rangeBound'>,
  { name, columns, preprocessed = [], statement = [], firstRow, rows, outcomes }: Operation,
): RankReport {
  const height = columns[0]!.length;
  const width = air.mainColumns.length;
  const isSelector = air.mainColumns.map((column) => selectors.includes(column));
  const isGiven = air.mainColumns.map((column) => rangeBound.includes(column));
  // The row before the operation, its rows, the row behind it.
  const cells = (rows + 2) * width;

  /** Derivatives by cell number; given cells, and selectors of the rows around, do not move. */
  function cellsOf(row: number, gradient: Gradient): Map<number, number> {
    const vector = new Map<number, number>();
    for (const { column, step, value } of gradient.values()) {
      const place = row + step;
      const isAround = place === 0 || place === rows + 1;
      if (value === 0 || isGiven[column] || (isAround && isSelector[column])) continue;
      const cell = place * width + column;
      vector.set(cell, field.add(vector.get(cell) ?? 0, value));
    }
    return vector;
  }
  const isOfOperation = (cell: number): boolean => cell >= width && cell < (rows + 1) * width;

  const equations: { readonly label: string; readonly vector: ReadonlyMap<number, number> }[] = [];
  const words: BusWord[] = [];
  const named = new Set<string>();
  for (let place = 0; place <= rows; place++) {
    const row = (firstRow + place - 1 + height) % height;
    const isLast = row === height - 1;
    const selectorValues = { first: Number(row === 0), last: Number(isLast), transition: Number(!isLast) };
    const wordAt = evaluateGraph(air.graph, BASE_ALGEBRA, {
      main: (column, at) => columns[column]![at === 'next' ? (row + 1) % height : row]!,
      preprocessed: (column) => preprocessed[column]![row]!,
      selector: (selector) => selectorValues[selector],
      public: (index) => statement[index]!,
    });
    for (const { label, expression } of air.constraints) {
      if (wordAt(expression) !== 0)
        throw new RangeError(`${air.name}, ${name}: the trace violates '${label}' on row ${row}`);
      const vector = cellsOf(place, gradientOf(air, wordAt, expression));
      if ([...vector.keys()].some(isOfOperation)) equations.push({ label, vector });
    }
    if (place === 0) continue;
    for (const { label, bus, multiplicity, values } of air.interactions) {
      const add = (of: NodeId, word: string, kind: BusWord['kind']): void => {
        const vector = cellsOf(place, gradientOf(air, wordAt, of));
        words.push({ name: `${place - 1} ${label} [${word}]`, vector, kind });
      };
      add(multiplicity, 'count', 'held');
      if (wordAt(multiplicity) === 0) continue;
      const outcome = outcomes.find((each) => each.row === place - 1 && each.interaction === label);
      if (outcome !== undefined) named.add(label);
      for (const [word, value] of values.entries())
        add(
          value,
          `${word}`,
          outcome?.words.includes(word) ? 'outcome' : bus === BUS.RANGE ? 'range' : 'held',
        );
    }
  }
  for (const { interaction } of outcomes)
    if (!named.has(interaction))
      throw new RangeError(`${air.name}, ${name}: '${interaction}' is on no bus where its outcome is`);

  const space = new RowSpace(cells, equations.length);
  // Combinations of equations that vanish, then those that are words: what hangs on an equation is in the latter only.
  const vanishing: Uint32Array[] = [];
  for (const [number, { vector }] of equations.entries()) {
    const parts = space.add(vector, number);
    if (parts !== undefined) vanishing.push(parts);
  }
  const made: Uint32Array[] = [];
  let freedom = 0;
  function addWord({ vector }: BusWord): void {
    const parts = space.add(vector);
    if (parts === undefined) freedom++;
    else made.push(parts);
  }
  const of = (kind: BusWord['kind']): BusWord[] => words.filter((word) => word.kind === kind);
  for (const word of of('held')) addWord(word);
  const unboundOutcomes = of('outcome')
    .filter(({ vector }) => !space.has(vector))
    .map((word) => word.name);
  for (const word of [...of('outcome'), ...of('range')]) addWord(word);

  const seen = new Set<string>();
  for (const { label } of air.constraints) {
    const numbers = equations.flatMap((equation, number) => (equation.label === label ? [number] : []));
    if (numbers.length === 0) continue;
    const onEquations = (parts: Uint32Array): number[] => numbers.map((number) => parts[number]!);
    const isPart = (part: readonly number[]): boolean => part.some((weight) => weight !== 0);
    const redundant = vanishing.map(onEquations).filter(isPart);
    const withWords = [...redundant, ...made.map(onEquations).filter(isPart)];
    if (rankOf(withWords) > rankOf(redundant)) seen.add(label);
  }
  return { freedom, unboundOutcomes, seen };
}
