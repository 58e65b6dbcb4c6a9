/**
 * The ram table: read-write cells by an offline memory check. Every access but the first takes the tuple (cell, value, clk)
 * that an earlier one left on the ram bus, and every access but the last leaves one.
 * Source: docs/spec/machine.md, section Read-write memory.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable } from '../../stark/air/builder.ts';
import { BUS } from '../buses.ts';
import { TAG } from '../instruction.ts';
import { RAM_COLUMNS } from './columns.ts';

export const MINIMUM_LOG_HEIGHT = 8;
export const MAXIMUM_LOG_HEIGHT = 22;

export const ramAir: TableAir = defineTable(
  {
    name: 'ram',
    main: RAM_COLUMNS,
    preprocessed: [],
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: false,
    expansion: 'none',
  },
  (table) => {
    const { main } = table;
    const { isInitialise, isRead, isWrite, isFinalise } = main;
    const takes = table.sum([isRead, isWrite, isFinalise]);
    const leaves = table.sum([isInitialise, isRead, isWrite]);
    const isActive = isInitialise.plus(takes);

    table.constrainBoolean('isInitialise is boolean', isInitialise);
    table.constrainBoolean('isRead is boolean', isRead);
    table.constrainBoolean('isWrite is boolean', isWrite);
    table.constrainBoolean('isFinalise is boolean', isFinalise);
    table.constrainBoolean('at most one kind', isActive);
    table.constrain('the value stays', isRead.plus(isFinalise).times(main.value.minus(main.previousValue)));

    // The taken tuple is older. Both limbs are below 2^16 and 2^8 * high is too, so high is below 2^8 and the difference
    // below 2^24: it cannot wrap around p.
    table.constrain(
      'the clock moves on',
      takes.times(
        main.clk
          .minus(main.previousClk)
          .minus(1)
          .minus(main.low)
          .minus(main.high.times(2 ** 16)),
      ),
    );

    table.interact({
      label: 'call',
      bus: BUS.CALL,
      multiplicity: isActive.negate(),
      values: [
        isInitialise
          .times(TAG.RAM_INITIALISE)
          .plus(isRead.times(TAG.RAM_READ))
          .plus(isWrite.times(TAG.RAM_WRITE))
          .plus(isFinalise.times(TAG.RAM_FINALISE)),
        main.segment,
        main.index,
        main.value,
        table.constant(0),
        main.clk,
      ],
      weight: 1,
    });
    table.interact({
      label: 'take',
      bus: BUS.RAM,
      multiplicity: takes.negate(),
      values: [main.segment, main.index, main.previousValue, main.previousClk],
      weight: 1,
    });
    table.interact({
      label: 'leave',
      bus: BUS.RAM,
      multiplicity: leaves,
      values: [main.segment, main.index, main.value, main.clk],
      weight: 1,
    });
    const limbs = [
      ['low', main.low],
      ['high', main.high],
      ['high below 2^8', main.high.times(2 ** 8)],
    ] as const;
    for (const [label, limb] of limbs)
      table.interact({ label, bus: BUS.RANGE, multiplicity: takes, values: [limb], weight: 1 });
  },
);
