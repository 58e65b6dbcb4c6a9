/** How busy the device is: its busy time, sampled, over the last half minute and since the start. */
import type { DeviceGauge } from '../prover/prover.ts';

const SAMPLE_MS = 2000;
const SAMPLES = 15;

export interface DeviceLoad {
  /** Share of the last half minute, 0..1. */
  busyShare(): number;
  /** Since the service started, over all prover processes. */
  busySeconds(): number;
  close(): void;
}

export function watchDeviceLoad(gauge: () => DeviceGauge | undefined): DeviceLoad {
  const samples: { readonly atMs: number; readonly busySeconds: number }[] = [];
  let total = 0;
  let last = 0;

  function sample(): void {
    const busySeconds = gauge()?.busySeconds;
    if (busySeconds !== undefined) {
      // A process that started since begins at 0.
      total += busySeconds < last ? busySeconds : busySeconds - last;
      last = busySeconds;
    }
    samples.push({ atMs: performance.now(), busySeconds: total });
    if (samples.length > SAMPLES + 1) samples.shift();
  }

  sample();
  const timer = setInterval(sample, SAMPLE_MS).unref();
  return {
    busyShare() {
      const first = samples[0];
      const newest = samples.at(-1);
      if (first === undefined || newest === undefined || newest.atMs === first.atMs) return 0;
      // The process tells its time when it can, so that a window may get a bit of the one before.
      return Math.min(1, (1000 * (newest.busySeconds - first.busySeconds)) / (newest.atMs - first.atMs));
    },
    busySeconds: () => total,
    close: () => clearInterval(timer),
  };
}
