/**
 * Sealed tables and systems: read once, with every name, number and list checked, so that a system has one list of canonical words
 * and no other system has it. Whether its graph makes sense is `tableFault.ts`.
 * Source: docs/spec/air-words.md.
 */
import { type Reader, type Sealed, sealed, sealedKind } from '../sealed.ts';
import type { AirSystem, Bus, ConstantMatrix, Constraint, Interaction, Node, TableAir } from './air.ts';

const ROWS = ['current', 'next'] as const;
const SELECTORS = ['first', 'last', 'transition'] as const;
const EXPANSIONS = ['none', 'poseidon'] as const;
const WEIGHTS = [0, 1] as const;

function readNode(reader: Reader, value: Node, at: string): Node {
  const node = reader.object(value, at);
  const { kind } = node;
  switch (kind) {
    case 'constant':
      return Object.freeze({ kind, value: reader.word(node.value, `${at}.value`) });
    case 'public':
      return Object.freeze({ kind, index: reader.word(node.index, `${at}.index`) });
    case 'preprocessed':
    case 'main':
      return Object.freeze({
        kind,
        column: reader.word(node.column, `${at}.column`),
        row: reader.oneOf(node.row, `${at}.row`, ROWS),
      });
    case 'selector':
      return Object.freeze({ kind, selector: reader.oneOf(node.selector, `${at}.selector`, SELECTORS) });
    case 'add':
    case 'subtract':
    case 'multiply':
      return Object.freeze({
        kind,
        left: reader.word(node.left, `${at}.left`),
        right: reader.word(node.right, `${at}.right`),
      });
    case 'linear':
      return Object.freeze({
        kind,
        matrix: reader.word(node.matrix, `${at}.matrix`),
        inputs: reader.list(node.inputs, `${at}.inputs`, reader.word),
      });
    case 'element':
      return Object.freeze({
        kind,
        vector: reader.word(node.vector, `${at}.vector`),
        index: reader.word(node.index, `${at}.index`),
      });
    default:
      return reader.refuse(`${at}.kind`, 'a kind of node', kind);
  }
}

function readMatrix(reader: Reader, value: ConstantMatrix, at: string): ConstantMatrix {
  const matrix = reader.object(value, at);
  return Object.freeze({
    rows: reader.word(matrix.rows, `${at}.rows`),
    columns: reader.word(matrix.columns, `${at}.columns`),
    values: reader.list(matrix.values, `${at}.values`, reader.word),
  });
}

function readConstraint(reader: Reader, value: Constraint, at: string): Constraint {
  const constraint = reader.object(value, at);
  return Object.freeze({
    label: reader.text(constraint.label, `${at}.label`),
    expression: reader.word(constraint.expression, `${at}.expression`),
  });
}

function readInteraction(reader: Reader, value: Interaction, at: string): Interaction {
  const interaction = reader.object(value, at);
  return Object.freeze({
    label: reader.text(interaction.label, `${at}.label`),
    bus: reader.word(interaction.bus, `${at}.bus`),
    multiplicity: reader.word(interaction.multiplicity, `${at}.multiplicity`),
    values: reader.list(interaction.values, `${at}.values`, reader.word),
    weight: reader.oneOf(interaction.weight, `${at}.weight`, WEIGHTS),
  });
}

function readTable(reader: Reader, value: TableAir, at: string): TableAir {
  const table = reader.object(value, at);
  const graph = reader.object(table.graph, `${at}.graph`);
  return {
    name: reader.text(table.name, `${at}.name`),
    preprocessedColumns: reader.list(table.preprocessedColumns, `${at}.preprocessedColumns`, reader.text),
    mainColumns: reader.list(table.mainColumns, `${at}.mainColumns`, reader.text),
    preprocessedNextColumns: reader.word(table.preprocessedNextColumns, `${at}.preprocessedNextColumns`),
    mainNextColumns: reader.word(table.mainNextColumns, `${at}.mainNextColumns`),
    graph: Object.freeze({
      nodes: reader.list(graph.nodes, `${at}.graph.nodes`, (node, place) => readNode(reader, node, place)),
      matrices: reader.list(graph.matrices, `${at}.graph.matrices`, (matrix, place) =>
        readMatrix(reader, matrix, place),
      ),
    }),
    constraints: reader.list(table.constraints, `${at}.constraints`, (constraint, place) =>
      readConstraint(reader, constraint, place),
    ),
    interactions: reader.list(table.interactions, `${at}.interactions`, (interaction, place) =>
      readInteraction(reader, interaction, place),
    ),
    minimumLogHeight: reader.word(table.minimumLogHeight, `${at}.minimumLogHeight`),
    maximumLogHeight: reader.word(table.maximumLogHeight, `${at}.maximumLogHeight`),
    isRequired: reader.flag(table.isRequired, `${at}.isRequired`),
    expansion: reader.oneOf(table.expansion, `${at}.expansion`, EXPANSIONS),
  };
}

function readBus(reader: Reader, value: Bus, at: string): Bus {
  const bus = reader.object(value, at);
  return Object.freeze({
    name: reader.text(bus.name, `${at}.name`),
    width: reader.word(bus.width, `${at}.width`),
  });
}

const TABLE = sealedKind(readTable);

function readSystem(reader: Reader, value: AirSystem, at: string): AirSystem {
  const system = reader.object(value, at);
  return {
    name: reader.text(system.name, `${at}.name`),
    version: reader.word(system.version, `${at}.version`),
    buses: reader.list(system.buses, `${at}.buses`, (bus, place) => readBus(reader, bus, place)),
    tables: reader.list(system.tables, `${at}.tables`, (table, place) => reader.part(table, place, TABLE)),
  };
}

const SYSTEM = sealedKind(readSystem);

/** The table as a sealed one, or what is wrong with its parts. */
export function sealTable(table: TableAir): Sealed<TableAir> {
  return sealed(table, 'table', TABLE);
}

/** The system as a sealed one, or what is wrong with its parts. Tables that are sealed stay the objects that they are. */
export function sealSystem(system: AirSystem): Sealed<AirSystem> {
  return sealed(system, 'system', SYSTEM);
}

/** True of systems that `sealSystem` gave out, which do not change: what is computed from one may be kept. */
export function isSealedSystem(system: AirSystem): boolean {
  return SYSTEM.known.has(system);
}
