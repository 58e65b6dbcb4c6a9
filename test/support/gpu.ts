/**
 * Devices for tests: the WGSL runs on whatever adapter is chosen by COLONNADE_ADAPTER (auto, hardware, lavapipe or
 * swiftshader) and names it. Without a Vulkan loader the environment must be prepared before the process starts: run the
 * tests through scripts/test.ts.
 */
import { after } from 'node:test';
import { applyToProcess, parseAdapterChoice } from '../../kernels/adapter.ts';
import { type ComputeDevice, type DeviceOptions, openDevice } from '../../kernels/device.ts';

export type TestDeviceOptions = Partial<DeviceOptions>;

/** Bytes that WebGPU guarantees for a binding. Adapters that offer more would hide the chunking of matrices. */
const BINDING_LIMIT = 128 * 2 ** 20;

let isNamed = false;

/** Opens a device, robustness on and bindings of 128 MiB unless told otherwise, and closes it after the tests of the file. */
export async function openTestDevice(options: TestDeviceOptions = {}): Promise<ComputeDevice> {
  applyToProcess(parseAdapterChoice(process.env['COLONNADE_ADAPTER'] ?? 'auto'));
  const device = await openDevice({ robustness: 'on', bindingLimit: BINDING_LIMIT, ...options });
  if (!isNamed) console.log(`# adapter: ${device.adapter.name}`);
  isNamed = true;
  after(() => device.close());
  return device;
}

/** Both settings that every kernel test runs under. */
export const ROBUSTNESS = ['on', 'off'] as const;
