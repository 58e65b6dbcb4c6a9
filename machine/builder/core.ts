/**
 * What all builder methods share: the frame whose code is being emitted, its scopes and cells, the capture of values of
 * outer frames, and the instructions emitted so far.
 * Source: docs/spec/machine.md, section Programs.
 */

import { MODULUS } from '../../stark/field/koalaBear.ts';
import type { FlagName } from '../instruction.ts';
import type { Program } from '../program.ts';
import { type Areas, createAreas, type Target } from './areas.ts';
import { assemble } from './assemble.ts';
import { badProgram, type Fragment, type Label, type Operands, type PendingHint } from './fragment.ts';
import { createKinds, type KindChecks } from './kinds.ts';
import { captureSource } from './source.ts';
import { type Block, type Cell, type Input, type Place, type Scope, targetOf, type Value } from './values.ts';

export interface Core {
  /** What is written where. */
  readonly areas: Areas;
  /** What a program hands over. */
  readonly kinds: KindChecks;
  current(): Fragment;
  emit(operation: FlagName, operands: Operands, tag?: number): void;
  emitHint(hint: PendingHint): void;
  emitLabel(label: Label): void;
  newLabel(): Label;
  /** A fresh cell of the current frame, in the current scope or an outer one. */
  newCell(scope?: Scope): Cell;
  /** A cell of the current frame at a fixed place. */
  cellAt(place: Place): Cell;
  /** Consecutive fresh rows; hints write hinted ones at once. */
  newBlock(rows: number, isHinted?: boolean): Block;
  /** Whether the block belongs to the main frame outside of its branches: its address is a constant of the program. */
  hasKnownAddress(block: Block): boolean;
  /** The value as an operand of the current frame; loads it if it belongs to the frame around a loop. */
  local(input: Input): Value;
  /**
   * As `local`, a number that decides what is run or how much of it. Throws: MachineError 'BAD_PROGRAM' for a pointer: where frames
   * lie is the prover's choice.
   */
  number(input: Input, what: string): Value;
  /** Moves a value into a place of the current frame: free for a fresh cell of this scope, else one cycle. */
  moveTo(value: Value, place: Place): void;
  /** Emits `body` in a scope of its own. */
  branch(body: () => void): void;
  /** Emits the code of a new frame. */
  withFragment<T>(fragment: Fragment, body: () => T): T;
  newFragment(name: string, parent: Fragment | undefined, headerSlots: number): Fragment;
  enterFunction(name: string, headerSlots: number, body: () => void): void;
  finish(): Program;
}

/** The canonical constant of an integer between -p and p. Throws: MachineError 'BAD_PROGRAM'. */
export function constantOf(value: number): Value {
  if (!Number.isInteger(value) || value <= -MODULUS || value >= MODULUS)
    throw badProgram(`${value} is no constant of the field`);
  return { kind: 'constant', value: value < 0 ? value + MODULUS : value };
}

export function cellValue(cell: Cell, target?: Target): Value {
  return { kind: 'cell', cell, target };
}

function isWithin(scope: Scope, outer: Scope): boolean {
  for (let each: Scope | undefined = scope; each; each = each.parent) if (each === outer) return true;
  return false;
}

/** Words of a row. */
const ROW_WORDS = 8;

