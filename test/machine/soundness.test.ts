/**
 * Cheating provers against the cpu, program, memory, range and ram tables. Each test builds the forged columns next to a
 * control that passes and asserts what the trace checker names. Numbers are those of the list of attacks.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import { BUS } from '../../machine/buses.ts';
import { INITIAL_FP, TAG } from '../../machine/instruction.ts';
import type { HintFunctions, Program } from '../../machine/program.ts';
import { ramTable } from '../../machine/ram/table.ts';
import { buildTraces, COLONNADE_MACHINE, checkTraces, run } from '../../machine/system.ts';
import type { Interaction, TableAir, TableTrace } from '../../stark/air/air.ts';
import { defineSystem, defineTable } from '../../stark/air/builder.ts';
import { createRowEvaluator, traceSelectors } from '../../stark/air/rowEvaluator.ts';
import type { TraceVerdict } from '../../stark/air/traceCheck.ts';
import { inverse, MODULUS, subtract } from '../../stark/field/koalaBear.ts';
import { traceCalls } from '../support/callTable.ts';
import { everythingHints, everythingProgram } from '../support/machinePrograms.ts';

type Name = 'cpu' | 'program' | 'memory' | 'range' | 'ram';

/** The columns of a run, to be changed in place. */
interface Forgery {
  readonly statement: Uint32Array;
  column(table: Name, column: string): Uint32Array;
  rows(table: Name): number;
  /** The first row on which all these columns have these values. */
  find(table: Name, wanted: Readonly<Record<string, number>>): number;
  replace(table: Name, trace: TableTrace | undefined): void;
  /** Writes the multiplicities that a prover would: counts the range look-ups of all rows, as far as the range table has the values. */
  recountRange(): void;
  check(): TraceVerdict;
}

function slotOf(table: Name): number {
  return COLONNADE_MACHINE.tables.findIndex(({ name }) => name === table);
}

function forge(program: Program = everythingProgram, hints: HintFunctions = everythingHints): Forgery {
  const execution = run(program, hints);
  const traces = buildTraces(program, execution);
  const statement = execution.statement.slice();
  function airOf(table: Name): TableAir {
    return COLONNADE_MACHINE.tables[slotOf(table)]!;
  }
  function column(table: Name, name: string): Uint32Array {
    const position = airOf(table).mainColumns.indexOf(name);
    assert.ok(position >= 0, `${table} has no column ${name}`);
    return traces[slotOf(table)]!.columns[position]!;
  }
  return {
    statement,
    column,
    rows: (table) => 2 ** traces[slotOf(table)]!.logHeight,
    find(table, wanted) {
      const entries = Object.entries(wanted).map(([name, value]) => [column(table, name), value] as const);
      const row = column(table, airOf(table).mainColumns[0]!).findIndex((_, index) =>
        entries.every(([words, value]) => words[index] === value),
      );
      assert.ok(row >= 0, `${table} has no row with ${JSON.stringify(wanted)}`);
      return row;
    },
    replace(table, trace) {
      traces[slotOf(table)] = trace;
    },
    recountRange() {
      const counts = column('range', 'multiplicity').fill(0);
      for (const [slot, air] of COLONNADE_MACHINE.tables.entries()) {
        const trace = traces[slot];
        const lookUps = air.interactions.filter(({ bus, weight }) => bus === BUS.RANGE && weight === 1);
        if (trace !== undefined && lookUps.length > 0) countLookUps(air, trace, lookUps, counts);
      }
    },
    check: () => checkTraces(program, traces, statement),
  };
}

function countLookUps(
  { graph }: TableAir,
  { logHeight, columns }: TableTrace,
  lookUps: readonly Interaction[],
  counts: Uint32Array,
): void {
  const evaluator = createRowEvaluator(graph, {
    rows: 2 ** logHeight,
    main: columns,
    preprocessed: [],
    nextStep: 1,
    publicWords: new Uint32Array(8),
    selector: traceSelectors(logHeight),
  });
  for (let start = 0; start < 2 ** logHeight; start += evaluator.blockRows) {
    const height = evaluator.evaluate(start);
    for (const { multiplicity, values } of lookUps)
      for (let row = 0; row < height; row++) {
        const value = evaluator.values(values[0]!)[row]!;
        if (value < counts.length) counts[value]! += evaluator.values(multiplicity)[row]!;
      }
  }
}

function assertConstraint(verdict: TraceVerdict, table: Name, constraint: string): void {
  assert.ok(!verdict.ok && verdict.kind === 'constraint', JSON.stringify(verdict));
  assert.deepEqual([verdict.table, verdict.constraint], [table, constraint]);
}

