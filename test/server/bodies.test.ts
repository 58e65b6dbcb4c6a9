/** Bodies that could cost much more than their bytes: many tiny pieces, many faults, many at once. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TRACE_HEADER_BYTES } from '../../machine/traceCodec.ts';
import { createBodyBudget, createPlaces, withBody } from '../../server/bodies.ts';
import { startThreadChecker } from '../../server/checker/threadChecker.ts';
import { COLUMN_PROGRAM } from '../../server/columnProgram.ts';
import { Problem } from '../../server/problems.ts';
import { type FakeService, smallTrace, startFakeService } from '../support/fakeServices.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const PIECES = 300_000;
/** Growth allowed: far below the 200 bytes a piece that keeping every piece would take. */
const MEBIBYTES = 24;
const VERIFY = `/v1/verify?program=sum&profile=leaf&statement=0x${'0'.repeat(64)}`;
const SUM = '{"program":"sum","profile":"leaf","inputs":{"left":1,"right":2}}';
const MALFORMED_COLUMN = {
  chainId: '1',
  blockNumber: '1',
  baseFeePerGasWei: '1',
  coinbase: `0x${'c0'.repeat(20)}`,
  blockGasLimit: '1',
  transactionGasCap: '1',
  accounts: [],
};

async function listen(service: FakeService): Promise<number> {
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  return (service.app.server.address() as AddressInfo).port;
}

/** Starts a chunked request whose body goes on. */
function beginRequest(port: number, path: string, type: string, firstChunk: Uint8Array): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  socket.write(`${firstChunk.length.toString(16)}\r\n`);
  socket.write(firstChunk);
  socket.write('\r\n');
  return socket;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (holds()) return;
    await sleep(25);
  }
  assert.fail(what);
}

const OCTETS = 'application/octet-stream';
const TINY_PIECES: readonly [string, string, string, Uint8Array][] = [
  [
    'an upload',
    '/v1/proofs?program=sum&profile=leaf',
    OCTETS,
    smallTrace(2 ** 20).subarray(0, TRACE_HEADER_BYTES),
  ],
  ['a proof', VERIFY, OCTETS, Buffer.from('CLNP')],
  ['a JSON body', '/v1/proofs', 'application/json', Buffer.from('{"program":"')],
];

describe('bodies', () => {
  for (const [what, path, type, firstChunk] of TINY_PIECES) {
    it(`${what} in tiny pieces takes the memory of its bytes`, async () => {
      const service = await startFakeService();
      const port = await listen(service);
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      let arrived = 0;
      service.app.server.on('connection', (socket) => {
        const timer = setInterval(() => {
          arrived = socket.bytesRead;
        }, 20);
        socket.on('close', () => clearInterval(timer));
      });
      const socket = beginRequest(port, path, type, firstChunk);
      socket.write('1\r\nX\r\n'.repeat(PIECES));
      await until(() => arrived >= 6 * PIECES, 'the body is not taken in');
      await sleep(200);
      collectGarbage();
      const growth = (process.memoryUsage().heapUsed - before) / 2 ** 20;
      socket.destroy();
      await service.close();
      assert.ok(growth < MEBIBYTES, `${growth.toFixed(0)} MiB`);
    });
  }

  it('take a place when they are there, not when they begin to arrive', async () => {
    const service = await startFakeService({
      settings: { queueLimit: 2, uploadLimit: 1, aggregationLimit: 1 },
    });
    const port = await listen(service);
    const routes = [
      [VERIFY, OCTETS, Buffer.of(1)],
      ['/v1/proofs?program=sum&profile=leaf', OCTETS, smallTrace()],
      ['/v1/proofs', 'application/json', Buffer.from(SUM)],
      ['/v1/estimates', 'application/json', Buffer.from(SUM)],
      ['/v1/aggregations', 'application/json', Buffer.from('{}')],
    ] as const;
    const slow = routes.flatMap(([path, type, payload]) =>
      Array.from({ length: 20 }, () => beginRequest(port, path, type, payload.subarray(0, 1))),
    );
    await sleep(200);
    for (const [url, type, payload] of routes) {
      const { statusCode } = await service.app.inject({
        method: 'POST',
        url,
        headers: { 'content-type': type },
        payload,
      });
      assert.notEqual(statusCode, 429, url);
    }
    for (const socket of slow) socket.destroy();
    await service.close();
  });

  it('leave a quarter of the places to other clients', () => {
    const places = createPlaces(8);
    const take = (client: string, count: number): boolean[] =>
      Array.from({ length: count }, () => places.take(client));
    assert.deepEqual(take('a', 7), [true, true, true, true, true, true, false]);
    assert.deepEqual(take('b', 3), [true, true, false]);
    places.release('a');
    assert.deepEqual(take('a', 2), [true, false]);
    assert.deepEqual([createPlaces(1).take('a'), createPlaces(2).take('a')], [true, true]);
  });

  it('have one budget of memory', async () => {
    const service = await startFakeService({ settings: { bodyMebibytes: 1 } });
    const post = (bytes: number): Promise<number> =>
      service.app
        .inject({
          method: 'POST',
          url: VERIFY,
          headers: { 'content-type': OCTETS },
          payload: Buffer.alloc(bytes),
        })
        .then(({ statusCode }) => statusCode);
    assert.equal(await post(2 ** 20), 200);
    assert.equal(await post(2 ** 20 + 1), 429);
    assert.equal(await post(2 ** 20), 200);
    await service.close();
  });

  it('give their memory back, whatever happens', async () => {
    const budget = createBodyBudget(100_000);
    const rules = { limitBytes: 60_000, budget, declaredBytes: undefined };
    const pieces = (count: number): Readable =>
      Readable.from(Array.from({ length: count }, (_, index) => Buffer.alloc(1000, index)));
    const seen = await withBody(pieces(60), rules, async (bytes) => {
      assert.equal(budget.take(50_000), false);
      return bytes;
    });
    assert.deepEqual(
      [...seen],
      Array.from({ length: 60_000 }, (_, index) => Math.floor(index / 1000)),
    );
    const failsWith = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;
    await assert.rejects(
      withBody(pieces(61), rules, async () => {}),
      failsWith('body-too-large'),
    );
    await assert.rejects(
      withBody(pieces(1), { ...rules, declaredBytes: 60_001 }, async () => {}),
      failsWith('body-too-large'),
    );
    await assert.rejects(
      withBody(pieces(30), rules, async () => {
        throw new Error('own fault');
      }),
      /own fault/,
    );
    await assert.rejects(
      withBody(pieces(60), { ...rules, budget: createBodyBudget(59_999) }, async () => {}),
      failsWith('queue-full'),
    );
    const broken = new Readable({ read: () => {} });
    broken.push(Buffer.alloc(500));
    setTimeout(() => broken.destroy(new Error('gone')), 10);
    await assert.rejects(
      withBody(broken, rules, async () => {}),
      /gone/,
    );
    assert.equal(budget.take(100_000), true);
  });
});

