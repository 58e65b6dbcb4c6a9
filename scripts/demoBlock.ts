/**
 * From the columns' jobs to the final proof of the block: the service folds them, and here the final proof is verified from the
 * published keys alone, against the statement that is computed here from the block's data.
 * Source: docs/spec/block.md, section Compression.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { blockFile } from '../client/aggregateService.ts';
import { type AggregationAnswer, type ColonnadeClient, isFinished } from '../client/client.ts';
import type { ProofFile } from '../client/proofFile.ts';
import { bitsBehind, findKey, type PublishedKey, type PublishedKeys } from '../client/publishedKeys.ts';
import { blockListToJson, blockSummaryToJson } from '../programs/block/blockJson.ts';
import {
  type BlockStatement,
  type ListedTransfer,
  summarizeBlock,
} from '../programs/block/blockStatement.ts';
import { FINAL_HEIGHTS, requirePinned } from '../programs/block/compression.ts';
import { BLOCK_CAVEATS, describeBlock, describeSkipped } from '../programs/block/describe.ts';
import { type BlockPolicy, finalStatement, verifyBlock } from '../programs/block/verifyBlock.ts';
import { formatStatement } from '../server/api/schemas.ts';
import { FINAL, INNER } from '../stark/profile.ts';
import { decodeProof } from '../stark/proof/codec.ts';
import { COLLISION_BITS } from '../stark/soundness.ts';
import { productionPolicy } from '../stark/verifier.ts';
import { addStages, type FinalReport, type LevelReport } from './demoReport.ts';

const POLL_MS = 500;

/** Throws: Error when it is not published. */
export function requireKey(keys: PublishedKeys, program: string, profile: string): PublishedKey {
  const key = findKey(keys.keys, program, profile);
  if (key === undefined) throw new Error(`keys.json has no key of ${program} under ${profile}`);
  return key;
}

/** Asks for the block of these jobs, by number of the column. Returns the aggregation's id. */
export async function submitBlock(
  client: ColonnadeClient,
  jobs: readonly string[],
  list: readonly ListedTransfer[],
  fanIn: number,
): Promise<string> {
  const { id } = await client.submitAggregation({
    kind: 'block',
    children: jobs.map((job) => ({ job })),
    list: blockListToJson(list),
    fanIn,
  });
  return id;
}

/** Says every change of a node. Throws: Error when there is no block proof in the end. */
export async function waitForBlock(
  client: ColonnadeClient,
  id: string,
  say: (text: string) => void,
): Promise<AggregationAnswer> {
  const said = new Map<number, string>();
  for (;;) {
    const answer = await client.getAggregation(id);
    for (const { number, role, state, attempts, children } of answer.nodes) {
      const line = `node ${number + 1} of ${answer.nodes.length} (${role} of ${children.length}): ${state}${attempts > 1 ? `, attempt ${attempts}` : ''}`;
      if (state !== 'waiting' && said.get(number) !== line) say(line);
      said.set(number, line);
    }
    if (answer.state === 'succeeded') return answer;
    if (isFinished(answer)) throw new Error(`the block ${answer.state}: ${JSON.stringify(answer.failure)}`);
    await sleep(POLL_MS);
  }
}

