/**
 * The constraints of the wordMultiply table: schoolbook multiplication of bytes, four output limbs a row. Equations, and
 * why none of them can wrap modulo p, are in the README of this folder.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable, type Expression } from '../../stark/air/builder.ts';
import { BUS, INVERSE_OF_ROW_WORDS } from '../buses.ts';
import { TAG } from '../instruction.ts';
import { LIMB_BASE, LIMBS } from '../word/columns.ts';
import { CARRY_SUM_SCALE, GROUP_LIMBS, LOW_SUM_SCALE, MAIN_COLUMNS, ROWS_PER_PRODUCT } from './columns.ts';

export const MINIMUM_LOG_HEIGHT = 8;
export const MAXIMUM_LOG_HEIGHT = 22;
const BYTE_BASE = 256;

export const wordMultiplyAir: TableAir = defineTable(
  {
    name: 'wordMultiply',
    main: MAIN_COLUMNS,
    preprocessed: [],
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: false,
    expansion: 'none',
  },
  (table) => {
    const { main, next } = table;
    const xLow = table.mainColumns('xLow', LIMBS);
    const xHigh = table.mainColumns('xHigh', LIMBS);
    const yLow = table.mainColumns('yLow', LIMBS);
    const yHigh = table.mainColumns('yHigh', LIMBS);
    const z = table.mainColumns('z', GROUP_LIMBS);
    const carry = table.mainColumns('carry', GROUP_LIMBS);
    const checkedLow = table.mainColumns('checkedLow', GROUP_LIMBS);
    const checkedHigh = table.mainColumns('checkedHigh', GROUP_LIMBS);
    const previousZ = table.mainColumns('previousZ', GROUP_LIMBS);
    const limbOf = (low: Expression, high: Expression): Expression => low.plus(high.times(BYTE_BASE));
    const x = xLow.map((low, index) => limbOf(low, xHigh[index]!));
    const y = yLow.map((low, index) => limbOf(low, yHigh[index]!));

    // Runs of four rows: a first row is followed by the other three, and they by nothing else.
    const isRow = [main.isRow0, main.isRow1, main.isRow2, main.isRow3];
    const isActive = table.sum(isRow);
    const nextContinues = next.isRow1.plus(next.isRow2).plus(next.isRow3);
    table.constrainBoolean('isRow0 is boolean', main.isRow0);
    table.constrainBoolean('at most one row of a product', isActive);
    table.constrainEqual('row 1 follows row 0', next.isRow1, main.isRow0);
    table.constrainEqual('row 2 follows row 1', next.isRow2, main.isRow1);
    table.constrainEqual('row 3 follows row 2', next.isRow3, main.isRow2);
    table.constrain(
      'the first row starts a product',
      table.first.times(main.isRow1.plus(main.isRow2).plus(main.isRow3)),
    );

    // From row to row: x moves by one slot, zeros enter behind the first row; y, a and c stay; z and the carry go on.
    for (const [name, current] of [
      ['xLow', xLow],
      ['xHigh', xHigh],
    ] as const) {
      const following = table.nextColumns(name, LIMBS);
      for (let limb = GROUP_LIMBS; limb < LIMBS; limb++)
        table.constrainEqual(
          `${name} ${limb} moves`,
          following[limb]!,
          nextContinues.times(current[limb - GROUP_LIMBS]!),
        );
    }
    for (const [name, current] of [
      ['yLow', yLow],
      ['yHigh', yHigh],
    ] as const) {
      const following = table.nextColumns(name, LIMBS);
      for (let limb = 0; limb < LIMBS; limb++)
        table.constrain(`${name} ${limb} stays`, nextContinues.times(following[limb]!.minus(current[limb]!)));
    }
    table.nextColumns('previousZ', GROUP_LIMBS).forEach((following, limb) => {
      table.constrainEqual(`previous z ${limb}`, following, z[limb]!);
    });
    table.constrainEqual('carry in', next.carryIn, nextContinues.times(carry[GROUP_LIMBS - 1]!));
    table.constrain('a stays', nextContinues.times(next.a.minus(main.a)));
    table.constrain('c stays', nextContinues.times(next.c.minus(main.c)));

    // Nothing above 2^256: no carry out of limb 15, no product of high bytes of limbs i, j with i + j = 15, and no product
    // of limbs i, j with i + j > 15. Every sum here is of non-negative terms and below p, so it is 0 only if all are.
    const onLastRow = (values: readonly Expression[], limb: number): Expression =>
      values[GROUP_LIMBS * (ROWS_PER_PRODUCT - 1 - Math.floor(limb / GROUP_LIMBS)) + (limb % GROUP_LIMBS)]!;
    table.constrain(
      'no carry out',
      main.isRow3.times(
        table.sum([
          carry[GROUP_LIMBS - 1]!,
          ...yHigh.map((high, limb) => high.times(onLastRow(xHigh, LIMBS - 1 - limb))),
        ]),
      ),
    );
    for (let limb = 1; limb < LIMBS; limb++)
      table.constrain(
        `no product above limb 15 with x limb ${limb}`,
        main.isRow3.times(onLastRow(x, limb)).times(table.sum(y.slice(LIMBS - limb))),
      );
    // Limb k = 4r + t: sum over i of xLow_i * y_(k-i) + xHigh_i * (2^8 * yLow_(k-i) + yHigh_(k-1-i)) + carry in
    // = z_k + 2^16 * carry.
    for (let limb = 0; limb < GROUP_LIMBS; limb++) {
      const terms: Expression[] = [limb === 0 ? main.carryIn : carry[limb - 1]!];
      for (let slotLimb = 0; slotLimb < LIMBS; slotLimb++) {
        const slotStart = slotLimb - (slotLimb % GROUP_LIMBS);
        const partner = slotStart + limb - (slotLimb % GROUP_LIMBS);
        if (partner < 0) continue;
        const highPartner =
          partner === 0
            ? yLow[0]!.times(BYTE_BASE)
            : yLow[partner]!.times(BYTE_BASE).plus(yHigh[partner - 1]!);
        terms.push(xLow[slotLimb]!.times(y[partner]!), xHigh[slotLimb]!.times(highPartner));
      }
      table.constrainEqual(`limb ${limb}`, table.sum(terms), z[limb]!.plus(carry[limb]!.times(LIMB_BASE)));
    }
    // Row r range-checks limb group r of y.
    for (let limb = 0; limb < GROUP_LIMBS; limb++) {
      const selected = (halves: readonly Expression[]): Expression =>
        table.sum(isRow.map((selector, row) => selector.times(halves[GROUP_LIMBS * row + limb]!)));
      table.constrainEqual(`checked low ${limb}`, checkedLow[limb]!, selected(yLow));
      table.constrainEqual(`checked high ${limb}`, checkedHigh[limb]!, selected(yHigh));
    }

    table.interact({
      label: 'call',
      bus: BUS.CALL,
      multiplicity: main.isRow0.negate(),
      values: [table.constant(TAG.WORD_MULTIPLY), main.a, main.b, main.c, table.constant(0), main.clk],
      weight: 1,
    });
    const isSecond = main.isRow1.plus(main.isRow3);
    const lookUp = (label: string, multiplicity: Expression, row: Expression, words: Expression[]): void => {
      table.interact({ label, bus: BUS.ROW, multiplicity, values: [row, ...words], weight: 1 });
    };
    lookUp('x row', isSecond, main.a.times(INVERSE_OF_ROW_WORDS).plus(main.isRow3), [
      ...x.slice(GROUP_LIMBS, 2 * GROUP_LIMBS),
      ...x.slice(0, GROUP_LIMBS),
    ]);
    lookUp('y row 0', main.isRow0, main.b.times(INVERSE_OF_ROW_WORDS), y.slice(0, LIMBS / 2));
    lookUp('y row 1', main.isRow0, main.b.times(INVERSE_OF_ROW_WORDS).plus(1), y.slice(LIMBS / 2));
    lookUp('z row', isSecond, main.c.times(INVERSE_OF_ROW_WORDS).plus(main.isRow3), [...previousZ, ...z]);

    const range = (label: string, value: Expression): void => {
      table.interact({
        label: `range of ${label}`,
        bus: BUS.RANGE,
        multiplicity: isActive,
        values: [value],
        weight: 1,
      });
    };
    for (let limb = 0; limb < GROUP_LIMBS; limb++) {
      range(`x low ${limb}`, xLow[limb]!);
      range(`x high ${limb}`, xHigh[limb]!);
      range(`y low ${limb}`, checkedLow[limb]!);
      range(`y high ${limb}`, checkedHigh[limb]!);
      range(`z ${limb}`, z[limb]!);
      range(`carry ${limb}`, carry[limb]!);
    }
    range('x low sum', table.sum(xLow.slice(0, GROUP_LIMBS)).times(LOW_SUM_SCALE));
    range('y low sum', table.sum(checkedLow).times(LOW_SUM_SCALE));
    range('carry sum', table.sum(carry).times(CARRY_SUM_SCALE));
  },
);
