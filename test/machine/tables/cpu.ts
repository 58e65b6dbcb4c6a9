/** What the cpu table is meant to admit. Source: machine/cpu/README.md. */
import { cpuAir } from '../../../machine/cpu/air.ts';
import { CPU_COLUMNS, type CpuColumn } from '../../../machine/cpu/columns.ts';
import { END_PC, FLAG_NAMES, INITIAL_CLK, INITIAL_FP } from '../../../machine/instruction.ts';
import { add, inverse, multiply, subtract } from '../../../stark/field/koalaBear.ts';
import { createRandom, type Random } from '../../support/random.ts';
import {
  booleanColumns,
  type DeclaredState,
  type Operation,
  type Outcome,
  type TableDeclaration,
} from '../../support/tableDeclaration.ts';

const SEED = 3_009;
const OPERAND_FLAGS = ['memA', 'fpA', 'memB', 'fpB', 'memC', 'fpC', 'memD', 'fpD'] as const;
const OPERATIONS = ['isAdd', 'isMul', 'isDeref', 'isJump', 'isCall'] as const;
type Flag = (typeof FLAG_NAMES)[number];

/** Every operation with every operand read anywhere, but for memB in a DEREF, which has an address of B already. */
function declareStates(): Record<string, DeclaredState> {
  const states: Record<string, DeclaredState> = {};
  for (const operation of OPERATIONS)
    for (let subset = 0; subset < 2 ** OPERAND_FLAGS.length; subset++) {
      const flags = OPERAND_FLAGS.filter((_, bit) => ((subset >> bit) & 1) === 1);
      const has = (flag: Flag): boolean => operation === flag || flags.some((each) => each === flag);
      if (has('memB') && has('isDeref')) continue;
      const uses = ['instruction'];
      if (has('memA')) uses.push('read A');
      if (has('memB') || has('isDeref')) uses.push('read B');
      if (has('memC')) uses.push('read C');
      if (has('memD')) uses.push('read D');
      if (has('isCall')) uses.push('call');
      states[[operation, ...flags].join(' ')] = { ones: [operation, ...flags], uses, followers: 'any' };
    }
  return states;
}

type Cycle = Record<CpuColumn, number>;

/** A cycle with these flags on random operands, the relation solved for C, or for B where C is no cell. */
function cycle(random: Random, flags: readonly Flag[], state: Pick<Cycle, 'pc' | 'fp' | 'clk'>): Cycle {
  const has = (flag: Flag): boolean => flags.includes(flag);
  const row = Object.fromEntries(CPU_COLUMNS.map((name) => [name, 0])) as Cycle;
  Object.assign(row, state);
  for (const flag of flags) row[flag] = 1;
  for (const name of ['a', 'b', 'c', 'd', 'tag'] as const) row[name] = random.word();
  const value = (field: number, isRead: boolean, isRelative: boolean): number =>
    isRead ? random.word() : add(field, isRelative ? row.fp : 0);
  row.valueA = value(row.a, has('memA'), has('fpA'));
  row.valueB = value(row.b, has('memB') || has('isDeref'), has('fpB'));
  row.valueC = value(row.c, has('memC'), has('fpC'));
  row.valueD = value(row.d, has('memD'), has('fpD'));
  if (has('memB')) row.addressB = add(row.fp, row.b);
  if (has('isDeref')) row.addressB = add(row.valueA, row.b);
  if (has('isAdd')) row.valueC = add(row.valueA, row.valueB);
  if (has('isMul')) row.valueC = multiply(row.valueA, row.valueB);
  if (has('isDeref')) row.valueC = row.valueB;
  if (!has('memC') && !has('isJump') && !has('isCall')) row.c = subtract(row.valueC, has('fpC') ? row.fp : 0);
  if (has('isJump')) {
    row.taken = 1;
    row.inverse = inverse(row.valueA);
  }
  return row;
}

