/** Runs and uploaded runs become columns; a wrong upload is named, and none crashes or hangs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { TAG } from '../../machine/instruction.ts';
import { buildTraces, COLONNADE_MACHINE, run } from '../../machine/system.ts';
import { encodeTrace } from '../../machine/traceCodec.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { verifyingKeyOf } from '../../server/keys.ts';
import type { ServedProgram } from '../../server/programs.ts';
import { tableCells } from '../../server/tracer/cells.ts';
import { traceTask } from '../../server/tracer/tracer.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { LEAF } from '../../stark/profile.ts';
import { COLUMN_PROGRAM, columnOf, runColumn, transferOf } from '../support/column.ts';
import { pathHints, pathProgram } from '../support/machinePrograms.ts';
import { createRandom } from '../support/random.ts';

/** States a digest of a sum; uses the hash, word and ram tables. */
const program = buildProgram('sum', (builder) => {
  const [left, right] = builder.hint('inputs', [], 2);
  assert.ok(left && right);
  builder.ramInitialise(0, 5, left);
  builder.ramWrite(0, 5, builder.add(builder.ramRead(0, 5), right));
  builder.wordAdd(builder.wordConstant(5n), builder.wordConstant(7n));
  const blocks = builder.row([builder.ramFinalise(0, 5)]);
  builder.chain(builder.row([1]), blocks, 1, builder.statement);
});

const served: ServedProgram = {
  name: 'sum',
  description: 'The sum of two numbers.',
  parseInputs: (json) => json,
  statementOf: () => new Uint32Array(8),
  program: () => program,
  hintsOf: (inputs) => {
    const { left, right } = inputs as { left: number; right: number };
    return { inputs: () => [left, right] };
  },
};
const programs = new Map([[served.name, served]]);
const honest = (): ExecutionTrace => run(program, served.hintsOf({ left: 1, right: 2 }));
const requestOf = (inputs: object): Uint8Array =>
  Buffer.from(JSON.stringify({ program: 'sum', profile: 'leaf', inputs }));
const traceBytes = (bytes: Uint8Array): ReturnType<typeof traceTask> =>
  traceTask(programs, { program: 'sum', input: { kind: 'trace', bytes } });
const traceOf = (execution: ExecutionTrace): ReturnType<typeof traceTask> =>
  traceBytes(encodeTrace(execution));

