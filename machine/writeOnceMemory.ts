/**
 * The memory of a run: every cell is written once; writing it again with the same value is an assertion that holds.
 * Source: docs/spec/machine.md, section Memory.
 */
import { MODULUS } from '../stark/field/koalaBear.ts';
import type { Memory } from './callTable.ts';
import { MachineError } from './errors.ts';

/** Marks an unwritten cell; a value is at least 0. */
export const UNWRITTEN = -1;
const ROW_WORDS = 8;
const FIRST_CAPACITY = 1 << 14;

export interface WriteOnceMemory extends Memory {
  /** The cells so far, UNWRITTEN or a canonical word; replaced when memory grows. */
  cells: Int32Array;
  /** The word, or UNWRITTEN; for any canonical address. */
  peek(address: number): number;
  /** The address, a multiple of 8, of fresh cells. Throws: MachineError 'OUT_OF_MEMORY'. */
  allocate(words: number): number;
  /** The image up to the last written row, unwritten cells as 0. */
  image(): Uint32Array;
}

/** An empty memory of at most `limitWords` cells, whose allocator starts at `firstFree`. */
export function createMemory(limitWords: number, firstFree: number): WriteOnceMemory {
  let free = Math.ceil(firstFree / ROW_WORDS) * ROW_WORDS;

  /** Makes room for `address`. */
  function grow(address: number): void {
    if (!(address < limitWords)) throw new MachineError('OUT_OF_MEMORY', { address, limitWords });
    let capacity = memory.cells.length;
    while (capacity <= address) capacity *= 2;
    const grown = new Int32Array(capacity).fill(UNWRITTEN, memory.cells.length);
    grown.set(memory.cells);
    memory.cells = grown;
  }

  const memory: WriteOnceMemory = {
    cells: new Int32Array(FIRST_CAPACITY).fill(UNWRITTEN),
    peek: (address) => (address < memory.cells.length ? memory.cells[address]! : UNWRITTEN),
    read(address) {
      const value = memory.peek(address);
      if (value === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address });
      return value;
    },
    write(address, value) {
      if (address >= memory.cells.length) grow(address);
      const before = memory.cells[address]!;
      if (before === UNWRITTEN) memory.cells[address] = value;
      else if (before !== value)
        throw new MachineError('CELL_CONFLICT', { address, expected: before, got: value });
    },
    isWritten: (address) => memory.peek(address) !== UNWRITTEN,
    allocate(words) {
      if (!Number.isInteger(words) || words < 0 || words >= MODULUS || free + words > limitWords)
        throw new MachineError('OUT_OF_MEMORY', { words, limitWords });
      const address = free;
      free += Math.ceil(words / ROW_WORDS) * ROW_WORDS;
      return address;
    },
    image() {
      let end = memory.cells.length;
      while (end > 0 && memory.cells[end - 1] === UNWRITTEN) end--;
      const words = Math.max(Math.ceil(end / ROW_WORDS), 1) * ROW_WORDS;
      const image = new Uint32Array(words);
      for (let address = 0; address < end; address++) {
        const value = memory.cells[address]!;
        image[address] = value === UNWRITTEN ? 0 : value;
      }
      return image;
    },
  };
  return memory;
}
