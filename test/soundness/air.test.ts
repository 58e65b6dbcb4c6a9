/** Group A, generic items: provers of false traces. Items about the machine's tables: test/machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TableAir } from '../../stark/air/air.ts';
import { defineSystem, defineTable } from '../../stark/air/builder.ts';
import { AirError } from '../../stark/air/errors.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { generateKey, KeyError } from '../../stark/keys.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import {
  assertAccepted,
  assertRejected,
  createSetting,
  HEIGHTS,
  NO_GRIND,
  proveIn,
  settingOf,
  verdictIn,
  withCell,
  withEntry,
} from '../support/cheating.ts';
import { SLOT, TOY_STATEMENT, toyInstance, toyPreprocessed, toySystem } from '../support/toySystems.ts';

const shape = {
  name: 'small',
  main: ['x', 'y'],
  preprocessed: [],
  minimumLogHeight: 2,
  maximumLogHeight: 10,
  isRequired: true,
  expansion: 'none',
} as const;

describe('A: constraints', () => {
  it('A44: a flag that is not 0 or 1 is rejected, as is one changed cell of every constraint', async () => {
    // More rows of `square` than are asked for: its last row is on no bus.
    const setting = await createSetting(NO_GRIND, { ...HEIGHTS, square: 5 });
    const { traces } = setting.instance;
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    const walkRows = 32;
    const cells: [string, number, number, number, number][] = [
      ['a starts at the statement', SLOT.walk, 0, 0, 4],
      ['b starts at the statement', SLOT.walk, 1, 0, 6],
      ['a moves', SLOT.walk, 0, 7, 1],
      ['b moves', SLOT.walk, 1, walkRows - 1, 1],
      ['square is root squared', SLOT.square, 1, 31, 3],
      ['beat starts at 1', SLOT.pulse, 0, 0, 0],
      ['beat alternates', SLOT.pulse, 0, 5, 1],
      ['copy3 is 5 beats', SLOT.pulse, 4, 2, 6],
    ];
    for (const [label, slot, column, row, value] of cells) {
      assert.notEqual(traces[slot]!.columns[column]![row], value, label);
      const wrong = withCell(traces, slot, column, row, value);
      assertRejected(verdictIn(setting, await proveIn(setting, { traces: wrong })), 'QUOTIENT_MISMATCH', {
        table: toySystem.tables[slot]!.name,
      });
    }
    // A flag that is on no bus.
    const flag = defineTable(shape, ({ main, constrainBoolean }) => constrainBoolean('x is boolean', main.x));
    const system = defineSystem({ name: 'flag', version: 1, buses: [], tables: [flag] });
    for (const value of [0, 1, 2, MODULUS - 1]) {
      const columns = [Uint32Array.of(0, 1, value, 1), new Uint32Array(4)];
      const flags = await settingOf(
        { system, statement: TOY_STATEMENT, preprocessed: [undefined], traces: [{ logHeight: 2, columns }] },
        NO_GRIND,
      );
      const verdict = verdictIn(flags, await proveIn(flags));
      if (value < 2) assertAccepted(verdict);
      else assertRejected(verdict, 'QUOTIENT_MISMATCH', { table: 'small' });
    }
  });

  it('A45: first and last rows are those of each table, whatever its height', async () => {
    // x counts from 1 on the first row to the number of rows on the last.
    const counter = (rows: number): TableAir =>
      defineTable(
        { ...shape, name: `counts to ${rows}` },
        ({ main, next, first, last, transition, constrain }) => {
          constrain('x starts at 1', first.times(main.x.minus(1)));
          constrain('x ends', last.times(main.x.minus(rows)));
          constrain('x counts', transition.times(next.x.minus(main.x).minus(1)));
        },
      );
    const logHeights = [2, 5, 3];
    const system = defineSystem({
      name: 'counters',
      version: 1,
      buses: [],
      tables: logHeights.map((logHeight) => counter(2 ** logHeight)),
    });
    const traces = logHeights.map((logHeight) => {
      const rows = 2 ** logHeight;
      return {
        logHeight,
        columns: [Uint32Array.from({ length: rows }, (_, row) => row + 1), new Uint32Array(rows)],
      };
    });
    const setting = await settingOf(
      { system, statement: TOY_STATEMENT, preprocessed: logHeights.map(() => undefined), traces },
      NO_GRIND,
    );
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    for (const [slot, logHeight] of logHeights.entries()) {
      // All rows shifted: every row follows its predecessor, only the ends are wrong.
      const shifted = withEntry(traces, slot, {
        logHeight,
        columns: [traces[slot]!.columns[0]!.map((value) => value + 1), traces[slot]!.columns[1]!],
      });
      assertRejected(verdictIn(setting, await proveIn(setting, { traces: shifted })), 'QUOTIENT_MISMATCH', {
        table: system.tables[slot]!.name,
      });
    }
    // Tables of one or two rows do not exist.
    for (const minimumLogHeight of [0, 1])
      assert.throws(
        () => defineTable({ ...shape, minimumLogHeight }, () => {}),
        (error) => error instanceof AirError && error.code === 'HEIGHT_RANGE',
      );
  });

  it('A50: a constraint above degree 3 is refused by the builder and by key generation', async () => {
    assert.throws(
      () =>
        defineTable(shape, ({ main: { x, y }, constrain }) =>
          constrain('fourth power', x.times(x).times(x.times(x)).minus(y)),
        ),
      (error) =>
        error instanceof AirError && error.code === 'CONSTRAINT_DEGREE' && error.details['got'] === 4,
    );
    // The same table by hand: nodes x, x^2, x^4.
    const cubic = defineTable(shape, ({ main: { x, y }, constrain }) =>
      constrain('cube', x.times(x).times(x).minus(y)),
    );
    const quartic: TableAir = {
      ...cubic,
      graph: {
        matrices: [],
        nodes: [
          { kind: 'main', column: 0, row: 'current' },
          { kind: 'multiply', left: 0, right: 0 },
          { kind: 'multiply', left: 1, right: 1 },
        ],
      },
      constraints: [{ label: 'fourth power', expression: 2 }],
    };
    const systemOf = (table: TableAir) => ({ name: 'degree', version: 1, buses: [], tables: [table] });
    await generateKey(createReferenceBackend(), systemOf(cubic), NO_GRIND, [undefined]);
    await assert.rejects(
      generateKey(createReferenceBackend(), systemOf(quartic), NO_GRIND, [undefined]),
      (error) => error instanceof KeyError && error.code === 'DEGREE_TOO_HIGH' && error.details['got'] === 4,
    );
    const profile = { ...NO_GRIND, maxima: { ...NO_GRIND.maxima, degree: 2 } };
    await assert.rejects(
      generateKey(createReferenceBackend(), systemOf(cubic), profile, [undefined]),
      (error) => error instanceof KeyError && error.code === 'DEGREE_TOO_HIGH' && error.details['got'] === 3,
    );
  });

  it('A51: preprocessed columns have the number, length and height of their table', async () => {
    const generate = (preprocessed: ReturnType<typeof toyPreprocessed>): Promise<unknown> =>
      generateKey(createReferenceBackend(), toySystem, NO_GRIND, preprocessed);
    const [value, isLast] = toyPreprocessed(0)[SLOT.nibble]!.columns as [Uint32Array, Uint32Array];
    await generate(toyPreprocessed(0));
    const withNibble = (logHeight: number, columns: Uint32Array[]) =>
      withEntry(toyPreprocessed(0), SLOT.nibble, { logHeight, columns });
    const eight = [value.subarray(0, 8), isLast.subarray(8)];
    for (const [preprocessed, code] of [
      [withNibble(4, [value]), 'PREPROCESSED_COLUMNS'],
      [withNibble(4, [value, isLast, value]), 'PREPROCESSED_COLUMNS'],
      [withNibble(4, [value, isLast.subarray(1)]), 'PREPROCESSED_COLUMNS'],
      [withNibble(3, eight), 'PREPROCESSED_HEIGHT'],
      [withEntry(toyPreprocessed(0), SLOT.nibble, undefined), 'PREPROCESSED_COUNT'],
      [withEntry(toyPreprocessed(0), SLOT.walk, { logHeight: 4, columns: [value] }), 'PREPROCESSED_COLUMNS'],
    ] as const)
      await assert.rejects(
        generate(preprocessed),
        (error) => error instanceof KeyError && error.code === code,
        code,
      );
    // Another content is another key.
    const setting = await createSetting(NO_GRIND);
    const other = await settingOf(toyInstance(HEIGHTS, 1, 1), NO_GRIND);
    assertRejected(verdictIn(setting, await proveIn(other)), 'QUOTIENT_MISMATCH');
    assertAccepted(verdictIn(other, await proveIn(other)));
  });
});
