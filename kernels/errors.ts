/**
 * The error codes of the kernels room. A lost device and exhausted memory cost one attempt of a job; the other codes
 * are bugs of ours or a machine that cannot prove.
 */

export const KERNEL_ERRORS = {
  NO_ADAPTER: 'No WebGPU adapter of the wanted kind works on this machine.',
  OUT_OF_MEMORY: 'A buffer does not fit into the device memory or into its byte budget.',
  DEVICE_LOST: 'The device was lost; everything on it is gone.',
  VALIDATION: 'Dawn refused a shader, a pipeline, a binding or a command.',
  SHAPE_MISMATCH: 'A buffer or a matrix does not have the shape that the kernel needs.',
  LIMIT_EXCEEDED: 'The adapter offers less than a kernel needs.',
  STATUS: 'A kernel reported that it could not finish.',
  ABORTED: 'The work was cancelled.',
} as const;

export type KernelErrorCode = keyof typeof KERNEL_ERRORS;

export class KernelError extends Error {
  readonly code: KernelErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: KernelErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(`${code}: ${message}`);
    this.name = 'KernelError';
    this.code = code;
    this.details = details;
  }
}
