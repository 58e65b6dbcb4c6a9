/** One client: submits, watches by WebSocket or by polling, sometimes cancels, fetches the proof and checks its digest. */
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EventMessage, type JobAnswer, jobSchema } from '../../server/api/schemas.ts';
import type { Random } from '../../test/support/random.ts';
import { openSocket, UpgradeRefused } from '../../test/support/webSocket.ts';
import type { Tally } from './tally.ts';

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface ClientOptions {
  readonly port: number;
  readonly tally: Tally;
  readonly random: Random;
  /** Milliseconds of performance.now(). */
  readonly untilMs: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Milliseconds between two looks at a job. */
const POLL_MS = 100;
const FINAL = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

function call(port: number, method: string, path: string, payload?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length };
    const outgoing = request({ port, host: '127.0.0.1', method, path, agent, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

export async function runClient({ port, tally, random, untilMs }: ClientOptions): Promise<void> {
  async function ask(method: string, route: string, path: string, payload?: string): Promise<Reply> {
    const start = performance.now();
    const reply = await call(port, method, path, payload);
    tally.answered(`${method} ${route}`, reply.status, performance.now() - start);
    return reply;
  }

  async function look(id: string): Promise<JobAnswer | undefined> {
    const reply = await ask('GET', '/v1/proofs/:id', `/v1/proofs/${id}`);
    // Forgotten: many others have finished since.
    if (reply.status === 404) return undefined;
    return jobSchema.parse(JSON.parse(reply.body.toString()));
  }

  /** Ends when the job has had its last event. */
  async function watch(id: string): Promise<void> {
    const socket = await openSocket(port, `/v1/proofs/${id}/events`);
    let last = 0;
    let state = '';
    socket.onMessage((message) => {
      const event = message as EventMessage;
      if (event.type !== 'event') return;
      tally.count('events');
      if (event.number <= last) tally.failed('an event that is not after the one before');
      if (event.job !== id) tally.failed("another job's event");
      last = event.number;
      state = event.state;
    });
    const { code, reason } = await socket.closed;
    if (code !== 1000) tally.failed(`a WebSocket closed with ${code} ${reason}`);
    else if (!FINAL.has(state)) tally.failed(`a WebSocket closed at ${state}`);
  }

  async function poll(id: string): Promise<void> {
    for (let job = await look(id); job !== undefined && !FINAL.has(job.state); job = await look(id))
      await sleep(POLL_MS);
  }

  async function fetchProof(id: string): Promise<void> {
    const { status, headers, body } = await ask('GET', '/v1/proofs/:id/proof', `/v1/proofs/${id}/proof`);
    if (status === 404) return;
    if (status !== 200) tally.failed(`a proof with ${status}`);
    else if (headers['etag'] !== `"${createHash('sha256').update(body).digest('hex')}"`)
      tally.failed('a proof with another digest');
  }

  async function oneJob(): Promise<void> {
    const inputs = { left: random.below(1000), right: random.below(1000) };
    const payload = JSON.stringify({
      program: 'sum',
      profile: 'leaf',
      priority: random.below(3) - 1,
      inputs: { ...inputs, left: inputs.left + 100 },
    });
    const submitted = await ask('POST', '/v1/proofs', '/v1/proofs', payload);
    if (submitted.status === 429) {
      await sleep(Math.min(1000, 1000 * Number(submitted.headers['retry-after'])));
      return;
    }
    if (submitted.status !== 202) {
      tally.failed(`a submission with ${submitted.status}`);
      return;
    }
    const { id } = jobSchema.parse(JSON.parse(submitted.body.toString()));
    const isCancelled = random.below(10) === 0;
    if (isCancelled) {
      await sleep(random.below(50));
      const { status } = await ask('DELETE', '/v1/proofs/:id', `/v1/proofs/${id}`);
      if (status !== 200 && status !== 409 && status !== 404) tally.failed(`a cancel with ${status}`);
    } else if (random.below(2) === 0) await watch(id);
    else await poll(id);
    const job = await look(id);
    if (job === undefined) return tally.count('forgotten');
    tally.count(job.state);
    if (!FINAL.has(job.state)) tally.failed(`a job ends ${job.state}`);
    if (!isCancelled && job.state !== 'succeeded')
      tally.failed(`a job that nobody cancelled ends ${job.state}`);
    if (job.state === 'succeeded') await fetchProof(id);
  }

  while (performance.now() < untilMs) {
    try {
      await oneJob();
    } catch (error) {
      if (error instanceof UpgradeRefused && error.status === 429) tally.count('refused upgrades');
      else tally.failed(error instanceof Error ? error.message : String(error));
    }
    await sleep(random.below(100));
  }
}
