/** What a tree would take, judged by past proofs of the same programs under the same profiles. */

import type { AggregationEstimate } from '../api/aggregationSchemas.ts';
import { queueSeconds } from '../estimates/history.ts';
import type { JobStore } from '../jobs/store.ts';
import type { RolePrograms } from './aggregations.ts';
import { planTree, type TreeShape } from './tree.ts';
import { secondsOnProvers, treeTimes } from './treeState.ts';

/** Proofs that are looked at; older ones may be of another load of the machine. */
const PROOFS = 64;
const PROVERS = [1, 2, 4, 8] as const;

interface Past {
  readonly count: number;
  readonly seconds: number;
  readonly peakDeviceBytes: number;
}

/** By program and profile. */
function pastOf(store: JobStore): Map<string, Past> {
  const past = new Map<string, Past>();
  for (const { program, profile, state, attempts, finishedAtMs } of store.list({
    limit: PROOFS,
    state: 'succeeded',
  })) {
    const startedAtMs = attempts.at(-1)?.startedAtMs;
    if (state.name !== 'succeeded' || startedAtMs === undefined || finishedAtMs === undefined) continue;
    const name = `${program} ${profile}`;
    const { count, seconds, peakDeviceBytes } = past.get(name) ?? {
      count: 0,
      seconds: 0,
      peakDeviceBytes: 0,
    };
    past.set(name, {
      count: count + 1,
      seconds: seconds + (finishedAtMs - startedAtMs) / 1000,
      peakDeviceBytes: Math.max(peakDeviceBytes, state.proof.measures.peakDeviceBytes),
    });
  }
  return past;
}

/** Without the proofs of the children; without seconds where a role has no past. Throws: RangeError of `planTree`. */
export function estimateTree(
  store: JobStore,
  roles: RolePrograms,
  shape: Pick<TreeShape, 'kind' | 'leafCount' | 'fanIn'>,
): AggregationEstimate {
  const plan = planTree({ ...shape, isOfAggregates: false });
  const past = pastOf(store);
  const nodes = plan.nodes.map(({ role, level, children }) => {
    const { program, profile } = roles[role];
    const known = past.get(`${program} ${profile}`);
    return {
      role,
      level,
      program,
      profile,
      children: children.length,
      pastProofs: known?.count ?? 0,
      ...(known === undefined
        ? {}
        : { seconds: known.seconds / known.count, deviceBytes: known.peakDeviceBytes }),
    };
  });
  const isKnown = nodes.every(({ seconds }) => seconds !== undefined);
  const secondsOf = ({ kind, number }: { readonly kind: 'leaf' | 'node'; readonly number: number }) =>
    kind === 'node' ? nodes[number]?.seconds : undefined;
  const { busySeconds, criticalPathSeconds } = treeTimes(plan, secondsOf);
  const wait = queueSeconds(store, Date.now());
  return {
    kind: shape.kind,
    fanIn: shape.fanIn,
    children: shape.leafCount,
    nodes,
    ...(isKnown
      ? {
          times: {
            busySeconds,
            criticalPathSeconds,
            onProvers: PROVERS.map((provers) => ({
              provers,
              seconds: secondsOnProvers(plan, secondsOf, provers),
            })),
          },
        }
      : {}),
    ...(wait === undefined ? {} : { queueSeconds: wait }),
  };
}
