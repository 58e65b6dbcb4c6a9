/** `colonnade keys`: rebuilds the published keys from the programs. */
import { OWN_KEYS_FILE, readWithin, requireWritable, writeWhole } from '../files.ts';
import { formatDigest } from '../jsonFields.ts';
import { buildKeys } from '../programs.ts';
import { parsePublishedKeys } from '../publishedKeys.ts';
import {
  type Command,
  type ExitCode,
  outputPath,
  print,
  printJson,
  readOptions,
  showProgress,
  table,
  UsageError,
} from '../terminal.ts';
import { productionSystem } from '../verifyFile.ts';

const USAGE = `Usage: colonnade keys [options]

Builds the key of every program under its profiles from the bytecode, in plain TypeScript, and writes them to keys.json. The same
sources give the same file, bit for bit.

  --check         write nothing; fail when the file differs
  --file FILE     default keys.json of this installation
  --json
  --help

Exit status: 0, or 1 when --check finds a difference, or 2 for wrong options. docs/keys.md says what a changed key means.`;

const KEYS_LIMIT_BYTES = 4 * 2 ** 20;

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    check: { type: 'boolean', default: false },
    file: { type: 'string' },
  });
  if (files.length > 0) throw new UsageError(`${files[0]}: no file is expected here; --file names one`);
  const file = outputPath(values.file, '--file') ?? OWN_KEYS_FILE;
  const name = values.file ?? 'keys.json';
  if (!values.check) await requireWritable(file);
  const text = await buildKeys((program, profile, fraction) =>
    showProgress(`key of ${program} under ${profile}`, fraction),
  );
  const before = await readWithin(file, KEYS_LIMIT_BYTES).then(
    (bytes) => new TextDecoder().decode(bytes),
    (error: unknown) => {
      if (values.check) throw error;
      return undefined;
    },
  );
  const isSame = before === text;
  if (!values.check && !isSame) await writeWhole(file, text);
  const { keys } = parsePublishedKeys(text, productionSystem());
  if (values.json)
    printJson({
      file: name,
      isSame,
      isWritten: !values.check && !isSame,
      keys: keys.map(({ program, profile, keyDigest, provableBits }) => ({
        program,
        profile,
        keyDigest: formatDigest(keyDigest),
        provableBits,
      })),
    });
  else {
    const rows = keys.map(({ program, profile, keyDigest, provableBits }) => [
      program,
      profile,
      provableBits.toFixed(1),
      formatDigest(keyDigest),
    ]);
    print(table([['program', 'profile', 'bits', 'key'], ...rows]).join('\n'));
    print(
      isSame
        ? `${name} is up to date.`
        : values.check
          ? `${name} DIFFERS from the keys of these sources.`
          : `${name} written.`,
    );
  }
  return values.check && !isSame ? 1 : 0;
}

export const KEYS: Command = { usage: USAGE, run };
