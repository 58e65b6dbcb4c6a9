/** The prover of production: a thread runs the program, the prover process proves on the device. */
import type { AdapterChoice } from '../../kernels/adapter.ts';
import { ProverFailure, type ProverHandle, startProver } from '../../kernels/process/parent.ts';
import type { ProveResult } from '../../kernels/process/protocol.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { startThread } from '../threads/thread.ts';
import type { TracerMethods } from '../tracer/thread.ts';
import { measureTables, type Traced } from '../tracer/tracer.ts';
import { AttemptLost, type ProofOutcome, type Prover, type ProverState } from './prover.ts';

/** Runs and trace checks that take longer are ended; the attempt's own limit is longer. */
const TRACER_TIMEOUT_MS = 20 * 60 * 1000;
const USUAL_TRACER_HEAP_MEBIBYTES = 4096;

/**
 * A cancelled proof ends at the next submission, which is a fraction of a second; a process that has not ended it by then
 * is ended itself, so that the device is free within a second.
 */
const CANCEL_GRACE_MS = 700;

export interface ProcessProverOptions {
  /** Entry file of the prover process; it says which profiles there are. */
  readonly entry: URL;
  /** Entry file of the tracer's thread; production's unless a test has programs of its own. */
  readonly tracerEntry?: URL;
  readonly tracerHeapMebibytes?: number;
  readonly adapter: AdapterChoice;
  /** Device memory that a proof may take; undefined leaves it to the prover process. */
  readonly budgetBytes: number | undefined;
  /** Between the starts of a process that dies: production's unless a test has no time for them. */
  readonly restartDelaysMs?: readonly number[];
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

export interface ProcessProver extends Prover {
  /** Process id of the running prover process; for tests that end it. */
  processId(): number | undefined;
}

/** Resolves when an adapter is chosen. Throws: KernelError 'NO_ADAPTER'. */
export async function startProcessProver({
  entry,
  tracerEntry = new URL('../tracer/thread.ts', import.meta.url),
  tracerHeapMebibytes = USUAL_TRACER_HEAP_MEBIBYTES,
  adapter,
  budgetBytes,
  restartDelaysMs,
  log,
}: ProcessProverOptions): Promise<ProcessProver> {
  const tracer = startThread<TracerMethods>({
    entry: tracerEntry,
    timeoutMs: TRACER_TIMEOUT_MS,
    heapMebibytes: tracerHeapMebibytes,
  });
  const handle = await startProver({
    adapter,
    entry,
    settings: { robustness: 'off', ...(budgetBytes === undefined ? {} : { byteBudget: budgetBytes }) },
    ...(restartDelaysMs === undefined ? {} : { restartDelaysMs }),
    onState: (state) => log.info({ prover: state }, 'prover state'),
    onOutput: (line) => log.warn({ line }, 'prover process wrote'),
  });
  const { kind, adapterName, rejected } = handle.environment;
  log.info({ kind, adapterName, rejected }, 'adapter chosen');

  return {
    processId: () => handle.processId(),
    device: () => handle.gauge(),
    state(): ProverState {
      const state = handle.state();
      switch (state.state) {
        case 'ready': {
          const { adapter: described, limits } = state.ready;
          const { name, isSoftware } = described;
          return { state: 'ready', adapter: { name, isSoftware }, bindingBytes: limits.bindingBytes };
        }
        case 'starting':
        case 'restarting':
          return { state: 'starting' };
        case 'closed':
          return { state: 'failed', detail: 'closed' };
      }
    },

    async prove({ program, profile, input }, signal, onProgress): Promise<ProofOutcome> {
      requireReady(handle);
      let traced: Traced;
      try {
        traced =
          input.kind === 'proofs'
            ? await tracer.call('traceNode', input.node, signal)
            : await tracer.call('traceTask', { program, input }, signal);
      } catch (error) {
        if (signal.aborted) throw new AttemptLost('ABORTED', 'The run was cancelled.');
        throw error;
      }
      if (!traced.ok) return traced;
      const { preprocessed, traces, statement, cycles, stages } = traced;
      // The process may have died meanwhile; the job waits in the queue for the next one, not here.
      requireReady(handle);
      let result: ProveResult;
      let kill: NodeJS.Timeout | undefined;
      const onAbort = (): void => {
        kill = setTimeout(() => endProcess(handle.processId()), CANCEL_GRACE_MS);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        result = await handle.prove(
          { systemName: COLONNADE_MACHINE.name, profileName: profile, preprocessed, traces, statement },
          { signal, onProgress: ({ stage, fraction }) => onProgress({ stage, fraction }) },
        );
      } catch (error) {
        if (signal.aborted) throw new AttemptLost('ABORTED', 'The proof was cancelled.');
        return failureOf(error);
      } finally {
        clearTimeout(kill);
        signal.removeEventListener('abort', onAbort);
      }
      const ready = handle.state();
      const isSoftware = ready.state === 'ready' ? ready.ready.adapter.isSoftware : kind !== 'hardware';
      return {
        ok: true,
        proof: result.proof,
        statement,
        measures: {
          adapter: { name: result.adapterName, isSoftware },
          cycles,
          tables: measureTables(traces.map((trace) => trace?.logHeight)),
          stages: [
            ...stages,
            ...Object.entries(result.stageSeconds).map(([name, seconds]) => ({ name, seconds })),
          ],
          grindingSeconds: result.stageSeconds['grind'] ?? 0,
          deviceSeconds: result.deviceSeconds,
          peakDeviceBytes: result.peakDeviceBytes,
        },
      };
    },

    async close() {
      await Promise.all([tracer.close(), handle.close()]);
    },
  };
}

/** Throws: AttemptLost 'NO_PROVER'. */
function requireReady({ state }: ProverHandle): void {
  if (state().state !== 'ready') throw new AttemptLost('NO_PROVER', `The prover is ${state().state}.`);
}

/** The parent starts another one. */
function endProcess(processId: number | undefined): void {
  try {
    if (processId !== undefined) process.kill(processId, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** What the job is told, or the lost attempt; anything else is thrown on. */
function failureOf(error: unknown): ProofOutcome {
  if (!(error instanceof ProverFailure)) throw error;
  switch (error.code) {
    case 'PROVER_CRASHED':
      throw new AttemptLost(error.details['isBegun'] === false ? 'NOT_BEGUN' : 'CRASHED', error.message);
    case 'PROVER_UNRESPONSIVE':
    case 'PROVER_CLOSED':
      throw new AttemptLost('CRASHED', error.message);
    case 'DEVICE_LOST':
      throw new AttemptLost('DEVICE_LOST', error.message);
    case 'ABORTED':
      throw new AttemptLost('ABORTED', error.message);
    case 'OUT_OF_MEMORY':
    case 'LIMIT_EXCEEDED':
    case 'HEIGHTS_REFUSED':
    case 'HAND_OVER_TOO_LARGE':
      return { ok: false, code: 'TOO_LARGE', detail: error.message, details: error.details };
    default:
      throw error;
  }
}
