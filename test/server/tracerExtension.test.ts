/** Uploaded runs with calls of the extension table: their cells are known before a column is built, and none crashes the tracer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { EXTENSION_TAG } from '../../machine/extension/tags.ts';
import { buildTraces, COLONNADE_MACHINE, run } from '../../machine/system.ts';
import { encodeTrace } from '../../machine/traceCodec.ts';
import type { ServedProgram } from '../../server/programs.ts';
import { tableCells } from '../../server/tracer/cells.ts';
import { traceTask } from '../../server/tracer/tracer.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';

const PACKED_ROWS = 5;

/** One call of each kind, on elements that are constants of the program; the statement is the last outcome. */
const program = buildProgram('extension', (builder) => {
  const { extension } = builder;
  const zeros = extension.elementRow([0, 0, 0, 0, 0]);
  const element = extension.elementRow([1, 2, 3, 4, 5]);
  const product = builder.freshRows(1);
  extension.relateProduct(element, element, zeros, product);
  const scaled = builder.freshRows(1);
  extension.relateScaled(product, 7, element, scaled);
  const packed = builder.freshRows(PACKED_ROWS);
  for (let word = 0; word < 8 * PACKED_ROWS; word++) builder.store(packed, word, word);
  const value = builder.freshRows(1);
  extension.evaluatePacked(packed, 3, 1, value);
  const weight = extension.elementRow([1, 0, 0, 0, 0]);
  extension.setWeightChallenges(weight, packed);
  const sum = builder.freshRows(1);
  extension.weightedRows(packed, weight, 1, sum);
  const carried = extension.elementRow([5, 6, 7, 8, 9]);
  const folded = builder.freshRows(1);
  extension.foldCoset(packed, carried, 8 + 1, 11, element, folded);
  const unpacked = extension.unpackElements(packed);
  const combined = builder.freshRows(1);
  extension.combineElements(packed, packed, 1, combined);
  extension.relateProduct(combined, builder.rowAfter(unpacked, 7), folded, builder.statement);
  for (let word = 5; word < 8; word++) builder.store(builder.statement, word, 0);
});

const served: ServedProgram = {
  name: 'extension',
  description: 'Calls of the extension table.',
  parseInputs: (json) => json,
  statementOf: () => new Uint32Array(8),
  program: () => program,
  hintsOf: () => ({}),
};
const programs = new Map([[served.name, served]]);
const tags = Object.entries(EXTENSION_TAG);

function traceOf(execution: ExecutionTrace): ReturnType<typeof traceTask> {
  return traceTask(programs, {
    program: served.name,
    input: { kind: 'trace', bytes: encodeTrace(execution) },
  });
}

function cellsOf(execution: ExecutionTrace): { rows: number; cells: number } {
  const { rows, cells } = tableCells(execution).find(({ table }) => table === 'extension')!;
  return { rows, cells };
}

/** The record with operand D of its call of a tag replaced. */
function withD(tag: number, d: number): ExecutionTrace {
  const execution = run(program);
  const index = execution.calls.tag.indexOf(tag);
  assert.ok(index >= 0, `the program calls tag ${tag}`);
  execution.calls.d[index] = d;
  return execution;
}

describe('uploads with extension calls', () => {
  it('accepts a run with a call of every tag, and knows its rows', () => {
    const execution = run(program);
    const traced = traceOf(execution);
    assert.ok(traced.ok, JSON.stringify(traced));
    // Three multiply-adds of a kind or another, an evaluation, a dot, a fold, an unpacking, a combination.
    assert.equal(cellsOf(execution).rows, 3 + 2 + 1 + 3 + 3 + 2);
  });

  it('knows the cells of tables whose calls no run could make', () => {
    const slot = COLONNADE_MACHINE.tables.findIndex(({ name }) => name === 'extension');
    const width = COLONNADE_MACHINE.tables[slot]!.mainColumns.length;
    for (const [name, tag] of tags)
      for (const d of [0, 1, 2, 3, 4, 7, 8, 15, 16, 255, 256, 300, 512, 1025]) {
        const execution = withD(tag, d);
        const trace = buildTraces(program, execution)[slot]!;
        assert.equal(cellsOf(execution).cells, width * 2 ** trace.logHeight, `${name}, D ${d}`);
      }
  });

  it('refuses a call with more rows than a table has, before any is built', () => {
    for (const [name, tag] of tags)
      for (const d of [2 ** 22 + 1, 2 ** 30, MODULUS - 1]) {
        const traced = traceOf(withD(tag, d));
        assert.ok(!traced.ok, `${name}, D ${d}`);
        const hasRuns = ['DOT8', 'EVAL8', 'COMBINE8'].includes(name);
        assert.equal(traced.code, hasRuns ? 'TOO_LARGE' : 'TRACE_INVALID', `${name}, D ${d}`);
      }
  });

  it('names the table of a call that does not hold', () => {
    for (const [name, tag] of tags) {
      const execution = run(program);
      const { calls } = execution;
      calls.clk[calls.tag.indexOf(tag)]! += 1;
      const traced = traceOf(execution);
      assert.ok(!traced.ok && traced.code === 'TRACE_INVALID', name);
      assert.equal(traced.details['bus'], 'call', `${name}: ${traced.detail}`);
    }
  });
});
