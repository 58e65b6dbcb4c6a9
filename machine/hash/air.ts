/**
 * The constraints of the hash table: every row is one compress of its lanes; consecutive rows of a run carry the state.
 * Equations and what they prove are in the README of this folder.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable, type Expression } from '../../stark/air/builder.ts';
import { PARTIAL_ROUNDS, WIDTH } from '../../stark/hash/poseidon.ts';
import { BUS, INVERSE_OF_ROW_WORDS, ROW_WORDS } from '../buses.ts';
import { TAG } from '../instruction.ts';
import { MAIN_COLUMNS, SBOX_COUNT } from './columns.ts';
import { HALF_FULL_ROUNDS, MDS, MDS_OUTPUT, PARTIAL, ROUNDS, roundConstant, sboxIndex } from './rounds.ts';

export const MINIMUM_LOG_HEIGHT = 8;
export const MAXIMUM_LOG_HEIGHT = 22;
/** The bits of an index that is unique modulo p. */
export const MAXIMUM_PATH_LEVELS = 30;

export const hashAir: TableAir = defineTable(
  {
    name: 'hash',
    main: MAIN_COLUMNS,
    preprocessed: [],
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: false,
    expansion: 'poseidon',
  },
  (table) => {
    const { main, next } = table;
    const one = table.constant(1);
    const lanes = table.mainColumns('lane', WIDTH);
    const nextLanes = table.nextColumns('lane', WIDTH);
    const sboxes = table.mainColumns('sbox', SBOX_COUNT);

    // S-boxes: each column is the cube of an affine form of the lanes or of earlier columns.
    function constrainSbox(round: number, lane: number, input: Expression): void {
      const output = sboxes[sboxIndex(round, lane)]!;
      table.constrainEqual(`sbox round ${round} lane ${lane}`, output, input.times(input).times(input));
    }
    function outputsOf(round: number): Expression[] {
      return sboxes.slice(sboxIndex(round, 0), sboxIndex(round, 0) + WIDTH);
    }
    function constrainFullRound(round: number, state: readonly Expression[]): void {
      state.forEach((value, lane) => {
        constrainSbox(round, lane, value.plus(roundConstant(round, lane)));
      });
    }

    for (let round = 0; round < HALF_FULL_ROUNDS; round++)
      constrainFullRound(round, round === 0 ? lanes : table.linear(MDS, outputsOf(round - 1)));
    const firstPartial = sboxIndex(HALF_FULL_ROUNDS, 0);
    const forms = table
      .linear(PARTIAL.matrix, [
        ...outputsOf(HALF_FULL_ROUNDS - 1),
        ...sboxes.slice(firstPartial, firstPartial + PARTIAL_ROUNDS),
      ])
      .map((form, row) => form.plus(PARTIAL.constants[row]!));
    for (let partial = 0; partial < PARTIAL_ROUNDS; partial++)
      constrainSbox(HALF_FULL_ROUNDS + partial, 0, forms[partial]!);
    const firstLateRound = HALF_FULL_ROUNDS + PARTIAL_ROUNDS;
    for (let round = firstLateRound; round < ROUNDS; round++)
      constrainFullRound(
        round,
        round === firstLateRound ? forms.slice(PARTIAL_ROUNDS) : table.linear(MDS, outputsOf(round - 1)),
      );
    const output = table
      .linear(MDS_OUTPUT, outputsOf(ROUNDS - 1))
      .map((value, word) => value.plus(lanes[word]!));

    // Runs. A row that is active and no end is followed by an active row that is no start, and by nothing else; with the
    // first row no such follower, no run wraps around the table's end.
    table.constrainBoolean('isActive is boolean', main.isActive);
    table.constrainBoolean('isStart is boolean', main.isStart);
    table.constrainBoolean('isEnd is boolean', main.isEnd);
    table.constrainBoolean('isPath is boolean', main.isPath);
    table.constrainBoolean('bit is boolean', main.bit);
    table.constrain('a start is active', main.isStart.times(one.minus(main.isActive)));
    table.constrain('an end is active', main.isEnd.times(one.minus(main.isActive)));
    table.constrain('a PATH row is active', main.isPath.times(one.minus(main.isActive)));
    table.constrain('a bit is of a PATH', main.bit.times(one.minus(main.isPath)));
    table.constrain('the first row starts a run', table.first.times(main.isActive.minus(main.isStart)));
    table.constrainEqual('startsRight', main.startsRight, main.isStart.times(main.bit));
    const continues = main.isActive.minus(main.isEnd);
    table.constrainEqual('a run goes on until its end', next.isActive.minus(next.isStart), continues);

    // Inside a run: its kind and its output row stay, the countdown reaches 1 at the end.
    table.constrain('same kind', continues.times(next.isPath.minus(main.isPath)));
    table.constrain('same output row', continues.times(next.outPointer.minus(main.outPointer)));
    table.constrain('countdown', continues.times(main.remaining.minus(next.remaining).minus(1)));
    table.constrain('the last row ends', main.isEnd.times(main.remaining.minus(1)));

    // Operand B: the blocks of a CHAIN are consecutive rows; the index of a PATH is the sum of bit_i * 2^i, i from its first row.
    const hasBlock = main.isActive.minus(main.isPath);
    table.constrain(
      'next block',
      continues.times(one.minus(main.isPath)).times(next.operandB.minus(main.operandB).minus(ROW_WORDS)),
    );
    table.constrain(
      'next level',
      continues.times(main.isPath).times(main.operandB.minus(main.bit).minus(next.operandB.times(2))),
    );
    table.constrain('last level', main.isEnd.times(main.isPath).times(main.operandB.minus(main.bit)));
    // Only the first row of a PATH may have that many levels left: on the others clk, which is theirs, is an inverse.
    table.constrain(
      'a PATH of at most 30 levels',
      main.isActive
        .minus(main.isStart)
        .times(main.remaining.minus(MAXIMUM_PATH_LEVELS).times(main.clk).minus(main.isPath)),
    );

    // The state is in the left half, or in the right half where the bit is 1.
    for (let word = 0; word < ROW_WORDS; word++) {
      const left = nextLanes[word]!;
      const right = nextLanes[ROW_WORDS + word]!;
      const state = left.plus(next.bit.times(right.minus(left)));
      table.constrain(`state word ${word}`, continues.times(state.minus(output[word]!)));
    }

    // What memory has in the right half: the block, or the state that a PATH starts from.
    table.constrain('right row of a CHAIN', hasBlock.times(main.rightPointer.minus(main.operandB)));
    table.constrain(
      'right row of a PATH',
      main.startsRight.times(main.rightPointer.minus(main.statePointer)),
    );

    table.interact({
      label: 'call',
      bus: BUS.CALL,
      multiplicity: main.isStart.negate(),
      values: [
        table.constant(TAG.HASH_CHAIN).plus(main.isPath.times(TAG.HASH_PATH - TAG.HASH_CHAIN)),
        main.statePointer,
        main.operandB,
        main.outPointer,
        main.remaining,
        main.clk,
      ],
      weight: 1,
    });
    table.interact({
      label: 'left row',
      bus: BUS.ROW,
      multiplicity: main.isStart.minus(main.startsRight),
      values: [main.statePointer.times(INVERSE_OF_ROW_WORDS), ...lanes.slice(0, ROW_WORDS)],
      weight: 1,
    });
    table.interact({
      label: 'right row',
      bus: BUS.ROW,
      multiplicity: hasBlock.plus(main.startsRight),
      values: [main.rightPointer.times(INVERSE_OF_ROW_WORDS), ...lanes.slice(ROW_WORDS)],
      weight: 1,
    });
    table.interact({
      label: 'output row',
      bus: BUS.ROW,
      multiplicity: main.isEnd,
      values: [main.outPointer.times(INVERSE_OF_ROW_WORDS), ...output],
      weight: 1,
    });
  },
);
