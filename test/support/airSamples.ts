/**
 * A small AIR system that uses every kind of node, with a valid trace of any height: a walk whose states are looked up in
 * a table of squares, and a fixed table that balances it.
 */
import type { AirSystem, TableAir, TableTrace } from '../../stark/air/air.ts';
import { columnNames, defineSystem, defineTable } from '../../stark/air/builder.ts';
import * as field from '../../stark/field/koalaBear.ts';

const MIX = { rows: 3, columns: 2, values: Uint32Array.of(2, 3, 5, 7, 0, 1) };

/** Slot 0: rows (step, state, …); slot 1: a table of (value, value^2) with multiplicities. */
export const walk: TableAir = defineTable(
  {
    name: 'walk',
    main: ['step', 'state', 'low', 'lowSquare', 'cube', ...columnNames('mixed', 3)],
    preprocessed: ['shift'],
    minimumLogHeight: 2,
    maximumLogHeight: 20,
    isRequired: true,
    expansion: 'none',
  },
  (t) => {
    t.constrain('step starts at the public word', t.first.times(t.main.step.minus(t.public(1))));
    t.constrain('step grows by one', t.transition.times(t.next.step.minus(t.main.step.plus(1))));
    t.constrain(
      'state moves',
      t.transition.times(t.next.state.minus(t.main.state.times(t.main.low).plus(t.preprocessed.shift))),
    );
    t.constrain('last low is zero', t.last.times(t.main.low));
    t.constrainEqual('cube', t.main.cube, t.main.low.times(t.main.low).times(t.main.low));
    t.linear(MIX, [t.main.step, t.main.low.times(t.main.step)]).forEach((mixed, index) => {
      t.constrainEqual(`mixed${index}`, t.mainColumns('mixed', 3)[index]!, mixed);
    });
    t.interact({
      label: 'square lookup',
      bus: 1,
      multiplicity: 1,
      values: [t.main.low, t.main.lowSquare],
      weight: 1,
    });
    t.interact({ label: 'low sent', bus: 0, multiplicity: 1, values: [t.main.low], weight: 1 });
    t.interact({
      label: 'next low received',
      bus: 0,
      multiplicity: field.MODULUS - 1,
      values: [t.main.low.plus(t.main.step).minus(t.main.step)],
      weight: 1,
    });
    t.interact({
      label: 'step carried',
      bus: 0,
      multiplicity: t.constant(1),
      values: [t.next.step.minus(t.main.step)],
      weight: 1,
    });
    t.interact({
      label: 'step returned',
      bus: 0,
      multiplicity: field.MODULUS - 1,
      values: [t.next.step.minus(t.main.step)],
      weight: 1,
    });
  },
);

export const squares: TableAir = defineTable(
  {
    name: 'squares',
    main: ['count', 'doubled'],
    preprocessed: ['value', 'square'],
    minimumLogHeight: 3,
    maximumLogHeight: 16,
    isRequired: true,
    expansion: 'none',
  },
  (t) => {
    t.constrainEqual('doubled', t.main.doubled, t.main.count.plus(t.main.count));
    t.interact({
      label: 'square served',
      bus: 1,
      multiplicity: t.main.count.negate(),
      values: [t.preprocessed.value, t.preprocessed.square],
      weight: 0,
    });
  },
);

export const sampleSystem: AirSystem = defineSystem({
  name: 'sample',
  version: 1,
  buses: [
    { name: 'word', width: 1 },
    { name: 'square', width: 2 },
  ],
  tables: [walk, squares],
});

export const samplePublicWords = Uint32Array.of(9, 17, 0, 0, 0, 0, 0, 5);

export interface SampleTraces {
  readonly traces: TableTrace[];
  readonly preprocessed: Uint32Array[][];
}

/** A valid trace: `walk` has 2^logHeight rows, `squares` has 8. */
export function sampleTraces(logHeight: number): SampleTraces {
  const rows = 2 ** logHeight;
  const shift = Uint32Array.from({ length: rows }, (_, row) => (row * 77777) % field.MODULUS);
  const columns = Array.from({ length: 8 }, () => new Uint32Array(rows));
  const count = new Uint32Array(8);
  let state = 123456789;
  for (let row = 0; row < rows; row++) {
    const step = 17 + row;
    const low = row === rows - 1 ? 0 : (row * row + 3) % 8;
    const crossed = field.multiply(low, step);
    const mixed = [0, 1, 2].map((index) =>
      field.add(
        field.multiply(MIX.values[2 * index]!, step),
        field.multiply(MIX.values[2 * index + 1]!, crossed),
      ),
    );
    [step, state, low, low * low, low ** 3, ...mixed].forEach((word, column) => {
      columns[column]![row] = word;
    });
    count[low]! += 1;
    state = field.add(field.multiply(state, low), shift[row]!);
  }
  const value = Uint32Array.from({ length: 8 }, (_, row) => row);
  return {
    traces: [
      { logHeight, columns },
      { logHeight: 3, columns: [count, count.map((words) => 2 * words)] },
    ],
    preprocessed: [[shift], [value, value.map((word) => word * word)]],
  };
}

/** A table with that many interactions of different widths, whose values are constants, public words and selectors too. */
export function lookupTable(interactions: number): TableAir {
  return defineTable(
    {
      name: `lookup ${interactions}`,
      main: columnNames('word', 12),
      preprocessed: [],
      minimumLogHeight: 2,
      maximumLogHeight: 20,
      isRequired: false,
      expansion: 'none',
    },
    (t) => {
      t.constrain('product', t.main.word1.times(t.main.word2).minus(t.main.word3));
      const words = t.mainColumns('word', 12);
      const choices = [t.constant(3), t.public(0), t.first, t.last, t.next.word0.times(5), ...words];
      for (let index = 0; index < interactions; index++) {
        const width = 1 + ((5 * index) % 9);
        t.interact({
          label: `interaction ${index}`,
          bus: index % 3,
          multiplicity: choices[(3 * index + 2) % choices.length]!,
          values: Array.from({ length: width }, (_, value) => choices[(index + 2 * value) % choices.length]!),
          weight: 0,
        });
      }
    },
  );
}

/** 16 lanes through rounds of cubes and a dense linear map: hundreds of products, values used far from where they are made. */
export function permutationTable(rounds = 12): TableAir {
  const width = 16;
  const values = Uint32Array.from({ length: width * width }, (_, index) => field.power(index + 3, 5));
  return defineTable(
    {
      name: 'permutation',
      main: columnNames('cell', 400),
      preprocessed: [],
      minimumLogHeight: 2,
      maximumLogHeight: 16,
      isRequired: true,
      expansion: 'none',
    },
    (t) => {
      const cells = t.mainColumns('cell', width * (rounds + 1));
      let state = cells.slice(0, width);
      const chain = [t.constant(0)];
      for (let round = 0; round < rounds; round++) {
        const committed = cells.slice(width * (round + 1), width * (round + 2));
        state.forEach((lane, index) => {
          const moved = lane.plus(1000 * round + index);
          const cube = moved.times(moved).times(moved);
          t.constrainEqual(`round ${round} lane ${index}`, committed[index]!, cube);
        });
        state = t.linear({ rows: width, columns: width, values }, committed);
        chain.push(chain.at(-1)!.plus(state[round % width]!.times(round + 7)));
      }
      t.constrainEqual('chain', t.next.cell0, chain.at(-1)!);
      t.interact({ label: 'state', bus: 0, multiplicity: 1, values: state, weight: 1 });
    },
  );
}
