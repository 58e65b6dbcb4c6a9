/**
 * What the builder refuses while a program is built, each beside a control that is built: outcomes of unlike shapes and kinds,
 * words that no way has written, pointers that decide what is run. Casts stand where the types refuse the misuse already.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Row, Shape, Value, Word } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import { MachineError } from '../../machine/errors.ts';

type Main = (program: ProgramBuilder) => void;

function refuses(name: string, main: Main, reason: RegExp): void {
  assert.throws(
    () => buildProgram('refused', main),
    (error) => error instanceof MachineError && error.code === 'BAD_PROGRAM' && reason.test(error.message),
    name,
  );
}

function takes(name: string, main: Main): void {
  assert.doesNotThrow(() => buildProgram('taken', main), name);
}

const input = (program: ProgramBuilder): Value => program.hintValue('input', []);
const ifInput = (program: ProgramBuilder, whenNonzero: () => Shape, whenZero: () => Shape): Shape =>
  program.ifNonzero<Shape>(input(program), whenNonzero, whenZero);

describe('shapes of outcomes', () => {
  const none = (): Shape => ({});
  const one = (program: ProgramBuilder) => (): Shape => ({ x: program.constant(1) });
  const two = (program: ProgramBuilder) => (): Shape => ({ x: program.constant(1), y: program.constant(2) });

  test('branches yield the same names, in either order and nested', () => {
    takes('nothing', (program) => void ifInput(program, none, none));
    takes('the same', (program) => void ifInput(program, two(program), two(program)));
    takes('the same in another order', (program) => {
      const y = (): Shape => ({ y: program.constant(2), x: program.constant(1) });
      ifInput(program, two(program), y);
    });
    const unlike = /a branch yields .* instead of /;
    refuses('nothing when zero', (program) => void ifInput(program, one(program), none), unlike);
    refuses('nothing when nonzero', (program) => void ifInput(program, none, one(program)), unlike);
    refuses('more when zero', (program) => void ifInput(program, one(program), two(program)), unlike);
    refuses('more when nonzero', (program) => void ifInput(program, two(program), one(program)), unlike);
    refuses(
      'inside a branch',
      (program) => void ifInput(program, () => ifInput(program, one(program), none), one(program)),
      unlike,
    );
    refuses(
      'of ifEqual',
      (program) => void program.ifEqual<Shape>(input(program), 3, one(program), none),
      unlike,
    );
    refuses(
      'no shape',
      (program) => void ifInput(program, none, () => undefined as unknown as Shape),
      /a shape is missing, .*got undefined/,
    );
    refuses(
      'a name of every object',
      (program) => void ifInput(program, () => ({ toString: program.constant(1) }) as Shape, one(program)),
      unlike,
    );
  });

  test('turns, calls and results have the names that were said', () => {
    for (const unrolled of [1, 2, 3])
      refuses(
        `a turn of ${unrolled}`,
        (program) => void program.repeat<Shape>(input(program), { x: program.constant(1) }, none, unrolled),
        /a loop yields {2}instead of x/,
      );
    refuses(
      'a conditional loop',
      (program) => void program.loop<Shape>({ x: program.constant(1) }, () => ({ next: {}, again: 0 })),
      /a loop yields {2}instead of x/,
    );
    refuses(
      'a result',
      (program) => void program.define('f', {}, { x: 'value' }, () => ({}) as { x: Value }),
      /f yields {2}instead of x/,
    );
    refuses(
      'a parameter',
      (program) => {
        const f = program.define('f', { x: 'value' }, {}, () => ({}));
        f({} as { x: Value });
      },
      /a call of f yields {2}instead of x/,
    );
  });
});

describe('kinds', () => {
  const wide = (program: ProgramBuilder): Row => program.hintRows('wide', [], 2);
  const asWord = (program: ProgramBuilder): Word => wide(program) as unknown as Word;
  const word = (program: ProgramBuilder): Word => program.wordConstant(1n);
  const unchecked = /: x is of another kind, member x, expected word, got row/;

  test('an unchecked row becomes no word', () => {
    takes('words', (program) => {
      const { x } = ifInput(
        program,
        () => ({ x: word(program) }),
        () => ({ x: word(program) }),
      );
      program.wordAdd(x as Word, program.wordCheck(wide(program)));
      program.repeat(input(program), { x: word(program) }, ({ x }) => ({ x: program.wordAdd(x, x) }));
      program.loop({ x: word(program) }, ({ x }) => ({ next: { x }, again: input(program) }));
      const f = program.define('f', { x: 'word' }, { x: 'word' }, ({ x }) => ({ x }));
      f({ x: word(program) });
    });
    const cases: Record<string, Main> = {
      'when nonzero': (program) =>
        void ifInput(
          program,
          () => ({ x: wide(program) }),
          () => ({ x: word(program) }),
        ),
      'a turn': (program) =>
        void program.repeat(input(program), { x: word(program) }, () => ({ x: asWord(program) })),
      'a turn of two': (program) =>
        void program.repeat(4, { x: word(program) }, () => ({ x: asWord(program) }), 2),
      'a conditional loop': (program) =>
        void program.loop({ x: word(program) }, () => ({ next: { x: asWord(program) }, again: 0 })),
      'a result': (program) => void program.define('f', {}, { x: 'word' }, () => ({ x: asWord(program) })),
      'a parameter': (program) => {
        const f = program.define('f', { x: 'word' }, {}, () => ({}));
        f({ x: asWord(program) });
      },
    };
    for (const [name, main] of Object.entries(cases)) refuses(name, main, unchecked);
    refuses(
      'when zero',
      (program) =>
        void ifInput(
          program,
          () => ({ x: word(program) }),
          () => ({ x: wide(program) }),
        ),
      /a branch: x is of another kind, member x, expected row, got word/,
    );
  });

  test('word operations take words', () => {
    const operations: Record<string, (program: ProgramBuilder, left: Word, right: Word) => void> = {
      wordAdd: (program, left, right) => void program.wordAdd(left, right),
      wordSubtract: (program, left, right) => void program.wordSubtract(left, right),
      wordLess: (program, left, right) => void program.wordLess(left, right),
      assertWordLess: (program, left, right) => program.assertWordLess(left, right),
      assertWordNotLess: (program, left, right) => program.assertWordNotLess(left, right),
      wordMultiply: (program, left, right) => void program.wordMultiply(left, right),
      assertWordsEqual: (program, left, right) => program.assertWordsEqual(left, right),
    };
    for (const [name, operation] of Object.entries(operations)) {
      takes(name, (program) => operation(program, word(program), word(program)));
      refuses(name, (program) => operation(program, asWord(program), word(program)), /the left word/);
      refuses(name, (program) => operation(program, word(program), asWord(program)), /the right word/);
    }
    refuses(
      'the shape of a word',
      (program) => {
        const forged = { ...word(program), pointer: wide(program).pointer };
        program.wordAdd(forged, forged);
      },
      /expected word, got unchecked word/,
    );
    refuses(
      'a value for a row',
      (program) => {
        const f = program.define('f', { x: 'row' }, {}, () => ({}));
        f({ x: input(program) as unknown as Row });
      },
      /a call of f: x is of another kind, member x, expected row, got value/,
    );
    refuses(
      'a number',
      (program) =>
        void ifInput(
          program,
          () => ({ x: 5 as unknown as Value }),
          () => ({ x: input(program) }),
        ),
      /expected value, got number/,
    );
  });
});

describe('a word is one where its check lies on every way', () => {
  const wide = (program: ProgramBuilder): Row => program.hintRows('wide', [], 2);
  const otherWay = /expected word, got word that is checked on another way/;
  /** A word that `path` lets out of the code it runs. */
  const leaked = (program: ProgramBuilder, path: (check: () => void) => void): Word => {
    const rows = wide(program);
    let word: Word | undefined;
    path(() => {
      word ??= program.wordCheck(rows);
    });
    assert.ok(word);
    return word;
  };
  const paths: Record<string, (program: ProgramBuilder, check: () => void) => void> = {
    'when nonzero': (program, check) => program.when(input(program), check),
    'when zero': (program, check) => program.when(input(program), () => {}, check),
    'a loop that may have no turn': (program, check) =>
      void program.repeat(input(program), {}, () => {
        check();
        return {};
      }),
    'a function that is not called': (program, check) =>
      void program.define('f', {}, {}, () => {
        check();
        return {};
      }),
  };
  const uses: Record<string, (program: ProgramBuilder, word: Word) => void> = {
    wordAdd: (program, word) => void program.wordAdd(word, program.wordConstant(1n)),
    assertWordLess: (program, word) => program.assertWordLess(word, program.wordConstant(1n)),
    load: (program, word) => void program.load(word, 0),
    'an outcome': (program, word) =>
      void ifInput(
        program,
        () => ({ word }),
        () => ({ word: program.wordConstant(1n) }),
      ),
    'a parameter': (program, word) => void program.define('g', { word: 'word' }, {}, () => ({}))({ word }),
  };

  for (const [use, main] of Object.entries(uses))
    test(use, () => {
      takes('on this way', (program) => main(program, program.wordCheck(wide(program))));
      takes('around a branch', (program) => {
        const word = program.wordCheck(wide(program));
        program.when(input(program), () => main(program, word));
      });
      takes('within the branch', (program) =>
        program.when(input(program), () => main(program, program.wordCheck(wide(program)))),
      );
      takes('open', (program) => main(program, program.openWord(wide(program))));
      for (const [name, path] of Object.entries(paths))
        refuses(
          name,
          (program) =>
            main(
              program,
              leaked(program, (check) => path(program, check)),
            ),
          otherWay,
        );
    });

  test('on the other way of the same branch', () => {
    refuses(
      'zero first',
      (program) => {
        let word: Word | undefined;
        const rows = wide(program);
        program.when(
          input(program),
          () => void program.wordAdd(word!, word!),
          () => {
            word = program.wordCheck(rows);
          },
        );
      },
      otherWay,
    );
  });

  test('a word leads nowhere else afterwards', () => {
    buildProgram('frozen', (program) => {
      const word = program.wordConstant(1n);
      const { pointer } = wide(program);
      assert.throws(() => Object.assign(word, { pointer }), TypeError);
      assert.throws(() => Object.assign(word.pointer, pointer), TypeError);
    });
  });
});

