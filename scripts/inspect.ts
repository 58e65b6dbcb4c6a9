/** Shows what a proof file holds without believing it, and verifies it when a statement is given. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { statementSchema } from '../server/api/schemas.ts';
import { verifyingKeyOf } from '../server/keys.ts';
import { SERVED_PROGRAMS } from '../server/registry.ts';
import { FINAL, INNER, LEAF, type Profile } from '../stark/profile.ts';
import { productionPolicy, verify } from '../stark/verifier.ts';
import { formatInspection, type InspectReport, inspectProof } from './inspectReport.ts';

const PROFILES: readonly Profile[] = [LEAF, INNER, FINAL];

const USAGE = `Usage: npm run inspect -- FILE [options]

Prints what a proof file holds: version, tables, caps and the bytes of every part. Only its shape is checked unless a
statement is given.

  --program NAME      ${[...SERVED_PROGRAMS.keys()].join(', ')}; default column
  --profile NAME      ${PROFILES.map(({ name }) => name).join(', ')}; default leaf
  --statement 0x…     verify the proof for this statement as well: 8 words of 8 hex digits
  --json              print one JSON object
  --help

Exit status: 0, or 1 for a file that is no proof of this program and profile or is not valid, or 2 for wrong options.
`;

const CAVEATS: Readonly<Record<string, string>> = {
  column:
    'A column proof does not say that anybody signed: signatures are not part of the statement, and each sender is an input that its digest binds.',
};

interface Options {
  readonly file: string;
  readonly program: string;
  readonly profile: Profile;
  /** 0x and hex digits, and the words. */
  readonly statement: { readonly text: string; readonly words: Uint32Array } | undefined;
  readonly format: 'json' | 'table';
}

/** Undefined when only the usage was asked for. Throws: TypeError, RangeError on wrong options. */
function readOptions(): Options | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      program: { type: 'string', default: 'column' },
      profile: { type: 'string', default: LEAF.name },
      statement: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new RangeError('exactly one file is expected');
  if (!SERVED_PROGRAMS.has(values.program)) throw new RangeError(`--program: there is no ${values.program}`);
  const profile = PROFILES.find(({ name }) => name === values.profile);
  if (profile === undefined) throw new RangeError(`--profile: there is no ${values.profile}`);
  const { statement: text } = values;
  const words = statementSchema.optional().safeParse(text);
  if (!words.success) throw new RangeError(`--statement: ${words.error.issues[0]?.message}`);
  return {
    file,
    program: values.program,
    profile,
    statement: text === undefined || words.data === undefined ? undefined : { text, words: words.data },
    format: values.json ? 'json' : 'table',
  };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions();
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { file, program, profile, statement, format } = options;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 2;
  }
  const served = SERVED_PROGRAMS.get(program);
  if (served === undefined) throw new Error(`no program ${program}`);
  const key = await verifyingKeyOf(served.program(), profile);
  const inspection = inspectProof(bytes, key);
  if (!inspection.ok) {
    const { reason, details } = inspection;
    if (format === 'json') process.stdout.write(`${JSON.stringify(inspection)}\n`);
    else say(`${file} is no proof of ${program} under ${profile.name}: ${reason} ${JSON.stringify(details)}`);
    return 1;
  }
  const report: InspectReport = {
    file,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    program,
    inspection,
    caveat: CAVEATS[program] ?? '',
    verification: statement && {
      statement: statement.text,
      verdict: verify(key, statement.words, bytes, productionPolicy()),
    },
  };
  process.stdout.write(`${format === 'json' ? JSON.stringify(report) : formatInspection(report)}\n`);
  return report.verification?.verdict.ok === false ? 1 : 0;
}

process.exitCode = await main();
