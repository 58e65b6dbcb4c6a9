/** The client while the service is away, is started anew, or sends what it should not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientOptions, type ColonnadeClient, createClient } from '../../client/client.ts';
import { submitOnce } from '../../client/commands/through.ts';
import { ServiceError } from '../../client/serviceError.ts';
import { type FakeService, startFakeService } from '../support/fakeServices.ts';

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

const EMPTY = { events: [], epoch: 'e', latest: 0, oldest: 1 };

function eventOf(number: number, epoch = 'e') {
  return {
    type: 'event',
    number,
    epoch,
    at: new Date().toISOString(),
    job: 'x',
    kind: 'state',
    state: 'running',
    attempt: 1,
  };
}

function polling(answer: (url: URL, call: number) => Response, options: ClientOptions = {}): ColonnadeClient {
  let calls = 0;
  return createClient('http://service/', {
    fetch: async (url) => answer(new URL(String(url)), ++calls),
    openSocket: undefined,
    pauseMs: 1,
    ...options,
  });
}

const gone = (): never => {
  throw new TypeError('fetch failed');
};

/** As many messages as are wanted. */
async function heard(client: ColonnadeClient, count: number, after = 0): Promise<unknown[]> {
  const messages: unknown[] = [];
  for await (const message of client.watchEvents({ after })) {
    messages.push(message.type === 'event' ? message.number : message.type);
    if (messages.length === count) return messages;
  }
  return messages;
}

describe('patience', () => {
  it('outlasts any number of failures that are not in a row, and any row that is short enough', async () => {
    const client = polling((_url, call) => {
      if (call === 200) return json({ ...EMPTY, events: [eventOf(1)], latest: 1 });
      return call % 3 === 0 ? gone() : json(EMPTY);
    });
    assert.deepEqual(await heard(client, 1), [1]);
    const row = polling((_url, call) =>
      call < 12 ? gone() : json({ ...EMPTY, events: [eventOf(1)], latest: 1 }),
    );
    assert.deepEqual(await heard(row, 1), [1]);
    const proxy = polling((_url, call) =>
      call < 4
        ? new Response('<html>', { status: 502 })
        : json({ ...EMPTY, events: [eventOf(1)], latest: 1 }),
    );
    assert.deepEqual(await heard(proxy, 1), [1]);
  });

  it('ends by time, and at once for what will not pass', async () => {
    const start = performance.now();
    await assert.rejects(heard(polling(gone, { patienceMs: 60 }), 1), { code: 'UNREACHABLE' });
    assert.ok(performance.now() - start >= 60);
    const client = polling(() => new Response('<html>', { status: 404 }));
    await assert.rejects(heard(client, 1), { code: 'UNEXPECTED_ANSWER' });
  });

  it('waits as long as the service says', async () => {
    const problem = { type: 't', title: 't', status: 429, code: 'queue-full', retryable: true, traceId: '0' };
    const times: number[] = [];
    const client = polling((_url, call) => {
      times.push(performance.now());
      return call === 1
        ? json(problem, 429, { 'retry-after': '1' })
        : json({ ...EMPTY, events: [eventOf(1)], latest: 1 });
    });
    await heard(client, 1);
    assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 990);
  });

  it('is had by whoever waits for a job, too', async () => {
    const service = await startFakeService();
    await service.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = service.app.server.address() as AddressInfo;
    let calls = 0;
    const client = createClient(`http://127.0.0.1:${port}`, {
      openSocket: undefined,
      pauseMs: 1,
      fetch: (url, init) => {
        calls += 1;
        return calls > 2 && calls % 2 === 0 ? gone() : fetch(url, init);
      },
    });
    const { id } = await client.submitProof({
      program: 'sum',
      profile: 'leaf',
      inputs: { left: 1, right: 2 },
    });
    assert.equal((await client.waitForProof(id)).state, 'succeeded');
    await service.close();
  });
});

describe('a watcher of a service that was started anew', () => {
  it('hears a gap and everything after it, also where the numbers have caught up', async () => {
    const first = await startFakeService();
    const second = await startFakeService();
    let current: FakeService = first;
    const client = createClient('http://service/', {
      openSocket: undefined,
      pauseMs: 1,
      fetch: async (url) => {
        const { pathname, search } = new URL(String(url));
        const answer = await current.app.inject({ url: pathname + search });
        return new Response(answer.body, { status: answer.statusCode });
      },
    });
    const tell = (service: FakeService, count: number): void => {
      for (let event = 0; event < count; event++)
        service.services.events.append({ job: 'x', kind: 'progress', state: 'running', attempt: 1 });
    };
    tell(first, 5);
    tell(second, 8);
    const messages: unknown[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const message of client.watchEvents({ signal: stop.signal }))
        messages.push(message.type === 'event' ? message.number : message.type);
    })().catch(() => {});
    while (messages.length < 5) await sleep(1);
    current = second;
    while (messages.length < 14) await sleep(1);
    assert.deepEqual(messages, [1, 2, 3, 4, 5, 'gap', 1, 2, 3, 4, 5, 6, 7, 8]);
    stop.abort();
    await watching;
    // A cursor of before that is beyond all that there is.
    assert.deepEqual(await heard(client, 9, 1000), ['gap', 1, 2, 3, 4, 5, 6, 7, 8]);
    await Promise.all([first.close(), second.close()]);
  });
});

describe('a download', () => {
  const digestOf = (bytes: Uint8Array): string =>
    `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
  const bytes = Uint8Array.of(1, 2, 3);
  const answering = (body: BodyInit, headers: Record<string, string>, options: ClientOptions = {}) =>
    polling(() => new Response(body, { headers }), options).downloadProof('x');

  it('is compared with its digest', async () => {
    assert.deepEqual(await answering(bytes, { 'repr-digest': digestOf(bytes) }), bytes);
    assert.deepEqual(await answering(bytes, { 'repr-digest': `md5=:AA==:, ${digestOf(bytes)}` }), bytes);
    assert.deepEqual(await answering(bytes, {}), bytes);
    for (const wrong of [digestOf(Uint8Array.of(1, 2)), 'sha-256=:AAAA:'])
      await assert.rejects(answering(bytes, { 'repr-digest': wrong }), { code: 'UNEXPECTED_ANSWER' }, wrong);
  });

  it('ends where it is too large, however it comes', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    await assert.rejects(answering(endless, {}, { maximumProofBytes: 5000 }), { code: 'UNEXPECTED_ANSWER' });
    assert.ok(sent < 20_000);
    assert.equal((await answering(new Uint8Array(5000), {}, { maximumProofBytes: 5000 })).length, 5000);
    await assert.rejects(answering(new Uint8Array(5001), {}, { maximumProofBytes: 5000 }));
  });
});

describe('a submission whose answer is lost', () => {
  it('is sent again under the same key', async () => {
    const keys: string[] = [];
    const answer = await submitOnce(async (key) => {
      keys.push(key);
      if (keys.length < 2) throw new ServiceError('UNREACHABLE', 'lost', {});
      return 'job';
    });
    assert.deepEqual([answer, keys.length, new Set(keys).size], ['job', 2, 1]);
    await assert.rejects(
      submitOnce(async () => {
        throw new ServiceError('queue-full', 'full', {});
      }),
      { code: 'queue-full' },
    );
  });
});
