/**
 * A thread with a bounded line before it. Whoever is gone before its turn is dropped from the line; a call that has begun runs to
 * its end, since a new thread costs more than most calls.
 */
import { Problem } from '../problems.ts';
import type { ThreadMethods } from './protocol.ts';
import { startThread, type ThreadOptions } from './thread.ts';

export interface LaneOptions extends ThreadOptions {
  /** Calls that wait for the one before them. */
  readonly waitingLimit: number;
}

export interface Lane<Methods extends ThreadMethods> {
  /** Throws: ThreadFailed; Problem queue-full, malformed-request when the caller is gone. */
  call<Method extends keyof Methods & string>(
    method: Method,
    task: Parameters<Methods[Method]>[0],
    caller?: AbortSignal,
  ): Promise<Awaited<ReturnType<Methods[Method]>>>;
  close(): Promise<void>;
}

export function startLane<Methods extends ThreadMethods>(options: LaneOptions): Lane<Methods> {
  const thread = startThread<Methods>(options);
  const waiting = new Set<() => void>();
  let isBusy = false;

  function startNext(): void {
    const [next] = waiting;
    isBusy = next !== undefined;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  }

  /** Resolves when it is this caller's turn. */
  function turn(caller: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const gone = (): void => {
        waiting.delete(begin);
        reject(new Problem('malformed-request', 'The connection was closed.'));
      };
      const begin = (): void => {
        caller?.removeEventListener('abort', gone);
        resolve();
      };
      if (caller?.aborted) {
        gone();
        return;
      }
      if (!isBusy) {
        isBusy = true;
        resolve();
        return;
      }
      if (waiting.size >= options.waitingLimit) {
        reject(new Problem('queue-full', 'Too many requests of this kind are waiting.'));
        return;
      }
      caller?.addEventListener('abort', gone, { once: true });
      waiting.add(begin);
    });
  }

  return {
    call: (method, task, caller) => turn(caller).then(() => thread.call(method, task).finally(startNext)),
    close: () => thread.close(),
  };
}
