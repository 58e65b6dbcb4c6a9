/** The queue where two things happen at once, and what the store knows of jobs that show the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRequest } from '../../server/jobs/job.ts';
import { AttemptLost } from '../../server/prover/prover.ts';
import { type FakeService, proveForever, startFakeService } from '../support/fakeServices.ts';

const STATEMENT = Uint32Array.of(3, 0, 0, 0, 0, 0, 0, 0);

function submit({ jobs }: FakeService, more: Partial<JobRequest> = {}): string {
  const json = Buffer.from('{"program":"sum","profile":"leaf","inputs":{"left":1,"right":2}}');
  const submission = jobs.submit({
    program: 'sum',
    profile: 'leaf',
    input: { kind: 'inputs', json },
    inputBytes: json.byteLength,
    expectedStatement: STATEMENT,
    entries: undefined,
    priority: 0,
    deadlineMs: undefined,
    traceId: '',
    idempotency: undefined,
    ...more,
  });
  assert.ok(submission.ok, JSON.stringify(submission));
  return submission.job.id;
}

async function until(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 400; round++) {
    if (holds()) return;
    await sleep(5);
  }
  assert.fail('not reached');
}

describe('a cancel', () => {
  it('wins over a timeout that came first', async () => {
    let release = (): void => {};
    let isAborted = false;
    const service = await startFakeService({
      settings: { attemptTimeoutSeconds: 0.02 },
      prove: (_task, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            isAborted = true;
          });
          release = () => reject(new AttemptLost('ABORTED', 'aborted'));
        }),
    });
    const id = submit(service);
    await until(() => isAborted);
    assert.equal(service.jobs.isEnding(id), false);
    const cancelled = service.jobs.cancel(id);
    assert.equal(service.jobs.isEnding(id), true);
    release();
    assert.equal((await cancelled)?.state.name, 'cancelled');
    await sleep(10);
    assert.equal(service.proved.length, 1);
    await service.close();
  });
});

describe('a statement', () => {
  it('leads to the oldest job that is still alive, then to the next', async () => {
    const service = await startFakeService({ prove: proveForever });
    const { store } = service.services;
    const first = submit(service);
    const second = submit(service);
    const third = submit(service, { priority: 5 });
    const found = (isUsable?: (job: { readonly id: string }) => boolean): string | undefined =>
      store.findByStatement('sum', 'leaf', STATEMENT, isUsable)?.id;
    assert.equal(found(), first);
    assert.equal(
      found(({ id }) => id !== first),
      second,
    );
    await service.jobs.cancel(second);
    assert.equal(found(), first);
    await service.jobs.cancel(first);
    assert.equal(found(), third);
    await service.jobs.cancel(third);
    assert.equal(found(), undefined);
    await service.close();
  });
});

describe('a queue with a limit of bytes', () => {
  it('takes a job above the limit when nothing waits, and no second one', async () => {
    const service = await startFakeService({ settings: { queueMebibytes: 1 }, prove: proveForever });
    const inputBytes = 2 ** 21;
    submit(service);
    await until(() => service.services.store.counts().get('running') === 1);
    assert.equal(service.jobs.hasRoom(inputBytes), true);
    submit(service, { inputBytes });
    assert.equal(service.jobs.hasRoom(1), false);
    await service.close();
  });
});
