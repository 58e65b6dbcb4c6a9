/**
 * Tiles: some rows of many columns gathered in one buffer, so that a kernel can read any number of columns through one
 * binding; and the running of a generated program on a tile.
 * Form: Montgomery. Word `column * stride + row` of a tile is row `row` of its column `column`.
 */
import type { Selector } from '../stark/air/air.ts';
import type { Extension } from '../stark/field/extension.ts';
import { MODULUS } from '../stark/field/koalaBear.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import type { ValuePlace } from './generate/layout.ts';
import type { InteractionPlaces, TileProgram } from './generate/program.ts';
import { type GpuMatrix, locateColumn } from './matrix.ts';
import { toMontgomeryWords } from './montgomery.ts';
import type { Kernel } from './shaderModule.ts';

/** Wanted bytes of a tile; performance only: a software adapter works in the processor's cache, a GPU wants many rows. */
const SOFTWARE_TILE_BYTES = 8 << 20;
const HARDWARE_TILE_BYTES = 256 << 20;
/** A tile takes at most this share of the device's byte budget. */
const BUDGET_SHARE = 1 / 16;
/** Rows that the tape's kernel works on at once; every table and so every tile has at least as many. */
const VECTOR_ROWS = 4;
/** Column number that a shader takes for none. */
export const UNUSED_COLUMN = 0xffffffff;
/** Marks an operand of a description as the place of a constant. */
const CONSTANT_BIT = 0x80000000;

/** What the size of tiles depends on. */
export interface TileLimits {
  /** Most bytes of one storage binding. */
  readonly bindingBytes: number;
  readonly isSoftware: boolean;
  /** Byte budget of the device's buffers. */
  readonly budgetBytes: number;
}

export function tileLimits(device: ComputeDevice): TileLimits {
  return {
    bindingBytes: device.limits.bindingBytes,
    isSoftware: device.adapter.isSoftware,
    budgetBytes: device.arena.gauge().budgetBytes,
  };
}

/** Rows of a tile of that many columns: a power of two, at least 4, at most `rows`. Throws: KernelError 'LIMIT_EXCEEDED'. */
export function tileRows(limits: TileLimits, columns: number, rows: number): number {
  const wanted = limits.isSoftware ? SOFTWARE_TILE_BYTES : HARDWARE_TILE_BYTES;
  const budget = BUDGET_SHARE * limits.budgetBytes;
  const bytes = Math.min(limits.bindingBytes, wanted, Math.max(budget, SOFTWARE_TILE_BYTES));
  const fitting = Math.floor(bytes / (4 * columns));
  if (fitting < VECTOR_ROWS)
    throw new KernelError('LIMIT_EXCEEDED', `${columns} columns of four rows exceed a storage binding`, {
      expected: bytes,
      got: 4 * VECTOR_ROWS * columns,
    });
  return Math.min(rows, 2 ** Math.floor(Math.log2(fitting)));
}

/** Copies rows firstRow … of a column, cyclically, to a column of a tile. */
export async function copyToTile(
  device: ComputeDevice,
  matrix: GpuMatrix,
  column: number,
  firstRow: number,
  tile: GPUBuffer,
  tileColumn: number,
  stride: number,
): Promise<void> {
  const { chunk, offsetWords } = locateColumn(matrix, column);
  const start = firstRow % matrix.rows;
  const straight = Math.min(stride, matrix.rows - start);
  const target = tileColumn * stride;
  await device.queue.copy(chunk.buffer, offsetWords + start, tile, target, straight);
  if (straight < stride)
    await device.queue.copy(chunk.buffer, offsetWords, tile, target + straight, stride - straight);
}

/** Copies a column of a tile to rows firstRow … of a column of a matrix. */
export async function copyFromTile(
  device: ComputeDevice,
  tile: GPUBuffer,
  tileColumn: number,
  stride: number,
  matrix: GpuMatrix,
  column: number,
  firstRow: number,
): Promise<void> {
  const { chunk, offsetWords } = locateColumn(matrix, column);
  await device.queue.copy(tile, tileColumn * stride, chunk.buffer, offsetWords + firstRow, stride);
}

