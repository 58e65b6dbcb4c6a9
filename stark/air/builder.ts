/**
 * The one way to define a table: a function over named columns that yields the AIR as data, refused when it breaks a rule
 * of the proof system. Tables are joined to a system by `defineSystem`.
 * Source: docs/spec/proof-system.md, section 4.
 */

import type { Sealed } from '../sealed.ts';
import type {
  AirSystem,
  Bus,
  ConstantMatrix,
  Constraint,
  Expansion,
  Graph,
  Interaction,
  Node,
  NodeId,
  Row,
  TableAir,
} from './air.ts';
import { STATEMENT_WORDS } from './air.ts';
import { nodeDegrees } from './degree.ts';
import { AirError } from './errors.ts';
import { createGraphBuilder, type Expression, type GraphBuilder, type Operand } from './expression.ts';
import { sealSystem, sealTable } from './sealedSystem.ts';
import { degreeFault } from './tableFault.ts';

export type { Expression, Operand } from './expression.ts';

/** Least and greatest log height that the proof system can handle: cosets of at least 4 rows, subgroups of at most 2^24. */
const LEAST_LOG_HEIGHT = 2;
const GREATEST_LOG_HEIGHT = 24;

type NumberedNames<
  Prefix extends string,
  Count extends number,
  Names extends readonly string[] = readonly [],
> = Names['length'] extends Count
  ? Names
  : NumberedNames<Prefix, Count, readonly [...Names, `${Prefix}${Names['length']}`]>;

/** The names prefix0, prefix1, …, for the column lists of a shape; `count` is a literal. */
export function columnNames<const Prefix extends string, const Count extends number>(
  prefix: Prefix,
  count: Count,
): NumberedNames<Prefix, Count> {
  const names: readonly string[] = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  return names as NumberedNames<Prefix, Count>;
}

export interface TableShape<Main extends string, Preprocessed extends string> {
  readonly name: string;
  /** Columns that are read on the next row stand first. */
  readonly main: readonly Main[];
  readonly preprocessed: readonly Preprocessed[];
  readonly minimumLogHeight: number;
  readonly maximumLogHeight: number;
  readonly isRequired: boolean;
  readonly expansion: Expansion;
}

export interface InteractionDefinition {
  readonly label: string;
  readonly bus: number;
  /** Added to the count of this tuple: positive sends, negative receives. */
  readonly multiplicity: Operand;
  readonly values: readonly Operand[];
  readonly weight: 0 | 1;
}

type Columns<Name extends string> = { readonly [Column in Name]: Expression };

/** What a table's definition is written against. */
export interface TableBuilder<Main extends string, Preprocessed extends string> {
  readonly main: Columns<Main>;
  /** Main columns on the next row, cyclically. */
  readonly next: Columns<Main>;
  readonly preprocessed: Columns<Preprocessed>;
  readonly preprocessedNext: Columns<Preprocessed>;
  /** 1 on the first row, 0 on the others; degree 1. */
  readonly first: Expression;
  /** 1 on the last row, 0 on the others; degree 1. */
  readonly last: Expression;
  /** 0 on the last row and non-zero on the others; degree 0. */
  readonly transition: Expression;
  /** The main columns prefix0 … prefix(count - 1), on the current row. */
  mainColumns(prefix: string, count: number): Expression[];
  /** The main columns prefix0 … prefix(count - 1), on the next row. */
  nextColumns(prefix: string, count: number): Expression[];
  preprocessedColumns(prefix: string, count: number): Expression[];
  /** Word `index` of the statement digest. */
  public(index: number): Expression;
  constant(value: number): Expression;
  sum(terms: readonly Operand[]): Expression;
  /** The words of matrix * inputs; a loop in every evaluator. */
  linear(matrix: ConstantMatrix, inputs: readonly Operand[]): Expression[];
  /** Demands that the expression is 0 on every row. */
  constrain(label: string, expression: Expression): void;
  /** Demands left = right on every row. */
  constrainEqual(label: string, left: Operand, right: Operand): void;
  /** Demands that the expression is 0 or 1 on every row. */
  constrainBoolean(label: string, expression: Expression): void;
  interact(definition: InteractionDefinition): void;
}

function columnExpressions<Name extends string>(
  table: string,
  names: readonly Name[],
  kind: 'main' | 'preprocessed',
  row: Row,
  graph: GraphBuilder,
): Columns<Name> {
  const columns: Partial<Record<Name, Expression>> = {};
  names.forEach((name, column) => {
    if (columns[name] !== undefined) throw new AirError('DUPLICATE_COLUMN', { table, column: name });
    columns[name] = graph.leaf({ kind, column, row });
  });
  return Object.freeze(columns) as Columns<Name>;
}

