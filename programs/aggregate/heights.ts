/**
 * Which tables a child has and how tall they are: a hint that is checked. Every distinct height becomes a record, tallest
 * first, and every present table is placed among the blocks of its height.
 * Source: docs/spec/proof-system.md, sections 4, 8 and 9; docs/spec/recursion.md, section Heights.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { blocksOf } from '../../stark/proof/shape.ts';
import type { ProfileConstants } from './constants.ts';
import { HINT } from './hintNames.ts';
import { nextBlocksOf, type ProfileLayout, type SystemLayout } from './layout.ts';
import { assertBits, assertWithin } from './words.ts';

const ROW_WORDS = 8;

/** Words of a height's record. */
export const HEIGHT = {
  logHeight: 0,
  /** Distance to the next height, or to the final length. */
  distanceDown: 1,
  /** Distance from the height before. */
  distanceUp: 2,
  /** Blocks of a query's rows at this height, over all trees. */
  blocks: 3,
  /** Address of the rows after the height's last table: its counts and its sums. */
  totals: 4,
  layers: 5,
  /** Address of zeta * g. */
  nextZeta: 6,
  /** Address of the height's domain: words N, 1/N, 1/g and the address of zeta^N. */
  domain: 7,
  /** One word a phase: blocks of a leaf row. */
  leafBlocks: 8,
  /** Addresses of weight rows, one word a phase: of the blocks opened at zeta * g as well, of the others, ... */
  firstWeights: 12,
  otherWeights: 16,
  /** ... and, a run for each phase, of the former at zeta * g. */
  nextWeights: 20,
} as const;
export const HEIGHT_ROWS = 3;

/**
 * Rows that a table leaves behind at its height: word 2p counts the blocks of phase p opened at zeta * g as well, word 2p + 1
 * the others; then the weighted opened values so far, at zeta and at zeta * g.
 */
export const TALLY_ROWS = 3;

/** Distances between heights have so many bits. */
const DISTANCE_BITS = 5;

export interface GuestHeights {
  /** One a slot: log height + 1, or 0 for an absent table. */
  readonly words: readonly Value[];
  /** Number of different heights; the first record; the last. */
  readonly count: Value;
  readonly first: Row;
  readonly last: Row;
  /** By slot: address of the tally before the table, after it, and of its height's record; of a present table only. */
  tallyBefore(slot: number): Value;
  tallyAfter(slot: number): Value;
  recordOf(slot: number): Value;
}

/** Words of a slot's entry. */
const SLOT_ENTRY = { before: 0, after: 1, record: 2, words: 4 } as const;

