/** Trees above trees: how large they may be, what they hold, and how much the jobs that they share are needed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AggregateEntry,
  aggregateStatement,
  entriesDigest,
  flattenLeaves,
  TREE_LIMITS,
  treeSize,
} from '../../programs/aggregate/aggregateStatement.ts';
import { largestProof, planTree } from '../../server/aggregation/tree.ts';
import { aggregationSchema } from '../../server/api/aggregationSchemas.ts';
import { jobSchema } from '../../server/api/schemas.ts';
import { type FakeService, honestProve, proveForever, startFakeService } from '../support/fakeServices.ts';

const leafOf = (word: number): AggregateEntry => ({
  kind: 'leaf',
  keyDigest: new Uint32Array(8).fill(7),
  statement: new Uint32Array(8).fill(word),
});

/** Two trees with the same halves in either order: each level has twice the leaves of the one below. */
function doubled(levels: number): AggregateEntry[] {
  let [left, right] = [leafOf(1), leafOf(2)];
  for (let level = 1; level < levels; level++)
    [left, right] = [
      { kind: 'inner', entries: [left, right] },
      { kind: 'inner', entries: [right, left] },
    ];
  return [left, right];
}

/** The same tree without a shared part. */
function unshared(entries: readonly AggregateEntry[]): AggregateEntry[] {
  return entries.map((entry) =>
    entry.kind === 'leaf' ? { ...entry } : { kind: 'inner', entries: unshared(entry.entries) },
  );
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 2000; round++) {
    if (holds()) return;
    await sleep(5);
  }
  assert.fail(what);
}

async function submitSum(service: FakeService, left: number, priority = 0): Promise<{ job: string }> {
  const payload = { program: 'sum', profile: 'leaf', inputs: { left, right: 0 }, priority };
  const answer = await service.app.inject({ method: 'POST', url: '/v1/proofs', payload });
  return { job: jobSchema.parse(answer.json()).id };
}

const aggregate = (service: FakeService, children: readonly object[], more: object = {}) =>
  service.app.inject({
    method: 'POST',
    url: '/v1/aggregations',
    payload: { kind: 'aggregate', children, ...more },
  });

async function aggregated(
  service: FakeService,
  children: readonly object[],
  more: object = {},
): Promise<string> {
  const answer = await aggregate(service, children, more);
  assert.equal(answer.statusCode, 202, answer.body);
  return aggregationSchema.parse(answer.json()).id;
}

/** The job of the root. */
async function rootOf(service: FakeService, id: string): Promise<{ job: string }> {
  const find = () => service.services.aggregations.find(id);
  await until(() => find()?.state.name !== 'running', 'the tree goes on');
  assert.equal(find()?.state.name, 'succeeded', JSON.stringify(find()?.state));
  return { job: find()?.nodes.at(-1)?.job?.id ?? assert.fail() };
}

describe('a tree with shared parts', () => {
  it('has the digest and the leaves of the same tree without them', () => {
    for (const levels of [1, 2, 5, 9]) {
      const entries = doubled(levels);
      const other = unshared(entries);
      assert.deepEqual(entriesDigest(entries), entriesDigest(other), `${levels} levels`);
      assert.deepEqual(treeSize(entries), { levels, leaves: 2 ** levels });
      assert.deepEqual(treeSize(other), treeSize(entries));
      assert.deepEqual(flattenLeaves(entries), flattenLeaves(other));
    }
  });

  it('costs each part once, and is refused where it would be listed', () => {
    const entries = doubled(TREE_LIMITS.levels);
    assert.equal(aggregateStatement(new Uint32Array(8), entries).length, 8);
    assert.deepEqual(treeSize(entries), { levels: 64, leaves: 2 ** 64 });
    assert.throws(() => flattenLeaves(entries), { code: 'TOO_MANY_LEAVES' });
    // What is known already still counts its levels.
    assert.throws(() => entriesDigest([{ kind: 'inner', entries }]), { code: 'TOO_DEEP' });
    assert.throws(() => entriesDigest([leafOf(3), { kind: 'inner', entries }]), { code: 'TOO_DEEP' });
    // A digest that was given out is the caller's own.
    const digest = entriesDigest(entries);
    digest.fill(0);
    assert.notDeepEqual(entriesDigest(entries), digest);
  });

  it('is measured before it is proved', () => {
    const of = (kind: 'aggregate' | 'block', leafCount: number, levels: number, leaves: number) =>
      largestProof(
        planTree({ kind, leafCount, fanIn: 2, isOfAggregates: levels > 0 }),
        new Array(leafCount).fill({ levels, leaves }),
      );
    assert.deepEqual(of('aggregate', 4, 0, 1), { levels: 2, leaves: 4 });
    assert.deepEqual(of('aggregate', 3, 5, 10), { levels: 7, leaves: 30 });
    assert.deepEqual(of('block', 2, 5, 10), { levels: 5, leaves: 20 });
    assert.deepEqual(of('block', 1, 0, 1), { levels: 2, leaves: 1 });
  });
});

