/** The service as a process: settings from flags and environment, one signal stops it. */
import { heapsOf, memoryFault, memoryMebibytes, memoryParts, settingsOfMemory } from './memory.ts';
import { type Service, startService } from './service.ts';
import {
  kebabCase,
  parseSettings,
  SETTING_NAMES,
  type Settings,
  SettingsError,
  upperSnakeCase,
} from './settings.ts';

const USAGE = `Usage: node --import tsx server/main.ts [--setting value]...

Settings, as flags or as variables of the environment:
${SETTING_NAMES.map((name) => `  --${kebabCase(name).padEnd(26)} COLONNADE_${upperSnakeCase(name)}`).join('\n')}
`;

function readSettings(): Settings | undefined {
  const flags = process.argv.slice(2);
  if (flags.includes('--help')) {
    process.stdout.write(USAGE);
    return undefined;
  }
  try {
    const memory = memoryMebibytes();
    const settings = parseSettings(flags, process.env, settingsOfMemory(memory));
    const fault = memoryFault(memoryParts(settings, heapsOf(settings, memory), memory), memory);
    if (fault !== undefined) throw new SettingsError(fault);
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

function stopOnSignal(service: Service, graceMs: number): void {
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal does not wait.
      if (isStopping) process.exit(1);
      isStopping = true;
      service.close(graceMs).then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`${String(error)}\n`);
          process.exit(1);
        },
      );
    });
  }
}

const settings = readSettings();
if (settings !== undefined) {
  try {
    stopOnSignal(await startService(settings), settings.shutdownSeconds * 1000);
  } catch (error) {
    // A port that is taken, or no adapter: for the operator, in one line. Anything else is a bug and keeps its stack.
    if (!(error instanceof Error) || !('code' in error)) throw error;
    process.stderr.write(`${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
    process.exit(1);
  }
}
