/**
 * The memory table: every address once, with one value for the whole run; row 0 is the statement digest.
 * Source: docs/spec/machine.md, section Memory.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable } from '../../stark/air/builder.ts';
import { BUS, ROW_WORDS } from '../buses.ts';
import { MEMORY_COLUMNS } from './columns.ts';

export const MINIMUM_LOG_HEIGHT = 8;
/** 8 * 2^22 addresses are far below p, so no address has two names. */
export const MAXIMUM_LOG_HEIGHT = 22;

export const memoryAir: TableAir = defineTable(
  {
    name: 'memory',
    main: MEMORY_COLUMNS,
    preprocessed: [],
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: true,
    expansion: 'none',
  },
  (table) => {
    const { main, next, first, transition } = table;
    const words = table.mainColumns('word', ROW_WORDS);

    table.constrain('first row index', first.times(main.rowIndex));
    table.constrain('next row index', transition.times(next.rowIndex.minus(main.rowIndex).minus(1)));
    words.forEach((word, index) => {
      table.constrain(`statement word ${index}`, first.times(word.minus(table.public(index))));
    });

    const multiplicities = table.mainColumns('wordMultiplicity', ROW_WORDS);
    words.forEach((word, index) => {
      table.interact({
        label: `word ${index}`,
        bus: BUS.WORD,
        multiplicity: multiplicities[index]!.negate(),
        values: [main.rowIndex.times(ROW_WORDS).plus(index), word],
        weight: 0,
      });
    });
    table.interact({
      label: 'row',
      bus: BUS.ROW,
      multiplicity: main.rowMultiplicity.negate(),
      values: [main.rowIndex, ...words],
      weight: 0,
    });
  },
);
