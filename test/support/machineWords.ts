/**
 * The machine digest from docs/spec/generated/machine-words.json, by a second implementation of docs/spec/air-words.md that shares no code
 * with the first: parser, encoder, and expressions of the listing.
 */

type Item = string | number | readonly number[];

export interface TableFile {
  readonly name: string;
  readonly preprocessedColumns: readonly string[];
  readonly mainColumns: readonly string[];
  readonly preprocessedNextColumns: number;
  readonly mainNextColumns: number;
  readonly minimumLogHeight: number;
  readonly maximumLogHeight: number;
  readonly isRequired: boolean;
  readonly expansion: string;
  readonly matrices: readonly (readonly [number, number, readonly number[]])[];
  readonly nodes: readonly (readonly [string, ...Item[]])[];
  readonly constraints: readonly (readonly [string, number])[];
  readonly interactions: readonly (readonly [string, number, number, number, readonly number[]])[];
}

export interface MachineFile {
  readonly name: string;
  readonly version: number;
  readonly buses: readonly (readonly [string, number])[];
  readonly tables: readonly TableFile[];
}

/** Numbers of the words that the file spells out. */
const NUMBERS: Readonly<Record<string, number>> = {
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
  current: 0,
  next: 1,
  first: 0,
  last: 1,
  transition: 2,
  none: 0,
  poseidon: 1,
};

function numberOf(item: string | number): number {
  const number = typeof item === 'number' ? item : NUMBERS[item];
  if (number === undefined) throw new RangeError(`${item} has no number`);
  return number;
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value, 'utf8')];
  const words: number[] = [];
  for (let start = 0; start < bytes.length; start += 3)
    words.push(bytes.slice(start, start + 3).reduceRight((word, byte) => word * 256 + byte, 0));
  return [bytes.length, ...words];
}

function list<Entry>(items: readonly Entry[], words: (item: Entry) => readonly number[]): number[] {
  return [items.length, ...items.flatMap((item) => [...words(item)])];
}

const itself = (word: number): number[] => [word];

function table(file: TableFile): number[] {
  return [
    ...text(file.name),
    ...list(file.preprocessedColumns, text),
    ...list(file.mainColumns, text),
    file.preprocessedNextColumns,
    file.mainNextColumns,
    file.minimumLogHeight,
    file.maximumLogHeight,
    file.isRequired ? 1 : 0,
    numberOf(file.expansion),
    ...list(file.matrices, ([rows, columns, values]) => [rows, columns, ...values]),
    ...list(file.nodes, (node) =>
      node.flatMap((item) => (typeof item === 'object' ? list(item, itself) : [numberOf(item)])),
    ),
    ...list(file.constraints, ([label, node]) => [...text(label), node]),
    ...list(file.interactions, ([label, bus, multiplicity, weight, values]) => [
      ...text(label),
      bus,
      multiplicity,
      weight,
      ...list(values, itself),
    ]),
  ];
}

/** The canonical words of a machine file. */
export function machineFileWords(file: MachineFile): number[] {
  return [
    ...text(file.name),
    file.version,
    ...list(file.buses, ([name, width]) => [...text(name), width]),
    ...list(file.tables, table),
  ];
}

/** An expression of the listing as nested lists of the file's own form, operands in the place of node numbers. */
export type Tree = readonly (string | number | Tree)[];

/** The tree of a node; a vector is named by its matrix and inputs. */
export function treeOfNode(file: TableFile, id: number): Tree {
  const node = file.nodes[id];
  if (node === undefined) throw new RangeError(`no node ${id}`);
  const [kind, first, second] = node;
  switch (kind) {
    case 'add':
    case 'subtract':
    case 'multiply':
      return [kind, treeOfNode(file, first as number), treeOfNode(file, second as number)];
    case 'element':
      return [kind, treeOfNode(file, first as number), second as number];
    case 'linear':
      return [kind, first as number, (second as readonly number[]).map((input) => treeOfNode(file, input))];
    default:
      return node as Tree;
  }
}

/** Reads the listing's expressions for one table: `vectors` are its lines `v0 = M0 · (…)`. */
export function createListingParser(file: TableFile, vectors: readonly string[]): (source: string) => Tree {
  const definitions = new Map(
    vectors.map((line) => {
      const [, name, matrix, inputs] = /^(\w+) = M(\d+) · \((.*)\)$/.exec(line) ?? [];
      if (name === undefined || inputs === undefined) throw new SyntaxError(line);
      return [name, { matrix: Number(matrix), inputs }] as const;
    }),
  );
  const made = new Map<string, Tree>();

  function vector(name: string): Tree {
    const known = made.get(name);
    if (known !== undefined) return known;
    const definition = definitions.get(name);
    if (definition === undefined) throw new SyntaxError(`no vector ${name}`);
    const tree: Tree = ['linear', definition.matrix, splitAtCommas(definition.inputs).map(parse)];
    made.set(name, tree);
    return tree;
  }

  function parse(source: string): Tree {
    const tokens = source.match(/[A-Za-z_]\w*(\[\d+\])?'?|\d+|[()·+-]/g) ?? [];
    let at = 0;
    const sum = (): Tree => {
      let tree = product();
      while (tokens[at] === '+' || tokens[at] === '-')
        tree = [tokens[at++] === '+' ? 'add' : 'subtract', tree, product()];
      return tree;
    };
    const product = (): Tree => {
      let tree = factor();
      while (tokens[at] === '·') {
        at++;
        tree = ['multiply', tree, factor()];
      }
      return tree;
    };
    const factor = (): Tree => {
      const token = tokens[at++];
      if (token === undefined) throw new SyntaxError(source);
      if (token === '(') {
        const tree = sum();
        if (tokens[at++] !== ')') throw new SyntaxError(source);
        return tree;
      }
      if (/^\d/.test(token)) return ['constant', Number(token)];
      if (token === 'first' || token === 'last' || token === 'transition') return ['selector', token];
      const [, name, index] = /^(\w+)\[(\d+)\]$/.exec(token) ?? [];
      if (name === 'statement') return ['public', Number(index)];
      if (name !== undefined) return ['element', vector(name), Number(index)];
      const row = token.endsWith("'") ? 'next' : 'current';
      const column = token.replace("'", '');
      const main = file.mainColumns.indexOf(column);
      if (main >= 0) return ['main', main, row];
      const preprocessed = file.preprocessedColumns.indexOf(column);
      if (preprocessed < 0) throw new SyntaxError(`no column ${column}`);
      return ['preprocessed', preprocessed, row];
    };
    const tree = sum();
    if (at !== tokens.length) throw new SyntaxError(source);
    return tree;
  }
  return parse;
}

/** Parts of a list in parentheses, split at the commas that no parentheses hold. */
export function splitAtCommas(source: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < source.length; index++) {
    if (source[index] === '(') depth++;
    if (source[index] === ')') depth--;
    if (source[index] === ',' && depth === 0) {
      parts.push(source.slice(start, index).trim());
      start = index + 1;
    }
  }
  return source.trim() === '' ? [] : [...parts, source.slice(start).trim()];
}
