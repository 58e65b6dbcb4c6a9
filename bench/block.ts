/**
 * A whole block by the service: columns, aggregates, block, shrunk and final proof, asked for in one request. Seconds and bytes of each
 * level, and how long the tree takes with more provers than the one that was measured.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { parseBlockFile } from '../chain/blockFile.ts';
import { blockInput } from '../chain/blockInput.ts';
import { blockList } from '../chain/blockList.ts';
import { type AggregationAnswer, createClient, isFinished } from '../client/client.ts';
import { blockListToJson } from '../programs/block/blockJson.ts';
import { columnInputToJson } from '../programs/column/input.ts';
import { LEAF } from '../stark/profile.ts';
import { figureOf, type MeasurementOutcome, type MeasurementSettings } from './measurement.ts';

const POLL_MS = 1000;

/** Named so that a bundler does not follow them. */
const SERVICE: string = '../server/service.ts';
const SETTINGS: string = '../server/settings.ts';

export async function measureBlock({ block, columns }: MeasurementSettings): Promise<MeasurementOutcome> {
  const packed = readFileSync(new URL(`../data/blocks/${block}.json.gz`, import.meta.url));
  const input = blockInput(parseBlockFile(JSON.parse(gunzipSync(packed).toString('utf8'))), columns);
  // Not part of the bundle that a bare machine runs.
  const { startService } = (await import(SERVICE)) as typeof import('../server/service.ts');
  const { parseSettings } = (await import(SETTINGS)) as typeof import('../server/settings.ts');
  const service = await startService(
    parseSettings(
      [
        '--port=0',
        `--adapter=${process.env['COLONNADE_ADAPTER'] ?? 'auto'}`,
        '--log-level=error',
        '--attempt-timeout-seconds=86400',
      ],
      {},
    ),
  );
  try {
    const client = createClient(service.url);
    const { adapter } = await client.waitUntilReady();
    const jobs: string[] = [];
    for (const column of input.columns) {
      const inputs = columnInputToJson(column);
      jobs.push((await client.submitProof({ program: 'column', profile: LEAF.name, inputs })).id);
    }
    let answer: AggregationAnswer = await client.submitAggregation({
      kind: 'block',
      children: jobs.map((job) => ({ job })),
      list: blockListToJson(blockList(input)),
    });
    while (!isFinished(answer)) {
      await sleep(POLL_MS);
      answer = await client.getAggregation(answer.id);
    }
    if (answer.state !== 'succeeded')
      throw new Error(`the block ${answer.state}: ${JSON.stringify(answer.failure)}`);
    return { ...describe(answer), facts: { adapter: adapter.name, block, columns, ...factsOf(answer) } };
  } finally {
    await service.close();
  }
}

/** Sums of the parts of each level, the columns first. */
function levelsOf({ children, nodes }: AggregationAnswer): Map<string, { seconds: number; bytes: number[] }> {
  const levels = new Map<string, { seconds: number; bytes: number[] }>();
  const add = (name: string, seconds = 0, bytes = 0): void => {
    const level = levels.get(name) ?? { seconds: 0, bytes: [] };
    levels.set(name, { seconds: level.seconds + seconds, bytes: [...level.bytes, bytes] });
  };
  for (const { seconds, proofBytes } of children) add('columns', seconds, proofBytes);
  for (const { role, level, seconds, proofBytes } of nodes)
    add(role === 'aggregate' ? `aggregates, level ${level}` : role, seconds, proofBytes);
  return levels;
}

function describe(answer: AggregationAnswer): Pick<MeasurementOutcome, 'figures' | 'stages'> {
  const { times, proof } = answer;
  return {
    figures: [
      figureOf('block: one prover, measured', 's', [times.busySeconds]),
      ...times.onProvers.map(({ provers, seconds }) =>
        figureOf(`block: ${provers} provers, computed`, 's', [seconds]),
      ),
      figureOf('block: critical path, computed', 's', [times.criticalPathSeconds]),
      figureOf('block: verification', 's', [proof?.verifySeconds ?? 0]),
    ],
    stages: [...levelsOf(answer)].map(([stage, { seconds }]) => ({
      stage: `block: ${stage}`,
      seconds,
      deviceSeconds: 0,
      hostSeconds: 0,
    })),
  };
}

function factsOf(answer: AggregationAnswer): Record<string, string | number> {
  const facts: Record<string, string | number> = { finalProofBytes: answer.proof?.proofBytes ?? 0 };
  for (const [level, { bytes }] of levelsOf(answer)) facts[`${level}: proof bytes`] = bytes.join(', ');
  return facts;
}
