/** Every route but those of aggregations against the table: each answer and each refusal that it promises is provoked and checked by its schema. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTES, type RouteName } from '../../server/api/routes.ts';
import { jobSchema } from '../../server/api/schemas.ts';
import { Problem, type ProblemCode } from '../../server/problems.ts';
import { assertContract, type SomeAnswer, unseenOutcomes } from '../support/contract.ts';
import { type FakeService, proveForever, smallTrace, startFakeService } from '../support/fakeServices.ts';
import { openSocket, UpgradeRefused } from '../support/webSocket.ts';

const REQUEST = { program: 'sum', profile: 'leaf', inputs: { left: 1, right: 2 } };
const OCTETS = { 'content-type': 'application/octet-stream' };
const TRACE_URL = '/v1/proofs?program=sum&profile=leaf';
const VERIFY_URL = `/v1/verify?program=sum&profile=leaf&statement=0x${'0'.repeat(64)}`;
const WRONG_DIGEST = { 'content-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` };
const ANY = Buffer.of(1);

/** What the table promises and this file has provoked. */
const seen = new Set<string>();

async function expect(
  name: RouteName,
  outcome: string,
  answer: SomeAnswer | Promise<SomeAnswer>,
): Promise<void> {
  const got = assertContract(name, await answer);
  assert.equal(got, outcome, `${name}: ${(await answer).body.slice(0, 300)}`);
  seen.add(`${name} ${got}`);
}

