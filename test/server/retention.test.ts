/** What the service remembers, and what pushes what out: proofs, keys and clocks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobSchema } from '../../server/api/schemas.ts';
import { AttemptLost } from '../../server/prover/prover.ts';
import {
  type FakeService,
  honestProve,
  proveForever,
  startFakeService,
  succeed,
} from '../support/fakeServices.ts';

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 1000; round++) {
    if (holds()) return;
    await sleep(5);
  }
  assert.fail(what);
}

const bodyOf = (left: number, more: object = {}): object => ({
  program: 'sum',
  profile: 'leaf',
  inputs: { left, right: 0 },
  ...more,
});

function post(service: FakeService, payload: object | string, key?: string) {
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  };
  return service.app.inject({ method: 'POST', url: '/v1/proofs', payload, headers });
}

async function submit(service: FakeService, payload: object | string, key?: string): Promise<string> {
  const answer = await post(service, payload, key);
  assert.equal(answer.statusCode, 202, answer.body);
  return jobSchema.parse(answer.json()).id;
}

const stateOf = (service: FakeService, id: string): string | undefined => service.jobs.find(id)?.state.name;
const fetchStatus = async (service: FakeService, id: string): Promise<number> =>
  (await service.app.inject({ url: `/v1/proofs/${id}/proof` })).statusCode;
const cancel = (service: FakeService, id: string) =>
  service.app.inject({ method: 'DELETE', url: `/v1/proofs/${id}` });

async function proved(service: FakeService, left: number, key?: string): Promise<string> {
  const id = await submit(service, bodyOf(left), key);
  await until(() => stateOf(service, id) === 'succeeded', 'not proved');
  return id;
}

describe('a proof', () => {
  it('is not pushed out by jobs that are cancelled or expire', async () => {
    let isStuck = false;
    const service = await startFakeService({
      prove: (task, signal) => (isStuck ? proveForever(task, signal) : honestProve(task)),
      settings: { retentionLimit: 4 },
    });
    const id = await proved(service, 1);
    isStuck = true;
    const running = await submit(service, bodyOf(50));
    for (let job = 0; job < 6; job++) await cancel(service, await submit(service, bodyOf(60 + job)));
    const deadline = new Date(Date.now() + 1500).toISOString();
    for (let job = 0; job < 6; job++) await submit(service, bodyOf(70 + job, { deadline }));
    await until(
      () => service.services.store.counts().get('expired') === 4,
      'they do not expire, or all stay',
    );
    assert.equal(await fetchStatus(service, id), 200);
    await cancel(service, running);
    isStuck = false;
    // Four other proofs do push it out.
    for (let job = 0; job < 4; job++) await proved(service, 80 + job);
    assert.equal(await fetchStatus(service, id), 404);
    await service.close();
  });

  it('stays when the time of day jumps, and so do trees', async (test) => {
    const service = await startFakeService();
    const id = await proved(service, 1);
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/aggregations',
      payload: { kind: 'aggregate', children: [{ job: id }] },
    });
    const tree = (answer.json() as { id: string }).id;
    await until(() => service.services.aggregations.find(tree)?.state.name === 'succeeded', 'not proved');
    const now = Date.now.bind(Date);
    for (const days of [2, -2, 400]) {
      test.mock.method(Date, 'now', () => now() + days * 86_400_000);
      await sleep(600);
      assert.equal(await fetchStatus(service, id), 200, `${days} days`);
      assert.ok(service.services.aggregations.find(tree) !== undefined, `${days} days`);
    }
    await service.close();
  });

  it('that is larger than all that is remembered fails its job, with the numbers', async () => {
    const service = await startFakeService({
      settings: { retentionMebibytes: 1 },
      prove: async () => {
        const outcome = succeed(Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0));
        assert.ok(outcome.ok);
        return { ...outcome, proof: new Uint8Array(2 ** 20 + 1) };
      },
    });
    const id = await submit(service, bodyOf(1));
    await until(() => stateOf(service, id) !== 'queued' && stateOf(service, id) !== 'running', 'it runs on');
    await until(() => stateOf(service, id) === 'failed', String(stateOf(service, id)));
    const { failure } = jobSchema.parse((await service.app.inject({ url: `/v1/proofs/${id}` })).json());
    assert.equal(failure?.code, 'PROOF_TOO_LARGE');
    assert.equal(failure?.details['expectedAtMostBytes'], 2 ** 20);
    assert.ok(Number(failure?.details['gotBytes']) > 2 ** 20);
    await service.close();
  });
});

describe('an idempotency key', () => {
  it('of a job that ended so that it may be tried again leads to a new one', async () => {
    let mood: 'stuck' | 'lost' | 'honest' = 'stuck';
    const service = await startFakeService({
      settings: { attemptLimit: 2 },
      prove: (task, signal) => {
        if (mood === 'stuck') return proveForever(task, signal);
        if (mood === 'lost') throw new AttemptLost('CRASHED', 'gone');
        return honestProve(task);
      },
    });
    const blocker = await submit(service, bodyOf(1));
    const cancelled = await submit(service, bodyOf(2), 'cancelled');
    await cancel(service, cancelled);
    const deadline = new Date(Date.now() + 500).toISOString();
    const expired = await submit(service, bodyOf(3, { deadline }), 'expired');
    await until(() => stateOf(service, expired) === 'expired', 'not expired');
    mood = 'lost';
    const lost = await submit(service, bodyOf(4), 'lost');
    await cancel(service, blocker);
    await until(() => stateOf(service, lost) === 'failed', 'not failed');
    mood = 'honest';
    for (const [key, first, left] of [
      ['cancelled', cancelled, 2],
      ['expired', expired, 3],
      ['lost', lost, 4],
    ] as const) {
      const second = await submit(service, bodyOf(left), key);
      assert.notEqual(second, first, key);
      await until(() => stateOf(service, second) === 'succeeded', key);
      // The key is the new job's now, whatever becomes of the old one.
      assert.equal(await submit(service, bodyOf(left), key), second, key);
    }
    await service.close();
  });

  it('of a job that failed by its own fault leads to that job', async () => {
    const service = await startFakeService({
      prove: async () => ({ ok: false, code: 'INPUTS_REFUSED', detail: 'no', details: {} }),
    });
    const id = await submit(service, bodyOf(1), 'key');
    await until(() => stateOf(service, id) === 'failed', 'not failed');
    assert.equal(await submit(service, bodyOf(1), 'key'), id);
    await service.close();
  });

  it('is compared by what the request says, not by how it is written', async () => {
    const service = await startFakeService({ prove: proveForever });
    const same = [
      '{"program":"sum","profile":"leaf","inputs":{"left":1,"right":2}}',
      ' {"program" : "sum",\n"profile":"leaf","inputs":{"left":1,"right":2}}\r\n',
      '{"inputs":{"right":2,"left":1},"profile":"leaf","program":"sum"}',
      '{"program":"sum","profile":"leaf","inputs":{"left":1.0,"right":2},"priority":0}',
      '{"program":"s\\u0075m","profile":"leaf","inputs":{"left":1,"right":2}}',
    ];
    const ids = new Set<string>();
    for (const body of same) ids.add(await submit(service, body, 'key'));
    assert.equal(ids.size, 1);
    for (const body of [
      bodyOf(1),
      { ...bodyOf(1), inputs: { left: 2, right: 1 } },
      { ...bodyOf(1), inputs: { left: 1, right: 2 }, priority: 1 },
      { ...bodyOf(1), inputs: { left: 1, right: 2 }, deadline: '2999-01-01T00:00:00Z' },
    ])
      assert.deepEqual((await post(service, body, 'key')).json().code, 'idempotency-key-reused');
    const first = await submit(service, bodyOf(5, { deadline: '2999-01-01T00:00:00Z' }), 'zone');
    assert.equal(await submit(service, bodyOf(5, { deadline: '2999-01-01T02:00:00+02:00' }), 'zone'), first);
    await service.close();
  });

  it('serves aggregations, too, beside those of proofs', async () => {
    let isStuck = false;
    const service = await startFakeService({
      prove: (task, signal) =>
        isStuck && task.input.kind === 'proofs' ? proveForever(task, signal) : honestProve(task),
    });
    const children = [{ job: await proved(service, 1, 'key') }, { job: await proved(service, 2) }];
    const aggregate = async (payload: object | string, key = 'key') => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      const answer = await service.app.inject({ method: 'POST', url: '/v1/aggregations', payload, headers });
      return answer.json() as { id?: string; code?: string };
    };
    isStuck = true;
    const body = { kind: 'aggregate', children };
    const first = await aggregate(body);
    assert.ok(first.id !== undefined);
    assert.equal(
      (await aggregate(`\n${JSON.stringify({ children, fanIn: 2, kind: 'aggregate' })}`)).id,
      first.id,
    );
    assert.equal((await aggregate({ ...body, fanIn: 3 })).code, 'idempotency-key-reused');
    await service.app.inject({ method: 'DELETE', url: `/v1/aggregations/${first.id}` });
    isStuck = false;
    const second = await aggregate(body);
    assert.ok(second.id !== undefined && second.id !== first.id);
    await until(
      () => service.services.aggregations.find(second.id ?? '')?.state.name === 'succeeded',
      'not proved',
    );
    assert.equal((await aggregate(body)).id, second.id);
    await service.close();
  });
});

describe('a throwing listener', () => {
  it('stops neither the queue nor other listeners', async () => {
    const service = await startFakeService();
    const heard: string[] = [];
    service.services.events.listen(({ state }) => {
      throw new Error(`a mistake at ${state}`);
    });
    service.services.events.listen(({ state }) => heard.push(state));
    await proved(service, 1);
    await proved(service, 2);
    assert.equal(heard.filter((state) => state === 'succeeded').length, 2);
    await service.close();
  });
});