describe('tracer', () => {
  it('gives the same columns for inputs and for the run that they lead to', () => {
    const fromInputs = traceTask(programs, {
      program: 'sum',
      input: { kind: 'inputs', json: requestOf({ left: 1, right: 2 }) },
    });
    const fromTrace = traceOf(honest());
    assert.ok(fromInputs.ok && fromTrace.ok, JSON.stringify(fromTrace));
    assert.deepEqual(fromTrace.traces, fromInputs.traces);
    assert.deepEqual(fromTrace.statement, fromInputs.statement);
    assert.equal(fromTrace.cycles, fromInputs.cycles);
    assert.deepEqual(
      fromTrace.stages.map(({ name }) => name),
      ['execute', 'trace', 'check'],
    );
  });

  it('refuses inputs that the program cannot run with', () => {
    const traced = traceTask(programs, {
      program: 'sum',
      input: { kind: 'inputs', json: requestOf({ left: MODULUS, right: 0 }) },
    });
    assert.ok(!traced.ok);
    assert.equal(traced.code, 'INPUTS_REFUSED');
    assert.equal(traced.details['machineError'], 'HINT_FAILED');
  });

  it('names table, row and constraint', () => {
    const execution = honest();
    execution.pc[3] = 7;
    const traced = traceOf(execution);
    assert.ok(!traced.ok);
    assert.equal(traced.code, 'TRACE_INVALID');
    const { table, row, constraint } = traced.details;
    assert.deepEqual([table, row, constraint], ['cpu', 2, 'next pc']);
  });

  it('names the bus and where a tuple comes from', () => {
    const execution = honest();
    const address = execution.memory.findLastIndex((word) => word !== 0);
    execution.memory[address] = (execution.memory[address] ?? 0) ^ 1;
    const traced = traceOf(execution);
    assert.ok(!traced.ok);
    assert.equal(traced.code, 'TRACE_INVALID');
    assert.equal(typeof traced.details['table'], 'string');
    assert.equal(typeof traced.details['row'], 'number');
    assert.equal(typeof traced.details['constraint'], 'string');
  });

  it('refuses another statement', () => {
    const execution = honest();
    const traced = traceOf({ ...execution, statement: new Uint32Array(8) });
    assert.ok(!traced.ok && traced.code === 'TRACE_INVALID');
  });

  it('refuses calls that ask for more rows than there are', () => {
    for (const blocks of [2 ** 20 + 1, 2 ** 30, MODULUS - 1]) {
      const execution = honest();
      const chain = execution.calls.tag.indexOf(TAG.HASH_CHAIN);
      assert.ok(chain >= 0);
      execution.calls.d[chain] = blocks;
      const traced = traceOf(execution);
      assert.ok(!traced.ok && traced.code === 'TOO_LARGE', String(blocks));
      assert.deepEqual([traced.details['rows'], traced.details['limit']], [blocks, 2 ** 20]);
    }
  });

  it('counts the path steps of the hash table as rows', () => {
    const execution = honest();
    const { calls } = execution;
    const chain = calls.tag.indexOf(TAG.HASH_CHAIN);
    calls.tag[chain] = TAG.HASH_PATH;
    calls.d[chain] = 2 ** 20 + 1;
    // The siblings are part of an upload, so so many make a large one.
    const witness = new Uint32Array(8 * (2 ** 20 + 1));
    const traced = traceOf({ ...execution, calls: { ...calls, witness } });
    assert.ok(!traced.ok && traced.code === 'TOO_LARGE');
    assert.deepEqual([traced.details['table'], traced.details['rows']], ['hash', 2 ** 20 + 1]);
  });

  it('knows the cells of every table before it is built', () => {
    const column = executeColumn(columnOf([transferOf(), transferOf({ nonce: 8n })]));
    for (const [guest, execution] of [
      [program, honest()],
      [pathProgram, run(pathProgram, pathHints)],
      [COLUMN_PROGRAM, runColumn(column)],
    ] as const) {
      const traces = buildTraces(guest, execution);
      const expected = COLONNADE_MACHINE.tables.flatMap(({ name, mainColumns }, slot) => {
        const trace = traces[slot];
        if (trace === undefined || name === 'program' || name === 'range') return [];
        return [[name, mainColumns.length * 2 ** trace.logHeight] as const];
      });
      assert.deepEqual(
        tableCells(execution)
          .map(({ table, cells }) => [table, cells] as const)
          .sort(),
        [...expected].sort(),
      );
    }
  });

  it('refuses a run whose tables are too large together, before any is built', () => {
    const execution = honest();
    const cycles = 2 ** 22;
    const invented = new Uint32Array(cycles);
    const pad = (words: Uint32Array): Uint32Array => {
      const padded = new Uint32Array(cycles).fill(words.at(-1) ?? 0);
      padded.set(words);
      return padded;
    };
    const calls = {
      count: cycles,
      tag: invented.slice().fill(TAG.WORD_CHECK),
      a: invented,
      b: invented,
      c: invented,
      d: invented,
      clk: invented,
      witness: new Uint32Array(0),
    };
    const bytes = encodeTrace({ ...execution, pc: pad(execution.pc), fp: pad(execution.fp), calls });
    const before = process.memoryUsage().arrayBuffers;
    const start = performance.now();
    const traced = traceBytes(bytes);
    assert.ok(!traced.ok && traced.code === 'TOO_LARGE', JSON.stringify(traced).slice(0, 300));
    assert.equal(traced.details['limit'], 2 ** 28);
    assert.ok(Number(traced.details['cells']) > 2 ** 28);
    // Little more than the record itself.
    assert.ok(process.memoryUsage().arrayBuffers - before < 3 * bytes.length);
    assert.ok(performance.now() - start < 10_000);
  });

  it('accepts no change of a word that states something else, and crashes at none', () => {
    const bytes = encodeTrace(honest());
    const statement = [...honest().statement];
    const words = bytes.length / 4;
    const seed = 7;
    const random = createRandom(seed);
    const EDGES = [0, 1, MODULUS - 1, 2 ** 16, 2 ** 24];
    for (let round = 0; round < 150; round++) {
      const index = random.below(words);
      const changed = bytes.slice();
      const view = new DataView(changed.buffer);
      const word = random.below(3) === 0 ? random.word() : (EDGES[random.below(EDGES.length)] ?? 0);
      const before = view.getUint32(4 * index, true);
      if (before === word) continue;
      view.setUint32(4 * index, word, true);
      const traced = traceBytes(changed);
      // Free: cells that the program never reads, and operands that a call's table does not have.
      if (traced.ok)
        assert.deepEqual(
          [...traced.statement],
          statement,
          `seed ${seed}, round ${round}: word ${index} = ${word}`,
        );
    }
  });

  it('computes the same key for the same program', async () => {
    const [first, second] = await Promise.all([verifyingKeyOf(program, LEAF), verifyingKeyOf(program, LEAF)]);
    assert.deepEqual(first.preprocessedCap, second.preprocessedCap);
    const other = buildProgram('other', (builder) =>
      builder.assertEqual(1, builder.hint('one', [], 1)[0] ?? 0),
    );
    assert.notDeepEqual((await verifyingKeyOf(other, LEAF)).preprocessedCap, first.preprocessedCap);
  });
});