describe('words that are read are written', () => {
  const unwritten = /is read, but not written on every way/;
  const fill = (program: ProgramBuilder, rows: Row): void => {
    for (let each = 0; each < 16; each++) program.store(rows, each, each);
  };
  /** What reads two rows. */
  const readers: Record<string, (program: ProgramBuilder, rows: Row) => void> = {
    load: (program, rows) => void program.load(rows, 9),
    lookUp: (program, rows) => void program.lookUp(rows, input(program)),
    'rows at a computed place': (program, rows) =>
      void program.load(program.rowAfter(rows, input(program)), 1),
    'a computed address': (program, rows) => void program.load(program.add(program.addressOf(rows), 1), 1),
    compress: (program, rows) => void program.compress(program.row([]), program.rowAfter(rows, 1)),
    'compress, left': (program, rows) => void program.compress(rows, program.row([])),
    chain: (program, rows) => void program.chain(program.row([]), rows, 2),
    'chain, initial': (program, rows) => void program.chain(rows, program.row([]), 1),
    'chain of a computed length': (program, rows) =>
      void program.chain(program.row([]), rows, input(program)),
    path: (program, rows) => void program.path(rows, 0, 1, { hint: 'siblings', inputs: [] }),
    wordCheck: (program, rows) => void program.wordCheck(rows),
    assertRowsEqual: (program, rows) => program.assertRowsEqual(rows, program.row([0, 1])),
    relateProduct: (program, rows) =>
      program.extension.relateProduct(rows, program.row([1]), program.row([]), program.freshRows(1)),
    relateScaled: (program, rows) =>
      program.extension.relateScaled(rows, 2, program.row([]), program.freshRows(1)),
    weightedRows: (program, rows) =>
      program.extension.weightedRows(rows, program.hintRows('weights', [], 2), 2, program.freshRows(1)),
    weights: (program, rows) =>
      program.extension.weightedRows(program.hintRows('rows', [], 2), rows, 2, program.freshRows(1)),
    combineElements: (program, rows) =>
      program.extension.combineElements(rows, program.hintRows('packed', [], 10), 2, program.freshRows(1)),
    foldCoset: (program, rows) =>
      program.extension.foldCoset(rows, program.row([]), 2, 1, program.row([]), program.freshRows(1)),
    'rows taken back from memory': (program, rows) => {
      const record = program.row([program.addressOf(rows)]);
      program.load(program.rowAt(program.load(record, 0)), 9);
    },
  };

  for (const [name, read] of Object.entries(readers))
    test(name, () => {
      takes('written', (program) => {
        const rows = program.freshRows(2);
        fill(program, rows);
        read(program, rows);
      });
      takes('open', (program) => read(program, program.open(program.freshRows(2))));
      takes('hinted', (program) => read(program, program.hintRows('rows', [], 2)));
      takes('written on both ways', (program) => {
        const rows = program.freshRows(2);
        program.when(
          input(program),
          () => fill(program, rows),
          () => fill(program, rows),
        );
        read(program, rows);
      });
      takes('written and read on one way', (program) => {
        const rows = program.freshRows(2);
        program.when(input(program), () => {
          fill(program, rows);
          read(program, rows);
        });
      });
      takes('written by a function, through a loop that runs', (program) => {
        const rows = program.freshRows(2);
        const write = program.define('write', { into: 'row' }, {}, ({ into }) => {
          program.repeat(2, { into }, (state) => {
            fill(program, state.into);
            return state;
          });
          return {};
        });
        write({ into: rows });
        read(program, rows);
      });
      takes('written by the turn before', (program) => {
        const first = program.hintRows('first', [], 2);
        program.repeat(input(program), { rows: first }, ({ rows }) => {
          read(program, rows);
          const next = program.freshRows(2);
          fill(program, next);
          return { rows: next };
        });
      });

      refuses('never written', (program) => read(program, program.freshRows(2)), unwritten);
      for (const isWrittenWhenNonzero of [true, false])
        refuses(
          `written on one way, ${isWrittenWhenNonzero}`,
          (program) => {
            const rows = program.freshRows(2);
            const write = (): void => fill(program, rows);
            const nothing = (): void => {};
            if (isWrittenWhenNonzero) program.when(input(program), write);
            else program.when(input(program), nothing, write);
            read(program, rows);
          },
          unwritten,
        );
      refuses(
        'written on one way of the inner branch',
        (program) => {
          const rows = program.freshRows(2);
          program.when(
            input(program),
            () => program.when(input(program), () => fill(program, rows)),
            () => fill(program, rows),
          );
          read(program, rows);
        },
        unwritten,
      );
      refuses(
        'written by a loop that may have no turn',
        (program) => {
          const rows = program.freshRows(2);
          program.repeat(input(program), {}, () => {
            fill(program, rows);
            return {};
          });
          read(program, rows);
        },
        unwritten,
      );
      refuses(
        'written by a turn that may not come',
        (program) => {
          const rows = program.freshRows(2);
          let turn = 0;
          program.repeat(
            3,
            {},
            () => {
              if (turn++ === 1) fill(program, rows);
              return {};
            },
            2,
          );
          read(program, rows);
        },
        unwritten,
      );
      refuses(
        'handed to a loop',
        (program) => {
          program.repeat(2, { rows: program.freshRows(2) }, ({ rows }) => {
            read(program, rows);
            return { rows };
          });
        },
        unwritten,
      );
      refuses(
        'handed to the next turn',
        (program) => {
          const first = program.hintRows('first', [], 2);
          program.loop({ rows: first }, ({ rows }) => {
            read(program, rows);
            return { next: { rows: program.freshRows(2) }, again: 0 };
          });
        },
        unwritten,
      );
      refuses(
        'out of a loop',
        (program) => {
          const first = program.hintRows('first', [], 2);
          const { rows } = program.repeat(input(program), { rows: first }, () => ({
            rows: program.freshRows(2),
          }));
          read(program, rows);
        },
        unwritten,
      );
      refuses(
        'out of a loop that may have no turn',
        (program) => {
          const { rows } = program.repeat(input(program), { rows: program.freshRows(2) }, () => ({
            rows: program.hintRows('rows', [], 2),
          }));
          read(program, rows);
        },
        unwritten,
      );
      refuses(
        'out of a branch',
        (program) => {
          const { rows } = ifInput(
            program,
            () => ({ rows: program.freshRows(2) }),
            () => ({ rows: program.hintRows('rows', [], 2) }),
          );
          read(program, rows as Row);
        },
        unwritten,
      );
      refuses(
        'handed to a function',
        (program) => {
          const reader = program.define('read', { rows: 'row' }, {}, ({ rows }) => {
            read(program, rows);
            return {};
          });
          reader({ rows: program.hintRows('rows', [], 2) });
          reader({ rows: program.freshRows(2) });
        },
        unwritten,
      );
      refuses(
        'handed to a function that writes on one way',
        (program) => {
          const rows = program.freshRows(2);
          const write = program.define('write', { into: 'row' }, {}, ({ into }) => {
            program.when(input(program), () => fill(program, into));
            return {};
          });
          write({ into: rows });
          read(program, rows);
        },
        unwritten,
      );
      refuses(
        'returned by a function',
        (program) => {
          const make = program.define('make', {}, { rows: 'row' }, () => ({ rows: program.freshRows(2) }));
          const [written, other] = [make({}).rows, make({}).rows];
          fill(program, written);
          read(program, other);
        },
        unwritten,
      );
      refuses(
        'by a function that only one way has defined and called',
        (program) => {
          const rows = program.freshRows(2);
          let reader = (_: Shape): Shape => ({});
          program.when(input(program), () => {
            fill(program, rows);
            reader = program.define('read', {}, {}, () => {
              read(program, rows);
              return {};
            });
          });
          reader({});
        },
        unwritten,
      );
    });

  test('words behind a pointer that walks', () => {
    const walk =
      (last: number): Main =>
      (program) => {
        const rows = program.freshRows(4);
        for (let row = 0; row < last; row++) program.store(program.rowAfter(rows, row), 0, row);
        program.repeat(4, { row: rows }, ({ row }) => {
          program.load(row, 0);
          return { row: program.rowAfter(row, 1) };
        });
      };
    refuses('over rows that hold one word each', walk(4), unwritten);
    takes('over open rows', (program) => {
      const rows = program.open(program.freshRows(4));
      program.repeat(4, { row: rows }, ({ row }) => {
        program.load(row, 0);
        return { row: program.rowAfter(row, 1) };
      });
    });
  });

  test('a relation determines one element, not two', () => {
    takes('a divisor', (program) => {
      const quotient = program.freshRows(1);
      const [left, right] = [program.row([1]), program.row([2])];
      program.extension.relateProduct(quotient, left, program.row([]), right);
      program.load(quotient, 4);
    });
    refuses(
      'two factors',
      (program) => {
        const [left, right] = [program.freshRows(1), program.freshRows(1)];
        program.extension.relateProduct(left, right, program.row([]), program.row([]));
      },
      unwritten,
    );
    refuses(
      'a square root',
      (program) => {
        const root = program.freshRows(1);
        program.extension.relateProduct(root, root, program.row([]), program.row([]));
      },
      unwritten,
    );
  });

  test('the words of an element are five', () => {
    takes('the fifth', (program) => void program.load(program.extension.elementRow([1, 2, 3, 4, 5]), 4));
    refuses(
      'the sixth',
      (program) => void program.load(program.extension.elementRow([1, 2, 3, 4, 5]), 5),
      unwritten,
    );
  });
});

