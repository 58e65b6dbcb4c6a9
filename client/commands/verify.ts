/** `colonnade verify`: proof files against published keys, natively. */
import { parseBlockList } from '../../programs/block/blockJson.ts';
import { CAVEATS, claimToJson, describeClaim } from '../claims.ts';
import { compareList, requirePartition } from '../compareList.ts';
import { readJson, readKeys, readProofFile } from '../files.ts';
import { formatDigest } from '../jsonFields.ts';
import { refusalOf } from '../refusal.ts';
import {
  type Command,
  type ExitCode,
  print,
  printJson,
  readOptions,
  seconds,
  UsageError,
  wholeNumber,
} from '../terminal.ts';
import {
  FILE_REJECTIONS,
  type FileVerdict,
  formatBits,
  productionSystem,
  type ShownLeaf,
  verifyProofFile,
} from '../verifyFile.ts';

const USAGE = `Usage: colonnade verify FILE... [options]

Verifies proof files in plain TypeScript, without a GPU. Published keys are the only root of trust: programs, profiles and statements
that a file names are compared with them, and the statement of an aggregate is recomputed from the tree below it.

  --keys FILE     published keys; default keys.json of this installation
  --list FILE     the inclusion list, as JSON, that every block proof among the files must be about: the digest that a proof
                  names is compared with the list's own
  --partition K   the list must be cut as docs/spec/partition.md cuts it into K columns
  --leaves        print every leaf of an aggregate: its program, its statement and, where the file has it, what it says
  --json          one JSON object a file
  --help

Exit status: 0 when every file is valid, 2 for wrong options or when a file cannot be read, else 1.`;

function leafLines(leaf: ShownLeaf, number: number, isDetailed: boolean): string[] {
  const says = leaf.claim === undefined ? [] : describeClaim(leaf.claim, isDetailed ? 'accounts' : 'summary');
  return [
    `  leaf ${number}: ${leaf.program} under ${leaf.profile}, statement ${formatDigest(leaf.statement)}`,
    ...says.map((line) => `    ${line}`),
  ];
}

/** A verdict as `--json` prints it. */
export function verdictToJson(verdict: FileVerdict): Readonly<Record<string, unknown>> {
  if (!verdict.ok) return verdict;
  const { keyDigest, statement, leaves, ...others } = verdict;
  return {
    ...others,
    keyDigest: formatDigest(keyDigest),
    statement: formatDigest(statement),
    leaves: leaves.map((leaf) => ({
      program: leaf.program,
      profile: leaf.profile,
      keyDigest: formatDigest(leaf.keyDigest),
      statement: formatDigest(leaf.statement),
      ...(leaf.claim === undefined ? {} : { claim: claimToJson(leaf.claim) }),
    })),
  };
}

/** A verdict in sentences. */
export function describeVerdict(
  file: string,
  verdict: FileVerdict,
  verifySeconds: number,
  leaves: 'leaves' | 'no leaves',
): string[] {
  if (!verdict.ok)
    return [
      `${file}: NOT VALID. ${verdict.reason}: ${FILE_REJECTIONS[verdict.reason]} ${JSON.stringify(verdict.details)}`,
    ];
  const { program, profile, statement } = verdict;
  const own = verdict.leaves[0];
  const isLeaf = verdict.leaves.length === 1 && own !== undefined && own.program === program;
  return [
    `${file}: valid. ${program} under ${profile}, ${formatBits(verdict)}, ${seconds(verifySeconds)} s`,
    `  statement ${formatDigest(statement)}${isLeaf ? '' : `, ${verdict.leaves.length} leaves`}`,
    ...(isLeaf
      ? (own.claim === undefined
          ? []
          : describeClaim(own.claim, leaves === 'leaves' ? 'accounts' : 'summary')
        ).map((line) => `  ${line}`)
      : leaves === 'leaves'
        ? verdict.leaves.flatMap((leaf, number) => leafLines(leaf, number, false))
        : []),
  ];
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    keys: { type: 'string' },
    list: { type: 'string' },
    partition: { type: 'string' },
    leaves: { type: 'boolean', default: false },
  });
  if (files.length === 0) throw new UsageError('expected: one proof file or more');
  const system = productionSystem();
  const keys = await readKeys(values.keys, system);
  const list = values.list === undefined ? undefined : parseBlockList(await readJson(values.list));
  if (values.partition !== undefined) {
    if (list === undefined) throw new UsageError('--partition is about the list of --list');
    requirePartition(list, wholeNumber(values.partition, '--partition', 1, 65535));
  }
  const programs = new Set<string>();
  let exitCode: ExitCode = 0;
  for (const file of files) {
    let verdict: FileVerdict;
    const start = performance.now();
    try {
      verdict = verifyProofFile(keys, system, await readProofFile(file));
      if (list !== undefined) verdict = compareList(verdict, list);
    } catch (error) {
      if (files.length === 1) throw error;
      // One bad file of several must not hide what the others are.
      const refusal = refusalOf(error);
      if (values.json) printJson({ file, ok: false, reason: refusal.code, details: refusal.details });
      else print(`${file}: NOT VALID. ${refusal.message}`);
      if (exitCode < refusal.exitCode) exitCode = refusal.exitCode;
      continue;
    }
    const verifySeconds = (performance.now() - start) / 1000;
    if (verdict.ok && list !== undefined && !values.json)
      print(`${file}: the inclusion list is the one given, ${list.length} transactions.`);
    if (!verdict.ok) exitCode = exitCode === 2 ? 2 : 1;
    else for (const { program } of [verdict, ...verdict.leaves]) programs.add(program);
    if (values.json) printJson({ file, ...verdictToJson(verdict), verifySeconds });
    else
      print(describeVerdict(file, verdict, verifySeconds, values.leaves ? 'leaves' : 'no leaves').join('\n'));
  }
  if (!values.json)
    for (const program of programs) if (CAVEATS[program] !== undefined) print(CAVEATS[program]);
  return exitCode;
}

export const VERIFY: Command = { usage: USAGE, run };
