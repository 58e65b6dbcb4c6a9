/** `colonnade aggregate`: one proof for many, by a tree of aggregates proved on this machine. */
import { basename, join, resolve } from 'node:path';
import { FINAL_HEIGHTS } from '../../programs/block/compression.ts';
import { BlockError } from '../../programs/block/errors.ts';
import { FAN_IN, planTree } from '../../server/aggregation/tree.ts';
import { FINAL, INNER } from '../../stark/profile.ts';
import { aggregateHost } from '../aggregateHost.ts';
import { fileOfAggregation } from '../aggregateService.ts';
import { checkChildren, type NamedProof, type NodeReport, proveTree, TreeError } from '../aggregateTree.ts';
import { readKeys, readProofFile, removeStale, requireWritable, writeProofFile } from '../files.ts';
import { formatDigest } from '../jsonFields.ts';
import { adapterChoice, DEVICE_OPTIONS, DEVICE_USAGE, startLocalProver } from '../localProver.ts';
import { encodeProofFile, leavesOf } from '../proofFile.ts';
import type { PublishedKeys } from '../publishedKeys.ts';
import {
  type Command,
  clearBar,
  type ExitCode,
  outputPath,
  print,
  printJson,
  readOptions,
  required,
  say,
  seconds,
  showProgress,
  table,
  UsageError,
  wholeNumber,
} from '../terminal.ts';
import { formatBits, productionSystem } from '../verifyFile.ts';
import { clientOf, failureOf, requireValid, submitOnce } from './through.ts';

const USAGE = `Usage: colonnade aggregate FILE... --out FILE [options]

Verifies proof files, folds them into one aggregate, level by level, and writes its proof file with the tree below it. Files may be
leaves, aggregates, or both.

  --out FILE                the proof file of the root
  --url URL                 a service instead of this machine's device; fan-in at most 8
  --fan-in N                children of a node, 2 to 64; default 2
  --single                  one node over all files
  --final                   the one node, over one aggregate, is proved under the profile final, with tables of the published heights:
                            small, for publication; an aggregate too large for them is first folded into one of itself alone
  --nodes FOLDER            also write the proof file of every node there; those of an earlier run that lie there are removed
  --without-claims          leave the typed statements of leaves out of the file
  --keys FILE               published keys; default keys.json of this installation
${DEVICE_USAGE}
  --json                    one JSON object a node, then one for the root
  --help`;

const TOO_LARGE =
  'The aggregate does not fit a final proof of the published heights; fold it alone once more, without --final, and wrap the outcome.';

const GREATEST_FAN_IN = 64;

/** The file of a node in the folder of --nodes. */
function nodeFile(name: string): string {
  return `${name.replace(' ', '-')}.proof`;
}

