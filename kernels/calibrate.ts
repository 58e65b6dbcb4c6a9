/**
 * What exists in more than one form is timed on the device once, and the faster form is taken from then on: transforms by tiles of
 * workgroup memory or in registers. All forms give the same words.
 * Source: docs/decisions/0006-transform-passes.md.
 */
import type { Calibration, ComputeDevice, TransformForm } from './device.ts';
import { interpolateChunk, TRANSFORM_FORMS } from './ntt.ts';

/** Large enough for several passes, and to fill a GPU; some milliseconds on two cores. */
const LOG_ROWS = { software: 14, hardware: 18 } as const;
const COLUMNS = 8;
/** Timed in turn, the best of each counts: other work on the machine only ever makes a run longer. */
const RUNS = 5;
/**
 * The form that an adapter of its kind takes anyway is left only for one that is faster by this factor. High on software: right
 * after a driver has compiled, the queue still takes a kernel for slower than it is and cuts its work into short submissions.
 */
const LEAST_GAIN = { software: 4, hardware: 1.1 } as const;

/** By adapter: a process that opens it again does not measure again. */
const known = new Map<string, Promise<Calibration>>();

/**
 * Measures the forms, or takes what this process has measured on the same adapter, and has the device use the fastest.
 * Throws: KernelError as every use of the device.
 */
export async function calibrate(device: ComputeDevice): Promise<Calibration> {
  const { name } = device.adapter;
  let calibration = known.get(name);
  if (!calibration) {
    calibration = measure(device);
    known.set(name, calibration);
    calibration.catch(() => known.delete(name));
  }
  const chosen = await calibration;
  device.adopt(chosen);
  return chosen;
}

async function measure(device: ComputeDevice): Promise<Calibration> {
  const started = performance.now();
  const kind = device.adapter.isSoftware ? 'software' : 'hardware';
  const rows = 2 ** LOG_ROWS[kind];
  const best = new Map<TransformForm, number>(
    TRANSFORM_FORMS.map((form) => [form, Number.POSITIVE_INFINITY]),
  );
  const held: GPUBuffer[] = [];
  const cached = new Set(device.cache.keys());
  try {
    const [source, target] = [
      await device.arena.acquire(4 * rows * COLUMNS, 'calibrate.source'),
      await device.arena.acquire(4 * rows * COLUMNS, 'calibrate.target'),
    ];
    held.push(source, target);
    await device.queue.clear(source, 0, rows * COLUMNS);
    // The first run compiles, and tells the queue the speeds.
    for (let run = 0; run <= RUNS; run++) {
      for (const form of TRANSFORM_FORMS) {
        await device.queue.idle();
        const begun = performance.now();
        await interpolateChunk(device, source, target, rows, COLUMNS, { passes: form });
        await device.queue.idle();
        const seconds = (performance.now() - begun) / 1000;
        if (run > 0) best.set(form, Math.min(seconds, best.get(form)!));
      }
    }
  } finally {
    for (const buffer of held) device.arena.release(buffer);
    // The tables of this height are of no use to proofs, whose memory is planned.
    for (const [key, buffer] of device.cache) {
      if (cached.has(key)) continue;
      device.cache.delete(key);
      device.arena.release(await buffer);
    }
  }
  const usual = device.transformForm();
  const [fastest] = TRANSFORM_FORMS.toSorted((left, right) => best.get(left)! - best.get(right)!);
  const isWorthwhile = best.get(usual)! > LEAST_GAIN[kind] * best.get(fastest!)!;
  return {
    transform: isWorthwhile ? fastest! : usual,
    elementsPerSecond: {
      tiles: Math.round((rows * COLUMNS) / best.get('tiles')!),
      registers: Math.round((rows * COLUMNS) / best.get('registers')!),
    },
    seconds: (performance.now() - started) / 1000,
  };
}
