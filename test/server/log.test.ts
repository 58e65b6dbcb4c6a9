/** The log on a stream that is full, closed or not read: nothing stops, lines are counted, and it goes on when there is room. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLogDestination, type LogStream } from '../../server/log.ts';
import { startFakeService } from '../support/fakeServices.ts';

/** A stream that takes lines unless it is told not to. */
function createStream() {
  const taken: string[] = [];
  let mood: 'takes' | 'fails' | 'throws' = 'takes';
  let length = 0;
  const stream: LogStream = {
    get writableLength() {
      return length;
    },
    write(line, done) {
      if (mood === 'throws') throw new Error('write after end');
      if (mood === 'fails') return done(new Error('ENOSPC'));
      taken.push(line);
      done();
    },
    on: () => {},
  };
  return {
    stream,
    taken,
    setMood: (next: typeof mood) => {
      mood = next;
    },
    setLength: (bytes: number) => {
      length = bytes;
    },
  };
}

const CHATTY = fileURLToPath(new URL('fixtures/chattyLog.ts', import.meta.url));

async function reportOf(child: ChildProcess): Promise<{ lines: number; dropped: number }> {
  assert.ok(child.stderr !== null);
  const [report, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(status, 0, report);
  return JSON.parse(report) as { lines: number; dropped: number };
}

describe('a log', () => {
  it('drops and counts what cannot be written, and goes on on a line of its own', () => {
    const { stream, taken, setMood, setLength } = createStream();
    const log = createLogDestination(stream);
    log.write('1\n');
    setMood('fails');
    log.write('2\n');
    setMood('throws');
    log.write('3\n');
    setMood('takes');
    log.write('4\n');
    setLength(2 ** 30);
    log.write('5\n');
    setLength(0);
    log.write('6\n');
    assert.deepEqual(taken, ['1\n', '\n4\n', '6\n']);
    assert.equal(log.droppedLines(), 3);
  });

  it('neither ends nor holds a process whose disk is full, whose reader is gone or does not read', async () => {
    const args = ['--import', 'tsx', CHATTY];
    const start = (stdout: 'pipe' | number): ChildProcess =>
      spawn(process.execPath, args, { stdio: ['ignore', stdout, 'pipe'] });
    if (existsSync('/dev/full')) {
      const { lines, dropped } = await reportOf(start(openSync('/dev/full', 'w')));
      assert.ok(lines > 0 && dropped === lines, `${dropped} of ${lines}`);
    }
    const gone = start('pipe');
    gone.stdout?.destroy();
    assert.ok((await reportOf(gone)).dropped > 0);
    const unread = start('pipe');
    const { lines, dropped } = await reportOf(unread);
    assert.ok(lines > 0 && dropped <= lines);
    unread.stdout?.destroy();
  });

  it('is counted in the metrics', async () => {
    const service = await startFakeService();
    assert.match(
      (await service.app.inject({ url: '/metrics' })).body,
      /colonnade_log_lines_dropped_total 0\n/,
    );
    await service.close();
  });
});
