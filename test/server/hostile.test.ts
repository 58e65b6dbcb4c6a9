/** Whatever arrives on the socket, the service goes on answering. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { type FakeService, proveForever, smallTrace, startFakeService } from '../support/fakeServices.ts';
import { createRandom, type Random } from '../support/random.ts';

const BODY = JSON.stringify({ program: 'sum', profile: 'leaf', inputs: { left: 1, right: 2 } });

const REQUESTS: readonly string[] = [
  `POST /v1/proofs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  `POST /v1/proofs?program=sum&profile=leaf HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n4\r\nCLNT\r\n0\r\n\r\n`,
  `POST /v1/verify?program=sum&profile=leaf&statement=0x${'0'.repeat(64)} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/octet-stream\r\ncontent-length: 4\r\n\r\nCLNP`,
  'GET /v1/proofs/x HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
];

/** Sends bytes, and resolves with what came back when the service closes or falls silent. */
function exchange(port: number, bytes: Uint8Array, silenceMs: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on('data', (piece) => {
      answer += piece.toString('latin1');
    });
    // A reset is an answer as well.
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

async function listen(service: FakeService): Promise<number> {
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  return (service.app.server.address() as AddressInfo).port;
}

async function assertAlive(port: number, what: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`);
  assert.equal(response.status, 200, what);
}

/** A valid request with a few bytes changed, cut or doubled, or plain noise. */
function mangle(random: Random): Uint8Array {
  if (random.below(5) === 0) return Uint8Array.from({ length: random.below(600) }, () => random.below(256));
  const bytes = Buffer.from(REQUESTS[random.below(REQUESTS.length)] ?? '', 'latin1');
  for (let change = random.below(4); change >= 0; change--)
    bytes[random.below(bytes.length)] = random.below(256);
  const cut = random.below(3) === 0 ? random.below(bytes.length) : bytes.length;
  return random.below(6) === 0 ? Buffer.concat([bytes, bytes]) : bytes.subarray(0, cut);
}

describe('hostile input', () => {
  it('survives 400 mangled requests without a 5xx of its own', async () => {
    const service = await startFakeService({ settings: { queueLimit: 10000 } });
    const port = await listen(service);
    const seed = 11;
    const random = createRandom(seed);
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => exchange(port, mangle(random), 300)),
      );
      for (const answer of answers) {
        assert.ok(!/^HTTP\/1\.1 5/m.test(answer), `seed ${seed}, round ${round}: ${answer.slice(0, 300)}`);
      }
      await assertAlive(port, `seed ${seed}, round ${round}`);
    }
    await service.close();
  });

  it('ends a body that does not arrive and frees its place', async () => {
    const service = await startFakeService({ settings: { requestTimeoutSeconds: 1, uploadLimit: 1 } });
    const port = await listen(service);
    const start = Date.now();
    const answer = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          'POST /v1/proofs?program=sum&profile=leaf HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/octet-stream\r\ncontent-length: 1000\r\n\r\nCLNT',
        );
      });
      socket.on('data', (piece) => {
        received += piece.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(received));
    });
    assert.ok(Date.now() - start < 10_000, answer);
    await assertAlive(port, 'after a body that did not arrive');
    const upload = await fetch(`http://127.0.0.1:${port}/v1/proofs?program=sum&profile=leaf`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(smallTrace()),
    });
    assert.equal(upload.status, 202);
    await service.close();
  });

  it('answers while a proof runs and the queue is full', async () => {
    const service = await startFakeService({ settings: { queueLimit: 4 }, prove: proveForever });
    const port = await listen(service);
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const response = await fetch(`http://127.0.0.1:${port}/v1/proofs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: BODY,
        });
        return response.status;
      }),
    );
    assert.equal(statuses.filter((status) => status === 202).length, 5);
    assert.equal(statuses.filter((status) => status === 429).length, 35);
    await assertAlive(port, 'with a full queue');
    await service.close();
  });
});
