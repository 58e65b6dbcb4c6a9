/** `colonnade inspect`: what a proof holds, part by part, and the tree of an aggregate; verified only where a statement is at hand. */
import { createHash } from 'node:crypto';
import { CAVEATS } from '../claims.ts';
import { readKeys, readWithin } from '../files.ts';
import { formatInspection, type InspectReport, inspectProof } from '../inspectProof.ts';
import { digestOf, formatDigest } from '../jsonFields.ts';
import { decodeProofFile, PROOF_FILE_LIMITS, type ProofFile } from '../proofFile.ts';
import { findKey, type PublishedKeys } from '../publishedKeys.ts';
import {
  type Command,
  type ExitCode,
  exactlyOne,
  print,
  printJson,
  readOptions,
  say,
  UsageError,
} from '../terminal.ts';
import { treeLines, treeToJson } from '../tree.ts';
import { productionSystem, verifyProofFile } from '../verifyFile.ts';
import { verdictToJson } from './verify.ts';

const USAGE = `Usage: colonnade inspect FILE [options]

Prints what a proof file, or the bare bytes of a proof, hold: version, tables, caps, the bytes of every part, and the tree of an aggregate. The
proof of a file is verified as colonnade verify does; that of bare bytes for --statement only.

  --keys FILE         published keys; default keys.json of this installation
  --program NAME      of bare bytes; default column
  --profile NAME      of bare bytes; default leaf
  --statement 0x…     of bare bytes: verify them for this statement, 8 words of 8 hex digits
  --json              print one JSON object
  --help

Exit status: 0, or 1 for a file that is no proof of its program and profile or is not valid, or 2 for wrong options.`;

const OPENING_BRACE = 0x7b;

interface Subject {
  readonly program: string;
  readonly profile: string;
  readonly proofBytes: Uint8Array;
  readonly file: ProofFile | undefined;
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    keys: { type: 'string' },
    program: { type: 'string' },
    profile: { type: 'string' },
    statement: { type: 'string' },
  });
  const path = exactlyOne(files, 'file');
  const system = productionSystem();
  const keys = await readKeys(values.keys, system);
  const statement = readStatement(values.statement);
  for (const [option, name, known] of [
    ['--program', values.program, keys.keys.map(({ program }) => program)],
    ['--profile', values.profile, keys.keys.map(({ profile }) => profile)],
  ] as const)
    if (name !== undefined && !known.includes(name))
      throw new UsageError(`${option}: expected ${[...new Set(known)].join(', ')}, got ${name}`);
  const bytes = await readWithin(path, PROOF_FILE_LIMITS.fileBytes);
  const file = bytes[0] === OPENING_BRACE ? decodeProofFile(bytes) : undefined;
  if (file !== undefined && [values.program, values.profile, statement].some((each) => each !== undefined))
    throw new UsageError(`${path} is a proof file: it names program, profile and statement itself`);
  const subject: Subject = {
    program: file?.program ?? values.program ?? 'column',
    profile: file?.profile ?? values.profile ?? 'leaf',
    proofBytes: file?.proofBytes ?? bytes,
    file,
  };
  return inspect(path, subject, statement, keys, values.json ? 'json' : 'text');
}

function readStatement(text: string | undefined): Uint32Array | undefined {
  if (text === undefined) return undefined;
  try {
    return digestOf(text, '--statement');
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function inspect(
  path: string,
  { program, profile, proofBytes, file }: Subject,
  statement: Uint32Array | undefined,
  keys: PublishedKeys,
  format: 'json' | 'text',
): ExitCode {
  const published = findKey(keys.keys, program, profile);
  const key = published?.verifyingKey;
  const inspection =
    key === undefined
      ? ({ ok: false, reason: 'KEY_NOT_PUBLISHED', details: { program, profile } } as const)
      : inspectProof(proofBytes, key);
  const tree = file?.entries;
  if (!inspection.ok) {
    const { reason, details } = inspection;
    if (format === 'json') printJson({ ...inspection, ...(tree ? { entries: treeToJson(tree, keys) } : {}) });
    else say(`${path} is no proof of ${program} under ${profile}: ${reason} ${JSON.stringify(details)}`);
    return 1;
  }
  const system = productionSystem();
  const stated = statement ?? file?.statement;
  const subject: ProofFile | undefined =
    file ??
    (stated === undefined || published === undefined
      ? undefined
      : {
          program,
          profile,
          keyDigest: published.keyDigest,
          statement: stated,
          claim: undefined,
          entries: undefined,
          proofBytes,
        });
  const verdict = subject === undefined ? undefined : verifyProofFile(keys, system, subject);
  const report: InspectReport = {
    file: path,
    sha256: createHash('sha256').update(proofBytes).digest('hex'),
    program,
    inspection,
    caveat: CAVEATS[program] ?? '',
    verification:
      verdict === undefined || stated === undefined
        ? undefined
        : {
            statement: formatDigest(stated),
            verdict: verdict.ok
              ? { ok: true, provableBits: verdict.provableBits, collisionBits: verdict.collisionBits }
              : { ok: false, reason: verdict.reason, details: verdict.details },
          },
  };
  if (format === 'json')
    printJson({
      ...report,
      ...(verdict === undefined ? {} : { verdict: verdictToJson(verdict) }),
      ...(tree ? { entries: treeToJson(tree, keys) } : {}),
    });
  else {
    print(formatInspection(report));
    if (tree) print(['', 'The tree, as the file has it:', ...treeLines(tree, keys)].join('\n'));
  }
  return verdict?.ok === false ? 1 : 0;
}

export const INSPECT: Command = { usage: USAGE, run };
