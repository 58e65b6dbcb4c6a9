/**
 * Starts the prover process and watches it: chooses the adapter, forks, hands out requests, and starts a new process when
 * one dies or falls silent. A crash costs the requests that were in it, never the caller's process.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type AdapterChoice, type ProverEnvironment, proverEnvironment } from '../adapter.ts';
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
  PROVER_UNAVAILABLE: 'The prover process cannot be started.',
  PROVER_CLOSED: 'The prover was closed.',
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
  /** Waits before the next start. */
  | { readonly state: 'restarting'; readonly reason: string }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'closed' };

export interface ProverOptions {
  readonly adapter: AdapterChoice;
  /** The process's entry file: server/prover/child.ts. */
  readonly entry: URL;
  readonly settings?: ProverSettings;
  /** A process that says nothing for this long is ended. */
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
   * Makes a proof. Requests that come while the process starts wait for it.
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
const RESTART_DELAYS_MS = [100, 1_000, 5_000, 30_000];
/** After this many deaths without a ready process in between, the prover has failed. */
const MAXIMUM_FAILED_STARTS = 5;
const CLOSE_GRACE_MS = 2_000;

interface Pending {
  readonly request: ProveRequest;
  readonly options: ProveOptions;
  readonly resolve: (result: ProveResult) => void;
  readonly reject: (error: ProverFailure) => void;
  isSent: boolean;
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
  let failedStarts = 0;
  let silence: NodeJS.Timeout | undefined;
  let restart: NodeJS.Timeout | undefined;
  let endReason: ProverFailure | undefined;
  let gauge: DeviceGauge | undefined;

  function setState(next: ProverState): void {
    state = next;
    options.onState?.(next);
  }

  function failAll(error: ProverFailure, onlySent: boolean): void {
    for (const [id, entry] of pending) {
      if (onlySent && !entry.isSent) continue;
      pending.delete(id);
      entry.reject(error);
    }
  }

  function watch(): void {
    clearTimeout(silence);
    silence = setTimeout(() => {
      endReason = new ProverFailure('PROVER_UNRESPONSIVE', PROVER_FAILURES.PROVER_UNRESPONSIVE, {
        silenceMs,
      });
      child?.kill('SIGKILL');
    }, silenceMs);
    silence.unref();
  }

  function post(message: ToProver): void {
    child?.send(message, (error) => {
      // The exit handler tells the callers.
      if (error) child?.kill('SIGKILL');
    });
  }

  function sendWaiting(): void {
    for (const [id, entry] of pending) {
      if (entry.isSent) continue;
      entry.isSent = true;
      post({ type: 'prove', id, request: entry.request });
    }
  }

  function receive(message: FromProver): void {
    if (state.state === 'closed') return;
    watch();
    switch (message.type) {
      case 'ready':
        failedStarts = 0;
        setState({ state: 'ready', ready: message.ready });
        sendWaiting();
        return;
      case 'refused':
        endReason = new ProverFailure(message.error.code, message.error.message, message.error.details);
        return;
      case 'alive':
        gauge = message.gauge;
        return;
      case 'progress':
        pending.get(message.id)?.options.onProgress?.(message.progress);
        return;
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

  function launch(): void {
    setState({ state: 'starting' });
    endReason = undefined;
    const started = fork(
      fileURLToPath(options.entry),
      [JSON.stringify(options.settings ?? { robustness: 'off' })],
      {
        execArgv: ['--import', import.meta.resolve('tsx')],
        env: { ...process.env, ...environment.environment },
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    child = started;
    yieldToOthers(started.pid);
    let lastLine = '';
    for (const stream of [started.stdout, started.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lastLine = line;
        options.onOutput?.(line);
      });
    }
    watch();
    started.on('message', (message) => receive(message as FromProver));
    started.on('error', (error) => {
      lastLine = error.message;
    });
    started.on('exit', (status, signal) => {
      clearTimeout(silence);
      child = undefined;
      gauge = undefined;
      if (state.state === 'closed') return;
      failedStarts++;
      const reason = endReason?.message ?? `ended by ${signal ?? `status ${status}`}: ${lastLine}`;
      failAll(
        endReason?.code === 'PROVER_UNRESPONSIVE'
          ? endReason
          : new ProverFailure('PROVER_CRASHED', `${PROVER_FAILURES.PROVER_CRASHED} (${reason})`, {
              status,
              signal,
            }),
        true,
      );
      if (failedStarts >= MAXIMUM_FAILED_STARTS) {
        setState({ state: 'failed', reason });
        failAll(new ProverFailure('PROVER_UNAVAILABLE', reason, { failedStarts }), false);
        return;
      }
      setState({ state: 'restarting', reason });
      const delay = delays[Math.min(failedStarts, delays.length) - 1] ?? 0;
      restart = setTimeout(launch, delay);
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
        if (state.state === 'closed' || state.state === 'failed') {
          const code = state.state === 'closed' ? 'PROVER_CLOSED' : 'PROVER_UNAVAILABLE';
          reject(new ProverFailure(code, PROVER_FAILURES[code]));
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
            post({ type: 'cancel', id });
            return;
          }
          pending.delete(id);
          entry.reject(new ProverFailure('ABORTED', 'cancelled before it began'));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        const settle = (): void => signal?.removeEventListener('abort', onAbort);
        pending.set(id, {
          request,
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
        });
        if (state.state === 'ready') sendWaiting();
      });
    },
    async close() {
      if (state.state === 'closed') return;
      setState({ state: 'closed' });
      clearTimeout(restart);
      clearTimeout(silence);
      failAll(new ProverFailure('PROVER_CLOSED', PROVER_FAILURES.PROVER_CLOSED), false);
      const ending = child;
      if (!ending) return;
      await new Promise<void>((resolve) => {
        const kill = setTimeout(() => ending.kill('SIGKILL'), CLOSE_GRACE_MS);
        ending.once('exit', () => {
          clearTimeout(kill);
          resolve();
        });
        post({ type: 'close' });
      });
    },
  };
}
