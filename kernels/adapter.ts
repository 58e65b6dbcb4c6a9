/**
 * Chooses what runs the shaders and prepares the environment of the process that will: a hardware adapter, else an
 * installed Mesa lavapipe, else SwiftShader out of an npm package. The loader path must be set before a process starts
 * and the driver path before it first asks for an adapter, so the parent decides both.
 * Under 'auto' the first driver that passes a probe is taken.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KernelError } from './errors.ts';
import { deviceEnvironment } from './process/environment.ts';
import { installSwiftshader } from './swiftshader.ts';

export const ADAPTER_CHOICES = ['auto', 'hardware', 'lavapipe', 'swiftshader'] as const;
export type AdapterChoice = (typeof ADAPTER_CHOICES)[number];
export type AdapterKind = Exclude<AdapterChoice, 'auto'>;

/** Variables to add to the environment of the prover process. */
export type AdapterEnvironment = Readonly<Record<string, string>>;

export interface ProverEnvironment {
  readonly kind: AdapterKind;
  readonly environment: AdapterEnvironment;
  /** The adapter's own name, as the probe saw it. */
  readonly adapterName: string;
  /** Why the kinds before this one were passed over, for the log. */
  readonly rejected: readonly { readonly kind: AdapterKind; readonly reason: string }[];
}

const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
/** Where container runtimes put NVIDIA's driver file when it is in none of the usual folders. */
const EXTRA_ICDS = [
  '/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json',
  '/usr/share/nvidia/nvidia_icd.json',
];
const LOADER = 'libvulkan.so.1';
const LOADER_FOLDERS = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
];
/** A driver that has not answered by then is not usable. */
const PROBE_TIMEOUT_MS = 60_000;

/** Throws: RangeError on an unknown name. */
export function parseAdapterChoice(name: string): AdapterChoice {
  const choice = ADAPTER_CHOICES.find((known) => known === name);
  if (!choice) throw new RangeError(`adapter must be one of ${ADAPTER_CHOICES.join(', ')}, not ${name}`);
  return choice;
}

/** True when the dynamic linker would find a Vulkan loader for a process with the current environment. */
export function hasVulkanLoader(): boolean {
  const folders = [...(process.env['LD_LIBRARY_PATH'] ?? '').split(':').filter(Boolean), ...LOADER_FOLDERS];
  if (folders.some((folder) => existsSync(join(folder, LOADER)))) return true;
  try {
    return readFileSync('/etc/ld.so.cache').includes(`${LOADER}\0`);
  } catch {
    return false;
  }
}

function icdFiles(): string[] {
  const files: string[] = [];
  for (const folder of ICD_FOLDERS) {
    try {
      for (const name of readdirSync(folder).sort())
        if (name.endsWith('.json')) files.push(join(folder, name));
    } catch {
      // A folder that is not there holds no drivers.
    }
  }
  return files;
}

const isLavapipe = (file: string): boolean => /^lvp_icd.*\.json$/.test(basename(file));

/** The environment under which a kind would run, or the reason why it cannot. */
function environmentOf(kind: AdapterKind): AdapterEnvironment | { readonly reason: string } {
  if (process.platform !== 'linux') {
    // Metal and Direct3D need no driver file; Dawn's own default is the hardware.
    return kind === 'hardware' ? {} : { reason: `no ${kind} on ${process.platform}` };
  }
  if (kind === 'swiftshader') {
    const { folder, icdFile } = installSwiftshader();
    return withDrivers([icdFile], folder);
  }
  const installed = icdFiles();
  const drivers =
    kind === 'lavapipe'
      ? installed.filter(isLavapipe)
      : [...installed.filter((file) => !isLavapipe(file)), ...EXTRA_ICDS.filter((file) => existsSync(file))];
  if (drivers.length === 0)
    return { reason: `no Vulkan driver file of kind ${kind} in ${ICD_FOLDERS.join(', ')}` };
  return withDrivers(drivers, hasVulkanLoader() ? undefined : installSwiftshader().folder);
}

