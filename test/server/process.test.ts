/** The service as a process: it starts, answers, and ends on a signal with its connections closed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseSettings } from '../../server/settings.ts';
import { openSocket } from '../support/webSocket.ts';

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(...flags: string[]): Promise<Running> {
  const { adapter } = parseSettings([], process.env);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', MAIN, '--port', '0', '--log-level', 'info', '--adapter', adapter, ...flags],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stdout.resume();
    return { child, port: Number(port) };
  }
  throw new Error('the service does not listen');
}

describe('process', () => {
  it('ends on SIGTERM: watchers hear it, nothing is left', async () => {
    const { child, port } = await start('--shutdown-seconds', '5');
    const url = `http://127.0.0.1:${port}`;
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    const page = await (await fetch(`${url}/docs`)).text();
    assert.ok(page.includes('/v1/openapi.json') && !/(src|href)="https?:/.test(page));
    const socket = await openSocket(port, '/v1/events');
    child.kill('SIGTERM');
    assert.deepEqual(await socket.closed, { code: 1001, reason: 'stopping' });
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.deepEqual([status, signal], [0, null]);
    await assert.rejects(fetch(`${url}/healthz`));
  });

  it('shows its usage, and refuses wrong settings', async () => {
    for (const [flags, expected] of [
      [['--help'], 0],
      [['--no-such', '1'], 2],
    ] as const) {
      const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...flags], { stdio: 'ignore' });
      const [status] = (await once(child, 'exit')) as [number | null];
      assert.equal(status, expected, flags.join(' '));
    }
  });
});