const NODE_FILE = /^node-\d+(\.\d+)*\.proof$/;

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    ...DEVICE_OPTIONS,
    out: { type: 'string' },
    url: { type: 'string' },
    'fan-in': { type: 'string' },
    single: { type: 'boolean', default: false },
    final: { type: 'boolean', default: false },
    nodes: { type: 'string' },
    keys: { type: 'string' },
    'without-claims': { type: 'boolean', default: false },
  });
  if (files.length === 0) throw new UsageError('expected: one proof file or more');
  const out = required(outputPath(values.out, '--out'), '--out');
  const nodesFolder = outputPath(values.nodes, '--nodes');
  const fanInOption = values['fan-in'];
  if (values.single && fanInOption !== undefined)
    throw new UsageError('--single and --fan-in contradict each other');
  const fanIn = values.single
    ? Math.max(FAN_IN.least, files.length)
    : fanInOption === undefined
      ? FAN_IN.usual
      : wholeNumber(fanInOption, '--fan-in', FAN_IN.least, GREATEST_FAN_IN);
  if (values.final && files.length > 1) throw new UsageError('--final takes one file: the aggregate to wrap');
  const profile = values.final ? FINAL.name : INNER.name;
  const pinned = values.final ? FINAL_HEIGHTS : undefined;
  const adapter = adapterChoice(values.adapter);
  const mebibytes = wholeNumber(values['device-mebibytes'], '--device-mebibytes', 0, 2 ** 20);
  const system = productionSystem();
  const keys = await readKeys(values.keys, system);
  await requireWritable(out);
  if (nodesFolder !== undefined) await requireWritable(join(nodesFolder, nodeFile('node')));

  const children: NamedProof[] = [];
  for (const name of files) {
    const file = await readProofFile(name);
    children.push({ name, file: values['without-claims'] ? { ...file, claim: undefined } : file });
  }
  checkChildren(children, keys, system, (name, number) =>
    showProgress(`verifying ${name}`, number / children.length),
  );
  if (values.url !== undefined) {
    if (values.final || values.single || nodesFolder !== undefined)
      throw new UsageError(
        '--url proves a tree of a fan-in: --final, --single and --nodes are for this machine',
      );
    return await aggregateThere(values.url, children, fanIn, keys, out, values.json ? 'json' : 'text');
  }
  if (keys.aggregate === undefined)
    throw new TreeError('KEY_NOT_PUBLISHED', 'No key of the aggregate program is published.', {});
  const host = aggregateHost(keys.aggregate.recursiveKeyDigest, profile, system);
  const { nodes } = planTree({ kind: 'aggregate', leafCount: children.length, fanIn, isOfAggregates: false });
  say(`${children.length} children verified; ${nodes.length} nodes; starting the prover`);

  const prover = await startLocalProver(adapter, mebibytes);
  const reports: NodeReport[] = [];
  let root: NamedProof;
  try {
    say(`adapter ${prover.ready.adapter.name}${prover.ready.adapter.isSoftware ? ' (software: slow)' : ''}`);
    root = await proveTree(
      children,
      fanIn,
      host,
      async (label, execution) => {
        try {
          return await prover.prove(label, host.profile, host.program, execution, pinned);
        } catch (error) {
          if (!(error instanceof BlockError)) throw error;
          throw new TreeError(error.code, TOO_LARGE, { child: files[0] ?? '', ...error.details });
        }
      },
      keys,
      system,
      async (report, node) => {
        reports.push(report);
        clearBar();
        if (values.json) printJson({ ...report, residentBytes: process.memoryUsage().rss });
        else
          say(
            `${report.node}: ${report.leaves} leaves, ${seconds(report.measures.totalSeconds)} s, ${report.proofBytes.toLocaleString('en-US')} bytes`,
          );
        if (nodesFolder !== undefined)
          await writeProofFile(join(nodesFolder, nodeFile(node.name)), node.file);
      },
    );
  } finally {
    clearBar();
    await prover.close();
  }
  const fileBytes = await writeProofFile(out, root.file);
  if (nodesFolder !== undefined) {
    // Neither what this run has read or written there nor what is not of this form is stale.
    const own = [out, ...files].filter((path) => resolve(path) === resolve(nodesFolder, basename(path)));
    const kept = [...reports.map(({ node }) => nodeFile(node)), ...own.map((path) => basename(path))];
    const removed = await removeStale(nodesFolder, NODE_FILE, new Set(kept));
    if (removed.length > 0) say(`Removed from ${nodesFolder}, of an earlier run: ${removed.join(', ')}`);
  }
  const leaves = leavesOf(root.file.entries ?? []).length;
  const statement = formatDigest(root.file.statement);
  if (values.json)
    printJson({ ok: true, file: out, fileBytes, leaves, statement, levels: levelsOf(reports) });
  else
    print(
      [
        ...levelsOf(reports).flatMap(levelLines),
        `${out}: ${fileBytes.toLocaleString('en-US')} bytes, of which the proof ${root.file.proofBytes.length.toLocaleString('en-US')}; ${leaves} leaves; statement ${statement}`,
      ].join('\n'),
    );
  return 0;
}

