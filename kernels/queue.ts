/**
 * Dispatches in submissions that stay under a wanted duration: every kernel's nanoseconds per unit of work are measured
 * when it is first used and corrected afterwards; a dispatch that would take too long is split by element range.
 * At most two submissions are in flight, so a cancelled job stops within their duration.
 */
import { KernelError } from './errors.ts';
import { type Kernel, PARAMETER_SLOT_WORDS } from './shaderModule.ts';

export interface BufferRange {
  readonly buffer: GPUBuffer;
  /** A multiple of 64 words (the device's 256-byte alignment). */
  readonly offsetWords: number;
  readonly words: number;
}

export interface Dispatch {
  readonly kernel: Kernel;
  /** A buffer or a part of one for each storage binding of the shader, by name. */
  readonly bindings: Readonly<Record<string, GPUBuffer | BufferRange>>;
  /** Every field of `Params` but start and end. */
  readonly params?: Readonly<Record<string, number | ArrayLike<number>>>;
  /** Elements: invocations, or workgroups when the kernel says so. */
  readonly count: number;
  /** Work of one element in the kernel's own unit; 1 when left out. Say it when it varies between calls. */
  readonly work?: number;
}

export interface CommandQueue {
  /**
   * Records a dispatch, in order after everything enqueued before. Resolves when it is recorded or submitted.
   * Throws: KernelError 'SHAPE_MISMATCH' on missing or unknown names; 'DEVICE_LOST'; 'VALIDATION'; 'ABORTED'.
   */
  dispatch(dispatch: Dispatch): Promise<void>;
  /** Copies words between buffers of the device, in order. */
  copy(
    source: GPUBuffer,
    sourceWord: number,
    target: GPUBuffer,
    targetWord: number,
    words: number,
  ): Promise<void>;
  /** Writes zeros, in order. */
  clear(buffer: GPUBuffer, offsetWords: number, words: number): Promise<void>;
  /** Uploads words as they are, in order. */
  write(buffer: GPUBuffer, offsetWords: number, words: Uint32Array): Promise<void>;
  /** Reads words back as they are, after everything enqueued before. */
  read(buffer: GPUBuffer, offsetWords: number, words: number): Promise<Uint32Array>;
  /** Submits what is recorded and waits until the device is idle. */
  idle(): Promise<void>;
  /** Cancels what is not yet submitted once `signal` aborts; undefined lifts it. */
  setAbortSignal(signal: AbortSignal | undefined): void;
  readonly statistics: QueueStatistics;
  /** Measured speed, by kernel label. */
  readonly nanosecondsPerWork: ReadonlyMap<string, number>;
}

export interface QueueStatistics {
  readonly submissions: number;
  readonly dispatches: number;
  /** Copies and fills on the device; uploads; readbacks, each of which waits for the device. */
  readonly copies: number;
  readonly writes: number;
  readonly reads: number;
  /** Sum of the durations of all submissions. */
  readonly busySeconds: number;
  readonly longestSubmissionMs: number;
}

export interface QueueOptions {
  /** Wanted upper bound of a submission's duration. */
  readonly submissionMs: number;
  readonly throwIfLost: () => void;
}

const PARAMETER_SLOTS = 256;
/** A multiple of 256, the greatest alignment of a uniform buffer's offset. */
const PARAMETER_SLOT_BYTES = 4 * PARAMETER_SLOT_WORDS;
const MAXIMUM_WORKGROUPS = 65535;
const MAXIMUM_IN_FLIGHT = 2;
/** A first measurement starts with this many workgroups and grows until it is long enough to be trusted. */
const PROBE_WORKGROUPS = 32;
const PROBE_GROWTH = 8;
/** A measurement shorter than this is mostly the cost of a submission. */
const TRUSTED_MS = 8;
/** Share of the wanted duration at which a submission is closed: measured speeds vary. */
const FILL = 0.4;
/** One slow submission must not make the following ones tiny. */
const MAXIMUM_CORRECTION = 4;
/** Assumed durations of a copy and of one of its words. */
const COPY_MS = 0.01;
const COPY_MS_PER_WORD = 1e-6;
const LOSS_NEWS_MS = 100;
/** Upper bound of one staging buffer of a readback. */
const READ_BYTES = 64 << 20;
/** Dawn holds uploaded words until the next submission is done, so that many of them are submitted at the latest. */
const WRITE_BYTES = 64 << 20;

