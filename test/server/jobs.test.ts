/** The queue: order, deadlines, repeated submissions, cancelling at every stage, retention, and the end of the service. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobAnswer, jobListSchema, jobSchema } from '../../server/api/schemas.ts';
import { checkRequest } from '../../server/checker/checks.ts';
import type { Job } from '../../server/jobs/job.ts';
import { createMemoryStore } from '../../server/jobs/store.ts';
import { readEnvelope } from '../../server/proofRequest.ts';
import { AttemptLost } from '../../server/prover/prover.ts';
import { LEAF } from '../../stark/profile.ts';
import {
  type FakeService,
  honestProve,
  type Prove,
  proveForever,
  SUM_PROGRAMS,
  startFakeService,
  succeed,
} from '../support/fakeServices.ts';

const LEAF_ONLY = new Map([['leaf', { profile: LEAF, provableBits: 128 }]]);
const REQUEST = { program: 'sum', profile: 'leaf', inputs: { left: 1, right: 2 } };

async function submit(
  service: FakeService,
  fields: object = {},
  headers: Record<string, string> = {},
): Promise<JobAnswer> {
  const answer = await service.app.inject({
    method: 'POST',
    url: '/v1/proofs',
    payload: { ...REQUEST, ...fields },
    headers,
  });
  assert.equal(answer.statusCode, 202, answer.body);
  return jobSchema.parse(answer.json());
}

async function look(service: FakeService, id: string): Promise<JobAnswer> {
  return jobSchema.parse((await service.app.inject({ url: `/v1/proofs/${id}` })).json());
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 4000; round++) {
    if (holds()) return;
    await sleep(5);
  }
  assert.fail(what);
}

const stateOf = (service: FakeService, id: string): string | undefined => service.jobs.find(id)?.state.name;

/** A prover that proves when it is told to, and says which `left` it has begun. */
function createGate(): { readonly prove: Prove; readonly begun: number[]; open(): void } {
  const begun: number[] = [];
  const waiting: (() => void)[] = [];
  return {
    begun,
    open: () => waiting.shift()?.(),
    prove: async (task, signal) => {
      assert.ok(task.input.kind === 'inputs');
      begun.push((readEnvelope(task.input.json).inputs as { left: number }).left);
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => reject(new AttemptLost('ABORTED', 'aborted')), { once: true });
      });
      return honestProve(task);
    },
  };
}

describe('order', () => {
  it('is priority, then deadline, then age', async () => {
    const gate = createGate();
    const service = await startFakeService({ prove: gate.prove });
    const soon = new Date(Date.now() + 60_000).toISOString();
    const later = new Date(Date.now() + 90_000).toISOString();
    const wanted: [number, object][] = [
      [0, {}],
      [1, {}],
      [2, { priority: -5, deadline: soon }],
      [3, { deadline: later }],
      [4, { deadline: soon }],
      [5, { priority: 2 }],
      [6, { priority: 2 }],
    ];
    for (const [left, fields] of wanted) {
      await submit(service, { ...fields, inputs: { left, right: 0 } });
      // The first one runs already.
      if (left === 0) await until(() => gate.begun.length === 1, 'nothing runs');
    }
    for (let job = 1; job <= wanted.length; job++) {
      gate.open();
      if (job < wanted.length) await until(() => gate.begun.length === job + 1, `job ${job}`);
    }
    assert.deepEqual(gate.begun, [0, 5, 6, 4, 3, 1, 2]);
    await until(() => service.services.store.counts().get('succeeded') === wanted.length, 'not all proved');
    await service.close();
  });

  it('keeps the place of a job whose attempt is lost', async () => {
    const begun: number[] = [];
    let losses = 0;
    const service = await startFakeService({
      prove: async (task) => {
        assert.ok(task.input.kind === 'inputs');
        begun.push((readEnvelope(task.input.json).inputs as { left: number }).left);
        await sleep(10);
        losses += 1;
        if (losses === 1) throw new AttemptLost('CRASHED', 'gone');
        return honestProve(task);
      },
    });
    for (const left of [1, 2]) await submit(service, { inputs: { left, right: 0 } });
    await until(() => service.services.store.counts().get('succeeded') === 2, 'not proved');
    assert.deepEqual(begun, [1, 1, 2]);
    await service.close();
  });
});