function assertBus(verdict: TraceVerdict, bus: keyof typeof BUS): void {
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict));
  assert.equal(verdict.bus, bus.toLowerCase());
}

test('control: the unchanged run passes', () => {
  assert.deepEqual(forge().check(), { ok: true });
});

describe('buses', () => {
  test('L34: even at the greatest heights no bus counts up to p', () => {
    for (const [id, { name }] of COLONNADE_MACHINE.buses.entries()) {
      let count = 0;
      for (const { interactions, maximumLogHeight } of COLONNADE_MACHINE.tables)
        for (const { bus, weight } of interactions) if (bus === id) count += weight * 2 ** maximumLogHeight;
      assert.ok(count < MODULUS, `${name} counts up to ${count}`);
    }
  });

  test('L34: a multiplicity that is no boolean on a counted interaction', () => {
    const forged = forge();
    const row = forged.find('ram', { isRead: 1 });
    forged.column('ram', 'isRead')[row] = MODULUS - 1;
    assertConstraint(forged.check(), 'ram', 'isRead is boolean');
  });

  test('L35: a tuple of another width than its bus', () => {
    const narrow = defineTable(
      {
        name: 'narrow',
        main: ['value'],
        preprocessed: [],
        minimumLogHeight: 2,
        maximumLogHeight: 2,
        isRequired: true,
        expansion: 'none',
      },
      ({ main, interact }) =>
        interact({ label: 'send', bus: BUS.WORD, multiplicity: 1, values: [main.value], weight: 1 }),
    );
    assert.throws(
      () => defineSystem({ ...COLONNADE_MACHINE, tables: [...COLONNADE_MACHINE.tables, narrow] }),
      /another number of values than its bus/,
    );
  });

  test('L36: one bus too few made good by another one too many', () => {
    const forged = forge();
    const [words, rows] = [
      forged.column('memory', 'wordMultiplicity0'),
      forged.column('memory', 'rowMultiplicity'),
    ];
    const row = words.findIndex((count) => count > 0);
    words[row]!--;
    rows[row]!++;
    assertBus(forged.check(), 'WORD');
  });

  test('L38: a padding row of ram that is on no bus may hold anything, and a kind set on it may not', () => {
    const padding = (forged: Forgery) => forged.rows('ram') - 1;
    const inert = forge();
    for (const name of ['segment', 'index', 'value', 'clk', 'previousValue', 'previousClk', 'low', 'high'])
      inert.column('ram', name)[padding(inert)] = 12345;
    assert.deepEqual(inert.check(), { ok: true });
    for (const kind of ['isRead', 'isWrite', 'isFinalise']) {
      const forged = forge();
      forged.column('ram', kind)[padding(forged)] = 1;
      assertConstraint(forged.check(), 'ram', 'the clock moves on');
    }
    const forged = forge();
    forged.column('ram', 'isInitialise')[padding(forged)] = 1;
    assertBus(forged.check(), 'CALL');
  });

  test('L38: an END row that reads memory', () => {
    const forged = forge();
    forged.column('cpu', 'memA')[forged.rows('cpu') - 1] = 1;
    assertBus(forged.check(), 'PROGRAM');
  });

  test('L39: multiplicities of -1 and of a fraction in tables that are looked up', () => {
    for (const value of [MODULUS - 1, inverse(2)]) {
      for (const [table, column, bus] of [
        ['range', 'multiplicity', 'RANGE'],
        ['memory', 'wordMultiplicity3', 'WORD'],
        ['memory', 'rowMultiplicity', 'ROW'],
        ['program', 'multiplicity', 'PROGRAM'],
      ] as const) {
        const forged = forge();
        forged.column(table, column)[200] = value;
        assertBus(forged.check(), bus);
      }
    }
  });

  test('L39: a range table that is too short, too tall, starts late or skips a value', () => {
    const shape = (logHeight: number): TraceVerdict => {
      const forged = forge();
      const height = 2 ** logHeight;
      forged.replace('range', {
        logHeight,
        columns: [Uint32Array.from({ length: height }, (_, value) => value), new Uint32Array(height)],
      });
      return forged.check();
    };
    for (const logHeight of [15, 17])
      assert.deepEqual(shape(logHeight), {
        ok: false,
        kind: 'shape',
        table: 'range',
        reason: `log height ${logHeight} is not in 16..16`,
      });
    const late = forge();
    const values = late.column('range', 'value');
    values.forEach((value, row) => {
      values[row] = value + 1;
    });
    assertConstraint(late.check(), 'range', 'first value');
    const skipping = forge();
    skipping.column('range', 'value')[2 ** 16 - 1] = 2 ** 16;
    assertConstraint(skipping.check(), 'range', 'next value');
    const absent = forge();
    absent.replace('range', undefined);
    assertBus(absent.check(), 'RANGE');
  });
});

