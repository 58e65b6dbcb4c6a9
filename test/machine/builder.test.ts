/** Programs made with the builder compute what they say, in the cycles that the specification says, and their runs check. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Value } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { buildTraces, checkTraces, run } from '../../machine/system.ts';
import { add, inverse, MODULUS, multiply } from '../../stark/field/koalaBear.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import { createRandom } from '../support/random.ts';

/** Runs the program, checks its columns and every bus, and yields the record. */
function checkedRun(main: (program: ProgramBuilder) => void, hints: HintFunctions = {}): ExecutionTrace {
  const program = buildProgram('test', main);
  const execution = run(program, hints);
  const verdict = checkTraces(program, buildTraces(program, execution), execution.statement);
  assert.deepEqual(verdict, { ok: true });
  return execution;
}

/** The statement of a program whose outcome is up to 8 values. */
function outcomes(
  main: (program: ProgramBuilder) => readonly (Value | number)[],
  hints: HintFunctions = {},
): number[] {
  let count = 0;
  const { statement } = checkedRun((program) => {
    const values = main(program);
    count = values.length;
    values.forEach((value, index) => {
      program.store(program.statement, index, value);
    });
  }, hints);
  return [...statement.subarray(0, count)];
}

function cyclesOf(main: (program: ProgramBuilder) => void, hints: HintFunctions = {}): number {
  return checkedRun(main, hints).pc.length;
}

const input = (program: ProgramBuilder): Value => program.hint('input', [], 1)[0]!;
const inputIs = (value: number): HintFunctions => ({ input: () => [value] });

function refuses(main: (program: ProgramBuilder) => void, reason: RegExp): void {
  assert.throws(
    () => buildProgram('refused', main),
    (error) => error instanceof MachineError && error.code === 'BAD_PROGRAM' && reason.test(error.message),
    String(reason),
  );
}

describe('arithmetic', () => {
  test('operations on values, on constants, and mixed', () => {
    assert.deepEqual(
      outcomes((program) => {
        const x = input(program);
        return [
          program.add(x, 5),
          program.subtract(3, x),
          program.multiply(x, x),
          program.divide(1, x),
          program.weightedSum([x, 2, x], [1, 10, 100]),
          program.add(2, -3),
          program.divide(program.constant(1), 3),
        ];
      }, inputIs(10)),
      [15, MODULUS - 7, 100, inverse(10), 1030, MODULUS - 1, inverse(3)],
    );
  });

  test('constants cost no cycle and other operations one', () => {
    const base = cyclesOf(() => {});
    assert.equal(
      cyclesOf((program) => {
        program.multiply(program.add(1, 2), 3);
      }),
      base,
    );
    for (const operation of ['add', 'subtract', 'multiply', 'divide', 'assertEqual'] as const)
      assert.equal(
        cyclesOf((program) => {
          program[operation](input(program), 1);
        }, inputIs(1)),
        base + 1,
        operation,
      );
  });

  test('assertions', () => {
    checkedRun((program) => {
      const x = input(program);
      program.assertBoolean(x);
      program.assertNonzero(x);
      program.assertEqual(x, 1);
    }, inputIs(1));
    for (const assertion of ['assertBoolean', 'assertNonzero'] as const)
      assert.throws(
        () =>
          checkedRun(
            (program) => program[assertion](input(program)),
            inputIs(assertion === 'assertBoolean' ? 2 : 0),
          ),
        MachineError,
      );
  });

  test('impossible constants are refused', () => {
    refuses((program) => void program.constant(MODULUS), /no constant of the field/);
    refuses((program) => void program.add(1, 0.5), /no constant of the field/);
    refuses((program) => void program.divide(input(program), 0), /division by the constant 0/);
  });
});

