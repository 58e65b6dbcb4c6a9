/**
 * A block of two columns as a tree of real proofs under TEST_ONLY profiles, on whatever adapter is chosen. The prover process is killed
 * in the middle of the aggregate; test/server/aggregations.test.ts has it die in every node.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { blockListToJson } from '../../programs/block/blockJson.ts';
import { finalStatement } from '../../programs/block/verifyBlock.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { columnInputToJson } from '../../programs/column/input.ts';
import { checkBlock } from '../../server/aggregation/blockCheck.ts';
import { leavesOfChildren } from '../../server/aggregation/children.ts';
import { createKeyRing } from '../../server/aggregation/proofSystem.ts';
import { checkAggregation } from '../../server/aggregation/request.ts';
import type { Checker } from '../../server/checker/checker.ts';
import { createProofChecks } from '../../server/checker/checks.ts';
import { SERVED_PROFILES } from '../../server/profiles.ts';
import { startProcessProver } from '../../server/prover/processProver.ts';
import { SERVED_PROGRAMS } from '../../server/registry.ts';
import { createServices } from '../../server/services.ts';
import { parseSettings } from '../../server/settings.ts';
import { TEST_ONLY_INNER } from '../../stark/profile.ts';
import { verify } from '../../stark/verifier.ts';
import { interleaved, smallColumn } from '../support/block.ts';
import { headerJson } from '../support/column.ts';
import { TEST_ONLY_FINAL, TEST_ONLY_SYSTEM } from '../support/testOnlySystem.ts';

const LOG = { info: () => {}, warn: () => {}, error: () => {} };
const INPUTS = [smallColumn(0, 1), smallColumn(2, 1)];

it('a block through the queue, with a prover process that dies', async (context) => {
  const settings = parseSettings([], process.env);
  const prover = await startProcessProver({
    entry: new URL('./fixtures/testOnlyTreeProver.ts', import.meta.url),
    tracerEntry: new URL('./fixtures/testOnlyTreeTracer.ts', import.meta.url),
    adapter: settings.adapter,
    budgetBytes: undefined,
    log: LOG,
  });
  const ring = createKeyRing(TEST_ONLY_SYSTEM);
  const unused = (): never => assert.fail('it is not used');
  const { verifyProof, keyDigest, instructionCount } = createProofChecks(ring);
  const checker: Checker = {
    prepare: () => {},
    isReady: () => true,
    checkRequest: unused,
    checkTraceForm: unused,
    checkAggregation: (task) => checkAggregation(ring, task),
    checkBlock: async (task) => checkBlock(task),
    verify: verifyProof,
    keyDigest,
    instructionCount,
    close: async () => {},
  };
  const services = createServices({
    settings,
    programs: SERVED_PROGRAMS,
    profiles: SERVED_PROFILES,
    system: TEST_ONLY_SYSTEM,
    prover,
    checker,
    estimator: { estimate: unused, close: async () => {} },
    log: LOG,
  });
  const { aggregations, jobs, store, events } = services;
  try {
    const state = prover.state();
    context.diagnostic(state.state === 'ready' ? state.adapter.name : state.state);
    const [first] = INPUTS;
    assert.ok(first);
    const body = {
      kind: 'block',
      list: blockListToJson(interleaved(INPUTS.map(executeColumn))),
      columns: {
        count: 2,
        ...headerJson(first),
        accounts: INPUTS.flatMap((input) => (columnInputToJson(input) as { accounts: object[] }).accounts),
      },
    };
    const check = await checker.checkAggregation({ json: Buffer.from(JSON.stringify(body)) });
    assert.ok(check.ok);
    const { request } = check;

    // Loses the first attempt when its proof has begun.
    const killed = new Set<string>();
    const stopListening = events.listen(({ job, kind, fraction = 0 }) => {
      if (kind !== 'progress' || fraction === 0 || killed.has(job)) return;
      const processId = prover.processId();
      const node = aggregations.list()[0]?.nodes.find((each) => each.job?.id === job);
      if (node?.planned.role !== 'aggregate' || processId === undefined) return;
      killed.add(job);
      process.kill(processId, 'SIGKILL');
    });
    const submission = aggregations.submit({
      ...request,
      traceId: '',
      leaves: await leavesOfChildren(services, request),
      block: request.block,
      idempotency: undefined,
    });
    assert.ok(submission.ok);
    const { id } = submission.aggregation;
    let aggregation = submission.aggregation;
    while (aggregation.state.name === 'running') {
      await sleep(50);
      aggregation = aggregations.find(id) ?? assert.fail();
    }
    stopListening();
    assert.equal(aggregation.state.name, 'succeeded', JSON.stringify(aggregation.state));
    assert.deepEqual(
      aggregation.nodes.map(({ planned, job }) => [planned.role, job?.attempts]),
      [
        ['aggregate', 2],
        ['block', 1],
        ['shrink', 1],
        ['final', 1],
      ],
    );
    const root = store.find(aggregation.nodes.at(-1)?.job?.id ?? '');
    assert.ok(root?.state.name === 'succeeded' && request.block !== undefined);
    const statement = finalStatement(
      {
        aggregateKeyDigest: await ring.aggregateKeyDigest(),
        blockKeyDigest: await ring.digestOf('block', TEST_ONLY_INNER.name),
      },
      request.block.digest,
    );
    const key = await ring.keyOf('aggregate', TEST_ONLY_FINAL.name);
    const { bytes } = root.state.proof;
    assert.deepEqual(verify(key, statement, bytes, TEST_ONLY_SYSTEM.policy), { ok: true });
    for (const node of aggregation.nodes)
      context.diagnostic(
        `${node.planned.role}: ${node.job?.proved?.proofBytes} bytes, ${((node.job?.finishedAtMs ?? 0) - (node.job?.startedAtMs ?? 0)) / 1000} s`,
      );
  } finally {
    await jobs.close();
    aggregations.close();
    await prover.close();
  }
});
