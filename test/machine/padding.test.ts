/** Runs of different length, padded to tables of the same heights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeastHeights } from '../../machine/padding.ts';
import { buildTraces, COLONNADE_MACHINE, checkTraces } from '../../machine/system.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { COLUMN_PROGRAM, randomColumn, runColumn } from '../support/column.ts';
import { createRandom } from '../support/random.ts';

const LEAST: LeastHeights = { cpu: 12, memory: 12, hash: 10, word: 9, wordMultiply: 9, ram: 10 };

test('padded traces of short and long runs have one shape and are valid', () => {
  const random = createRandom(77);
  for (const transfers of [1, 6]) {
    const execution = runColumn(executeColumn(randomColumn(random, transfers)));
    const traces = buildTraces(COLUMN_PROGRAM, execution, LEAST);
    for (const [slot, { name }] of COLONNADE_MACHINE.tables.entries())
      if (LEAST[name] !== undefined)
        assert.equal(traces[slot]?.logHeight, LEAST[name], `${name} of ${transfers} transfers`);
    assert.deepEqual(checkTraces(COLUMN_PROGRAM, traces, execution.statement), { ok: true });
  }
});