/** The levels of the tree from below, with the sums of their nodes. Throws: Error when a node has no proof. */
export async function levelsOf(
  client: ColonnadeClient,
  { nodes }: AggregationAnswer,
): Promise<LevelReport[]> {
  const levels = new Map<string, LevelReport>();
  for (const { level, role, profile, job, seconds, children } of nodes) {
    const { proof } = job === undefined ? {} : await client.getProof(job);
    if (proof === undefined) throw new Error(`a node with the role ${role} has no proof`);
    const { measures } = proof;
    const name = `${level} ${role}`;
    const before = levels.get(name);
    levels.set(name, {
      level,
      role,
      profile,
      proofs: (before?.proofs ?? 0) + 1,
      children: (before?.children ?? 0) + children.length,
      cycles: (before?.cycles ?? 0) + measures.cycles,
      largestTableRows: Math.max(before?.largestTableRows ?? 0, ...measures.tables.map(({ rows }) => rows)),
      cells: (before?.cells ?? 0) + measures.tables.reduce((total, { cells }) => total + cells, 0),
      proofBytes: (before?.proofBytes ?? 0) + proof.proofBytes,
      seconds: (before?.seconds ?? 0) + (seconds ?? 0),
      serviceVerifySeconds: (before?.serviceVerifySeconds ?? 0) + proof.verifySeconds,
      stages: addStages(before?.stages ?? [], measures.stages),
      tables: [...(before?.tables ?? []), measures.tables],
    });
  }
  return [...levels.values()];
}

export interface CheckedBlock {
  readonly final: FinalReport;
  /** For whoever verifies it elsewhere. */
  readonly file: ProofFile;
}

/** Downloads the final proof and verifies it against the block computed here. Throws: Error when anything is wrong. */
export async function checkFinal(
  client: ColonnadeClient,
  answer: AggregationAnswer,
  keys: PublishedKeys,
  block: BlockStatement,
): Promise<CheckedBlock> {
  const { proof } = answer;
  if (proof === undefined) throw new Error('a block that succeeded has no proof');
  const summary = summarizeBlock(block);
  if (!isSameSummary(answer.block, blockSummaryToJson(summary)))
    throw new Error('the service states another block than the data give');
  const bytes = await client.downloadProof(proof.job);
  const finalKey = requireKey(keys, 'aggregate', FINAL.name);
  const aggregateKey = requireKey(keys, 'aggregate', INNER.name);
  const blockKey = requireKey(keys, 'block', INNER.name);
  const policy: BlockPolicy = {
    finalKeyDigest: finalKey.keyDigest,
    aggregateKeyDigest: aggregateKey.keyDigest,
    blockKeyDigest: blockKey.keyDigest,
    verifier: productionPolicy(),
  };
  const start = performance.now();
  const verdict = verifyBlock(finalKey.verifyingKey, summary, bytes, policy);
  const verifyMs = performance.now() - start;
  if (!verdict.ok)
    throw new Error(`the final proof does not verify: ${verdict.code} ${JSON.stringify(verdict.details)}`);

  const { system } = finalKey.verifyingKey;
  const tableNames = system.tables.map(({ name }) => name);
  const decoded = decodeProof(bytes, finalKey.verifyingKey);
  if (!decoded.ok) throw new Error(`a proof that verifies is malformed: ${decoded.reason}`);
  const { logHeights } = decoded.proof;
  requirePinned(tableNames, logHeights, FINAL_HEIGHTS);
  return {
    file: blockFile(summary, bytes, keys),
    final: {
      proofBytes: bytes.byteLength,
      provableBits: Math.min(...[finalKey, aggregateKey, blockKey].map(bitsBehind)),
      collisionBits: COLLISION_BITS,
      verifyMs,
      serviceVerifyMs: 1000 * proof.verifySeconds,
      proofSha256: createHash('sha256').update(bytes).digest('hex'),
      statement: formatStatement(finalStatement(policy, verdict.blockDigest)),
      blockStatement: formatStatement(verdict.blockDigest),
      logHeights: Object.fromEntries(
        tableNames.flatMap((name, slot) => {
          const logHeight = logHeights[slot];
          return logHeight === undefined ? [] : [[name, logHeight]];
        }),
      ),
      claims: [...describeBlock(summary), ...describeSkipped(block)],
      caveats: BLOCK_CAVEATS,
    },
  };
}

function isSameSummary(
  got: AggregationAnswer['block'],
  expected: Readonly<Record<string, string | number>>,
): boolean {
  const names = Object.keys(expected);
  return (
    got !== undefined &&
    Object.keys(got).length === names.length &&
    names.every((name) => got[name] === expected[name])
  );
}