/** The tile's column of a selector, or UNUSED_COLUMN. */
export function selectorColumn(program: TileProgram, selector: Selector): number {
  const index = program.selectors.indexOf(selector);
  return index < 0 ? UNUSED_COLUMN : program.cells.length + index;
}

/** The two matrices that a program reads. Throws: KernelError 'SHAPE_MISMATCH' when the preprocessed one is missing. */
export function matrixOf(
  program: { readonly preprocessed: GpuMatrix | undefined; readonly main: GpuMatrix },
  name: 'preprocessed' | 'main',
): GpuMatrix {
  const matrix = program[name];
  if (matrix === undefined)
    throw new KernelError('SHAPE_MISMATCH', 'a table with preprocessed columns needs their matrix');
  return matrix;
}

/** Runs a program on the rows of a tile whose cells and selectors are filled. */
export async function runProgram(
  device: ComputeDevice,
  program: TileProgram,
  words: GPUBuffer,
  tile: GPUBuffer,
  stride: number,
  publicWords: ArrayLike<number>,
): Promise<void> {
  const { operations, work } = program.tape;
  if (operations === 0) return;
  await device.queue.dispatch({
    kernel: await tapeKernel(device),
    bindings: { tape: words, tile },
    params: {
      stride: stride / VECTOR_ROWS,
      operations,
      constants: toMontgomeryWords([1, ...Array.from(publicWords)]),
    },
    count: stride / VECTOR_ROWS,
    work,
  });
}

/** What runs the tapes of all tables. */
export function tapeKernel(device: ComputeDevice): Promise<Kernel> {
  return device.pipelines.kernel({ shader: 'evaluateTape' });
}

/** Words that a kernel reads besides a tile, in Montgomery form, written word by word with places remembered. */
export interface Description {
  readonly words: readonly number[];
  /** Appends canonical extension elements; returns where they begin. */
  extensions(values: readonly Extension[]): number;
  /** Appends operands of values; returns where they begin. */
  operands(places: readonly ValuePlace[]): number;
  /** Appends the records of interactions behind their directory, which must stand at word 0. */
  interactions(interactions: readonly InteractionPlaces[], alpha: Extension): void;
}

/** An empty description. `publicWords` are what public places stand for. */
export function createDescription(publicWords: ArrayLike<number>): Description {
  const words: number[] = [];
  const placeByConstant = new Map<number, number>();

  function append(values: ArrayLike<number>): number {
    const start = words.length;
    for (let index = 0; index < values.length; index++) words.push(values[index]!);
    return start;
  }

  /** Constants are appended at once, so operands are resolved before their list is. */
  function operand(place: ValuePlace): number {
    if (place.kind === 'column') return place.column;
    const value = place.kind === 'constant' ? place.value : (publicWords[place.index] ?? 0);
    let at = placeByConstant.get(value);
    if (at === undefined) {
      at = append(toMontgomeryWords([value]));
      placeByConstant.set(value, at);
    }
    return CONSTANT_BIT + at;
  }

  return {
    words,
    extensions: (values) => append(toMontgomeryWords(values.flat())),
    operands: (places) => append(places.map(operand)),
    interactions(interactions, [first, ...others]) {
      if (words.length > 0) throw new RangeError('the directory of interactions stands first');
      append(interactions.map(() => 0));
      interactions.forEach(({ bus, multiplicity, values }, index) => {
        const [multiplicityOperand, ...valueOperands] = [multiplicity, ...values].map(operand);
        const busTerm = toMontgomeryWords([(first + bus) % MODULUS, ...others]);
        words[index] = append([...busTerm, multiplicityOperand!, values.length, ...valueOperands]);
      });
    },
  };
}
