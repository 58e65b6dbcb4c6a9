/** The service as a process: it starts, answers, and ends on a signal with its connections closed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

  it('ends with npm, which is what SIGTERM is sent to', async () => {
    const { adapter } = parseSettings([], process.env);
    const npm = spawn('npm', ['start', '--', '--port', '0', '--adapter', adapter], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let port = '';
    const processIds = new Set<number>();
    for await (const line of createInterface({ input: npm.stdout })) {
      const pid = /"pid":(\d+)/.exec(line)?.[1];
      if (pid !== undefined) processIds.add(Number(pid));
      port = /listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? port;
      if (port !== '') break;
    }
    npm.stdout.resume();
    assert.equal(processIds.size, 1);
    npm.kill('SIGTERM');
    await once(npm, 'exit');
    for (const processId of processIds) {
      let isAlive = true;
      for (let round = 0; round < 500 && isAlive; round++) {
        try {
          process.kill(processId, 0);
          await sleep(20);
        } catch {
          isAlive = false;
        }
      }
      assert.equal(isAlive, false, 'the service is left');
    }
    await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
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
