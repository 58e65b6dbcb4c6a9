/**
 * Completes the hash table on the device: from the 16 input lanes of every row to its 148 S-box columns, a tile of rows at a
 * time. Source: docs/spec/machine.md, section Tables; stark/air/air.ts, expansion 'poseidon'.
 */
import type { TableAir } from '../stark/air/air.ts';
import { FULL_ROUNDS, PARTIAL_ROUNDS, WIDTH } from '../stark/hash/poseidon.ts';
import { unitsPerBinding } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { type GpuMatrix, locateColumn } from './matrix.ts';

/** S-boxes of one permutation. */
export const SBOX_COLUMNS = FULL_ROUNDS * WIDTH + PARTIAL_ROUNDS;
const TILE_COLUMNS = WIDTH + SBOX_COLUMNS;
/** Most rows of a tile. Performance only. */
const TILE_ROWS = 2 ** 16;

/** Where a table with expansion 'poseidon' has its lanes and its S-box outputs. */
export interface PoseidonColumns {
  readonly firstLane: number;
  readonly firstSbox: number;
}

/** By the names lane0.. and sbox0..; the S-box columns stand last. Throws: KernelError 'SHAPE_MISMATCH'. */
export function poseidonColumns(table: TableAir): PoseidonColumns {
  const firstLane = table.mainColumns.indexOf('lane0');
  const firstSbox = table.mainColumns.indexOf('sbox0');
  const isComplete =
    table.mainColumns[firstLane + WIDTH - 1] === `lane${WIDTH - 1}` &&
    table.mainColumns[firstSbox + SBOX_COLUMNS - 1] === `sbox${SBOX_COLUMNS - 1}` &&
    firstSbox + SBOX_COLUMNS === table.mainColumns.length;
  if (firstLane < 0 || firstSbox < 0 || !isComplete) {
    throw new KernelError('SHAPE_MISMATCH', `${table.name} has no columns lane0.. and, last, sbox0..`);
  }
  return { firstLane, firstSbox };
}

/** Bytes of the tile in which `expandPoseidon` works. */
export function expansionTileBytes(rows: number, bindingBytes: number): number {
  const fitting = 2 ** Math.floor(Math.log2(bindingBytes / (4 * TILE_COLUMNS)));
  return 4 * TILE_COLUMNS * Math.min(rows, TILE_ROWS, fitting);
}

/** Writes the S-box columns of `matrix` from its lanes. Throws: KernelError 'SHAPE_MISMATCH', 'OUT_OF_MEMORY'. */
export async function expandPoseidon(
  device: ComputeDevice,
  matrix: GpuMatrix,
  { firstLane, firstSbox }: PoseidonColumns,
): Promise<void> {
  if (firstLane + WIDTH > matrix.columns || firstSbox + SBOX_COLUMNS > matrix.columns) {
    throw new KernelError('SHAPE_MISMATCH', 'the matrix has no room for all lanes and S-boxes', {
      expected: firstSbox + SBOX_COLUMNS,
      got: matrix.columns,
    });
  }
  const kernel = await device.pipelines.kernel({ shader: 'expandPoseidon', workgroupSize: 64 });
  const rowCount = Math.min(matrix.rows, TILE_ROWS, unitsPerBinding(device, 4 * TILE_COLUMNS, 1));
  const tile = await device.arena.acquire(4 * TILE_COLUMNS * rowCount, 'expand.tile');
  try {
    for (let firstRow = 0; firstRow < matrix.rows; firstRow += rowCount) {
      for (let lane = 0; lane < WIDTH; lane++) {
        const { chunk, offsetWords } = locateColumn(matrix, firstLane + lane);
        await device.queue.copy(chunk.buffer, offsetWords + firstRow, tile, lane * rowCount, rowCount);
      }
      await device.queue.dispatch({ kernel, bindings: { tile }, params: { rowCount }, count: rowCount });
      for (let sbox = 0; sbox < SBOX_COLUMNS; sbox++) {
        const { chunk, offsetWords } = locateColumn(matrix, firstSbox + sbox);
        const place = (WIDTH + sbox) * rowCount;
        await device.queue.copy(tile, place, chunk.buffer, offsetWords + firstRow, rowCount);
      }
    }
  } finally {
    device.arena.release(tile);
  }
}