describe('deadlines', () => {
  it('expire what has not started, and nothing else', async () => {
    const gate = createGate();
    const service = await startFakeService({ prove: gate.prove });
    const deadline = new Date(Date.now() + 3000).toISOString();
    const running = await submit(service, { deadline });
    await until(() => gate.begun.length === 1, 'nothing runs');
    const waiting = await submit(service, { deadline });
    const patient = await submit(service);
    await until(() => stateOf(service, waiting.id) === 'expired', 'not expired');
    const expired = await look(service, waiting.id);
    assert.ok(Date.now() >= Date.parse(deadline));
    assert.deepEqual([expired.failure?.code, expired.failure?.retryable], ['DEADLINE_PASSED', true]);
    assert.deepEqual([expired.attempts, expired.deadline], [0, deadline]);
    assert.deepEqual([stateOf(service, running.id), stateOf(service, patient.id)], ['running', 'queued']);
    gate.open();
    await until(() => stateOf(service, running.id) === 'succeeded', 'not proved');
    await service.close();
  });

  it('count in any time zone', async () => {
    const service = await startFakeService({ prove: proveForever });
    await submit(service);
    const { deadline } = await submit(service, { deadline: '2999-01-01T00:00:00+02:00' });
    assert.equal(deadline, '2998-12-31T22:00:00.000Z');
    await service.close();
  });

  it('are refused beyond what an answer can write', async () => {
    const service = await startFakeService({ prove: proveForever });
    for (const deadline of ['9999-12-31T23:59:59-23:59', '9999-12-31T23:59:59.5Z']) {
      const answer = await service.app.inject({
        method: 'POST',
        url: '/v1/proofs',
        payload: { ...REQUEST, deadline },
      });
      assert.deepEqual([answer.statusCode, answer.json().code], [400, 'malformed-request'], deadline);
    }
    const { id, deadline } = await submit(service, { deadline: '9999-12-31T23:58:59-00:01' });
    assert.equal(deadline, '9999-12-31T23:59:59.000Z');
    assert.equal((await look(service, id)).deadline, deadline);
    const list = jobListSchema.parse((await service.app.inject({ url: '/v1/proofs' })).json());
    assert.deepEqual(
      list.jobs.map((job) => job.deadline),
      [deadline],
    );
    await service.close();
  });
});

describe('idempotency keys', () => {
  it('lead to the same job, also from a full queue and from many requests at once', async () => {
    const service = await startFakeService({ prove: proveForever, settings: { queueLimit: 5 } });
    const key = { 'idempotency-key': 'block-7-column-1' };
    const jobs = await Promise.all(Array.from({ length: 5 }, () => submit(service, {}, key)));
    assert.equal(new Set(jobs.map(({ id }) => id)).size, 1);
    for (let job = 0; job < 5; job++) await submit(service);
    assert.equal(service.jobs.hasRoom(0), false);
    assert.equal((await submit(service, {}, key)).id, jobs[0]?.id);
    const other = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs',
      payload: { ...REQUEST, inputs: { left: 2, right: 2 } },
      headers: key,
    });
    assert.equal((other.json() as { code: string }).code, 'idempotency-key-reused');
    await service.close();
  });

  it('pass a full queue, not the limit of requests that are checked at once', async () => {
    let isStuck = false;
    const service = await startFakeService({
      prove: proveForever,
      settings: { queueLimit: 1 },
      checker: {
        checkRequest: (task) =>
          isStuck ? new Promise(() => {}) : Promise.resolve(checkRequest(SUM_PROGRAMS, LEAF_ONLY, task)),
      },
    });
    const key = { 'idempotency-key': 'flood' };
    const first = await submit(service, {}, key);
    await submit(service);
    assert.equal(service.jobs.hasRoom(0), false);
    assert.equal((await submit(service, {}, key)).id, first.id);
    isStuck = true;
    const send = () =>
      service.app.inject({ method: 'POST', url: '/v1/proofs', payload: REQUEST, headers: key });
    void send();
    await sleep(20);
    const refused = await send();
    assert.deepEqual([refused.statusCode, refused.json().code], [429, 'queue-full']);
    await service.close();
  });

  it('are forgotten with their job', async () => {
    const service = await startFakeService({ settings: { retentionLimit: 1 } });
    const key = { 'idempotency-key': 'again' };
    const first = await submit(service, {}, key);
    await until(() => stateOf(service, first.id) === 'succeeded', 'not proved');
    const second = await submit(service);
    await until(() => stateOf(service, second.id) === 'succeeded', 'not proved');
    assert.notEqual((await submit(service, {}, key)).id, first.id);
    await service.close();
  });
});