describe('rows that are written in part', () => {
  const unwritten = /is read, but not written on every way/;
  const fill = (program: ProgramBuilder, rows: Row): void => {
    for (let each = 0; each < 8; each++) program.store(rows, each, each);
  };

  test('allocated rows', () => {
    const reads: Record<string, (program: ProgramBuilder, rows: Row) => void> = {
      lookUp: (program, rows) => void program.lookUp(rows, input(program)),
      chain: (program, rows) => void program.chain(program.row([]), rows, input(program)),
      weightedRows: (program, rows) =>
        program.extension.weightedRows(
          rows,
          program.hintRows('weights', [], 2),
          input(program),
          program.freshRows(1),
        ),
      compress: (program, rows) =>
        void program.compress(program.rowAfter(rows, input(program)), program.row([])),
      'a walk': (program, rows) =>
        void program.repeat(2, { rows }, ({ rows }) => {
          program.load(rows, 0);
          return { rows: program.rowAfter(rows, 1) };
        }),
    };
    for (const [name, read] of Object.entries(reads)) {
      takes(name, (program) => {
        const rows = program.allocateRows(2);
        fill(program, rows);
        fill(program, program.rowAfter(rows, 1));
        read(program, rows);
      });
      takes(`${name}, open`, (program) => read(program, program.open(program.allocateRows(input(program)))));
      refuses(
        name,
        (program) => {
          const rows = program.allocateRows(2);
          fill(program, rows);
          read(program, rows);
        },
        unwritten,
      );
      refuses(
        `${name}, of a computed number`,
        (program) => {
          const rows = program.allocateRows(input(program));
          fill(program, rows);
          read(program, rows);
        },
        /their number is computed: say that they are open/,
      );
    }
    refuses('behind them', (program) => void program.load(program.allocateRows(1), 8), /lies outside of/);
  });

  test('a pointer that walks down', () => {
    const walk =
      (rowCount: number): Main =>
      (program) => {
        const rows = program.freshRows(4);
        for (let row = 4 - rowCount; row < 4; row++) fill(program, program.rowAfter(rows, row));
        program.repeat(4, { row: program.rowAfter(rows, 3) }, ({ row }) => {
          program.load(row, 0);
          return { row: program.rowAt(program.subtract(program.addressOf(row), 8)) };
        });
      };
    takes('over rows that are written', walk(4));
    refuses('over one that is not', walk(3), unwritten);
    refuses(
      'from far behind, by one word a turn',
      (program) =>
        void program.repeat(4, { at: program.addressOf(program.freshRows(1)) }, ({ at }) => {
          program.load(at, 2 ** 24);
          return { at: program.subtract(at, 1) };
        }),
      /lies outside of/,
    );
    takes(
      'over hinted rows',
      (program) =>
        void program.repeat(4, { at: program.addressOf(program.hintRows('rows', [], 1)) }, ({ at }) => {
          program.load(at, 2 ** 24);
          return { at: program.subtract(at, 1) };
        }),
    );
  });

  test('a pointer that is stored on two ways leads to both', () => {
    const main =
      (isWritten: boolean, isOther = true): Main =>
      (program) => {
        const record = program.freshRows(1);
        const store = (isFilled: boolean) => (): void => {
          const rows = program.freshRows(1);
          program.store(record, 0, program.addressOf(rows));
          if (isFilled) fill(program, rows);
          if (isFilled) program.load(program.rowAt(program.load(record, 0)), 7);
        };
        program.when(input(program), store(isOther), store(isWritten));
        program.load(program.rowAt(program.load(record, 0)), 7);
      };
    takes('to written rows', main(true));
    refuses('when zero', main(false), unwritten);
    refuses('when nonzero', main(true, false), unwritten);
  });

  test('the challenges behind a weight', () => {
    const weights: Record<string, (program: ProgramBuilder, challenges: Row) => Row> = {
      stored: (program, challenges) => {
        const weight = program.freshRows(1);
        for (let word = 0; word < 5; word++) program.store(weight, word, word);
        program.store(weight, 5, program.addressOf(challenges));
        return weight;
      },
      'an element': (program, challenges) =>
        program.extension.elementRow([1, 2, 3, 4, 5, program.addressOf(challenges)]),
    };
    for (const [name, weightOf] of Object.entries(weights)) {
      const main =
        (challengesOf: (program: ProgramBuilder) => Row): Main =>
        (program) => {
          const weight = weightOf(program, challengesOf(program));
          program.extension.weightedRows(program.row([]), weight, 1, program.freshRows(1));
        };
      takes(
        name,
        main((program) => program.hintRows('challenges', [], 2)),
      );
      refuses(
        name,
        main((program) => program.freshRows(2)),
        unwritten,
      );
    }
  });

  test('the coset of a constant selector, and a factor of 0', () => {
    const fold =
      (elements: number, selector: number): Main =>
      (program) => {
        const coset = program.freshRows(5);
        for (let word = 0; word < 5 * elements; word++) program.store(coset, word, word);
        const [carried, into] = [program.extension.elementRow([1, 2, 3, 4, 5]), program.freshRows(1)];
        program.extension.foldCoset(coset, carried, selector, 1, program.row([]), into);
      };
    for (const arity of [2, 4, 8]) {
      takes(`a fold by ${arity}`, fold(arity, 2 * arity - 1));
      refuses(`a fold by ${arity}`, fold(arity / 2, arity), unwritten);
    }
    for (const selector of [0, 1, 16])
      refuses(`selector ${selector}`, fold(8, selector), /a fold with selector .*: 2 to 15/);
    const scale =
      (factor: number): Main =>
      (program) => {
        const element = program.freshRows(1);
        program.extension.relateScaled(element, factor, program.row([]), program.row([]));
        program.load(element, 0);
      };
    takes('a factor', scale(3));
    refuses('a factor of 0', scale(0), unwritten);
    refuses(
      'an element of 9 words',
      (program) => void program.extension.elementRow([1, 2, 3, 4, 5, 6, 7, 8, 9]),
      /9 words do not fit into a row/,
    );
  });
});

