/**
 * Starts the prover process and watches it: chooses the adapter, forks, hands out requests, and starts a new process when
 * one dies, falls silent or cannot be forked, after growing pauses and for ever. A crash costs the requests that were in it, never the
 * caller's process, and requests that wait for a process outlast any number of failed starts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type AdapterChoice, type ProverEnvironment, proverEnvironment } from '../adapter.ts';
import { deviceEnvironment } from './environment.ts';
import { type HandOver, MOST_HANDED_OVER_BYTES, prepareHandOver } from './handOver.ts';
import type {
  DeviceGauge,
  FromProver,
  ProveProgress,
  ProveRequest,
  ProveResult,
  ProverReady,
  ProverSettings,
  ToProver,
} from './protocol.ts';

export const PROVER_FAILURES = {
  PROVER_CRASHED: 'The prover process ended while it held the request.',
  PROVER_UNRESPONSIVE: 'The prover process fell silent and was ended.',
  PROVER_CLOSED: 'The prover was closed.',
  HAND_OVER_TOO_LARGE: 'The run has more columns than can be handed to the prover process.',
} as const;

/** A request failed: one of PROVER_FAILURES, or the code that the process reported (KernelError, ProverError, KeyError). */
export class ProverFailure extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** True when the same request may succeed in another attempt: a crash, a lost device. */
  readonly isRetryable: boolean;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'ProverFailure';
    this.code = code;
    this.details = details;
    this.isRetryable = code === 'PROVER_CRASHED' || code === 'PROVER_UNRESPONSIVE' || code === 'DEVICE_LOST';
  }
}

export type ProverState =
  | { readonly state: 'starting' }
  | { readonly state: 'ready'; readonly ready: ProverReady }
  /** Waits before the next start; there is always a next one. */
  | { readonly state: 'restarting'; readonly reason: string }
  | { readonly state: 'closed' };

export interface ProverOptions {
  readonly adapter: AdapterChoice;
  /** The process's entry file: server/prover/child.ts. */
  readonly entry: URL;
  readonly settings?: ProverSettings;
  /** A process that says nothing for this long is ended; one that starts after others have died has more time. */
  readonly silenceMs?: number;
  /** Waits before the second, third, … start after a death; the last one repeats. */
  readonly restartDelaysMs?: readonly number[];
  readonly onState?: (state: ProverState) => void;
  /** Lines that the process writes: Dawn's and the driver's messages. */
  readonly onOutput?: (line: string) => void;
}

export interface ProveOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ProveProgress) => void;
}

export interface ProverHandle {
  /** Which adapter was chosen and which were passed over. */
  readonly environment: ProverEnvironment;
  readonly state: () => ProverState;
  /**
   * Makes a proof. Requests that come while the process starts wait for it, however often it has to be started.
   * Throws: ProverFailure; 'ABORTED' when cancelled by the signal.
   */
  prove(request: ProveRequest, options?: ProveOptions): Promise<ProveResult>;
  /** As the running process told it last; undefined without one, or before its device is open. */
  readonly gauge: () => DeviceGauge | undefined;
  /** Process id of the running process, for the log and for tests. */
  readonly processId: () => number | undefined;
  /** Ends the process; pending requests fail with 'PROVER_CLOSED'. */
  close(): Promise<void>;
}

const SILENCE_MS = 180_000;
const RESTART_DELAYS_MS = [100, 500, 2_000, 5_000, 10_000];
/** A process that was ready for this long, or has made progress, did not die of its start: the pauses begin anew. */
const SETTLED_MS = 60_000;
const CLOSE_GRACE_MS = 2_000;
/** Of the time that a start may be silent. */
const MOST_DOUBLINGS = 4;

interface Pending {
  readonly handOver: HandOver;
  readonly options: ProveOptions;
  readonly resolve: (result: ProveResult) => void;
  readonly reject: (error: ProverFailure) => void;
  isSent: boolean;
  /** Whether the process has told of progress in it. */
  isBegun: boolean;
  /** Whether the rest of its columns need not be sent. */
  isCancelled: boolean;
}

