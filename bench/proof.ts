/**
 * A whole proof in this process, timed: keys, stages with the device's seconds and the host's, verification, sizes. The
 * stages come from a proof whose every step waits for the device, so that no stage pays for another; the total comes from
 * proofs as the service makes them.
 */
import { createHash } from 'node:crypto';
import { createWgslBackend } from '../kernels/backend.ts';
import { type ComputeDevice, openDevice } from '../kernels/device.ts';
import { proofMemory } from '../kernels/memoryNeed.ts';
import { tileLimits } from '../kernels/tile.ts';
import { warmUp } from '../kernels/warmUp.ts';
import type { HintFunctions, Program } from '../machine/program.ts';
import { buildTraces, COLONNADE_MACHINE, PROGRAM_SLOT, prepareProgram, run } from '../machine/system.ts';
import type { TableTrace } from '../stark/air/air.ts';
import { logUpColumnCount } from '../stark/air/degree.ts';
import type { Backend } from '../stark/backend.ts';
import { DEGREE } from '../stark/field/extension.ts';
import { generateKey, releaseKey } from '../stark/keys.ts';
import { type Profile, profileDigest } from '../stark/profile.ts';
import { prove } from '../stark/prover.ts';
import { verify } from '../stark/verifier.ts';
import {
  figureOf,
  type MeasurementOutcome,
  rateOf,
  type StageSeconds,
  secondsOf,
  timeRuns,
} from './measurement.ts';

const QUOTIENT_COLUMNS = 2 * DEGREE;

export interface ProofTask {
  readonly label: string;
  readonly program: Program;
  /** Fresh ones for every run. */
  readonly hints: () => HintFunctions;
  readonly profile: Profile;
  /** Timed proofs, after the one that is told by stages. */
  readonly runs: number;
  /** Device memory of the proof; undefined for the device's own limit. */
  readonly budgetBytes: number | undefined;
  /** What the host did before the run, told first. */
  readonly before?: readonly StageSeconds[];
}

/** The preprocessed columns of a program, one entry a slot of the machine. */
export function preprocessedOf(program: Program): (TableTrace | undefined)[] {
  const bytecode = prepareProgram(program);
  return COLONNADE_MACHINE.tables.map((_, slot) => (slot === PROGRAM_SLOT ? bytecode : undefined));
}

/** The same backend, but no step ends before the device is done with it. */
function waitingBackend(backend: Backend, device: ComputeDevice): Backend {
  const wait = async <Outcome>(work: Promise<Outcome>): Promise<Outcome> => {
    const outcome = await work;
    await device.queue.idle();
    return outcome;
  };
  return {
    adapterName: backend.adapterName,
    begin: async (...values) => await backend.begin?.(...values),
    loadTrace: (...values) => wait(backend.loadTrace(...values)),
    loadColumns: (...values) => wait(backend.loadColumns(...values)),
    commit: (...values) => wait(backend.commit(...values)),
    logUp: (...values) => wait(backend.logUp(...values)),
    quotient: (...values) => wait(backend.quotient(...values)),
    open: (...values) => wait(backend.open(...values)),
    deep: (...values) => wait(backend.deep(...values)),
    commitCodeword: (...values) => wait(backend.commitCodeword(...values)),
    fold: (...values) => wait(backend.fold(...values)),
    readCodeword: (...values) => wait(backend.readCodeword(...values)),
    grind: (...values) => wait(backend.grind(...values)),
    query: (...values) => wait(backend.query(...values)),
    release: (handle) => backend.release(handle),
  };
}

/** Rows times main, LogUp and quotient columns of the present tables. */
function cellsOf(traces: readonly (TableTrace | undefined)[]): number {
  return COLONNADE_MACHINE.tables.reduce((cells, table, slot) => {
    const trace = traces[slot];
    if (trace === undefined) return cells;
    const columns = table.mainColumns.length + logUpColumnCount(table) + QUOTIENT_COLUMNS;
    return cells + columns * 2 ** trace.logHeight;
  }, 0);
}

