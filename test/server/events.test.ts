/** Events over WebSockets: replay from a cursor, heartbeats, slow and silent readers, floods, and the end of a job. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventMessage,
  eventListSchema,
  eventMessageSchema,
  jobSchema,
} from '../../server/api/schemas.ts';
import { createEventLog } from '../../server/jobs/eventLog.ts';
import { type FakeService, honestProve, proveForever, startFakeService } from '../support/fakeServices.ts';
import { openSocket, type TestSocket, UpgradeRefused } from '../support/webSocket.ts';

const REQUEST = { program: 'sum', profile: 'leaf', inputs: { left: 1, right: 2 } };

async function listen(service: FakeService): Promise<number> {
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  return (service.app.server.address() as AddressInfo).port;
}

async function submit(service: FakeService): Promise<string> {
  const answer = await service.app.inject({ method: 'POST', url: '/v1/proofs', payload: REQUEST });
  return jobSchema.parse(answer.json()).id;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 400; round++) {
    if (holds()) return;
    await sleep(10);
  }
  assert.fail(what);
}

const messagesOf = ({ messages }: TestSocket): EventMessage[] =>
  messages.map((message) => eventMessageSchema.parse(message));
const eventsOf = (socket: TestSocket) =>
  messagesOf(socket).flatMap((message) => (message.type === 'event' ? [message] : []));

/** Fills the log with events of no job. */
function makeNoise(service: FakeService, count: number): void {
  for (let event = 0; event < count; event++)
    service.services.events.append({
      job: `noise ${event}`,
      kind: 'progress',
      state: 'running',
      attempt: 1,
      note: 'x'.repeat(200),
    });
}

describe('event log', () => {
  it('numbers, remembers the last events and forgets the others', () => {
    const log = createEventLog(3);
    assert.deepEqual([log.latest(), log.oldest(), log.since(0)], [0, 1, []]);
    const heard: number[] = [];
    const stop = log.listen(({ number }) => heard.push(number));
    for (let event = 1; event <= 5; event++)
      log.append({ job: event % 2 === 0 ? 'even' : 'odd', kind: 'state', state: 'queued', attempt: 0 });
    stop();
    log.append({ job: 'even', kind: 'state', state: 'queued', attempt: 0 });
    const numbers = (after: number, job?: string) => log.since(after, job).map(({ number }) => number);
    assert.deepEqual(heard, [1, 2, 3, 4, 5]);
    assert.deepEqual([log.oldest(), log.latest()], [4, 6]);
    assert.deepEqual([numbers(0), numbers(4), numbers(6), numbers(99)], [[4, 5, 6], [5, 6], [], []]);
    assert.deepEqual([numbers(0, 'odd'), numbers(0, 'even')], [[5], [4, 6]]);
  });
});

