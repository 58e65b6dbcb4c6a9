/**
 * The two limits of the kernels on this device, measured: field multiplications a second, in dependent and in independent
 * chains, and bytes a second, copied by a shader and by the copy command. Every copied byte counts twice, read and written.
 */
import { calibrate } from '../kernels/calibrate.ts';
import { type ComputeDevice, openDevice } from '../kernels/device.ts';
import { timeDevice } from './deviceTimer.ts';
import {
  figureOf,
  type MeasurementOutcome,
  type MeasurementSettings,
  median,
  rateOf,
} from './measurement.ts';
import { spreadWords } from './words.ts';

/** Multiplications of one invocation between two tests of the loop's end. */
const UNROLLED = 32;
const INDEPENDENT_CHAINS = 4;

const MULTIPLY_SCALE = {
  quick: { elements: 2 ** 10, steps: 2 },
  software: { elements: 2 ** 14, steps: 16 },
  hardware: { elements: 2 ** 21, steps: 16 },
} as const;

const COPY_BYTES = { quick: 1 << 20, software: 64 << 20, hardware: 512 << 20 } as const;

const HEADER = `#import dispatch
override workgroupSize: u32;
`;

/** `chains` values are multiplied in turn, so that each waits only for its own last product. */
function multiplyShader(label: string, chains: number): string {
  const names = Array.from({ length: chains }, (_, chain) => `chain${chain}`);
  const products = Array.from({ length: UNROLLED }, (_, product) => {
    const name = names[product % chains];
    return `    ${name} = fieldMultiply(${name}, factor);`;
  });
  return `#import field
${HEADER}
struct Params { start: u32, end: u32, steps: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@compute @workgroup_size(workgroupSize)
fn ${label}(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) { return; }
  let factor = words[element];
${names.map((name, chain) => `  var ${name} = fieldAdd(factor, ${chain}u);`).join('\n')}
  for (var step = 0u; step < params.steps; step += 1u) {
${products.join('\n')}
  }
  words[element] = ${names.join(' ^ ')};
}`;
}

const COPY_SHADER = `${HEADER}
struct Params { start: u32, end: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> copied: array<vec4<u32>>;
@compute @workgroup_size(workgroupSize)
fn benchCopy(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) { return; }
  copied[element] = source[element];
}`;

async function timeMultiplications(
  device: ComputeDevice,
  { scale, runs }: MeasurementSettings,
  label: string,
  chains: number,
): Promise<{ readonly multiplications: number; readonly seconds: number[] }> {
  const { elements, steps } = MULTIPLY_SCALE[scale];
  const kernel = await device.pipelines.kernel({
    shader: label,
    source: multiplyShader(label, chains),
    workgroupSize: 256,
  });
  const words = await device.arena.acquire(4 * elements, label);
  await device.queue.write(words, 0, spreadWords(elements));
  const seconds = await timeDevice(device, scale, runs, () =>
    device.queue.dispatch({ kernel, bindings: { words }, params: { steps }, count: elements }),
  );
  device.arena.release(words);
  return { multiplications: elements * steps * UNROLLED, seconds };
}

const formatRate = (rate: number): string => `${(rate / 1e6).toFixed(1)} M elements/s`;

/** Opens the device, has it choose its forms and closes it: who answers decides how large the other measurements are. */
export async function measureAdapter(): Promise<MeasurementOutcome> {
  const started = performance.now();
  const device = await openDevice({ robustness: 'off' });
  const seconds = (performance.now() - started) / 1000;
  const { transform, elementsPerSecond, seconds: calibrationSeconds } = await calibrate(device);
  const { adapter, limits } = device;
  device.close();
  return {
    adapter,
    figures: [
      figureOf('opening the device', 's', [seconds]),
      figureOf('calibration', 's', [calibrationSeconds], { target: { bound: 'atMost', value: 2 } }),
    ],
    facts: {
      ...limits,
      transform: `${transform}; tiles ${formatRate(elementsPerSecond.tiles)}, registers ${formatRate(elementsPerSecond.registers)}`,
    },
  };
}

export async function measureRoofs(settings: MeasurementSettings): Promise<MeasurementOutcome> {
  const { scale, runs } = settings;
  const device = await openDevice({ robustness: 'off' });
  const dependent = await timeMultiplications(device, settings, 'multiplyDependent', 1);
  const independent = await timeMultiplications(device, settings, 'multiplyIndependent', INDEPENDENT_CHAINS);

  const bytes = Math.min(COPY_BYTES[scale], device.limits.bindingBytes);
  const kernel = await device.pipelines.kernel({
    shader: 'benchCopy',
    source: COPY_SHADER,
    workgroupSize: 256,
  });
  const source = await device.arena.acquire(bytes, 'copy.source');
  const copied = await device.arena.acquire(bytes, 'copy.target');
  await device.queue.clear(source, 0, bytes / 4);
  const byShader = await timeDevice(device, scale, runs, () =>
    device.queue.dispatch({
      kernel,
      bindings: {
        source: { buffer: source, offsetWords: 0, words: bytes / 4 },
        copied: { buffer: copied, offsetWords: 0, words: bytes / 4 },
      },
      count: Math.floor(bytes / 16),
    }),
  );
  const byCommand = await timeDevice(device, scale, runs, () =>
    device.queue.copy(source, 0, copied, 0, bytes / 4),
  );
  const outcome: MeasurementOutcome = {
    adapter: device.adapter,
    peakDeviceBytes: device.arena.gauge().peakBytes,
    figures: [
      rateOf('multiply, one chain', 'multiplications/s', dependent.multiplications, dependent.seconds),
      rateOf(
        `multiply, ${INDEPENDENT_CHAINS} independent chains`,
        'multiplications/s',
        independent.multiplications,
        independent.seconds,
      ),
      rateOf('copy by a shader', 'bytes/s', 2 * bytes, byShader),
      rateOf('copy by the copy command', 'bytes/s', 2 * bytes, byCommand),
    ],
    facts: { copyBytes: bytes },
    roofs: {
      multiplicationsPerSecond: Math.max(
        dependent.multiplications / median(dependent.seconds),
        independent.multiplications / median(independent.seconds),
      ),
      bytesPerSecond: (2 * bytes) / Math.min(median(byShader), median(byCommand)),
    },
  };
  device.close();
  return outcome;
}
