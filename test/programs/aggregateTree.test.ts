/**
 * Whole trees: proofs of the aggregate program are verified by the aggregate program, and the outermost proof shows all leaves.
 * Real proofs under TEST_ONLY profiles, on whatever adapter is chosen.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import { buildProgram } from '../../machine/builder.ts';
import type { Program } from '../../machine/program.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces, run } from '../../machine/system.ts';
import { buildTestOnlyAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import {
  type AggregateEntry,
  aggregateStatement,
  flattenLeaves,
} from '../../programs/aggregate/aggregateStatement.ts';
import { AggregationError } from '../../programs/aggregate/errors.ts';
import { prepareAggregate } from '../../programs/aggregate/prepare.ts';
import { verifyAggregate } from '../../programs/aggregate/verifyAggregate.ts';
import { aggregateHints, type Child, childWitness } from '../../programs/aggregate/witness.ts';
import { generateKey, keyDigest, type ProvingKey } from '../../stark/keys.ts';
import { type Profile, profileDigest, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { openTestDevice } from '../support/gpu.ts';
import { hiddenSum } from '../support/tutorialProgram.ts';

/** The profile of the aggregates: a weak one, so that a tree is proved in seconds. */
const PROFILE: Profile = TEST_ONLY_INNER;
/** What an aggregate here accepts. */
const VERIFIABLE = { system: COLONNADE_MACHINE, profiles: [TEST_ONLY_LEAF, PROFILE] };