describe('events', () => {
  it('of a job are replayed from its first, and the connection closes after its last', async () => {
    let finish = (): void => {};
    const service = await startFakeService({
      prove: async (task) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return honestProve(task);
      },
    });
    const port = await listen(service);
    const id = await submit(service);
    const socket = await openSocket(port, `/v1/proofs/${id}/events`);
    await until(() => eventsOf(socket).some(({ kind }) => kind === 'progress'), 'no progress');
    finish();
    assert.deepEqual(await socket.closed, { code: 1000, reason: 'finished' });
    const events = eventsOf(socket);
    assert.deepEqual(
      events.map(({ kind, state, stage }) => [kind, state, stage]),
      [
        ['state', 'queued', undefined],
        ['state', 'running', undefined],
        ['progress', 'running', 'commitMain'],
        ['state', 'verifying', undefined],
        ['state', 'succeeded', undefined],
      ],
    );
    const numbers = events.map(({ number }) => number);
    assert.deepEqual(
      numbers,
      numbers.toSorted((left, right) => left - right),
    );

    // From a cursor on: over a connection and as a list.
    const after = numbers[2] ?? 0;
    const again = await openSocket(port, `/v1/proofs/${id}/events?after=${after}`);
    await again.closed;
    assert.deepEqual(eventsOf(again), events.slice(3));
    const list = await service.app.inject({ url: `/v1/proofs/${id}/events?after=${after}` });
    assert.deepEqual(eventListSchema.parse(list.json()).events, events.slice(3));
    await service.close();
  });

  it('of all jobs start now, or after a cursor without a gap', async () => {
    const service = await startFakeService();
    const port = await listen(service);
    await submit(service);
    await until(() => service.services.store.counts().get('succeeded') === 1, 'not proved');
    const latest = service.services.events.latest();
    const fresh = await openSocket(port, '/v1/events');
    const replay = await openSocket(port, '/v1/events?after=0');
    await submit(service);
    await until(() => service.services.store.counts().get('succeeded') === 2, 'not proved');
    await until(() => eventsOf(replay).length === 2 * latest, 'not replayed');
    assert.deepEqual(
      eventsOf(replay).map(({ number }) => number),
      Array.from({ length: 2 * latest }, (_, index) => index + 1),
    );
    assert.deepEqual(eventsOf(fresh), eventsOf(replay).slice(latest));
    await service.close();
    assert.deepEqual(await fresh.closed, { code: 1001, reason: 'stopping' });
  });

  it('that are forgotten are named as a gap', async () => {
    const service = await startFakeService({ settings: { eventLimit: 10 } });
    const port = await listen(service);
    makeNoise(service, 25);
    const socket = await openSocket(port, '/v1/events?after=3');
    await until(() => messagesOf(socket).length === 11, 'not replayed');
    const [gap, first] = messagesOf(socket);
    assert.deepEqual(gap, { type: 'gap', after: 3, oldest: 16 });
    assert.ok(first?.type === 'event' && first.number === 16);
    const whole = await openSocket(port, '/v1/events?after=15');
    await until(() => messagesOf(whole).length === 10, 'not replayed');
    await service.close();
  });

  it('of a job name a gap where its first ones are forgotten', async () => {
    const service = await startFakeService({ settings: { eventLimit: 10 } });
    const port = await listen(service);
    const id = await submit(service);
    await until(() => service.services.store.counts().get('succeeded') === 1, 'not proved');
    makeNoise(service, 25);
    const socket = await openSocket(port, `/v1/proofs/${id}/events`);
    assert.equal((await socket.closed).code, 1000);
    assert.deepEqual(messagesOf(socket), [
      { type: 'gap', after: 0, oldest: service.services.events.oldest() },
    ]);
    await service.close();
  });

  it('go on at the oldest for a cursor of another epoch or beyond the latest', async () => {
    const service = await startFakeService({ settings: { eventLimit: 10 } });
    const port = await listen(service);
    makeNoise(service, 15);
    const { epoch } = service.services.events;
    const gapOf = (after: number) => ({ type: 'gap', after, oldest: 6 });
    for (const [query, after] of [
      ['after=16', 16],
      ['after=1000', 1000],
      [`after=1000&epoch=${epoch}`, 1000],
      ['after=10&epoch=another', 10],
      ['after=15&epoch=', 15],
      ['after=0&epoch=another', 0],
    ] as const) {
      const list = eventListSchema.parse((await service.app.inject({ url: `/v1/events?${query}` })).json());
      assert.deepEqual([list.gap, list.events.length, list.epoch], [gapOf(after), 10, epoch], query);
      const socket = await openSocket(port, `/v1/events?${query}`);
      await until(() => messagesOf(socket).length === 11, query);
      assert.deepEqual(messagesOf(socket)[0], gapOf(after), query);
      assert.deepEqual(eventsOf(socket), list.events, query);
      socket.socket.destroy();
    }
    for (const query of ['after=15', `after=15&epoch=${epoch}`]) {
      const list = eventListSchema.parse((await service.app.inject({ url: `/v1/events?${query}` })).json());
      assert.deepEqual([list.gap, list.events], [undefined, []], query);
    }
    await service.close();
  });

  it('are listed in pages that lose none', async () => {
    const service = await startFakeService();
    makeNoise(service, 2500);
    const numbers: number[] = [];
    const sizes: number[] = [];
    for (let after = 0; sizes.at(-1) !== 0; ) {
      const answer = await service.app.inject({ url: `/v1/events?after=${after}` });
      const { events, latest } = eventListSchema.parse(answer.json());
      numbers.push(...events.map(({ number }) => number));
      sizes.push(events.length);
      after = latest;
    }
    assert.deepEqual(sizes, [1000, 1000, 500, 0]);
    assert.deepEqual(
      numbers,
      Array.from({ length: 2500 }, (_, index) => index + 1),
    );
    await service.close();
  });

  it('come with heartbeats, and who does not answer is cut off', async () => {
    const service = await startFakeService({ settings: { heartbeatSeconds: 0.4 } });
    const port = await listen(service);
    const silent = await openSocket(port, '/v1/events', { answersPings: 'no' });
    const socket = await openSocket(port, '/v1/events');
    assert.equal((await silent.closed).code, 1006);
    await until(
      () => messagesOf(socket).filter(({ type }) => type === 'heartbeat').length >= 4,
      'no heartbeat',
    );
    assert.equal(socket.socket.destroyed, false);
    await service.close();
  });

  it('are not kept for a reader that takes none', async () => {
    // No heartbeat cuts the slow reader off first.
    const service = await startFakeService({ settings: { heartbeatSeconds: 600, eventLimit: 2000 } });
    const port = await listen(service);
    const slow = await openSocket(port, '/v1/events');
    const quick = await openSocket(port, '/v1/events');
    let taken = 0;
    quick.onMessage((message) => {
      if ((message as EventMessage).type === 'event') taken += 1;
    });
    slow.socket.pause();
    let mostBuffered = 0;
    let made = 0;
    // Far more than the buffers of the two sockets' system.
    while (service.app.websocketServer.clients.size === 2 && made < 200_000) {
      makeNoise(service, 500);
      made += 500;
      for (const { bufferedAmount } of service.app.websocketServer.clients)
        mostBuffered = Math.max(mostBuffered, Number(bufferedAmount));
      await sleep(5);
    }
    assert.ok(made < 200_000, 'the slow reader is kept');
    assert.ok(mostBuffered < 2 ** 19, `${mostBuffered} bytes are kept`);
    await until(() => taken === made, 'the quick reader misses events');
    slow.socket.resume();
    const { code } = await slow.closed;
    assert.ok(code === 4008 || code === 1006, String(code));
    await service.close();
  });

  it('are not for talking back', async () => {
    const service = await startFakeService();
    const port = await listen(service);
    const talker = await openSocket(port, '/v1/events');
    talker.send('text', Buffer.from('hello'));
    assert.deepEqual(await talker.closed, { code: 1008, reason: 'unexpectedMessage' });
    const shouter = await openSocket(port, '/v1/events');
    shouter.send('text', Buffer.alloc(2000, 65));
    assert.equal((await shouter.closed).code, 1009);
    await service.close();
  });

  it('survive floods of connections and frames', async () => {
    const service = await startFakeService({ prove: proveForever, settings: { eventConnectionLimit: 20 } });
    const port = await listen(service);
    for (let round = 0; round < 3; round++) {
      const attempts = await Promise.allSettled(
        Array.from({ length: 100 }, () => openSocket(port, '/v1/events')),
      );
      const open = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      assert.equal(open.length, 20, `round ${round}`);
      for (const attempt of attempts) {
        if (attempt.status === 'rejected')
          assert.ok(attempt.reason instanceof UpgradeRefused && attempt.reason.status === 429);
      }
      for (const { socket, send } of open) {
        for (let frame = 0; frame < 50; frame++) send('ping', Buffer.alloc(100));
        send('pong', Buffer.alloc(0));
        // Frames of no opcode, cut off in the middle.
        socket.write(Buffer.of(0x8f, 0xff, 1, 2, 3));
        if (round === 1) socket.resetAndDestroy();
        else socket.destroy();
      }
      assert.equal((await service.app.inject({ url: '/healthz' })).statusCode, 200);
      await until(() => service.app.websocketServer.clients.size === 0, 'connections stay');
    }
    const metrics = await service.app.inject({ url: '/metrics' });
    assert.match(metrics.body, /colonnade_event_connections 0\n/);
    await service.close();
  });
});