describe('write-once memory', () => {
  test('L41: two values at one address', () => {
    const forged = forge();
    const row = forged.find('cpu', { isAdd: 1, memA: 0, memC: 1 });
    const changed = forged.column('cpu', 'valueC')[row]! + 1;
    forged.column('cpu', 'valueC')[row] = changed;
    forged.column('cpu', 'valueA')[row]! += 1;
    forged.column('cpu', 'a')[row]! += 1;
    assertBus(forged.check(), 'PROGRAM');

    const second = forge();
    const copy = second.find('cpu', { isDeref: 1, memC: 1 });
    second.column('cpu', 'valueB')[copy]! += 1;
    second.column('cpu', 'valueC')[copy]! += 1;
    assertBus(second.check(), 'WORD');
  });

  test('L41: a row that stands twice, a gap, and row indices that do not start at 0', () => {
    for (const [row, value, constraint] of [
      [9, 8, 'next row index'],
      [255, 256, 'next row index'],
      [0, 1, 'first row index'],
    ] as const) {
      const forged = forge();
      forged.column('memory', 'rowIndex')[row] = value;
      assertConstraint(forged.check(), 'memory', constraint);
    }
  });

  test('L41: an address that wraps around p', () => {
    for (const { name, maximumLogHeight } of COLONNADE_MACHINE.tables)
      if (name === 'memory') assert.ok(8 * 2 ** maximumLogHeight < MODULUS);
    for (let word = 1; word < 8; word++) {
      const smallest = ((8 - word) * MODULUS + word) / 8;
      assert.ok(Number.isInteger(smallest) && smallest > 2 ** 24, `pointer 8r + ${word}`);
    }
  });

  test('L43: an instruction that reads and writes one cell with two values', () => {
    const contradiction = buildProgram('contradiction', (program) => {
      const [cell] = program.hint('cell', [], 1);
      program.assertEqual(program.add(cell!, 0), program.add(cell!, 1));
    });
    assert.throws(() => run(contradiction, { cell: () => [3] }), /RELATION_FAILED/);
    const forged = forge();
    const row = forged.find('cpu', { isMul: 1, memA: 1, memB: 1, a: 2, b: 2 });
    forged.column('cpu', 'valueA')[row] = 1;
    forged.column('cpu', 'valueB')[row] = forged.column('cpu', 'valueC')[row]!;
    assertBus(forged.check(), 'WORD');
  });

  test('L41: the statement is row 0', () => {
    const forged = forge();
    forged.statement[1] = subtract(forged.statement[1]!, 1);
    assertConstraint(forged.check(), 'memory', 'statement word 1');
  });
});