/** Proves, verifies and times a program's run. Throws: Error when the proof is not accepted; what the layers below throw. */
export async function measureProof(task: ProofTask): Promise<MeasurementOutcome> {
  const { label, program, hints, profile, runs, budgetBytes, before = [] } = task;
  const device = await openDevice({
    robustness: 'off',
    ...(budgetBytes === undefined ? {} : { byteBudget: budgetBytes }),
  });
  const backend = createWgslBackend(device);
  let execution = run(program, hints());
  const executeSeconds = await secondsOf(() => {
    execution = run(program, hints());
  });
  const { statement } = execution;
  let traces: readonly (TableTrace | undefined)[] = [];
  const traceSeconds = await secondsOf(() => {
    traces = buildTraces(program, execution);
  });
  const { tables } = COLONNADE_MACHINE;
  const prepareSeconds = await secondsOf(async () => {
    await backend.prepare(tables);
    await warmUp(backend, tables);
  });
  const preprocessed = preprocessedOf(program);
  const key = await generateKey(backend, COLONNADE_MACHINE, profile, preprocessed);

  const stages = new Map<string, { seconds: number; deviceSeconds: number }>();
  let busyBefore = device.queue.statistics.busySeconds;
  const proof = await prove(waitingBackend(backend, device), key, statement, traces, {
    onProgress({ stage, seconds }) {
      const { busySeconds } = device.queue.statistics;
      const known = stages.get(stage) ?? { seconds: 0, deviceSeconds: 0 };
      stages.set(stage, {
        seconds: known.seconds + seconds,
        deviceSeconds: known.deviceSeconds + busySeconds - busyBefore,
      });
      busyBefore = busySeconds;
    },
  });
  const counted = { ...device.queue.statistics };
  device.arena.resetPeaks();
  const totals: number[] = [];
  for (let timed = 0; timed < runs; timed++) {
    totals.push(
      await secondsOf(async () => {
        const again = await prove(backend, key, statement, traces);
        if (Buffer.compare(again, proof) !== 0) throw new Error('two proofs of one run differ');
      }),
    );
  }

  const { peakBytes, peakUsedBytes } = device.arena.gauge();
  const perProof = (name: 'submissions' | 'dispatches' | 'copies' | 'writes' | 'reads'): number =>
    Math.round((device.queue.statistics[name] - counted[name]) / runs);
  const commands = {
    submissions: perProof('submissions'),
    dispatches: perProof('dispatches'),
    copies: perProof('copies'),
    uploads: perProof('writes'),
    readbacks: perProof('reads'),
  };

  const policy = { acceptedProfileDigests: [profileDigest(profile)] };
  const verifySeconds = await timeRuns(Math.max(3, runs), () => {
    const verdict = verify(key.verifyingKey, statement, proof, policy);
    if (!verdict.ok) throw new Error(`the proof is rejected: ${verdict.reason}`);
  });
  releaseKey(backend, key);

  const cells = cellsOf(traces);
  const host: StageSeconds[] = [
    { stage: 'execute', seconds: executeSeconds, deviceSeconds: 0, hostSeconds: executeSeconds },
    { stage: 'trace', seconds: traceSeconds, deviceSeconds: 0, hostSeconds: traceSeconds },
  ];
  const outcome: MeasurementOutcome = {
    adapter: device.adapter,
    peakDeviceBytes: peakBytes,
    figures: [
      figureOf(`${label}: proof`, 's', totals),
      rateOf(`${label}: cells proved`, 'cells/s', cells, totals),
      figureOf(`${label}: verification`, 's', verifySeconds, { target: { bound: 'atMost', value: 1 } }),
    ],
    stages: [
      ...before,
      ...host,
      ...[...stages].map(([stage, { seconds, deviceSeconds }]): StageSeconds => {
        // The device's seconds are read between steps and may overlap a step's end by a message.
        const busy = Math.min(deviceSeconds, seconds);
        return { stage, seconds, deviceSeconds: busy, hostSeconds: seconds - busy };
      }),
    ],
    facts: {
      profile: profile.name,
      cycles: execution.pc.length,
      cells,
      rows: COLONNADE_MACHINE.tables
        .flatMap(({ name }, slot) => {
          const trace = traces[slot];
          return trace === undefined ? [] : [`${name} 2^${trace.logHeight}`];
        })
        .join(', '),
      proofBytes: proof.length,
      proofSha256: createHash('sha256').update(proof).digest('hex'),
      prepareSeconds,
      usedDeviceBytes: peakUsedBytes,
      ...proofMemory(
        COLONNADE_MACHINE,
        profile,
        traces.map((trace) => trace?.logHeight),
        tileLimits(device),
      ),
      ...commands,
      longestSubmissionMs: Math.round(device.queue.statistics.longestSubmissionMs),
    },
  };
  device.close();
  return outcome;
}
