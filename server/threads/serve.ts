/** The inside of a thread: answers one call after the other and hands the buffers of its answers over. */
import { parentPort } from 'node:worker_threads';
import type { ThreadAnswer, ThreadCall, ThreadMethods } from './protocol.ts';

/** Call it once, from the thread's entry file. */
export function serveThread(methods: ThreadMethods): void {
  const port = parentPort;
  if (port === null) throw new Error('this file is the entry of a thread');
  let last: Promise<void> = Promise.resolve();
  port.on('message', (call: ThreadCall) => {
    last = last.then(async () => {
      const answer = await answerTo(methods, call);
      port.postMessage(answer, buffersOf(answer));
    });
  });
}

async function answerTo(methods: ThreadMethods, { id, method, task }: ThreadCall): Promise<ThreadAnswer> {
  try {
    const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (run === undefined) throw new Error(`the thread has no method ${method}`);
    return { id, value: await run(task as never) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** The distinct buffers of all typed arrays that fill their buffer; they are moved instead of copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) {
      if (part.buffer instanceof ArrayBuffer && part.byteLength === part.buffer.byteLength)
        found.add(part.buffer);
    } else if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) Object.values(part).forEach(visit);
  };
  visit(value);
  return [...found];
}