interface InFlight {
  readonly done: Promise<void>;
}

export function createQueue(gpu: GPUDevice, options: QueueOptions): CommandQueue {
  const { throwIfLost } = options;
  const trustedMs = Math.min(TRUSTED_MS, (options.submissionMs * FILL) / 2);
  const speeds = new Map<string, number>();
  const trusted = new Set<string>();
  const parameterBuffer = gpu.createBuffer({
    label: 'params',
    size: PARAMETER_SLOT_BYTES * PARAMETER_SLOTS,
    usage: 0x40 /* UNIFORM */ | 0x08 /* COPY_DST */,
  });
  const parameterWords = new Uint32Array(PARAMETER_SLOT_WORDS * PARAMETER_SLOTS);
  const statistics = {
    submissions: 0,
    dispatches: 0,
    copies: 0,
    writes: 0,
    reads: 0,
    busySeconds: 0,
    longestSubmissionMs: 0,
  };
  let signal: AbortSignal | undefined;
  let encoder: GPUCommandEncoder | undefined;
  let pass: GPUComputePassEncoder | undefined;
  let usedSlots = 0;
  let recordedMs = 0;
  let recordedWork = new Map<string, number>();
  /** What the recorded commands read or write: uploads to it must come after them. */
  let recordedBuffers = new Set<GPUBuffer>();
  let unsubmittedWriteBytes = 0;
  let inFlight: InFlight[] = [];
  let lastDone = 0;
  /** The shortest submission so far: what a submission costs without its work. */
  let overheadMs = Number.POSITIVE_INFINITY;
  let failure: unknown;
  let tail: Promise<unknown> = Promise.resolve();

  /** Runs tasks one after the other, whatever their callers await. */
  function ordered<Result>(task: () => Promise<Result>): Promise<Result> {
    const next = tail.then(task);
    tail = next.catch(() => undefined);
    return next;
  }

  function check(): void {
    throwIfLost();
    if (failure !== undefined) {
      const error = failure;
      failure = undefined;
      throw error;
    }
    if (signal?.aborted) {
      // What is recorded stays: it may fill buffers that outlive the job, such as tables of constants.
      throw new KernelError('ABORTED', 'the work was cancelled');
    }
  }

  function discard(): void {
    pass = undefined;
    encoder = undefined;
    usedSlots = 0;
    recordedMs = 0;
    recordedWork = new Map();
    recordedBuffers = new Set();
    unsubmittedWriteBytes = 0;
  }

  function beginPass(): GPUComputePassEncoder {
    encoder ??= gpu.createCommandEncoder();
    pass ??= encoder.beginComputePass();
    return pass;
  }

  function copyEncoder(): GPUCommandEncoder {
    pass?.end();
    pass = undefined;
    encoder ??= gpu.createCommandEncoder();
    return encoder;
  }

  /** Corrects the speeds of a submission's kernels by how long it took. */
  function learn(work: ReadonlyMap<string, number>, expectedMs: number, elapsedMs: number): void {
    overheadMs = Math.min(overheadMs, elapsedMs);
    if (work.size > 1) {
      // Nobody knows which kernel it was, so all are slower, or faster, in proportion.
      if (elapsedMs < trustedMs || expectedMs < trustedMs) return;
      const ratio = Math.min(MAXIMUM_CORRECTION, elapsedMs / expectedMs);
      const correction = ratio > 1 ? ratio : (1 + ratio) / 2;
      for (const label of work.keys()) speeds.set(label, (speeds.get(label) ?? 0) * correction);
      return;
    }
    for (const [label, units] of work) {
      if (elapsedMs < trustedMs && trusted.has(label)) return;
      const measured = (Math.max(elapsedMs - overheadMs, elapsedMs / 8) * 1e6) / units;
      const known = trusted.has(label) ? (speeds.get(label) ?? 0) : 0;
      // Slower is believed at once, faster by halves: too long a submission is worse than a few short ones.
      speeds.set(label, measured > known ? measured : (measured + known) / 2);
      if (elapsedMs >= trustedMs) trusted.add(label);
    }
  }

  async function submit(): Promise<void> {
    if (!encoder) return;
    pass?.end();
    const work = recordedWork;
    const expectedMs = recordedMs;
    gpu.pushErrorScope('out-of-memory');
    gpu.pushErrorScope('validation');
    const commands = encoder.finish();
    if (usedSlots > 0) {
      gpu.queue.writeBuffer(parameterBuffer, 0, parameterWords, 0, usedSlots * PARAMETER_SLOT_WORDS);
    }
    discard();
    const submitted = performance.now();
    gpu.queue.submit([commands]);
    const validation = gpu.popErrorScope();
    const memory = gpu.popErrorScope();
    const idle = gpu.queue.onSubmittedWorkDone();
    const done = (async () => {
      try {
        const [invalid, exhausted] = await Promise.all([validation, memory, idle]);
        if (invalid) throw new KernelError('VALIDATION', invalid.message);
        if (exhausted) throw new KernelError('OUT_OF_MEMORY', exhausted.message);
        const now = performance.now();
        const elapsedMs = now - Math.max(submitted, lastDone);
        lastDone = now;
        statistics.submissions++;
        statistics.busySeconds += elapsedMs / 1000;
        statistics.longestSubmissionMs = Math.max(statistics.longestSubmissionMs, elapsedMs);
        learn(work, expectedMs, elapsedMs);
      } catch (error) {
        // A promise that breaks without an error of its own breaks because the device is lost.
        failure ??= error instanceof KernelError ? error : new KernelError('DEVICE_LOST', String(error));
      }
    })();
    inFlight.push({ done });
    while (inFlight.length > MAXIMUM_IN_FLIGHT) await inFlight.shift()?.done;
  }

  async function finishAll(): Promise<void> {
    await submit();
    const waiting = inFlight;
    inFlight = [];
    for (const { done } of waiting) await done;
    check();
  }

  function record(
    kernel: Kernel,
    bindings: Dispatch['bindings'],
    group: GPUBindGroup,
    words: Uint32Array,
    start: number,
    end: number,
    work: number,
  ): void {
    const offsetWords = usedSlots * PARAMETER_SLOT_WORDS;
    parameterWords.set(words, offsetWords);
    parameterWords[offsetWords] = start;
    parameterWords[offsetWords + 1] = end;
    const encoderPass = beginPass();
    encoderPass.setPipeline(kernel.pipeline);
    encoderPass.setBindGroup(0, group, [usedSlots * PARAMETER_SLOT_BYTES]);
    const workgroups = workgroupsOf(kernel, end - start);
    const rows = Math.ceil(workgroups / MAXIMUM_WORKGROUPS);
    encoderPass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
    usedSlots++;
    for (const binding of Object.values(bindings))
      recordedBuffers.add('buffer' in binding ? binding.buffer : binding);
    statistics.dispatches++;
    const units = (end - start) * work;
    recordedWork.set(kernel.label, (recordedWork.get(kernel.label) ?? 0) + units);
    recordedMs += (units * (speeds.get(kernel.label) ?? 0)) / 1e6;
  }

  /** Copies are not measured; they are counted at a slow machine's speed, so that many of them are cut as well. */
  async function countCopy(words: number): Promise<void> {
    statistics.copies++;
    recordedMs += COPY_MS + words * COPY_MS_PER_WORD;
    if (recordedMs >= options.submissionMs * FILL) await submit();
  }

  async function dispatchInOrder(dispatch: Dispatch): Promise<void> {
    check();
    const { kernel, count } = dispatch;
    if (!Number.isInteger(count) || count < 0 || count > 0xffffffff) {
      throw new KernelError('SHAPE_MISMATCH', `${kernel.label}: ${count} elements`);
    }
    if (count === 0) return;
    const work = dispatch.work ?? 1;
    const words = encodeParameters(kernel, dispatch.params ?? {});
    const group = createBindGroup(gpu, kernel, dispatch.bindings, parameterBuffer);
    const limitMs = options.submissionMs * FILL;
    const elementsPerGroup = kernel.element === 'workgroup' ? 1 : kernel.workgroupSize;
    for (let start = 0; start < count; ) {
      check();
      if (usedSlots === PARAMETER_SLOTS) await submit();
      const elementMs = (work * (speeds.get(kernel.label) ?? 0)) / 1e6;
      let end = count;
      if (!trusted.has(kernel.label)) {
        // The known speed is too low by the cost of a submission, so this part takes less than it says.
        const probeMs = Math.min(trustedMs * PROBE_GROWTH, limitMs);
        const probe = Math.max(PROBE_WORKGROUPS * elementsPerGroup, elementMs > 0 ? probeMs / elementMs : 0);
        if (count - start > probe) {
          // Measured alone, so that the time is this kernel's.
          await finishAll();
          end = Math.min(count, start + Math.ceil(probe / elementsPerGroup) * elementsPerGroup);
          record(kernel, dispatch.bindings, group, words, start, end, work);
          await finishAll();
          start = end;
          continue;
        }
      } else {
        let room = limitMs - recordedMs;
        if (elementMs * (count - start) > room && recordedMs > limitMs / 2) {
          await submit();
          room = limitMs;
        }
        if (elementMs * (end - start) > room) {
          const groups = Math.max(1, Math.floor(room / (elementMs * elementsPerGroup)));
          end = Math.min(count, start + groups * elementsPerGroup);
        }
      }
      record(kernel, dispatch.bindings, group, words, start, end, work);
      if (recordedMs >= limitMs / 2) await submit();
      start = end;
    }
  }

  async function readInOrder(buffer: GPUBuffer, offsetWords: number, words: number): Promise<Uint32Array> {
    check();
    const target = new Uint32Array(words);
    const stagingBytes = Math.min(READ_BYTES, Math.max(4, 4 * words));
    const staging = gpu.createBuffer({ label: 'readback', size: stagingBytes, usage: 0x01 | 0x08 });
    try {
      for (let done = 0; done < words; done += stagingBytes / 4) {
        const part = Math.min(words - done, stagingBytes / 4);
        copyEncoder().copyBufferToBuffer(buffer, 4 * (offsetWords + done), staging, 0, 4 * part);
        statistics.reads++;
        await finishAll();
        await staging.mapAsync(1, 0, 4 * part).catch(async (error: unknown) => {
          // The news of a lost device may come a moment after its broken promises.
          await new Promise((resolve) => setTimeout(resolve, LOSS_NEWS_MS));
          throwIfLost();
          throw new KernelError('VALIDATION', `readback of ${buffer.label}: ${String(error)}`);
        });
        target.set(new Uint32Array(staging.getMappedRange(0, 4 * part)), done);
        staging.unmap();
      }
    } finally {
      staging.destroy();
    }
    return target;
  }

  return {
    statistics,
    nanosecondsPerWork: speeds,
    dispatch: (dispatch) => ordered(() => dispatchInOrder(dispatch)),
    copy: (source, sourceWord, target, targetWord, words) =>
      ordered(async () => {
        check();
        copyEncoder().copyBufferToBuffer(source, 4 * sourceWord, target, 4 * targetWord, 4 * words);
        recordedBuffers.add(source).add(target);
        await countCopy(words);
      }),
    clear: (buffer, offsetWords, words) =>
      ordered(async () => {
        check();
        copyEncoder().clearBuffer(buffer, 4 * offsetWords, 4 * words);
        recordedBuffers.add(buffer);
        await countCopy(words);
      }),
    write: (buffer, offsetWords, words) =>
      ordered(async () => {
        check();
        if (offsetWords + words.length > buffer.size / 4) {
          throw new KernelError('SHAPE_MISMATCH', `write past the end of ${buffer.label}`, {
            expected: buffer.size / 4,
            got: offsetWords + words.length,
          });
        }
        // An upload overtakes what is only recorded, which is no matter for commands that leave the buffer alone.
        if (recordedBuffers.has(buffer) || unsubmittedWriteBytes >= WRITE_BYTES) await submit();
        statistics.writes++;
        unsubmittedWriteBytes += 4 * words.length;
        gpu.queue.writeBuffer(buffer, 4 * offsetWords, words as Uint32Array<ArrayBuffer>);
      }),
    read: (buffer, offsetWords, words) => ordered(() => readInOrder(buffer, offsetWords, words)),
    idle: () => ordered(finishAll),
    setAbortSignal(next) {
      signal = next;
    },
  };
}

