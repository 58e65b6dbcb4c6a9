/**
 * Branches, loops and functions of programs.
 *
 * Frame of a function: 0 return pc, 1 caller's fp, parameters, results.
 * Frame of a counted loop, which may hold several turns of its body: 0 remaining iterations, 1 fp of the frame around it, state (, index). The next iteration's frame
 * follows it, so most of the next state is computed in place; the room for all of them is reserved on entry.
 * Frame of a conditional loop: 0 fp of the frame around it, state. Each iteration's frame is allocated anew.
 */
import type { ControlBuilder } from '../builder.ts';
import type { Area, Path } from './areas.ts';
import { type Core, cellValue, constantOf } from './core.ts';
import { badProgram, type Fragment } from './fragment.ts';
import {
  type Carried,
  type Cell,
  type Input,
  type Kind,
  type Kinds,
  leadingTo,
  type Place,
  pointerOf,
  type Shape,
  targetOf,
  type Value,
} from './values.ts';

const ONE = constantOf(1);

/** Throws: MachineError 'BAD_PROGRAM' for what is no shape, types or not. */
function keysOf(shape: Shape): string[] {
  if (typeof shape !== 'object' || shape === null)
    throw badProgram('a shape is missing', {
      expected: 'an object of values, rows and words',
      got: typeof shape,
    });
  return Object.keys(shape);
}

function member(shape: Shape, key: string): Carried {
  const carried = Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (!carried) throw badProgram(`${key} is missing`, { member: key });
  return carried;
}

/** What a member of a shape must be: its kind, and the area of the rows that it leads to, if it is a pointer. */
interface Expected {
  readonly kind: Kind;
  readonly area: Area | undefined;
}
type Expectations = ReadonlyMap<string, Expected>;

