/** The command line: finds the command, runs it, and turns what it throws into a sentence and an exit code. */
import { AGGREGATE } from './commands/aggregate.ts';
import { DOCTOR } from './commands/doctor.ts';
import { INSPECT } from './commands/inspect.ts';
import { KEYS } from './commands/keys.ts';
import { PARTITION } from './commands/partition.ts';
import { PROVE } from './commands/prove.ts';
import { SERVE } from './commands/serve.ts';
import { TRACE } from './commands/trace.ts';
import { VERIFY } from './commands/verify.ts';
import { ClientError } from './errors.ts';
import { type Command, clearBar, type ExitCode, print, printJson, say, UsageError } from './terminal.ts';

export const COMMANDS: readonly Command[] = [
  SERVE,
  PROVE,
  VERIFY,
  AGGREGATE,
  INSPECT,
  TRACE,
  PARTITION,
  KEYS,
  DOCTOR,
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
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) {
    say(`There is no command ${name}.\n\n${USAGE}`);
    return 2;
  }
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
