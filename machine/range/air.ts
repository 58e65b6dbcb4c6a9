/**
 * The range table: every value below 2^16 once, with the number of its lookups.
 * Source: docs/spec/machine.md, section Buses.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable } from '../../stark/air/builder.ts';
import { BUS } from '../buses.ts';
import { RANGE_COLUMNS } from './columns.ts';

/** The only log height: a shorter table would miss values, a taller one would allow too many. */
export const RANGE_LOG_HEIGHT = 16;

export const rangeAir: TableAir = defineTable(
  {
    name: 'range',
    main: RANGE_COLUMNS,
    preprocessed: [],
    minimumLogHeight: RANGE_LOG_HEIGHT,
    maximumLogHeight: RANGE_LOG_HEIGHT,
    isRequired: false,
    expansion: 'none',
  },
  ({ main, next, first, transition, constrain, interact }) => {
    constrain('first value', first.times(main.value));
    constrain('next value', transition.times(next.value.minus(main.value).minus(1)));
    interact({
      label: 'value',
      bus: BUS.RANGE,
      multiplicity: main.multiplicity.negate(),
      values: [main.value],
      weight: 0,
    });
  },
);
