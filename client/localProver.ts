/** Proofs on this machine: the prover process of the service, fed by a run in this process. */
import type { AdapterChoice } from '../kernels/adapter.ts';
import { ADAPTER_CHOICES } from '../kernels/adapter.ts';
import { type ProverHandle, startProver } from '../kernels/process/parent.ts';
import type { ProveResult, ProverReady } from '../kernels/process/protocol.ts';
import type { ExecutionTrace } from '../machine/executionTrace.ts';
import type { LeastHeights } from '../machine/padding.ts';
import type { Program } from '../machine/program.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces } from '../machine/system.ts';
import { requirePinned } from '../programs/block/compression.ts';
import { measureTables } from '../server/tracer/tracer.ts';
import type { TableTrace } from '../stark/air/air.ts';
import { showProgress, UsageError } from './terminal.ts';

export interface StageSeconds {
  readonly name: string;
  readonly seconds: number;
}

export interface LocalProof {
  readonly proofBytes: Uint8Array;
  readonly statement: Uint32Array;
  readonly measures: {
    readonly adapter: string;
    readonly cycles: number;
    readonly tables: readonly { readonly name: string; readonly rows: number; readonly cells: number }[];
    /** Of all tables. */
    readonly cells: number;
    /** In the order in which they ran: traces here, then the prover's. */
    readonly stages: readonly StageSeconds[];
    readonly totalSeconds: number;
    readonly deviceSeconds: number;
    readonly peakDeviceBytes: number;
  };
}

export interface LocalProver {
  readonly ready: ProverReady;
  /**
   * Proves a run; `label` stands beside the bar. Tables have the pinned heights where there are some.
   * Throws: ProverFailure, MachineError; BlockError 'HEIGHT_NOT_PINNED' for a run that does not fit, before anything is proved.
   */
  prove(
    label: string,
    profile: string,
    program: Program,
    execution: ExecutionTrace,
    pinned?: LeastHeights,
  ): Promise<LocalProof>;
  close(): Promise<void>;
}

/** Options of every command that proves. */
export const DEVICE_OPTIONS = {
  adapter: { type: 'string', default: 'auto' },
  'device-mebibytes': { type: 'string', default: '0' },
} as const;

export const DEVICE_USAGE = `  --adapter NAME            ${ADAPTER_CHOICES.join(', ')}; default auto
  --device-mebibytes N      device memory that a proof may take; default what the device has`;

/** Throws: UsageError. */
export function adapterChoice(name: string): AdapterChoice {
  const choice = ADAPTER_CHOICES.find((known) => known === name);
  if (choice === undefined)
    throw new UsageError(`--adapter: expected ${ADAPTER_CHOICES.join(', ')}, got ${name}`);
  return choice;
}

/** Runs and traces are made in this process, which hears nothing from the prover meanwhile. */
const SILENCE_MS = 30 * 60_000;

/** Throws: KernelError 'NO_ADAPTER'; ProverFailure when the process cannot start. */
export async function startLocalProver(adapter: AdapterChoice, mebibytes: number): Promise<LocalProver> {
  showProgress('starting the prover', 0);
  let handle: ProverHandle | undefined;
  const ready = new Promise<ProverReady>((resolve, reject) => {
    startProver({
      adapter,
      entry: new URL('../server/prover/child.ts', import.meta.url),
      settings: { robustness: 'off', ...(mebibytes === 0 ? {} : { byteBudget: mebibytes * 2 ** 20 }) },
      silenceMs: SILENCE_MS,
      onState(state) {
        if (state.state === 'ready') resolve(state.ready);
        else if (state.state === 'restarting') reject(new ProverNotStarted(state.reason));
      },
    }).then((started) => {
      handle = started;
      const state = started.state();
      if (state.state === 'ready') resolve(state.ready);
    }, reject);
  });
  try {
    return proverOn(await ready, () => handle);
  } catch (error) {
    await handle?.close();
    throw error;
  }
}

/** The process ended before it was ready. */
class ProverNotStarted extends Error {
  readonly code = 'PROVER_UNAVAILABLE';

  constructor(reason: string) {
    super(`PROVER_UNAVAILABLE: The prover process cannot be started: ${reason}`);
    this.name = 'ProverNotStarted';
  }
}

/**
 * The tables of a run, of exactly the pinned heights where there are some.
 * Throws: MachineError; BlockError 'HEIGHT_NOT_PINNED' naming the first table that does not fit.
 */
export function tracesOf(
  program: Program,
  execution: ExecutionTrace,
  pinned: LeastHeights | undefined,
): (TableTrace | undefined)[] {
  const traces = buildTraces(program, execution, pinned);
  if (pinned !== undefined)
    requirePinned(
      COLONNADE_MACHINE.tables.map(({ name }) => name),
      traces.map((trace) => trace?.logHeight),
      pinned,
    );
  return traces;
}

function proverOn(ready: ProverReady, handleOf: () => ProverHandle | undefined): LocalProver {
  return {
    ready,
    async prove(label, profile, program, execution, pinned) {
      const handle = handleOf();
      if (handle === undefined) throw new Error('the prover is ready but has no handle');
      const start = performance.now();
      const traces = tracesOf(program, execution, pinned);
      const traceSeconds = (performance.now() - start) / 1000;
      const tables = measureTables(traces.map((trace) => trace?.logHeight));
      const result: ProveResult = await handle.prove(
        {
          systemName: COLONNADE_MACHINE.name,
          profileName: profile,
          preprocessed: preprocessedTraces(program),
          traces,
          statement: execution.statement.slice(),
        },
        { onProgress: ({ stage, fraction }) => showProgress(`${label}: ${stage}`, fraction) },
      );
      const stages = Object.entries(result.stageSeconds).map(([name, seconds]) => ({ name, seconds }));
      return {
        proofBytes: result.proof,
        statement: execution.statement.slice(),
        measures: {
          adapter: result.adapterName,
          cycles: execution.pc.length,
          tables,
          cells: tables.reduce((total, { cells }) => total + cells, 0),
          stages: [{ name: 'trace', seconds: traceSeconds }, ...stages],
          totalSeconds: (performance.now() - start) / 1000,
          deviceSeconds: result.deviceSeconds,
          peakDeviceBytes: result.peakDeviceBytes,
        },
      };
    },
    close: async () => await handleOf()?.close(),
  };
}
