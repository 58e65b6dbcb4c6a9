/** Cancelled, killed and hung while a real prover works: the job's state is right, and the device's memory is free again. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished, type Job } from '../../server/jobs/job.ts';
import { startTestOnlyQueue, type TestOnlyQueue } from '../support/testOnlyQueue.ts';

describe('faults of a real prover', () => {
  let queue: TestOnlyQueue;
  /** Device bytes in use when nothing is proved but the program's key is there. */
  let baseBytes = 0;

  const find = (id: string): Job => queue.services.jobs.find(id) ?? assert.fail('the job is gone');

  async function until(holds: () => boolean, what: string): Promise<void> {
    while (!holds()) {
      assert.notEqual(queue.prover.state().state, 'failed', what);
      await sleep(10);
    }
  }
  const finished = async (id: string): Promise<Job> => {
    await until(() => isFinished(find(id).state), 'the job does not finish');
    return find(id);
  };
  /** A gauge that was told after this moment. */
  async function usedBytes(): Promise<number> {
    await sleep(2500);
    await until(() => queue.prover.device() !== undefined, 'no device');
    return queue.prover.device()?.usedBytes ?? 0;
  }
  const isProving = (id: string): boolean => {
    const { state } = find(id);
    assert.ok(!isFinished(state), JSON.stringify(state));
    return state.name === 'running' && state.progress.fraction > 0;
  };

  before(async () => {
    queue = await startTestOnlyQueue();
    const job = await finished(queue.submit(1).id);
    assert.equal(job.state.name, 'succeeded', JSON.stringify(job.state));
    baseBytes = await usedBytes();
    assert.ok(baseBytes > 0);
  });
  after(() => queue.close());

  it('cancel while the program runs', async () => {
    const { id } = queue.submit(40);
    await until(() => find(id).state.name === 'running', 'not running');
    const job = await queue.services.jobs.cancel(id);
    assert.equal(job?.state.name, 'cancelled');
    assert.equal(job?.attempts[0]?.stage, 'execute');
  });

  it('cancel in the middle of a proof', async () => {
    const { id } = queue.submit(2);
    await until(() => isProving(id), 'not proving');
    const processId = queue.prover.processId();
    const job = await queue.services.jobs.cancel(id);
    assert.equal(job?.state.name, 'cancelled');
    assert.notEqual(job?.attempts[0]?.stage, 'execute');
    const used = await usedBytes();
    if (queue.prover.processId() === processId) assert.equal(used, baseBytes);
    else assert.ok(used <= baseBytes);
  });

  it('cancel while the process hangs', async () => {
    const { id } = queue.submit(2);
    await until(() => isProving(id), 'not proving');
    const processId = queue.prover.processId() ?? assert.fail('no process');
    process.kill(processId, 'SIGSTOP');
    const job = await queue.services.jobs.cancel(id);
    assert.equal(job?.state.name, 'cancelled');
    await until(() => queue.prover.state().state === 'ready', 'not ready again');
    assert.notEqual(queue.prover.processId(), processId);
  });

  it('a killed process costs one attempt', async () => {
    const { id } = queue.submit(2);
    await until(() => isProving(id), 'not proving');
    process.kill(queue.prover.processId() ?? assert.fail('no process'), 'SIGKILL');
    const job = await finished(id);
    assert.equal(job.state.name, 'succeeded', JSON.stringify(job.state));
    assert.deepEqual(
      job.attempts.map(({ error }) => error?.code),
      ['CRASHED', undefined],
    );
    assert.equal(await usedBytes(), baseBytes);
  });

  it('a lost device costs one attempt', async () => {
    const { id } = queue.submit(2);
    await until(() => isProving(id), 'not proving');
    process.kill(queue.prover.processId() ?? assert.fail('no process'), 'SIGUSR2');
    const job = await finished(id);
    assert.equal(job.state.name, 'succeeded', JSON.stringify(job.state));
    assert.deepEqual(
      job.attempts.map(({ error }) => error?.code),
      ['DEVICE_LOST', undefined],
    );
    assert.equal(await usedBytes(), baseBytes);
  });

  it('memory that runs out fails the job for good, and is given back', async () => {
    const { id } = queue.submit(2);
    await until(() => isProving(id), 'not proving');
    process.kill(queue.prover.processId() ?? assert.fail('no process'), 'SIGHUP');
    const { state, attempts } = await finished(id);
    assert.ok(state.name === 'failed', JSON.stringify(state));
    assert.deepEqual([state.failure.code, attempts.length], ['TOO_LARGE', 1]);
    assert.equal(await usedBytes(), baseBytes);
    const next = await finished(queue.submit(1).id);
    assert.equal(next.state.name, 'succeeded', JSON.stringify(next.state));
  });

  it('stopping ends a proof', async () => {
    const { id } = queue.submit(2);
    await until(() => isProving(id), 'not proving');
    await queue.services.jobs.close();
    const { state } = find(id);
    assert.ok(state.name === 'failed' && state.failure.code === 'STOPPED');
  });
});