describe('a tree of aggregates', () => {
  it('shows its leaves at any depth, and no lie about them', async (context) => {
    const device = await openTestDevice({ robustness: 'off' });
    // Every level is minutes of proving on SwiftShader.
    const greatestDepth = device.adapter.name.includes('SwiftShader') ? 1 : 3;
    context.diagnostic(`trees of depth 1..${greatestDepth}`);
    const backend = createWgslBackend(device);
    const aggregateProgram = buildTestOnlyAggregateProgram(VERIFIABLE.profiles);
    const keyOf = (program: Program, profile: Profile): Promise<ProvingKey> =>
      generateKey(backend, COLONNADE_MACHINE, profile, preprocessedTraces(program));
    const aggregateKey = await keyOf(aggregateProgram, PROFILE);
    const aggregateKeyDigest = keyDigest(aggregateKey.verifyingKey);
    const verifier = { acceptedProfileDigests: [PROFILE, TEST_ONLY_LEAF].map(profileDigest) };

    async function aggregate(
      children: readonly Child[],
    ): Promise<Child & { inner: { kind: 'inner'; entries: readonly AggregateEntry[] } }> {
      const { witnesses, entries, statement } = prepareAggregate(
        aggregateKeyDigest,
        children,
        verifier,
        VERIFIABLE,
      );
      const execution = run(aggregateProgram, aggregateHints(aggregateKeyDigest, witnesses));
      assert.deepEqual(execution.statement, statement);
      const traces = buildTraces(aggregateProgram, execution);
      return {
        key: aggregateKey.verifyingKey,
        statement,
        proofBytes: await prove(backend, aggregateKey, statement, traces),
        inner: { kind: 'inner', entries },
      };
    }

    // Two leaves of one program.
    const leafKey = await keyOf(hiddenSum, TEST_ONLY_LEAF);
    const leaves: Child[] = [];
    for (const list of [
      [17, 4, 5],
      [1, 2, 3],
    ]) {
      const execution = run(hiddenSum, {
        count: () => [list.length],
        value: ([index = 0]: readonly number[]) => [list[index] ?? 0],
      });
      const { statement } = execution;
      const proofBytes = await prove(backend, leafKey, statement, buildTraces(hiddenSum, execution));
      leaves.push({ key: leafKey.verifyingKey, statement, proofBytes, inner: undefined });
    }
    const [first, second] = leaves as [Child, Child];

    // A program that verifies nothing and says that it has verified the second leaf.
    const lie = [{ kind: 'leaf', keyDigest: keyDigest(second.key), statement: second.statement }] as const;
    const idleProgram = buildProgram('idle', (program) => {
      const words = Array.from(aggregateStatement(aggregateKeyDigest, lie));
      for (const [word, value] of words.entries()) program.store(program.statement, word, value);
    });
    const idleKey = await keyOf(idleProgram, PROFILE);
    const idleRun = run(idleProgram, {});
    const idle: Child = {
      key: idleKey.verifyingKey,
      statement: idleRun.statement,
      proofBytes: await prove(backend, idleKey, idleRun.statement, buildTraces(idleProgram, idleRun)),
      inner: undefined,
    };
    const leafKeyDigests = [keyDigest(first.key)];
    const policy = {
      aggregateKeyDigest,
      proofKeyDigests: [aggregateKeyDigest],
      leafKeyDigests,
      verifier,
    };

    // It cannot pass as an aggregate: the host says so, and the program does not run.
    const asInner: Child = { ...idle, inner: { kind: 'inner', entries: lie } };
    assert.throws(
      () => prepareAggregate(aggregateKeyDigest, [asInner], verifier, VERIFIABLE),
      (error) => error instanceof AggregationError && error.code === 'NOT_AN_AGGREGATE',
    );
    const witnessed = childWitness(VERIFIABLE.system, VERIFIABLE.profiles, asInner);
    assert.ok(witnessed.ok);
    assert.throws(() => run(aggregateProgram, aggregateHints(aggregateKeyDigest, [witnessed.witness])), {
      code: 'RELATION_FAILED',
    });

    // An honest tree.
    let honest = await aggregate([first]);
    // One that has the idle proof as a leaf at every depth.
    let poisoned = await aggregate([idle, first]);
    for (let depth = 1; depth <= greatestDepth; depth++) {
      const { key } = honest;
      assert.deepEqual(
        verifyAggregate(key, honest.inner.entries, honest.proofBytes, policy),
        flattenLeaves(honest.inner.entries),
      );
      const rejects = (entries: readonly AggregateEntry[], bytes: Uint8Array, code: string): void =>
        assert.throws(
          () => verifyAggregate(key, entries, bytes, policy),
          (error) => error instanceof AggregationError && error.code === code,
          `${code} at depth ${depth}`,
        );
      rejects(poisoned.inner.entries, poisoned.proofBytes, 'LEAF_NOT_ALLOWED');
      // Declared as what it says it is, or as nothing, it is another tree than the one that was proved.
      const [hidden] = poisoned.inner.entries;
      rejects(
        [
          hidden!.kind === 'inner' ? { kind: 'inner', entries: lie } : lie[0],
          ...poisoned.inner.entries.slice(1),
        ],
        poisoned.proofBytes,
        'CHILD_REJECTED',
      );
      rejects([...honest.inner.entries, lie[0]], honest.proofBytes, 'CHILD_REJECTED');
      if (depth === greatestDepth) break;
      poisoned = await aggregate([poisoned]);
      honest = await aggregate([honest, first]);
    }
    assert.equal(flattenLeaves(honest.inner.entries).length, greatestDepth);

    // A wrap for those who verify it: the same program under another profile, over the root, for a statement with the same K.
    const wrapKey = await keyOf(aggregateProgram, TEST_ONLY_LEAF);
    const wrapDigest = keyDigest(wrapKey.verifyingKey);
    const { witnesses, entries, statement } = prepareAggregate(
      aggregateKeyDigest,
      [honest],
      verifier,
      VERIFIABLE,
    );
    const execution = run(aggregateProgram, aggregateHints(aggregateKeyDigest, witnesses));
    const traces = buildTraces(aggregateProgram, execution);
    const wrapBytes = await prove(backend, wrapKey, statement, traces);
    const showLeaves = (proofKeyDigests: readonly Uint32Array[]): unknown =>
      verifyAggregate(wrapKey.verifyingKey, entries, wrapBytes, { ...policy, proofKeyDigests });
    assert.deepEqual(showLeaves([aggregateKeyDigest, wrapDigest]), flattenLeaves(honest.inner.entries));
    assert.throws(() => showLeaves([aggregateKeyDigest]), { code: 'KEY_MISMATCH' });
    // Below the root only K counts: a wrap is no inner child.
    const wrapped: Child = {
      key: wrapKey.verifyingKey,
      statement,
      proofBytes: wrapBytes,
      inner: { kind: 'inner', entries },
    };
    assert.throws(() => prepareAggregate(aggregateKeyDigest, [wrapped], verifier, VERIFIABLE), {
      code: 'NOT_AN_AGGREGATE',
    });
  });
});
