/**
 * A small machine for tests of prover and verifier: every feature of the proof system on a few rows. `walk` reads the next
 * row and the statement and makes an odd number of lookups; `nibble` is preprocessed; `square` may be absent; `pulse` has no
 * interactions and may be absent.
 */
import type { AirSystem, TableAir, TableTrace } from '../../stark/air/air.ts';
import { columnNames, defineSystem, defineTable } from '../../stark/air/builder.ts';
import * as field from '../../stark/field/koalaBear.ts';
import { createRandom } from './random.ts';

export const BUS = { nibble: 0, square: 1 } as const;
export const SLOT = { walk: 0, nibble: 1, square: 2, pulse: 3 } as const;

/** Only the first values of the nibble table are looked up, however tall it is. */
const NIBBLES = 16;
const LOG_NIBBLES = 4;

/** The Fibonacci-like recurrence a' = b, b' = a * b + low; each row's `low` and `high` are nibbles; some rows ask a square. */
const walk: TableAir = defineTable(
  {
    name: 'walk',
    main: ['a', 'b', 'low', 'high', 'asks', 'square'],
    preprocessed: [],
    minimumLogHeight: 2,
    maximumLogHeight: 12,
    isRequired: true,
    expansion: 'none',
  },
  ({ main, next, first, last, transition, public: statement, constrain, constrainBoolean, interact }) => {
    constrain('a starts at the statement', first.times(main.a.minus(statement(0))));
    constrain('b starts at the statement', first.times(main.b.minus(statement(1))));
    constrain('a moves', transition.times(next.a.minus(main.b)));
    constrain('b moves', transition.times(next.b.minus(main.a.times(main.b).plus(main.low))));
    constrainBoolean('asks is boolean', main.asks);
    constrain('the last row asks nothing', last.times(main.asks));
    interact({ label: 'low is a nibble', bus: BUS.nibble, multiplicity: 1, values: [main.low], weight: 1 });
    interact({ label: 'high is a nibble', bus: BUS.nibble, multiplicity: 1, values: [main.high], weight: 1 });
    interact({
      label: 'asks a square',
      bus: BUS.square,
      multiplicity: main.asks,
      values: [main.high, main.square],
      weight: 1,
    });
  },
);

/** Consecutive values, preprocessed: which ones is the program. */
const nibble: TableAir = defineTable(
  {
    name: 'nibble',
    main: ['multiplicity'],
    preprocessed: ['value', 'isLast'],
    minimumLogHeight: LOG_NIBBLES,
    maximumLogHeight: 7,
    isRequired: true,
    expansion: 'none',
  },
  ({ main, preprocessed, preprocessedNext, last, transition, constrain, interact }) => {
    constrain('value counts', transition.times(preprocessedNext.value.minus(preprocessed.value).minus(1)));
    constrain('isLast marks the last row', preprocessed.isLast.minus(last));
    interact({
      label: 'nibble served',
      bus: BUS.nibble,
      multiplicity: main.multiplicity.negate(),
      values: [preprocessed.value],
      weight: 0,
    });
  },
);

const square: TableAir = defineTable(
  {
    name: 'square',
    main: ['root', 'square', 'isUsed'],
    preprocessed: [],
    minimumLogHeight: 2,
    maximumLogHeight: 12,
    isRequired: false,
    expansion: 'none',
  },
  ({ main, constrainEqual, constrainBoolean, interact }) => {
    constrainEqual('square is root squared', main.root.times(main.root), main.square);
    constrainBoolean('isUsed is boolean', main.isUsed);
    interact({
      label: 'square served',
      bus: BUS.square,
      multiplicity: main.isUsed.negate(),
      values: [main.root, main.square],
      weight: 1,
    });
  },
);

/** Alternates 1, 0, 1, 0, … in nine columns, so that a row is longer than a block. */
const pulse: TableAir = defineTable(
  {
    name: 'pulse',
    main: ['beat', ...columnNames('copy', 8)],
    preprocessed: [],
    minimumLogHeight: 2,
    maximumLogHeight: 12,
    isRequired: false,
    expansion: 'none',
  },
  ({ main, next, first, mainColumns, constrain, constrainEqual }) => {
    constrain('beat starts at 1', first.times(main.beat.minus(1)));
    constrain('beat alternates', next.beat.plus(main.beat).minus(1));
    for (const [index, copy] of mainColumns('copy', 8).entries())
      constrainEqual(`copy${index} is ${index + 2} beats`, copy, main.beat.times(index + 2));
  },
);