describe('cancelling', () => {
  const cancel = async (service: FakeService, id: string): Promise<JobAnswer> => {
    const answer = await service.app.inject({ method: 'DELETE', url: `/v1/proofs/${id}` });
    assert.equal(answer.statusCode, 200, answer.body);
    return jobSchema.parse(answer.json());
  };
  const assertCancelled = (job: JobAnswer): void => {
    assert.equal(job.state, 'cancelled');
    assert.deepEqual([job.failure?.code, job.failure?.retryable], ['CANCELLED', true]);
    assert.ok(job.finishedAt !== undefined);
  };

  it('a queued job ends it at once', async () => {
    const service = await startFakeService({ prove: proveForever });
    const running = await submit(service);
    const waiting = await submit(service);
    assertCancelled(await cancel(service, waiting.id));
    assertCancelled(await cancel(service, waiting.id));
    assert.equal(service.proved.length, 1);
    assert.equal(stateOf(service, running.id), 'running');
    await service.close();
  });

  it('a running job ends its attempt, and the next one starts', async () => {
    const service = await startFakeService({ prove: proveForever });
    const running = await submit(service);
    const next = await submit(service);
    await until(() => stateOf(service, running.id) === 'running', 'nothing runs');
    const [first, second] = await Promise.all([cancel(service, running.id), cancel(service, running.id)]);
    assertCancelled(first);
    assertCancelled(second);
    assert.deepEqual(
      [first.attempts, first.lastError?.code, first.lastError?.stage],
      [1, 'CANCEL', 'commitMain'],
    );
    await until(() => stateOf(service, next.id) === 'running', 'the next one does not start');
    await service.close();
  });

  it('a verifying job ends it, whatever the verdict', async () => {
    let verdict = (): void => {};
    const service = await startFakeService({
      checker: {
        verify: () =>
          new Promise((resolve) => {
            verdict = () => resolve({ verdict: { ok: true }, seconds: 1 });
          }),
      },
    });
    const { id } = await submit(service);
    await until(() => stateOf(service, id) === 'verifying', 'not verifying');
    assertCancelled(await cancel(service, id));
    verdict();
    await sleep(10);
    assert.equal(stateOf(service, id), 'cancelled');
    await service.close();
  });

  it('wins over an attempt that is lost at the same time, and loses against a proof that is done', async () => {
    let lose = (): void => {};
    const lost = await startFakeService({
      prove: () =>
        new Promise((_resolve, reject) => {
          lose = () => reject(new AttemptLost('CRASHED', 'gone'));
        }),
    });
    const job = await submit(lost);
    await until(() => lost.proved.length === 1, 'nothing runs');
    const answer = cancel(lost, job.id);
    await sleep(5);
    lose();
    assertCancelled(await answer);
    await lost.close();

    let finish = (): void => {};
    const quick = await startFakeService({
      prove: () =>
        new Promise((resolve) => {
          finish = () => resolve(succeed(Uint32Array.of(3, 0, 0, 0, 0, 0, 0, 0)));
        }),
      checker: { verify: async () => ({ verdict: { ok: true }, seconds: 0 }) },
    });
    const { id } = await submit(quick);
    await until(() => quick.proved.length === 1, 'nothing runs');
    finish();
    await until(() => stateOf(quick, id) === 'succeeded', 'not proved');
    const late = await quick.app.inject({ method: 'DELETE', url: `/v1/proofs/${id}` });
    assert.deepEqual([late.statusCode, (late.json() as { code: string }).code], [409, 'job-finished']);
    await quick.close();
  });

  it('leaves nothing behind at any moment of a job', async () => {
    const service = await startFakeService({
      prove: async (task, signal) => {
        await sleep(4, undefined, { signal }).catch(() => {
          throw new AttemptLost('ABORTED', 'aborted');
        });
        return honestProve(task);
      },
      checker: {
        verify: async () => {
          await sleep(4);
          return { verdict: { ok: true }, seconds: 0 };
        },
      },
    });
    const ends = new Map<string, number>();
    for (let round = 0; round < 40; round++) {
      const { id } = await submit(service);
      await sleep(round % 12);
      await service.app.inject({ method: 'DELETE', url: `/v1/proofs/${id}` });
      const state = stateOf(service, id) ?? '';
      ends.set(state, (ends.get(state) ?? 0) + 1);
      assert.ok(state === 'cancelled' || state === 'succeeded', `round ${round}: ${state}`);
    }
    assert.ok((ends.get('cancelled') ?? 0) > 0);
    const last = await submit(service);
    await until(() => stateOf(service, last.id) === 'succeeded', 'the queue is stuck');
    assert.equal(service.services.store.queued().length, 0);
    await service.close();
  });
});