export function checkHeights(
  program: ProgramBuilder,
  { system, phases }: SystemLayout,
  { ranges, least, greatest }: ProfileLayout,
  constants: ProfileConstants,
): GuestHeights {
  const { zeros } = constants.shared;
  const slots = system.tables.length;
  const words: Value[] = program.hint(HINT.heights, [], slots as number);

  // Each height within its table's range; a required table is present.
  let present: Value = program.constant(0);
  for (const [slot, { isRequired }] of system.tables.entries()) {
    const range = ranges[slot]!;
    const word = words[slot]!;
    const check = (): void => assertWithin(program, word, range.least + 1, range.greatest + 1, zeros);
    if (range.least > range.greatest) program.assertEqual(word, 0);
    else if (isRequired) {
      check();
      present = program.add(present, 1);
    } else {
      const { isPresent } = program.ifNonzero<{ isPresent: Value }>(
        word,
        () => {
          check();
          return { isPresent: program.constant(1) };
        },
        () => ({ isPresent: program.constant(0) }),
      );
      present = program.add(present, isPresent);
    }
  }
  if (!system.tables.some(({ isRequired }) => isRequired)) program.assertNonzero(present);

  // The different heights, descending; at each, the tables that have it. As heights descend no table is met twice, and by the
  // count none is left out.
  // Open: the loops over the heights write a record each, and it is by their number that records are read; a table's entry is
  // written when it is met, read when it is present, and the counts are asserted to be equal.
  const records = program.open(program.freshRows(HEIGHT_ROWS * (slots + 1)));
  const entries = program.open(program.freshRows(blocksOf(SLOT_ENTRY.words * slots)));
  const count = program.hintValue(HINT.heightCount, []);
  const start: HeightState = {
    record: records,
    above: program.constant(greatest + 1),
    met: program.constant(0),
  };
  const end = program.repeat(count, start, ({ record, above, met }): HeightState => {
    const next = program.rowAfter(record, HEIGHT_ROWS);
    const logHeight = program.hintValue(HINT.nextHeight, [above]);
    const distance = program.subtract(above, logHeight);
    assertBits(program, program.subtract(distance, 1), DISTANCE_BITS, zeros);
    program.store(record, HEIGHT.distanceDown, distance);
    program.store(next, HEIGHT.distanceUp, distance);
    program.store(next, HEIGHT.logHeight, logHeight);
    const mark = program.add(logHeight, 1);
    let tally = program.addressOf(zeros);
    for (const [slot, word] of words.entries())
      tally = program.ifEqual<{ tally: Value }>(
        word,
        mark,
        () => ({ tally: placeTable(slot, tally, next) }),
        () => ({ tally }),
      ).tally;
    const tables = closeHeight(next, tally);
    program.assertNonzero(tables);
    return { record: next, above: logHeight, met: program.add(met, tables) };
  });
  program.assertEqual(end.met, present);
  const remaining = program.subtract(end.above, least);
  assertBits(program, remaining, DISTANCE_BITS, zeros);
  program.store(end.record, HEIGHT.distanceDown, remaining);

  /** Records where the table stands at its height, and yields the tally after it. */
  function placeTable(slot: number, before: Value, record: Row): Value {
    const after = program.freshRows(TALLY_ROWS);
    for (const { number, hasNext, matrices } of phases) {
      const matrix = matrices.find((each) => each.slot === slot);
      const nextBlocks = matrix === undefined ? 0 : nextBlocksOf(matrix);
      const otherBlocks = matrix === undefined ? 0 : blocksOf(matrix.columns) - nextBlocks;
      for (const [word, blocks] of [
        [2 * number, nextBlocks],
        [2 * number + 1, otherBlocks],
      ] as const) {
        if (word === 2 * number && !hasNext) continue;
        const counted = program.load(before, word);
        program.store(after, word, blocks === 0 ? counted : program.add(counted, blocks));
      }
    }
    const address = program.addressOf(after);
    program.store(entries, SLOT_ENTRY.words * slot + SLOT_ENTRY.before, before);
    program.store(entries, SLOT_ENTRY.words * slot + SLOT_ENTRY.after, address);
    program.store(entries, SLOT_ENTRY.words * slot + SLOT_ENTRY.record, program.addressOf(record));
    return address;
  }

  /**
   * Lays out the height's rows and weights: the trees' leaf rows one after the other, in each first the blocks opened at zeta * g
   * as well; behind the weights of them all, those at zeta * g. Returns the number of tables.
   */
  function closeHeight(record: Row, totals: Value): Value {
    const perPhase = phases.map(({ number, hasNext }) => ({
      number,
      hasNext,
      next: hasNext ? program.load(totals, 2 * number) : program.constant(0),
      other: program.load(totals, 2 * number + 1),
    }));
    const sum = (values: readonly Value[]): Value => values.reduce((total, each) => program.add(total, each));
    const leafBlocks = perPhase.map(({ hasNext, next, other }) =>
      hasNext ? program.add(next, other) : other,
    );
    const blocks = sum(leafBlocks);
    const weightRows = sum([blocks, ...perPhase.filter(({ hasNext }) => hasNext).map(({ next }) => next)]);
    program.store(record, HEIGHT.blocks, blocks);
    program.store(record, HEIGHT.totals, totals);
    // As if open: behind a computed length nothing is followed. That every weight is written is the duty of those who find it here.
    let address = program.addressOf(program.allocateRows(weightRows));
    const skip = (rows: Value): void => {
      address = program.add(address, program.multiply(rows, ROW_WORDS));
    };
    for (const [position, { number, hasNext, next, other }] of perPhase.entries()) {
      program.store(record, HEIGHT.leafBlocks + number, leafBlocks[position]!);
      if (hasNext) {
        program.store(record, HEIGHT.firstWeights + number, address);
        skip(next);
      }
      program.store(record, HEIGHT.otherWeights + number, address);
      skip(other);
    }
    for (const { number, hasNext, next } of perPhase) {
      if (!hasNext) continue;
      program.store(record, HEIGHT.nextWeights + number, address);
      skip(next);
    }
    // Every table has one quotient matrix, of as many blocks as any other.
    const quotient = perPhase.at(-1)!;
    const quotientBlocks = blocksOf(phases.at(-1)!.matrices[0]!.columns);
    return program.divide(quotient.other, quotientBlocks);
  }

  const entry = (slot: number, word: number): Value => program.load(entries, SLOT_ENTRY.words * slot + word);
  return {
    words,
    count,
    first: program.rowAfter(records, HEIGHT_ROWS),
    last: end.record,
    tallyBefore: (slot) => entry(slot, SLOT_ENTRY.before),
    tallyAfter: (slot) => entry(slot, SLOT_ENTRY.after),
    recordOf: (slot) => entry(slot, SLOT_ENTRY.record),
  };
}

type HeightState = { readonly record: Row; readonly above: Value; readonly met: Value };
