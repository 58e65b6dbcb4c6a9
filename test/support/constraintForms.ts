/**
 * What can be read off the expressions of a table: the linear forms that it looks up in the range table, the constraints that
 * are x * (x - 1), the degrees, and the columns that decide a constraint alone.
 *
 * The last two are what a rank does not show: a constraint times a column says nothing where the column is 0, and its
 * derivatives at a point where the column is not 0 are as before. So with the selectors of every declared state put in, each
 * constraint is a polynomial in the other cells. A factor too many raises its degree. Its factors in one cell alone are
 * listed; they are computed at two random points, as the common divisor of the polynomials in that cell.
 */
import { BUS } from '../../machine/buses.ts';
import type { Graph, Node, NodeId, Row, Selector, TableAir } from '../../stark/air/air.ts';
import { type Algebra, evaluateGraph } from '../../stark/air/evaluate.ts';
import * as field from '../../stark/field/koalaBear.ts';
import { createRandom } from './random.ts';
import type { TableDeclaration } from './tableDeclaration.ts';

const SEED = 3_010;
/** In the place of a column's number, the constant term. */
const CONSTANT = -1;

/** Coefficients by main column of the row itself. */
type LinearForm = ReadonlyMap<number, number>;

/** An expression as a linear form of the columns of its row; undefined of any other. */
function linearFormOf(graph: Graph, id: NodeId): LinearForm | undefined {
  const node = graph.nodes[id]!;
  switch (node.kind) {
    case 'constant':
      return new Map(node.value === 0 ? [] : [[CONSTANT, node.value]]);
    case 'main':
      return node.row === 'current' ? new Map([[node.column, 1]]) : undefined;
    case 'add':
    case 'subtract': {
      const left = linearFormOf(graph, node.left);
      const right = linearFormOf(graph, node.right);
      if (left === undefined || right === undefined) return undefined;
      return addForms(left, right, node.kind === 'add' ? 1 : field.MODULUS - 1);
    }
    case 'multiply': {
      const left = linearFormOf(graph, node.left);
      const right = linearFormOf(graph, node.right);
      if (left === undefined || right === undefined) return undefined;
      const [constant, form] = isConstant(left) ? [left, right] : [right, left];
      return isConstant(constant) ? addForms(new Map(), form, constant.get(CONSTANT) ?? 0) : undefined;
    }
    default:
      return undefined;
  }
}

function isConstant(form: LinearForm): boolean {
  return [...form.keys()].every((column) => column === CONSTANT);
}

/** left + factor * right. */
function addForms(left: LinearForm, right: LinearForm, factor: number): LinearForm {
  const sum = new Map(left);
  for (const [column, value] of right) {
    const total = field.add(sum.get(column) ?? 0, field.multiply(value, factor));
    if (total === 0) sum.delete(column);
    else sum.set(column, total);
  }
  return sum;
}

function signed(value: number): string {
  return `${value > field.MODULUS / 2 ? value - field.MODULUS : value}`;
}

/** `high`, `256 * high`, `64 * (xLow0 + xLow1)`: columns in their order, a common factor in front. */
function textOf(air: TableAir, form: LinearForm): string {
  const terms = [...form].sort(([left], [right]) => left - right);
  const nameOf = (column: number): string => (column === CONSTANT ? '1' : air.mainColumns[column]!);
  const scaled = (value: number, text: string): string => (value === 1 ? text : `${signed(value)} * ${text}`);
  const [first] = terms;
  if (first !== undefined && terms.length > 1 && terms.every(([, value]) => value === first[1])) {
    const sum = terms.map(([column]) => nameOf(column)).join(' + ');
    return first[1] === 1 ? sum : scaled(first[1], `(${sum})`);
  }
  return terms.map(([column, value]) => scaled(value, nameOf(column))).join(' + ');
}

/** By label, what a table's look-ups of the range bus hold below 2^16. */
export function rangeForms(air: TableAir): Record<string, string> {
  return Object.fromEntries(
    air.interactions
      .filter(({ bus, weight }) => bus === BUS.RANGE && weight === 1)
      .map(({ label, values }) => {
        const form = linearFormOf(air.graph, values[0]!);
        return [label, form === undefined ? 'no linear form' : textOf(air, form)];
      }),
  );
}

