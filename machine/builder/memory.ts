/** Loads, stores, rows and hints of programs. */

import { add } from '../../stark/field/koalaBear.ts';
import type { MemoryBuilder, Values } from '../builder.ts';
import { type Core, cellValue, constantOf, constantWord } from './core.ts';
import { badProgram } from './fragment.ts';
import {
  type Block,
  type Input,
  type Place,
  pointerOf,
  type Row,
  rowOf,
  type Value,
  type Word,
} from './values.ts';

/** Words of a row. */
export const ROW_WORDS = 8;

type BlockPlace = Extract<Place, { kind: 'block' }>;

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
    return typeof pointer === 'number' ? constantOf(pointer) : pointerOf(pointer);
  }

  function relate(pointer: Value, offset: number, content: Value): void {
    core.emit('isDeref', { a: core.local(pointer), b: constantOf(constantWord(offset)), c: content });
  }

  function blockPointer(block: Block): Row {
    return rowOf({ kind: 'address', block, word: 0 });
  }

  const methods: MemoryBuilder = {
    load(pointer, offset = 0) {
      const address = pointerValue(pointer);
      const direct = cellBehind(address, offset);
      if (direct) return core.local(direct);
      const loaded = cellValue(core.newCell());
      relate(address, offset, loaded);
      return loaded;
    },
    store(pointer, offset, value) {
      const address = core.local(pointerValue(pointer));
      const place = placeBehind(address, offset);
      if (place && place.block.frame === core.current()) core.moveTo(core.local(value), place);
      else relate(address, offset, core.local(value));
    },
    row(words) {
      if (words.length > ROW_WORDS) throw badProgram(`${words.length} words do not fit into a row`);
      const block = core.newBlock(1);
      for (let word = 0; word < ROW_WORDS; word++)
        core.moveTo(core.local(words[word] ?? 0), { kind: 'block', block, word });
      return blockPointer(block);
    },
    lookUp(table, index) {
      const place = core.local(index);
      if (place.kind === 'constant') return methods.load(table, place.value);
      const start = core.local(table.pointer);
      const loaded = cellValue(core.newCell());
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
    rowAt: (pointer) => rowOf(core.local(pointer)),
    rowAfter(row, count) {
      const { pointer } = row;
      const rows = core.local(count);
      if (rows.kind === 'constant') {
        const words = rows.value * ROW_WORDS;
        if (words === 0) return row;
        if (pointer.kind === 'address') {
          placeBehind(pointer, words);
          return rowOf({ ...pointer, word: pointer.word + words });
        }
        if (pointer.kind === 'constant') return rowOf(constantOf(add(pointer.value, constantWord(words))));
        const moved = cellValue(core.newCell());
        core.emit('isAdd', { a: core.local(pointer), b: constantOf(words), c: moved });
        return rowOf(moved);
      }
      const distance = cellValue(core.newCell());
      core.emit('isMul', { a: rows, b: constantOf(ROW_WORDS), c: distance });
      const moved = cellValue(core.newCell());
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
      const values: readonly Value[] = outputs.map(cellValue);
      return values as Values<Count>;
    },
    hintValue: (name, inputs) => methods.hint(name, inputs, 1)[0],
    allocateRows(count) {
      const rows = core.local(count);
      const output = core.newCell();
      core.emitHint({ kind: 'freshRows', count: rows, output });
      return rowOf(cellValue(output));
    },
    hintRows(name, inputs, rowCount) {
      if (typeof rowCount !== 'number') {
        const count = core.local(rowCount);
        const given = inputs.map(core.local);
        const rows = methods.allocateRows(count);
        core.emitHint({ kind: 'rows', name, inputs: given, address: rows.pointer, count });
        return rows;
      }
      const block = core.newBlock(rowCount);
      const outputs = Array.from({ length: rowCount * ROW_WORDS }, (_, word) =>
        core.cellAt({ kind: 'block', block, word }),
      );
      core.emitHint({ kind: 'host', name, inputs: inputs.map(core.local), outputs });
      return blockPointer(block);
    },
  };
  return methods;
}
