/**
 * The constraints of the cpu table. Equations and what they prove are in the README of this folder.
 * Source: docs/spec/machine.md, section Instructions.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable } from '../../stark/air/builder.ts';
import { BUS } from '../buses.ts';
import { END_PC, FLAG_NAMES, INITIAL_CLK, INITIAL_FP } from '../instruction.ts';
import { CPU_COLUMNS } from './columns.ts';

export const MINIMUM_LOG_HEIGHT = 8;
export const MAXIMUM_LOG_HEIGHT = 22;

export const cpuAir: TableAir = defineTable(
  {
    name: 'cpu',
    main: CPU_COLUMNS,
    preprocessed: [],
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: true,
    expansion: 'none',
  },
  (table) => {
    const { main, next, first, last, transition } = table;
    const one = table.constant(1);

    // Boundaries: the run starts at instruction 0 and ends at END.
    table.constrain('first pc', first.times(main.pc));
    table.constrain('first fp', first.times(main.fp.minus(INITIAL_FP)));
    table.constrain('first clk', first.times(main.clk.minus(INITIAL_CLK)));
    table.constrain('last pc', last.times(main.pc.minus(END_PC)));

    // The flags are the bits of one word of the program, and exactly one of them is an operation.
    for (const flag of FLAG_NAMES) table.constrainBoolean(`${flag} is boolean`, main[flag]);
    const operations = [main.isAdd, main.isMul, main.isDeref, main.isJump, main.isCall];
    table.constrainEqual('one operation', table.sum(operations), 1);
    table.constrain('B has one address', main.isDeref.times(main.memB));

    // Operands that are not read from memory; those that are read come from the word bus.
    table.constrain(
      'A without memory',
      one.minus(main.memA).times(main.valueA.minus(main.a).minus(main.fpA.times(main.fp))),
    );
    table.constrain(
      'B without memory',
      one
        .minus(main.memB)
        .minus(main.isDeref)
        .times(main.valueB.minus(main.b).minus(main.fpB.times(main.fp))),
    );
    table.constrain(
      'C without memory',
      one.minus(main.memC).times(main.valueC.minus(main.c).minus(main.fpC.times(main.fp))),
    );
    table.constrain(
      'D without memory',
      one.minus(main.memD).times(main.valueD.minus(main.d).minus(main.fpD.times(main.fp))),
    );
    table.constrain('address of B at fp', main.memB.times(main.addressB.minus(main.fp).minus(main.b)));
    table.constrain(
      'address of B behind A',
      main.isDeref.times(main.addressB.minus(main.valueA).minus(main.b)),
    );

    // The relations.
    table.constrain('ADD', main.isAdd.times(main.valueA.plus(main.valueB).minus(main.valueC)));
    table.constrain('MUL', main.isMul.times(main.valueA.times(main.valueB).minus(main.valueC)));
    table.constrain('DEREF', main.isDeref.times(main.valueB.minus(main.valueC)));

    // taken = isJump * [A != 0]: with A = 0 the product below is 0, with A != 0 it can be nothing but 1.
    const jumpA = main.isJump.times(main.valueA);
    table.constrain('a JUMP with A not 0 is taken', jumpA.times(one.minus(main.taken)));
    table.constrainEqual('nothing else is taken', main.taken, jumpA.times(main.inverse));

    // The next state.
    const step = (after: typeof main.pc, otherwise: typeof main.pc, target: typeof main.pc) =>
      transition.times(after.minus(otherwise).minus(main.taken.times(target.minus(otherwise))));
    table.constrain('next pc', step(next.pc, main.pc.plus(1), main.valueB));
    table.constrain('next fp', step(next.fp, main.fp, main.valueC));
    table.constrain('next clk', transition.times(next.clk.minus(main.clk).minus(1)));

    const flags = FLAG_NAMES.map((flag, bit) => main[flag].times(2 ** bit));
    table.interact({
      label: 'instruction',
      bus: BUS.PROGRAM,
      multiplicity: one,
      values: [main.pc, main.a, main.b, main.c, main.d, main.tag, table.sum(flags)],
      weight: 1,
    });
    table.interact({
      label: 'read A',
      bus: BUS.WORD,
      multiplicity: main.memA,
      values: [main.fp.plus(main.a), main.valueA],
      weight: 1,
    });
    table.interact({
      label: 'read B',
      bus: BUS.WORD,
      multiplicity: main.memB.plus(main.isDeref),
      values: [main.addressB, main.valueB],
      weight: 1,
    });
    table.interact({
      label: 'read C',
      bus: BUS.WORD,
      multiplicity: main.memC,
      values: [main.fp.plus(main.c), main.valueC],
      weight: 1,
    });
    table.interact({
      label: 'read D',
      bus: BUS.WORD,
      multiplicity: main.memD,
      values: [main.fp.plus(main.d), main.valueD],
      weight: 1,
    });
    table.interact({
      label: 'call',
      bus: BUS.CALL,
      multiplicity: main.isCall,
      values: [main.tag, main.valueA, main.valueB, main.valueC, main.valueD, main.clk],
      weight: 1,
    });
  },
);
