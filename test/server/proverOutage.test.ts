/** A prover that does not come up: accepted jobs wait for it at no cost, and the service says how long it has been without one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProverHandle, type ProverState, startProver } from '../../kernels/process/parent.ts';
import { type ProcessProver, startProcessProver } from '../../server/prover/processProver.ts';
import { AttemptLost } from '../../server/prover/prover.ts';
import { parseSettings } from '../../server/settings.ts';
import { ADAPTER, type FakeService, honestProve, startFakeService } from '../support/fakeServices.ts';

const ENTRY = new URL('fixtures/dyingProver.ts', import.meta.url);
const DEATHS = join(tmpdir(), `colonnade-deaths-${process.pid}`);
const { adapter } = parseSettings([], process.env);

/** Of processes while they start, and then with their first request. */
const setDeaths = (starting: number, withRequest = 0): void =>
  writeFileSync(DEATHS, `${starting} ${withRequest}`);
after(() => rmSync(DEATHS, { force: true }));

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 6000; round++) {
    if (holds()) return;
    await sleep(10);
  }
  assert.fail(what);
}

async function submit(service: FakeService, left: number, more: object = {}): Promise<string> {
  const answer = await service.app.inject({
    method: 'POST',
    url: '/v1/proofs',
    payload: { program: 'sum', profile: 'leaf', inputs: { left, right: 0 }, ...more },
  });
  assert.equal(answer.statusCode, 202, answer.body);
  return (answer.json() as { id: string }).id;
}

const serviceOver = (prover: ProcessProver): Promise<FakeService> =>
  startFakeService({
    prove: (task, signal) => prover.prove(task, signal, () => {}),
    state: () => prover.state(),
  });

describe('a prover that dies while it starts', () => {
  it('costs no job an attempt, however often: 20 of 20 are proved after ten deaths', async () => {
    setDeaths(10);
    const states: string[] = [];
    const prover = await startProcessProver({
      entry: ENTRY,
      tracerEntry: new URL('fixtures/sumTracer.ts', import.meta.url),
      adapter,
      budgetBytes: undefined,
      restartDelaysMs: [1],
      log: {
        info: (fields) => states.push((fields as { prover?: ProverState }).prover?.state ?? ''),
        warn: () => {},
      },
    });
    const service = await serviceOver(prover);
    const ids = await Promise.all(Array.from({ length: 20 }, (_, job) => submit(service, 20 + job)));
    assert.equal((await service.app.inject({ url: '/readyz' })).statusCode, 503);
    assert.equal((await service.app.inject({ url: '/healthz' })).statusCode, 200);
    await until(() => service.services.store.counts().get('succeeded') === 20, 'not all are proved');
    assert.equal(states.filter((state) => state === 'restarting').length, 10);
    for (const id of ids) assert.equal(service.jobs.find(id)?.attempts.length, 1);
    assert.equal((await service.app.inject({ url: '/readyz' })).statusCode, 200);
    await service.close();
    await prover.close();
  });

  it('costs no job an attempt either when it gets ready and dies before it has begun one', async () => {
    setDeaths(0, 5);
    const prover = await startProcessProver({
      entry: ENTRY,
      tracerEntry: new URL('fixtures/sumTracer.ts', import.meta.url),
      adapter,
      budgetBytes: undefined,
      restartDelaysMs: [1],
      log: { info: () => {}, warn: () => {} },
    });
    const service = await serviceOver(prover);
    const ids = await Promise.all([1, 2, 3].map((left) => submit(service, left)));
    await until(() => service.services.store.counts().get('succeeded') === 3, 'not all are proved');
    for (const id of ids) assert.equal(service.jobs.find(id)?.attempts.length, 1);
    await service.close();
    await prover.close();
  });

  it('keeps a request that waits for it', async () => {
    setDeaths(4);
    const prover = await startProver({ adapter, entry: ENTRY, restartDelaysMs: [1] });
    after(() => prover.close());
    const request = {
      systemName: '',
      profileName: '',
      preprocessed: [],
      traces: [],
      statement: new Uint32Array(8),
    };
    assert.equal((await prover.prove(request)).proof.length, 4);
    await prover.close();
  });

  it('cannot even be forked: it is tried again', async () => {
    setDeaths(0);
    const states: ProverState[] = [];
    const prover: ProverHandle = await startProver({
      adapter,
      entry: ENTRY,
      restartDelaysMs: [50],
      onState: (state) => states.push(state),
    });
    await until(() => prover.state().state === 'ready', 'not ready');
    // Whoever raises the limit again has to be there before no process can be made.
    const script = `read line; exec prlimit --pid ${process.pid} --nofile=4096:`;
    const helper = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'inherit'] });
    const limit = spawn('prlimit', [
      '--pid',
      String(process.pid),
      `--nofile=${readdirSync('/proc/self/fd').length - 2}:`,
    ]);
    await new Promise((resolve) => limit.on('exit', resolve));
    const processId = prover.processId() ?? assert.fail('no process');
    const before = states.length;
    process.kill(processId, 'SIGKILL');
    const failed = (state: ProverState): boolean =>
      state.state === 'restarting' && state.reason.startsWith('cannot be started');
    await until(() => states.slice(before).filter(failed).length >= 2, JSON.stringify(states.slice(before)));
    helper.stdin?.write('\n');
    await until(() => prover.state().state === 'ready', 'it does not come back');
    assert.notEqual(prover.processId(), processId);
    await prover.close();
  });

  it('is refused by the system with an error that is thrown: it is tried again', async () => {
    const prover = await startProver({ adapter, entry: new URL('data:,'), restartDelaysMs: [1] });
    const state = prover.state();
    assert.ok(state.state === 'restarting' && state.reason.startsWith('cannot be started'));
    await sleep(20);
    await prover.close();
    assert.equal(prover.state().state, 'closed');
  });
});