/** VK_ICD_FILENAMES is the name that loaders before 1.3.207 read. */
function withDrivers(files: readonly string[], loaderFolder: string | undefined): AdapterEnvironment {
  const drivers = { VK_DRIVER_FILES: files.join(':'), VK_ICD_FILENAMES: files.join(':') };
  if (loaderFolder === undefined || hasVulkanLoader()) return drivers;
  const path = process.env['LD_LIBRARY_PATH'];
  return { ...drivers, LD_LIBRARY_PATH: path ? `${loaderFolder}:${path}` : loaderFolder };
}

interface ProbeReport {
  readonly name: string;
  readonly isSoftware: boolean;
}

/** In one line, why a probe ended without a report; a C library that is too old stops it before its first line. */
export function reasonOfDeath(end: string, stderr: string): string {
  const error = stderr.match(/^\w*Error: .*$/m)?.[0] ?? stderr.trim().replaceAll(/\s*\n\s*/g, ' ');
  const needs = /GLIBC(XX)?_[\d.]+|ld-linux|lib\w+(\+\+)?\.so/.test(error)
    ? '; Dawn needs glibc 2.34 and GLIBCXX_3.4.30 or later'
    : '';
  return `the probe died: ${end} ${error}${needs}`;
}

/** Opens a device in a process of its own and runs one small dispatch there. */
async function probe(environment: AdapterEnvironment): Promise<ProbeReport | { readonly reason: string }> {
  const script = fileURLToPath(new URL('./probe.ts', import.meta.url));
  return await new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), script],
      { env: { ...deviceEnvironment(process.env), ...environment }, timeout: PROBE_TIMEOUT_MS },
      (error, stdout, stderr) => {
        const line = stdout.split('\n').find((text) => text.startsWith('{'));
        if (line !== undefined) resolve(JSON.parse(line) as ProbeReport | { readonly reason: string });
        else resolve({ reason: reasonOfDeath(`${error?.signal ?? error?.code ?? ''}`, stderr) });
      },
    );
  });
}

/**
 * The environment for a prover process: of the wanted kind, or under 'auto' of the first kind whose probe passes.
 * Throws: KernelError 'NO_ADAPTER' with every reason.
 */
export async function proverEnvironment(choice: AdapterChoice): Promise<ProverEnvironment> {
  const kinds: readonly AdapterKind[] =
    choice === 'auto' ? ['hardware', 'lavapipe', 'swiftshader'] : [choice];
  const rejected: { kind: AdapterKind; reason: string }[] = [];
  for (const kind of kinds) {
    const environment = environmentOf(kind);
    if ('reason' in environment && Object.keys(environment).length === 1) {
      rejected.push({ kind, reason: String(environment.reason) });
      continue;
    }
    const report = await probe(environment as AdapterEnvironment);
    if ('reason' in report) rejected.push({ kind, reason: report.reason });
    else if (kind === 'hardware' && report.isSoftware)
      rejected.push({ kind, reason: `${report.name} is software` });
    else return { kind, environment: environment as AdapterEnvironment, adapterName: report.name, rejected };
  }
  throw new KernelError('NO_ADAPTER', rejected.map(({ kind, reason }) => `${kind}: ${reason}`).join('; '), {
    rejected,
  });
}

/**
 * Prepares the running process itself, from files alone, for tests and scripts: the driver path can still be set, the
 * loader path cannot. Under 'auto' an installed lavapipe is taken, else SwiftShader; hardware must be asked for. A process
 * whose parent has set VK_DRIVER_FILES keeps it under 'auto'.
 * Throws: KernelError 'NO_ADAPTER' when the process would have needed another loader path.
 */
export function applyToProcess(choice: AdapterChoice): void {
  if (choice === 'auto' && process.env['VK_DRIVER_FILES']) return;
  const reasons: string[] = [];
  for (const kind of choice === 'auto' ? (['lavapipe', 'swiftshader'] as const) : [choice]) {
    const environment = environmentOf(kind);
    if ('reason' in environment) {
      reasons.push(`${kind}: ${environment.reason}`);
    } else if (environment['LD_LIBRARY_PATH'] !== undefined) {
      reasons.push(`${kind}: no Vulkan loader; start the process through scripts/test.ts`);
    } else {
      Object.assign(process.env, environment);
      return;
    }
  }
  throw new KernelError('NO_ADAPTER', reasons.join('; '));
}
