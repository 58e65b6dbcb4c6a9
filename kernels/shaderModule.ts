/**
 * From a WGSL file to a kernel that can be dispatched by name: `#import` preprocessing, bindings and parameters read from
 * the source itself, one pipeline per device, shader and set of override constants.
 *
 * Every shader declares `@group(0) @binding(0) var<uniform> params: Params;` whose struct begins with `start: u32` and
 * `end: u32`, the range of elements of this dispatch; the other fields are u32, vec4<u32> or array<vec4<u32>, N>.
 */
import { readFileSync } from 'node:fs';
import { KernelError } from './errors.ts';

const SHADERS = new URL('../shaders/', import.meta.url);

/** The text of shaders/`name`.wgsl. Throws: the file system's error when there is none. */
export function readShader(name: string): string {
  return readFileSync(new URL(`${name}.wgsl`, SHADERS), 'utf8');
}

/** Replaces each `#import name` by shaders/shared/name.wgsl, every module once and before its first use. */
export function expandImports(source: string): string {
  const done = new Set<string>();
  const expand = (text: string): string =>
    text.replace(/^#import +(\w+) *$/gm, (_line, name: string) => {
      if (done.has(name)) return '';
      done.add(name);
      return expand(readShader(`shared/${name}`));
    });
  return expand(source);
}

export interface KernelBinding {
  readonly name: string;
  readonly binding: number;
  readonly access: 'read' | 'read_write';
}

export interface ParameterField {
  readonly name: string;
  readonly offsetWords: number;
  readonly words: number;
}

export interface KernelInterface {
  readonly bindings: readonly KernelBinding[];
  readonly fields: readonly ParameterField[];
  readonly parameterWords: number;
}

/** Words of `Params` that one dispatch carries: a slot of the queue's uniform buffer. */
export const PARAMETER_SLOT_WORDS = 64;

/**
 * Reads a shader's storage bindings and its `Params` fields.
 * Throws: KernelError 'VALIDATION' on what it does not know, and on params that do not fit into a dispatch's slot.
 */
export function parseInterface(label: string, source: string): KernelInterface {
  const text = source.replace(/\/\/.*$/gm, '');
  const bindings: KernelBinding[] = [];
  let hasParams = false;
  for (const match of text.matchAll(
    /@group\((\d+)\)\s*@binding\((\d+)\)\s*var<\s*(uniform|storage)\s*(?:,\s*(\w+)\s*)?>\s*(\w+)/g,
  )) {
    const [, group, binding, space, access, name] = match;
    if (group !== '0') throw new KernelError('VALIDATION', `${label}: ${name} is not in group 0`);
    if (space === 'uniform') {
      if (name !== 'params' || binding !== '0') {
        throw new KernelError('VALIDATION', `${label}: the only uniform is params at binding 0, not ${name}`);
      }
      hasParams = true;
      continue;
    }
    bindings.push({
      name: name ?? '',
      binding: Number(binding),
      access: access === 'read_write' ? 'read_write' : 'read',
    });
  }
  const struct = /struct\s+Params\s*\{([^}]*)\}/.exec(text)?.[1];
  if (!hasParams || struct === undefined) throw new KernelError('VALIDATION', `${label}: has no params`);
  const fields: ParameterField[] = [];
  let offsetWords = 0;
  for (const match of struct.matchAll(
    /(\w+)\s*:\s*(u32|vec4<u32>|array<\s*vec4<u32>\s*,\s*(\d+)u?\s*>|[^,\n]+)/g,
  )) {
    const [, name, type, count] = match;
    const words = type === 'u32' ? 1 : type === 'vec4<u32>' ? 4 : count === undefined ? 0 : 4 * Number(count);
    if (words === 0) throw new KernelError('VALIDATION', `${label}: params.${name} has type ${type}`);
    if (words > 1) offsetWords = Math.ceil(offsetWords / 4) * 4;
    fields.push({ name: name ?? '', offsetWords, words });
    offsetWords += words;
  }
  if (fields[0]?.name !== 'start' || fields[1]?.name !== 'end') {
    throw new KernelError('VALIDATION', `${label}: params begins with start and end`);
  }
  const parameterWords = Math.ceil(offsetWords / 4) * 4;
  if (parameterWords > PARAMETER_SLOT_WORDS) {
    throw new KernelError(
      'VALIDATION',
      `${label}: params has ${parameterWords} words, a dispatch carries at most ${PARAMETER_SLOT_WORDS}`,
      { shader: label, expected: PARAMETER_SLOT_WORDS, got: parameterWords },
    );
  }
  return { bindings, fields, parameterWords };
}