export const toySystem: AirSystem = defineSystem({
  name: 'toy',
  version: 1,
  buses: [
    { name: 'nibble', width: 1 },
    { name: 'square', width: 2 },
  ],
  tables: [walk, nibble, square, pulse],
});

/** Log heights of the tables that a test chooses; undefined for an absent one. `nibble` has 16 rows unless told. */
export interface ToyHeights {
  readonly walk: number;
  readonly square: number | undefined;
  readonly pulse: number | undefined;
  readonly nibble?: number;
}

export interface ToyInstance {
  readonly system: AirSystem;
  readonly statement: Uint32Array;
  /** One a slot. */
  readonly preprocessed: readonly (TableTrace | undefined)[];
  readonly traces: readonly (TableTrace | undefined)[];
}

export const TOY_STATEMENT = Uint32Array.of(3, 5, 7, 11, 13, 17, 19, 23);

/**
 * A valid trace of the toy machine whose program is the value of the first nibble, normally 0; rows ask for squares only when `square` is present, at most
 * one a row of it.
 */
export function toyInstance(
  heights: ToyHeights,
  seed = 1,
  firstNibble = 0,
  statement: Uint32Array = TOY_STATEMENT,
): ToyInstance {
  const random = createRandom(seed);
  const rows = 2 ** heights.walk;
  const walkColumns = Array.from({ length: walk.mainColumns.length }, () => new Uint32Array(rows));
  const logNibbles = heights.nibble ?? LOG_NIBBLES;
  const multiplicity = new Uint32Array(2 ** logNibbles);
  const asked: number[] = [];
  let a = statement[0]!;
  let b = statement[1]!;
  for (let row = 0; row < rows; row++) {
    const low = firstNibble + random.below(NIBBLES);
    const high = firstNibble + random.below(NIBBLES);
    const squareRows = heights.square === undefined ? 0 : 2 ** heights.square;
    const asks = row < rows - 1 && asked.length < squareRows && random.below(4) > 0 ? 1 : 0;
    if (asks === 1) asked.push(high);
    multiplicity[low - firstNibble]! += 1;
    multiplicity[high - firstNibble]! += 1;
    for (const [column, word] of [a, b, low, high, asks, high * high].entries())
      walkColumns[column]![row] = word;
    [a, b] = [b, field.add(field.multiply(a, b), low)];
  }
  const traces: (TableTrace | undefined)[] = [
    { logHeight: heights.walk, columns: walkColumns },
    { logHeight: logNibbles, columns: [multiplicity] },
    heights.square === undefined ? undefined : squareTrace(heights.square, asked),
    heights.pulse === undefined ? undefined : pulseTrace(heights.pulse),
  ];
  return {
    system: toySystem,
    statement,
    preprocessed: toyPreprocessed(firstNibble, logNibbles),
    traces,
  };
}

/** The preprocessed columns, one entry a slot. */
export function toyPreprocessed(firstNibble: number, logHeight = LOG_NIBBLES): (TableTrace | undefined)[] {
  const rows = 2 ** logHeight;
  const value = Uint32Array.from({ length: rows }, (_, row) => firstNibble + row);
  const isLast = Uint32Array.from({ length: rows }, (_, row) => (row === rows - 1 ? 1 : 0));
  return [undefined, { logHeight, columns: [value, isLast] }, undefined, undefined];
}

function squareTrace(logHeight: number, asked: readonly number[]): TableTrace {
  const rows = 2 ** logHeight;
  const root = Uint32Array.from({ length: rows }, (_, row) => asked[row] ?? 0);
  return {
    logHeight,
    columns: [
      root,
      root.map((value) => value * value),
      Uint32Array.from({ length: rows }, (_, row) => (row < asked.length ? 1 : 0)),
    ],
  };
}

function pulseTrace(logHeight: number): TableTrace {
  const beat = Uint32Array.from({ length: 2 ** logHeight }, (_, row) => 1 - (row % 2));
  return {
    logHeight,
    columns: Array.from({ length: pulse.mainColumns.length }, (_, column) =>
      beat.map((value) => value * (column + 1)),
    ),
  };
}
