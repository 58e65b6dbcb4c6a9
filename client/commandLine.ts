/** The command line: finds the command, runs it, and turns what it throws into a sentence and an exit code. */
import { ClientError } from './errors.ts';
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

const USAGE = `Usage: colonnade COMMAND [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(11)}${summary}`).join('\n')}

colonnade COMMAND --help shows a command's options; --json prints one JSON object a line instead of text.
Exit status: 0 done and valid, 1 refused, not valid or failed, 2 wrong options or a file that cannot be read.`;

/** An error that a user can do something about has a code. */
interface CodedError extends Error {
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof Error && typeof (error as Partial<CodedError>).code === 'string';
}

/** Runs one command line, without the program's own name. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    (name === undefined ? say : print)(USAGE);
    return name === undefined ? 2 : 0;
  }
  const named = COMMANDS.find((each) => each.name === name);
  if (named === undefined) {
    say(`There is no command ${name}.\n\n${USAGE}`);
    return 2;
  }
  const command = await named.load();
  if (rest.includes('--help')) {
    print(command.usage);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    clearBar();
    if (error instanceof UsageError) {
      say(`${error.message}\n\n${command.usage}`);
      return 2;
    }
    // What nobody expected keeps its stack.
    if (!isCoded(error) && !(error instanceof RangeError)) throw error;
    const code = isCoded(error) ? error.code : error.name;
    if (rest.includes('--json'))
      printJson({
        ok: false,
        code,
        message: error.message,
        details: isCoded(error) ? (error.details ?? {}) : {},
      });
    say(error.message.startsWith(code) ? error.message : `${code}: ${error.message}`);
    return error instanceof ClientError && error.code === 'FILE_UNREADABLE' ? 2 : 1;
  } finally {
    clearBar();
  }
}