describe('contract', () => {
  let service: FakeService;
  let busy: FakeService;
  let jobId = '';
  before(async () => {
    service = await startFakeService();
    // One runs for ever, and there is room for one more; small limits for all bodies.
    busy = await startFakeService({
      prove: proveForever,
      settings: { queueLimit: 1, jsonLimitBytes: 1024, traceLimitBytes: 1024, proofLimitBytes: 1024 },
    });
    for (let job = 0; job < 2; job++) await post(busy, '/v1/proofs', REQUEST);
    jobId = jobSchema.parse((await post(service, '/v1/proofs', REQUEST)).json()).id;
    for (let round = 0; round < 100 && service.jobs.find(jobId)?.state.name !== 'succeeded'; round++)
      await sleep(5);
  });
  after(async () => {
    await Promise.all([service.close(), busy.close()]);
  });

  const get = (on: FakeService, url: string, headers = {}) => on.app.inject({ url, headers });
  const post = (on: FakeService, url: string, payload: object | Buffer, headers = {}) =>
    on.app.inject({ method: 'POST', url, payload, headers });
  const cancel = (on: FakeService, id: string) =>
    on.app.inject({ method: 'DELETE', url: `/v1/proofs/${id}` });

  it('answers what is asked for', async () => {
    await expect('submitProof', '202', post(service, '/v1/proofs', { ...REQUEST, priority: 3 }));
    await expect('submitProof', '202', post(service, `${TRACE_URL}&priority=-7`, smallTrace(), OCTETS));
    await expect('listProofs', '200', get(service, '/v1/proofs?limit=1&state=succeeded'));
    await expect('getProof', '200', get(service, `/v1/proofs/${jobId}`));
    await expect('downloadProof', '200', get(service, `/v1/proofs/${jobId}/proof`));
    const { etag = '' } = (await get(service, `/v1/proofs/${jobId}/proof`)).headers;
    await expect(
      'downloadProof',
      '304',
      get(service, `/v1/proofs/${jobId}/proof`, { 'if-none-match': etag }),
    );
    await expect('watchProof', '200', get(service, `/v1/proofs/${jobId}/events?after=1`));
    await expect('watchEvents', '200', get(service, '/v1/events'));
    await expect('verify', '200', post(service, VERIFY_URL, ANY, OCTETS));
    await expect('estimate', '200', post(service, '/v1/estimates', REQUEST));
    for (const name of [
      'listPrograms',
      'getCapabilities',
      'getOpenApi',
      'getDocs',
      'getMetrics',
      'getHealth',
      'getReadiness',
    ] as const)
      await expect(name, '200', get(service, ROUTES[name].path));
    const waiting = busy.services.store.list({ limit: 1, state: 'queued' })[0];
    assert.ok(waiting);
    await expect('cancelProof', '200', cancel(busy, waiting.id));
    await expect('getProof', '200', get(busy, `/v1/proofs/${waiting.id}`));
    await post(busy, '/v1/proofs', REQUEST);
  });

  it('answers an invalid proof', async () => {
    const other = await startFakeService({
      checker: {
        verify: async () => ({
          verdict: { ok: false, reason: 'DEEP_MISMATCH', details: { query: 1 } },
          seconds: 1,
        }),
      },
    });
    await expect('verify', '200', post(other, VERIFY_URL, ANY, OCTETS));
    await other.close();
  });

  it('refuses what does not have the form', async () => {
    await expect('submitProof', 'malformed-request', post(service, '/v1/proofs', { ...REQUEST, more: 1 }));
    await expect(
      'submitProof',
      'malformed-request',
      post(service, '/v1/proofs', { ...REQUEST, priority: '1' }),
    );
    await expect(
      'submitProof',
      'malformed-request',
      post(service, '/v1/proofs', { ...REQUEST, priority: 1.5 }),
    );
    await expect(
      'submitProof',
      'malformed-request',
      post(service, '/v1/proofs', { ...REQUEST, deadline: 'soon' }),
    );
    await expect(
      'submitProof',
      'malformed-request',
      post(service, '/v1/proofs', REQUEST, { 'idempotency-key': 'a b' }),
    );
    await expect(
      'submitProof',
      'malformed-request',
      post(service, '/v1/proofs', REQUEST, { 'content-digest': 'x' }),
    );
    await expect('submitProof', 'malformed-trace', post(service, TRACE_URL, ANY, OCTETS));
    await expect('listProofs', 'malformed-request', get(service, '/v1/proofs?limit=x'));
    await expect('listProofs', 'malformed-request', get(service, '/v1/proofs?more=1'));
    await expect('watchEvents', 'malformed-request', get(service, '/v1/events?after=-1'));
    await expect('watchProof', 'malformed-request', get(service, `/v1/proofs/${jobId}/events?after=1e3`));
    await expect('verify', 'malformed-request', post(service, '/v1/verify', ANY, OCTETS));
    await expect(
      'estimate',
      'malformed-request',
      post(service, '/v1/estimates', { ...REQUEST, priority: 1 }),
    );
    const malformed = await startFakeService({
      checker: {
        verify: async () => ({ verdict: { ok: false, reason: 'BAD_MAGIC', details: {} }, seconds: 0 }),
      },
    });
    await expect('verify', 'malformed-proof', post(malformed, VERIFY_URL, ANY, OCTETS));
    await malformed.close();
    const long = 'x'.repeat(65);
    await expect('getProof', 'malformed-request', get(service, `/v1/proofs/${long}`));
    await expect('cancelProof', 'malformed-request', cancel(service, long));
    await expect('downloadProof', 'malformed-request', get(service, `/v1/proofs/${long}/proof`));
  });

  it('refuses bodies', async () => {
    const large = { ...REQUEST, more: 'x'.repeat(1024) };
    const bytes = Buffer.alloc(1025);
    await expect(
      'submitProof',
      'body-too-large',
      post(service, '/v1/proofs', REQUEST, { 'content-length': String(2 ** 40) }),
    );
    await expect('estimate', 'body-too-large', post(busy, '/v1/estimates', large));
    await expect('verify', 'body-too-large', post(busy, VERIFY_URL, bytes, OCTETS));
    const text = { 'content-type': 'text/plain' };
    await expect('submitProof', 'unsupported-media-type', post(service, '/v1/proofs', ANY, text));
    await expect('estimate', 'unsupported-media-type', post(service, '/v1/estimates', ANY, text));
    for (const headers of [
      { 'content-encoding': 'gzip' },
      { 'content-encoding': 'identity, br' },
      { 'transfer-encoding': 'gzip, chunked' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-type': 'application/json; charset="ISO-8859-1"' },
      { 'content-type': 'application/json;x=y;CHARSET=latin1' },
    ])
      for (const [name, url] of [
        ['submitProof', '/v1/proofs'],
        ['estimate', '/v1/estimates'],
      ] as const)
        await expect(name, 'unsupported-media-type', post(service, url, REQUEST, headers));
    for (const type of ['application/json; charset=UTF-8', 'application/json;charset="utf8"'])
      await expect('estimate', '200', post(service, '/v1/estimates', REQUEST, { 'content-type': type }));
    await expect('verify', 'unsupported-media-type', post(service, VERIFY_URL, ANY, text));
    await expect('submitProof', 'digest-mismatch', post(service, '/v1/proofs', REQUEST, WRONG_DIGEST));
    await expect('estimate', 'digest-mismatch', post(service, '/v1/estimates', REQUEST, WRONG_DIGEST));
    await expect('verify', 'digest-mismatch', post(service, VERIFY_URL, ANY, { ...OCTETS, ...WRONG_DIGEST }));
  });

  it('refuses what is not there', async () => {
    const unknownProgram = { ...REQUEST, program: 'nothing' };
    const unknownProfile = { ...REQUEST, profile: 'nothing' };
    for (const [name, url] of [
      ['submitProof', '/v1/proofs'],
      ['estimate', '/v1/estimates'],
    ] as const) {
      await expect(name, 'unknown-program', post(service, url, unknownProgram));
      await expect(name, 'unknown-profile', post(service, url, unknownProfile));
    }
    await expect('verify', 'unknown-program', post(service, VERIFY_URL.replace('sum', 'no'), ANY, OCTETS));
    await expect('verify', 'unknown-profile', post(service, VERIFY_URL.replace('leaf', 'no'), ANY, OCTETS));
    await expect('getProof', 'unknown-job', get(service, '/v1/proofs/none'));
    await expect('cancelProof', 'unknown-job', cancel(service, 'none'));
    await expect('downloadProof', 'unknown-job', get(service, '/v1/proofs/none/proof'));
    await expect('watchProof', 'unknown-job', get(service, '/v1/proofs/none/events'));
    const running = busy.services.store.list({ limit: 1, state: 'running' })[0];
    assert.ok(running);
    await expect('downloadProof', 'proof-not-available', get(busy, `/v1/proofs/${running.id}/proof`));
    await expect('cancelProof', 'job-finished', cancel(service, jobId));
  });

  it('refuses what cannot be proved', async () => {
    const refused = { ...REQUEST, inputs: { left: 13, right: 0 } };
    const large = { ...REQUEST, inputs: { left: 14, right: 0 } };
    await expect('submitProof', 'inputs-refused', post(service, '/v1/proofs', refused));
    await expect('submitProof', 'job-too-large', post(service, '/v1/proofs', large));
    await expect('estimate', 'inputs-refused', post(service, '/v1/estimates', refused));
    await expect('estimate', 'job-too-large', post(service, '/v1/estimates', large));
    const deadline = new Date(Date.now() - 1000).toISOString();
    await expect('submitProof', 'deadline-passed', post(service, '/v1/proofs', { ...REQUEST, deadline }));
    const key = { 'idempotency-key': 'once' };
    await expect('submitProof', '202', post(service, '/v1/proofs', REQUEST, key));
    await expect(
      'submitProof',
      'idempotency-key-reused',
      post(service, '/v1/proofs', { ...REQUEST, priority: 1 }, key),
    );
  });

  it('refuses when too much is asked at once', async () => {
    await expect('submitProof', 'queue-full', post(busy, '/v1/proofs', REQUEST));
    const never = new Promise<never>(() => {});
    const slow = await startFakeService({
      settings: { queueLimit: 1 },
      checker: { verify: () => never },
      estimator: { estimate: () => never, close: async () => {} },
    });
    void post(slow, VERIFY_URL, ANY, OCTETS);
    void post(slow, '/v1/estimates', REQUEST);
    await sleep(20);
    await expect('verify', 'queue-full', post(slow, VERIFY_URL, ANY, OCTETS));
    await expect('estimate', 'queue-full', post(slow, '/v1/estimates', REQUEST));
    await slow.close();

    const narrow = await startFakeService({ prove: proveForever, settings: { eventConnectionLimit: 1 } });
    await narrow.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = narrow.app.server.address() as AddressInfo;
    const { id } = jobSchema.parse((await post(narrow, '/v1/proofs', REQUEST)).json());
    await openSocket(port, '/v1/events');
    for (const [name, path] of [
      ['watchEvents', '/v1/events'],
      ['watchProof', `/v1/proofs/${id}/events`],
    ] as const) {
      const refusal = await openSocket(port, path).then(
        () => assert.fail('it was accepted'),
        (error: unknown) => error,
      );
      assert.ok(refusal instanceof UpgradeRefused);
      const { code } = JSON.parse(refusal.body) as { code: ProblemCode };
      assert.deepEqual([refusal.status, code], [429, 'too-many-connections']);
      seen.add(`${name} ${code}`);
    }
    await narrow.close();
  });

  it('refuses pages of other sites', async () => {
    const names = (Object.keys(ROUTES) as RouteName[]).filter((name) => !name.includes('Aggregation'));
    for (const name of names) {
      const { method, path } = ROUTES[name];
      const send = (headers: Record<string, string>) =>
        service.app.inject({ method, url: path.replace(':id', jobId), headers });
      await expect(name, 'host-not-allowed', send({ host: 'rebound.example:8080' }));
      for (const origin of ['http://rebound.example', 'http://localhost:81', 'null'])
        await expect(name, 'origin-not-allowed', send({ host: 'localhost:80', origin }));
    }
    for (const [host, origin] of [
      ['localhost', 'http://localhost:80'],
      ['127.0.0.2:8080', 'http://127.0.0.2:8080'],
      ['[::1]:80', 'http://[::1]'],
    ] as const)
      await expect('getHealth', '200', get(service, '/healthz', { host, origin }));
    for (const host of ['127.0.0.1.rebound.example', 'localhost.rebound.example', '10.0.0.1', '[::2]', '@'])
      await expect('getHealth', 'host-not-allowed', get(service, '/healthz', { host }));

    for (const site of ['cross-site', 'same-site', 'x']) {
      const fetched = { 'sec-fetch-site': site };
      await expect('getMetrics', 'origin-not-allowed', get(service, '/metrics', fetched));
      await expect('getCapabilities', 'origin-not-allowed', get(service, '/v1/capabilities', fetched));
      await expect('getDocs', '200', get(service, '/docs', fetched));
    }
    for (const site of ['same-origin', 'none'])
      await expect('getHealth', '200', get(service, '/healthz', { 'sec-fetch-site': site }));
    for (const host of [
      'me@127.0.0.1',
      '127.0.0.1/x',
      '127.1',
      '0x7f.0.0.1',
      '2130706433',
      'localhost:',
      'localhost:80:80',
      '[::ffff:127.0.0.1]',
      'localhost?',
      '127.0.0.1#',
    ])
      await expect('getHealth', 'host-not-allowed', get(service, '/healthz', { host }));

    const open = await startFakeService({ settings: { host: '0.0.0.0', allowedHosts: ['prover.example'] } });
    const host = 'prover.example';
    for (const address of ['10.0.0.1:8080', '[fd00::1]', 'localhost', '127.0.0.1:1'])
      await expect('getHealth', '200', get(open, '/healthz', { host: address }));
    for (const name of [
      'rebound.example',
      'x.prover.example',
      'prover.example.rebound.example',
      '10.0.0.1.rebound.example',
    ])
      await expect(
        'getHealth',
        'host-not-allowed',
        get(open, '/healthz', { host: name, origin: `http://${name}` }),
      );
    await expect('getHealth', '200', get(open, '/healthz', { host, origin: 'https://prover.example' }));
    const stranger = { host, origin: 'https://other.example' };
    await expect('getHealth', 'origin-not-allowed', get(open, '/healthz', stranger));
    await open.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = open.app.server.address() as AddressInfo;
    const refusal = await openSocket(port, '/v1/events', { origin: 'http://other.example' }).then(
      () => assert.fail('it was accepted'),
      (error: unknown) => error,
    );
    assert.ok(refusal instanceof UpgradeRefused);
    assert.deepEqual(
      [refusal.status, (JSON.parse(refusal.body) as { code: ProblemCode }).code],
      [403, 'origin-not-allowed'],
    );
    await open.close();
  });

  it('refuses when it cannot prove', async () => {
    const starting = await startFakeService({ state: () => ({ state: 'starting' }) });
    await expect('getReadiness', 'not-ready', get(starting, '/readyz'));
    await expect('getCapabilities', '200', get(starting, '/v1/capabilities'));
    await expect('estimate', '200', post(starting, '/v1/estimates', REQUEST));
    await starting.close();
    const notReady = async (): Promise<never> => {
      throw new Problem('not-ready', 'The verifying keys are being computed.');
    };
    const keyless = await startFakeService({
      checker: { isReady: () => false, verify: notReady, keyDigest: notReady, instructionCount: notReady },
    });
    await expect('getReadiness', 'not-ready', get(keyless, '/readyz'));
    await expect('getCapabilities', 'not-ready', get(keyless, '/v1/capabilities'));
    await expect('listPrograms', 'not-ready', get(keyless, '/v1/programs'));
    await expect('verify', 'not-ready', post(keyless, VERIFY_URL, ANY, OCTETS));
    await keyless.close();
    const missing = await startFakeService({
      state: () => ({ state: 'starting' }),
      settings: { proverSeconds: 0.01 },
    });
    await sleep(20);
    await expect('getHealth', 'not-ready', get(missing, '/healthz'));
    await missing.close();
    const failed = await startFakeService({ state: () => ({ state: 'failed', detail: 'no device' }) });
    await expect('submitProof', 'not-ready', post(failed, '/v1/proofs', REQUEST));
    await failed.close();
    const stopping = await startFakeService();
    await stopping.jobs.close();
    await expect('submitProof', 'stopping', post(stopping, '/v1/proofs', REQUEST));
    await expect('getReadiness', 'stopping', get(stopping, '/readyz'));
    await expect('getHealth', '200', get(stopping, '/healthz'));
    await stopping.close();
  });

  it('says nothing about its own mistakes', async () => {
    const fail = async (): Promise<never> => {
      throw new Error('secret');
    };
    const broken = await startFakeService({
      checker: { verify: fail, checkRequest: fail, keyDigest: fail },
      estimator: { estimate: fail, close: async () => {} },
    });
    const answers = [
      ['submitProof', await post(broken, '/v1/proofs', REQUEST)],
      ['verify', await post(broken, VERIFY_URL, ANY, OCTETS)],
      ['estimate', await post(broken, '/v1/estimates', REQUEST)],
      ['getCapabilities', await get(broken, '/v1/capabilities')],
      ['listPrograms', await get(broken, '/v1/programs')],
    ] as const;
    for (const [name, answer] of answers) {
      await expect(name, 'internal-error', answer);
      assert.ok(!answer.body.includes('secret'));
    }
    await broken.close();
  });

  it('ends a body that does not arrive', async () => {
    const strict = await startFakeService({ settings: { requestTimeoutSeconds: 1 } });
    await strict.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = strict.app.server.address() as AddressInfo;
    const answer = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(
          'POST /v1/proofs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
        ),
      );
      socket.on('data', (piece) => {
        received += piece.toString();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(received));
    });
    assert.ok(answer === '' || answer.startsWith('HTTP/1.1 4'), answer);
    await strict.close();
  });

  it('has provoked everything that the table promises', () => {
    // Those of aggregations are in a file of their own.
    const names = (Object.keys(ROUTES) as RouteName[]).filter((name) => !name.includes('Aggregation'));
    assert.deepEqual(unseenOutcomes(names, seen), []);
  });
});
