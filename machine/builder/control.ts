/**
 * Branches, loops and functions of programs.
 *
 * Frame of a function: 0 return pc, 1 caller's fp, parameters, results.
 * Frame of a counted loop, which may hold several turns of its body: 0 remaining iterations, 1 fp of the frame around it, state (, index). The next iteration's frame
 * follows it, so most of the next state is computed in place; the room for all of them is reserved on entry.
 * Frame of a conditional loop: 0 fp of the frame around it, state. Each iteration's frame is allocated anew.
 */
import type { ControlBuilder } from '../builder.ts';
import { type Core, cellValue, constantOf } from './core.ts';
import { badProgram, type Fragment } from './fragment.ts';
import {
  type Carried,
  type Cell,
  type Input,
  type Kind,
  kindOf,
  type Place,
  pointerOf,
  type Shape,
  type Value,
  withKind,
} from './values.ts';

const ONE = constantOf(1);

function keysOf(shape: Shape): string[] {
  return Object.keys(shape);
}

function member(shape: Shape, key: string): Carried {
  const carried = shape[key];
  if (!carried) throw badProgram(`${key} is missing`);
  return carried;
}

export function controlMethods(core: Core): ControlBuilder {
  function slot(index: number): Value {
    return cellValue(core.cellAt({ kind: 'slot', slot: index }));
  }

  /** m[pointer + offset] = value */
  function storeAt(pointer: Value, offset: number, value: Parameters<Core['emit']>[1]['c']): void {
    core.emit('isDeref', { a: pointer, b: constantOf(offset), ...(value ? { c: value } : {}) });
  }

  function toOuterCell(outerFp: Value, target: Cell, value: Value): void {
    core.emit('isDeref', { a: outerFp, b: { kind: 'offsetOf', target, words: 0 }, c: value });
  }

  function jump(condition: Value, target: { pc: number | undefined }, frame?: Value): void {
    core.emit('isJump', {
      a: condition,
      b: { kind: 'label', label: target },
      c: frame ?? { kind: 'framePointer' },
    });
  }

  /** The header cells of a new frame as values of the given kinds. */
  function headerState<T extends Shape>(like: T, firstSlot: number): T {
    return Object.fromEntries(
      keysOf(like).map((key, index) => [key, withKind(kindOf(member(like, key)), slot(firstSlot + index))]),
    ) as T;
  }

  function sameKeys(expected: readonly string[], shape: Shape, where: string): void {
    const got = keysOf(shape);
    if (got.length !== expected.length || expected.some((key) => !(key in shape)))
      throw badProgram(`${where} yields ${got.join(', ')} instead of ${expected.join(', ')}`);
  }

  function ifNonzero<T extends Shape>(condition: Input, whenNonzero: () => T, whenZero: () => T): T {
    const test = core.local(condition);
    if (test.kind === 'constant') return test.value === 0 ? whenZero() : whenNonzero();
    const { scope } = core.current();
    const [nonzero, end] = [core.newLabel(), core.newLabel()];
    const merged = new Map<string, { cell: Cell; kind: Kind }>();
    const finishBranch = (outcome: T): void => {
      if (merged.size === 0)
        for (const key of keysOf(outcome))
          merged.set(key, { cell: core.newCell(scope), kind: kindOf(member(outcome, key)) });
      sameKeys([...merged.keys()], outcome, 'a branch');
      for (const [key, { cell }] of merged)
        core.moveTo(pointerOf(member(outcome, key)), { kind: 'cell', cell });
    };
    jump(test, nonzero);
    core.branch(() => finishBranch(whenZero()));
    const { items } = core.current();
    const jumpToEnd = items.length;
    jump(ONE, end);
    core.emitLabel(nonzero);
    const start = items.length;
    core.branch(() => finishBranch(whenNonzero()));
    // Nothing to jump over.
    if (items.length === start) items.splice(jumpToEnd, 1);
    core.emitLabel(end);
    return Object.fromEntries(
      [...merged].map(([key, { cell, kind }]) => [key, withKind(kind, cellValue(cell))]),
    ) as T;
  }

  /** Fresh cells of the current frame for a loop's outcome. */
  function outcomeCells(like: Shape): Map<string, Cell> {
    return new Map(keysOf(like).map((key) => [key, core.newCell()]));
  }

  function outcomeOf<T extends Shape>(like: T, cells: ReadonlyMap<string, Cell>): T {
    return Object.fromEntries(
      [...cells].map(([key, cell]) => [key, withKind(kindOf(member(like, key)), cellValue(cell))]),
    ) as T;
  }

  function openLoop(headerSlots: number, outerFpSlot: number): Fragment {
    const parent = core.current();
    const loop = core.newFragment(`${parent.name} loop`, parent, headerSlots);
    core.withFragment(loop, () => {
      loop.outerFp = core.cellAt({ kind: 'slot', slot: outerFpSlot });
    });
    return loop;
  }

  function leaveLoop(
    outerFp: Value,
    next: readonly Value[],
    outcome: Iterable<Cell>,
    after: { pc: number | undefined },
  ): void {
    let index = 0;
    for (const cell of outcome) toOuterCell(outerFp, cell, next[index++] ?? ONE);
    jump(ONE, after, outerFp);
  }

  function repeat<T extends Shape>(
    count: Input,
    initial: T,
    body: (state: T, iteration: { readonly index: Value; readonly remaining: Value }) => T,
    unrolled = 1,
  ): T {
    if (!Number.isInteger(unrolled) || unrolled < 1) throw badProgram(`a loop unrolled ${unrolled} times`);
    const times = core.local(count);
    if (times.kind === 'constant' && times.value === 0) return initial;
    const isWhole = times.kind === 'constant' && times.value % unrolled === 0;
    const keys = keysOf(initial);
    const firstState = 2;
    const start = keys.map((key) => core.local(pointerOf(member(initial, key))));
    const outcome = outcomeCells(initial);
    const after = core.newLabel();
    const loop = openLoop(firstState + keys.length, 1);
    const indexSlot = firstState + keys.length;

    core.withFragment(loop, () => {
      const outerFp = slot(1);
      const topScope = loop.scope;
      /** The value that is `distance` more than another. */
      const shifted = (value: Value, distance: number): Value => {
        if (distance === 0) return value;
        const sum = cellValue(core.newCell());
        core.emit('isAdd', { a: value, b: constantOf(distance), c: sum });
        return sum;
      };

      let remaining = slot(0);
      let state = headerState(initial, firstState);
      const nextCell = (index: number): Place => ({ kind: 'next', slot: index });
      for (let turn = 0; turn < unrolled; turn++) {
        const [own, left] = [state, remaining];
        const next = body(own, {
          get remaining() {
            return isWhole ? shifted(left, -turn) : left;
          },
          get index() {
            loop.headerSlots = indexSlot + 1;
            const first = cellValue({
              frame: loop,
              scope: topScope,
              place: { kind: 'slot', slot: indexSlot },
            });
            return shifted(first, turn);
          },
        });
        sameKeys(keys, next, 'a loop');
        state = next;
        if (turn === unrolled - 1 || isWhole) continue;
        const rest = shifted(remaining, -1);
        const more = core.newLabel();
        jump(rest, more);
        core.branch(() => {
          const last = keys.map((key) => core.local(pointerOf(member(next, key))));
          leaveLoop(outerFp, last, outcome.values(), after);
        });
        core.emitLabel(more);
        remaining = rest;
      }
      keys.forEach((key, index) => {
        core.moveTo(pointerOf(member(state, key)), nextCell(firstState + index));
      });
      core.moveTo(outerFp, nextCell(1));
      if (loop.headerSlots > indexSlot)
        core.emit('isAdd', {
          a: slot(indexSlot),
          b: constantOf(unrolled),
          c: cellValue(core.cellAt(nextCell(indexSlot))),
        });
      const nextRemaining = cellValue(core.cellAt(nextCell(0)));
      core.emit('isAdd', { a: nextRemaining, b: constantOf(isWhole ? unrolled : 1), c: remaining });
      core.emit('isJump', {
        a: nextRemaining,
        b: { kind: 'label', label: loop.entry },
        c: { kind: 'nextFrame' },
      });
      const last = keys.map((_, index) => cellValue(core.cellAt(nextCell(firstState + index))));
      leaveLoop(outerFp, last, outcome.values(), after);
    });

    const first = core.newCell();
    core.emitHint({ kind: 'frames', frame: loop, count: times, share: unrolled, output: first });
    const pointer = cellValue(first);
    storeAt(pointer, 0, times);
    storeAt(pointer, 1, { kind: 'framePointer' });
    start.forEach((value, index) => {
      storeAt(pointer, firstState + index, value);
    });
    if (loop.headerSlots > indexSlot) storeAt(pointer, indexSlot, constantOf(0));
    jump(times.kind === 'constant' ? ONE : times, loop.entry, pointer);
    if (times.kind !== 'constant')
      core.branch(() => {
        keys.forEach((key, index) => {
          const cell = outcome.get(key);
          if (cell) core.moveTo(start[index] ?? ONE, { kind: 'cell', cell });
        });
      });
    core.emitLabel(after);
    return outcomeOf(initial, outcome);
  }

  function loop<T extends Shape>(
    initial: T,
    body: (state: T) => { readonly next: T; readonly again: Input },
  ): T {
    const keys = keysOf(initial);
    const firstState = 1;
    const start = keys.map((key) => core.local(pointerOf(member(initial, key))));
    const outcome = outcomeCells(initial);
    const after = core.newLabel();
    const fragment = openLoop(firstState + keys.length, 0);

    const enter = (
      values: readonly Value[],
      outerFp: Parameters<typeof storeAt>[2],
      condition: Value,
    ): void => {
      const frame = core.newCell();
      core.emitHint({ kind: 'frames', frame: fragment, count: ONE, share: 1, output: frame });
      storeAt(cellValue(frame), 0, outerFp);
      values.forEach((value, index) => {
        storeAt(cellValue(frame), firstState + index, value);
      });
      jump(condition, fragment.entry, cellValue(frame));
    };

    core.withFragment(fragment, () => {
      const outerFp = slot(0);
      const { next, again } = body(headerState(initial, firstState));
      sameKeys(keys, next, 'a loop');
      const values = keys.map((key) => core.local(pointerOf(member(next, key))));
      enter(values, outerFp, core.local(again));
      leaveLoop(outerFp, values, outcome.values(), after);
    });
    enter(start, { kind: 'framePointer' }, ONE);
    core.emitLabel(after);
    return outcomeOf(initial, outcome);
  }

  return {
    ifNonzero,
    when(condition, whenNonzero, whenZero) {
      const branch = (body: (() => void) | undefined) => () => {
        body?.();
        return {};
      };
      ifNonzero(condition, branch(whenNonzero), branch(whenZero));
    },
    ifEqual(left, right, whenEqual, whenOther) {
      const [a, b] = [core.local(left), core.local(right)];
      if (a.kind === 'constant' && b.kind === 'constant')
        return a.value === b.value ? whenEqual() : whenOther();
      if (b.kind === 'constant' && b.value === 0) return ifNonzero(a, whenOther, whenEqual);
      const difference = cellValue(core.newCell());
      core.emit('isAdd', { a: difference, b, c: a });
      return ifNonzero(difference, whenOther, whenEqual);
    },
    repeat,
    loop,
    define(name, parameters, results, body) {
      const [parameterNames, resultNames] = [Object.keys(parameters), Object.keys(results)];
      const firstParameter = 2;
      const firstResult = firstParameter + parameterNames.length;
      const fragment = core.newFragment(name, undefined, firstResult + resultNames.length);
      const valuesOf = (kinds: Readonly<Record<string, Kind>>, valueAt: (index: number) => Value) =>
        Object.fromEntries(
          Object.entries(kinds).map(([key, kind], index) => [key, withKind(kind, valueAt(index))]),
        );

      core.withFragment(fragment, () => {
        const returned: Shape = body(
          valuesOf(parameters, (index) => slot(firstParameter + index)) as Parameters<typeof body>[0],
        );
        sameKeys(resultNames, returned, name);
        resultNames.forEach((key, index) => {
          core.moveTo(pointerOf(member(returned, key)), { kind: 'slot', slot: firstResult + index });
        });
        core.emit('isJump', { a: ONE, b: slot(0), c: slot(1) });
      });

      return (given) => {
        const values: Shape = given;
        sameKeys(parameterNames, values, `a call of ${name}`);
        const passed = parameterNames.map((key) => core.local(pointerOf(member(values, key))));
        const after = core.newLabel();
        const frame = core.newCell();
        const pointer = cellValue(frame);
        core.emitHint({ kind: 'frames', frame: fragment, count: ONE, share: 1, output: frame });
        storeAt(pointer, 0, { kind: 'label', label: after });
        storeAt(pointer, 1, { kind: 'framePointer' });
        passed.forEach((value, index) => {
          storeAt(pointer, firstParameter + index, value);
        });
        jump(ONE, fragment.entry, pointer);
        core.emitLabel(after);
        return valuesOf(results, (index) => {
          const loaded = cellValue(core.newCell());
          storeAt(pointer, firstResult + index, loaded);
          return loaded;
        }) as ReturnType<typeof body>;
      };
    },
  };
}
