/**
 * Seconds from an open device to a prover that is ready: every pipeline of the machine compiled, every kernel run once.
 * Cold or warm is decided by the driver's cache folder in the process's environment.
 */
import { createWgslBackend } from '../kernels/backend.ts';
import { openDevice } from '../kernels/device.ts';
import { warmUp } from '../kernels/warmUp.ts';
import { COLONNADE_MACHINE } from '../machine/system.ts';
import { figureOf, type MeasurementOutcome, secondsOf } from './measurement.ts';

/** What drivers read to find the cache of their translated shaders: Mesa's and NVIDIA's. */
export function cacheEnvironment(folder: string): Record<string, string> {
  return {
    MESA_SHADER_CACHE_DIR: folder,
    __GL_SHADER_DISK_CACHE: '1',
    __GL_SHADER_DISK_CACHE_PATH: folder,
    __GL_SHADER_DISK_CACHE_SKIP_CLEANUP: '1',
  };
}

export async function measurePipelines(): Promise<MeasurementOutcome> {
  const { tables } = COLONNADE_MACHINE;
  const started = performance.now();
  const device = await openDevice({ robustness: 'off' });
  const openSeconds = (performance.now() - started) / 1000;
  const backend = createWgslBackend(device);
  const processorBefore = process.cpuUsage();
  const prepareSeconds = await secondsOf(() => backend.prepare(tables));
  const warmUpSeconds = await secondsOf(() => warmUp(backend, tables));
  const processor = process.cpuUsage(processorBefore);
  const { compileSeconds } = device.pipelines;
  const outcome: MeasurementOutcome = {
    adapter: device.adapter,
    peakDeviceBytes: device.arena.gauge().peakBytes,
    figures: [
      figureOf('pipelines until ready', 's', [prepareSeconds + warmUpSeconds]),
      figureOf('of that, the first run of every kernel', 's', [warmUpSeconds]),
      // What other work on the machine does not change much.
      figureOf('of that, processor time', 's', [(processor.user + processor.system) / 1e6]),
      figureOf('opening the device', 's', [openSeconds]),
    ],
    facts: {
      shaders: compileSeconds.size,
      calibrationSeconds: device.adapter.calibration?.seconds ?? 0,
      slowest: [...compileSeconds]
        .toSorted(([, left], [, right]) => right - left)
        .slice(0, 5)
        .map(([label, seconds]) => `${label} ${seconds.toFixed(2)} s`)
        .join(', '),
    },
  };
  device.close();
  return outcome;
}
