/** One run of the benchmark: the chosen measurements one after the other, each in a process of its own, and the report. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdapterDescription } from '../kernels/device.ts';
import type { Figure, MeasurementSettings, Roofs, Scale } from './measurement.ts';
import { cacheEnvironment } from './pipelines.ts';
import { type MeasuredOutcome, runMeasurement } from './process.ts';
import { MEASUREMENT_NAMES, MEASUREMENTS, type MeasurementName } from './registry.ts';

export interface RunOptions {
  /** Undefined for all; the long ones on hardware only. */
  readonly names: readonly MeasurementName[] | undefined;
  /** Tiny sizes: a test of the benchmark. */
  readonly isQuick: boolean;
  readonly runs: number;
  readonly block: string;
  readonly columns: number;
  /** Device memory of a proof; the device's own limit when left out. */
  readonly budgetBytes?: number;
  /** Of the processes that use the device. */
  readonly environment: Readonly<Record<string, string>>;
  /** A measurement that takes longer is ended. */
  readonly timeoutSeconds: number;
  /** Called before every measurement. */
  readonly onStart?: (name: MeasurementName) => void;
  /** Called after every measurement with the report so far. */
  readonly onReport?: (report: BenchReport) => void;
}

export interface MeasuredEntry extends MeasuredOutcome {
  readonly name: MeasurementName;
}

/** A measurement that ended without figures. */
export interface MeasurementFailure {
  readonly name: MeasurementName;
  readonly message: string;
}

export interface BenchReport {
  readonly format: 1;
  readonly date: string;
  readonly scale: Scale;
  readonly versions: {
    readonly colonnade: string | undefined;
    readonly node: string;
    readonly webgpu: string;
    readonly driver: string | undefined;
  };
  readonly adapter: AdapterDescription | undefined;
  readonly host: {
    readonly processor: string;
    readonly cores: number;
    /** Processes that wanted to run in the minute before the start: above 0.5 the figures of a small machine suffer. */
    readonly loadBefore: number;
  };
  readonly roofs: Roofs | undefined;
  readonly seconds: number;
  readonly measurements: readonly MeasuredEntry[];
  readonly failures: readonly MeasurementFailure[];
}

/** Runs the measurements; kernels are held against roofs of the same run. A failed one is named in the report. */
export async function runBench(options: RunOptions): Promise<BenchReport> {
  const started = performance.now();
  const [loadBefore = 0] = loadavg();
  const { environment, isQuick, onStart, onReport, runs, block, columns, budgetBytes, timeoutSeconds } =
    options;
  let roofs: Roofs | undefined;
  let adapter: AdapterDescription | undefined;
  let scale: Scale = isQuick ? 'quick' : 'software';
  const measurements: MeasuredEntry[] = [];
  const failures: MeasurementFailure[] = [];
  const reportNow = (): BenchReport => ({
    format: 1,
    date: new Date().toISOString(),
    scale,
    versions: {
      colonnade: revision(),
      node: process.version,
      webgpu: webgpuVersion(),
      driver: adapter?.driver,
    },
    adapter,
    host: { processor: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), loadBefore },
    roofs,
    seconds: (performance.now() - started) / 1000,
    measurements: [...measurements],
    failures: [...failures],
  });
  for (const name of planOf(options.names)) {
    const { isDefault, isCached, usesDevice } = MEASUREMENTS[name];
    const isWanted = isDefault === undefined || (isDefault === 'onHardware' && scale === 'hardware');
    if (options.names === undefined && !isWanted) continue;
    onStart?.(name);
    const settings: MeasurementSettings = {
      scale,
      runs,
      block,
      columns,
      ...(budgetBytes === undefined ? {} : { budgetBytes }),
      ...(roofs ? { roofs } : {}),
    };
    const variables = usesDevice ? environment : {};
    let outcome: MeasuredOutcome;
    try {
      outcome = isCached
        ? await measureColdAndWarm(name, settings, variables, timeoutSeconds)
        : await runMeasurement(name, settings, variables, timeoutSeconds);
    } catch (error) {
      // The others are worth having all the same.
      failures.push({ name, message: error instanceof Error ? error.message : String(error) });
      continue;
    }
    roofs = outcome.roofs ?? roofs;
    adapter ??= outcome.adapter;
    if (!isQuick && adapter && !adapter.isSoftware) scale = 'hardware';
    measurements.push({ name, ...outcome });
    onReport?.(reportNow());
  }
  return reportNow();
}

/** The adapter decides the sizes, and the kernels that are held against roofs need them measured first. */
export function planOf(names: readonly MeasurementName[] | undefined): readonly MeasurementName[] {
  if (names === undefined) return MEASUREMENT_NAMES;
  const wanted = new Set<MeasurementName>(names);
  if (names.some((name) => MEASUREMENTS[name].usesDevice)) wanted.add('adapter');
  if (names.some((name) => MEASUREMENTS[name].hasRoofs)) wanted.add('roofs');
  return MEASUREMENT_NAMES.filter((name) => wanted.has(name));
}

/** Design budget of a cold start on lavapipe. */
const COLD_SECONDS = 20;

async function measureColdAndWarm(
  name: MeasurementName,
  settings: MeasurementSettings,
  environment: Readonly<Record<string, string>>,
  timeoutSeconds: number,
): Promise<MeasuredOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-bench-cache-'));
  try {
    const variables = { ...environment, ...cacheEnvironment(folder) };
    const cold = await runMeasurement(name, settings, variables, timeoutSeconds);
    const warm = await runMeasurement(name, settings, variables, timeoutSeconds);
    const labelled = (figures: readonly Figure[], label: string): Figure[] =>
      figures.map((figure) => ({ ...figure, name: `${figure.name}, ${label}` }));
    const [first, ...others] = labelled(cold.figures, 'cold');
    if (!first) throw new Error(`measurement ${name} has no figures`);
    return {
      ...cold,
      figures: [
        { ...first, target: { bound: 'atMost', value: COLD_SECONDS } },
        ...others,
        ...labelled(warm.figures, 'warm'),
      ],
      facts: Object.fromEntries([
        ...Object.entries(cold.facts ?? {}).map(([key, value]) => [`${key}, cold`, value]),
        ...Object.entries(warm.facts ?? {}).map(([key, value]) => [`${key}, warm`, value]),
      ]),
      seconds: cold.seconds + warm.seconds,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function webgpuVersion(): string {
  const read = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
  return read.version;
}

/** The commit that was measured, with a mark when files differ from it; undefined outside a repository. */
function revision(): string | undefined {
  try {
    const git = (...words: string[]): string =>
      execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' and changes';
    return git('rev-parse', '--short=12', 'HEAD') + changed;
  } catch {
    return undefined;
  }
}