describe('memory', () => {
  test('rows, loads, stores and pointers', () => {
    assert.deepEqual(
      outcomes((program) => {
        const x = input(program);
        const row = program.row([x, program.add(x, 1), 7, x]);
        const address = program.addressOf(row);
        const copy = program.add(address, 0);
        program.store(copy, 2, 7);
        // Open: only the row at the computed place is written.
        const rows = program.open(program.freshRows(2));
        program.store(program.rowAfter(rows, 1), 3, 44);
        const second = program.rowAfter(
          program.rowAt(program.add(program.addressOf(rows), 0)),
          program.subtract(x, 9),
        );
        return [
          program.load(row, 1),
          program.load(copy, 3),
          program.load(row, 7),
          program.load(second, 3),
          program.load(program.rowAfter(program.rowAt(program.add(program.addressOf(rows), 0)), 1), 3),
        ];
      }, inputIs(10)),
      [11, 10, 0, 44, 44],
    );
  });

  test('a value computed for a row moves in for free, and a load from an own row is free', () => {
    const withRow = (use: (program: ProgramBuilder, x: Value) => void): number =>
      cyclesOf((program) => use(program, input(program)), inputIs(3));
    const base = withRow((program, x) => void program.row([x]));
    assert.equal(
      withRow((program, x) => void program.load(program.row([program.add(x, 1)]), 0)),
      base + 1,
    );
    assert.equal(
      withRow((program, x) => {
        program.row([x]);
        program.row([x]);
      }),
      base + 8,
      'the second row copies x and writes 7 zeros',
    );
  });

  test('a value computed for a word of an own row is stored for free; stored twice, it is compared', () => {
    const withStores = (use: (program: ProgramBuilder, x: Value) => void): number =>
      cyclesOf((program) => use(program, input(program)), inputIs(3));
    const base = withStores(() => {});
    assert.equal(
      withStores((program, x) => {
        const row = program.freshRows(1);
        program.store(row, 0, program.add(x, 1));
        program.store(row, 0, program.add(1, x));
        program.store(row, 1, x);
        program.store(row, 2, x);
      }) - base,
      // The hinted x becomes word 1.
      2 + 1,
    );
  });

  test('words stored twice are equal or the run fails', () => {
    const storeBoth = (program: ProgramBuilder, second: number): void => {
      const x = input(program);
      const row = program.freshRows(1);
      program.store(row, 0, program.add(x, 1));
      program.store(row, 0, program.add(x, second));
    };
    checkedRun((program) => storeBoth(program, 1), inputIs(3));
    assert.throws(() => checkedRun((program) => storeBoth(program, 2), inputIs(3)), /RELATION_FAILED/);
  });

  test('tables are looked up at computed places', () => {
    const places: HintFunctions = { place: () => [3] };
    assert.deepEqual(
      outcomes((program) => {
        const table = program.row([10, 11, 12, 13, 14]);
        const [place] = program.hint('place', [], 1);
        const moved = program.rowAt(program.add(program.addressOf(table), 0));
        const lookUp = program.define('lookUp', { place: 'value' }, { word: 'value' }, (given) => ({
          word: program.lookUp(table, program.add(given.place, 1)),
        }));
        const { sum } = program.repeat(2, { sum: program.constant(0) }, ({ sum }, { index }) => ({
          sum: program.add(sum, program.lookUp(table, index)),
        }));
        const { own } = program.repeat(1, { own: program.constant(0) }, ({ own }, { index }) => ({
          own: program.add(own, program.lookUp(program.row([20, 21]), index)),
        }));
        return [
          program.lookUp(table, place!),
          program.lookUp(moved, place!),
          program.lookUp(table, 2),
          lookUp({ place: place! }).word,
          sum,
          own,
        ];
      }, places),
      [13, 13, 12, 14, 21, 20],
    );
    const cycles = (isKnown: boolean): number =>
      cyclesOf((program) => {
        const table = program.row([1, 2, 3, 4]);
        const [place] = program.hint('place', [], 1);
        const moved = program.rowAt(program.add(program.addressOf(table), 0));
        program.lookUp(isKnown ? table : moved, place!);
      }, places);
    assert.equal(cycles(false), cycles(true) + 1);
  });

  test('rows of the main function are named everywhere, but not those of its branches', () => {
    checkedRun((program) => {
      const [left, right] = [program.row([1]), program.row([2, 3])];
      const join = program.define('join', {}, { joined: 'row', word: 'value' }, () => ({
        joined: program.compress(left, right),
        word: program.load(right, 1),
      }));
      const { joined, word } = join({});
      program.assertEqual(word, 3);
      program.repeat(2, {}, () => {
        program.repeat(2, {}, () => {
          program.compress(left, right, joined);
          program.assertEqual(program.load(right, 0), 2);
          program.store(left, 7, 0);
          return {};
        });
        return {};
      });
    });
    refuses((program) => {
      const x = input(program);
      program.when(x, () => {
        const row = program.row([1]);
        program.define('closure', {}, { y: 'value' }, () => ({ y: program.load(row, 0) }));
      });
    }, /a value of main is used in closure/);
    const loopCycles = (times: number): number =>
      cyclesOf((program) => {
        const [left, right] = [program.row([1]), program.row([2])];
        program.repeat(times, {}, () => {
          program.compress(left, right);
          return {};
        });
      });
    assert.equal(loopCycles(3) - loopCycles(2), 3 + 1);
  });

  test('as many hinted rows as a computed value says', () => {
    const blocks = Array.from({ length: 24 }, (_, word) => word + 1);
    const { statement } = checkedRun(
      (program) => {
        const [count] = program.hint('count', [], 1);
        program.repeat(1, {}, () => {
          const rows = program.hintRows('blocks', [count!], count!);
          program.chain(program.row([]), rows, count!, program.statement);
          return {};
        });
        const copies = program.allocateRows(count!);
        program.store(copies, 23, count!);
      },
      { count: () => [3], blocks: ([count = 0]) => blocks.slice(0, 8 * count) },
    );
    let state: Uint32Array = new Uint32Array(8);
    for (let block = 0; block < 24; block += 8)
      state = compress(state, Uint32Array.from(blocks.slice(block, block + 8)));
    assert.deepEqual(statement, state);
    assert.throws(
      () =>
        checkedRun(
          (program) => {
            const [count] = program.hint('count', [], 1);
            program.hintRows('blocks', [], count!);
            program.assertEqual(count!, 3);
          },
          { count: () => [3], blocks: () => blocks.slice(0, 23) },
        ),
      /HINT_FAILED.*expected 24, got 23/,
    );
  });

  test('rows are equal or the run fails; words beyond a block are refused', () => {
    const compare = (last: number) => () =>
      checkedRun((program) => {
        program.assertRowsEqual(program.row([1, 2, last]), program.row([1, 2, 3]));
      });
    compare(3)();
    assert.throws(compare(4), /RELATION_FAILED/);
    refuses((program) => void program.load(program.row([1]), 8), /outside of a block/);
    refuses((program) => void program.row([1, 2, 3, 4, 5, 6, 7, 8, 9]), /do not fit/);
  });
});

