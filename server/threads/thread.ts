/**
 * A thread beside the event loop that answers calls, one at a time. One that ends or takes too long is replaced; the call
 * it was at fails, and the calls behind it do not.
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
  /** Of one call, from when the thread turns to it. */
  readonly timeoutMs: number;
  /** Of the thread's heap; its typed arrays are bounded by what it computes. */
  readonly heapMebibytes: number;
  /** What a new thread finds in its `workerData`. */
  readonly startData?: () => unknown;
}

interface Waiting {
  readonly method: string;
  readonly task: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Stops listening to the caller's signal. */
  readonly forget: () => void;
}

interface Active extends Waiting {
  readonly id: number;
  readonly timer: NodeJS.Timeout;
}

export function startThread<Methods extends ThreadMethods>(options: ThreadOptions): Thread<Methods> {
  const waiting: Waiting[] = [];
  let active: Active | undefined;
  let nextId = 0;
  let worker: Worker | undefined;
  let isClosed = false;

  function start(): Worker {
    // A thread does not inherit the loader of TypeScript files, so it registers the loader before its entry.
    const bootstrap = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})
      .then(({ register }) => { register(); return import(${JSON.stringify(options.entry.href)}); })`;
    const started = new Worker(bootstrap, {
      eval: true,
      workerData: options.startData?.(),
      resourceLimits: { maxOldGenerationSizeMb: options.heapMebibytes },
    });
    started.on('message', (answer: ThreadAnswer) => {
      if (active?.id !== answer.id) return;
      if ('error' in answer) finish()?.reject(new ThreadFailed(answer.error));
      else finish()?.resolve(answer.value);
      sendNext();
    });
    started.on('error', (error) => end(started, `the thread ended: ${error.message}`));
    started.on('exit', (status) => end(started, `the thread ended with status ${status}`));
    // The thread alone does not keep the process alive.
    started.unref();
    return started;
  }

  /** Takes the active call off the thread. */
  function finish(): Active | undefined {
    const finished = active;
    active = undefined;
    if (finished === undefined) return undefined;
    clearTimeout(finished.timer);
    finished.forget();
    return finished;
  }

  /** Ends a thread and fails the call that it was at; the next call gets a new one. */
  function end(lost: Worker, why: string): void {
    if (worker !== lost) return;
    worker = undefined;
    void lost.terminate();
    finish()?.reject(new ThreadFailed(why));
    sendNext();
  }

  function sendNext(): void {
    if (active !== undefined) return;
    const next = waiting.shift();
    if (next === undefined) return;
    worker ??= start();
    const target = worker;
    const id = nextId++;
    const timer = setTimeout(() => end(target, 'the call took too long'), options.timeoutMs);
    active = { ...next, id, timer };
    target.postMessage({ id, method: next.method, task: next.task } satisfies ThreadCall);
  }

  return {
    call(method, task, signal) {
      if (isClosed) return Promise.reject(new ThreadFailed('the thread is closed'));
      if (signal?.aborted) return Promise.reject(new ThreadFailed('the call was cancelled'));
      return new Promise((resolve, reject) => {
        const cancel = (): void => {
          const place = waiting.indexOf(entry);
          if (place >= 0) {
            waiting.splice(place, 1);
            entry.reject(new ThreadFailed('the call was cancelled'));
          } else if (worker !== undefined) end(worker, 'the call was cancelled');
        };
        const entry: Waiting = {
          method,
          task,
          resolve: resolve as (value: unknown) => void,
          reject,
          forget: () => signal?.removeEventListener('abort', cancel),
        };
        signal?.addEventListener('abort', cancel, { once: true });
        waiting.push(entry);
        sendNext();
      });
    },
    async close() {
      isClosed = true;
      for (const { reject, forget } of waiting.splice(0)) {
        forget();
        reject(new ThreadFailed('the thread is closed'));
      }
      if (worker !== undefined) end(worker, 'the thread is closed');
    },
  };
}