describe('read-write memory', () => {
  test('L41: a cell initialised twice, used before, finalised twice or used afterwards is refused by the executor', () => {
    const refused = (use: Parameters<typeof buildProgram>[1], reason: RegExp): void => {
      assert.throws(() => run(buildProgram('misuse', use)), reason);
    };
    refused((program) => {
      program.ramInitialise(1, 2, 3);
      program.ramInitialise(1, 2, 3);
    }, /CALL_FAILED.*initialised a second time.*soundness.test.ts/);
    refused((program) => void program.ramRead(1, 2), /CALL_FAILED.*never initialised/);
    refused((program) => {
      program.ramInitialise(1, 2, 3);
      program.ramFinalise(1, 2);
      program.ramFinalise(1, 2);
    }, /CALL_FAILED.*finalised already/);
    refused((program) => {
      program.ramInitialise(1, 2, 3);
      program.ramFinalise(1, 2);
      program.ramWrite(1, 2, 4);
    }, /CALL_FAILED.*finalised already/);
  });

  test('L41: a second initialisation that the program does not make', () => {
    const forged = forge();
    const row = forged.rows('ram') - 1;
    const first = forged.find('ram', { isInitialise: 1 });
    for (const name of ['isInitialise', 'segment', 'index', 'value', 'clk'])
      forged.column('ram', name)[row] = forged.column('ram', name)[first]!;
    assertBus(forged.check(), 'CALL');
  });

  test('L41: a cell that the program initialises twice has two histories, which the constraints and buses cannot tell', () => {
    const [segment, index] = [3, 4];
    // Initialised with 10 and with 20, read twice, finalised twice.
    const [clk, value] = [
      [1, 2, 3, 4, 5, 6],
      [10, 20, 10, 20, 10, 20],
    ];
    const { RAM_INITIALISE, RAM_READ, RAM_FINALISE } = TAG;
    const tag = [RAM_INITIALISE, RAM_INITIALISE, RAM_READ, RAM_READ, RAM_FINALISE, RAM_FINALISE];
    const log = {
      count: tag.length,
      tag: Uint32Array.from(tag),
      a: new Uint32Array(tag.length).fill(segment),
      b: new Uint32Array(tag.length).fill(index),
      c: Uint32Array.from(value),
      d: new Uint32Array(tag.length),
      clk: Uint32Array.from(clk),
      witness: new Uint32Array(0),
    };
    const { trace, check } = traceCalls(ramTable, log, new Uint32Array(8));
    // The generator follows one history.
    assertConstraint(check(), 'ram', 'the value stays');
    const columns = trace.columns.map((column) => column.slice());
    for (let row = 2; row < tag.length; row++)
      for (const [name, word] of Object.entries({
        previousValue: value[row - 2]!,
        previousClk: clk[row - 2]!,
        low: 1,
        high: 0,
      }))
        columns[ramTable.air.mainColumns.indexOf(name)]![row] = word;
    // A program must not make such calls: nothing but its duty forbids them.
    assert.deepEqual(check(columns), { ok: true });
  });

  test('L41: a history that skips a write', () => {
    const forged = forge();
    const write = forged.find('ram', { isWrite: 1, value: 6 });
    const next = forged.column('ram', 'previousClk').indexOf(forged.column('ram', 'clk')[write]!);
    for (const name of ['previousValue', 'previousClk'])
      forged.column('ram', name)[next] = forged.column('ram', name)[write]!;
    forged.column('ram', 'low')[next] =
      forged.column('ram', 'clk')[next]! - forged.column('ram', 'previousClk')[next]! - 1;
    assertConstraint(forged.check(), 'ram', 'the value stays');
    forged.column('ram', 'value')[next] = forged.column('ram', 'previousValue')[next]!;
    forged.recountRange();
    assertBus(forged.check(), 'CALL');
  });

  /** The cell of a program that writes, reads and writes again: the read is handed the value of the later write. */
  test('L42: a read that takes a value from the future', () => {
    const timeTravel = buildProgram('time travel', (program) => {
      program.ramInitialise(0, 0, 1);
      program.ramWrite(0, 0, program.ramRead(0, 0));
      program.ramFinalise(0, 0);
    });
    const build = (): Forgery => forge(timeTravel, {});
    assert.deepEqual(build().check(), { ok: true });
    const forged = build();
    const [read, write] = [forged.find('ram', { isRead: 1 }), forged.find('ram', { isWrite: 1 })];
    const clk = forged.column('ram', 'clk');
    const setPrevious = (row: number, previous: number): void => {
      forged.column('ram', 'previousClk')[row] = previous;
      const distance = subtract(subtract(clk[row]!, previous), 1);
      forged.column('ram', 'low')[row] = distance & 0xffff;
      forged.column('ram', 'high')[row] = distance >>> 16;
    };
    // The write takes the initialisation, the read takes the write, the finalisation takes the read.
    const finalise = forged.find('ram', { isFinalise: 1 });
    setPrevious(write, clk[forged.find('ram', { isInitialise: 1 })]!);
    setPrevious(read, clk[write]!);
    setPrevious(finalise, clk[read]!);
    forged.recountRange();
    assertBus(forged.check(), 'RANGE');
  });

  test('L42: clocks that do not start at 1 or do not move by 1', () => {
    const early = forge();
    early.column('cpu', 'clk')[0] = 0;
    assertConstraint(early.check(), 'cpu', 'first clk');
    const jumping = forge();
    const clk = jumping.column('cpu', 'clk');
    clk.forEach((value, row) => {
      if (row >= 20) clk[row] = value + 5;
    });
    assertConstraint(jumping.check(), 'cpu', 'next clk');
  });

  test('A48: a limb of the clock difference past its range', () => {
    const forged = forge();
    const row = forged.find('ram', { isRead: 1, high: 0 });
    forged.column('ram', 'low')[row] = subtract(forged.column('ram', 'low')[row]!, 2 ** 16);
    forged.column('ram', 'high')[row] = 1;
    assertBus(forged.check(), 'RANGE');
  });

  test('A48: a clock difference of 2^24 or more, both limbs in range', () => {
    const verdict = (distance: number): TraceVerdict => {
      const log = {
        count: 2,
        tag: Uint32Array.of(TAG.RAM_INITIALISE, TAG.RAM_FINALISE),
        a: new Uint32Array(2),
        b: new Uint32Array(2),
        c: new Uint32Array(2),
        d: new Uint32Array(2),
        clk: Uint32Array.of(1, 1 + distance),
        witness: new Uint32Array(0),
      };
      const { trace, check } = traceCalls(ramTable, log, new Uint32Array(8));
      // low and high are what the generator makes of the distance; the counts are those of the table's own look-ups.
      const high = trace.columns[ramTable.air.mainColumns.indexOf('high')]!;
      assert.equal(high[1], (distance - 1) >>> 16);
      return check(trace.columns);
    };
    assert.deepEqual(verdict(2 ** 24), { ok: true });
    // high = 2^8 is in the range table, 2^8 * high is not.
    assertBus(verdict(2 ** 24 + 1), 'RANGE');
  });
});

