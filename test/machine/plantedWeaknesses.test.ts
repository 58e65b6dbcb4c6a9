/**
 * Weaknesses planted in the tables of the machine: the declarations in `test/machine/tables/` notice each of them. No valid
 * trace fails for one of them, so no honest run tells of them, and most let a prover through.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TableDeclaration } from '../support/tableDeclaration.ts';
import { type Expressions, firstDifference, weaken } from '../support/weakenedTable.ts';
import { TABLE_DECLARATIONS } from './tables/declarations.ts';

function declarationOf(table: string): TableDeclaration {
  const declaration = TABLE_DECLARATIONS.find(({ air }) => air.name === table);
  assert.ok(declaration, table);
  return declaration;
}

describe('no interaction can be left out', () => {
  for (const declaration of TABLE_DECLARATIONS)
    test(declaration.air.name, () => {
      for (const { label } of declaration.air.interactions)
        assert.notEqual(
          firstDifference(weaken(declaration, { label, interaction: () => undefined })),
          undefined,
          label,
        );
    });
});

describe('range look-ups', () => {
  const lookUps: readonly (readonly [table: string, label: string, column: string])[] = [
    // The high limb of a distance up to 2^16, so that the distance may wrap around p.
    ['ram', 'high below 2^8', 'high'],
    ['word', 'range of outcome 7', 'outcome6'],
    ['wordMultiply', 'range of x low sum', 'xLow0'],
    ['wordMultiply', 'range of carry 2', 'carry1'],
  ];
  for (const [table, label, column] of lookUps)
    test(`${table}: '${label}' of ${column} alone`, () => {
      const weak = weaken(declarationOf(table), {
        label,
        interaction: (interaction, expressions) => ({ ...interaction, values: [expressions.column(column)] }),
      });
      assert.equal(firstDifference(weak), 'ranges');
    });
});

test('a multiplicity times a column', () => {
  const weak = weaken(declarationOf('word'), {
    label: 'range of outcome 3',
    interaction: (interaction, { times, column }) => ({
      ...interaction,
      multiplicity: times(interaction.multiplicity, column('left3')),
    }),
  });
  assert.equal(firstDifference(weak), 'uses');
});

describe('a boolean with a third root', () => {
  for (const [table, label, column] of [
    ['ram', 'isRead is boolean', 'isRead'],
    ['hash', 'bit is boolean', 'bit'],
    ['word', 'carry 3 is boolean', 'carry3'],
    ['cpu', 'memA is boolean', 'memA'],
    ['wordMultiply', 'isRow0 is boolean', 'isRow0'],
    ['extension', 'isDotEnd is boolean', 'isDotEnd'],
  ] as const)
    test(`${table}: ${column}`, () => {
      const weak = weaken(declarationOf(table), {
        label,
        constraint: (expression, { times, minus, column: read, constant }) =>
          times(expression, minus(read(column), constant(5))),
      });
      assert.equal(firstDifference(weak), 'booleans');
    });
  test('extension: a place in a leaf', () => {
    const weak = weaken(declarationOf('extension'), {
      label: 'choice 2 is boolean in a fold',
      constraint: (expression, { times, minus, column, constant }) =>
        times(expression, minus(column('choice2'), constant(5))),
    });
    assert.equal(firstDifference(weak), 'degrees');
  });
});

describe('a constraint times what is 0 where a prover wants it', () => {
  type Factor = (expressions: Expressions) => number;
  const current =
    (column: string): Factor =>
    (expressions) =>
      expressions.column(column);
  const next =
    (column: string): Factor =>
    (expressions) =>
      expressions.column(column, 'next');
  // Of one column, of several, and in one operation alone.
  const factors: readonly (readonly [table: string, label: string, name: string, factor: Factor])[] = [
    ['cpu', 'next fp', 'valueB', current('valueB')],
    ['cpu', 'MUL', 'valueC', current('valueC')],
    ['cpu', 'A without memory', 'fp', current('fp')],
    ['cpu', 'nothing else is taken', 'valueA', current('valueA')],
    ['memory', 'next row index', 'the next row index', next('rowIndex')],
    ['range', 'next value', 'value', current('value')],
    ['hash', 'same output row', 'the next outPointer', next('outPointer')],
    ['hash', 'state word 3', 'sbox0', current('sbox0')],
    ['hash', 'last level', 'outPointer', current('outPointer')],
    ['hash', 'countdown', 'remaining', current('remaining')],
    ['hash', 'a PATH of at most 30 levels', 'clk', current('clk')],
    ['hash', 'a PATH of at most 30 levels', 'bit', current('bit')],
    ['word', 'limb 4', 'outcome4', current('outcome4')],
    ['word', 'limb 4', 'left4 - 7', ({ minus, column, constant }) => minus(column('left4'), constant(7))],
    ['word', 'no carry out', 'left15', current('left15')],
    ['word', 'B of a CHECK is 0', 'left3', current('left3')],
    ['wordMultiply', 'limb 2', 'z2', current('z2')],
    ['wordMultiply', 'no carry out', 'carry3', current('carry3')],
    [
      'wordMultiply',
      'yLow 0 stays',
      '1 - isRow2',
      ({ minus, column, constant }) => minus(constant(1), column('isRow2')),
    ],
    ['ram', 'the value stays', 'previousValue', current('previousValue')],
    ['ram', 'the clock moves on', 'low', current('low')],
    ['extension', 'no run starts with constants or its end', 'the next pointer0', next('pointer0')],
    ['extension', 'the point is B', 'pointer2', current('pointer2')],
    ['extension', 'pointer 4', 'pointer4', current('pointer4')],
    ['cpu', 'MUL', 'valueA - valueB', ({ minus, column }) => minus(column('valueA'), column('valueB'))],
    ['ram', 'the value stays', 'value - clk', ({ minus, column }) => minus(column('value'), column('clk'))],
    [
      'extension',
      'pointer 4',
      '1 - isMadd * (pointer1 - clk)',
      ({ minus, times, column, constant }) =>
        minus(constant(1), times(column('isMadd'), minus(column('pointer1'), column('clk')))),
    ],
    ['cpu', 'DEREF', 'memA', current('memA')],
    ['cpu', 'D without memory', 'isCall', current('isCall')],
    ['cpu', 'next clk', 'isCall', current('isCall')],
    [
      'hash',
      'state word 3',
      '1 - isPath',
      ({ minus, column, constant }) => minus(constant(1), column('isPath')),
    ],
    ['cpu', 'MUL', '1 - fpA', ({ minus, column, constant }) => minus(constant(1), column('fpA'))],
    [
      'extension',
      'factor word 4',
      '1 - isEvalEnd',
      ({ minus, column, constant }) => minus(constant(1), column('isEvalEnd')),
    ],
  ];
  for (const [table, label, name, factor] of factors)
    test(`${table}: '${label}' times ${name}`, () => {
      const weak = weaken(declarationOf(table), {
        label,
        constraint: (expression, expressions) => expressions.times(expression, factor(expressions)),
      });
      assert.notEqual(firstDifference(weak), undefined);
    });
});
