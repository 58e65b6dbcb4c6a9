/** Times work on a device: enough repetitions that a run is long against the cost of a submission. */
import type { ComputeDevice } from '../kernels/device.ts';
import { secondsOf } from './measurement.ts';

/** A run of repetitions lasts about this long, so that starting and waiting are below a hundredth of it. */
const RUN_SECONDS = { quick: 0.02, software: 0.3, hardware: 0.3 } as const;
/** Work that takes this long has warmed up in one repetition. */
const WARM_SECONDS = 1;
const MAXIMUM_REPETITIONS = 4096;

/**
 * Seconds of one `work`, once a run. Warms up until the queue knows the speeds of the kernels involved.
 */
export async function timeDevice(
  device: ComputeDevice,
  scale: keyof typeof RUN_SECONDS,
  runs: number,
  work: () => Promise<unknown>,
): Promise<number[]> {
  const repeat = async (repetitions: number): Promise<number> => {
    const seconds = await secondsOf(async () => {
      for (let repetition = 0; repetition < repetitions; repetition++) await work();
      await device.queue.idle();
    });
    return seconds / repetitions;
  };
  const first = await repeat(1);
  const estimate = first > WARM_SECONDS ? first : await repeat(2);
  const wanted = Math.ceil(RUN_SECONDS[scale] / estimate);
  const repetitions = Math.min(MAXIMUM_REPETITIONS, Math.max(1, wanted));
  if (repetitions > 2) await repeat(repetitions);
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) seconds.push(await repeat(repetitions));
  return seconds;
}