export function createCore(programName: string): Core {
  const areas = createAreas();
  const fragments: Fragment[] = [];
  let current: Fragment | undefined;

  function fragmentNow(): Fragment {
    if (!current) throw badProgram('instructions stand outside of any function');
    return current;
  }

  function newFragment(name: string, parent: Fragment | undefined, headerSlots: number): Fragment {
    const fragment: Fragment = {
      name,
      parent,
      entry: { pc: undefined },
      items: [],
      scope: { parent: undefined },
      cells: [],
      blocks: [],
      headerSlots,
      words: undefined,
      outerFp: undefined,
      captured: new Map(),
    };
    fragments.push(fragment);
    return fragment;
  }

  function withFragment<T>(fragment: Fragment, body: () => T): T {
    const previous = current;
    current = fragment;
    try {
      return body();
    } finally {
      current = previous;
    }
  }

  function newCell(scope: Scope = fragmentNow().scope): Cell {
    const frame = fragmentNow();
    const cell: Cell = { frame, scope, place: undefined };
    frame.cells.push(cell);
    return cell;
  }

  function emit(operation: FlagName, operands: Operands, tag = 0): void {
    fragmentNow().items.push({ kind: 'instruction', operation, operands, tag, source: captureSource() });
  }

  function hasKnownAddress({ frame, scope }: Block): boolean {
    return frame === fragments[0] && scope.parent === undefined;
  }

  /** The value in `fragment`, at the point where its code stands now. */
  function localIn(fragment: Fragment, value: Value): Value {
    if (value.kind === 'constant') return value;
    const owner = value.kind === 'cell' ? value.cell : value.block;
    if (owner.frame === fragment) {
      if (!isWithin(fragment.scope, owner.scope))
        throw badProgram('a value is used outside of the branch that computes it');
      return value;
    }
    if (value.kind === 'address' && hasKnownAddress(value.block)) return value;
    const { parent, outerFp } = fragment;
    if (!parent || !outerFp)
      throw badProgram(`a value of ${owner.frame.name} is used in ${fragment.name}: make it a parameter`);
    const word = value.kind === 'cell' ? 0 : value.word;
    const known = fragment.captured.get(owner) ?? [];
    const usable = known.find((each) => each.word === word && isWithin(fragment.scope, each.cell.scope));
    if (usable) return cellValue(usable.cell, targetOf(value));
    const inParent = localIn(parent, value);
    return withFragment(fragment, () => {
      const cell = newCell();
      if (inParent.kind === 'cell')
        emit('isDeref', {
          a: cellValue(outerFp),
          b: { kind: 'offsetOf', target: inParent.cell, words: 0 },
          c: cellValue(cell),
        });
      else if (inParent.kind === 'address')
        emit('isAdd', {
          a: cellValue(outerFp),
          b: { kind: 'offsetOf', target: inParent.block, words: inParent.word },
          c: cellValue(cell),
        });
      fragment.captured.set(owner, [...known, { word, cell }]);
      return cellValue(cell, targetOf(value));
    });
  }

  function cellAt(place: Place): Cell {
    const fragment = fragmentNow();
    return { frame: fragment, scope: fragment.scope, place };
  }

  const core: Core = {
    areas,
    kinds: createKinds(areas),
    current: fragmentNow,
    emit,
    emitHint(hint) {
      fragmentNow().items.push({ kind: 'hint', hint });
    },
    emitLabel(label) {
      fragmentNow().items.push({ kind: 'label', label });
    },
    newLabel: () => ({ pc: undefined }),
    newCell,
    cellAt,
    hasKnownAddress,
    newBlock(rows, isHinted) {
      const frame = fragmentNow();
      const area = areas.newArea(rows * ROW_WORDS, isHinted);
      const block: Block = { frame, scope: frame.scope, rows, area, offset: undefined };
      frame.blocks.push(block);
      return block;
    },
    local: (input) => localIn(fragmentNow(), typeof input === 'number' ? constantOf(input) : input),
    number(input, what) {
      const value = core.local(input);
      if (targetOf(value)) throw badProgram(`${what} is a pointer`);
      return value;
    },
    moveTo(value, place) {
      const source = core.local(value);
      const fragment = fragmentNow();
      if (source.kind === 'cell' && source.cell.place === undefined && source.cell.scope === fragment.scope) {
        source.cell.place = place;
        return;
      }
      emit('isAdd', { a: source, b: constantOf(0), c: cellValue(cellAt(place)) });
    },
    branch(body) {
      const fragment = fragmentNow();
      const outer = fragment.scope;
      fragment.scope = { parent: outer };
      try {
        body();
      } finally {
        fragment.scope = outer;
      }
    },
    withFragment,
    newFragment,
    enterFunction(name, headerSlots, body) {
      const fragment = newFragment(name, undefined, headerSlots);
      withFragment(fragment, () => {
        body();
        emit('isJump', { a: constantOf(1), b: constantOf(1), c: { kind: 'framePointer' } });
      });
    },
    finish: () => assemble(programName, fragments),
  };
  return core;
}

/** As `constantOf`, the word itself. */
export function constantWord(value: number): number {
  const constant = constantOf(value);
  return constant.kind === 'constant' ? constant.value : 0;
}