describe('attempts', () => {
  it('are logged with their first and last error', async () => {
    const reasons = ['CRASHED', 'DEVICE_LOST', 'CRASHED'] as const;
    let attempts = 0;
    const service = await startFakeService({
      prove: async () => {
        attempts += 1;
        throw new AttemptLost(reasons[attempts - 1] ?? 'ABORTED', `loss ${attempts}`);
      },
    });
    const { id } = await submit(service);
    await until(() => stateOf(service, id) === 'failed', 'not failed');
    const job = await look(service, id);
    assert.deepEqual(
      job.attemptLog.map(({ attempt, stage, error }) => [attempt, stage, error?.code, error?.detail]),
      reasons.map((reason, index) => [index + 1, 'commitMain', reason, `loss ${index + 1}`]),
    );
    assert.ok(
      job.attemptLog.every(({ startedAt, endedAt }) => endedAt !== undefined && startedAt <= endedAt),
    );
    assert.deepEqual([job.firstError?.detail, job.lastError?.detail], ['loss 1', 'loss 3']);
    assert.deepEqual([job.failure?.code, job.failure?.retryable], ['ATTEMPTS_EXHAUSTED', true]);
    await service.close();
  });
});

describe('the list', () => {
  it('is newest first, in pages, by state', async () => {
    const service = await startFakeService({ prove: proveForever });
    const ids: string[] = [];
    for (let job = 0; job < 5; job++) ids.push((await submit(service)).id);
    const page = async (query: string) =>
      jobListSchema.parse((await service.app.inject({ url: `/v1/proofs${query}` })).json());
    const first = await page('?limit=2');
    assert.deepEqual(
      first.jobs.map(({ id }) => id),
      [ids[4], ids[3]],
    );
    assert.equal(first.next, ids[3]);
    const second = await page(`?limit=3&before=${first.next}`);
    assert.deepEqual(
      second.jobs.map(({ id }) => id),
      [ids[2], ids[1], ids[0]],
    );
    assert.equal(second.next, undefined);
    assert.deepEqual(
      (await page('?state=running')).jobs.map(({ id }) => id),
      [ids[0]],
    );
    assert.deepEqual((await page('?before=none')).jobs, []);
    await service.close();
  });
});

