import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnNames, defineSystem, defineTable, type TableBuilder } from '../../stark/air/builder.ts';
import {
  constraintCount,
  constraintDegree,
  logUpColumnCount,
  logUpGroupCount,
  logUpNextColumnCount,
} from '../../stark/air/degree.ts';
import { AirError, type AirErrorCode } from '../../stark/air/errors.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';

const shape = {
  name: 'sample',
  main: ['left', 'right', 'lone'],
  preprocessed: ['fixed', 'other'],
  minimumLogHeight: 3,
  maximumLogHeight: 20,
  isRequired: true,
  expansion: 'none',
} as const;

type Sample = TableBuilder<'left' | 'right' | 'lone', 'fixed' | 'other'>;

function sample(define: (table: Sample) => void) {
  return defineTable(shape, define);
}

function refused(code: AirErrorCode, details: Record<string, string | number>, action: () => unknown): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof AirError, String(error));
    assert.equal(error.code, code);
    for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value, name);
    return true;
  });
}

test('a table is data with the leading next columns counted', () => {
  const table = sample((t) => {
    t.constrain('step', t.transition.times(t.next.left.minus(t.main.right)));
    t.constrain('fixed', t.preprocessedNext.fixed.minus(t.preprocessed.other));
    t.interact({ label: 'send', bus: 0, multiplicity: 1, values: [t.next.left], weight: 1 });
  });
  assert.equal(table.mainNextColumns, 1);
  assert.equal(table.preprocessedNextColumns, 1);
  assert.deepEqual(table.mainColumns, ['left', 'right', 'lone']);
  assert.equal(constraintDegree(table), 3);
  assert.equal(constraintCount(table), 3);
});

test('operands stand before the nodes that use them, and unused nodes are dropped', () => {
  const matrix = { rows: 2, columns: 2, values: Uint32Array.of(1, 2, 3, 4) };
  const unusedMatrix = { rows: 1, columns: 1, values: Uint32Array.of(9) };
  const table = sample((t) => {
    t.linear(unusedMatrix, [t.main.left]);
    const [first, second] = t.linear(matrix, [t.main.left, t.main.right.times(t.main.lone)]);
    t.main.left.times(t.main.left).times(7);
    t.constrain('map', first!.plus(second!));
  });
  assert.equal(table.graph.matrices.length, 1);
  assert.deepEqual(
    table.graph.nodes.map((node) => node.kind),
    ['main', 'main', 'main', 'multiply', 'linear', 'element', 'element', 'add'],
  );
  assert.equal(constraintDegree(table), 2);
});

test('equal nodes are made once and constants are folded', () => {
  const table = sample((t) => {
    const product = t.main.left.times(t.main.right);
    const mirrored = t.main.right.times(t.main.left);
    assert.equal(product, mirrored);
    assert.equal(t.main.left.plus(0), t.main.left);
    assert.equal(t.main.left.times(1), t.main.left);
    assert.equal(t.main.left.minus(t.main.left), t.constant(0));
    assert.equal(t.constant(MODULUS - 1).plus(2), t.constant(1));
    assert.equal(t.constant(2).minus(3), t.constant(MODULUS - 1));
    assert.equal(t.constant(1 << 20).times(1 << 20), t.constant(2 ** 40 % MODULUS));
    assert.equal(t.sum([t.main.left, 0, t.main.right]), t.main.left.plus(t.main.right));
    t.constrain('product', product.minus(mirrored.plus(1)));
  });
  assert.equal(table.graph.nodes.length, 6);
});

test('numbered columns', () => {
  const table = defineTable(
    { ...shape, main: ['flag', ...columnNames('word', 12)], preprocessed: columnNames('fixed', 2) },
    (t) => {
      const words = t.mainColumns('word', 12);
      assert.equal(words[11], t.main.word11);
      assert.equal(t.preprocessedColumns('fixed', 2)[1], t.preprocessed.fixed1);
      t.constrainBoolean('flag is boolean', t.main.flag);
      refused('UNKNOWN_COLUMN', { table: 'sample', column: 'word12' }, () => t.mainColumns('word', 13));
    },
  );
  assert.equal(table.mainColumns.length, 13);
});

test('LogUp groups of two', () => {
  for (const [interactions, groups] of [
    [0, 0],
    [1, 1],
    [2, 1],
    [5, 3],
  ] as const) {
    const table = sample((t) => {
      t.constrain('boolean', t.main.left.times(t.main.left.minus(1)));
      for (let index = 0; index < interactions; index++)
        t.interact({ label: `send ${index}`, bus: 0, multiplicity: 1, values: [t.main.left], weight: 1 });
    });
    assert.equal(logUpGroupCount(table), groups, `${interactions} interactions`);
    assert.equal(logUpColumnCount(table), 5 * groups);
    assert.equal(logUpNextColumnCount(table), groups === 0 ? 0 : 5);
    assert.equal(constraintCount(table), 1 + groups);
  }
});

