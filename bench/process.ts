/**
 * One process for each measurement: its own environment (the driver and its caches), its own peak of memory, and a driver
 * that dies takes nothing with it. The entry file starts itself again with `--measure`, as a script or as a bundle.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { MeasurementOutcome, MeasurementSettings } from './measurement.ts';
import { MEASUREMENTS, type MeasurementName } from './registry.ts';

const CHILD_FLAG = '--measure';

interface Task {
  readonly name: MeasurementName;
  readonly settings: MeasurementSettings;
}

type Answer =
  | { readonly kind: 'outcome'; readonly outcome: MeasurementOutcome; readonly peakResidentBytes: number }
  | { readonly kind: 'error'; readonly message: string };

export interface MeasuredOutcome extends MeasurementOutcome {
  readonly peakResidentBytes: number;
  /** Start and end of the process included. */
  readonly seconds: number;
}

/** In a process that was started for a measurement: runs it, answers, and ends the process. False in any other process. */
export async function serveMeasurement(): Promise<boolean> {
  const [flag, text] = process.argv.slice(2);
  if (flag !== CHILD_FLAG || text === undefined) return false;
  const { name, settings } = JSON.parse(text) as Task;
  let answer: Answer;
  try {
    const outcome = await MEASUREMENTS[name].measure(settings);
    answer = { kind: 'outcome', outcome, peakResidentBytes: process.resourceUsage().maxRSS * 1024 };
  } catch (error) {
    answer = {
      kind: 'error',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
  process.send?.(answer, undefined, {}, () => process.exit(0));
  return true;
}

/** Runs one measurement in a process with these variables added. Throws: Error with the measurement's own message. */
export async function runMeasurement(
  name: MeasurementName,
  settings: MeasurementSettings,
  environment: Readonly<Record<string, string>>,
  timeoutSeconds: number,
): Promise<MeasuredOutcome> {
  const started = performance.now();
  const entry = process.argv[1];
  if (entry === undefined) throw new Error('the entry file is unknown');
  const task: Task = { name, settings };
  const child = fork(entry, [CHILD_FLAG, JSON.stringify(task)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    timeout: 1000 * timeoutSeconds,
    killSignal: 'SIGKILL',
  });
  // Drivers write what nobody needs, unless the process dies.
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      written = (written + text).slice(-2000);
    });
  }
  let answer: Answer | undefined;
  child.on('message', (message) => {
    answer = message as Answer;
  });
  // The channel ends after its last message, which may come after the process's end.
  const [[status, signal]] = (await Promise.all([once(child, 'exit'), once(child, 'disconnect')])) as [
    [number | null, string | null],
    unknown,
  ];
  if (answer === undefined) {
    throw new Error(`measurement ${name} ended by ${signal ?? `status ${status}`}: ${written}`);
  }
  if (answer.kind === 'error') throw new Error(`measurement ${name}: ${answer.message}`);
  const { outcome, peakResidentBytes } = answer;
  return { ...outcome, peakResidentBytes, seconds: (performance.now() - started) / 1000 };
}