describe('a tree above trees', () => {
  it('has 64 levels and no more: 422 with the numbers', async () => {
    const service = await startFakeService();
    let child = await submitSum(service, 1);
    for (let level = 1; level <= 64; level++)
      child = await rootOf(service, await aggregated(service, [child]));
    const answer = await aggregate(service, [child]);
    assert.equal(answer.statusCode, 422);
    const { code, levels, leaves, expectedAtMost } = answer.json();
    assert.deepEqual([code, levels, leaves, expectedAtMost], ['tree-too-large', 65, 1, { ...TREE_LIMITS }]);
    const other = await submitSum(service, 2);
    assert.equal((await aggregate(service, [child, other])).json().code, 'mixed-children');
    await service.close();
  });

  it('has 2^16 leaves and no more', async () => {
    const service = await startFakeService();
    let halves = [await submitSum(service, 1), await submitSum(service, 2)] as const;
    for (let level = 1; level <= 16; level++) {
      const [left, right] = halves;
      const trees = [
        await aggregated(service, [left, right]),
        await aggregated(service, [right, left]),
      ] as const;
      halves = [await rootOf(service, trees[0]), await rootOf(service, trees[1])];
    }
    const answer = await aggregate(service, halves);
    assert.deepEqual(
      [answer.statusCode, answer.json().code, answer.json().levels, answer.json().leaves],
      [422, 'tree-too-large', 17, 2 ** 17],
    );
    await aggregated(service, [halves[0]]).then(
      (id) => rootOf(service, id),
      () => assert.fail('one level more with as many leaves is refused'),
    );
    await service.close();
  });

  it('holds bytes that no other one may have', async () => {
    let uploads = 0;
    const service = await startFakeService({
      prove: proveForever,
      settings: { aggregationMebibytes: 1 },
      checker: {
        checkAggregation: async () => {
          const children = Array.from({ length: 4 }, () => ({
            kind: 'upload' as const,
            program: 'sum',
            profile: 'leaf',
            keyDigest: new Uint32Array(8).fill(7),
            statement: Uint32Array.of(++uploads, 0, 0, 0, 0, 0, 0, 0),
            proof: new Uint8Array(100_000),
            entries: undefined,
            claims: [undefined],
          }));
          const keys = {
            aggregate: new Uint32Array(8),
            block: new Uint32Array(8),
            column: new Uint32Array(8),
          };
          const request = {
            kind: 'aggregate' as const,
            fanIn: 4,
            priority: 0,
            deadlineMs: undefined,
            children,
            keys,
            list: undefined,
            block: undefined,
          };
          return { ok: true, request, digest: '' };
        },
      },
    });
    const ids = [await aggregated(service, []), await aggregated(service, [])];
    assert.equal(service.services.aggregations.heldBytes(), 800_000);
    const refused = await aggregate(service, []);
    assert.deepEqual([refused.statusCode, refused.json().code], [429, 'queue-full']);
    assert.match(
      (await service.app.inject({ url: '/metrics' })).body,
      /colonnade_aggregation_held_bytes 800000\n/,
    );
    for (const id of ids) await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${id}` });
    assert.equal(service.services.aggregations.heldBytes(), 0);
    await aggregated(service, []);
    await service.close();
  });
});

describe('a job that trees share', () => {
  it('is needed as much as by the one that needs it most, while that one is there', async () => {
    let isHeld = false;
    const service = await startFakeService({
      prove: async (task, signal) => (isHeld ? proveForever(task, signal) : honestProve(task)),
    });
    const children = [await submitSum(service, 1), await submitSum(service, 2)];
    await until(() => service.services.store.counts().get('succeeded') === 2, 'not proved');
    isHeld = true;
    const blocker = await submitSum(service, 3);
    const low = await aggregated(service, children, { priority: -1000 });
    const node = service.services.aggregations.find(low)?.nodes[0]?.job?.id ?? assert.fail();
    const priorityOf = (id: string): number | undefined => service.jobs.find(id)?.priority;
    assert.equal(priorityOf(node), -1000);
    const soon = new Date(Date.now() + 60_000).toISOString();
    const high = await aggregated(service, children, { priority: 1000, deadline: soon });
    assert.equal(service.services.aggregations.find(high)?.nodes[0]?.job?.id, node);
    assert.equal(priorityOf(node), 1000);
    const between = await aggregated(service, children, { priority: 5 });
    assert.equal(priorityOf(node), 1000);
    // A job that somebody submitted is raised by a tree above it, and falls back to what was asked for.
    const own = await submitSum(service, 4, -7);
    const above = await aggregated(service, [own], { priority: 9 });
    assert.equal(priorityOf(own.job), 9);
    for (const id of [above, high])
      await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${id}` });
    assert.deepEqual([priorityOf(own.job), priorityOf(node)], [-7, 5]);
    await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${between}` });
    assert.equal(priorityOf(node), -1000);
    // Also once an attempt of it is lost.
    await aggregated(service, children, { priority: 1000 });
    const others = [await submitSum(service, 50), await submitSum(service, 51)];
    await service.app.inject({ method: 'DELETE', url: `/v1/proofs/${blocker.job}` });
    await until(() => service.jobs.find(node)?.state.name === 'running', 'the shared one does not go first');
    for (const { job } of others) assert.equal(service.jobs.find(job)?.state.name, 'queued');
    await service.close();
  });
});
