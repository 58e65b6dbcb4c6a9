/**
 * The prover process's side: opens the device, serves requests one after the other, reports progress, and ends when the
 * device is lost or the parent is gone. What a request means is the caller's: server/prover/child.ts.
 */
import { type ComputeDevice, openDevice } from '../device.ts';
import { type Arrival, receiveHandOver } from './handOver.ts';
import {
  ALIVE_INTERVAL_MS,
  type DeviceGauge,
  type FromProver,
  type ProveProgress,
  type ProveRequest,
  type ProveResult,
  type ProverSettings,
  type ReportedError,
  type ToProver,
} from './protocol.ts';

export interface ProverService {
  /** Compiles what can be compiled before the first request. */
  prepare(device: ComputeDevice): Promise<void>;
  /** Makes one proof. Ends with the signal's reason or KernelError 'ABORTED' when cancelled. */
  prove(
    device: ComputeDevice,
    request: ProveRequest,
    signal: AbortSignal,
    onProgress: (progress: ProveProgress) => void,
  ): Promise<ProveResult>;
}

/** Exit status of a process that has lost its device. */
export const DEVICE_LOST_STATUS = 70;

function send(message: FromProver): Promise<void> {
  return new Promise((resolve) => {
    if (process.send && process.connected) process.send(message, undefined, {}, () => resolve());
    else resolve();
  });
}

function report(error: unknown): ReportedError {
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error), details: {} };
  const { code, details } = error as Error & { code?: unknown; details?: unknown };
  return {
    code: typeof code === 'string' ? code : error.name === 'AbortError' ? 'ABORTED' : 'INTERNAL',
    message: error.message,
    // Details that cannot be cloned would lose the whole message.
    details: JSON.parse(JSON.stringify(details ?? {})) as Record<string, unknown>,
  };
}

/** Serves the parent until it closes the channel. Call it once, from the process's entry file. */
export async function serveProver(service: ProverService): Promise<void> {
  const started = performance.now();
  process.on('disconnect', () => process.exit(0));
  // A terminal and a service manager signal the whole group: the parent decides how long the running request may take.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  let opened: ComputeDevice | undefined;
  const sendAlive = (): Promise<void> =>
    send(opened === undefined ? { type: 'alive' } : { type: 'alive', gauge: gaugeOf(opened) });
  setInterval(() => void sendAlive(), ALIVE_INTERVAL_MS).unref();

  let device: ComputeDevice;
  try {
    device = await openDevice(parseSettings(process.argv[2]));
    opened = device;
    await service.prepare(device);
  } catch (error) {
    await send({ type: 'refused', error: report(error) });
    process.exit(1);
  }

  const waiting: { id: number; request: ProveRequest }[] = [];
  let current: { id: number; abort: AbortController } | undefined;
  /** The request whose columns are still coming. */
  let arriving: { id: number; arrival: Arrival } | undefined;

  async function work(): Promise<void> {
    if (current) return;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { id, request } = next;
      const abort = new AbortController();
      current = { id, abort };
      device.queue.setAbortSignal(abort.signal);
      try {
        const result = await service.prove(device, request, abort.signal, (progress) => {
          void send({ type: 'progress', id, progress });
        });
        await send({ type: 'done', id, result });
      } catch (error) {
        await send({ type: 'failed', id, error: report(error) });
      }
      device.queue.setAbortSignal(undefined);
      current = undefined;
      void sendAlive();
    }
  }

  function takeArrived(): void {
    if (arriving === undefined || !arriving.arrival.isComplete()) return;
    waiting.push({ id: arriving.id, request: arriving.arrival.request });
    arriving = undefined;
    void work();
  }

  process.on('message', (message: ToProver) => {
    switch (message.type) {
      case 'prove':
        arriving = { id: message.id, arrival: receiveHandOver(message.request) };
        takeArrived();
        return;
      case 'piece':
        // Pieces of a cancelled request may still be on their way.
        if (arriving?.id !== message.id) return;
        arriving.arrival.take(message.words);
        takeArrived();
        return;
      case 'cancel': {
        if (current?.id === message.id) return current.abort.abort();
        const place = waiting.findIndex(({ id }) => id === message.id);
        if (place >= 0) waiting.splice(place, 1);
        else if (arriving?.id === message.id) arriving = undefined;
        else return;
        void send({
          type: 'failed',
          id: message.id,
          error: { code: 'ABORTED', message: 'cancelled before it began', details: {} },
        });
        return;
      }
      case 'close':
        device.close();
        process.exit(0);
    }
  });
  void device.lost.then(async () => {
    // The request that was running fails with DEVICE_LOST by itself; let that message leave first.
    setTimeout(() => process.exit(DEVICE_LOST_STATUS), 500);
  });
  await sendAlive();
  await send({
    type: 'ready',
    ready: {
      adapter: device.adapter,
      limits: device.limits,
      startSeconds: (performance.now() - started) / 1000,
    },
  });
}

function gaugeOf({ arena, queue }: ComputeDevice): DeviceGauge {
  return { ...arena.gauge(), busySeconds: queue.statistics.busySeconds };
}

/** Throws: SyntaxError, TypeError on anything but the parent's own JSON. */
function parseSettings(text: string | undefined): ProverSettings {
  const settings = JSON.parse(text ?? '') as ProverSettings;
  if (settings.robustness !== 'on' && settings.robustness !== 'off') {
    throw new TypeError('the prover process takes its settings as one JSON argument');
  }
  return settings;
}