/** By label, the x of the constraints that are x * (x - 1) and nothing else. */
export function booleanForms(air: TableAir): Record<string, string> {
  const { graph } = air;
  return Object.fromEntries(
    air.constraints.flatMap(({ label, expression }) => {
      const node = graph.nodes[expression]!;
      if (node.kind !== 'multiply') return [];
      const [left, right] = [linearFormOf(graph, node.left), linearFormOf(graph, node.right)];
      if (left === undefined || right === undefined) return [];
      const difference = addForms(left, right, field.MODULUS - 1);
      return isConstant(difference) && difference.get(CONSTANT) === 1 ? [[label, textOf(air, left)]] : [];
    }),
  );
}

/** Coefficients from the constant term up, the last one not 0; none of the polynomial 0. */
type Polynomial = readonly number[];

function trimmed(coefficients: readonly number[]): Polynomial {
  return coefficients.slice(0, coefficients.findLastIndex((value) => value !== 0) + 1);
}

function combinePolynomials(
  left: Polynomial,
  right: Polynomial,
  combine: (left: number, right: number) => number,
): Polynomial {
  const length = Math.max(left.length, right.length);
  return trimmed(Array.from({ length }, (_, power) => combine(left[power] ?? 0, right[power] ?? 0)));
}

const POLYNOMIAL_ALGEBRA: Algebra<Polynomial> = {
  constant: (value) => trimmed([value]),
  add: (left, right) => combinePolynomials(left, right, field.add),
  subtract: (left, right) => combinePolynomials(left, right, field.subtract),
  multiply(left, right) {
    if (left.length === 0 || right.length === 0) return [];
    const product = new Array<number>(left.length + right.length - 1).fill(0);
    for (const [i, leftValue] of left.entries())
      for (const [j, rightValue] of right.entries())
        product[i + j] = field.add(product[i + j]!, field.multiply(leftValue, rightValue));
    return product;
  },
  multiplyByBase: (left, right) => (right === 0 ? [] : left.map((value) => field.multiply(value, right))),
};

/** What is left of `left` when multiples of `right`, which is not 0, are taken away. */
function remainder(left: Polynomial, right: Polynomial): Polynomial {
  let rest = left;
  while (rest.length >= right.length) {
    const factor = field.multiply(rest.at(-1)!, field.inverse(right.at(-1)!));
    const shift = rest.length - right.length;
    const taken = rest.map((_, power) => field.multiply(factor, right[power - shift] ?? 0));
    rest = combinePolynomials(rest, taken, field.subtract);
  }
  return rest;
}

function commonDivisor(left: Polynomial, right: Polynomial): Polynomial {
  return right.length === 0 ? left : commonDivisor(right, remainder(left, right));
}

/** The values at which a polynomial that is not 0 vanishes: 0, 1 and what is left of degree 1, each once. */
function rootsOf(polynomial: Polynomial): string[] {
  const roots = new Set<string>();
  let rest = polynomial;
  const divide = (root: number): void => {
    // Synthetic division by x - root.
    const quotient: number[] = [];
    let carried = 0;
    for (const value of [...rest].reverse()) {
      carried = field.add(field.multiply(carried, root), value);
      quotient.unshift(carried);
    }
    rest = quotient.slice(1);
    roots.add(`= ${signed(root)}`);
  };
  const isRoot = (root: number): boolean => remainder(rest, [field.negate(root), 1]).length === 0;
  for (const root of [0, 1]) while (rest.length > 1 && isRoot(root)) divide(root);
  if (rest.length === 2) divide(field.multiply(field.negate(rest[0]!), field.inverse(rest[1]!)));
  if (rest.length > 1) roots.add(`is a root of a polynomial of degree ${rest.length - 1}`);
  return [...roots];
}

