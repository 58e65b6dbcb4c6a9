/** Tables of the heights that a final proof is published with, or the table that does not fit. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { inspectProof } from '../../client/inspectProof.ts';
import { tracesOf } from '../../client/localProver.ts';
import { decodeProofFile } from '../../client/proofFile.ts';
import { findKey, parsePublishedKeys } from '../../client/publishedKeys.ts';
import { productionSystem } from '../../client/verifyFile.ts';
import { buildProgram } from '../../machine/builder.ts';
import type { LeastHeights } from '../../machine/padding.ts';
import { COLONNADE_MACHINE, run } from '../../machine/system.ts';
import { FINAL_HEIGHTS, requirePinned } from '../../programs/block/compression.ts';
import { BlockError } from '../../programs/block/errors.ts';
import { AGGREGATE_PROOF, KEYS_FILE } from '../support/storedProofs.ts';

const NAMES = COLONNADE_MACHINE.tables.map(({ name }) => name);

describe('tables of pinned heights', () => {
  const program = buildProgram('small', (builder) => {
    builder.store(builder.statement, 0, builder.add(2, 3));
  });
  const execution = run(program);
  const heightsOf = (pinned?: LeastHeights): (readonly [string, number])[] =>
    tracesOf(program, execution, pinned).flatMap((trace, slot) =>
      trace === undefined ? [] : [[NAMES[slot] ?? '', trace.logHeight] as const],
    );

  it('are padded to them, and as they come without', () => {
    const natural = Object.fromEntries(heightsOf()) as Readonly<Record<string, number>>;
    const { cpu = 0, memory = 0 } = natural;
    assert.ok(cpu > 0 && memory > 0);
    const pinned = { ...natural, cpu: cpu + 2, memory: memory + 1 };
    assert.deepEqual(Object.fromEntries(heightsOf(pinned)), pinned);
    assert.deepEqual(Object.fromEntries(heightsOf(natural)), natural);
  });

  it('are named when a run does not fit', () => {
    const natural = Object.fromEntries(heightsOf()) as Readonly<Record<string, number>>;
    for (const [table, pinned] of [
      ['cpu', { ...natural, cpu: (natural['cpu'] ?? 0) - 1 }],
      ['hash', { ...natural, hash: 14 }],
    ] as const)
      assert.throws(
        () => tracesOf(program, execution, pinned),
        (error: unknown) =>
          error instanceof BlockError &&
          error.code === 'HEIGHT_NOT_PINNED' &&
          error.details['table'] === table,
        table,
      );
  });

  it('are those of the golden final proof', () => {
    const keys = parsePublishedKeys(readFileSync(KEYS_FILE, 'utf8'), productionSystem());
    const {
      program: name,
      profile,
      proofBytes,
    } = decodeProofFile(new Uint8Array(readFileSync(AGGREGATE_PROOF)));
    const key = findKey(keys.keys, name, profile);
    assert.ok(key);
    const inspection = inspectProof(proofBytes, key.verifyingKey);
    assert.ok(inspection.ok);
    assert.equal(inspection.profile.name, 'final');
    const heights = inspection.tables.map(({ rows }) => (rows === 0 ? undefined : Math.log2(rows)));
    assert.doesNotThrow(() => requirePinned(NAMES, heights, FINAL_HEIGHTS));
  });
});