export interface Kernel extends KernelInterface {
  /** File stem, or the generated shader's name; also the key of its speed. */
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Invocations of a workgroup. */
  readonly workgroupSize: number;
  /** What one element of a dispatch's range is: one invocation or one whole workgroup. */
  readonly element: 'invocation' | 'workgroup';
}

export interface KernelRequest {
  /** File stem in shaders/, or the name of a generated shader when `source` is given. */
  readonly shader: string;
  /** Generated WGSL; `#import` works in it as well. */
  readonly source?: string;
  /** Override constants besides `workgroupSize`, which the shader must declare as well. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Invocations of a workgroup (1-D); 64 when left out. */
  readonly workgroupSize?: number;
  readonly element?: 'invocation' | 'workgroup';
}

export interface PipelineCache {
  /**
   * The kernel of a shader, compiled at first use. Entry point = file stem; the shader declares `override workgroupSize: u32`.
   * Throws: KernelError 'VALIDATION' with Dawn's message and, for WGSL that does not compile, the compiler's with its lines.
   */
  kernel(request: KernelRequest): Promise<Kernel>;
  /** Seconds from request to finished pipeline, by label, summed over variants. */
  readonly compileSeconds: ReadonlyMap<string, number>;
}

/** What the compiler says about a shader, each with the line that it is about; nothing when it says nothing. */
async function compilerMessages(module: GPUShaderModule, label: string, source: string): Promise<string[]> {
  const lines = source.split('\n');
  try {
    const { messages } = await module.getCompilationInfo();
    return Array.from(messages, ({ type, lineNum, linePos, message }) => {
      const line = lines[lineNum - 1]?.trim();
      const place = `${label}.wgsl:${lineNum}:${linePos}`;
      return `${place}: ${type}: ${message}${line === undefined ? '' : `\n    ${line}`}`;
    });
  } catch {
    // The device is being lost; the error that brought us here says enough.
    return [];
  }
}

export function createPipelineCache(gpu: GPUDevice, throwIfLost: () => void): PipelineCache {
  const kernels = new Map<string, Promise<Kernel>>();
  const compileSeconds = new Map<string, number>();

  async function compile(request: KernelRequest): Promise<Kernel> {
    const started = performance.now();
    const label = request.shader;
    const source = expandImports(request.source ?? readShader(request.shader));
    const shape = parseInterface(label, source);
    const workgroupSize = request.workgroupSize ?? 64;
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label, code: source });
    const layout = gpu.createBindGroupLayout({
      label,
      entries: [
        {
          binding: 0,
          visibility: 4,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: 4 * shape.parameterWords },
        },
        ...shape.bindings.map(
          ({ binding, access }): GPUBindGroupLayoutEntry => ({
            binding,
            visibility: 4,
            buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
          }),
        ),
      ],
    });
    const pipelineLayout = gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] });
    const scope = gpu.popErrorScope();
    const creation = gpu.createComputePipelineAsync({
      label,
      layout: pipelineLayout,
      compute: {
        module,
        entryPoint: label.split('/').at(-1) ?? label,
        constants: { ...request.constants, workgroupSize },
      },
    });
    const [pipeline, invalid] = await Promise.all([creation.catch((error: unknown) => ({ error })), scope]);
    throwIfLost();
    if ('error' in pipeline || invalid) {
      const reason = 'error' in pipeline ? pipeline.error : invalid?.message;
      const told = [
        reason instanceof Error ? reason.message : String(reason),
        ...(await compilerMessages(module, label, source)),
      ];
      throw new KernelError('VALIDATION', `${label}: ${told.join('\n')}`);
    }
    compileSeconds.set(label, (compileSeconds.get(label) ?? 0) + (performance.now() - started) / 1000);
    return { ...shape, label, pipeline, layout, workgroupSize, element: request.element ?? 'invocation' };
  }

  return {
    compileSeconds,
    kernel(request) {
      throwIfLost();
      const key = JSON.stringify([
        request.shader,
        request.workgroupSize,
        request.element,
        request.constants && Object.entries(request.constants).sort(([a], [b]) => (a < b ? -1 : 1)),
        request.source,
      ]);
      let kernel = kernels.get(key);
      if (!kernel) {
        kernel = compile(request);
        kernels.set(key, kernel);
        kernel.catch(() => kernels.delete(key));
      }
      return kernel;
    },
  };
}
