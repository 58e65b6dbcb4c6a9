/** `colonnade serve`: the service as a process, as `server/main.ts` runs it. */
import { kebabCase, SETTING_NAMES, upperSnakeCase } from '../../server/settings.ts';
import { type Command, type ExitCode, UsageError } from '../terminal.ts';

const USAGE = `Usage: colonnade serve [--setting value]...

Starts the proving service (docs/service.md). Settings, as flags or as variables of the environment:

${SETTING_NAMES.map((name) => `  --${kebabCase(name).padEnd(26)} COLONNADE_${upperSnakeCase(name)}`).join('\n')}

Exit status: 0 after a signal, 2 for wrong settings.`;

async function run(args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--json'))
    throw new UsageError('--json: the service writes a log of JSON objects, one a line, as it is');
  // The entry point reads its own command line; what stands behind the command is that.
  process.argv = [...process.argv.slice(0, 2), ...args];
  await import('../../server/main.ts');
  return process.exitCode === 2 ? 2 : 0;
}

export const SERVE: Command = { usage: USAGE, run };
