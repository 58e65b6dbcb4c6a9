/** Records of runs become columns: honest ones are accepted, forged ones are named, and none crashes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import type { CallLog } from '../../machine/callTable.ts';
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { buildTraces, COLONNADE_MACHINE, checkTraces, run } from '../../machine/system.ts';
import { decodeTrace, encodeTrace } from '../../machine/traceCodec.ts';
import type { TraceVerdict } from '../../stark/air/traceCheck.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { everythingHints, everythingProgram, pathHints, pathProgram } from '../support/machinePrograms.ts';
import { createRandom } from '../support/random.ts';

const honest = run(everythingProgram, everythingHints);

function copyOf(trace: ExecutionTrace): ExecutionTrace {
  return decodeTrace(encodeTrace(trace));
}

function verdictOf(trace: ExecutionTrace): TraceVerdict {
  return checkTraces(everythingProgram, buildTraces(everythingProgram, trace), trace.statement);
}

test('an uploaded record yields the columns of the run it records', () => {
  assert.deepEqual(buildTraces(everythingProgram, copyOf(honest)), buildTraces(everythingProgram, honest));
  assert.deepEqual(verdictOf(copyOf(honest)), { ok: true });
});

test('columns are the same with and without the states that the run left between the rows of its hash calls', () => {
  const program = buildProgram('hashes', (builder) => {
    const leaf = builder.hintRows('leaf', [], 1);
    const [index, depth] = builder.hint('place', [], 2);
    const node = builder.path(leaf, index, depth, { hint: 'siblings', inputs: [index, depth] });
    const blocks = builder.hintRows('siblings', [0, 3], 3);
    builder.chain(builder.chain(node, blocks, 3), blocks, 1, builder.statement);
  });
  const execution = run(program, pathHints);
  const { interiors, ...calls } = execution.calls;
  // Between 4 levels, between 3 blocks, none in a chain of one.
  assert.equal(interiors?.length, 8 * (3 + 2));
  const traces = buildTraces(program, execution);
  assert.deepEqual(buildTraces(program, { ...execution, calls }), traces);
  assert.deepEqual(checkTraces(program, traces, execution.statement), { ok: true });
  const shorter = { ...calls, interiors: interiors.subarray(8) };
  assert.throws(
    () => buildTraces(program, { ...execution, calls: shorter }),
    /BAD_TRACE.*interiors of another length, expected 40, got 32/,
  );
});

test('tables without rows are absent', () => {
  const present = buildTraces(everythingProgram, honest).map((trace, slot) =>
    trace ? COLONNADE_MACHINE.tables[slot]?.name : undefined,
  );
  const called = [undefined, undefined, undefined, 'ram', undefined];
  assert.deepEqual(present, ['cpu', 'program', 'memory', 'range', ...called]);
});

describe('records of the wrong shape', () => {
  const words = (count: number): Uint32Array => new Uint32Array(count);
  const calls = (changes: Partial<CallLog>): ExecutionTrace => ({
    ...honest,
    calls: { ...honest.calls, ...changes },
  });
  const cases: readonly [string, ExecutionTrace, RegExp][] = [
    ['no memory', { ...honest, memory: words(0) }, /no positive number of rows/],
    ['half a row', { ...honest, memory: honest.memory.slice(0, 12) }, /no positive number of rows/],
    ['no cycles', { ...honest, pc: words(0), fp: words(0) }, /do not cover the same cycles/],
    ['a missing fp', { ...honest, fp: honest.fp.slice(1) }, /do not cover the same cycles/],
    ['a long statement', { ...honest, statement: words(9) }, /the statement has another number/],
    ['a ragged call log', calls({ clk: words(1) }), /the call log is ragged/],
    ['an unknown tag', calls({ tag: honest.calls.tag.map(() => 99) }), /no table answers to a call, tag 99/],
    [
      'a witness that no call has',
      calls({ witness: words(8) }),
      /witnesses of another length, expected 0, got 8/,
    ],
    ['a word beyond p', { ...honest, memory: honest.memory.map(() => MODULUS) }, /not canonical/],
  ];
  for (const [name, trace, message] of cases)
    test(name, () => {
      assert.throws(
        () => buildTraces(everythingProgram, trace),
        (error) => error instanceof MachineError && error.code === 'BAD_TRACE' && message.test(error.message),
      );
    });
});

describe('records that no run leaves', () => {
  const cases: readonly [string, (trace: ExecutionTrace) => void, Partial<TraceVerdict>][] = [
    ['a pc outside of the program', ({ pc }) => pc.fill(5000, 9, 10), { table: 'cpu', row: 8 }],
    ['a cycle left out', ({ pc }) => pc.copyWithin(9, 10), { table: 'cpu', constraint: 'next pc' }],
    ['a run that does not start at 0', ({ pc }) => pc.fill(2, 0, 1), { constraint: 'first pc' }],
    ['a frame moved', ({ fp }) => fp.fill(800, 12, 13), { constraint: 'next fp' }],
    ['another statement', ({ statement }) => statement.fill(1, 0, 1), { constraint: 'statement word 0' }],
    ['a call with another value', ({ calls }) => calls.c.fill(1, 3, 4), { table: 'ram' }],
    ['a call to another cell', ({ calls }) => calls.b.fill(1, 3, 4), { table: 'ram' }],
    ['a call at another time', ({ calls }) => calls.clk.fill(3, 3, 4), { kind: 'bus' }],
    ['a call of another kind', ({ calls }) => calls.tag.fill(24, 3, 4), { kind: 'bus' }],
  ];
  for (const [name, forge, expected] of cases)
    test(name, () => {
      const trace = copyOf(honest);
      forge(trace);
      const verdict = verdictOf(trace);
      assert.equal(verdict.ok, false);
      for (const [field, value] of Object.entries(expected))
        assert.equal(
          Object.entries(verdict).find(([each]) => each === field)?.[1],
          value,
          JSON.stringify(verdict),
        );
    });

  test('a memory image cut short', () => {
    assert.equal(verdictOf({ ...honest, memory: honest.memory.slice(0, 16) }).ok, false);
  });
});

describe('records with witnesses', () => {
  const path = run(pathProgram, pathHints);
  const verdict = (trace: ExecutionTrace): TraceVerdict =>
    checkTraces(pathProgram, buildTraces(pathProgram, trace), trace.statement);

  test('the honest one is accepted, one that leaves the tree is not', () => {
    assert.deepEqual(verdict(copyOf(path)), { ok: true });
    for (let word = 0; word < path.calls.witness.length; word += 5) {
      const trace = copyOf(path);
      trace.calls.witness[word]!++;
      const found = verdict(trace);
      assert.ok(!found.ok && found.kind === 'bus', `word ${word}`);
    }
  });

  test('R58: an index that does not fit the path', () => {
    for (const index of [0b1_0110, MODULUS - 1]) {
      const trace = copyOf(path);
      trace.calls.b[0] = index;
      const found = verdict(trace);
      assert.ok(!found.ok && found.kind === 'constraint');
      assert.equal(found.constraint, 'last level');
    }
  });

  test('another number of levels than siblings', () => {
    for (const levels of [0, 3, 5, 2 ** 30, MODULUS - 1]) {
      const trace = copyOf(path);
      trace.calls.d[0] = levels;
      assert.throws(
        () => buildTraces(pathProgram, trace),
        (error) => error instanceof MachineError && /witnesses of another length/.test(error.message),
      );
    }
  });
});

/** Operand D is left out: the ram table, whose calls these are, has the constant 0 in its place. */
test('random changes of a record are found or change nothing that is looked up', () => {
  const random = createRandom(909);
  const multiplicities = buildTraces(everythingProgram, honest)[2]?.columns.slice(9, 17) ?? [];
  for (let round = 0; round < 250; round++) {
    const trace = copyOf(honest);
    const { calls, memory } = trace;
    const targets = [memory, trace.pc, trace.fp, trace.statement, calls.a, calls.b, calls.c, calls.clk];
    const target = targets[random.below(targets.length)]!;
    const index = random.below(target.length);
    const before = target[index]!;
    target[index] = [random.word(), random.below(64), before + 1][random.below(3)]!;
    if (target[index] === before) continue;
    const isUnused =
      target === memory && index >= 8 && multiplicities[index % 8]?.[Math.floor(index / 8)] === 0;
    let isAccepted: boolean;
    try {
      isAccepted = verdictOf(trace).ok;
    } catch (error) {
      assert.ok(error instanceof MachineError, `round ${round}: ${error}`);
      isAccepted = false;
    }
    assert.equal(isAccepted, isUnused, `round ${round}: word ${index} of part ${targets.indexOf(target)}`);
  }
});
