/**
 * What a measurement is and what it yields: figures, each the median of several runs after a warm-up, with its spread and,
 * for kernels, its share of a roof that the same run has measured.
 */
import type { AdapterDescription } from '../kernels/device.ts';

/** How much work: 'quick' is a smoke test, 'software' fits two cores, 'hardware' fills a GPU. */
export type Scale = 'quick' | 'software' | 'hardware';

/** The two limits of a kernel: field multiplications and bytes read or written, per second. */
export interface Roofs {
  readonly multiplicationsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** A rate as a part of a roof: what one unit of the figure costs of it, and the share of the roof that this makes. */
export interface RoofShare {
  readonly roof: keyof Roofs;
  /** Field multiplications or bytes of one unit of the figure. */
  readonly perUnit: number;
  readonly share: number;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
  readonly runs: number;
  /** The least value that is asked of the figure on two cores with lavapipe, or the greatest for a time. */
  readonly target?: { readonly bound: 'atLeast' | 'atMost'; readonly value: number };
  readonly shares?: readonly RoofShare[];
  readonly note?: string;
}

/** Seconds of one stage of a proof: the device's, and the rest. */
export interface StageSeconds {
  readonly stage: string;
  readonly seconds: number;
  readonly deviceSeconds: number;
  readonly hostSeconds: number;
}

/** Whether the device computes the right words in one respect. */
export interface CheckVerdict {
  readonly name: string;
  readonly isPassed: boolean;
  readonly seconds: number;
  readonly failure?: string;
}

export interface MeasurementOutcome {
  readonly figures: readonly Figure[];
  readonly checks?: readonly CheckVerdict[];
  readonly stages?: readonly StageSeconds[];
  /** Facts that are no figures: sizes, counts, digests. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  readonly roofs?: Roofs;
  /** Absent when no device was opened. */
  readonly adapter?: AdapterDescription;
  /** Largest sum of all buffers of the device so far. */
  readonly peakDeviceBytes?: number;
}

/** What a measurement is told by the process that started it. */
export interface MeasurementSettings {
  readonly scale: Scale;
  /** Timed runs of every figure. */
  readonly runs: number;
  /** Undefined when no roofs are measured in this run. */
  readonly roofs?: Roofs;
  /** Block number and columns of the column proof. */
  readonly block: string;
  readonly columns: number;
  /** Most bytes of the device's buffers in proofs; the device's own limit when left out. */
  readonly budgetBytes?: number;
}

/** Seconds that `work` takes. */
export async function secondsOf(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Runs `work` once for warm-up and `runs` times for the clock. */
export async function timeRuns(runs: number, work: () => unknown): Promise<number[]> {
  await work();
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) seconds.push(await secondsOf(work));
  return seconds;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle];
  if (upper === undefined || lower === undefined) throw new RangeError('the median of no values');
  return (lower + upper) / 2;
}

/** A figure of the given values. */
export function figureOf(
  name: string,
  unit: string,
  values: readonly number[],
  more: Pick<Figure, 'target' | 'shares' | 'note'> = {},
): Figure {
  return {
    name,
    unit,
    median: median(values),
    least: Math.min(...values),
    greatest: Math.max(...values),
    runs: values.length,
    ...more,
  };
}

/** The figure of `units` done in each of the given times. */
export function rateOf(
  name: string,
  unit: string,
  units: number,
  seconds: readonly number[],
  more: Pick<Figure, 'target' | 'shares' | 'note'> = {},
): Figure {
  return figureOf(
    name,
    unit,
    seconds.map((each) => units / each),
    more,
  );
}

/** The shares of both roofs that a rate makes, none without roofs. */
export function sharesOf(
  roofs: Roofs | undefined,
  rate: number,
  costs: { readonly multiplications: number; readonly bytes: number },
): { readonly shares?: readonly RoofShare[] } {
  if (roofs === undefined) return {};
  const share = (roof: keyof Roofs, perUnit: number): RoofShare => ({
    roof,
    perUnit,
    share: (rate * perUnit) / roofs[roof],
  });
  return {
    shares: [share('multiplicationsPerSecond', costs.multiplications), share('bytesPerSecond', costs.bytes)],
  };
}