describe('pointers decide nothing', () => {
  const pointers: Record<string, (program: ProgramBuilder) => Value> = {
    'an address': (program) => program.addressOf(program.freshRows(1)),
    'allocated rows': (program) => program.addressOf(program.allocateRows(1)),
    'a hinted row': (program) => program.addressOf(program.rowAt(input(program))),
    'a row of the frame around': (program) => {
      const { row } = program.repeat(1, { row: program.row([]) }, ({ row }) => ({ row }));
      return program.addressOf(row);
    },
    'a difference': (program) =>
      program.subtract(program.addressOf(program.row([])), program.addressOf(program.row([]))),
    'a difference to a number': (program) => program.subtract(7, program.addressOf(program.row([]))),
    'a multiple': (program) => program.multiply(program.addressOf(program.row([])), 3),
    'a quotient': (program) => program.divide(program.addressOf(program.row([])), 8),
    'a weighted sum': (program) =>
      program.weightedSum([input(program), program.addressOf(program.row([]))], [3, 2]),
    'an address in memory': (program) => program.load(program.row([program.addressOf(program.row([]))]), 0),
    'an outcome': (program) =>
      ifInput(
        program,
        () => ({ x: program.addressOf(program.row([])) }),
        () => ({ x: program.constant(0) }),
      )['x'] as Value,
    'a result': (program) =>
      program.define('f', {}, { x: 'value' }, () => ({ x: program.addressOf(program.row([])) }))({}).x,
    'a table at a computed place': (program) => program.lookUp(pointerRow(program), input(program)),
    'rows at a computed place': (program) =>
      program.load(program.rowAfter(pointerRow(program), input(program)), 0),
    'a word stored at a computed place': (program) => {
      const rows = program.row([]);
      program.store(program.rowAfter(rows, input(program)), 0, program.addressOf(rows));
      return program.load(rows, 1);
    },
    'a word of an element': (program) =>
      program.load(program.extension.elementRow([program.addressOf(program.row([]))]), 0),
    'the challenges of a weight': (program) => {
      const weight = program.freshRows(1);
      program.extension.setWeightChallenges(weight, program.hintRows('challenges', [], 2));
      return program.load(weight, 5);
    },
    'a digest': (program) => program.load(program.compress(pointerRow(program), program.row([])), 0),
    'a chain': (program) => program.load(program.chain(program.row([]), pointerRow(program), 1), 0),
    'a node': (program) =>
      program.load(program.path(pointerRow(program), 0, 1, { hint: 'siblings', inputs: [] }), 0),
    'a comparison': (program) => program.wordLess(pointerWord(program), program.wordConstant(1n)),
    'a limb of a sum': (program) =>
      program.load(program.wordAdd(pointerWord(program), program.wordConstant(1n)), 0),
    'a product': (program) => {
      const into = program.freshRows(1);
      program.extension.relateProduct(pointerRow(program), program.row([1]), program.row([]), into);
      return program.load(into, 0);
    },
    'a scaled element': (program) => {
      const into = program.freshRows(1);
      const pointer = program.addressOf(program.row([]));
      program.extension.relateScaled(program.row([1]), pointer, program.row([]), into);
      return program.load(into, 0);
    },
    'a polynomial at a point': (program) => {
      const into = program.freshRows(1);
      const pointer = program.addressOf(program.row([]));
      program.extension.evaluatePacked(program.hintRows('packed', [], 5), pointer, 1, into);
      return program.load(into, 0);
    },
  };
  function pointerRow(program: ProgramBuilder): Row {
    return program.row([program.addressOf(program.row([]))]);
  }
  function pointerWord(program: ProgramBuilder): Word {
    const rows = program.freshRows(2);
    program.store(rows, 0, program.addressOf(rows));
    for (let limb = 1; limb < 16; limb++) program.store(rows, limb, 0);
    return program.wordCheck(rows);
  }
  const uses: Record<string, (program: ProgramBuilder, value: Value) => void> = {
    ifNonzero: (program, value) =>
      void program.ifNonzero(
        value,
        () => ({}),
        () => ({}),
      ),
    when: (program, value) => program.when(value, () => {}),
    'ifEqual, left': (program, value) =>
      void program.ifEqual(
        value,
        input(program),
        () => ({}),
        () => ({}),
      ),
    'ifEqual, right': (program, value) =>
      void program.ifEqual(
        8,
        value,
        () => ({}),
        () => ({}),
      ),
    repeat: (program, value) => void program.repeat(value, {}, () => ({})),
    loop: (program, value) => void program.loop({}, () => ({ next: {}, again: value })),
    chain: (program, value) => void program.chain(program.row([]), program.row([]), value),
    'path, depth': (program, value) =>
      void program.path(program.row([]), 0, value, { hint: 'siblings', inputs: [] }),
    'path, index': (program, value) =>
      void program.path(program.row([]), value, 3, { hint: 'siblings', inputs: [] }),
    rowAfter: (program, value) => void program.rowAfter(program.row([]), value),
    lookUp: (program, value) => void program.lookUp(program.row([]), value),
    'a segment': (program, value) => void program.ramRead(value, 0),
    'an index': (program, value) => void program.ramRead(0, value),
    'an index that is made': (program, value) => program.ramInitialise(0, value, 0),
    'an index that is written': (program, value) => program.ramWrite(0, value, 0),
    'an index that ends': (program, value) => void program.ramFinalise(0, value),
    'a parameter that is a value': (program, value) => {
      const f = program.define('f', { x: 'value' }, {}, () => ({}));
      f({ x: value });
    },
    'the next state of a number': (program, value) =>
      void program.repeat<Shape>(2, { x: program.constant(1) }, () => ({ x: value })),
  };
  for (const [use, decide] of Object.entries(uses))
    test(use, () => {
      takes('a number', (program) => decide(program, input(program)));
      takes('a word of memory', (program) => decide(program, program.load(program.row([input(program)]), 0)));
      for (const [name, pointer] of Object.entries(pointers))
        refuses(name, (program) => decide(program, pointer(program)), /is a pointer/);
    });
});

describe('counts of the extension table', () => {
  test('a constant number of groups or rows is at least 1', () => {
    const calls: Record<string, (program: ProgramBuilder, count: number) => void> = {
      evaluatePacked: (program, count) =>
        program.extension.evaluatePacked(program.hintRows('rows', [], 10), 3, count, program.freshRows(1)),
      combineElements: (program, count) => {
        const packed = program.hintRows('packed', [], 10);
        program.extension.combineElements(program.row([]), packed, count, program.freshRows(1));
      },
      weightedRows: (program, count) => {
        const rows = program.hintRows('rows', [], 1);
        program.extension.weightedRows(rows, rows, count, program.freshRows(1));
      },
    };
    for (const [name, call] of Object.entries(calls)) {
      takes(name, (program) => call(program, 1));
      refuses(name, (program) => call(program, 0), /a call with 0 (groups|rows): at least 1/);
    }
  });
});
