/**
 * Random programs of arithmetic, branches, loops, functions and rows, built twice from the same seed: once with the builder, once
 * on plain numbers. Both must compute the same, and every run must satisfy every constraint and bus.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Value } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import { buildTraces, checkTraces, run } from '../../machine/system.ts';
import { add, multiply, subtract } from '../../stark/field/koalaBear.ts';
import { createRandom, type Random } from '../support/random.ts';

const SEEDS = 60;
const DEPTH = 3;
const STATE_SIZE = 3;
const KEYS = ['x', 'y', 'z'] as const;

/** What a random program is written against; `T` stands for a value. */
interface Operations<T> {
  constant(value: number): T;
  add(left: T, right: T): T;
  subtract(left: T, right: T): T;
  multiply(left: T, right: T): T;
  square(base: T): T;
  viaRow(values: readonly T[], index: number): T;
  choose(condition: T, whenNonzero: () => T[], whenZero: () => T[]): T[];
  repeat(count: T | number, state: T[], body: (state: T[], index: T) => T[]): T[];
}

const onNumbers: Operations<number> = {
  constant: (value) => value,
  add,
  subtract,
  multiply,
  square: (base) => multiply(base, base),
  viaRow: (values, index) => values[index]!,
  choose: (condition, whenNonzero, whenZero) => (condition === 0 ? whenZero() : whenNonzero()),
  repeat(count, state, body) {
    let now = state;
    for (let index = 0; index < count; index++) now = body(now, index);
    return now;
  },
};

type State = Readonly<Record<(typeof KEYS)[number], Value>>;
const toState = (values: readonly Value[]): State => ({ x: values[0]!, y: values[1]!, z: values[2]! });
const toList = (state: State): Value[] => KEYS.map((key) => state[key]);

function onMachine(program: ProgramBuilder): Operations<Value> {
  const square = program.define('square', { base: 'value' }, { square: 'value' }, ({ base }) => ({
    square: program.multiply(base, base),
  }));
  return {
    constant: program.constant,
    add: program.add,
    subtract: program.subtract,
    multiply: program.multiply,
    square: (base) => square({ base }).square,
    viaRow: (values, index) => program.load(program.addressOf(program.row(values)), index),
    choose: (condition, whenNonzero, whenZero) =>
      toList(
        program.ifNonzero(
          condition,
          () => toState(whenNonzero()),
          () => toState(whenZero()),
        ),
      ),
    repeat: (count, state, body) =>
      toList(
        program.repeat(count, toState(state), (now, iteration) =>
          toState(body(toList(now), iteration.index)),
        ),
      ),
  };
}

/**
 * A pseudo-random decision that both sides take alike: the numbers' side runs a loop body many times and only one branch, so
 * decisions come from the place in the program, not from a running generator.
 */
type Place = string;

function decisions(seed: number): (place: Place, bound: number) => number {
  const known = new Map<Place, Random>();
  return (place, bound) => {
    let hash = seed;
    for (const letter of place) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
    const random = known.get(place) ?? createRandom(hash);
    return random.below(bound);
  };
}

function randomBlock<T>(
  operations: Operations<T>,
  inputs: readonly T[],
  decide: (place: Place, bound: number) => number,
  place: Place,
  depth: number,
): T[] {
  const pool = [...inputs];
  const pick = (name: string): T => pool[decide(`${place}${name}`, pool.length)]!;
  const pickState = (name: string): T[] =>
    Array.from({ length: STATE_SIZE }, (_, index) => pick(`${name}${index}`));
  const steps = 3 + decide(`${place}steps`, 4);
  for (let step = 0; step < steps; step++) {
    const here = `${place}/${step}`;
    const inner = (values: readonly T[], branch: string): T[] =>
      randomBlock(operations, [...pool, ...values], decide, `${here}${branch}`, depth - 1);
    switch (decide(`${here}kind`, depth > 0 ? 9 : 6)) {
      case 0:
        pool.push(operations.constant(decide(`${here}constant`, 5)));
        break;
      case 1:
        pool.push(operations.add(pick(`${here}a`), pick(`${here}b`)));
        break;
      case 2:
        pool.push(operations.subtract(pick(`${here}a`), pick(`${here}b`)));
        break;
      case 3:
        pool.push(operations.multiply(pick(`${here}a`), pick(`${here}b`)));
        break;
      case 4:
        pool.push(operations.square(pick(`${here}a`)));
        break;
      case 5:
        pool.push(operations.viaRow(pickState(`${here}row`), decide(`${here}at`, STATE_SIZE)));
        break;
      case 6:
        pool.push(
          ...operations.choose(
            pick(`${here}a`),
            () => inner([], 'n'),
            () => inner([], 'z'),
          ),
        );
        break;
      default: {
        // The first input is below 4, and stands first in every block.
        const count = decide(`${here}counted`, 2) === 0 ? inputs[0]! : decide(`${here}count`, 4);
        pool.push(
          ...operations.repeat(count, pickState(`${here}state`), (state, index) =>
            inner([...state, index], 'r'),
          ),
        );
      }
    }
  }
  return Array.from({ length: STATE_SIZE }, (_, index) => pick(`out${index}`));
}

test('random programs compute what plain numbers do', () => {
  let cycles = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createRandom(seed);
    const inputs = [random.below(4), random.word(), random.below(2)];
    const decide = decisions(seed);
    const expected = randomBlock(onNumbers, inputs, decide, '', DEPTH);
    const program = buildProgram(`random ${seed}`, (builder) => {
      const operations = onMachine(builder);
      const outcome = randomBlock(operations, builder.hint('inputs', [], 3), decide, '', DEPTH);
      outcome.forEach((value, index) => {
        builder.store(builder.statement, index, value);
      });
    });
    const execution = run(program, { inputs: () => inputs });
    assert.deepEqual([...execution.statement.subarray(0, STATE_SIZE)], expected, `seed ${seed}`);
    if (execution.pc.length < 2 ** 12)
      assert.deepEqual(
        checkTraces(program, buildTraces(program, execution), execution.statement),
        { ok: true },
        `seed ${seed}`,
      );
    cycles += execution.pc.length;
  }
  assert.ok(cycles > 20 * SEEDS, `${cycles} cycles are too few to mean anything`);
});
