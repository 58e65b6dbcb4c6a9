/**
 * Trees of proofs as jobs of the queue, with a prover that computes nothing: nodes start when their children are there, lost attempts
 * and cancelled trees lose no finished node, and what nobody needs any more is cancelled.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AggregationAnswer, aggregationSchema } from '../../server/api/aggregationSchemas.ts';
import { jobSchema } from '../../server/api/schemas.ts';
import { AttemptLost, type ProofTask } from '../../server/prover/prover.ts';
import {
  type FakeService,
  honestProve,
  type Prove,
  proveForever,
  smallTrace,
  startFakeService,
} from '../support/fakeServices.ts';

async function post(service: FakeService, url: string, payload: object) {
  const answer = await service.app.inject({ method: 'POST', url, payload });
  assert.equal(answer.statusCode, 202, answer.body);
  return answer.json();
}

async function submitSum(service: FakeService, left: number): Promise<string> {
  const inputs = { left, right: 0 };
  return jobSchema.parse(await post(service, '/v1/proofs', { program: 'sum', profile: 'leaf', inputs })).id;
}

async function submitSums(service: FakeService, count: number): Promise<{ job: string }[]> {
  const children: { job: string }[] = [];
  for (let left = 0; left < count; left++) children.push({ job: await submitSum(service, 100 + left) });
  return children;
}

async function aggregate(
  service: FakeService,
  children: readonly object[],
  more: object = {},
): Promise<AggregationAnswer> {
  const body = { kind: 'aggregate', children, ...more };
  return aggregationSchema.parse(await post(service, '/v1/aggregations', body));
}

async function get(service: FakeService, id: string): Promise<AggregationAnswer> {
  const answer = await service.app.inject({ url: `/v1/aggregations/${id}` });
  const read = aggregationSchema.parse(answer.json());
  assert.deepEqual(read, answer.json());
  return read;
}

async function until(
  service: FakeService,
  id: string,
  isReached: (answer: AggregationAnswer) => boolean,
): Promise<AggregationAnswer> {
  for (let round = 0; round < 500; round++) {
    const answer = await get(service, id);
    if (isReached(answer)) return answer;
    await sleep(2);
  }
  return assert.fail(JSON.stringify(await get(service, id)));
}

const ended = (service: FakeService, id: string): Promise<AggregationAnswer> =>
  until(service, id, ({ state }) => state !== 'running');

async function proofOf(service: FakeService, { proof }: AggregationAnswer): Promise<string> {
  const answer = await service.app.inject({ url: `/v1/proofs/${proof?.job}/proof` });
  assert.equal(answer.statusCode, 200);
  return answer.rawPayload.toString('hex');
}

/** One text a node that was given to the prover. */
function provedNodes({ proved }: FakeService): string[] {
  return proved.flatMap(({ input }) =>
    input.kind === 'proofs'
      ? [`${input.node.role} of ${input.node.children.map(({ statement }) => statement).join(' | ')}`]
      : [],
  );
}

