/** An aggregation as its callers see it. */
import { blockSummaryToJson } from '../../programs/block/blockJson.ts';
import {
  AGGREGATION_FAILURES,
  type Aggregation,
  type LeafRecord,
  type NodeRecord,
  partOf,
} from '../aggregation/aggregation.ts';
import type { Part } from '../aggregation/tree.ts';
import { neededParts, type PartState, secondsOnProvers, treeTimes } from '../aggregation/treeState.ts';
import type { AggregationAnswer } from '../api/aggregationSchemas.ts';
import { formatStatement } from '../api/schemas.ts';
import { pastProofs } from '../estimates/history.ts';
import { JOB_FAILURES } from '../jobs/job.ts';
import { boundsOf } from '../profiles.ts';
import type { Services } from '../services.ts';

const PROVERS = [1, 2, 4, 8] as const;

type PartAnswer = AggregationAnswer['children'][number];

const moment = (atMs: number): string => new Date(atMs).toISOString();

const partAnswer = ({ kind, number }: Part) => ({
  kind: kind === 'leaf' ? ('child' as const) : ('node' as const),
  number,
});

/** Of the last attempt; undefined before it has ended. */
function secondsOf({ job }: LeafRecord | NodeRecord): number | undefined {
  if (job?.startedAtMs === undefined || job.finishedAtMs === undefined) return undefined;
  return (job.finishedAtMs - job.startedAtMs) / 1000;
}

function stateOf({ job, proof }: LeafRecord | NodeRecord, isNeeded: boolean): PartState {
  if (job !== undefined) return job.state;
  if (proof !== undefined) return 'succeeded';
  return isNeeded ? 'waiting' : 'unneeded';
}

function recordAnswer(record: LeafRecord | NodeRecord, number: number, state: PartState) {
  const { program, profile, statement, job } = record;
  const seconds = secondsOf(record);
  const { startedAtMs, finishedAtMs, failure, proved } = job ?? {};
  return {
    number,
    program,
    profile,
    state,
    ...(job === undefined ? {} : { job: job.id }),
    ...(statement === undefined ? {} : { statement: formatStatement(statement) }),
    attempts: job?.attempts ?? 0,
    ...(startedAtMs === undefined ? {} : { startedAt: moment(startedAtMs) }),
    ...(finishedAtMs === undefined ? {} : { finishedAt: moment(finishedAtMs) }),
    ...(seconds === undefined ? {} : { seconds }),
    ...proved,
    ...(failure === undefined ? {} : { failure: { ...JOB_FAILURES[failure.code], ...failure } }),
  } satisfies Partial<PartAnswer>;
}

function isProved({ job, proof }: LeafRecord | NodeRecord): boolean {
  return proof !== undefined || job?.state === 'succeeded';
}

export function aggregationSummary(aggregation: Aggregation) {
  const { id, kind, state, submittedAtMs, finishedAtMs, nodes } = aggregation;
  return {
    id,
    kind,
    state: state.name,
    submittedAt: moment(submittedAtMs),
    ...(finishedAtMs === undefined ? {} : { finishedAt: moment(finishedAtMs) }),
    progress: { proved: nodes.filter(isProved).length, total: nodes.length },
  } satisfies Partial<AggregationAnswer>;
}

export function aggregationAnswer(
  aggregation: Aggregation,
  { allProfiles, store }: Pick<Services, 'allProfiles' | 'store'>,
): AggregationAnswer {
  const { state, plan, leaves, nodes, deadlineMs, block } = aggregation;
  const needed = neededParts(plan, (node) => isProved(partOf(aggregation, { kind: 'node', number: node })));
  const partSeconds = (part: Part): number | undefined => secondsOf(partOf(aggregation, part));
  const { criticalPath, ...times } = treeTimes(plan, partSeconds);

  /** On one prover; undefined when nothing of a profile was proved yet. */
  const remainingSeconds = (): number | undefined => {
    const own = [...needed.leaves].flatMap((leaf) => leaves[leaf] ?? []).filter((leaf) => !isProved(leaf));
    const left = [...own, ...[...needed.nodes].flatMap((node) => nodes[node] ?? [])];
    const profiles = [...new Set(left.map(({ profile }) => profile))];
    const meanOf = new Map(profiles.map((profile) => [profile, pastProofs(store, profile)?.meanSeconds]));
    let total = 0;
    for (const { profile } of left) {
      const mean = meanOf.get(profile);
      if (mean === undefined) return undefined;
      total += mean;
    }
    return total;
  };
  const remaining = state.name === 'running' ? remainingSeconds() : undefined;
  const root = nodes.at(-1);
  return {
    ...aggregationSummary(aggregation),
    fanIn: aggregation.fanIn,
    priority: aggregation.priority,
    ...(deadlineMs === undefined ? {} : { deadline: moment(deadlineMs) }),
    traceId: aggregation.traceId,
    ...('failure' in state
      ? { failure: { ...AGGREGATION_FAILURES[state.failure.code], ...state.failure } }
      : {}),
    children: leaves.map((leaf, number) => ({
      ...recordAnswer(
        leaf,
        number,
        leaf.origin === 'upload' ? 'succeeded' : stateOf(leaf, needed.leaves.has(number)),
      ),
      origin: leaf.origin,
      keyDigest: formatStatement(leaf.keyDigest),
    })),
    nodes: nodes.map((node, number) => ({
      ...recordAnswer(node, number, stateOf(node, needed.nodes.has(number))),
      role: node.planned.role,
      level: node.planned.level,
      children: node.planned.children.map(partAnswer),
      isReused: node.isReused,
    })),
    times: {
      ...times,
      criticalPath: criticalPath.map(partAnswer),
      onProvers: (state.name === 'succeeded' ? PROVERS : []).map((provers) => ({
        provers,
        seconds: secondsOnProvers(plan, partSeconds, provers),
      })),
      ...(remaining === undefined ? {} : { remainingSeconds: remaining }),
    },
    ...(block === undefined ? {} : { block: blockSummaryToJson(block.summary) }),
    ...(state.name === 'succeeded' && root?.job?.proved !== undefined && root.statement !== undefined
      ? {
          proof: {
            job: root.job.id,
            statement: formatStatement(root.statement),
            proofBytes: root.job.proved.proofBytes,
            sha256: root.job.proved.sha256,
            ...boundsOf(allProfiles, root.profile),
            verifySeconds: root.job.proved.verifySeconds,
          },
        }
      : {}),
  };
}
