/**
 * The settings of the service, read once from flags and environment. A flag `--queue-limit 5` and a variable
 * `COLONNADE_QUEUE_LIMIT=5` mean the same; the flag wins. Anything unknown or out of range stops the start.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';

const PREFIX = 'COLONNADE_';
const MEBIBYTE = 2 ** 20;

const count = (least: number, most: number, initial: number) =>
  z
    .string()
    .regex(/^\d+$/, 'a whole number is expected')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
    .default(initial);

const settingsSchema = z
  .strictObject({
    /** Loopback unless told otherwise: the service has no authentication. */
    host: z.string().min(1).default('127.0.0.1'),
    /** Names that the service answers under besides its own, with commas between them. */
    allowedHosts: z
      .string()
      .default('')
      .transform((names) => (names === '' ? [] : names.toLowerCase().split(',')))
      .pipe(z.array(z.string().regex(/^[a-z0-9._-]+$/, 'host names without ports are expected'))),
    /** 0 takes a free port. */
    port: count(0, 65535, 8080),
    adapter: z.enum(['auto', 'hardware', 'lavapipe', 'swiftshader']).default('auto'),
    /** Device memory that proofs may take; 0 leaves it to the prover. A job that needs more is refused. */
    deviceMebibytes: count(0, 2 ** 20, 0),
    logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
    jsonLimitBytes: count(1024, 256 * MEBIBYTE, 8 * MEBIBYTE),
    traceLimitBytes: count(1024, 1024 * MEBIBYTE, 256 * MEBIBYTE),
    proofLimitBytes: count(1024, 256 * MEBIBYTE, 16 * MEBIBYTE),
    /** The body of a request for an aggregation, with the proofs in it. */
    aggregationLimitBytes: count(1024, 256 * MEBIBYTE, 8 * MEBIBYTE),
    /** Aggregations that are proved at the same time. */
    aggregationLimit: count(1, 1000, 16),
    /** Memory that the proofs and inputs of those may take, about; one alone may take more. */
    aggregationMebibytes: count(1, 2 ** 20, 512),
    /** Traces that may be checked at the same time. */
    uploadLimit: count(1, 64, 2),
    /** Memory that the bodies of all routes may take while they arrive and are checked. */
    bodyMebibytes: count(1, 2 ** 20, 768),
    /** Connections, those that watch events among them. */
    connectionLimit: count(1, 65536, 1024),
    /** Jobs waiting. */
    queueLimit: count(1, 10000, 64),
    /** Memory that the inputs of waiting jobs may take, about. */
    queueMebibytes: count(1, 2 ** 20, 1024),
    /** Finished jobs that are remembered with their proofs: how many, with how many bytes of proofs, for how long. */
    retentionLimit: count(1, 100000, 256),
    retentionMebibytes: count(1, 2 ** 20, 512),
    retentionSeconds: count(1, 10 ** 8, 86400),
    /** Events that are remembered for those who connect later. */
    eventLimit: count(1, 10 ** 6, 10000),
    /** Connections that watch events. */
    eventConnectionLimit: count(1, 10000, 256),
    /** A watching connection hears something at least this often, and has to answer. */
    heartbeatSeconds: count(1, 3600, 15),
    /** Attempts of a job that loses its prover process. */
    attemptLimit: count(1, 10, 3),
    attemptTimeoutSeconds: count(1, 86400, 3600),
    /** A service that has had no prover for so long says so on `/healthz`. */
    proverSeconds: count(1, 86400, 600),
    /** For the head of a request, for taking a piece of the answer, and for a body beside what it takes at 64 KiB/s. */
    requestTimeoutSeconds: count(1, 3600, 20),
    /** Time that a running job has left when the service is told to stop. */
    shutdownSeconds: count(0, 86400, 30),
    /** The commit that runs; shown in capabilities and metrics. */
    buildCommit: z.string().min(1).max(64).default('unknown'),
  })
  .refine((settings) => largestBody(settings) <= settings.bodyMebibytes * MEBIBYTE, {
    path: ['bodyMebibytes'],
    message: 'less than the largest body that is accepted',
  });

export type Settings = z.infer<typeof settingsSchema>;

interface BodyLimits {
  readonly jsonLimitBytes: number;
  readonly traceLimitBytes: number;
  readonly proofLimitBytes: number;
  readonly aggregationLimitBytes: number;
}

/** Bytes of the largest body of any route. */
export function largestBody({
  jsonLimitBytes,
  traceLimitBytes,
  proofLimitBytes,
  aggregationLimitBytes,
}: BodyLimits): number {
  return Math.max(jsonLimitBytes, traceLimitBytes, proofLimitBytes, aggregationLimitBytes);
}

export const SETTING_NAMES = Object.keys(settingsSchema.shape);

export class SettingsError extends Error {}

/** `initial` are settings that neither names. Throws: SettingsError naming every setting that is wrong. */
export function parseSettings(
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  initial: Readonly<Record<string, string>> = {},
): Settings {
  const fromEnvironment = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(PREFIX)) continue;
    const name = SETTING_NAMES.find((candidate) => variable === PREFIX + upperSnakeCase(candidate));
    if (name === undefined) throw new SettingsError(`${variable}: no such setting`);
    fromEnvironment.set(name, value);
  }
  const parsed = settingsSchema.safeParse({
    ...initial,
    ...Object.fromEntries(fromEnvironment),
    ...parseFlags(flags),
  });
  if (parsed.success) return parsed.data;
  throw new SettingsError(
    parsed.error.issues.map(({ path, message }) => `${kebabCase(String(path[0]))}: ${message}`).join('; '),
  );
}

function parseFlags(flags: readonly string[]): Record<string, string> {
  const options = Object.fromEntries(
    SETTING_NAMES.map((name) => [kebabCase(name), { type: 'string' } as const]),
  );
  try {
    const { values } = parseArgs({ args: [...flags], options, strict: true, allowPositionals: false });
    return Object.fromEntries(
      SETTING_NAMES.flatMap((name) => {
        const value = values[kebabCase(name)];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );
  } catch (error) {
    throw new SettingsError(error instanceof Error ? error.message : String(error));
  }
}

export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function upperSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
