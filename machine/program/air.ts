/**
 * The program table: one row an instruction, preprocessed, with the number of cycles that execute it.
 * Source: docs/spec/machine.md, sections Instructions and Buses.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable } from '../../stark/air/builder.ts';
import { BUS } from '../buses.ts';
import { PROGRAM_COLUMNS } from './columns.ts';

export const MINIMUM_LOG_HEIGHT = 8;
export const MAXIMUM_LOG_HEIGHT = 22;

export const programAir: TableAir = defineTable(
  {
    name: 'program',
    main: ['multiplicity'],
    preprocessed: PROGRAM_COLUMNS,
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: true,
    expansion: 'none',
  },
  ({ main, preprocessed, interact }) => {
    interact({
      label: 'instruction',
      bus: BUS.PROGRAM,
      multiplicity: main.multiplicity.negate(),
      values: PROGRAM_COLUMNS.map((name) => preprocessed[name]),
      weight: 0,
    });
  },
);