const ADDRESSES = ['fpA', 'fpB', 'fpC', 'fpD'] as const;
const CALL_OF_ADDRESSES = ['isCall', ...ADDRESSES] as const;

function columnsOf(rows: readonly Cycle[]): Uint32Array[] {
  return CPU_COLUMNS.map((column) => Uint32Array.from(rows, (each) => each[column]));
}

/** The state after a cycle. */
function after(row: Cycle): Pick<Cycle, 'pc' | 'fp' | 'clk'> {
  const isTaken = row.taken === 1;
  return {
    pc: isTaken ? row.valueB : add(row.pc, 1),
    fp: isTaken ? row.valueC : row.fp,
    clk: add(row.clk, 1),
  };
}

/**
 * A cycle in the middle of a run. The one behind it, a call whose operands are addresses in the frame, belongs to the
 * operation, so that its pc, fp and clk are on a bus.
 */
function operation(
  name: string,
  flags: readonly Flag[],
  outcomes: readonly Outcome[],
  freedom: number,
  change: (row: Cycle) => void = () => undefined,
): Operation {
  const random = createRandom(SEED);
  const [pc, fp, clk] = random.words(3) as unknown as [number, number, number];
  const before = cycle(random, ['isAdd'], { pc, fp, clk });
  const row = cycle(random, flags, after(before));
  change(row);
  const behind = cycle(random, CALL_OF_ADDRESSES, after(row));
  const last = cycle(random, ['isAdd'], after(behind));
  // Neither the first row of the table nor its last one is near.
  const columns = columnsOf([last, before, row, behind, last, last]);
  return { name, columns, firstRow: 2, rows: 2, outcomes, freedom };
}

/** The first cycle of a run, and the one behind it; before it in the circle of rows stands the last one. */
function firstCycle(): Operation {
  const random = createRandom(SEED);
  const row = cycle(random, CALL_OF_ADDRESSES, { pc: 0, fp: INITIAL_FP, clk: INITIAL_CLK });
  const behind = cycle(random, CALL_OF_ADDRESSES, after(row));
  const next = cycle(random, ['isAdd'], after(behind));
  const last = cycle(random, ['isAdd'], { ...after(next), pc: END_PC });
  const columns = columnsOf([row, behind, next, last]);
  // a, b, c, d and tag of both.
  return { name: 'the first cycle', columns, firstRow: 0, rows: 2, outcomes: [], freedom: 5 + 5 };
}

function lastCycle(): Operation {
  const random = createRandom(SEED);
  const [pc, fp, clk] = random.words(3) as unknown as [number, number, number];
  const jump = cycle(random, ['isJump'], { pc, fp, clk });
  jump.b = END_PC;
  jump.valueB = END_PC;
  const row = cycle(random, CALL_OF_ADDRESSES, after(jump));
  const columns = columnsOf([row, jump, row]);
  // a, b, c, d, tag, fp and clk.
  return { name: 'the last cycle', columns, firstRow: 2, rows: 1, outcomes: [], freedom: 7 };
}

// Of the cycle behind: a, b, c, d, tag, and the clk of both; its pc and fp follow.
const BEHIND = 6;
// pc, fp, and the fields a, b, c, d and tag; the flags are the program's.
const FIELDS = 7;
const CELLS = ['memA', 'memB', 'memC', 'memD'] as const;
const nextState: readonly Outcome[] = [
  { row: 1, interaction: 'instruction', words: [0] },
  // Operands and clk.
  { row: 1, interaction: 'call', words: [1, 2, 3, 4] },
];
const outcomes: readonly Outcome[] = [{ row: 0, interaction: 'read C', words: [1] }, ...nextState];

