/**
 * From a table's AIR to WGSL: straight-line kernels that read the cells of a tile's row and write the values of the
 * table's constraints and interactions. Linear nodes are loops over a table of words.
 * Source: docs/spec/proof-system.md, sections 4 to 6; docs/decisions/0004-constraint-evaluation.md.
 */
import type { ConstantMatrix, Node, NodeId, TableAir } from '../../stark/air/air.ts';
import { tableDigest } from '../../stark/air/machineDigest.ts';
import { multiply } from '../../stark/field/koalaBear.ts';
import { KernelError } from '../errors.ts';
import { MONTGOMERY_ONE } from '../montgomery.ts';
import type { TileLayout, ValuePlace } from './layout.ts';
import { isComputed, operandsOf, type Piece, scheduleGraph } from './schedule.ts';

/** Products of one kernel, about; above it the work is cut. Performance of compilation only. */
const KERNEL_PRODUCTS = 320;
/** Bumped whenever equal AIRs give other text. */
const GENERATOR_VERSION = 1;

function toMontgomery(canonical: number): number {
  return multiply(canonical, MONTGOMERY_ONE);
}

export interface GeneratedKernel {
  /** Label and entry point. */
  readonly name: string;
  readonly source: string;
  /** Products of one row, about: what an element costs. */
  readonly work: number;
}

export interface GeneratedKernels {
  readonly kernels: readonly GeneratedKernel[];
  /** What the kernels read as `matrices`: for each matrix its rows, its columns, its words. Never empty. */
  readonly matrices: Uint32Array;
  /** Columns that the kernels write, from the layout's `firstComputed` on. */
  readonly computedColumns: number;
  readonly places: ReadonlyMap<NodeId, ValuePlace>;
}

/** A WGSL identifier made of a table's name. */
export function identifier(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words
    .map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1)))
    .join('');
  return /^[A-Za-z]/.test(joined) ? joined : `table${joined}`;
}

/** What a generated shader says of its AIR; the host compares it. */
export function constraintDigest(table: TableAir): string {
  const words = Array.from(tableDigest(table), (word) => word.toString(16).padStart(8, '0'));
  return `${GENERATOR_VERSION}:${words.join('')}`;
}

const DIGEST_LINE = '// Constraint digest ';

/**
 * The text of a committed kernel, if it was generated from this table.
 * Throws: KernelError 'SHAPE_MISMATCH' when its constraint digest is another one.
 */
export function requireDigest(table: TableAir, name: string, source: string): string {
  const line = source.split('\n').find((text) => text.startsWith(DIGEST_LINE));
  const got = line?.slice(DIGEST_LINE.length) ?? 'none';
  const expected = constraintDigest(table);
  if (got !== expected)
    throw new KernelError('SHAPE_MISMATCH', `${name} was generated from another AIR: run npm run generate`, {
      expected,
      got,
    });
  return source;
}

/** The committed text of a kernel by its name; undefined when there is none. */
export type ReadCommitted = (name: string) => string | undefined;

/** The kernels that compute the roots of a table; `stem` names them. Committed text is used when there is some. */
export function generateKernels(
  table: TableAir,
  stem: string,
  roots: readonly NodeId[],
  layout: TileLayout,
  readCommitted: ReadCommitted,
): GeneratedKernels {
  const { nodes, matrices } = table.graph;
  const schedule = scheduleGraph(table.graph, roots);
  const columnOf = new Map(layout.columnOfLeaf);
  schedule.kept.forEach((node, index) => {
    columnOf.set(node, layout.firstComputed + index);
  });
  const matrixTable = matrixWords(matrices);
  const groups = kernelPieces(schedule.pieces);
  const places = new Map<NodeId, ValuePlace>();
  for (const root of roots) {
    const node = nodes[root]!;
    if (node.kind === 'constant') places.set(root, { kind: 'constant', value: node.value });
    else if (node.kind === 'public') places.set(root, { kind: 'public', index: node.index });
    else places.set(root, { kind: 'column', column: columnOf.get(root)! });
  }
  return {
    kernels: groups.map((pieces, index) => {
      const name = groups.length === 1 ? stem : `${stem}${index}`;
      const committed = readCommitted(name);
      return {
        name,
        source:
          committed === undefined
            ? kernelText(table, name, pieces, columnOf, matrixTable.offsets)
            : requireDigest(table, name, committed),
        work: Math.ceil(pieces.reduce((sum, piece) => sum + pieceWork(table, piece), 1)),
      };
    }),
    matrices: matrixTable.words,
    computedColumns: schedule.kept.length,
    places,
  };
}

function matrixWords(matrices: readonly ConstantMatrix[]): { words: Uint32Array; offsets: number[] } {
  const offsets: number[] = [];
  const words: number[] = [];
  for (const matrix of matrices) {
    offsets.push(words.length);
    words.push(matrix.rows, matrix.columns);
    for (const value of matrix.values) words.push(toMontgomery(value));
  }
  return { words: Uint32Array.from(words.length === 0 ? [0] : words), offsets };
}

function kernelPieces(pieces: readonly Piece[]): Piece[][] {
  const kernels: Piece[][] = [];
  let cost = Number.POSITIVE_INFINITY;
  for (const piece of pieces) {
    if (cost + piece.cost > KERNEL_PRODUCTS) {
      kernels.push([]);
      cost = 0;
    }
    kernels.at(-1)!.push(piece);
    cost += piece.cost;
  }
  return kernels;
}