describe('branches', () => {
  const classify = (value: number): number[] =>
    outcomes((program) => {
      const x = input(program);
      const twice = program.add(x, x);
      const { kind, echo } = program.ifNonzero(
        x,
        () =>
          program.ifEqual(
            x,
            5,
            () => ({ kind: program.constant(2), echo: twice }),
            () => ({ kind: program.multiply(x, 3), echo: program.add(twice, 1) }),
          ),
        () => ({ kind: program.constant(1), echo: x }),
      );
      return [kind, echo, program.add(kind, echo)];
    }, inputIs(value));

  test('the outcome is that of the branch taken', () => {
    assert.deepEqual(classify(0), [1, 0, 1]);
    assert.deepEqual(classify(5), [2, 10, 12]);
    assert.deepEqual(classify(7), [21, 15, 36]);
  });

  test('branches without outcome, and on constants', () => {
    const guarded = (value: number): ExecutionTrace =>
      checkedRun((program) => {
        const x = input(program);
        program.when(
          x,
          () => program.assertEqual(x, 9),
          () => program.store(program.statement, 0, 1),
        );
      }, inputIs(value));
    assert.equal(guarded(0).statement[0], 1);
    guarded(9);
    assert.throws(() => guarded(8), /RELATION_FAILED/);
    assert.deepEqual(
      outcomes((program) => [
        program.ifNonzero(
          1,
          () => ({ x: program.constant(3) }),
          () => ({ x: program.constant(4) }),
        ).x,
        program.ifEqual(
          1,
          2,
          () => ({ x: program.constant(3) }),
          () => ({ x: program.constant(4) }),
        ).x,
      ]),
      [3, 4],
    );
  });

  test('a branch costs 1 when the condition is not 0 and 2 when it is 0', () => {
    const cycles = (value: number): number =>
      cyclesOf((program) => {
        const x = input(program);
        program.ifNonzero(
          x,
          () => ({ y: program.add(x, 1) }),
          () => ({ y: program.add(x, 2) }),
        );
      }, inputIs(value));
    const base = cyclesOf(() => {});
    assert.equal(cycles(1), base + 2);
    assert.equal(cycles(0), base + 3);
    const oneSided = (value: number): number =>
      cyclesOf((program) => {
        const x = input(program);
        program.when(
          x,
          () => {},
          () => program.assertEqual(x, 0),
        );
      }, inputIs(value));
    assert.equal(oneSided(1), base + 1);
    assert.equal(oneSided(0), base + 2, 'nothing to jump over');
  });

  test('a hint at the end of a branch runs on that branch only', () => {
    for (const value of [0, 1]) {
      let given = 0;
      checkedRun(
        (program) => {
          program.when(input(program), () => void program.hint('counted', [], 1));
          program.add(input(program), 1);
        },
        {
          ...inputIs(value),
          counted: () => {
            given++;
            return [1];
          },
        },
      );
      assert.equal(given, value);
    }
  });

  test('what a branch computes stays in it, and both branches have one shape', () => {
    refuses((program) => {
      let leaked: Value | undefined;
      const x = input(program);
      program.when(x, () => {
        leaked = program.add(x, 1);
      });
      program.add(leaked!, 1);
    }, /outside of the branch/);
    refuses((program) => {
      const x = input(program);
      program.ifNonzero<Record<string, Value>>(
        x,
        () => ({ y: x }),
        () => ({ z: x }),
      );
    }, /a branch yields y instead of z/);
  });
});

