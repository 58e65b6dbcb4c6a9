/** A line before a thread: its length, and callers that are gone before their turn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problem } from '../../server/problems.ts';
import { startLane } from '../../server/threads/lane.ts';
import type { TestMethods } from './fixtures/thread.ts';

const start = (waitingLimit: number) =>
  startLane<TestMethods>({
    entry: new URL('./fixtures/thread.ts', import.meta.url),
    timeoutMs: 60_000,
    heapMebibytes: 64,
    waitingLimit,
  });

const refusedWith = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

describe('lane', () => {
  it('refuses whoever comes when the line is full, and answers the others in order', async () => {
    const lane = start(2);
    const ended: number[] = [];
    const calls = [1, 2, 3].map(async (word) => {
      const answer = await lane.call('double', Uint32Array.of(word));
      ended.push(word);
      return answer[0];
    });
    await assert.rejects(lane.call('double', Uint32Array.of(4)), refusedWith('queue-full'));
    assert.deepEqual(await Promise.all(calls), [2, 4, 6]);
    assert.deepEqual(ended, [1, 2, 3]);
    assert.equal((await lane.call('double', Uint32Array.of(5)))[0], 10);
    await lane.close();
  });

  it('lets go of callers that are gone before their turn, and gives their places to others', async () => {
    const lane = start(2);
    const begun = lane.call('double', Uint32Array.of(1));
    const gone = new AbortController();
    const waiting = [2, 3].map((word) => lane.call('double', Uint32Array.of(word), gone.signal));
    gone.abort();
    for (const call of waiting) await assert.rejects(call, refusedWith('malformed-request'));
    await assert.rejects(
      lane.call('double', Uint32Array.of(4), gone.signal),
      refusedWith('malformed-request'),
    );
    const others = [5, 6].map((word) => lane.call('double', Uint32Array.of(word)));
    await begun;
    assert.deepEqual(
      (await Promise.all(others)).map((words) => [...words]),
      [[10], [12]],
    );
    await lane.close();
  });

  it('goes on behind a call that ends the thread', async () => {
    const lane = start(2);
    const lost = assert.rejects(lane.call('end', 3), /ended/);
    const behind = lane.call('double', Uint32Array.of(7));
    await lost;
    assert.equal((await behind)[0], 14);
    await lane.close();
  });

  it('refuses those that wait when it is closed', async () => {
    const lane = start(2);
    const calls = [lane.call('hang', null), lane.call('double', Uint32Array.of(1))].map((call) =>
      assert.rejects(call, /closed/),
    );
    await lane.close();
    await Promise.all(calls);
  });
});
