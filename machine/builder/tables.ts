/** Calls from programs to the machine's tables. */
import type { ArithmeticBuilder, MemoryBuilder, TableBuilder } from '../builder.ts';
import { MAXIMUM_LOG_HEIGHT as MAXIMUM_HASH_LOG_HEIGHT } from '../hash/air.ts';
import { MAXIMUM_PATH_LEVELS } from '../hash/trace.ts';
import { TAG } from '../instruction.ts';
import { type Core, cellValue } from './core.ts';
import { badProgram } from './fragment.ts';
import { checkedWord, type Input, type Row, type Value, type Word } from './values.ts';

/** Rows of a word, and its limbs of 16 bits. */
const WORD_ROWS = 2;
const WORD_LIMBS = 16;
const LIMB_BITS = 16n;

/** Rows of the tallest hash table. */
const MAXIMUM_CHAIN_BLOCKS = 2 ** MAXIMUM_HASH_LOG_HEIGHT;

export function tableMethods(core: Core, arithmetic: ArithmeticBuilder, memory: MemoryBuilder): TableBuilder {
  function call(tag: number, a: Input, b: Input, c: Input, d: Input = 0): void {
    core.emit('isCall', { a: core.local(a), b: core.local(b), c: core.local(c), d: core.local(d) }, tag);
  }

  function wordOperation(
    tag: number,
    left: Word,
    right: Word,
    into: Row = memory.freshRows(WORD_ROWS),
  ): Word {
    call(tag, left.pointer, right.pointer, into.pointer);
    return checkedWord(into.pointer);
  }

  function ramValue(tag: number, segment: Input, index: Input): Value {
    const value = cellValue(core.newCell());
    call(tag, segment, index, value);
    return value;
  }

  const methods: TableBuilder = {
    compress(left, right, into = memory.freshRows(1)) {
      call(TAG.HASH_CHAIN, left.pointer, right.pointer, into.pointer, 1);
      return into;
    },
    chain(initial, firstBlock, blockCount, into = memory.freshRows(1)) {
      const count = core.local(blockCount);
      if (count.kind === 'constant' && (count.value < 1 || count.value > MAXIMUM_CHAIN_BLOCKS))
        throw badProgram(`a chain of ${count.value} blocks`);
      call(TAG.HASH_CHAIN, initial.pointer, firstBlock.pointer, into.pointer, count);
      return into;
    },
    path(start, index, depth, siblings, into = memory.freshRows(1)) {
      const levels = core.local(depth);
      if (levels.kind === 'constant' && (levels.value < 1 || levels.value > MAXIMUM_PATH_LEVELS))
        throw badProgram(`a path of ${levels.value} levels`);
      // What belongs to outer frames is loaded first, so that the hint stands at the call itself.
      const operands = {
        a: core.local(start.pointer),
        b: core.local(index),
        c: core.local(into.pointer),
        d: levels,
      };
      const inputs = siblings.inputs.map(core.local);
      core.emitHint({ kind: 'witness', name: siblings.hint, inputs });
      core.emit('isCall', operands, TAG.HASH_PATH);
      return into;
    },
    wordCheck(firstRow: Row) {
      call(TAG.WORD_CHECK, firstRow.pointer, 0, 0);
      return checkedWord(firstRow.pointer);
    },
    wordConstant(value) {
      if (value < 0n || value >> (LIMB_BITS * BigInt(WORD_LIMBS)) !== 0n)
        throw badProgram(`${value} is no 256-bit integer`);
      const block = memory.freshRows(WORD_ROWS);
      for (let limb = 0; limb < WORD_LIMBS; limb++)
        memory.store(block, limb, Number((value >> (LIMB_BITS * BigInt(limb))) & 0xffffn));
      return checkedWord(block.pointer);
    },
    wordAdd: (left, right, into) => wordOperation(TAG.WORD_ADD, left, right, into),
    wordSubtract: (left, right, into) => wordOperation(TAG.WORD_SUBTRACT, left, right, into),
    wordLess(left, right) {
      const outcome = cellValue(core.newCell());
      call(TAG.WORD_LESS, left.pointer, right.pointer, outcome);
      return outcome;
    },
    wordMultiply: (left, right) => wordOperation(TAG.WORD_MULTIPLY, left, right),
    assertWordsEqual(left, right) {
      for (let limb = 0; limb < WORD_LIMBS; limb++)
        arithmetic.assertEqual(memory.load(left, limb), memory.load(right, limb));
    },
    ramInitialise: (segment, index, value) => call(TAG.RAM_INITIALISE, segment, index, value),
    ramRead: (segment, index) => ramValue(TAG.RAM_READ, segment, index),
    ramWrite: (segment, index, value) => call(TAG.RAM_WRITE, segment, index, value),
    ramFinalise: (segment, index) => ramValue(TAG.RAM_FINALISE, segment, index),
  };
  return methods;
}