describe('the cpu', () => {
  const add = (forged: Forgery): number => forged.find('cpu', { isAdd: 1 });

  test('A44: an operation flag that is no boolean, two operations, and none', () => {
    const half = forge();
    half.column('cpu', 'isAdd')[add(half)] = inverse(2);
    half.column('cpu', 'isMul')[add(half)] = inverse(2);
    assertConstraint(half.check(), 'cpu', 'isAdd is boolean');
    const two = forge();
    two.column('cpu', 'isMul')[add(two)] = 1;
    assertConstraint(two.check(), 'cpu', 'one operation');
    const none = forge();
    none.column('cpu', 'isAdd')[add(none)] = 0;
    assertConstraint(none.check(), 'cpu', 'one operation');
  });

  test('A44: another operation than the program says', () => {
    const forged = forge();
    const row = forged.find('cpu', { isCall: 1 });
    forged.column('cpu', 'isCall')[row] = 0;
    forged.column('cpu', 'isAdd')[row] = 1;
    assert.equal(forged.check().ok, false);
    const jump = forge();
    const taken = jump.find('cpu', { isJump: 1, taken: 1 });
    jump.column('cpu', 'taken')[taken] = 0;
    assertConstraint(jump.check(), 'cpu', 'a JUMP with A not 0 is taken');
  });

  test('A44: an instruction of the padding of the program table', () => {
    const forged = forge();
    const length = everythingProgram.instructions.length;
    const row = forged.rows('cpu') - 2;
    for (const name of [
      'pc',
      'a',
      'b',
      'c',
      'fpC',
      'isJump',
      'valueA',
      'valueB',
      'valueC',
      'taken',
      'inverse',
    ])
      forged.column('cpu', name)[row] = name === 'pc' ? length : 0;
    const before = row - 1;
    forged.column('cpu', 'valueB')[before] = length;
    forged.column('cpu', 'b')[before] = length;
    assertConstraint(forged.check(), 'cpu', 'one operation');
  });

  test('A44: an operand D that is not the word in memory, and one that the program does not read there', () => {
    const chained = buildProgram('chained', (program) => {
      const rows = program.hintRows('rows', [], 3);
      program.chain(rows, program.rowAfter(rows, 1), program.hintValue('count', []));
    });
    const build = (): Forgery => forge(chained, { rows: () => new Uint32Array(24), count: () => [2] });
    assert.deepEqual(build().check(), { ok: true });
    const other = build();
    const row = other.find('cpu', { isCall: 1, memD: 1, valueD: 2 });
    other.column('cpu', 'valueD')[row] = 1;
    assertBus(other.check(), 'WORD');
    const unread = build();
    unread.column('cpu', 'memD')[row] = 0;
    assertConstraint(unread.check(), 'cpu', 'D without memory');
    unread.column('cpu', 'd')[row] = 2;
    assertBus(unread.check(), 'PROGRAM');
  });

  test('A45: tables of one, two or too few rows', () => {
    for (const table of ['cpu', 'program', 'memory', 'ram'] as const)
      for (const logHeight of [0, 1, 7]) {
        const forged = forge();
        const { mainColumns } = COLONNADE_MACHINE.tables[slotOf(table)]!;
        forged.replace(table, {
          logHeight,
          columns: mainColumns.map(() => new Uint32Array(2 ** logHeight)),
        });
        assert.deepEqual(forged.check(), {
          ok: false,
          kind: 'shape',
          table,
          reason: `log height ${logHeight} is not in 8..22`,
        });
      }
    for (const table of ['cpu', 'program', 'memory'] as const) {
      const forged = forge();
      forged.replace(table, undefined);
      assert.deepEqual(forged.check(), {
        ok: false,
        kind: 'shape',
        table,
        reason: 'a required table is absent',
      });
    }
  });

  test('A45: a run that starts or ends in the middle', () => {
    const fp = forge();
    const columns = fp.column('cpu', 'fp');
    columns[0] = INITIAL_FP + 8;
    assertConstraint(fp.check(), 'cpu', 'first fp');
    const start = forge();
    start.column('cpu', 'pc')[0] = 2;
    assertConstraint(start.check(), 'cpu', 'first pc');
  });

  test('A46: another next pc or fp after instructions that cannot change them', () => {
    for (const flag of ['isAdd', 'isMul', 'isDeref', 'isCall']) {
      const pc = forge();
      const row = pc.find('cpu', { [flag]: 1 });
      pc.column('cpu', 'pc')[row + 1]! += 1;
      assertConstraint(pc.check(), 'cpu', 'next pc');
      const fp = forge();
      fp.column('cpu', 'fp')[row + 1]! += 8;
      assertConstraint(fp.check(), 'cpu', 'next fp');
      const taken = forge();
      taken.column('cpu', 'taken')[row] = 1;
      assertConstraint(taken.check(), 'cpu', 'nothing else is taken');
    }
    const untaken = forge();
    const jump = untaken.find('cpu', { isJump: 1, valueA: 0 });
    untaken.column('cpu', 'taken')[jump] = 1;
    assertConstraint(untaken.check(), 'cpu', 'nothing else is taken');
  });

  test('A49: a division by zero has no quotient', () => {
    const division = buildProgram('division', (program) => {
      const [zero, five] = program.hint('operands', [], 2);
      program.divide(five!, zero!);
    });
    for (const dividend of [5, 0])
      assert.throws(
        () => run(division, { operands: () => [0, dividend] }),
        /DIVISION_BY_ZERO.*soundness.test.ts/,
      );
    const inverseOfZero = buildProgram('inverse of zero', (program) => {
      const [zero] = program.hint('operands', [], 1);
      program.assertNonzero(zero!);
    });
    const forged = forge(inverseOfZero, { operands: () => [1] });
    const row = forged.find('cpu', { isMul: 1 });
    forged.column('cpu', 'valueA')[row] = 0;
    assertConstraint(forged.check(), 'cpu', 'MUL');
  });
});

