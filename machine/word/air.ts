/**
 * The constraints of the word table: outcome = left ± right limb by limb with boolean carries. Equations and what they
 * prove are in the README of this folder.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable, type Expression } from '../../stark/air/builder.ts';
import { BUS, INVERSE_OF_ROW_WORDS, ROW_WORDS } from '../buses.ts';
import { TAG } from '../instruction.ts';
import { LIMB_BASE, LIMBS, MAIN_COLUMNS } from './columns.ts';

export const MINIMUM_LOG_HEIGHT = 8;
export const MAXIMUM_LOG_HEIGHT = 22;

export const wordAir: TableAir = defineTable(
  {
    name: 'word',
    main: MAIN_COLUMNS,
    preprocessed: [],
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: false,
    expansion: 'none',
  },
  (table) => {
    const { main } = table;
    const left = table.mainColumns('left', LIMBS);
    const right = table.mainColumns('right', LIMBS);
    const outcome = table.mainColumns('outcome', LIMBS);
    const carry = table.mainColumns('carry', LIMBS);
    const carryOut = carry[LIMBS - 1]!;

    table.constrainBoolean('isAdd is boolean', main.isAdd);
    table.constrainBoolean('isSubtract is boolean', main.isSubtract);
    table.constrainBoolean('isLess is boolean', main.isLess);
    table.constrainBoolean('isCheck is boolean', main.isCheck);
    const isActive = table.sum([main.isAdd, main.isSubtract, main.isLess, main.isCheck]);
    table.constrainBoolean('at most one operation', isActive);

    // Only a comparison may overflow.
    table.constrain('no carry out', main.isAdd.plus(main.isSubtract).times(carryOut));

    // outcome = left + sign * (right + carry in) - sign * 2^16 * carry out; sign is +1 for ADD and CHECK, -1 for
    // SUBTRACT and LESS, 0 on padding.
    const sign = main.isAdd.plus(main.isCheck).minus(main.isSubtract).minus(main.isLess);
    for (let limb = 0; limb < LIMBS; limb++) {
      table.constrainBoolean(`carry ${limb} is boolean`, carry[limb]!);
      const carryIn = limb === 0 ? table.constant(0) : carry[limb - 1]!;
      table.constrainEqual(
        `limb ${limb}`,
        outcome[limb]!,
        left[limb]!.plus(sign.times(right[limb]!.plus(carryIn).minus(carry[limb]!.times(LIMB_BASE)))),
      );
    }
    // The last carry is the outcome of a comparison. CHECK looks nothing up but its one
    // word, as the outcome; left and right are free there, and its call has no other operand.
    table.constrain('the borrow is the comparison', main.isLess.times(main.c.minus(carryOut)));
    table.constrain('B of a CHECK is 0', main.isCheck.times(main.b));
    table.constrain('C of a CHECK is 0', main.isCheck.times(main.c));
    table.constrainEqual('outcome pointer', main.outcomePointer, main.c.plus(main.isCheck.times(main.a)));

    table.interact({
      label: 'call',
      bus: BUS.CALL,
      multiplicity: isActive.negate(),
      values: [
        table.sum([
          main.isAdd.times(TAG.WORD_ADD),
          main.isSubtract.times(TAG.WORD_SUBTRACT),
          main.isLess.times(TAG.WORD_LESS),
          main.isCheck.times(TAG.WORD_CHECK),
        ]),
        main.a,
        main.b,
        main.c,
        table.constant(0),
        main.clk,
      ],
      weight: 1,
    });
    function lookUp(name: string, multiplicity: Expression, pointer: Expression, limbs: Expression[]): void {
      for (let half = 0; half < 2; half++)
        table.interact({
          label: `${name} row ${half}`,
          bus: BUS.ROW,
          multiplicity,
          values: [
            pointer.times(INVERSE_OF_ROW_WORDS).plus(half),
            ...limbs.slice(half * ROW_WORDS, (half + 1) * ROW_WORDS),
          ],
          weight: 1,
        });
    }
    lookUp('left', isActive.minus(main.isCheck), main.a, left);
    lookUp('right', isActive.minus(main.isCheck), main.b, right);
    lookUp('outcome', isActive.minus(main.isLess), main.outcomePointer, outcome);
    outcome.forEach((limb, index) => {
      table.interact({
        label: `range of outcome ${index}`,
        bus: BUS.RANGE,
        multiplicity: isActive,
        values: [limb],
        weight: 1,
      });
    });
  },
);
