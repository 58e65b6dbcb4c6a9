/**
 * A thread beside the event loop that answers calls. One that ends or takes too long is replaced; the calls it was at fail.
 */
import { Worker } from 'node:worker_threads';
import type { ThreadAnswer, ThreadCall, ThreadMethods } from './protocol.ts';

/** A call got no answer: the thread ended, took too long, or made a mistake. */
export class ThreadFailed extends Error {
  override readonly name = 'ThreadFailed';
}

export interface Thread<Methods extends ThreadMethods> {
  /** Throws: ThreadFailed. Ends the thread when the signal aborts. */
  call<Method extends keyof Methods & string>(
    method: Method,
    task: Parameters<Methods[Method]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<Methods[Method]>>>;
  close(): Promise<void>;
}

export interface ThreadOptions {
  readonly entry: URL;
  readonly timeoutMs: number;
  /** Of the thread's heap; its typed arrays are bounded by what it computes. */
  readonly heapMebibytes: number;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly settle: () => void;
}

export function startThread<Methods extends ThreadMethods>(options: ThreadOptions): Thread<Methods> {
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let worker: Worker | undefined;
  let isClosed = false;

  function end(lost: Worker, why: string): void {
    if (worker !== lost) return;
    worker = undefined;
    void lost.terminate();
    for (const { reject, settle } of pending.values()) {
      settle();
      reject(new ThreadFailed(why));
    }
    pending.clear();
  }

  function start(): Worker {
    // A thread does not inherit the loader of TypeScript files, so it registers the loader before its entry.
    const bootstrap = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})
      .then(({ register }) => { register(); return import(${JSON.stringify(options.entry.href)}); })`;
    const started = new Worker(bootstrap, {
      eval: true,
      resourceLimits: { maxOldGenerationSizeMb: options.heapMebibytes },
    });
    started.on('message', (answer: ThreadAnswer) => {
      const waiting = pending.get(answer.id);
      if (waiting === undefined) return;
      pending.delete(answer.id);
      waiting.settle();
      if ('error' in answer) waiting.reject(new ThreadFailed(answer.error));
      else waiting.resolve(answer.value);
    });
    started.on('error', (error) => end(started, `the thread ended: ${error.message}`));
    started.on('exit', (status) => end(started, `the thread ended with status ${status}`));
    // The thread alone does not keep the process alive.
    started.unref();
    return started;
  }

  return {
    call(method, task, signal) {
      if (isClosed) return Promise.reject(new ThreadFailed('the thread is closed'));
      if (signal?.aborted) return Promise.reject(new ThreadFailed('the call was cancelled'));
      worker ??= start();
      const target = worker;
      const id = nextId++;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => end(target, 'the call took too long'), options.timeoutMs);
        const abort = (): void => end(target, 'the call was cancelled');
        signal?.addEventListener('abort', abort, { once: true });
        const settle = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
        };
        pending.set(id, { resolve: resolve as (value: unknown) => void, reject, settle });
        target.postMessage({ id, method, task } satisfies ThreadCall);
      });
    },
    async close() {
      isClosed = true;
      if (worker !== undefined) end(worker, 'the thread is closed');
    },
  };
}
