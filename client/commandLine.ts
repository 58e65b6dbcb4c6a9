/** The command line: finds the command, runs it, and turns what it throws into a sentence and an exit code. */
import { readFile } from 'node:fs/promises';
import { refusalOf } from './refusal.ts';
import { type Command, clearBar, type ExitCode, print, printJson, say, UsageError } from './terminal.ts';

interface NamedCommand {
  readonly name: string;
  readonly summary: string;
  /** Commands are loaded when they are asked for: most need no device, and verifying needs no prover. */
  load(): Promise<Command>;
}

export const COMMANDS: readonly NamedCommand[] = [
  {
    name: 'serve',
    summary: 'start the proving service',
    load: async () => (await import('./commands/serve.ts')).SERVE,
  },
  {
    name: 'prove',
    summary: "prove a program's run, here or through a service",
    load: async () => (await import('./commands/prove.ts')).PROVE,
  },
  {
    name: 'verify',
    summary: 'verify proof files against the published keys',
    load: async () => (await import('./commands/verify.ts')).VERIFY,
  },
  {
    name: 'aggregate',
    summary: 'fold proof files into one aggregate',
    load: async () => (await import('./commands/aggregate.ts')).AGGREGATE,
  },
  {
    name: 'inspect',
    summary: 'show what a proof holds, and the tree of an aggregate',
    load: async () => (await import('./commands/inspect.ts')).INSPECT,
  },
  {
    name: 'trace',
    summary: 'run a program, profile it, write its execution trace',
    load: async () => (await import('./commands/trace.ts')).TRACE,
  },
  {
    name: 'partition',
    summary: 'cut a block into columns and write their inputs',
    load: async () => (await import('./commands/partition.ts')).PARTITION,
  },
  {
    name: 'keys',
    summary: 'rebuild the published keys from the programs, or check them',
    load: async () => (await import('./commands/keys.ts')).KEYS,
  },
  {
    name: 'doctor',
    summary: 'check adapter, driver, limits and keys, and prove a small column',
    load: async () => (await import('./commands/doctor.ts')).DOCTOR,
  },
];

const HELP: ReadonlySet<string> = new Set(['--help', '-h']);

const USAGE = `Usage: colonnade COMMAND [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(11)}${summary}`).join('\n')}

colonnade COMMAND --help (or -h) shows a command's options; --json prints one JSON object a line instead of text; colonnade --version.
Exit status: 0 done and valid, 1 refused, not valid or failed, 2 wrong options or a file that cannot be read.`;

/** As `--version` prints it. */
async function version(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** Runs one command line, without the program's own name. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args;
  // What stands behind '--' are files, whatever they are called.
  const options = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length);
  if (name === undefined || HELP.has(name) || name === 'help') {
    (name === undefined ? say : print)(USAGE);
    return name === undefined ? 2 : 0;
  }
  if (options.includes('--version')) {
    print(await version());
    return 0;
  }
  const named = COMMANDS.find((each) => each.name === name);
  let usage = USAGE;
  try {
    if (named === undefined) throw new UsageError(`There is no command ${name}.`);
    const command = await named.load();
    usage = command.usage;
    if (options.some((each) => HELP.has(each))) {
      print(usage);
      return 0;
    }
    return await command.run(rest);
  } catch (error) {
    clearBar();
    const { code, message, details, exitCode } = refusalOf(error);
    if (options.includes('--json')) printJson({ ok: false, code, message, details });
    if (code === 'USAGE') say(`${message}\n\n${usage}`);
    else say(message.startsWith(code) ? message : `${code}: ${message}`);
    return exitCode;
  } finally {
    clearBar();
  }
}
