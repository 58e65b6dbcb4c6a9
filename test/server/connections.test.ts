/** What one connection, or many, may take of the service: with sockets, since they are below the routes. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf, PIPELINED_REQUESTS } from '../../server/http/connections.ts';
import type { Settings } from '../../server/settings.ts';
import { type FakeService, startFakeService } from '../support/fakeServices.ts';

let service: FakeService | undefined;
const sockets = new Set<Socket>();

async function listen(settings: Partial<Settings> = {}): Promise<number> {
  service = await startFakeService({ settings });
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  return (service.app.server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await service?.close();
});

interface Peer {
  readonly socket: Socket;
  readonly closed: Promise<string>;
  received(): string;
}

/** Sends a text and keeps what comes back. */
function open(port: number, text: string): Peer {
  let received = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  sockets.add(socket);
  socket.on('data', (piece) => {
    received += piece.toString('latin1');
  });
  socket.on('error', () => {});
  return {
    socket,
    received: () => received,
    closed: new Promise((resolve) => socket.on('close', () => resolve(received))),
  };
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}\r\n`;
const statuses = (text: string): string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => String(status));

async function isAlive(port: number): Promise<boolean> {
  const { closed } = open(port, get('/healthz', 'connection: close\r\n'));
  return statuses(await closed)[0] === '200';
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (holds()) return;
    await sleep(25);
  }
  assert.fail(what);
}

describe('a connection', () => {
  it('is answered in order, as far as it may send ahead', async () => {
    const port = await listen();
    const paths = [
      '/healthz',
      '/nothing',
      '/metrics',
      '/v1/events',
      '/v1/proofs/x',
      '/healthz',
      '/docs',
      '/v1/proofs',
    ];
    assert.equal(paths.length, PIPELINED_REQUESTS);
    const peer = open(port, paths.map((path) => get(path)).join(''));
    await until(() => statuses(peer.received()).length === paths.length, 'not all are answered');
    assert.deepEqual(statuses(peer.received()), ['200', '404', '200', '200', '404', '200', '200', '200']);
    // It goes on after that.
    peer.socket.write(get('/healthz'));
    await until(() => statuses(peer.received()).length === paths.length + 1, 'it does not go on');
  });

  for (const [what, text] of [
    ['lists', get('/v1/events?after=0')],
    ['metrics', get('/metrics')],
    ['addresses that there are not', get('/x')],
    ['heads without answers', get('/v1/openapi.json').replace('GET', 'HEAD')],
    [
      'bodies',
      'POST /v1/estimates HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
    ],
    ['wrong hosts', get('/healthz').replace('127.0.0.1', 'x.example')],
    ['expectations', get('/healthz', 'expect: 100-continue\r\n')],
  ] as const)
    it(`is cut when it sends a thousand requests for ${what} at once`, async () => {
      const port = await listen();
      const peers = Array.from({ length: 8 }, () => open(port, text.repeat(1000)));
      const answers = await Promise.all(peers.map(({ closed }) => closed));
      for (const answer of answers) assert.ok(statuses(answer).length <= 2 * PIPELINED_REQUESTS);
      assert.ok(await isAlive(port));
    });

  it('that keeps the service waiting makes room for another', async () => {
    const port = await listen({ connectionLimit: 8 });
    const idle = Array.from({ length: 8 }, () => open(port, ''));
    const partial = open(port, 'GET /healthz HTTP/1.1\r\nhost:');
    const slow = open(
      port,
      'POST /v1/proofs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    await Promise.race(idle.map(({ closed }) => closed));
    for (let round = 0; round < 12; round++) assert.ok(await isAlive(port), `round ${round}`);
    // Heads and bodies that do not come keep nothing either.
    for (const peer of [partial, slow]) peer.socket.destroy();
  });

  it('whose request is being worked on is not cut for another', async () => {
    const port = await listen({ connectionLimit: 2 });
    let answer = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      answer = resolve;
    });
    assert.ok(service);
    service.services.checker.checkRequest = async () => {
      await waiting;
      return { ok: false, code: 'inputs-refused', detail: '', details: {} };
    };
    const busy = open(
      port,
      'POST /v1/proofs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
    );
    await sleep(100);
    for (let round = 0; round < 4; round++) assert.ok(await isAlive(port));
    answer();
    await until(() => statuses(busy.received())[0] === '422', 'it was not answered');
  });

  it('hears by a problem what is no request', async () => {
    const port = await listen({ requestTimeoutSeconds: 1 });
    const head = (more: string): string => `GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}`;
    const json = 'host: 127.0.0.1\r\ncontent-type: application/json\r\n';
    for (const [text, status, code] of [
      ['no request\r\n\r\n', '400', 'malformed-request'],
      [head(`x: ${'y'.repeat(20_000)}\r\n\r\n`), '431', 'headers-too-large'],
      [`GET /${'y'.repeat(20_000)} HTTP/1.1\r\n\r\n`, '431', 'headers-too-large'],
      [head('x: y'), '408', 'request-timeout'],
      ['', '408', 'request-timeout'],
      [`POST /v1/proofs HTTP/1.1\r\n${json}content-length: 9\r\n\r\n{`, '408', 'request-timeout'],
      [`POST /v1/estimates HTTP/1.1\r\n${json}transfer-encoding: chunked\r\n\r\n`, '408', 'request-timeout'],
    ] as const) {
      const answer = await open(port, text).closed;
      assert.deepEqual(statuses(answer), [status], answer.slice(0, 200));
      assert.match(answer, /content-type: application\/problem\+json/i);
      assert.match(answer, new RegExp(`"code":"${code}"`));
    }
  });

  it('that drips a body has the time of its bytes', async () => {
    const port = await listen({ requestTimeoutSeconds: 1 });
    const start = performance.now();
    const peer = open(
      port,
      'POST /v1/proofs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n',
    );
    const drip = setInterval(() => peer.socket.write(' '), 50);
    const answer = await peer.closed;
    clearInterval(drip);
    assert.deepEqual(statuses(answer), ['408']);
    assert.ok(performance.now() - start >= 900);
  });
});

describe('an upgrade', () => {
  const upgrade = (path: string, protocol: string, more = ''): string =>
    get(
      path,
      `connection: Upgrade, HTTP2-Settings\r\nupgrade: ${protocol}\r\nhttp2-settings: AAMAAABk\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}`,
    );

  it('to another protocol than WebSocket is ignored', async () => {
    const port = await listen();
    for (const protocol of ['h2c', 'HTTP/2.0', 'foo, websocket', 'TLS/1.0']) {
      const peer = open(port, upgrade('/healthz', protocol) + get('/nothing'));
      await until(() => statuses(peer.received()).length === 2, protocol);
      assert.deepEqual(statuses(peer.received()), ['200', '404'], protocol);
    }
    const body = '{"program":"sum","profile":"leaf","inputs":{"left":1,"right":2}}';
    const peer = open(
      port,
      `POST /v1/proofs HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: h2c\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
    );
    await sleep(50);
    peer.socket.write(body.slice(9));
    await until(() => statuses(peer.received())[0] === '202', 'no job');
  });

  it('is refused where there are no events', async () => {
    const port = await listen();
    for (const path of ['/healthz', '/metrics', '/v1/proofs', '/docs', '/v1/proofs/x']) {
      const answer = await open(port, upgrade(path, 'websocket')).closed;
      assert.deepEqual(statuses(answer), ['400'], path);
      assert.match(answer, /"code":"no-websocket"/);
    }
    assert.deepEqual(statuses(await open(port, upgrade('/nothing', 'websocket')).closed), ['404']);
  });

  it('counts as a connection, also where it is refused', async () => {
    const port = await listen({ connectionLimit: 4, eventConnectionLimit: 2 });
    const peers = Array.from({ length: 40 }, () => open(port, upgrade('/healthz', 'websocket')));
    const answers = await Promise.all(peers.map(({ closed }) => closed));
    assert.ok(answers.every((answer) => !statuses(answer).includes('101')));
    assert.ok(await isAlive(port));
    const watching = [1, 2].map(() => open(port, upgrade('/v1/events', 'websocket')));
    for (const peer of watching) await until(() => statuses(peer.received())[0] === '101', 'no WebSocket');
    assert.ok(await isAlive(port));
  });

  it('behind a request that is not answered ends the connection', async () => {
    const port = await listen();
    const peer = open(port, `${get('/metrics')}${upgrade('/v1/events', 'websocket')}`);
    assert.ok(!statuses(await peer.closed).includes('101'));
    assert.ok(await isAlive(port));
  });
});

describe('a client', () => {
  it('is an IPv4 address or the first half of an IPv6 address', () => {
    for (const [address, client] of [
      ['10.0.0.1', '10.0.0.1'],
      ['::ffff:10.0.0.1', '10.0.0.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
      ['2001:db8::6', '2001:db8:0:0'],
      ['::1', '0:0:0:0'],
      [undefined, ''],
    ] as const)
      assert.equal(clientOf(address), client);
  });
});
