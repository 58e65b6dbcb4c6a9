/** The client against the real routes over a prover that computes nothing. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import {
  type ClientOptions,
  type ColonnadeClient,
  createClient,
  type EventSocket,
  isFinished,
} from '../../client/client.ts';
import { ServiceError } from '../../client/serviceError.ts';
import {
  ADAPTER,
  honestProve,
  type Prove,
  proveForever,
  smallTrace,
  startFakeService,
} from '../support/fakeServices.ts';
import { openSocket, type TestSocket } from '../support/webSocket.ts';

interface Served {
  readonly url: string;
  readonly client: ColonnadeClient;
  /** Connections so far. */
  readonly sockets: TestSocket[];
}

const SUM = { program: 'sum', profile: 'leaf', inputs: { left: 2, right: 3 } };

/** A browser's WebSocket by the tests' own. */
function socketFrom(sockets: TestSocket[]): (url: string) => EventSocket {
  return (url) => {
    const { port, pathname, search } = new URL(url);
    const socket: EventSocket = { onmessage: null, onclose: null, onerror: null, close: () => {} };
    openSocket(Number(port), pathname + search).then(
      (opened) => {
        sockets.push(opened);
        const tell = (message: unknown): void => socket.onmessage?.({ data: JSON.stringify(message) });
        for (const message of opened.messages.splice(0)) tell(message);
        opened.onMessage(tell);
        socket.close = () => opened.socket.destroy();
        void opened.closed.then((by) => socket.onclose?.(by));
      },
      (error: unknown) => {
        socket.onerror?.(error);
        socket.onclose?.({ code: 1006, reason: '' });
      },
    );
    return socket;
  };
}

async function serve(
  test: TestContext,
  prove: Prove = honestProve,
  options: ClientOptions = {},
): Promise<Served> {
  const service = await startFakeService({ prove });
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  test.after(() => service.close());
  const { port } = service.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const sockets: TestSocket[] = [];
  const client = createClient(url, { pauseMs: 10, openSocket: socketFrom(sockets), ...options });
  return { url, client, sockets };
}