function numberedColumns(
  table: string,
  columns: Readonly<Record<string, Expression>>,
  prefix: string,
  count: number,
): Expression[] {
  return Array.from({ length: count }, (_, index) => {
    const column = columns[`${prefix}${index}`];
    if (column === undefined) throw new AirError('UNKNOWN_COLUMN', { table, column: `${prefix}${index}` });
    return column;
  });
}

function operandsOf(node: Node): readonly NodeId[] {
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

function renumber(node: Node, ids: readonly NodeId[], matrices: readonly number[]): Node {
  const id = (old: NodeId): NodeId => ids[old] ?? -1;
  switch (node.kind) {
    case 'add':
    case 'subtract':
    case 'multiply':
      return { kind: node.kind, left: id(node.left), right: id(node.right) };
    case 'linear':
      return { kind: 'linear', matrix: matrices[node.matrix] ?? -1, inputs: node.inputs.map(id) };
    case 'element':
      return { kind: 'element', vector: id(node.vector), index: node.index };
    default:
      return node;
  }
}

/** The part of a graph that the roots need, in the same order; `ids` maps its old node numbers to the new ones. */
function prune(graph: Graph, roots: readonly NodeId[]): { graph: Graph; ids: NodeId[] } {
  const isUsed = new Array<boolean>(graph.nodes.length).fill(false);
  for (const root of roots) isUsed[root] = true;
  for (let node = graph.nodes.length - 1; node >= 0; node--) {
    if (!isUsed[node]) continue;
    for (const operand of operandsOf(graph.nodes[node]!)) isUsed[operand] = true;
  }
  const ids: NodeId[] = [];
  const nodes: Node[] = [];
  const matrixIds: number[] = [];
  const matrices: ConstantMatrix[] = [];
  graph.nodes.forEach((node, old) => {
    if (!isUsed[old]) return;
    if (node.kind === 'linear' && matrixIds[node.matrix] === undefined)
      matrixIds[node.matrix] = matrices.push(graph.matrices[node.matrix]!) - 1;
    ids[old] = nodes.push(renumber(node, ids, matrixIds)) - 1;
  });
  return { graph: { nodes, matrices }, ids };
}

/** How many leading columns are read on the next row. Throws: AirError NEXT_COLUMNS_NOT_LEADING. */
function nextColumnCount(
  table: string,
  graph: Graph,
  kind: 'main' | 'preprocessed',
  names: readonly string[],
): number {
  const read = new Set<number>();
  for (const node of graph.nodes) if (node.kind === kind && node.row === 'next') read.add(node.column);
  for (const column of read) {
    if (column >= read.size)
      throw new AirError('NEXT_COLUMNS_NOT_LEADING', {
        table,
        kind,
        column: names[column] ?? column,
        position: column,
        nextColumns: read.size,
      });
  }
  return read.size;
}

function checkDegrees(table: TableAir): void {
  const fault = degreeFault(table);
  if (fault !== undefined) {
    const { code, ...details } = fault;
    throw new AirError(code, { table: table.name, ...details });
  }
  const degrees = nodeDegrees(table.graph);
  for (const { label, expression } of table.constraints)
    if (degrees[expression]!.degree === 0)
      throw new AirError('CONSTANT_CONSTRAINT', { table: table.name, label });
}

/**
 * Runs a definition and yields the table it describes.
 * Throws: AirError when a column, label, constant, height or degree breaks a rule; its details name table and label.
 */
export function defineTable<const Main extends string, const Preprocessed extends string>(
  shape: TableShape<Main, Preprocessed>,
  define: (table: TableBuilder<Main, Preprocessed>) => void,
): TableAir {
  const { name, minimumLogHeight, maximumLogHeight } = shape;
  const heights = [minimumLogHeight, maximumLogHeight];
  if (
    !heights.every(Number.isInteger) ||
    minimumLogHeight < LEAST_LOG_HEIGHT ||
    maximumLogHeight < minimumLogHeight ||
    maximumLogHeight > GREATEST_LOG_HEIGHT
  )
    throw new AirError('HEIGHT_RANGE', { table: name, minimumLogHeight, maximumLogHeight });

  const graph = createGraphBuilder(name);
  const labels = new Set<string>();
  const constraints: Constraint[] = [];
  const interactions: Interaction[] = [];
  const main = columnExpressions(name, shape.main, 'main', 'current', graph);
  const next = columnExpressions(name, shape.main, 'main', 'next', graph);
  const preprocessed = columnExpressions(name, shape.preprocessed, 'preprocessed', 'current', graph);
  const preprocessedNext = columnExpressions(name, shape.preprocessed, 'preprocessed', 'next', graph);

  function takeLabel(label: string): void {
    if (labels.has(label)) throw new AirError('DUPLICATE_LABEL', { table: name, label });
    labels.add(label);
  }

  const builder: TableBuilder<Main, Preprocessed> = {
    main,
    next,
    preprocessed,
    preprocessedNext,
    first: graph.leaf({ kind: 'selector', selector: 'first' }),
    last: graph.leaf({ kind: 'selector', selector: 'last' }),
    transition: graph.leaf({ kind: 'selector', selector: 'transition' }),
    mainColumns: (prefix, count) => numberedColumns(name, main, prefix, count),
    nextColumns: (prefix, count) => numberedColumns(name, next, prefix, count),
    preprocessedColumns: (prefix, count) => numberedColumns(name, preprocessed, prefix, count),
    public(index) {
      if (!Number.isInteger(index) || index < 0 || index >= STATEMENT_WORDS)
        throw new AirError('PUBLIC_INDEX', { table: name, index, words: STATEMENT_WORDS });
      return graph.leaf({ kind: 'public', index });
    },
    constant: graph.constant,
    sum: (terms) => terms.reduce<Expression>((total, term) => total.plus(term), graph.constant(0)),
    linear: graph.linear,
    constrain(label, expression) {
      takeLabel(label);
      constraints.push({ label, expression: graph.expression(expression).node });
    },
    constrainEqual(label, left, right) {
      builder.constrain(label, graph.expression(left).minus(right));
    },
    constrainBoolean(label, expression) {
      builder.constrain(label, expression.times(expression.minus(1)));
    },
    interact({ label, bus, multiplicity, values, weight }) {
      takeLabel(label);
      interactions.push({
        label,
        bus,
        multiplicity: graph.expression(multiplicity).node,
        values: values.map((value) => graph.expression(value).node),
        weight,
      });
    },
  };
  define(builder);

  const roots = [
    ...constraints.map(({ expression }) => expression),
    ...interactions.flatMap(({ multiplicity, values }) => [multiplicity, ...values]),
  ];
  const pruned = prune(graph, roots);
  const id = (old: NodeId): NodeId => pruned.ids[old] ?? -1;
  const table: TableAir = {
    name,
    preprocessedColumns: [...shape.preprocessed],
    mainColumns: [...shape.main],
    preprocessedNextColumns: nextColumnCount(name, pruned.graph, 'preprocessed', shape.preprocessed),
    mainNextColumns: nextColumnCount(name, pruned.graph, 'main', shape.main),
    graph: pruned.graph,
    constraints: constraints.map(({ label, expression }) => ({ label, expression: id(expression) })),
    interactions: interactions.map((interaction) => ({
      ...interaction,
      multiplicity: id(interaction.multiplicity),
      values: interaction.values.map(id),
    })),
    minimumLogHeight,
    maximumLogHeight,
    isRequired: shape.isRequired,
    expansion: shape.expansion,
  };
  checkDegrees(table);
  return requireSealed(sealTable(table));
}

/** Throws: AirError 'MALFORMED', 'NOT_CANONICAL'. */
function requireSealed<Value>(made: Sealed<Value>): Value {
  if (!made.ok) throw new AirError(made.fault.code, made.fault.details);
  return made.value;
}

/**
 * Joins tables to a system, which is sealed: frozen in every part. Throws: AirError when table names repeat or an interaction does
 * not fit its bus.
 */
export function defineSystem(system: {
  readonly name: string;
  readonly version: number;
  readonly buses: readonly Bus[];
  readonly tables: readonly TableAir[];
}): AirSystem {
  const names = new Set<string>();
  for (const table of system.tables) {
    if (names.has(table.name)) throw new AirError('DUPLICATE_TABLE', { table: table.name });
    names.add(table.name);
    for (const { label, bus: busId, values } of table.interactions) {
      const bus = system.buses[busId];
      if (bus === undefined) throw new AirError('UNKNOWN_BUS', { table: table.name, label, bus: busId });
      if (bus.width !== values.length)
        throw new AirError('TUPLE_WIDTH', {
          table: table.name,
          label,
          bus: bus.name,
          expected: bus.width,
          got: values.length,
        });
    }
  }
  return requireSealed(sealSystem(system));
}