/**
 * Every cell of an active row is bound: changing it is a violation, unless the column is unused on that row for one of the
 * reasons given here.
 */
describe('A47: columns that only a bus sees', () => {
  const unused: Readonly<Record<string, (forged: Forgery, row: number) => boolean>> = {
    'cpu addressB': (forged, row) =>
      forged.column('cpu', 'memB')[row] === 0 && forged.column('cpu', 'isDeref')[row] === 0,
    'cpu inverse': (forged, row) =>
      forged.column('cpu', 'isJump')[row] === 0 || forged.column('cpu', 'valueA')[row] === 0,
    'ram previousValue': (forged, row) => forged.column('ram', 'isInitialise')[row] === 1,
    'ram previousClk': (forged, row) => forged.column('ram', 'isInitialise')[row] === 1,
    'ram low': (forged, row) => forged.column('ram', 'isInitialise')[row] === 1,
    'ram high': (forged, row) => forged.column('ram', 'isInitialise')[row] === 1,
  };
  const activeRows: Readonly<Record<Name, number>> = { cpu: 60, ram: 16, memory: 1, program: 40, range: 1 };

  for (const table of ['cpu', 'ram', 'memory', 'program'] as const)
    test(`A47: every column of ${table}`, () => {
      const { mainColumns } = COLONNADE_MACHINE.tables[slotOf(table)]!;
      const forged = forge();
      for (const name of mainColumns)
        for (let row = 0; row < activeRows[table]; row += table === 'cpu' ? 7 : 1) {
          const words = forged.column(table, name);
          const before = words[row]!;
          words[row] = (before + 1) % MODULUS;
          const verdict = forged.check();
          words[row] = before;
          const isFree = unused[`${table} ${name}`]?.(forged, row) ?? false;
          assert.equal(verdict.ok, isFree, `${table} ${name} row ${row}`);
        }
    });
});
