/** Calls from programs to the machine's tables. */
import type { ArithmeticBuilder, MemoryBuilder, TableBuilder } from '../builder.ts';
import { MAXIMUM_LOG_HEIGHT as MAXIMUM_HASH_LOG_HEIGHT } from '../hash/air.ts';
import { MAXIMUM_PATH_LEVELS } from '../hash/trace.ts';
import { TAG } from '../instruction.ts';
import { computedFrom, type Target } from './areas.ts';
import { type Core, cellValue } from './core.ts';
import { badProgram } from './fragment.ts';
import { type Input, type Kind, type Row, targetOf, type Value, type Word } from './values.ts';

const ROW_WORDS = 8;
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

  /**
   * The table reads so many words of the rows; of all that there are, if their number is computed. Returns where what is computed from
   * them leads.
   */
  function read(name: string, kind: Kind, rows: Row | Word, words: number | undefined): Target | undefined {
    core.kinds.requireKind(name, rows, kind);
    return core.areas.read(targetOf(rows.pointer) ?? 'anywhere', 0, words);
  }

  function write(row: Row, words: number, content: Target | undefined): void {
    core.kinds.requireKind('the outcome', row, 'row');
    core.areas.write(targetOf(row.pointer) ?? 'anywhere', 0, words, content);
  }

  function readWords(left: Word, right: Word): Target | undefined {
    return computedFrom(
      read('the left word', 'word', left, WORD_LIMBS),
      read('the right word', 'word', right, WORD_LIMBS),
    );
  }

  function wordOperation(
    tag: number,
    left: Word,
    right: Word,
    into: Row = memory.freshRows(WORD_ROWS),
  ): Word {
    const held = readWords(left, right);
    call(tag, left.pointer, right.pointer, into.pointer);
    write(into, WORD_LIMBS, held);
    return core.kinds.checkedWord(into.pointer);
  }

  function ramValue(tag: number, segment: Input, index: Input): Value {
    const value = cellValue(core.newCell());
    callRam(tag, segment, index, value);
    return value;
  }

  /** Two cells whose places are pointers would be one where frames coincide. */
  function callRam(tag: number, segment: Input, index: Input, value: Input): void {
    call(tag, core.number(segment, 'a segment'), core.number(index, 'an index'), value);
  }

  const methods: TableBuilder = {
    compress(left, right, into = memory.freshRows(1)) {
      const held = computedFrom(
        read('the left row', 'row', left, ROW_WORDS),
        read('the right row', 'row', right, ROW_WORDS),
      );
      call(TAG.HASH_CHAIN, left.pointer, right.pointer, into.pointer, 1);
      write(into, ROW_WORDS, held);
      return into;
    },
    chain(initial, firstBlock, blockCount, into = memory.freshRows(1)) {
      const count = core.number(blockCount, 'the number of blocks');
      if (count.kind === 'constant' && (count.value < 1 || count.value > MAXIMUM_CHAIN_BLOCKS))
        throw badProgram(`a chain of ${count.value} blocks`);
      const words = count.kind === 'constant' ? count.value * ROW_WORDS : undefined;
      const held = computedFrom(
        read('the initial row', 'row', initial, ROW_WORDS),
        read('the first block', 'row', firstBlock, words),
      );
      call(TAG.HASH_CHAIN, initial.pointer, firstBlock.pointer, into.pointer, count);
      write(into, ROW_WORDS, held);
      return into;
    },
    path(start, index, depth, siblings, into = memory.freshRows(1)) {
      const levels = core.number(depth, 'the depth of a path');
      if (levels.kind === 'constant' && (levels.value < 1 || levels.value > MAXIMUM_PATH_LEVELS))
        throw badProgram(`a path of ${levels.value} levels`);
      const held = read('the start', 'row', start, ROW_WORDS);
      // What belongs to outer frames is loaded first, so that the hint stands at the call itself.
      const operands = {
        a: core.local(start.pointer),
        b: core.number(index, 'the index of a path'),
        c: core.local(into.pointer),
        d: levels,
      };
      const inputs = siblings.inputs.map(core.local);
      core.emitHint({ kind: 'witness', name: siblings.hint, inputs });
      core.emit('isCall', operands, TAG.HASH_PATH);
      write(into, ROW_WORDS, held);
      return into;
    },
    wordCheck(firstRow: Row) {
      read('the first row', 'row', firstRow, WORD_LIMBS);
      call(TAG.WORD_CHECK, firstRow.pointer, 0, 0);
      return core.kinds.checkedWord(firstRow.pointer);
    },
    wordConstant(value) {
      if (value < 0n || value >> (LIMB_BITS * BigInt(WORD_LIMBS)) !== 0n)
        throw badProgram(`${value} is no 256-bit integer`);
      const block = memory.freshRows(WORD_ROWS);
      for (let limb = 0; limb < WORD_LIMBS; limb++)
        memory.store(block, limb, Number((value >> (LIMB_BITS * BigInt(limb))) & 0xffffn));
      return core.kinds.checkedWord(block.pointer);
    },
    wordAdd: (left, right, into) => wordOperation(TAG.WORD_ADD, left, right, into),
    wordSubtract: (left, right, into) => wordOperation(TAG.WORD_SUBTRACT, left, right, into),
    wordLess(left, right) {
      const outcome = cellValue(core.newCell(), readWords(left, right));
      call(TAG.WORD_LESS, left.pointer, right.pointer, outcome);
      return outcome;
    },
    assertWordLess(left, right) {
      readWords(left, right);
      call(TAG.WORD_LESS, left.pointer, right.pointer, 1);
    },
    assertWordNotLess(left, right) {
      readWords(left, right);
      call(TAG.WORD_LESS, left.pointer, right.pointer, 0);
    },
    wordMultiply: (left, right) => wordOperation(TAG.WORD_MULTIPLY, left, right),
    assertWordsEqual(left, right) {
      readWords(left, right);
      for (let limb = 0; limb < WORD_LIMBS; limb++)
        arithmetic.assertEqual(memory.load(left, limb), memory.load(right, limb));
    },
    ramInitialise: (segment, index, value) => callRam(TAG.RAM_INITIALISE, segment, index, value),
    ramRead: (segment, index) => ramValue(TAG.RAM_READ, segment, index),
    ramWrite: (segment, index, value) => callRam(TAG.RAM_WRITE, segment, index, value),
    ramFinalise: (segment, index) => ramValue(TAG.RAM_FINALISE, segment, index),
  };
  return methods;
}
