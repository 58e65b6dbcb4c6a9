/** Every constraint of the cpu, memory, range and ram tables is the first violation of some one-cell mutation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuAir } from '../../machine/cpu/air.ts';
import { memoryAir } from '../../machine/memory/air.ts';
import { programAir } from '../../machine/program/air.ts';
import { ramAir } from '../../machine/ram/air.ts';
import { rangeAir } from '../../machine/range/air.ts';
import { buildTraces, COLONNADE_MACHINE, checkTraces, run } from '../../machine/system.ts';
import type { TableAir } from '../../stark/air/air.ts';
import { endlessProgram, everythingHints, everythingProgram } from '../support/machinePrograms.ts';
import { assertEveryConstraintBites, type MutationSubject } from '../support/mutation.ts';
import { createRandom } from '../support/random.ts';

const SEED = 71;
const execution = run(everythingProgram, everythingHints);
const traces = buildTraces(everythingProgram, execution);

function subjectOf(table: TableAir): MutationSubject {
  const trace = traces[COLONNADE_MACHINE.tables.indexOf(table)];
  assert.ok(trace, `the run uses no ${table.name} table`);
  return { table, trace, statement: execution.statement };
}

/** The first 2^8 cycles of a run that never ends: only the last row's boundary forbids them. */
function endlessCpu(): MutationSubject {
  const cycles = 2 ** 8;
  const halted = run(everythingProgram, everythingHints);
  const jump = { ...endlessProgram, instructions: [{ ...endlessProgram.instructions[1]!, b: 0 }] };
  const trace = buildTraces(jump, {
    ...halted,
    pc: new Uint32Array(cycles),
    fp: new Uint32Array(cycles).fill(8),
  })[0];
  assert.ok(trace);
  return { table: cpuAir, trace };
}

test('the valid trace passes every constraint and bus', () => {
  assert.deepEqual(checkTraces(everythingProgram, traces, execution.statement), { ok: true });
});

test('every constraint of the cpu table bites', () => {
  assertEveryConstraintBites([subjectOf(cpuAir)], createRandom(SEED), { 'last pc': endlessCpu() });
});

test('every constraint of the memory table bites', () => {
  assertEveryConstraintBites([subjectOf(memoryAir)], createRandom(SEED));
});

test('every constraint of the range table bites', () => {
  assertEveryConstraintBites([subjectOf(rangeAir)], createRandom(SEED));
});

test('every constraint of the ram table bites', () => {
  assertEveryConstraintBites([subjectOf(ramAir)], createRandom(SEED));
});

test('the program table has no constraint: all but the multiplicity is preprocessed', () => {
  assert.deepEqual(programAir.constraints, []);
  assert.deepEqual(programAir.mainColumns, ['multiplicity']);
});
