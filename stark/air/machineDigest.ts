/**
 * The digest of an AIR system: canonical words of everything a verifier's arithmetic depends on, and of the names that
 * tell a reader what it is.
 * Source: docs/spec/proof-system.md, section 11.
 *
 * Every list is preceded by its length and every node by the number of its kind, so that the words determine the system.
 * Text is its length in bytes and its UTF-8 bytes, three a word, least significant first.
 */
import { digest } from '../hash/digest.ts';
import { LABEL } from '../transcript.ts';
import type { AirSystem, Expansion, Node, Row, Selector, TableAir } from './air.ts';
import { isSealedSystem } from './sealedSystem.ts';

const NODE_KINDS: Readonly<Record<Node['kind'], number>> = {
  constant: 1,
  public: 2,
  preprocessed: 3,
  main: 4,
  selector: 5,
  add: 6,
  subtract: 7,
  multiply: 8,
  linear: 9,
  element: 10,
};
const ROWS: Readonly<Record<Row, number>> = { current: 0, next: 1 };
const SELECTORS: Readonly<Record<Selector, number>> = { first: 0, last: 1, transition: 2 };
const EXPANSIONS: Readonly<Record<Expansion, number>> = { none: 0, poseidon: 1 };

function writeText(words: number[], text: string): void {
  const bytes = new TextEncoder().encode(text);
  words.push(bytes.length);
  for (let index = 0; index < bytes.length; index += 3)
    words.push(bytes[index]! + 2 ** 8 * (bytes[index + 1] ?? 0) + 2 ** 16 * (bytes[index + 2] ?? 0));
}

function writeList<Item>(words: number[], items: readonly Item[], write: (item: Item) => void): void {
  words.push(items.length);
  // Not `forEach`, which skips the holes that the length counts.
  for (const item of items) write(item);
}

function writeNode(words: number[], node: Node): void {
  words.push(NODE_KINDS[node.kind]);
  switch (node.kind) {
    case 'constant':
      words.push(node.value);
      break;
    case 'public':
      words.push(node.index);
      break;
    case 'preprocessed':
    case 'main':
      words.push(node.column, ROWS[node.row]);
      break;
    case 'selector':
      words.push(SELECTORS[node.selector]);
      break;
    case 'add':
    case 'subtract':
    case 'multiply':
      words.push(node.left, node.right);
      break;
    case 'linear':
      words.push(node.matrix);
      writeList(words, node.inputs, (input) => words.push(input));
      break;
    case 'element':
      words.push(node.vector, node.index);
      break;
  }
}

/** The canonical words of one table. */
export function tableWords(table: TableAir): number[] {
  const words: number[] = [];
  writeText(words, table.name);
  writeList(words, table.preprocessedColumns, (name) => writeText(words, name));
  writeList(words, table.mainColumns, (name) => writeText(words, name));
  words.push(table.preprocessedNextColumns, table.mainNextColumns);
  words.push(table.minimumLogHeight, table.maximumLogHeight);
  words.push(table.isRequired ? 1 : 0, EXPANSIONS[table.expansion]);
  writeList(words, table.graph.matrices, (matrix) => {
    words.push(matrix.rows, matrix.columns);
    for (const value of matrix.values) words.push(value);
  });
  writeList(words, table.graph.nodes, (node) => writeNode(words, node));
  writeList(words, table.constraints, ({ label, expression }) => {
    writeText(words, label);
    words.push(expression);
  });
  writeList(words, table.interactions, ({ label, bus, multiplicity, values, weight }) => {
    writeText(words, label);
    words.push(bus, multiplicity, weight);
    writeList(words, values, (value) => words.push(value));
  });
  return words;
}

/** The canonical words of a system: name, version, buses, tables in slot order. */
export function systemWords(system: AirSystem): number[] {
  const words: number[] = [];
  writeText(words, system.name);
  words.push(system.version);
  writeList(words, system.buses, ({ name, width }) => {
    writeText(words, name);
    words.push(width);
  });
  writeList(words, system.tables, (table) => {
    for (const word of tableWords(table)) words.push(word);
  });
  return words;
}

/** Digests of sealed systems: such a one does not change, and the machine has some twenty thousand words to hash. */
const machineDigests = new WeakMap<AirSystem, Uint32Array>();

/** The machine digest, 8 words; part of every verification key. The system must have passed `systemFault`. */
export function machineDigest(system: AirSystem): Uint32Array {
  const known = machineDigests.get(system) ?? digest(LABEL.MACHINE, systemWords(system));
  if (isSealedSystem(system)) machineDigests.set(system, known);
  return known.slice();
}