describe('a queue without a prover', () => {
  it('starts no job, expires those that are late, and goes on when it is ready', async () => {
    let isReady = false;
    const service = await startFakeService({
      state: () =>
        isReady ? { state: 'ready', adapter: ADAPTER, bindingBytes: 2 ** 27 } : { state: 'starting' },
    });
    const late = await submit(service, 1, { deadline: new Date(Date.now() + 2000).toISOString() });
    const patient = await submit(service, 2);
    await until(() => service.jobs.find(late)?.state.name === 'expired', 'not expired');
    assert.deepEqual([service.jobs.find(patient)?.state.name, service.proved.length], ['queued', 0]);
    isReady = true;
    await until(() => service.jobs.find(patient)?.state.name === 'succeeded', 'not proved');
    await service.close();
  });

  it('counts no attempt that found none, more of them than a job has', async () => {
    let losses = 0;
    const service = await startFakeService({
      settings: { attemptLimit: 1 },
      prove: async (task) => {
        losses += 1;
        if (losses <= 2) throw new AttemptLost('NO_PROVER', 'gone meanwhile');
        return honestProve(task);
      },
    });
    const id = await submit(service, 1);
    await until(() => service.jobs.find(id)?.state.name === 'succeeded', 'not proved');
    assert.deepEqual([losses, service.jobs.find(id)?.attempts.length], [3, 1]);
    await service.close();
  });

  it('counts the attempts of a job with which process after process ends before it begins', async () => {
    let losses = 0;
    const service = await startFakeService({
      settings: { attemptLimit: 2 },
      prove: async () => {
        losses += 1;
        throw new AttemptLost('NOT_BEGUN', 'ended with it');
      },
    });
    const id = await submit(service, 1);
    await until(() => service.jobs.find(id)?.state.name === 'failed', 'not failed');
    const attempts = service.jobs.find(id)?.attempts.map(({ error }) => error?.code);
    assert.deepEqual([losses, attempts], [22, ['NOT_BEGUN', 'NOT_BEGUN']]);
    await service.close();
  });

  it('says so on /healthz after a time, until there is one', async () => {
    let isReady = false;
    const service = await startFakeService({
      state: () =>
        isReady ? { state: 'ready', adapter: ADAPTER, bindingBytes: 2 ** 27 } : { state: 'starting' },
      settings: { proverSeconds: 2 },
    });
    assert.equal((await service.app.inject({ url: '/healthz' })).statusCode, 200);
    await sleep(2100);
    const answer = await service.app.inject({ url: '/healthz' });
    assert.deepEqual([answer.statusCode, answer.json().code], [503, 'not-ready']);
    assert.match(
      (await service.app.inject({ url: '/metrics' })).body,
      /colonnade_prover_missing_seconds 2\.\d+/,
    );
    isReady = true;
    assert.equal((await service.app.inject({ url: '/healthz' })).statusCode, 200);
    await service.close();
  });
});

describe('the environment of a prover process', () => {
  it('has what drivers read, and no secrets', async () => {
    setDeaths(0);
    const secrets = [
      'DATABASE_URL',
      'AWS_SECRET_ACCESS_KEY',
      'NODE_AUTH_TOKEN',
      'NVIDIA_API_KEY',
      'COLONNADE_KEY',
    ];
    for (const name of secrets) process.env[name] = 'secret';
    process.env['VK_LOADER_DEBUG'] = '';
    process.env['MESA_SHADER_CACHE_DISABLE'] = 'false';
    const lines: string[] = [];
    const prover = await startProver({ adapter, entry: ENTRY, onOutput: (line) => lines.push(line) });
    await until(() => lines.some((line) => line.startsWith('environment ')), 'it says nothing');
    await prover.close();
    const names = new Set(lines.find((line) => line.startsWith('environment '))?.split(' '));
    for (const name of secrets) assert.ok(!names.has(name), name);
    for (const name of ['PATH', 'VK_DRIVER_FILES', 'VK_LOADER_DEBUG', 'MESA_SHADER_CACHE_DISABLE'])
      assert.ok(names.has(name), name);
  });
});
