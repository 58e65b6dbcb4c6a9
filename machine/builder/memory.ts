/** Loads, stores, rows and hints of programs. */

import { add } from '../../stark/field/koalaBear.ts';
import type { MemoryBuilder, Values } from '../builder.ts';
import { targetAfter } from './areas.ts';
import { type Core, cellValue, constantOf, constantWord } from './core.ts';
import { badProgram } from './fragment.ts';
import {
  type Block,
  type Input,
  leadingTo,
  type Place,
  pointerOf,
  type Row,
  rowOf,
  targetOf,
  type Value,
  type Word,
} from './values.ts';

/** Words of a row. */
export const ROW_WORDS = 8;

type BlockPlace = Extract<Place, { kind: 'block' }>;

/** The address of a block. */
export function addressOf(block: Block): Value {
  return { kind: 'address', block, word: 0, target: { area: block.area, word: 0 } };
}

export function memoryMethods(core: Core): MemoryBuilder {
  /** Where pointer + offset lies when the pointer is that of a block. */
  function placeBehind(pointer: Value, offset: number): BlockPlace | undefined {
    if (pointer.kind !== 'address') return undefined;
    const { block } = pointer;
    const word = pointer.word + offset;
    if (word < 0 || word >= block.rows * ROW_WORDS)
      throw badProgram(`word ${word} lies outside of a block of ${block.rows} rows`);
    return { kind: 'block', block, word };
  }

  /** The same as a cell of this frame or of one around it; undefined for a block whose address is known elsewhere. */
  function cellBehind(pointer: Value, offset: number): Value | undefined {
    const place = placeBehind(pointer, offset);
    if (place === undefined) return undefined;
    const { frame, scope } = place.block;
    if (frame !== core.current() && core.hasKnownAddress(place.block)) return undefined;
    return cellValue({ frame, scope, place });
  }

  function pointerValue(pointer: Input | Row | Word): Value {
    if (typeof pointer === 'number') return constantOf(pointer);
    if (pointer.kind === 'word') core.kinds.requireKind('the word', pointer, 'word');
    return pointerOf(pointer);
  }

  function relate(pointer: Value, offset: number, content: Value): void {
    core.emit('isDeref', { a: core.local(pointer), b: constantOf(constantWord(offset)), c: content });
  }

  function blockPointer(block: Block): Row {
    return rowOf(addressOf(block));
  }

  /** Notes that the word is written, and where it leads. */
  function noteStore(pointer: Value, word: number, content: Value): void {
    core.areas.write(targetOf(pointer) ?? 'anywhere', word, 1, targetOf(content));
  }

  const methods: MemoryBuilder = {
    load(pointer, offset = 0) {
      const address = pointerValue(pointer);
      const stored = core.areas.pointerAt(targetOf(address) ?? 'anywhere', offset);
      const direct = cellBehind(address, offset);
      const loaded = direct ? leadingTo(core.local(direct), stored) : cellValue(core.newCell(), stored);
      if (!direct) relate(address, offset, loaded);
      core.areas.read(targetOf(address) ?? 'anywhere', offset, 1);
      return loaded;
    },
    store(pointer, offset, value) {
      const address = core.local(pointerValue(pointer));
      const content = core.local(value);
      const place = placeBehind(address, offset);
      if (place && place.block.frame === core.current()) core.moveTo(content, place);
      else relate(address, offset, content);
      noteStore(address, offset, content);
    },
    row(words) {
      if (words.length > ROW_WORDS) throw badProgram(`${words.length} words do not fit into a row`);
      const block = core.newBlock(1);
      const row = blockPointer(block);
      for (let word = 0; word < ROW_WORDS; word++) {
        const content = core.local(words[word] ?? 0);
        core.moveTo(content, { kind: 'block', block, word });
        noteStore(row.pointer, word, content);
      }
      return row;
    },
    lookUp(table, index) {
      core.kinds.requireKind('the table', table, 'row');
      const place = core.number(index, 'the place in a table');
      if (place.kind === 'constant') return methods.load(table, place.value);
      const held = core.areas.read(targetOf(table.pointer) ?? 'anywhere', 0, undefined);
      const start = core.local(table.pointer);
      const loaded = cellValue(core.newCell(), held);
      if (start.kind === 'constant') core.emit('isDeref', { a: place, b: start, c: loaded });
      else if (start.kind === 'address' && core.hasKnownAddress(start.block))
        core.emit('isDeref', { a: place, b: { ...start, kind: 'absolute' }, c: loaded });
      else {
        const address = cellValue(core.newCell());
        core.emit('isAdd', { a: start, b: place, c: address });
        relate(address, 0, loaded);
      }
      return loaded;
    },
    freshRows: (count) => blockPointer(core.newBlock(count)),
    rowAt(pointer) {
      const value = core.local(pointer);
      return rowOf(leadingTo(value, targetOf(value) ?? 'anywhere'));
    },
    open(row) {
      core.kinds.requireKind('the row', row, 'row');
      return rowOf(leadingTo(row.pointer, 'anywhere'));
    },
    openWord(rows) {
      core.kinds.requireKind('the rows', rows, 'row');
      return core.kinds.checkedWord(leadingTo(rows.pointer, 'anywhere'));
    },
    rowAfter(row, count) {
      core.kinds.requireKind('the row', row, 'row');
      const { pointer } = row;
      const target = targetOf(pointer) ?? 'anywhere';
      const rows = core.number(count, 'a number of rows');
      if (rows.kind === 'constant') {
        const words = rows.value * ROW_WORDS;
        if (words === 0) return row;
        if (pointer.kind === 'address') {
          placeBehind(pointer, words);
          return rowOf({ ...pointer, word: pointer.word + words, target: targetAfter(target, words) });
        }
        if (pointer.kind === 'constant') return rowOf(constantOf(add(pointer.value, constantWord(words))));
        const moved = cellValue(core.newCell(), targetAfter(target, words));
        core.emit('isAdd', { a: core.local(pointer), b: constantOf(words), c: moved });
        return rowOf(moved);
      }
      const distance = cellValue(core.newCell());
      core.emit('isMul', { a: rows, b: constantOf(ROW_WORDS), c: distance });
      const moved = cellValue(core.newCell(), targetAfter(target, undefined));
      core.emit('isAdd', { a: core.local(pointer), b: distance, c: moved });
      return rowOf(moved);
    },
    addressOf: (row) => row.pointer,
    assertRowsEqual(left, right) {
      for (let word = 0; word < ROW_WORDS; word++) methods.store(right, word, methods.load(left, word));
    },
    statement: rowOf(constantOf(0)),
    hint<const Count extends number>(name: string, inputs: readonly Input[], count: Count): Values<Count> {
      const outputs = Array.from({ length: count }, () => core.newCell());
      core.emitHint({ kind: 'host', name, inputs: inputs.map(core.local), outputs });
      const values: readonly Value[] = outputs.map((cell) => cellValue(cell));
      return values as Values<Count>;
    },
    hintValue: (name, inputs) => methods.hint(name, inputs, 1)[0],
    allocateRows(count) {
      const rows = core.local(count);
      const output = core.newCell();
      core.emitHint({ kind: 'freshRows', count: rows, output });
      const words = rows.kind === 'constant' ? rows.value * ROW_WORDS : undefined;
      return rowOf(cellValue(output, { area: core.areas.newArea(words), word: 0 }));
    },
    hintRows(name, inputs, rowCount) {
      if (typeof rowCount !== 'number') {
        const count = core.local(rowCount);
        const given = inputs.map(core.local);
        const rows = methods.open(methods.allocateRows(count));
        core.emitHint({ kind: 'rows', name, inputs: given, address: rows.pointer, count });
        return rows;
      }
      const block = core.newBlock(rowCount, true);
      const outputs = Array.from({ length: rowCount * ROW_WORDS }, (_, word) =>
        core.cellAt({ kind: 'block', block, word }),
      );
      core.emitHint({ kind: 'host', name, inputs: inputs.map(core.local), outputs });
      return blockPointer(block);
    },
  };
  return methods;
}