async function assertFails(work: Promise<unknown>, code: string, status: number): Promise<ServiceError> {
  const error = await work.then(
    () => assert.fail(`expected ${code}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ServiceError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(error.status, status);
  return error;
}

describe('the client', () => {
  it('runs in browsers: it imports nothing of Node', async () => {
    const { metafile } = await build({
      entryPoints: [fileURLToPath(new URL('../../client/client.ts', import.meta.url))],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      outfile: 'client.js',
    });
    assert.deepEqual(metafile.outputs['client.js']?.imports, []);
    // Of the server only what describes its routes.
    const inputs = Object.keys(metafile.inputs).filter((path) => path.includes('server/'));
    for (const path of inputs) assert.match(path, /server\/(api\/\w+|aggregation\/tree|problems)\.ts$/);
  });

  it('submits, watches, downloads and lists', async (test) => {
    const { client } = await serve(test);
    const submitted = await client.submitProof(SUM, { idempotencyKey: 'a', priority: 3 });
    assert.equal(submitted.priority, 3);
    assert.equal((await client.submitProof(SUM, { idempotencyKey: 'a', priority: 3 })).id, submitted.id);
    const states: string[] = [];
    const job = await client.waitForProof(submitted.id, ({ state }) => states.push(state));
    assert.equal(job.state, 'succeeded');
    assert.ok(isFinished(job));
    assert.equal(states.at(-1), 'succeeded');
    assert.equal(job.proof?.measures.adapter.name, ADAPTER.name);
    assert.deepEqual(await client.downloadProof(job.id), Uint8Array.of(1, 2, 3, 4));
    const { jobs } = await client.listProofs({ limit: 5, state: 'succeeded' });
    assert.deepEqual(
      jobs.map(({ id }) => id),
      [job.id],
    );
    const traced = await client.submitTrace('sum', 'leaf', new Uint8Array(smallTrace()), { priority: -1 });
    assert.equal((await client.waitForProof(traced.id)).input, 'trace');
  });

  it('reads what the service is', async (test) => {
    const { client, url } = await serve(test);
    assert.equal((await client.getHealth()).status, 'ok');
    assert.deepEqual((await client.waitUntilReady()).adapter, ADAPTER);
    assert.equal((await client.getCapabilities()).zeroKnowledge, false);
    assert.deepEqual(
      (await client.listPrograms()).programs.map(({ name }) => name),
      ['sum', 'aggregate', 'block'],
    );
    const statement = Uint32Array.of(5, 0, 0, 0, 0, 0, 0, 0);
    assert.equal((await client.verify('sum', 'leaf', statement, Uint8Array.of(1))).isValid, true);
    assert.deepEqual((await client.listAggregations()).aggregations, []);
    await assertFails(client.getAggregation('none'), 'unknown-aggregation', 404);
    await assertFails(client.cancelAggregation('none'), 'unknown-aggregation', 404);
    const noChildren = client.submitAggregation({ kind: 'aggregate', children: [] });
    await assertFails(noChildren, 'malformed-request', 400);
    // An address with a slash at its end is the same service.
    assert.equal((await createClient(`${url}/`).getHealth()).status, 'ok');
    assert.throws(() => createClient('ftp://example.org'), TypeError);
  });

  it('turns problems into errors with code, status, details and trace id', async (test) => {
    const { client } = await serve(test);
    const missing = await assertFails(client.getProof('none'), 'unknown-job', 404);
    assert.equal(missing.isRetryable, false);
    assert.match(missing.traceId ?? '', /^[0-9a-f]{32}$/);
    await assertFails(client.submitProof({ ...SUM, program: 'none' }), 'unknown-program', 422);
    const refused = await assertFails(
      client.submitProof({ ...SUM, inputs: { left: 13, right: 1 } }),
      'inputs-refused',
      422,
    );
    assert.equal(refused.details['got'], 13);
    await assertFails(
      client.submitProof({ ...SUM, inputs: { left: 'x', right: 1 } }),
      'malformed-request',
      400,
    );
    await assertFails(createClient('http://127.0.0.1:1').getHealth(), 'UNREACHABLE', 0);
  });

  it('refuses answers that are not those of the route', async () => {
    const answering = (body: string, status = 200): ColonnadeClient =>
      createClient('http://service', { fetch: async () => new Response(body, { status }) });
    await assertFails(answering('{"status":"fine"}').getHealth(), 'UNEXPECTED_ANSWER', 0);
    await assertFails(answering('<html>').getHealth(), 'UNEXPECTED_ANSWER', 0);
    await assertFails(answering('<html>', 502).getHealth(), 'UNEXPECTED_ANSWER', 0);
    await assertFails(answering('{"status":"ok"}', 202).getHealth(), 'UNEXPECTED_ANSWER', 0);
  });

  it('cancels', async (test) => {
    const { client } = await serve(test, proveForever);
    const { id } = await client.submitProof(SUM);
    await assertFails(client.downloadProof(id), 'proof-not-available', 409);
    const waiting = client.waitForProof(id);
    assert.equal((await client.cancelProof(id)).state, 'cancelled');
    assert.equal((await waiting).state, 'cancelled');
    // Once more is the same; what has ended otherwise cannot be cancelled.
    assert.equal((await client.cancelProof(id)).state, 'cancelled');
    const { client: other } = await serve(test);
    const done = await other.submitProof(SUM);
    await other.waitForProof(done.id);
    await assertFails(other.cancelProof(done.id), 'job-finished', 409);
  });

  it('goes on at its cursor when the connection is lost, without gap or repetition', async (test) => {
    const { client, sockets } = await serve(test);
    const ids: string[] = [];
    for (let left = 0; left < 3; left++) {
      const { id } = await client.submitProof({ ...SUM, inputs: { left, right: 1 } });
      ids.push(id);
      await client.waitForProof(id);
    }
    const before = sockets.length;
    const numbers: number[] = [];
    const last = (await client.listProofs()).jobs.length;
    assert.equal(last, 3);
    for await (const message of client.watchEvents()) {
      assert.equal(message.type, 'event');
      if (message.type !== 'event') continue;
      numbers.push(message.number);
      // The connection goes away in the middle.
      if (numbers.length === 2) sockets.at(-1)?.socket.destroy();
      if (message.job === ids[2] && message.state === 'succeeded') break;
    }
    assert.ok(sockets.length >= before + 1);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => (numbers[0] ?? 0) + index),
    );
    // One job's events end by themselves, also when it ended long ago.
    const own: string[] = [];
    for await (const message of client.watchProof(ids[0] ?? ''))
      if (message.type === 'event') own.push(message.state);
    assert.equal(own.at(-1), 'succeeded');
  });

  it('asks for events where there is no WebSocket', async (test) => {
    const { client } = await serve(test, honestProve, { openSocket: undefined });
    const { id } = await client.submitProof(SUM);
    const states: string[] = [];
    for await (const message of client.watchProof(id))
      if (message.type === 'event') states.push(message.state);
    assert.equal(states.at(-1), 'succeeded');
    assert.equal((await client.waitForProof(id)).state, 'succeeded');
    const controller = new AbortController();
    await assert.rejects(
      async () => {
        for await (const _ of client.watchEvents({ signal: controller.signal })) controller.abort();
      },
      { name: 'AbortError' },
    );
  });
});
