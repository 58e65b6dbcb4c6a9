/** A thread that answers, and one that does not: no call takes the process with it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startThread, type Thread, ThreadFailed } from '../../server/threads/thread.ts';
import type { TestMethods } from './fixtures/thread.ts';

const start = (timeoutMs: number): Thread<TestMethods> =>
  startThread<TestMethods>({
    entry: new URL('./fixtures/thread.ts', import.meta.url),
    timeoutMs,
    heapMebibytes: 64,
  });

const failsWith = (message: RegExp) => (error: unknown) =>
  error instanceof ThreadFailed && message.test(error.message);

describe('thread', () => {
  it('answers in order and survives its own errors', async () => {
    const thread = start(10_000);
    const [first, second] = await Promise.all([
      thread.call('double', Uint32Array.of(1, 2)),
      thread.call('double', Uint32Array.of(3)),
    ]);
    assert.deepEqual([[...first], [...second]], [[2, 4], [6]]);
    await assert.rejects(thread.call('fail', 'on purpose'), failsWith(/on purpose/));
    assert.deepEqual([...(await thread.call('double', Uint32Array.of(5)))], [10]);
    await thread.close();
    await assert.rejects(thread.call('double', Uint32Array.of(5)), failsWith(/closed/));
  });

  it('is replaced when it ends or fills its heap', async () => {
    const thread = start(20_000);
    await assert.rejects(thread.call('end', 3), failsWith(/ended/));
    await assert.rejects(thread.call('fillHeap', null), failsWith(/ended/));
    assert.deepEqual([...(await thread.call('double', Uint32Array.of(7)))], [14]);
    await thread.close();
  });

  it('loses nothing but the call that it was at', async () => {
    const thread = start(20_000);
    const lost = assert.rejects(thread.call('end', 3), failsWith(/ended/));
    const behind = [1, 2, 3].map((word) => thread.call('double', Uint32Array.of(word)));
    const abort = new AbortController();
    const call = thread.call('double', Uint32Array.of(9), abort.signal);
    const cancelled = assert.rejects(call, failsWith(/cancelled/));
    abort.abort();
    await lost;
    await cancelled;
    assert.deepEqual(
      (await Promise.all(behind)).map((words) => [...words]),
      [[2], [4], [6]],
    );
    const closing = [thread.call('hang', null), thread.call('double', Uint32Array.of(1))].map((each) =>
      assert.rejects(each, failsWith(/closed/)),
    );
    await thread.close();
    await Promise.all(closing);
  });

  it('gives every call its own time, however many wait before it', async () => {
    const thread = start(6_000);
    // Its start is part of the first call's time.
    await thread.call('double', Uint32Array.of(1));
    const flood = Array.from({ length: 7 }, () => thread.call('compute', 1_000));
    const behind = await thread.call('double', Uint32Array.of(4));
    assert.deepEqual([...behind], [8]);
    await Promise.all(flood);
    await thread.close();
  });

  it('is ended when it hangs or the call is cancelled', async () => {
    const thread = start(8_000);
    await assert.rejects(thread.call('hang', null), failsWith(/too long/));
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    await assert.rejects(thread.call('hang', null, abort.signal), failsWith(/cancelled/));
    assert.deepEqual([...(await thread.call('double', Uint32Array.of(7)))], [14]);
    await thread.close();
  });
});