function operations(): Operation[] {
  return [
    // Fields and the words of A, B and D.
    operation('ADD of cells', ['isAdd', ...CELLS], outcomes, FIELDS + 3 + BEHIND),
    operation('MUL of cells', ['isMul', ...CELLS], outcomes, FIELDS + 3 + BEHIND),
    operation('DEREF', ['isDeref', 'memA', 'memC', 'memD'], outcomes, FIELDS + 3 + BEHIND),
    // C is the sum of constants.
    operation('ADD of constants', ['isAdd', 'fpA', 'memC'], outcomes, FIELDS + BEHIND),
    // The word of A and field b, which make field c.
    operation('ADD that asserts', ['isAdd', 'memA'], nextState, FIELDS + BEHIND),
    operation('MUL of an address', ['isMul', 'memA', 'fpB', 'memC'], outcomes, FIELDS + 1 + BEHIND),
    // Field c follows from the others.
    operation('ADD of addresses', ['isAdd', ...ADDRESSES], nextState, FIELDS - 1 + BEHIND),
    operation('MUL of addresses', ['isMul', ...ADDRESSES], nextState, FIELDS - 1 + BEHIND),
    // The word of B, which makes field c.
    operation('DEREF of addresses', ['isDeref', ...ADDRESSES], nextState, FIELDS + BEHIND),
    // The word of D; without one, fp would be on no bus.
    operation('JUMP of addresses', ['isJump', ...ADDRESSES, 'memD'], nextState, FIELDS + 1 + BEHIND),
    // All four operands.
    operation('CALL of cells', ['isCall', ...CELLS], nextState, FIELDS + 4 + BEHIND),
    operation('CALL of addresses', CALL_OF_ADDRESSES, nextState, FIELDS + BEHIND),
    // fp is on no bus but the next cycle's.
    operation('CALL of constants', ['isCall'], nextState.slice(0, 1), FIELDS + BEHIND),
    operation('JUMP', ['isJump', ...CELLS], nextState, FIELDS + 4 + BEHIND),
    // A is 0.
    operation('JUMP that is not taken', ['isJump', ...CELLS], nextState, FIELDS + 3 + BEHIND, (row) =>
      Object.assign(row, { valueA: 0, taken: 0, inverse: 0 }),
    ),
    firstCycle(),
    lastCycle(),
  ];
}

const states = declareStates();
/** Names of the states in which one of the flags is 1. */
function statesWith(...flags: readonly Flag[]): string[] {
  return Object.keys(states).filter((name) => flags.some((flag) => states[name]!.ones.includes(flag)));
}
function statesWithout(...flags: readonly Flag[]): string[] {
  const others = statesWith(...flags);
  return Object.keys(states).filter((name) => !others.includes(name));
}

export const cpuDeclaration: TableDeclaration = {
  air: cpuAir,
  selectors: FLAG_NAMES,
  states,
  first: 'any',
  last: 'any',
  booleans: booleanColumns(FLAG_NAMES),
  degrees: {
    MUL: '2',
    'a JUMP with A not # is taken': '2',
    // On a jump.
    'nothing else is taken': '1 and 2',
    'next pc': '2',
    'next fp': '2',
  },
  speaks: {
    'A without memory': statesWithout('memA'),
    'B without memory': statesWithout('memB', 'isDeref'),
    'C without memory': statesWithout('memC'),
    'D without memory': statesWithout('memD'),
    'address of B at fp': statesWith('memB'),
    'address of B behind A': statesWith('isDeref'),
    ADD: statesWith('isAdd'),
    MUL: statesWith('isMul'),
    DEREF: statesWith('isDeref'),
    'a JUMP with A not # is taken': statesWith('isJump'),
    'nothing else is taken': Object.keys(states),
    'next pc': Object.keys(states),
    'next fp': Object.keys(states),
    'next clk': Object.keys(states),
  },
  alone: {
    'first pc': ['pc = 0'],
    'first fp': [`fp = ${INITIAL_FP}`],
    'first clk': [`clk = ${INITIAL_CLK}`],
    'last pc': [`pc = ${END_PC}`],
    'a JUMP with A not 0 is taken': ['taken = 1 or valueA = 0'],
    'nothing else is taken': ['taken = 0'],
  },
  operations,
  unseen: {},
};