/** The nodes that an expression needs as a graph of its own, the expression last; elements of vectors are written out as sums. */
function coneOf({ nodes, matrices }: Graph, root: NodeId): Graph {
  const places = new Map<NodeId, NodeId>();
  const cone: Node[] = [];
  const push = (node: Node): NodeId => cone.push(node) - 1;
  function place(id: NodeId): NodeId {
    const placed = places.get(id) ?? copy(nodes[id]!);
    places.set(id, placed);
    return placed;
  }
  function copy(node: Node): NodeId {
    switch (node.kind) {
      case 'add':
      case 'subtract':
      case 'multiply':
        return push({ ...node, left: place(node.left), right: place(node.right) });
      case 'element': {
        const vector = nodes[node.vector]!;
        if (vector.kind !== 'linear') throw new RangeError(`node ${node.vector} is no vector`);
        const { values, columns } = matrices[vector.matrix]!;
        const terms = vector.inputs.map((input, column) => {
          const left = push({ kind: 'constant', value: values[node.index * columns + column]! });
          return push({ kind: 'multiply', left, right: place(input) });
        });
        return terms.reduce((left, right) => push({ kind: 'add', left, right }));
      }
      default:
        return push(node);
    }
  }
  place(root);
  return { nodes: cone, matrices: [] };
}

/** Where a row stands, and which selectors are 1 on it and on the next one. */
interface Setting {
  readonly place: Readonly<Record<Selector, number>>;
  readonly current: readonly string[];
  readonly next: readonly string[];
}
const PLACES: readonly Setting['place'][] = [
  { first: 0, last: 0, transition: 1 },
  { first: 1, last: 0, transition: 1 },
  { first: 0, last: 1, transition: 0 },
];

/** The settings of the named states that differ in what a constraint reads of them. */
function settingsOf(
  { air, selectors, states }: TableDeclaration,
  cone: Graph,
  names: readonly string[] = Object.keys(states),
): Setting[] {
  const read = (row: Row): string[] =>
    selectors.filter((name) =>
      cone.nodes.some(
        (node) => node.kind === 'main' && node.row === row && air.mainColumns[node.column] === name,
      ),
    );
  const [readHere, readThere] = [read('current'), read('next')];
  const readsPlace = cone.nodes.some(({ kind }) => kind === 'selector');
  const places = readsPlace ? PLACES : PLACES.slice(0, 1);
  const found = new Map<string, Setting>();
  for (const state of names) {
    const { ones, followers } = states[state]!;
    const current = readHere.filter((name) => ones.includes(name));
    const after = readThere.length === 0 ? [''] : followers === 'any' ? Object.keys(states) : followers;
    for (const name of after) {
      const next = readThere.filter((selector) => states[name]?.ones.includes(selector) === true);
      for (const place of places) found.set(JSON.stringify([place, current, next]), { place, current, next });
    }
  }
  return [...found.values()];
}

/** A degree in a setting, on a random line through the cells that are no selectors; undefined where a constraint says nothing of them. */
function createDegree({
  air,
  selectors,
}: TableDeclaration): (cone: Graph, setting: Setting) => number | undefined {
  const width = air.mainColumns.length;
  const isSelector = air.mainColumns.map((name) => selectors.includes(name));
  const random = createRandom(SEED);
  const line = { start: random.words(2 * width), step: random.words(2 * width), other: random.word() };
  return (cone, { place, current, next }) => {
    const ones = { current, next };
    const polynomial = evaluateGraph(cone, POLYNOMIAL_ALGEBRA, {
      main(column, row) {
        if (isSelector[column]) return ones[row].includes(air.mainColumns[column]!) ? [1] : [];
        const cell = row === 'next' ? width + column : column;
        return [line.start[cell]!, line.step[cell]!];
      },
      preprocessed: () => [line.other],
      selector: (selector) => trimmed([place[selector]]),
      public: () => [line.other],
    })(cone.nodes.length - 1);
    return polynomial.length > 1 ? polynomial.length - 1 : undefined;
  };
}

/** The label with # for its numbers. */
function familyOf(label: string): string {
  return label.replace(/ \d+/g, ' #');
}