describe('loops', () => {
  test('counted loops carry state, index and remaining; zero and constant counts too', () => {
    const sums = (count: number): number[] =>
      outcomes((program) => {
        const { total, mixed } = program.repeat(
          input(program),
          { total: program.constant(0), mixed: program.constant(1) },
          ({ total, mixed }, { index, remaining }) => ({
            total: program.add(total, index),
            mixed: program.add(program.multiply(mixed, 3), remaining),
          }),
        );
        return [total, mixed];
      }, inputIs(count));
    for (const count of [0, 1, 2, 9]) {
      let [total, mixed] = [0, 1];
      for (let index = 0; index < count; index++) {
        total += index;
        mixed = mixed * 3 + (count - index);
      }
      assert.deepEqual(sums(count), [total, mixed], `${count} iterations`);
    }
    const constant = (count: number): number[] =>
      outcomes(
        (program) => [
          program.repeat(count, { x: input(program) }, ({ x }) => ({ x: program.multiply(x, 2) })).x,
        ],
        inputIs(5),
      );
    assert.deepEqual(constant(0), [5]);
    assert.deepEqual(constant(4), [80]);
  });

  test('nested loops use values and rows of every frame around them', () => {
    const [rows, columns] = [4, 3];
    let expected = 0;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) expected += 100 * row + 10 * column + 7 + 20;
    assert.deepEqual(
      outcomes((program) => {
        const outer = program.row([program.add(input(program), 3)]);
        const ten = program.add(input(program), 6);
        const { total } = program.repeat(
          rows,
          { total: program.constant(0) },
          ({ total }, { index: row }) => {
            const scaled = program.multiply(row, 100);
            const pair = program.row([program.add(ten, ten)]);
            return program.repeat(columns, { total }, ({ total }, { index: column }) => {
              const terms = [
                scaled,
                program.multiply(column, ten),
                program.load(outer, 0),
                program.load(pair, 0),
              ];
              return { total: terms.reduce((sum, term) => program.add(sum, term), total) };
            });
          },
        );
        return [total];
      }, inputIs(4)),
      [expected],
    );
  });

  test('a value captured in one branch is loaded again in the other', () => {
    for (const flag of [0, 1])
      assert.deepEqual(
        outcomes((program) => {
          const seven = program.add(input(program), 7 - flag);
          const { total } = program.repeat(3, { total: program.constant(0) }, ({ total }) =>
            program.ifNonzero(
              flag === 0 ? program.subtract(seven, 7) : program.subtract(seven, 6),
              () => ({ total: program.add(total, seven) }),
              () => ({ total: program.add(program.add(total, seven), 1) }),
            ),
          );
          return [total];
        }, inputIs(flag)),
        [flag === 0 ? 24 : 21],
      );
  });

  test('an iteration costs 3 cycles, 1 for the index, 1 for each outer value and each state that is only passed on', () => {
    const cycles = (
      body: (program: ProgramBuilder, x: Value, index: () => Value, outer: Value) => Value,
    ): number => {
      const times = (count: number): number =>
        cyclesOf((program) => {
          const outer = input(program);
          program.repeat(count, { x: program.constant(0) }, ({ x }, iteration) => ({
            x: body(program, x, () => iteration.index, outer),
          }));
        }, inputIs(4));
      return times(11) - times(10);
    };
    assert.equal(
      cycles((program, x) => program.add(x, 1)),
      3 + 1,
    );
    assert.equal(
      cycles((program, x, index) => program.add(x, index())),
      3 + 1 + 1,
    );
    assert.equal(
      cycles((program, x, _, outer) => program.add(x, outer)),
      3 + 1 + 1,
    );
    assert.equal(
      cycles((_, x) => x),
      3 + 1,
    );
  });

  test('turns of an unrolled loop share a frame, for every count', () => {
    for (const unrolled of [1, 2, 3, 5])
      for (const count of [0, 1, 2, 3, 4, 5, 6, 9, 10, 11])
        for (const isConstant of [true, false]) {
          const sums = outcomes(
            (program) => {
              const [given, outer] = [input(program), program.hint('outer', [], 1)[0]!];
              const row = program.row([outer]);
              const { sum, weighted, last, from } = program.repeat(
                isConstant ? count : given,
                { sum: program.constant(0), weighted: program.constant(0), last: row, from: outer },
                ({ sum, weighted, from }, { index, remaining }) => ({
                  sum: program.add(sum, outer),
                  weighted: program.add(weighted, program.multiply(index, remaining)),
                  last: program.row([index, program.load(row, 0)]),
                  from,
                }),
                unrolled,
              );
              return [sum, weighted, program.load(last, 0), program.load(last, 1), from];
            },
            { ...inputIs(count), outer: () => [7] },
          );
          let weighted = 0;
          for (let index = 0; index < count; index++) weighted += index * (count - index);
          const last = count === 0 ? [7, 0] : [count - 1, 7];
          assert.deepEqual(
            sums,
            [7 * count, weighted, ...last, 7],
            `${count} turns, ${unrolled} a frame, ${isConstant ? 'constant' : 'computed'}`,
          );
        }
    refuses((program) => void program.repeat(3, {}, () => ({}), 0), /a loop unrolled 0 times/);
  });

  test('a turn of an unrolled loop costs 2 cycles, none when the count is a constant multiple', () => {
    const cycles = (count: number, unrolled: number, isConstant: boolean): number =>
      cyclesOf(
        (program) => {
          const given = input(program);
          const outer = program.hint('outer', [], 1)[0]!;
          program.repeat(
            isConstant ? count : given,
            { x: program.constant(0) },
            ({ x }) => ({ x: program.add(x, outer) }),
            unrolled,
          );
        },
        { ...inputIs(count), outer: () => [7] },
      );
    // The body and its captured value; a frame: 3, of which the last turn has 2.
    for (const unrolled of [1, 4]) {
      assert.equal(
        cycles(5 * unrolled, unrolled, false) - cycles(4 * unrolled, unrolled, false),
        1 + unrolled + 2 * unrolled + 1,
      );
      assert.equal(
        cycles(5 * unrolled, unrolled, true) - cycles(4 * unrolled, unrolled, true),
        1 + unrolled + 3,
      );
    }
  });

  test('conditional loops run until their condition is 0', () => {
    assert.deepEqual(
      outcomes((program) => {
        const step = input(program);
        const { x, steps } = program.loop(
          { x: program.constant(20), steps: program.constant(0) },
          ({ x, steps }) => {
            const next = program.subtract(x, step);
            return { next: { x: next, steps: program.add(steps, 1) }, again: next };
          },
        );
        return [x, steps];
      }, inputIs(4)),
      [0, 5],
    );
  });

  test('rows are carried as pointers: a hash chain in a loop', () => {
    const count = 5;
    const { statement } = checkedRun((program) => {
      const { state } = program.repeat(count, { state: program.row([1]) }, ({ state }, { index }) => ({
        state: program.compress(state, program.row([index, 9])),
      }));
      program.assertRowsEqual(state, program.statement);
    });
    let state: Uint32Array = Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    for (let index = 0; index < count; index++)
      state = compress(state, Uint32Array.of(index, 9, 0, 0, 0, 0, 0, 0));
    assert.deepEqual(statement, state);
  });

  test('a chain of as many blocks as a computed value says', () => {
    for (const count of [1, 3]) {
      const { statement, calls } = checkedRun(
        (program) => {
          const blocks = program.hintRows('blocks', [], 3);
          const blockCount = program.add(program.hintValue('count', []), 1);
          program.chain(program.row([7]), blocks, blockCount, program.statement);
        },
        { blocks: () => Array.from({ length: 24 }, (_, word) => word), count: () => [count - 1] },
      );
      let state: Uint32Array = Uint32Array.of(7, 0, 0, 0, 0, 0, 0, 0);
      for (let block = 0; block < count; block++)
        state = compress(
          state,
          Uint32Array.from({ length: 8 }, (_, word) => 8 * block + word),
        );
      assert.deepEqual(statement, state);
      assert.deepEqual([...calls.d], [count]);
    }
    const zero = buildProgram('no block', (program) => {
      const row = program.row([7]);
      program.chain(row, row, program.hintValue('count', []));
    });
    assert.throws(() => run(zero, { count: () => [0] }), /CALL_FAILED.*a block count, got 0/);
    for (const count of [0, -1, 0.5])
      refuses((program) => {
        program.chain(program.row([7]), program.row([8]), count);
      }, /a chain of|no constant of the field/);
  });

  test('paths of a tree, at constant and computed places, in loops', () => {
    const levels = 3;
    const random = createRandom(77);
    let nodes = Array.from({ length: 2 ** levels }, () => random.words(8));
    const tree = [nodes];
    while (nodes.length > 1) {
      nodes = nodes.flatMap((node, index) => (index % 2 === 1 ? [compress(nodes[index - 1]!, node)] : []));
      tree.push(nodes);
    }
    const leaves = tree[0]!.flatMap((leaf) => [...leaf]);
    const asked: number[][] = [];
    const hints: HintFunctions = {
      leaves: () => leaves,
      depth: () => [levels],
      siblings(inputs) {
        asked.push([...inputs]);
        const [index = 0, depth = 0] = inputs;
        return Array.from({ length: depth }, (_, level) => [...tree[level]![(index >> level) ^ 1]!]).flat();
      },
    };
    const { statement } = checkedRun((program) => {
      const first = program.hintRows('leaves', [], 2 ** levels);
      const depth = program.hintValue('depth', []);
      program.repeat(2 ** levels, {}, (_, { index }) => {
        const leaf = program.rowAfter(first, index);
        // Every output is compared with the root, which the first iteration writes.
        program.path(leaf, index, depth, { hint: 'siblings', inputs: [index, depth] }, program.statement);
        return {};
      });
      program.path(program.rowAfter(first, 2), 2, 2, { hint: 'siblings', inputs: [2, 2] });
    }, hints);
    assert.deepEqual(statement, nodes[0]);
    assert.deepEqual(asked, [...tree[0]!.map((_, index) => [index, levels]), [2, 2]]);
    const cycles = (paths: number): number =>
      cyclesOf((program) => {
        const leaf = program.hintRows('leaves', [], 2 ** levels);
        for (let path = 0; path < paths; path++)
          program.path(leaf, 0, levels, { hint: 'siblings', inputs: [0, levels] }, program.statement);
      }, hints);
    assert.equal(cycles(2) - cycles(1), 1);
    for (const depth of [0, 31, -1])
      refuses((program) => {
        program.path(program.row([1]), 0, depth, { hint: 'siblings', inputs: [] });
      }, /a path of \d+ levels/);
  });

  test('a body that yields another shape is refused', () => {
    refuses((program) => {
      program.repeat<Record<string, Value>>(3, { x: program.constant(1) }, () => ({
        y: program.constant(1),
      }));
    }, /a loop yields y instead of x/);
  });
});

