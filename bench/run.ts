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
  /** Of the processes that use the device. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called before every measurement. */
  readonly onStart?: (name: MeasurementName) => void;
}

export interface MeasuredEntry extends MeasuredOutcome {
  readonly name: MeasurementName;
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
}

/** Runs the measurements; kernels are held against roofs of the same run. Throws: Error of the first that fails. */
export async function runBench(options: RunOptions): Promise<BenchReport> {
  const started = performance.now();
  const [loadBefore = 0] = loadavg();
  const { environment, isQuick, onStart, runs, block, columns } = options;
  let roofs: Roofs | undefined;
  let adapter: AdapterDescription | undefined;
  let scale: Scale = isQuick ? 'quick' : 'software';
  const measurements: MeasuredEntry[] = [];
  for (const name of planOf(options.names)) {
    if (options.names === undefined && MEASUREMENTS[name].isLong && scale !== 'hardware') continue;
    onStart?.(name);
    const settings: MeasurementSettings = { scale, runs, block, columns, ...(roofs ? { roofs } : {}) };
    const variables = MEASUREMENTS[name].usesDevice ? environment : {};
    const outcome = MEASUREMENTS[name].isCached
      ? await measureColdAndWarm(name, settings, variables)
      : await runMeasurement(name, settings, variables);
    roofs = outcome.roofs ?? roofs;
    adapter ??= outcome.adapter;
    if (!isQuick && adapter && !adapter.isSoftware) scale = 'hardware';
    measurements.push({ name, ...outcome });
  }
  return {
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
    measurements,
  };
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
): Promise<MeasuredOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-bench-cache-'));
  try {
    const variables = { ...environment, ...cacheEnvironment(folder) };
    const cold = await runMeasurement(name, settings, variables);
    const warm = await runMeasurement(name, settings, variables);
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
