import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { AdapterChoice } from '../../kernels/adapter.ts';
import { parseAdapterChoice } from '../../kernels/adapter.ts';
import { type ProverHandle, type ProverOptions, startProver } from '../../kernels/process/parent.ts';
import type { ProveProgress, ProveRequest } from '../../kernels/process/protocol.ts';
import { extendColumn } from '../../stark/field/ntt.ts';
import { createRandom } from '../support/random.ts';

const ENTRY = new URL('../support/proverProcess.ts', import.meta.url);
const CHOICE = parseAdapterChoice(process.env['COLONNADE_ADAPTER'] ?? 'auto');

async function start(options: Partial<ProverOptions> = {}): Promise<ProverHandle> {
  const prover = await startProver({
    adapter: CHOICE,
    entry: ENTRY,
    settings: { robustness: 'off', byteBudget: 1 << 29 },
    ...options,
  });
  after(() => prover.close());
  return prover;
}

const column = createRandom(3).words(256);

function request(systemName: string): ProveRequest {
  return {
    systemName,
    profileName: 'none',
    preprocessed: [],
    traces: [{ logHeight: 8, columns: [column] }],
    statement: new Uint32Array(8),
  };
}

function extensionBytes(): Uint8Array {
  return new Uint8Array(extendColumn(column, 1).buffer);
}

async function waitFor(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20));
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

describe('prover process', () => {
  it('answers with the bytes of the device and names it', async () => {
    const prover = await start();
    const result = await prover.prove(request('extend'));
    assert.deepEqual(new Uint8Array(result.proof), extensionBytes());
    assert.equal(result.adapterName, prover.environment.adapterName);
    const state = prover.state();
    assert.equal(state.state, 'ready');
  });

  it('passes typed errors on and serves the next request', async () => {
    const prover = await start();
    await assert.rejects(prover.prove(request('unknown')), {
      message: /no system named unknown/,
      isRetryable: false,
    });
    await assert.rejects(prover.prove(request('memory')), { code: 'OUT_OF_MEMORY', isRetryable: false });
    assert.deepEqual(new Uint8Array((await prover.prove(request('extend'))).proof), extensionBytes());
  });

  it('costs one attempt when the process dies or loses its device, and starts again', async () => {
    const prover = await start();
    for (const [systemName, code] of [
      ['crash', 'PROVER_CRASHED'],
      ['exit', 'PROVER_CRASHED'],
      ['lost', 'DEVICE_LOST'],
    ] as const) {
      await waitFor(() => prover.state().state === 'ready');
      const processId = prover.processId();
      await assert.rejects(prover.prove(request(systemName)), { code, isRetryable: true }, systemName);
      await waitFor(() => prover.processId() !== processId);
      assert.deepEqual(
        new Uint8Array((await prover.prove(request('extend'))).proof),
        extensionBytes(),
        systemName,
      );
    }
  });

  it('ends a process that has fallen silent', async () => {
    const prover = await start({ silenceMs: 8_000 });
    await assert.rejects(prover.prove(request('silent')), { code: 'PROVER_UNRESPONSIVE', isRetryable: true });
  });

  it('cancels a running and a waiting request', async () => {
    const prover = await start();
    const running = new AbortController();
    const waiting = new AbortController();
    const progress: ProveProgress[] = [];
    const first = prover.prove(request('wait'), {
      signal: running.signal,
      onProgress: (event) => progress.push(event),
    });
    const second = prover.prove(request('extend'), { signal: waiting.signal });
    const third = prover.prove(request('extend'));
    await waitFor(() => progress.length > 0);
    assert.deepEqual(progress, [{ stage: 'waiting', fraction: 0.5, seconds: 0 }]);
    waiting.abort();
    await assert.rejects(second, { code: 'ABORTED' });
    running.abort();
    await assert.rejects(first, { code: 'ABORTED' });
    assert.deepEqual(new Uint8Array((await third).proof), extensionBytes());
  });

  it('goes on when its group is signalled, until it is closed', async () => {
    const prover = await start();
    const processId = prover.processId();
    assert.ok(processId !== undefined);
    const abort = new AbortController();
    const progress: ProveProgress[] = [];
    const running = prover.prove(request('wait'), {
      signal: abort.signal,
      onProgress: (event) => progress.push(event),
    });
    const next = prover.prove(request('extend'));
    await waitFor(() => progress.length > 0);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(processId, signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
    abort.abort();
    await assert.rejects(running, { code: 'ABORTED' });
    assert.deepEqual(new Uint8Array((await next).proof), extensionBytes());
    assert.equal(prover.processId(), processId);
    await prover.close();
    await waitFor(() => !isAlive(processId));
  });

  it('refuses a run that is too large to be handed over, with the numbers, and hands over the next one', async () => {
    const prover = await start();
    // Nobody touches these gibibytes.
    const large = new Uint32Array(2 ** 28);
    const traces = [{ logHeight: 28, columns: [large, large] }];
    await assert.rejects(prover.prove({ ...request('extend'), traces }), {
      code: 'HAND_OVER_TOO_LARGE',
      details: { expectedAtMostBytes: 1.9 * 2 ** 30, gotBytes: 2 ** 31 },
    });
    assert.deepEqual(new Uint8Array((await prover.prove(request('extend'))).proof), extensionBytes());
  });

  it('refuses after closing', async () => {
    const prover = await start();
    const pending = assert.rejects(prover.prove(request('wait')), { code: 'PROVER_CLOSED' });
    await prover.close();
    await pending;
    await assert.rejects(prover.prove(request('extend')), { code: 'PROVER_CLOSED' });
  });

  it('gives the same bytes on SwiftShader out of the npm package', async () => {
    const prover = await start({ adapter: 'swiftshader' satisfies AdapterChoice });
    const result = await prover.prove(request('extend'));
    assert.match(result.adapterName, /SwiftShader.*software/);
    assert.equal(prover.environment.kind, 'swiftshader');
    assert.deepEqual(new Uint8Array(result.proof), extensionBytes());
  });
});