function workgroupsOf(kernel: Kernel, elements: number): number {
  return kernel.element === 'workgroup' ? elements : Math.ceil(elements / kernel.workgroupSize);
}

function encodeParameters(
  kernel: Kernel,
  params: Readonly<Record<string, number | ArrayLike<number>>>,
): Uint32Array {
  const words = new Uint32Array(kernel.parameterWords);
  const names = new Set(Object.keys(params));
  for (const field of kernel.fields.slice(2)) {
    const value = params[field.name];
    if (value === undefined) {
      throw new KernelError('SHAPE_MISMATCH', `${kernel.label}: params.${field.name} is missing`);
    }
    names.delete(field.name);
    if (typeof value === 'number') {
      if (!Number.isInteger(value) || value < 0 || value > 0xffffffff || field.words !== 1) {
        throw new KernelError(
          'SHAPE_MISMATCH',
          `${kernel.label}: params.${field.name} = ${value} is not a word`,
        );
      }
      words[field.offsetWords] = value;
    } else {
      if (value.length > field.words) {
        throw new KernelError('SHAPE_MISMATCH', `${kernel.label}: params.${field.name} is too long`, {
          expected: field.words,
          got: value.length,
        });
      }
      words.set(value, field.offsetWords);
    }
  }
  if (names.size > 0) {
    throw new KernelError('SHAPE_MISMATCH', `${kernel.label}: no params named ${[...names].join(', ')}`);
  }
  return words;
}

function createBindGroup(
  gpu: GPUDevice,
  kernel: Kernel,
  bindings: Readonly<Record<string, GPUBuffer | BufferRange>>,
  parameterBuffer: GPUBuffer,
): GPUBindGroup {
  const names = new Set(Object.keys(bindings));
  const entries: GPUBindGroupEntry[] = [
    { binding: 0, resource: { buffer: parameterBuffer, size: 4 * kernel.parameterWords } },
  ];
  for (const { name, binding } of kernel.bindings) {
    const value = bindings[name];
    if (value === undefined) {
      throw new KernelError('SHAPE_MISMATCH', `${kernel.label}: binding ${name} is missing`);
    }
    names.delete(name);
    entries.push({
      binding,
      resource:
        'buffer' in value
          ? { buffer: value.buffer, offset: 4 * value.offsetWords, size: 4 * value.words }
          : { buffer: value },
    });
  }
  if (names.size > 0) {
    throw new KernelError('SHAPE_MISMATCH', `${kernel.label}: no binding named ${[...names].join(', ')}`);
  }
  return gpu.createBindGroup({ label: kernel.label, layout: kernel.layout, entries });
}
