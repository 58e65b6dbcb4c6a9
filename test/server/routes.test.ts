/** Every route over a prover that computes nothing: answers, refusals and limits. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { TRACE_HEADER_BYTES, TRACE_VERSION } from '../../machine/traceCodec.ts';
import { AttemptLost } from '../../server/prover/prover.ts';
import { COLLISION_BITS } from '../../stark/soundness.ts';
import {
  ADAPTER,
  type FakeService,
  proveForever,
  smallTrace,
  startFakeService,
  succeed,
} from '../support/fakeServices.ts';

const REQUEST = { program: 'sum', profile: 'leaf', inputs: { left: 1, right: 2 } };
const STATEMENT = `0x00000003${'0'.repeat(56)}`;
const OCTETS = { 'content-type': 'application/octet-stream' };

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, unknown>;
  json(): Record<string, never>;
}

function assertProblem(answer: Answer, status: number, code: string): void {
  const body = answer.json() as Record<string, unknown>;
  assert.equal(answer.statusCode, status, JSON.stringify(body));
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(body['code'], code, JSON.stringify(body));
  assert.equal(body['status'], status);
  assert.equal(body['type'], `urn:colonnade:problem:${code}`);
  assert.equal(typeof body['title'], 'string');
}

async function settledJob(service: FakeService, id: string): Promise<Record<string, unknown>> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const body = (await service.app.inject({ url: `/v1/proofs/${id}` })).json() as Record<string, unknown>;
    if (body['state'] === 'succeeded' || body['state'] === 'failed') return body;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the job ${id} does not settle`);
}

async function submit(service: FakeService, payload: object = REQUEST): Promise<string> {
  const answer = await service.app.inject({ method: 'POST', url: '/v1/proofs', payload });
  assert.equal(answer.statusCode, 202, answer.body);
  return (answer.json() as { id: string }).id;
}

describe('routes', () => {
  let service: FakeService;
  before(async () => {
    service = await startFakeService();
  });
  after(() => service.close());

  it('takes inputs, proves, and hands the proof out', async () => {
    const answer = await service.app.inject({ method: 'POST', url: '/v1/proofs', payload: REQUEST });
    assert.equal(answer.statusCode, 202);
    const { id } = answer.json() as { id: string };
    assert.equal(answer.headers.location, `/v1/proofs/${id}`);
    const job = await settledJob(service, id);
    assert.equal(job['state'], 'succeeded');
    assert.equal(job['attempts'], 1);
    assert.deepEqual(
      (job['events'] as { state: string }[]).map(({ state }) => state),
      ['queued', 'running', 'verifying', 'succeeded'],
    );
    const proof = job['proof'] as Record<string, unknown>;
    assert.equal(proof['statement'], STATEMENT);
    assert.equal(proof['proofBytes'], 4);
    assert.deepEqual([proof['provableBits'], proof['collisionBits']], [128, COLLISION_BITS]);
    assert.deepEqual((proof['measures'] as { adapter: unknown }).adapter, ADAPTER);
    const download = await service.app.inject({ url: `/v1/proofs/${id}/proof` });
    assert.equal(download.statusCode, 200);
    assert.equal(download.headers['content-type'], 'application/octet-stream');
    assert.deepEqual([...download.rawPayload], [1, 2, 3, 4]);
  });

  it('takes a trace', async () => {
    const payload = smallTrace();
    const url = '/v1/proofs?program=sum&profile=leaf';
    const answer = await service.app.inject({ method: 'POST', url, headers: OCTETS, payload });
    assert.equal(answer.statusCode, 202, answer.body);
    const job = await settledJob(service, (answer.json() as { id: string }).id);
    assert.equal(job['state'], 'succeeded');
    assert.equal(job['input'], 'trace');
    const input = service.proved.at(-1)?.input;
    assert.ok(input?.kind === 'trace');
    assert.deepEqual([...input.bytes], [...payload]);
  });

  it('verifies', async () => {
    const url = `/v1/verify?program=sum&profile=leaf&statement=${STATEMENT}`;
    const answer = await service.app.inject({ method: 'POST', url, headers: OCTETS, payload: Buffer.of(1) });
    assert.deepEqual(answer.json(), {
      isValid: true,
      provableBits: 128,
      collisionBits: COLLISION_BITS,
      verifySeconds: 0.125,
    });
  });

  it('says that it lives and is ready', async () => {
    assert.deepEqual((await service.app.inject({ url: '/healthz' })).json(), { status: 'ok' });
    assert.deepEqual((await service.app.inject({ url: '/readyz' })).json(), {
      status: 'ready',
      adapter: ADAPTER,
      programs: ['sum'],
      profiles: ['leaf'],
    });
  });

  const MALFORMED: readonly [string, unknown][] = [
    ['an unknown field', { ...REQUEST, more: 1 }],
    ['an unknown input field', { ...REQUEST, inputs: { left: 1, right: 2, more: 3 } }],
    ['a mistyped input', { ...REQUEST, inputs: { left: '1', right: 2 } }],
    ['a missing input', { ...REQUEST, inputs: { left: 1 } }],
    ['missing inputs', { program: 'sum', profile: 'leaf' }],
    ['a mistyped program', { ...REQUEST, program: 7 }],
    ['an array', []],
    ['null', null],
    ['a number', 7],
  ];
  for (const [what, payload] of MALFORMED) {
    it(`refuses ${what}`, async () => {
      const answer = await service.app.inject({
        method: 'POST',
        url: '/v1/proofs',
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify(payload),
      });
      assertProblem(answer, 400, 'malformed-request');
    });
  }

  it('names the path of a fault', async () => {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs',
      payload: { ...REQUEST, inputs: { left: -1, right: 2 } },
    });
    const { errors } = answer.json() as { errors: { path: string }[] };
    assert.deepEqual(
      errors.map(({ path }) => path),
      ['body.inputs.left'],
    );
  });

  const MALFORMED_TEXT = [
    '',
    '{',
    '{"program":',
    '[1,',
    '{"__proto__":{"a":1}}',
    '\u0000',
    '"',
    'nul',
    '{}{}',
  ];
  for (const text of MALFORMED_TEXT) {
    it(`refuses the JSON text ${JSON.stringify(text)}`, async () => {
      const answer = await service.app.inject({
        method: 'POST',
        url: '/v1/proofs',
        headers: { 'content-type': 'application/json' },
        payload: text,
      });
      assertProblem(answer, 400, 'malformed-request');
    });
  }

  it('survives deep nesting', async () => {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs',
      headers: { 'content-type': 'application/json' },
      payload: `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    });
    assertProblem(answer, 400, 'malformed-request');
  });

  it('refuses unknown programs, profiles, jobs and addresses', async () => {
    const post = (payload: object) => service.app.inject({ method: 'POST', url: '/v1/proofs', payload });
    const unknown = await post({ ...REQUEST, program: 'nothing' });
    assertProblem(unknown, 422, 'unknown-program');
    assert.deepEqual((unknown.json() as { expected: string[] }).expected, ['sum']);
    assertProblem(await post({ ...REQUEST, profile: 'TEST_ONLY_LEAF' }), 422, 'unknown-profile');
    assertProblem(await post({ ...REQUEST, inputs: { left: 13, right: 0 } }), 422, 'inputs-refused');
    assertProblem(await post({ ...REQUEST, inputs: { left: 14, right: 0 } }), 422, 'job-too-large');
    assertProblem(await service.app.inject({ url: '/v1/proofs/none' }), 404, 'unknown-job');
    assertProblem(await service.app.inject({ url: '/v1/proofs/none/proof' }), 404, 'unknown-job');
    assertProblem(await service.app.inject({ url: '/nothing' }), 404, 'not-found');
    assertProblem(await service.app.inject({ url: `/v1/proofs/${'x'.repeat(101)}` }), 404, 'not-found');
    assertProblem(
      await service.app.inject({ url: `/v1/aggregations/${'%41'.repeat(500)}/events` }),
      404,
      'not-found',
    );
    for (const [method, url, allow] of [
      ['DELETE', '/v1/proofs', 'POST, GET, HEAD'],
      ['PUT', '/v1/proofs/none?x=1', 'GET, HEAD, DELETE'],
      ['OPTIONS', '/healthz', 'GET, HEAD'],
      ['PATCH', '/v1/verify', 'POST'],
      ['GET', '/v1/verify', 'POST'],
      ['POST', '/v1/openapi.json', 'GET, HEAD'],
    ] as const) {
      const answer = await service.app.inject({ method, url });
      assertProblem(answer, 405, 'method-not-allowed');
      assert.equal(answer.headers['allow'], allow, `${method} ${url}`);
    }
    assertProblem(await service.app.inject({ method: 'PUT', url: '/v1/openapiXjson' }), 404, 'not-found');
    assertProblem(await service.app.inject({ url: '/%ff' }), 404, 'not-found');
  });

  it('refuses other content types', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
      const headers = { 'content-type': type };
      for (const url of ['/v1/proofs', `/v1/verify?program=sum&profile=leaf&statement=${STATEMENT}`]) {
        const answer = await service.app.inject({ method: 'POST', url, headers, payload: 'x' });
        assertProblem(answer, 415, 'unsupported-media-type');
      }
    }
    const answer = await service.app.inject({
      method: 'POST',
      url: `/v1/verify?program=sum&profile=leaf&statement=${STATEMENT}`,
      payload: {},
    });
    assertProblem(answer, 415, 'unsupported-media-type');
  });

  it('refuses malformed traces and queries', async () => {
    const post = (query: string, payload: Buffer) =>
      service.app.inject({ method: 'POST', url: `/v1/proofs${query}`, headers: OCTETS, payload });
    const good = '?program=sum&profile=leaf';
    const trace = smallTrace();
    const withWord = (index: number, word: number): Buffer => {
      const changed = Buffer.from(trace);
      changed.writeUInt32LE(word, 4 * index);
      return changed;
    };
    const header = TRACE_HEADER_BYTES;
    for (const length of [0, 1, header - 1, header, header + 1, trace.length - 4, trace.length - 1]) {
      assertProblem(await post(good, trace.subarray(0, length)), 400, 'malformed-trace');
    }
    assertProblem(await post(good, Buffer.concat([trace, Buffer.of(0)])), 400, 'malformed-trace');
    assertProblem(await post(good, withWord(0, 1)), 400, 'malformed-trace');
    assertProblem(await post(good, withWord(1, TRACE_VERSION + 1)), 400, 'malformed-trace');
    for (const memoryWords of [0, 7])
      assertProblem(await post(good, withWord(2, memoryWords)), 400, 'malformed-trace');
    assertProblem(await post(good, withWord(2, 2 ** 31)), 422, 'job-too-large');
    assertProblem(await post(good, withWord(3, 2 ** 22 + 1)), 422, 'job-too-large');
    assertProblem(await post(good, withWord(4, 2 ** 32 - 1)), 422, 'job-too-large');
    assertProblem(await post('', trace), 400, 'malformed-request');
    assertProblem(await post(`${good}&more=1`, trace), 400, 'malformed-request');
    assertProblem(await post('?program=no&profile=leaf', trace), 422, 'unknown-program');
    const stray = await service.app.inject({ method: 'POST', url: `/v1/proofs${good}`, payload: REQUEST });
    assertProblem(stray, 400, 'malformed-request');
  });

  it('refuses malformed statements', async () => {
    for (const statement of [
      '',
      '0x00',
      `0x${'f'.repeat(64)}`,
      `0x7f000001${'0'.repeat(56)}`,
      `0x${'G'.repeat(64)}`,
    ]) {
      const url = `/v1/verify?program=sum&profile=leaf&statement=${statement}`;
      const answer = await service.app.inject({
        method: 'POST',
        url,
        headers: OCTETS,
        payload: Buffer.of(1),
      });
      assertProblem(answer, 400, 'malformed-request');
    }
  });
});

describe('limits', () => {
  it('refuses bodies that are too large, declared or not', async () => {
    const settings = { jsonLimitBytes: 1024, traceLimitBytes: 1024, proofLimitBytes: 1024 };
    const service = await startFakeService({ settings });
    const large = smallTrace(248);
    assert.ok(large.length > 1024);
    const json = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs',
      payload: { ...REQUEST, more: 'x'.repeat(1024) },
    });
    assertProblem(json, 413, 'body-too-large');
    const url = '/v1/proofs?program=sum&profile=leaf';
    assertProblem(
      await service.app.inject({ method: 'POST', url, headers: OCTETS, payload: large }),
      413,
      'body-too-large',
    );
    const atLimit = smallTrace(232);
    assert.ok(atLimit.length > 960 && atLimit.length <= 1024);
    const exact = await service.app.inject({ method: 'POST', url, headers: OCTETS, payload: atLimit });
    assert.equal(exact.statusCode, 202);
    assertProblem(
      await service.app.inject({
        method: 'POST',
        url: `/v1/verify?program=sum&profile=leaf&statement=${STATEMENT}`,
        headers: OCTETS,
        payload: large,
      }),
      413,
      'body-too-large',
    );

    // Without a declared length, over a real connection.
    await service.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = service.app.server.address() as AddressInfo;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const upload = httpRequest({ port, path: url, method: 'POST', headers: OCTETS }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      upload.on('error', reject);
      upload.write(large.subarray(0, 100));
      upload.write(large.subarray(100));
    });
    assert.equal(status, 413);
    await service.close();
  });

  it('survives uploads that break off', async () => {
    const service = await startFakeService({ settings: { uploadLimit: 1 } });
    await service.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = service.app.server.address() as AddressInfo;
    for (let round = 0; round < 3; round++) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(
            'POST /v1/proofs?program=sum&profile=leaf HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/octet-stream\r\ncontent-length: 100\r\n\r\nCLNT',
          );
          setTimeout(() => socket.destroy(), 20);
        });
        socket.on('close', () => resolve());
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    // The one place for uploads is free again.
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs?program=sum&profile=leaf',
      headers: OCTETS,
      payload: smallTrace(),
    });
    assert.equal(answer.statusCode, 202, answer.body);
    await service.close();
  });

  it('refuses jobs beyond the queue and forgets the oldest', async () => {
    const full = await startFakeService({ settings: { queueLimit: 2 }, prove: proveForever });
    for (let job = 0; job < 3; job++) await submit(full);
    const answer = await full.app.inject({ method: 'POST', url: '/v1/proofs', payload: REQUEST });
    assertProblem(answer, 429, 'queue-full');
    assert.equal(answer.headers['retry-after'], '5');
    await full.close();

    const heavy = await startFakeService({ settings: { queueMebibytes: 1 }, prove: proveForever });
    const upload = () =>
      heavy.app.inject({
        method: 'POST',
        url: '/v1/proofs?program=sum&profile=leaf',
        headers: OCTETS,
        payload: smallTrace(2 ** 17),
      });
    // One runs, one waits; a third would take the inputs over a mebibyte.
    assert.equal((await upload()).statusCode, 202);
    assert.equal((await upload()).statusCode, 202);
    assertProblem(await upload(), 429, 'queue-full');
    await heavy.close();

    const forgetful = await startFakeService({ settings: { retentionLimit: 1 } });
    const first = await submit(forgetful);
    await settledJob(forgetful, first);
    await settledJob(forgetful, await submit(forgetful));
    assertProblem(await forgetful.app.inject({ url: `/v1/proofs/${first}` }), 404, 'unknown-job');
    await forgetful.close();
  });

  it('takes no job when the prover has failed', async () => {
    const service = await startFakeService({ state: () => ({ state: 'failed', detail: 'no device' }) });
    assertProblem(await service.app.inject({ url: '/readyz' }), 503, 'not-ready');
    const answer = await service.app.inject({ method: 'POST', url: '/v1/proofs', payload: REQUEST });
    assertProblem(answer, 503, 'not-ready');
    await service.close();
  });

  it('is not ready without a prover and says nothing about its own mistakes', async () => {
    let isReady = false;
    const service = await startFakeService({
      state: () =>
        isReady ? { state: 'ready', adapter: ADAPTER, bindingBytes: 2 ** 27 } : { state: 'starting' },
      checker: {
        verify: async () => {
          throw new Error('secret');
        },
      },
    });
    assertProblem(await service.app.inject({ url: '/readyz' }), 503, 'not-ready');
    const url = `/v1/verify?program=sum&profile=leaf&statement=${STATEMENT}`;
    const answer = await service.app.inject({ method: 'POST', url, headers: OCTETS, payload: Buffer.of(1) });
    assertProblem(answer, 500, 'internal-error');
    assert.ok(!answer.body.includes('secret'));
    const id = await submit(service);
    isReady = true;
    const job = await settledJob(service, id);
    assert.equal((job['failure'] as { code: string }).code, 'INTERNAL');
    assert.ok(!JSON.stringify(job).includes('secret'));
    await service.close();
  });
});

describe('jobs', () => {
  const failureOf = async (
    overrides: Parameters<typeof startFakeService>[0],
  ): Promise<Record<string, unknown>> => {
    const service = await startFakeService(overrides);
    const job = await settledJob(service, await submit(service));
    await service.close();
    assert.equal(job['state'], 'failed');
    return { attempts: job['attempts'], ...(job['failure'] as object) };
  };

  it('repeats a lost attempt', async () => {
    let attempts = 0;
    const service = await startFakeService({
      prove: async () => {
        attempts += 1;
        if (attempts < 3) throw new AttemptLost('CRASHED', 'signal SIGSEGV');
        return succeed(Uint32Array.of(3, 0, 0, 0, 0, 0, 0, 0));
      },
    });
    const job = await settledJob(service, await submit(service));
    assert.equal(job['state'], 'succeeded');
    assert.equal(job['attempts'], 3);
    const notes = (job['events'] as { note?: string }[]).flatMap(({ note }) =>
      note === undefined ? [] : [note],
    );
    assert.deepEqual(notes, ['attempt 1 lost: CRASHED', 'attempt 2 lost: CRASHED']);
    await service.close();
  });

  it('gives up after the last attempt', async () => {
    const failure = await failureOf({
      prove: async () => {
        throw new AttemptLost('DEVICE_LOST', 'gone');
      },
    });
    assert.equal(failure['code'], 'ATTEMPTS_EXHAUSTED');
    assert.equal(failure['attempts'], 3);
    assert.deepEqual(failure['details'], { attempts: 3, reason: 'DEVICE_LOST' });
  });

  it('ends an attempt that takes too long', async () => {
    const failure = await failureOf({
      prove: proveForever,
      settings: { attemptLimit: 1, attemptTimeoutSeconds: 0.02 },
    });
    assert.deepEqual(failure['details'], { attempts: 1, reason: 'TIMEOUT' });
  });

  it('does not repeat what the job itself did wrong', async () => {
    const details = { expected: 10, got: 20 };
    const failure = await failureOf({
      prove: async () => ({ ok: false, code: 'TOO_LARGE', detail: 'too many rows', details }),
    });
    assert.equal(failure['code'], 'TOO_LARGE');
    assert.equal(failure['attempts'], 1);
    assert.deepEqual(failure['details'], details);
  });

  it('calls nothing succeeded that does not verify', async () => {
    const failure = await failureOf({
      checker: {
        verify: async () => ({
          verdict: { ok: false, reason: 'DEEP_MISMATCH', details: { query: 1 } },
          seconds: 1,
        }),
      },
    });
    assert.equal(failure['code'], 'VERIFICATION_FAILED');
    assert.deepEqual(failure['details'], { reason: 'DEEP_MISMATCH', query: 1 });
  });

  it('calls nothing succeeded that states something else', async () => {
    const failure = await failureOf({ prove: async () => succeed(Uint32Array.of(4, 0, 0, 0, 0, 0, 0, 0)) });
    assert.equal(failure['code'], 'STATEMENT_MISMATCH');
  });

  it('has no proof before it is done', async () => {
    const service = await startFakeService({ prove: proveForever });
    const id = await submit(service);
    assertProblem(await service.app.inject({ url: `/v1/proofs/${id}/proof` }), 409, 'proof-not-available');
    const job = (await service.app.inject({ url: `/v1/proofs/${id}` })).json() as { progress: object };
    assert.deepEqual(job.progress, { stage: 'commitMain', fraction: 0.5 });
    await service.close();
    const { state } = service.jobs.find(id) ?? assert.fail();
    assert.ok(state.name === 'failed' && state.failure.code === 'STOPPED');
  });

  it('names what an uploaded trace violates', async () => {
    const details = { table: 'cpu', row: 3, constraint: 'clk grows' };
    const service = await startFakeService({
      prove: async () => ({ ok: false, code: 'TRACE_INVALID', detail: 'clk grows', details }),
    });
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs?program=sum&profile=leaf',
      headers: OCTETS,
      payload: smallTrace(),
    });
    const job = await settledJob(service, (answer.json() as { id: string }).id);
    assert.equal((job['failure'] as { code: string }).code, 'TRACE_INVALID');
    assert.deepEqual((job['failure'] as { details: object }).details, details);
    assert.equal(job['attempts'], 1);
    await service.close();
  });

  it('refuses a trace whose words are wrong', async () => {
    const service = await startFakeService({
      checker: { checkTraceForm: async () => ({ ok: false, detail: 'no', details: { got: 5 } }) },
    });
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs?program=sum&profile=leaf',
      headers: OCTETS,
      payload: smallTrace(),
    });
    assertProblem(answer, 400, 'malformed-trace');
    await service.close();
  });
});
