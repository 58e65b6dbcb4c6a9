/**
 * One WebGPU device with what every kernel needs: its limits, buffers, pipelines and command queue, and typed errors for
 * exhausted memory, a lost device and refused commands.
 */
import { totalmem } from 'node:os';
import { create, globals } from 'webgpu';
import { type BufferArena, createArena } from './arena.ts';
import { KernelError } from './errors.ts';
import { type CommandQueue, createQueue } from './queue.ts';
import { createPipelineCache, type PipelineCache } from './shaderModule.ts';

export interface AdapterDescription {
  /** One line for users: "NVIDIA H200 (580.65)", "llvmpipe: Mesa 25.0.7 (software)". */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly driver: string;
  readonly isSoftware: boolean;
  /** Absent until `calibrate` has measured. */
  readonly calibration?: Calibration;
}

/** How a device transforms: by tiles of workgroup memory, or in registers alone. */
export type TransformForm = 'tiles' | 'registers';

/** Which form of a kernel is used on an adapter, and what was measured. */
export interface Calibration {
  readonly transform: TransformForm;
  readonly elementsPerSecond: Readonly<Record<TransformForm, number>>;
  /** What the measurement took, compilation included. */
  readonly seconds: number;
}

export interface DeviceLimits {
  /** Most bytes of one storage binding, and so of one matrix chunk. */
  readonly bindingBytes: number;
  readonly bufferBytes: number;
  readonly storageBuffersPerShader: number;
  readonly workgroupStorageBytes: number;
  readonly workgroupInvocations: number;
}

export interface DeviceOptions {
  /** Dawn's bounds checks and zeroed workgroup memory: 'off' in production, both in tests. */
  readonly robustness: 'on' | 'off';
  /** Forces a smaller storage binding, in bytes, so that tests exercise chunks. */
  readonly bindingLimit?: number;
  /**
   * Most bytes of all buffers together. When left out: 3/4 of the machine's memory on a software adapter, whose buffers
   * are ordinary memory; on hardware the device itself is the limit.
   */
  readonly byteBudget?: number;
  /** Wanted upper bound of a submission's duration; 300 when left out. */
  readonly submissionMs?: number;
}

export interface ComputeDevice {
  readonly gpu: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly limits: DeviceLimits;
  readonly arena: BufferArena;
  readonly queue: CommandQueue;
  readonly pipelines: PipelineCache;
  /** Words that kernels share between calls (twiddles, generated constants), by a key of the kernel's own. */
  readonly cache: Map<string, Promise<GPUBuffer>>;
  /** Resolves with the reason when the device is lost, also by `close`. */
  readonly lost: Promise<string>;
  /** The form in use: the calibrated one; before, registers on a software adapter and tiles on hardware. */
  transformForm(): TransformForm;
  /** Takes over what was measured, and tells it in `adapter`. */
  adopt(calibration: Calibration): void;
  close(): void;
}

/**
 * Dawn's instances by toggles. They stay referenced as long as the process lives: once one is collected while work is in
 * flight, the process dies.
 */
const instances = new Map<string, GPU>();

function instance(robustness: 'on' | 'off'): GPU {
  let gpu = instances.get(robustness);
  if (!gpu) {
    gpu = create(
      robustness === 'on'
        ? []
        : [
            'enable-dawn-features=disable_robustness,disable_workgroup_init',
            'disable-dawn-features=lazy_clear_resource_on_first_use',
          ],
    );
    instances.set(robustness, gpu);
  }
  return gpu;
}

/**
 * Opens the adapter that the process's environment offers (kernels/adapter.ts decides it).
 * Throws: KernelError 'NO_ADAPTER'.
 */
export async function openDevice(options: DeviceOptions): Promise<ComputeDevice> {
  Object.assign(globalThis, globals);
  const adapter = await instance(options.robustness).requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new KernelError('NO_ADAPTER', 'Dawn finds no Vulkan adapter in this environment');
  const requiredLimits: Record<string, number> = {};
  for (const name of [
    'maxStorageBufferBindingSize',
    'maxBufferSize',
    'maxStorageBuffersPerShaderStage',
    'maxComputeWorkgroupStorageSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
  ] as const) {
    requiredLimits[name] = adapter.limits[name];
  }
  const gpu = await adapter.requestDevice({ label: 'colonnade', requiredLimits });
  let lostReason: string | undefined;
  const lost = gpu.lost.then((information) => {
    lostReason = `${information.reason}: ${information.message}`;
    return lostReason;
  });
  let uncaptured: string | undefined;
  gpu.onuncapturederror = (event) => {
    uncaptured ??= event.error.message;
  };
  const throwIfLost = (): void => {
    if (lostReason !== undefined) throw new KernelError('DEVICE_LOST', lostReason);
    if (uncaptured !== undefined) {
      const message = uncaptured;
      uncaptured = undefined;
      throw new KernelError('VALIDATION', message);
    }
  };
  const description: AdapterDescription & { calibration?: Calibration } = describeAdapter(adapter.info);
  const byteBudget =
    options.byteBudget ?? (description.isSoftware ? softwareBudget() : Number.MAX_SAFE_INTEGER);
  const queue = createQueue(gpu, { submissionMs: options.submissionMs ?? 300, throwIfLost });
  const arena = createArena(gpu, byteBudget, throwIfLost, () => queue.idle());
  const bindingBytes = Math.min(
    options.bindingLimit ?? Number.MAX_SAFE_INTEGER,
    gpu.limits.maxStorageBufferBindingSize,
  );
  return {
    gpu,
    adapter: description,
    limits: {
      bindingBytes,
      bufferBytes: gpu.limits.maxBufferSize,
      storageBuffersPerShader: gpu.limits.maxStorageBuffersPerShaderStage,
      workgroupStorageBytes: gpu.limits.maxComputeWorkgroupStorageSize,
      workgroupInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
    },
    arena,
    queue,
    pipelines: createPipelineCache(gpu, throwIfLost),
    cache: new Map(),
    lost,
    transformForm: () =>
      description.calibration?.transform ?? (description.isSoftware ? 'registers' : 'tiles'),
    adopt(calibration) {
      description.calibration = calibration;
    },
    close() {
      lostReason ??= 'destroyed: closed by its owner';
      arena.close();
      gpu.destroy();
    },
  };
}

/** Beyond the machine's or the container's memory the system would end the process instead of refusing a buffer. */
function softwareBudget(): number {
  const constrained = process.constrainedMemory();
  return Math.floor((3 * Math.min(totalmem(), constrained > 0 ? constrained : totalmem())) / 4);
}

export function describeAdapter(information: GPUAdapterInfo): AdapterDescription {
  const { vendor, architecture, device, description } = information;
  const isSoftware =
    information.isFallbackAdapter || /llvmpipe|swiftshader/i.test(`${device} ${architecture} ${description}`);
  const driver = description.replace(/\s+/g, ' ').trim();
  const model = device.replace(/^[-\s]+|[-\s]+$/g, '');
  // A software driver's description names it fully; a GPU's names only the driver.
  const name = isSoftware
    ? `${driver || model}, software`
    : [model, driver && `(${driver})`].filter(Boolean).join(' ');
  return {
    name: name || vendor || 'unnamed adapter',
    vendor,
    architecture,
    device,
    driver,
    isSoftware,
  };
}