/** Throws: ServiceError; ProofNotValid when what the service proved is not what was asked for. */
async function aggregateThere(
  url: string,
  children: readonly NamedProof[],
  fanIn: number,
  keys: PublishedKeys,
  out: string,
  format: 'json' | 'text',
): Promise<ExitCode> {
  const client = clientOf(url);
  const start = performance.now();
  const request = {
    kind: 'aggregate' as const,
    fanIn,
    children: children.map(({ file }) => ({ file: Buffer.from(encodeProofFile(file)).toString('base64') })),
  };
  const submitted = await submitOnce((idempotencyKey) =>
    client.submitAggregation(request, { idempotencyKey }),
  );
  say(`aggregation ${submitted.id}`);
  const answer = await client.waitForAggregation(submitted.id, ({ state, progress: { proved, total } }) =>
    showProgress(`${state}: ${proved} of ${total} nodes`, total === 0 ? 0 : proved / total),
  );
  clearBar();
  const { proof } = answer;
  if (answer.state !== 'succeeded' || proof === undefined) throw failureOf('aggregation', answer);
  const proofBytes = await client.downloadProof(proof.job);
  const file = fileOfAggregation(
    { kind: 'aggregate' },
    answer,
    children.map((child) => child.file),
    proofBytes,
    keys,
  );
  const { verifySeconds, ...bounds } = requireValid(keys, productionSystem(), file);
  const fileBytes = await writeProofFile(out, file);
  const leaves = leavesOf(file.entries ?? []).length;
  const statement = formatDigest(file.statement);
  const proveSeconds = (performance.now() - start) / 1000;
  if (format === 'json')
    printJson({
      ok: true,
      file: out,
      fileBytes,
      proofBytes: proofBytes.length,
      leaves,
      statement,
      proveSeconds,
      verifySeconds,
      ...bounds,
      aggregation: answer,
    });
  else {
    const rows = answer.nodes.map((node) => [
      `${node.number}`,
      node.level,
      node.children.length,
      node.isReused ? 'reused' : node.state,
      node.proofBytes ?? '',
      node.seconds === undefined ? '' : seconds(node.seconds),
    ]);
    print(
      [
        ...table([['node', 'level', 'children', 'state', 'bytes', 'seconds'], ...rows]),
        `Busy ${seconds(answer.times.busySeconds)} s, critical path ${seconds(answer.times.criticalPathSeconds)} s, verified in ${seconds(verifySeconds)} s, ${formatBits(bounds)}`,
        `${out}: ${fileBytes.toLocaleString('en-US')} bytes, of which the proof ${proofBytes.length.toLocaleString('en-US')}; ${leaves} leaves; statement ${statement}`,
      ].join('\n'),
    );
  }
  return 0;
}

interface LevelReport {
  readonly level: number;
  readonly nodes: number;
  readonly cycles: number;
  readonly cells: number;
  readonly proofBytes: number;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
}

/** Sums over the nodes of each level. */
function levelsOf(reports: readonly NodeReport[]): LevelReport[] {
  const levels = [...new Set(reports.map(({ level }) => level))];
  return levels.map((level) => {
    const nodes = reports.filter((report) => report.level === level);
    const rows = new Map<string, number>();
    const stages = new Map<string, number>();
    const add = (sums: Map<string, number>, name: string, value: number): unknown =>
      sums.set(name, (sums.get(name) ?? 0) + value);
    for (const { measures, checkAndRunSeconds, verifySeconds } of nodes) {
      for (const each of measures.tables) add(rows, each.name, each.rows);
      add(stages, 'check and run', checkAndRunSeconds);
      for (const each of measures.stages) add(stages, each.name, each.seconds);
      add(stages, 'verify', verifySeconds);
    }
    const sum = (measureOf: (report: NodeReport) => number): number =>
      nodes.reduce((total, report) => total + measureOf(report), 0);
    return {
      level,
      nodes: nodes.length,
      cycles: sum(({ measures }) => measures.cycles),
      cells: sum(({ measures }) => measures.cells),
      proofBytes: sum(({ proofBytes }) => proofBytes),
      tables: [...rows].map(([name, count]) => ({ name, rows: count })),
      stages: [...stages].map(([name, each]) => ({ name, seconds: each })),
    };
  });
}

function levelLines({ level, nodes, cycles, cells, proofBytes, tables, stages }: LevelReport): string[] {
  const counts = [cycles, cells, proofBytes].map((each) => each.toLocaleString('en-US'));
  return [
    `Level ${level}: ${nodes} nodes, ${counts[0]} cycles, ${counts[1]} cells, ${counts[2]} bytes`,
    ...table([['  table', 'rows'], ...tables.map(({ name, rows }) => [`  ${name}`, rows])]),
    ...table([['  stage', 'seconds'], ...stages.map((each) => [`  ${each.name}`, seconds(each.seconds)])]),
    '',
  ];
}

export const AGGREGATE: Command = { usage: USAGE, run };