function pieceWork(table: TableAir, piece: Piece): number {
  return piece.nodes.reduce((work, id) => {
    const node = table.graph.nodes[id]!;
    if (node.kind !== 'linear') return work + (node.kind === 'multiply' ? 1 : 0.15);
    const matrix = table.graph.matrices[node.matrix]!;
    return work + matrix.rows * matrix.columns;
  }, 0);
}

/** A kernel that runs some pieces on every row of a tile. */
function kernelText(
  table: TableAir,
  name: string,
  pieces: readonly Piece[],
  columnOf: ReadonlyMap<NodeId, number>,
  matrixOffsets: readonly number[],
): string {
  const { nodes, matrices } = table.graph;
  const linears = pieces.flatMap((piece) =>
    piece.nodes.flatMap((id) => {
      const node = nodes[id]!;
      return node.kind === 'linear' ? [matrices[node.matrix]!] : [];
    }),
  );
  const functions = pieces.map((piece, index) => pieceText(table, index, piece, columnOf, matrixOffsets));
  const calls = pieces.map((_, index) => `  piece${index}(row);`);
  return `// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "${table.name}".
${DIGEST_LINE}${constraintDigest(table)}
// Computes values of one row of a tile; word column * stride + row. Montgomery form. Element: one row.
// Source: docs/spec/proof-system.md, section 4.
#import field
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  publicWords: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> tile: array<u32>;
@group(0) @binding(2) var<storage, read> matrices: array<u32>;

fn cell(column: u32, row: u32) -> u32 {
  return tile[column * params.stride + row];
}

fn keep(column: u32, row: u32, value: u32) {
  tile[column * params.stride + row] = value;
}
${linears.length > 0 ? linearText(linears) : ''}
${functions.join('\n\n')}

@compute @workgroup_size(workgroupSize)
fn ${name}(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  // Touched so that every kernel has the same bindings.
  if (row >= params.end || arrayLength(&matrices) == 0u) {
    return;
  }
${calls.join('\n')}
}
`;
}

/** The bounds are read from the table, so that no compiler unrolls the loops. */
function linearText(used: readonly ConstantMatrix[]): string {
  const inputs = Math.max(...used.map(({ columns }) => columns));
  const outputs = Math.max(...used.map(({ rows }) => rows));
  return `
var<private> linearInput: array<u32, ${inputs}>;
var<private> linearOutput: array<u32, ${outputs}>;

/// linearOutput = matrix * linearInput; the matrix stands at \`offset\` as rows, columns, words.
fn linear(offset: u32) {
  let rows = matrices[offset];
  let columns = matrices[offset + 1u];
  var word = offset + 2u;
  for (var row = 0u; row < rows; row += 1u) {
    var sum = 0u;
    for (var column = 0u; column < columns; column += 1u) {
      sum = fieldAdd(sum, fieldMultiply(matrices[word], linearInput[column]));
      word += 1u;
    }
    linearOutput[row] = sum;
  }
}
`;
}

function pieceText(
  table: TableAir,
  index: number,
  piece: Piece,
  columnOf: ReadonlyMap<NodeId, number>,
  matrixOffsets: readonly number[],
): string {
  const { nodes } = table.graph;
  const loads: string[] = [];
  const lines: string[] = [];
  const isMade = new Set<NodeId>();

  function name(id: NodeId): string {
    const node = nodes[id]!;
    if (node.kind === 'constant') return `${toMontgomery(node.value)}u`;
    if (node.kind === 'public') return `params.publicWords[${node.index >> 2}][${node.index & 3}]`;
    if (!isMade.has(id)) {
      loads.push(`  let n${id} = cell(${columnOf.get(id)}u, row);`);
      isMade.add(id);
    }
    return `n${id}`;
  }

  for (const id of piece.nodes) {
    const node = nodes[id]!;
    if (!isComputed(node)) continue;
    if (node.kind === 'linear') {
      operandsOf(node).forEach((input, position) => {
        const value = name(input);
        lines.push(`  linearInput[${position}] = ${value};`);
      });
      lines.push(`  linear(${matrixOffsets[node.matrix]}u);`);
      continue;
    }
    const value = valueText(node, name);
    lines.push(`  let n${id} = ${value};`);
    isMade.add(id);
    if (columnOf.has(id)) lines.push(`  keep(${columnOf.get(id)}u, row, n${id});`);
  }
  // All loads before the first store, which no compiler can prove to be elsewhere.
  return `fn piece${index}(row: u32) {\n${[...loads, ...lines].join('\n')}\n}`;
}

function valueText(node: Node, name: (id: NodeId) => string): string {
  switch (node.kind) {
    case 'add':
      return `fieldAdd(${name(node.left)}, ${name(node.right)})`;
    case 'subtract':
      return `fieldSubtract(${name(node.left)}, ${name(node.right)})`;
    case 'multiply':
      return node.left === node.right
        ? `fieldSquare(${name(node.left)})`
        : `fieldMultiply(${name(node.left)}, ${name(node.right)})`;
    case 'element':
      return `linearOutput[${node.index}]`;
    default:
      throw new RangeError(`a ${node.kind} node is not computed by an expression`);
  }
}