export function controlMethods(core: Core): ControlBuilder {
  /** The kinds of a shape. Throws: MachineError 'BAD_PROGRAM' for a member that is nothing of a program. */
  function kindsOf(shape: Shape, where: string): Kinds {
    return Object.fromEntries(
      keysOf(shape).map((key) => {
        const kind = core.kinds.kindOf(shape[key]);
        if (kind !== 'value' && kind !== 'row' && kind !== 'word')
          throw badProgram(`${where}: ${key} is nothing that a program computes with`, {
            member: key,
            expected: 'value, row or word',
            got: kind,
          });
        return [key, kind];
      }),
    );
  }

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

  function isPointer(carried: Carried): boolean {
    return targetOf(pointerOf(carried)) !== undefined;
  }

  /** Rows and words, and values that are pointers, lead to rows that are handed over. */
  function expect(kinds: Kinds, where: string, isPointerValue: (key: string) => boolean): Expectations {
    return new Map(
      Object.entries(kinds).map(([key, kind]) => {
        const leads = kind !== 'value' || isPointerValue(key);
        return [key, { kind, area: leads ? core.areas.handedOver(`${key} of ${where}`) : undefined }];
      }),
    );
  }

  /** Whether a shape has the members, of the kinds. Throws: MachineError 'BAD_PROGRAM'. */
  function requireShape(
    expected: ReadonlyMap<string, { readonly kind: Kind }>,
    shape: Shape,
    where: string,
  ): void {
    const got = keysOf(shape);
    if (got.length !== expected.size || got.some((key) => !expected.has(key)))
      throw badProgram(`${where} yields ${got.join(', ')} instead of ${[...expected.keys()].join(', ')}`);
    for (const [key, { kind }] of expected) core.kinds.requireKind(key, shape[key], kind, where);
  }

  /** The members are handed over as what is expected. Throws: MachineError 'BAD_PROGRAM'. */
  function handOver(expected: Expectations, shape: Shape, where: string): void {
    requireShape(expected, shape, where);
    for (const [key, { area }] of expected) {
      const target = targetOf(pointerOf(member(shape, key)));
      if (area) core.areas.handOver(area, target ?? 'anywhere');
      else if (target)
        throw badProgram(`${where}: ${key} is a pointer`, {
          member: key,
          expected: 'number',
          got: 'pointer',
        });
    }
  }

  /** A value that is what is expected. */
  function taken({ kind, area }: Expected, value: Value): Carried {
    if (area) return core.kinds.withKind(kind, leadingTo(value, { area, word: 0 }));
    return core.kinds.withKind(kind, kind === 'value' ? value : leadingTo(value, 'anywhere'));
  }

  /** The header cells of a new frame as what is expected. */
  function headerState<T extends Shape>(expected: Expectations, firstSlot: number): T {
    return Object.fromEntries(
      [...expected].map(([key, each], index) => [key, taken(each, slot(firstSlot + index))]),
    ) as T;
  }

  function ifNonzero<T extends Shape>(condition: Input, whenNonzero: () => T, whenZero: () => T): T {
    const test = core.number(condition, 'a condition');
    if (test.kind === 'constant') return test.value === 0 ? whenZero() : whenNonzero();
    const { scope } = core.current();
    const [nonzero, end] = [core.newLabel(), core.newLabel()];
    let merged: ReadonlyMap<string, { readonly cell: Cell; readonly kind: Kind }> | undefined;
    const areas = new Map<string, Area>();
    const finishBranch = (outcome: T): void => {
      const expected =
        merged ??
        new Map(
          Object.entries(kindsOf(outcome, 'a branch')).map(([key, kind]) => [
            key,
            { cell: core.newCell(scope), kind },
          ]),
        );
      merged = expected;
      requireShape(expected, outcome, 'a branch');
      for (const [key, { cell }] of expected) {
        const carried = member(outcome, key);
        core.moveTo(pointerOf(carried), { kind: 'cell', cell });
        if (!isPointer(carried)) continue;
        const area = areas.get(key) ?? core.areas.handedOver(`${key} of a branch`);
        areas.set(key, area);
        core.areas.handOver(area, targetOf(pointerOf(carried)) ?? 'anywhere');
      }
    };
    jump(test, nonzero);
    const zeroPath = core.areas.enter();
    core.branch(() => finishBranch(whenZero()));
    core.areas.leave(zeroPath);
    const { items } = core.current();
    const jumpToEnd = items.length;
    jump(ONE, end);
    core.emitLabel(nonzero);
    const start = items.length;
    const nonzeroPath = core.areas.enter();
    core.branch(() => finishBranch(whenNonzero()));
    core.areas.leave(nonzeroPath);
    core.areas.passedEither(zeroPath, nonzeroPath);
    // Nothing to jump over.
    if (items.length === start) items.splice(jumpToEnd, 1);
    core.emitLabel(end);
    return Object.fromEntries(
      [...(merged ?? [])].map(([key, { cell, kind }]) => [
        key,
        taken({ kind, area: areas.get(key) }, cellValue(cell)),
      ]),
    ) as T;
  }

  /** Fresh cells of the current frame for a loop's outcome. */
  function outcomeCells(like: Shape): Map<string, Cell> {
    return new Map(keysOf(like).map((key) => [key, core.newCell()]));
  }

  function outcomeOf<T extends Shape>(outcome: Expectations, cells: ReadonlyMap<string, Cell>): T {
    return Object.fromEntries(
      [...outcome].map(([key, each]) => [key, taken(each, cellValue(cells.get(key) ?? core.newCell()))]),
    ) as T;
  }

  /** The rows of the first turn are those of the initial state: what every first turn wrote is written there. */
  function passedTurn(path: Path, state: Expectations, initial: Shape): void {
    core.areas.passed(path);
    for (const [key, { area }] of state) {
      const target = targetOf(pointerOf(member(initial, key)));
      if (area && target)
        for (const word of core.areas.writtenOn(path, area)) core.areas.write(target, word, 1);
    }
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
    const times = core.number(count, 'the count of a loop');
    if (times.kind === 'constant' && times.value === 0) return initial;
    const kinds = kindsOf(initial, 'a loop');
    const leads = (key: string): boolean => isPointer(member(initial, key));
    const [carried, left] = [expect(kinds, 'a loop', leads), expect(kinds, 'a loop', leads)];
    handOver(carried, initial, 'a loop');
    if (times.kind !== 'constant') handOver(left, initial, 'a loop');
    const isWhole = times.kind === 'constant' && times.value % unrolled === 0;
    const keys = keysOf(initial);
    const firstState = 2;
    const start = keys.map((key) => core.local(pointerOf(member(initial, key))));
    const outcome = outcomeCells(initial);
    const after = core.newLabel();
    const loop = openLoop(firstState + keys.length, 1);
    const indexSlot = firstState + keys.length;

    const turns = core.areas.enter();
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
      let state = headerState<T>(carried, firstState);
      const nextCell = (index: number): Place => ({ kind: 'next', slot: index });
      for (let turn = 0; turn < unrolled; turn++) {
        const [own, rest] = [state, remaining];
        const next = body(own, {
          get remaining() {
            return isWhole ? shifted(rest, -turn) : rest;
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
        const isLast = turn === unrolled - 1;
        requireShape(carried, next, 'a loop');
        if (isLast) handOver(carried, next, 'a loop');
        if (isLast || !isWhole) handOver(left, next, 'a loop');
        state = next;
        if (isLast || isWhole) continue;
        const others = shifted(remaining, -1);
        const more = core.newLabel();
        jump(others, more);
        core.branch(() => {
          const last = keys.map((key) => core.local(pointerOf(member(next, key))));
          leaveLoop(outerFp, last, outcome.values(), after);
        });
        core.emitLabel(more);
        remaining = others;
        // The turns from here on may not come.
        core.areas.enter();
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
    core.areas.leave(turns);

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
    if (times.kind === 'constant') passedTurn(turns, carried, initial);
    return outcomeOf(left, outcome);
  }

  function loop<T extends Shape>(
    initial: T,
    body: (state: T) => { readonly next: T; readonly again: Input },
  ): T {
    const keys = keysOf(initial);
    const kinds = kindsOf(initial, 'a loop');
    const leads = (key: string): boolean => isPointer(member(initial, key));
    const [carried, left] = [expect(kinds, 'a loop', leads), expect(kinds, 'a loop', leads)];
    handOver(carried, initial, 'a loop');
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

    const turn = core.areas.enter();
    core.withFragment(fragment, () => {
      const outerFp = slot(0);
      const { next, again } = body(headerState<T>(carried, firstState));
      handOver(carried, next, 'a loop');
      handOver(left, next, 'a loop');
      const values = keys.map((key) => core.local(pointerOf(member(next, key))));
      enter(values, outerFp, core.number(again, 'the condition of a loop'));
      leaveLoop(outerFp, values, outcome.values(), after);
    });
    core.areas.leave(turn);
    enter(start, { kind: 'framePointer' }, ONE);
    core.emitLabel(after);
    passedTurn(turn, carried, initial);
    return outcomeOf(left, outcome);
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
      const [a, b] = [core.number(left, 'a compared value'), core.number(right, 'a compared value')];
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
      const given = expect(parameters, name, () => false);
      let returned: Expectations = new Map();

      const written = core.areas.enterFunction();
      core.withFragment(fragment, () => {
        const outcome: Shape = body(headerState(given, firstParameter) as Parameters<typeof body>[0]);
        returned = expect(
          results,
          name,
          (key) => Object.hasOwn(outcome, key) && isPointer(member(outcome, key)),
        );
        handOver(returned, outcome, name);
        resultNames.forEach((key, index) => {
          core.moveTo(pointerOf(member(outcome, key)), { kind: 'slot', slot: firstResult + index });
        });
        core.emit('isJump', { a: ONE, b: slot(0), c: slot(1) });
      });
      core.areas.leave(written);

      return (values: Shape) => {
        handOver(given, values, `a call of ${name}`);
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
        passedTurn(written, given, values);
        return Object.fromEntries(
          [...returned].map(([key, { kind, area: source }], index) => {
            const loaded = cellValue(core.newCell());
            storeAt(pointer, firstResult + index, loaded);
            // Every call returns rows of its own.
            const area = source && core.areas.handedOver(`${key} of ${name}`);
            if (area && source) core.areas.handOver(area, { area: source, word: 0 });
            return [key, taken({ kind, area }, loaded)];
          }),
        ) as ReturnType<typeof body>;
      };
    },
  };
}
