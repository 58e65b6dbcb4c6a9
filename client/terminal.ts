/** What commands share: options, output, progress, exit codes. Answers go to stdout, everything else to stderr. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** 0: done and valid. 1: refused, not valid or failed. 2: wrong options. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  readonly usage: string;
  run(args: readonly string[]): Promise<ExitCode>;
}

/** Wrong options; the usage is shown after it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** The values and the files of a command line; `json` is an option of every command. Throws: UsageError. */
export function readOptions<Chosen extends Options>(
  args: readonly string[],
  options: Chosen,
): { readonly values: Values<Chosen>; readonly files: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: { ...options, json: { type: 'boolean', default: false } },
    });
    return { values: values as unknown as Values<Chosen>, files: positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

type Values<Chosen extends Options> = {
  readonly [Name in keyof Chosen]: Chosen[Name] extends { readonly type: 'boolean' }
    ? boolean
    : Chosen[Name] extends { readonly default: string }
      ? string
      : string | undefined;
} & { readonly json: boolean };

/** Throws: UsageError. */
export function exactlyOne(files: readonly string[], what: string): string {
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw new UsageError(`expected: one ${what}, got: ${files.length}`);
  return file;
}

/** Throws: UsageError. */
export function required(value: string | undefined, option: string): string {
  if (value === undefined) throw new UsageError(`${option} is missing`);
  return value;
}

/** The path of an output that is asked for. Throws: UsageError. */
export function outputPath(value: string | undefined, option: string): string | undefined {
  if (value === '') throw new UsageError(`${option}: expected a path, got nothing`);
  return value;
}

/** Throws: UsageError. */
export function wholeNumber(text: string, option: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`${option}: expected a whole number from ${least} to ${most}, got ${text}`);
  return value;
}

/**
 * A reader that went away (`| head`) ends nothing: what was computed is still written to its files, and the exit status stays the command's
 * own. Answers that are lost otherwise, on a full disk, are told and change a status of 0 to 1.
 */
export function surviveClosedPipes(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
    process.stderr.write(`FILE_UNWRITABLE: The answer cannot be written: ${error.message}\n`);
    process.once('exit', () => {
      process.exitCode ||= 1;
    });
  });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON object a line; integers beyond a double are decimal strings. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? each.toString() : each)));
}

export function say(text: string): void {
  clearBar();
  process.stderr.write(`${text}\n`);
}

const BAR_CELLS = 24;
let isBarShown = false;

/** A bar on stderr where that is a terminal, nothing elsewhere. */
export function showProgress(label: string, fraction: number): void {
  if (!process.stderr.isTTY) return;
  const done = Math.round(BAR_CELLS * Math.min(1, Math.max(0, fraction)));
  const bar = `${'#'.repeat(done)}${'.'.repeat(BAR_CELLS - done)}`;
  const line = `[${bar}] ${String(Math.round(100 * fraction)).padStart(3)}% ${label}`;
  process.stderr.write(`\r\u001b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  isBarShown = true;
}

export function clearBar(): void {
  if (!isBarShown) return;
  process.stderr.write('\r\u001b[2K');
  isBarShown = false;
}

/** Columns under a header: the first left-aligned, the others right-aligned. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => cell.toLocaleString('en-US')));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ')
      .trimEnd(),
  );
}

export function seconds(value: number): string {
  return value.toFixed(2);
}