/**
 * By label, with # for its numbers, the degrees of constraints in the cells that are no selectors: of each constraint those that
 * it has in declared states. Labels of which all constraints have degree 1 wherever they say something are left out.
 */
export function higherDegrees(declaration: TableDeclaration): Record<string, string> {
  const degreeOf = createDegree(declaration);
  const found = new Map<string, Set<string>>();
  for (const { label, expression } of declaration.air.constraints) {
    const cone = coneOf(declaration.air.graph, expression);
    const degrees = new Set(
      settingsOf(declaration, cone).flatMap((setting) => degreeOf(cone, setting) ?? []),
    );
    if (degrees.size === 0) continue;
    const family = familyOf(label);
    found.set(family, (found.get(family) ?? new Set()).add([...degrees].sort().join(' and ')));
  }
  return Object.fromEntries(
    [...found]
      .map(([family, texts]) => [family, [...texts].sort().join(', ')] as const)
      .filter(([, text]) => text !== '1'),
  );
}

/** By label of `speaks`, with # for its numbers: the states on whose rows every constraint of that label says something of cells. */
export function speakingStates(declaration: TableDeclaration): Record<string, string[]> {
  const { air, states, speaks = {} } = declaration;
  const degreeOf = createDegree(declaration);
  const found: Record<string, string[]> = {};
  for (const { label, expression } of air.constraints) {
    const family = familyOf(label);
    if (speaks[family] === undefined) continue;
    const cone = coneOf(air.graph, expression);
    const names = Object.keys(states).filter((name) =>
      settingsOf(declaration, cone, [name]).some((setting) => degreeOf(cone, setting) !== undefined),
    );
    found[family] = (found[family] ?? names).filter((name) => names.includes(name));
  }
  return found;
}

/**
 * By label, what alone makes a constraint hold in declared states: for each kind of state `column = value`, or several of them.
 * The constraints that nothing alone makes hold are left out.
 */
export function decidedAlone(declaration: TableDeclaration): Record<string, string[]> {
  const { air, selectors } = declaration;
  const isSelector = air.mainColumns.map((name) => selectors.includes(name));
  const random = createRandom(SEED);
  const points = [0, 1].map(() => ({
    current: random.words(air.mainColumns.length),
    next: random.words(air.mainColumns.length),
    other: random.word(),
  }));

  /** A constraint in a setting as a polynomial in one cell, at a point. */
  function polynomialIn(
    cone: Graph,
    { place, current, next }: Setting,
    cell: { readonly column: number; readonly row: Row },
    point: (typeof points)[number],
  ): Polynomial {
    const ones = { current, next };
    return evaluateGraph(cone, POLYNOMIAL_ALGEBRA, {
      main(column, row) {
        if (isSelector[column]) return ones[row].includes(air.mainColumns[column]!) ? [1] : [];
        return column === cell.column && row === cell.row ? [0, 1] : [point[row][column]!];
      },
      preprocessed: () => [point.other],
      selector: (selector) => trimmed([place[selector]]),
      public: () => [point.other],
    })(cone.nodes.length - 1);
  }

  const found: Record<string, string[]> = {};
  for (const { label, expression } of air.constraints) {
    const cone = coneOf(air.graph, expression);
    const cells = cone.nodes.flatMap((node) =>
      node.kind === 'main' && !isSelector[node.column] ? [node] : [],
    );
    const alone = new Set<string>();
    for (const setting of settingsOf(declaration, cone)) {
      const roots: string[] = [];
      for (const cell of cells) {
        const [left, right] = points.map((point) => polynomialIn(cone, setting, cell, point)) as [
          Polynomial,
          Polynomial,
        ];
        // The constraint says nothing in this setting.
        if (left.length === 0 && right.length === 0) break;
        const name = `${cell.row === 'next' ? 'next ' : ''}${air.mainColumns[cell.column]}`;
        for (const root of rootsOf(commonDivisor(left, right))) roots.push(`${name} ${root}`);
      }
      if (roots.length > 0) alone.add(roots.sort().join(' or '));
    }
    if (alone.size > 0) found[label] = [...alone].sort();
  }
  return found;
}