describe('the store', () => {
  const job = (id: number, proofBytes: number, finishedAtMs: number): Job => ({
    id: String(id),
    order: id,
    program: 'sum',
    profile: 'leaf',
    inputKind: 'inputs',
    priority: 0,
    deadlineMs: undefined,
    traceId: '',
    idempotency: undefined,
    submittedAtMs: 0,
    finishedAtMs,
    state: {
      name: 'succeeded',
      proof: {
        bytes: new Uint8Array(proofBytes),
        sha256: '',
        statement: new Uint32Array(8),
        verifySeconds: 0,
        measures: {
          adapter: { name: '', isSoftware: true },
          cycles: 0,
          tables: [],
          stages: [],
          grindingSeconds: 0,
          deviceSeconds: 0,
          peakDeviceBytes: 0,
        },
      },
    },
    attempts: [],
    changes: [],
    request: undefined,
  });
  const known = (store: ReturnType<typeof createMemoryStore>): string[] =>
    store.list({ limit: 100 }).map(({ id }) => id);

  it('forgets finished jobs by number, bytes and age, the oldest first', () => {
    const byNumber = createMemoryStore({ jobs: 2, bytes: 1000, milliseconds: 1000 });
    for (let id = 1; id <= 4; id++) byNumber.put(job(id, 10, 0));
    assert.deepEqual(known(byNumber), ['4', '3']);
    const byBytes = createMemoryStore({ jobs: 10, bytes: 1000, milliseconds: 1000 });
    for (let id = 1; id <= 4; id++) byBytes.put(job(id, 400, 0));
    assert.deepEqual(known(byBytes), ['4', '3']);
    let nowMs = 0;
    const byAge = createMemoryStore({ jobs: 10, bytes: 1000, milliseconds: 1000 }, () => nowMs);
    for (let id = 1; id <= 3; id++) {
      nowMs = 500 * id;
      byAge.put(job(id, 10, 0));
    }
    nowMs = 1999;
    byAge.forget();
    assert.deepEqual(known(byAge), ['3', '2']);
  });

  it('keeps what is not finished', () => {
    let nowMs = 0;
    const store = createMemoryStore({ jobs: 1, bytes: 1, milliseconds: 1 }, () => nowMs);
    for (let id = 1; id <= 3; id++)
      store.put({ ...job(id, 0, 0), state: { name: 'queued' }, finishedAtMs: undefined });
    nowMs = 10 ** 12;
    store.forget();
    assert.equal(store.queued().length, 3);
    assert.equal(store.counts().get('queued'), 3);
  });
});

describe('stopping', () => {
  it('lets the running job finish in time, and fails the others as retryable', async () => {
    const service = await startFakeService({
      prove: async (task) => {
        await sleep(100);
        return honestProve(task);
      },
    });
    const running = await submit(service);
    const waiting = await submit(service);
    await until(() => stateOf(service, running.id) === 'running', 'nothing runs');
    await service.jobs.close(1000);
    assert.equal(stateOf(service, running.id), 'succeeded');
    const { failure } = await look(service, waiting.id);
    assert.deepEqual([failure?.code, failure?.retryable], ['STOPPED', true]);
    await service.close();
  });

  it('leaves the rest of the time to fetch the proof, and a few seconds after that', async () => {
    const gate = createGate();
    const service = await startFakeService({ prove: gate.prove });
    const { id } = await submit(service);
    await until(() => stateOf(service, id) === 'running', 'nothing runs');
    let isClosed = false;
    const closing = service.jobs.close(600_000).then(() => {
      isClosed = true;
    });
    gate.open();
    await until(() => stateOf(service, id) === 'succeeded', 'not proved');
    await sleep(50);
    assert.equal(isClosed, false);
    for (let fetch = 0; fetch < 2; fetch++)
      assert.equal((await service.app.inject({ url: `/v1/proofs/${id}/proof` })).statusCode, 200);
    await closing;
    await service.close();
  });

  it('ends the running job when the time is over', async () => {
    const service = await startFakeService({ prove: proveForever });
    const { id } = await submit(service);
    await until(() => stateOf(service, id) === 'running', 'nothing runs');
    const start = performance.now();
    await service.jobs.close(50);
    assert.ok(performance.now() - start >= 45);
    const { failure, lastError } = await look(service, id);
    assert.deepEqual([failure?.code, lastError?.code], ['STOPPED', 'STOP']);
    await service.close();
  });
});

describe('a full queue', () => {
  it('says when there is room again', async () => {
    const gate = createGate();
    const service = await startFakeService({ prove: gate.prove, settings: { queueLimit: 1 } });
    const retryAfter = async (): Promise<number> => {
      const answer = await service.app.inject({ method: 'POST', url: '/v1/proofs', payload: REQUEST });
      assert.equal(answer.statusCode, 429);
      return Number(answer.headers['retry-after']);
    };
    const first = await submit(service);
    await until(() => gate.begun.length === 1, 'nothing runs');
    await submit(service);
    // Nothing to judge by.
    assert.equal(await retryAfter(), 5);
    await sleep(1100);
    gate.open();
    await until(() => stateOf(service, first.id) === 'succeeded', 'not proved');
    await until(() => gate.begun.length === 2, 'nothing runs');
    await submit(service);
    // A proof takes 1.1 seconds, and the running one has just begun.
    assert.equal(await retryAfter(), 2);
    await service.close();
  });
});