describe('inputs', () => {
  it('with millions of faults are refused at the first one, beside the event loop', async () => {
    const checker = startThreadChecker();
    const inputs = JSON.stringify(MALFORMED_COLUMN).slice(1, -1);
    const json = (transfers: string): Buffer =>
      Buffer.from(`{"program":"column","profile":"leaf","inputs":{${inputs},"transfers":[${transfers}]}}`);
    // The first call starts the thread.
    await checker.checkRequest({ json: Buffer.from('{}') });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const start = performance.now();
    const tooMany = await checker.checkRequest({ json: json(new Array(2_700_000).fill('{}').join()) });
    const seconds = (performance.now() - start) / 1000;
    const deep = await checker.checkRequest({
      json: json(`${'['.repeat(4_000_000)}${']'.repeat(4_000_000)}`),
    });
    delay.disable();
    assert.ok(!tooMany.ok && tooMany.code === 'job-too-large', JSON.stringify(tooMany));
    assert.deepEqual(tooMany.details, { columnError: 'TOO_MANY_TRANSFERS', expected: 65535, got: 2_700_000 });
    assert.ok(!deep.ok && deep.code === 'malformed-request', JSON.stringify(deep));
    // Milliseconds for each of the millions would be minutes.
    assert.ok(seconds < 60, `${seconds} s`);
    assert.ok(delay.max < 2e9, `the event loop stood still for ${delay.max / 1e6} ms`);
    await checker.close();
  });

  it('of a column are refused with the path of the first fault', () => {
    const refusal = (inputs: unknown): unknown => {
      try {
        return COLUMN_PROGRAM.parseInputs(inputs);
      } catch (error) {
        assert.ok(error instanceof Problem && error.code === 'malformed-request');
        const { errors } = error.details as { errors: readonly { readonly path: string }[] };
        return errors.map(({ path }) => path);
      }
    };
    const start = performance.now();
    const path = refusal({ ...MALFORMED_COLUMN, transfers: new Array(60_000).fill({}) });
    assert.deepEqual(path, ['body.inputs.transfers.0.chainId']);
    assert.ok(performance.now() - start < 5000);
    assert.deepEqual(refusal({ ...MALFORMED_COLUMN, transfers: {} }), ['body.inputs.transfers']);
    assert.deepEqual(refusal({ ...MALFORMED_COLUMN, transfers: [], chainId: 1 }), ['body.inputs.chainId']);
    for (const inputs of [null, undefined, 7, 'x', []]) assert.deepEqual(refusal(inputs), ['body.inputs']);
    const polluted = JSON.parse('{"__proto__":{"transfers":[]}}') as unknown;
    assert.deepEqual(refusal(polluted), ['body.inputs.chainId']);
  });
});
