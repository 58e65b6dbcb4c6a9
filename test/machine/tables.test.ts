/**
 * Every table of the machine against its declaration in `test/machine/tables/`: the states of its selectors, what may follow
 * what, what range look-ups bound, what decides a constraint alone, and the ranks of its operations. Mutations show that a constraint rejects something; this shows what all of them
 * together leave, also where no generator of traces goes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BUS } from '../../machine/buses.ts';
import { CALL_TABLES, COLONNADE_MACHINE } from '../../machine/system.ts';
import { BASE_ALGEBRA, evaluateGraph } from '../../stark/air/evaluate.ts';
import {
  booleanForms,
  decidedAlone,
  higherDegrees,
  rangeForms,
  speakingStates,
} from '../support/constraintForms.ts';
import { type RankReport, rankOperation } from '../support/jacobianRank.ts';
import {
  constraintsSeenByStates,
  declaredStates,
  declaredUses,
  enumerateChoice,
  enumerateStates,
  enumerateUses,
  sortedChoice,
} from '../support/selectorStates.ts';
import type { Operation, TableDeclaration } from '../support/tableDeclaration.ts';
import { TABLE_DECLARATIONS } from './tables/declarations.ts';

function once<Value>(compute: () => Value): () => Value {
  let known: { readonly value: Value } | undefined;
  return () => {
    known ??= { value: compute() };
    return known.value;
  };
}

/** The rows of an operation, each by the names of its columns. */
function rowsOf({ air }: TableDeclaration, { columns, firstRow, rows }: Operation): Record<string, number>[] {
  return Array.from({ length: rows }, (_, place) =>
    Object.fromEntries(air.mainColumns.map((name, column) => [name, columns[column]![firstRow + place]!])),
  );
}

/** The tags of the calls that the rows of an operation receive. */
function tagsOf({ air }: TableDeclaration, { columns, firstRow, rows }: Operation): number[] {
  const call = air.interactions.find(({ bus }) => bus === BUS.CALL);
  if (call === undefined) return [];
  return Array.from({ length: rows }, (_, place) => {
    const wordAt = evaluateGraph(air.graph, BASE_ALGEBRA, {
      main: (column, row) => columns[column]![firstRow + place + (row === 'next' ? 1 : 0)]!,
      preprocessed: () => 0,
      selector: () => 0,
      public: () => 0,
    });
    return wordAt(call.multiplicity) === 0 ? [] : [wordAt(call.values[0]!)];
  }).flat();
}

test('every table of the machine has a declaration, in slot order', () => {
  assert.deepEqual(
    TABLE_DECLARATIONS.map(({ air }) => air.name),
    COLONNADE_MACHINE.tables.map(({ name }) => name),
  );
  for (const [slot, { air }] of TABLE_DECLARATIONS.entries())
    assert.equal(air, COLONNADE_MACHINE.tables[slot]);
});

for (const declaration of TABLE_DECLARATIONS) {
  const {
    air,
    selectors,
    states,
    choices = [],
    ranges = {},
    booleans = {},
    degrees = {},
    speaks = {},
    alone = {},
    unseen,
  } = declaration;
  const operations = once(() => declaration.operations());
  const reports = once((): RankReport[] =>
    operations().map((operation) => rankOperation(declaration, operation)),
  );

  describe(`the ${air.name} table`, () => {
    test('admits the declared states, each behind the declared ones, and no other', () => {
      assert.deepEqual(enumerateStates(declaration), declaredStates(declaration));
      assert.deepEqual(enumerateUses(declaration), declaredUses(declaration));
      for (const choice of choices)
        assert.deepEqual(enumerateChoice(air, choice), sortedChoice(choice), choice.name);
    });

    test('bounds by range look-ups what is declared', () => {
      assert.deepEqual(rangeForms(air), ranges);
    });

    test('has the declared booleans and degrees, and no constraint that one cell decides but those declared', () => {
      assert.deepEqual(booleanForms(air), booleans);
      assert.deepEqual(higherDegrees(declaration), degrees);
      assert.deepEqual(speakingStates(declaration), speaks);
      assert.deepEqual(decidedAlone(declaration), alone);
    });

    test('binds every outcome, and proves of every operation as much as is declared', () => {
      for (const [index, { unboundOutcomes, freedom }] of reports().entries()) {
        const { name, freedom: declared } = operations()[index]!;
        assert.deepEqual(unboundOutcomes, [], name);
        assert.equal(freedom, declared, name);
      }
    });

    test('has an operation for every tag and every selector', () => {
      const rows = operations().flatMap((operation) => rowsOf(declaration, operation));
      for (const selector of selectors)
        assert.ok(
          rows.some((row) => row[selector] === 1),
          selector,
        );
      const table = CALL_TABLES.find((each) => each.air === air);
      if (table === undefined) return;
      const tags = new Set(operations().flatMap((operation) => tagsOf(declaration, operation)));
      assert.deepEqual([...tags].sort(), [...table.tags].sort());
      const named = rows.map((row) => selectors.filter((selector) => row[selector] === 1).join());
      for (const [state, { ones }] of Object.entries(states))
        assert.ok(
          ones.length === 0 || named.includes(selectors.filter((selector) => ones.includes(selector)).join()),
          state,
        );
    });

    test('would not pass with a constraint less, but for those declared unseen', () => {
      const seen = new Set([
        ...constraintsSeenByStates(declaration),
        ...reports().flatMap((report) => [...report.seen]),
      ]);
      assert.deepEqual(
        air.constraints.map(({ label }) => label).filter((label) => !seen.has(label)),
        Object.keys(unseen),
      );
    });
  });
}