describe('functions', () => {
  test('functions call functions, in loops and branches', () => {
    assert.deepEqual(
      outcomes((program) => {
        const square = program.define('square', { x: 'value' }, { y: 'value' }, ({ x }) => ({
          y: program.multiply(x, x),
        }));
        const norm = program.define(
          'norm',
          { left: 'value', right: 'value' },
          { sum: 'value', left: 'value' },
          ({ left, right }) => ({
            sum: program.add(square({ x: left }).y, square({ x: right }).y),
            left,
          }),
        );
        const { total } = program.repeat(4, { total: program.constant(0) }, ({ total }, { index }) =>
          program.ifNonzero(
            index,
            () => ({ total: program.add(total, norm({ left: index, right: total }).sum) }),
            () => ({ total: norm({ left: program.constant(1), right: program.constant(0) }).left }),
          ),
        );
        return [total];
      }),
      [
        [1, 2, 3].reduce(
          (total, index) => add(total, add(multiply(index, index), multiply(total, total))),
          1,
        ),
      ],
    );
  });

  test('rows and words are passed as pointers', () => {
    const { statement } = checkedRun((program) => {
      const hash = program.define(
        'hash',
        { row: 'row', word: 'word' },
        { digest: 'row', word: 'word' },
        ({ row, word }) => ({ digest: program.compress(row, row), word: program.wordAdd(word, word) }),
      );
      const outcome = hash({ row: program.row([3]), word: program.wordConstant(2n ** 40n) });
      program.assertWordsEqual(outcome.word, program.wordConstant(2n ** 41n));
      program.assertRowsEqual(outcome.digest, program.statement);
    });
    const row = Uint32Array.of(3, 0, 0, 0, 0, 0, 0, 0);
    assert.deepEqual(statement, compress(row, row));
  });

  test('a call costs 4 cycles and 1 for each parameter and result', () => {
    const cycles = (calls: number): number =>
      cyclesOf((program) => {
        const sum = program.define('sum', { x: 'value', y: 'value' }, { z: 'value' }, ({ x, y }) => ({
          z: program.add(x, y),
        }));
        for (let call = 0; call < calls; call++) sum({ x: program.constant(1), y: program.constant(call) });
      });
    assert.equal(cycles(3) - cycles(2), 4 + 2 + 1 + 1);
  });

  test('a function sees no value of its caller', () => {
    refuses((program) => {
      const x = input(program);
      program.define('closure', {}, { y: 'value' }, () => ({ y: program.add(x, 1) }));
    }, /a value of main is used in closure/);
  });
});

test('a program is the same bytecode each time it is built', () => {
  const build = () =>
    buildProgram('twice', (program) => {
      const x = input(program);
      program.repeat(x, { y: x }, ({ y }, { index }) => ({ y: program.add(program.multiply(y, x), index) }));
    }).instructions;
  assert.deepEqual(build(), build());
});