test('degrees: both sides of each bound', () => {
  const cube = (t: Sample) => t.main.left.times(t.main.left).times(t.main.right);
  sample((t) => t.constrain('cube', cube(t)));
  sample((t) => t.constrain('cube', t.transition.times(t.transition).times(cube(t))));
  refused('CONSTRAINT_DEGREE', { table: 'sample', label: 'fourth', expected: 3, got: 4 }, () =>
    sample((t) => t.constrain('fourth', t.first.times(cube(t)))),
  );
  refused('TRANSITION_POWER', { label: 'steep', expected: 2, got: 3 }, () =>
    sample((t) => t.constrain('steep', t.transition.times(t.transition).times(t.transition.times(cube(t))))),
  );
  refused('INTERACTION_DEGREE', { label: 'value', expected: 1, got: 2 }, () =>
    sample((t) =>
      t.interact({
        label: 'value',
        bus: 0,
        multiplicity: 1,
        values: [t.main.left.times(t.main.right)],
        weight: 1,
      }),
    ),
  );
  refused('INTERACTION_DEGREE', { label: 'multiplicity', expected: 1, got: 2 }, () =>
    sample((t) =>
      t.interact({
        label: 'multiplicity',
        bus: 0,
        multiplicity: t.first.times(t.main.right),
        values: [t.main.left],
        weight: 1,
      }),
    ),
  );
  refused('TRANSITION_POWER', { label: 'selector', expected: 0, got: 1 }, () =>
    sample((t) =>
      t.interact({ label: 'selector', bus: 0, multiplicity: t.transition, values: [t.main.left], weight: 1 }),
    ),
  );
  refused('CONSTANT_CONSTRAINT', { label: 'one' }, () => sample((t) => t.constrain('one', t.constant(1))));
});

test('definitions that break a rule are refused by code', () => {
  const label = 'twice';
  refused('DUPLICATE_LABEL', { table: 'sample', label }, () =>
    sample((t) => {
      t.constrain(label, t.main.left);
      t.constrain(label, t.main.right);
    }),
  );
  refused('DUPLICATE_LABEL', { table: 'sample', label }, () =>
    sample((t) => {
      t.constrain(label, t.main.left);
      t.interact({ label, bus: 0, multiplicity: 1, values: [], weight: 1 });
    }),
  );
  refused('NEXT_COLUMNS_NOT_LEADING', { kind: 'main', column: 'right', nextColumns: 1 }, () =>
    sample((t) => t.constrain('step', t.next.right)),
  );
  refused('NEXT_COLUMNS_NOT_LEADING', { kind: 'preprocessed', column: 'other' }, () =>
    sample((t) => t.constrain('step', t.preprocessedNext.other)),
  );
  for (const value of [-1, MODULUS, 0.5, Number.NaN])
    refused('NOT_CANONICAL', { table: 'sample' }, () =>
      sample((t) => t.constrain('value', t.main.left.plus(value))),
    );
  sample((t) => t.constrain('value', t.main.left.plus(MODULUS - 1)));
  refused('PUBLIC_INDEX', { index: 8 }, () => sample((t) => t.constrain('public', t.public(8))));
  refused('MATRIX_SHAPE', { inputs: 1, columns: 2 }, () =>
    sample((t) => t.linear({ rows: 1, columns: 2, values: Uint32Array.of(1, 2) }, [t.main.left])),
  );
  refused('NOT_CANONICAL', { value: MODULUS }, () =>
    sample((t) => t.linear({ rows: 1, columns: 1, values: Uint32Array.of(MODULUS) }, [t.main.left])),
  );
  refused('DUPLICATE_COLUMN', { column: 'left' }, () =>
    defineTable({ ...shape, main: ['left', 'left'] }, (t) => t.constrain('left', t.main.left)),
  );
  const foreign = sample((t) => {
    refused('FOREIGN_EXPRESSION', { table: 'sample' }, () =>
      sample((other) => other.constrain('mixed', other.main.left.plus(t.main.left))),
    );
  });
  assert.equal(foreign.graph.nodes.length, 0);
  for (const [minimumLogHeight, maximumLogHeight] of [
    [1, 20],
    [3, 25],
    [5, 4],
    [2.5, 3],
  ] as const)
    refused('HEIGHT_RANGE', { minimumLogHeight, maximumLogHeight }, () =>
      defineTable({ ...shape, minimumLogHeight, maximumLogHeight }, () => undefined),
    );
  defineTable({ ...shape, minimumLogHeight: 2, maximumLogHeight: 24 }, () => undefined);
});

test('a system checks table names, buses and tuple widths', () => {
  const table = sample((t) =>
    t.interact({ label: 'send', bus: 1, multiplicity: 1, values: [t.main.left, 3], weight: 1 }),
  );
  const one = { name: 'one', width: 1 };
  const two = { name: 'two', width: 2 };
  defineSystem({ name: 'toy', version: 1, buses: [one, two], tables: [table] });
  refused('UNKNOWN_BUS', { table: 'sample', label: 'send', bus: 1 }, () =>
    defineSystem({ name: 'toy', version: 1, buses: [one], tables: [table] }),
  );
  refused('TUPLE_WIDTH', { label: 'send', bus: 'one', expected: 1, got: 2 }, () =>
    defineSystem({ name: 'toy', version: 1, buses: [two, one], tables: [table] }),
  );
  refused('DUPLICATE_TABLE', { table: 'sample' }, () =>
    defineSystem({ name: 'toy', version: 1, buses: [one, two], tables: [table, table] }),
  );
});