/** On a software adapter the prover computes on the cores that the caller answers requests with: those come first. */
function yieldToOthers(processId: number | undefined): void {
  try {
    if (processId !== undefined) setPriority(processId, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or the system does not allow it.
  }
}

/**
 * Starts a prover. Resolves as soon as an adapter is chosen; `state()` and `onState` say when the process is ready.
 * Throws: KernelError 'NO_ADAPTER'.
 */
export async function startProver(options: ProverOptions): Promise<ProverHandle> {
  const environment = await proverEnvironment(options.adapter);
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  const delays = options.restartDelaysMs ?? RESTART_DELAYS_MS;
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let child: ChildProcess | undefined;
  let state: ProverState = { state: 'starting' };
  /** Deaths in a row of processes that had not settled. */
  let deaths = 0;
  let readySinceMs: number | undefined;
  let silence: NodeJS.Timeout | undefined;
  let restart: NodeJS.Timeout | undefined;
  let endReason: ProverFailure | undefined;
  let gauge: DeviceGauge | undefined;

  function setState(next: ProverState): void {
    state = next;
    options.onState?.(next);
  }

  function failAll(errorOf: (entry: Pending) => ProverFailure, onlySent: boolean): void {
    for (const [id, entry] of pending) {
      if (onlySent && !entry.isSent) continue;
      pending.delete(id);
      entry.reject(errorOf(entry));
    }
  }

  function watch(): void {
    clearTimeout(silence);
    // A start that was too slow, on a busy machine, gets more time the next time: else it would never end.
    const limitMs =
      readySinceMs === undefined ? silenceMs * 2 ** Math.min(deaths, MOST_DOUBLINGS) : silenceMs;
    silence = setTimeout(() => {
      endReason = new ProverFailure('PROVER_UNRESPONSIVE', PROVER_FAILURES.PROVER_UNRESPONSIVE, {
        silenceMs: limitMs,
      });
      child?.kill('SIGKILL');
    }, limitMs);
    silence.unref();
  }

  /** Resolves when the channel has taken the message; the end of the process tells the callers where it has not. */
  function post(message: ToProver): Promise<void> {
    const target = child;
    return new Promise((resolve) => {
      if (target === undefined || target.send === undefined) return resolve();
      target.send(message, (error) => {
        if (error) target.kill('SIGKILL');
        resolve();
      });
    });
  }

  let sending: Promise<void> = Promise.resolve();
  function sendSoon(): void {
    sending = sending.then(sendWaiting);
  }

  /** One request after the other, and each in pieces: the event loop gets its turn between two of them. */
  async function sendWaiting(): Promise<void> {
    const target = child;
    const isThere = (): boolean => child === target && state.state === 'ready';
    for (const [id, entry] of pending) {
      if (!isThere()) return;
      if (entry.isSent) continue;
      entry.isSent = true;
      await post({ type: 'prove', id, request: entry.handOver.outline });
      for (const words of entry.handOver.pieces()) {
        if (!isThere() || entry.isCancelled) break;
        await post({ type: 'piece', id, words });
      }
    }
  }

  function receive(message: FromProver): void {
    if (state.state === 'closed') return;
    watch();
    switch (message.type) {
      case 'ready':
        readySinceMs = performance.now();
        setState({ state: 'ready', ready: message.ready });
        sendSoon();
        return;
      case 'refused':
        endReason = new ProverFailure(message.error.code, message.error.message, message.error.details);
        return;
      case 'alive':
        gauge = message.gauge;
        return;
      case 'progress': {
        deaths = 0;
        const entry = pending.get(message.id);
        if (entry === undefined) return;
        entry.isBegun = true;
        entry.options.onProgress?.(message.progress);
        return;
      }
      case 'done':
        pending.get(message.id)?.resolve(message.result);
        pending.delete(message.id);
        return;
      case 'failed': {
        const { code, message: text, details } = message.error;
        pending.get(message.id)?.reject(new ProverFailure(code, text, details));
        pending.delete(message.id);
        if (code === 'DEVICE_LOST') {
          // Nothing more may be sent to it: every request would be lost at once.
          setState({ state: 'restarting', reason: text });
          child?.kill('SIGKILL');
        }
        return;
      }
    }
  }

  /** A start that never became a process, and a process that ended. */
  function ended(reason: string, status: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(silence);
    child = undefined;
    gauge = undefined;
    if (state.state === 'closed') return;
    if (readySinceMs !== undefined && performance.now() - readySinceMs > SETTLED_MS) deaths = 0;
    readySinceMs = undefined;
    deaths++;
    const silent = endReason?.code === 'PROVER_UNRESPONSIVE' ? endReason : undefined;
    failAll(
      ({ isBegun }) =>
        silent ??
        new ProverFailure('PROVER_CRASHED', `${PROVER_FAILURES.PROVER_CRASHED} (${reason})`, {
          status,
          signal,
          isBegun,
        }),
      true,
    );
    restart = setTimeout(launch, delays[Math.min(deaths, delays.length) - 1] ?? 0);
    setState({ state: 'restarting', reason });
  }

  function launch(): void {
    setState({ state: 'starting' });
    endReason = undefined;
    let started: ChildProcess;
    try {
      started = fork(
        fileURLToPath(options.entry),
        [JSON.stringify(options.settings ?? { robustness: 'off' })],
        {
          execArgv: ['--import', import.meta.resolve('tsx')],
          env: { ...deviceEnvironment(process.env), ...environment.environment },
          serialization: 'advanced',
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        },
      );
    } catch (error) {
      // Without memory for another process.
      ended(`cannot be started: ${error instanceof Error ? error.message : String(error)}`, null, null);
      return;
    }
    child = started;
    yieldToOthers(started.pid);
    let lastLine = '';
    for (const stream of [started.stdout, started.stderr]) {
      if (!stream) continue;
      stream.on('error', () => {});
      createInterface({ input: stream }).on('line', (line) => {
        lastLine = line;
        options.onOutput?.(line);
      });
    }
    watch();
    started.on('message', (message) => receive(message as FromProver));
    started.on('error', (error) => {
      lastLine = error.message;
      // Without files or processes left there is no process, and no exit of one either.
      if (started.pid === undefined && child === started) ended(`cannot be started: ${lastLine}`, null, null);
    });
    started.on('exit', (status, signal) => {
      if (child !== started) return;
      ended(endReason?.message ?? `ended by ${signal ?? `status ${status}`}: ${lastLine}`, status, signal);
    });
  }

  launch();
  return {
    environment,
    state: () => state,
    gauge: () => gauge,
    processId: () => child?.pid,
    prove(request, proveOptions = {}) {
      return new Promise((resolve, reject) => {
        if (state.state === 'closed') {
          reject(new ProverFailure('PROVER_CLOSED', PROVER_FAILURES.PROVER_CLOSED));
          return;
        }
        const handOver = prepareHandOver(request);
        if (handOver.bytes > MOST_HANDED_OVER_BYTES) {
          reject(
            new ProverFailure('HAND_OVER_TOO_LARGE', PROVER_FAILURES.HAND_OVER_TOO_LARGE, {
              expectedAtMostBytes: MOST_HANDED_OVER_BYTES,
              gotBytes: handOver.bytes,
            }),
          );
          return;
        }
        const id = nextId++;
        const { signal } = proveOptions;
        if (signal?.aborted) {
          reject(new ProverFailure('ABORTED', 'cancelled before it began'));
          return;
        }
        const onAbort = (): void => {
          const entry = pending.get(id);
          if (!entry) return;
          if (entry.isSent) {
            entry.isCancelled = true;
            void post({ type: 'cancel', id });
            return;
          }
          pending.delete(id);
          entry.reject(new ProverFailure('ABORTED', 'cancelled before it began'));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        const settle = (): void => signal?.removeEventListener('abort', onAbort);
        pending.set(id, {
          handOver,
          options: proveOptions,
          resolve: (result) => {
            settle();
            resolve(result);
          },
          reject: (error) => {
            settle();
            reject(error);
          },
          isSent: false,
          isBegun: false,
          isCancelled: false,
        });
        if (state.state === 'ready') sendSoon();
      });
    },
    async close() {
      if (state.state === 'closed') return;
      setState({ state: 'closed' });
      clearTimeout(restart);
      clearTimeout(silence);
      failAll(() => new ProverFailure('PROVER_CLOSED', PROVER_FAILURES.PROVER_CLOSED), false);
      const ending = child;
      if (ending?.pid === undefined) return;
      await new Promise<void>((resolve) => {
        const kill = setTimeout(() => ending.kill('SIGKILL'), CLOSE_GRACE_MS);
        ending.once('exit', () => {
          clearTimeout(kill);
          resolve();
        });
        void post({ type: 'close' });
      });
    },
  };
}