describe('aggregations', () => {
  it('are trees of jobs, of jobs that may still be queued', async () => {
    const service = await startFakeService();
    const children = await submitSums(service, 5);
    const { id, nodes } = await aggregate(service, children, { fanIn: 2, priority: 3 });
    assert.equal(nodes.length, 4);
    const answer = await ended(service, id);
    assert.equal(answer.state, 'succeeded', JSON.stringify(answer.failure));
    assert.deepEqual(
      answer.nodes.map(({ level, children: below, state, role }) => [
        role,
        level,
        below.map(({ kind, number }) => `${kind} ${number}`).join(', '),
        state,
      ]),
      [
        ['aggregate', 1, 'child 0, child 1', 'succeeded'],
        ['aggregate', 1, 'child 2, child 3', 'succeeded'],
        ['aggregate', 2, 'node 0, node 1', 'succeeded'],
        ['aggregate', 3, 'node 2, child 4', 'succeeded'],
      ],
    );
    assert.deepEqual(answer.progress, { proved: 4, total: 4 });
    assert.equal(answer.proof?.statement, answer.nodes[3]?.statement);
    const { busySeconds, criticalPathSeconds, criticalPath } = answer.times;
    assert.ok(criticalPathSeconds <= busySeconds);
    assert.deepEqual(criticalPath.at(-1), { kind: 'node', number: 3 });
    // Nodes are jobs like any other.
    const job = jobSchema.parse(
      (await service.app.inject({ url: `/v1/proofs/${answer.proof?.job}` })).json(),
    );
    assert.deepEqual(
      [job.input, job.program, job.profile, job.priority],
      ['proofs', 'aggregate', 'inner', 3],
    );
    const list = (await service.app.inject({ url: '/v1/aggregations' })).json() as { aggregations: object[] };
    assert.equal(list.aggregations.length, 1);
    await service.close();
  });

  it('prove no finished node twice when the prover dies during every level', async () => {
    const calm = await startFakeService();
    const expected = await ended(calm, (await aggregate(calm, await submitSums(calm, 8))).id);
    const expectedNodes = provedNodes(calm);
    assert.equal(expectedNodes.length, 7);

    // The first attempt of every leaf and of every node is lost.
    const lost = new Set<string>();
    const stormy: Prove = async (task) => {
      const name = JSON.stringify((await honestProve(task)) satisfies object);
      if (lost.has(name)) return honestProve(task);
      lost.add(name);
      throw new AttemptLost('CRASHED', 'killed');
    };
    const service = await startFakeService({ prove: stormy });
    const answer = await ended(service, (await aggregate(service, await submitSums(service, 8))).id);
    assert.equal(answer.state, 'succeeded');
    assert.deepEqual(
      answer.nodes.map(({ attempts }) => attempts),
      [2, 2, 2, 2, 2, 2, 2],
    );
    assert.equal(await proofOf(service, answer), await proofOf(calm, expected));
    // Two attempts of each, and never one after the node was finished.
    const attempts = new Map<string, number>();
    for (const node of provedNodes(service)) attempts.set(node, (attempts.get(node) ?? 0) + 1);
    assert.deepEqual([...attempts.keys()].sort(), [...expectedNodes].sort());
    assert.ok([...attempts.values()].every((count) => count === 2));
    await Promise.all([calm.close(), service.close()]);
  });

  it('go on from the frontier when they were cancelled and are submitted again', async () => {
    // Holds the prover before every node that is not allowed.
    let allowed = 0;
    const held: Prove = async (task, signal) => {
      if (task.input.kind !== 'proofs') return honestProve(task);
      while (allowed === 0) {
        if (signal.aborted) throw new AttemptLost('ABORTED', 'aborted');
        await sleep(1);
      }
      allowed -= 1;
      return honestProve(task);
    };
    const service = await startFakeService({ prove: held });
    const children = await submitSums(service, 8);
    for (let finished = 0; finished < 7; finished++) {
      const { id } = await aggregate(service, children);
      // One more node each time, then it is cancelled while the next one runs.
      allowed = 1;
      await until(
        service,
        id,
        ({ progress, nodes }) =>
          progress.proved >= finished + 1 &&
          (finished === 6 || nodes.some(({ state }) => state === 'running')),
      );
      if (finished < 6) {
        const cancel = await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${id}` });
        const cancelled = aggregationSchema.parse(cancel.json());
        assert.equal(cancelled.state, 'cancelled');
        assert.ok(cancelled.nodes.every(({ state }) => state !== 'running' && state !== 'queued'));
        // Nothing of it is left in the queue or on the device.
        assert.equal(service.services.store.counts().get('running') ?? 0, 0);
        assert.equal(service.services.store.counts().get('queued') ?? 0, 0);
        const again = await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${id}` });
        assert.equal(aggregationSchema.parse(again.json()).state, 'cancelled');
      } else assert.equal((await ended(service, id)).state, 'succeeded');
    }
    const last = service.services.aggregations.list()[0] ?? assert.fail();
    const answer = await get(service, last.id);
    assert.equal(answer.nodes.filter(({ isReused }) => isReused).length, 6);
    const finished = service.services.store.list({ limit: 200, state: 'succeeded' });
    assert.equal(finished.filter(({ inputKind }) => inputKind === 'proofs').length, 7);
    // What is proved is proved: the whole tree once more starts nothing.
    const before = service.proved.length;
    const again = await aggregate(service, children);
    assert.equal(again.state, 'succeeded');
    assert.equal(service.proved.length, before);
    assert.ok(again.nodes.slice(0, 6).every(({ state }) => state === 'unneeded' || state === 'succeeded'));
    await service.close();
  });

  it('share nodes, and cancel only what nobody else needs', async () => {
    let isHeld = true;
    const held: Prove = (task, signal) =>
      isHeld && task.input.kind === 'proofs' ? proveForever(task, signal) : honestProve(task);
    const service = await startFakeService({ prove: held });
    const children = await submitSums(service, 4);
    const first = await aggregate(service, children);
    const second = await aggregate(service, children.slice(0, 2));
    await until(service, second.id, ({ nodes }) => nodes[0]?.state === 'running');
    const shared = await get(service, first.id);
    assert.equal(shared.nodes[0]?.job, (await get(service, second.id)).nodes[0]?.job);
    await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${first.id}` });
    assert.equal((await get(service, second.id)).nodes[0]?.state, 'running');
    assert.deepEqual(
      shared.nodes.slice(1).map(({ job }) => job !== undefined && service.jobs.find(job)?.state.name),
      ['cancelled', false],
    );
    // The children belong to whoever submitted them.
    for (const { job } of children) assert.equal(service.jobs.find(job)?.state.name, 'succeeded');
    isHeld = false;
    await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${second.id}` });
    assert.equal(service.jobs.find(shared.nodes[0]?.job ?? '')?.state.name, 'cancelled');
    await service.close();
  });

  it('take in a proof that came after its statement was known, with nothing else to tell of it', async () => {
    const service = await startFakeService();
    const children = await submitSums(service, 4);
    // The same run once more; whatever the first tree needs goes first.
    const inputs = { left: 100, right: 0 };
    const late = await post(service, '/v1/proofs', {
      program: 'sum',
      profile: 'leaf',
      inputs,
      priority: -5,
    });
    const first = await aggregate(service, children);
    const second = await aggregate(service, [{ job: late.id }, ...children.slice(1)]);
    assert.equal((await ended(service, first.id)).state, 'succeeded');
    const { state, progress } = await ended(service, second.id);
    assert.deepEqual([state, progress], ['succeeded', { proved: 3, total: 3 }]);
    assert.equal(provedNodes(service).length, 3);
    await service.close();
  });

  it('do not wait for a node that is being cancelled', async () => {
    let release = (): void => {};
    let nodes = 0;
    const slowToLetGo: Prove = (task) => {
      if (task.input.kind === 'proofs') nodes += 1;
      if (task.input.kind !== 'proofs' || nodes > 1) return honestProve(task);
      return new Promise((_resolve, reject) => {
        release = () => reject(new AttemptLost('ABORTED', 'aborted'));
      });
    };
    const service = await startFakeService({ prove: slowToLetGo });
    const children = await submitSums(service, 2);
    const first = await aggregate(service, children);
    await until(service, first.id, (answer) => answer.nodes[0]?.state === 'running');
    const dying = (await get(service, first.id)).nodes[0]?.job ?? '';
    const cancelled = service.services.aggregations.cancel(first.id);
    assert.deepEqual([service.jobs.find(dying)?.state.name, service.jobs.isEnding(dying)], ['running', true]);
    const second = await aggregate(service, children);
    assert.notEqual(second.nodes[0]?.job, dying);
    // A third one shares the node that goes on.
    const third = await aggregate(service, children);
    assert.equal(third.nodes[0]?.job, second.nodes[0]?.job);
    release();
    await cancelled;
    assert.equal(service.jobs.find(dying)?.state.name, 'cancelled');
    assert.equal(service.jobs.isEnding(dying), false);
    for (const { id } of [second, third]) assert.equal((await ended(service, id)).state, 'succeeded');
    await service.close();
  });

  it('are not bound by the deadline of another one with the same node', async () => {
    let isHeld = true;
    const held: Prove = async (task) => {
      while (isHeld && task.input.kind === 'inputs' && Buffer.from(task.input.json).includes('999'))
        await sleep(1);
      return honestProve(task);
    };
    const service = await startFakeService({ prove: held });
    const children = await submitSums(service, 2);
    await reached(() => service.services.store.counts().get('succeeded') === 2);
    await submitSum(service, 999);
    const deadline = new Date(Date.now() + 200).toISOString();
    const hurried = await aggregate(service, children, { deadline });
    const patient = await aggregate(service, children);
    assert.equal(patient.nodes[0]?.job, hurried.nodes[0]?.job);
    assert.equal((await ended(service, hurried.id)).state, 'expired');
    isHeld = false;
    assert.equal((await ended(service, patient.id)).state, 'succeeded');
    await service.close();
  });

  it('end when a child or a node ends without a proof, and name it', async () => {
    const service = await startFakeService({
      prove: (task, signal) => {
        const isThird = task.input.kind === 'inputs' && Buffer.from(task.input.json).includes('102');
        if (isThird) return proveForever(task, signal);
        return honestProve(task);
      },
    });
    const children = await submitSums(service, 4);
    const { id } = await aggregate(service, children);
    await until(service, id, ({ nodes }) => nodes[0]?.state === 'queued');
    await service.app.inject({ method: 'DELETE', url: `/v1/proofs/${children[2]?.job}` });
    const { failure, nodes } = await ended(service, id);
    assert.deepEqual([failure?.code, failure?.details['child']], ['CHILD_CANCELLED', 2]);
    assert.equal(service.jobs.find(nodes[0]?.job ?? '')?.state.name, 'cancelled');

    const refusing = await startFakeService({
      prove: async (task: ProofTask) =>
        task.input.kind === 'proofs'
          ? { ok: false, code: 'INPUTS_REFUSED', detail: 'no', details: { child: 1 } }
          : honestProve(task),
    });
    const tree = await aggregate(refusing, await submitSums(refusing, 2));
    const refused = await ended(refusing, tree.id);
    assert.deepEqual(
      [refused.state, refused.failure?.code, refused.failure?.details['node']],
      ['failed', 'NODE_FAILED', 0],
    );
    assert.equal(refused.nodes[0]?.failure?.code, 'INPUTS_REFUSED');
    await Promise.all([service.close(), refusing.close()]);
  });

  it('refuse two uploaded runs that turn out to show the same', async () => {
    const service: FakeService = await startFakeService({
      prove: async (task) => {
        while (service.services.aggregations.list().length === 0) await sleep(1);
        return honestProve(task);
      },
    });
    const upload = async (): Promise<{ job: string }> => {
      const answer = await service.app.inject({
        method: 'POST',
        url: '/v1/proofs?program=sum&profile=leaf',
        headers: { 'content-type': 'application/octet-stream' },
        payload: smallTrace(),
      });
      return { job: jobSchema.parse(answer.json()).id };
    };
    const { id } = await aggregate(service, [await upload(), await upload()]);
    const { failure } = await ended(service, id);
    assert.deepEqual([failure?.code, failure?.details], ['DUPLICATE_CHILD', { child: 1, first: 0 }]);
    await service.close();
  });

  it('wait for a place in a full queue, and expire at their deadline', async () => {
    const narrow = await startFakeService({ settings: { queueLimit: 1 } });
    const children: { job: string }[] = [];
    for (let left = 0; left < 6; left++) {
      children.push({ job: await submitSum(narrow, left) });
      await reached(() => narrow.services.store.queued().length === 0);
    }
    const { id } = await aggregate(narrow, children);
    assert.equal((await ended(narrow, id)).state, 'succeeded');
    await narrow.close();

    const busy = await startFakeService({ prove: proveForever });
    const waiting = await submitSums(busy, 2);
    const deadline = new Date(Date.now() + 300).toISOString();
    const late = await aggregate(busy, waiting, { deadline });
    assert.equal(late.nodes[0]?.state, 'waiting');
    const expired = await ended(busy, late.id);
    assert.deepEqual([expired.state, expired.failure?.code], ['expired', 'DEADLINE_PASSED']);
    await busy.close();
  });

  it('tell their events under their own id', async () => {
    const service: FakeService = await startFakeService({
      prove: async (task) => {
        // No child before the tree is there.
        while (service.services.aggregations.list().length === 0) await sleep(1);
        return honestProve(task);
      },
    });
    const { id } = await aggregate(service, await submitSums(service, 3));
    await ended(service, id);
    const { events } = (await service.app.inject({ url: `/v1/aggregations/${id}/events` })).json() as {
      events: { kind: string; state: string; stage?: string; fraction?: number }[];
    };
    assert.deepEqual(
      events.map(({ kind, state, stage, fraction }) => [kind, state, stage, fraction]),
      [
        ['state', 'running', undefined, undefined],
        ['progress', 'running', 'leaf 0', 0],
        ['progress', 'running', 'leaf 1', 0],
        ['progress', 'running', 'leaf 2', 0],
        ['progress', 'running', 'node 0', 0.5],
        ['progress', 'running', 'node 1', 1],
        ['state', 'succeeded', undefined, undefined],
      ],
    );
    await service.close();
  });

  it('stop with the service', async () => {
    const service = await startFakeService({ prove: proveForever });
    const { id } = await aggregate(service, await submitSums(service, 2));
    await service.jobs.close();
    const { state } = service.services.aggregations.find(id) ?? assert.fail();
    assert.ok(state.name === 'failed' && state.failure.code === 'STOPPED', JSON.stringify(state));
    await service.close();
  });
});

async function reached(isReached: () => boolean): Promise<void> {
  while (!isReached()) await sleep(2);
}
