/**
 * Nodes of a tree of proofs: the aggregate program over one, two and four aggregates that are nodes of two themselves. Below
 * them stands one leaf, a short run of plain instructions; the same proof stands for every child, which the program
 * does not mind, so that no time goes into making children.
 */
import { createWgslBackend } from '../kernels/backend.ts';
import { openDevice } from '../kernels/device.ts';
import type { Program } from '../machine/program.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces, run } from '../machine/system.ts';
import {
  buildAggregateProgram,
  buildTestOnlyAggregateProgram,
  CHILD_PROFILES,
} from '../programs/aggregate/aggregateProgram.ts';
import { type AggregateEntry, aggregateStatement } from '../programs/aggregate/aggregateStatement.ts';
import {
  aggregateHints,
  type Child,
  type ChildWitness,
  childWitness,
} from '../programs/aggregate/witness.ts';
import type { Backend } from '../stark/backend.ts';
import { generateKey, keyDigest, type ProvingKey, releaseKey } from '../stark/keys.ts';
import { type Profile, profileDigest, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../stark/profile.ts';
import { prove } from '../stark/prover.ts';
import { verify } from '../stark/verifier.ts';
import { loopProgram } from './guests.ts';
import {
  type MeasurementOutcome,
  type MeasurementSettings,
  type StageSeconds,
  secondsOf,
} from './measurement.ts';
import { measureProof } from './proof.ts';

const LEAF_ITERATIONS = 20;
/** Children of the measured nodes, and of the nodes below them from the leaf's parent on. */
const FAN_INS = { quick: [1], software: [1, 2, 4], hardware: [1, 2, 4] } as const;
const FAN_INS_BELOW = { quick: [1], software: [1, 2], hardware: [1, 2] } as const;

/** The leaf's profile, then the aggregates'. */
type TreeProfiles = readonly [Profile, Profile];

function treeOf(scale: MeasurementSettings['scale']): { program: Program; profiles: TreeProfiles } {
  if (scale === 'quick') {
    const profiles: TreeProfiles = [TEST_ONLY_LEAF, TEST_ONLY_INNER];
    return { program: buildTestOnlyAggregateProgram(profiles), profiles };
  }
  const [leaf, inner] = CHILD_PROFILES;
  if (leaf === undefined || inner === undefined) throw new RangeError('a tree has two profiles');
  return { program: buildAggregateProgram(), profiles: [leaf, inner] };
}

async function proveLeaf(backend: Backend, profile: Profile): Promise<Child> {
  const program = loopProgram(LEAF_ITERATIONS);
  const key = await generateKey(backend, COLONNADE_MACHINE, profile, preprocessedTraces(program));
  const execution = run(program);
  const { statement } = execution;
  const proofBytes = await prove(backend, key, statement, buildTraces(program, execution));
  releaseKey(backend, key);
  return { key: key.verifyingKey, statement, proofBytes, inner: undefined };
}

/** One child, `fanIn` times: its witness, the entries, and the host's seconds for checking and witnessing them all. */
function witnessed(
  child: Child,
  fanIn: number,
  profiles: TreeProfiles,
): {
  readonly witnesses: readonly ChildWitness[];
  readonly entries: readonly AggregateEntry[];
  readonly stages: Promise<readonly StageSeconds[]>;
} {
  const policy = { acceptedProfileDigests: profiles.map(profileDigest) };
  const check = (): void => {
    const verdict = verify(child.key, child.statement, child.proofBytes, policy);
    if (!verdict.ok) throw new Error(`the child is rejected: ${verdict.reason}`);
  };
  const witness = (): ChildWitness => {
    const answer = childWitness(COLONNADE_MACHINE, profiles, child);
    if (!answer.ok) throw new Error(`the child has no witness: ${answer.reason}`);
    return answer.witness;
  };
  const entry: AggregateEntry = child.inner ?? {
    kind: 'leaf',
    keyDigest: keyDigest(child.key),
    statement: child.statement,
  };
  const times = <Each>(work: () => Each): Each[] => Array.from({ length: fanIn }, work);
  const measure = async (): Promise<readonly StageSeconds[]> => {
    const stages: StageSeconds[] = [];
    for (const [stage, work] of [
      ['check children', check],
      ['witness', witness],
    ] as const) {
      work();
      const seconds = await secondsOf(() => times(work));
      stages.push({ stage, seconds, deviceSeconds: 0, hostSeconds: seconds });
    }
    return stages;
  };
  return { witnesses: times(witness), entries: times(() => entry), stages: measure() };
}

async function proveNode(
  backend: Backend,
  key: ProvingKey,
  program: Program,
  children: readonly ChildWitness[],
  entries: readonly AggregateEntry[],
): Promise<Child> {
  const digest = keyDigest(key.verifyingKey);
  const execution = run(program, aggregateHints(digest, children));
  const statement = aggregateStatement(digest, entries);
  const proofBytes = await prove(backend, key, statement, buildTraces(program, execution));
  return { key: key.verifyingKey, statement, proofBytes, inner: { kind: 'inner', entries } };
}

export async function measureAggregates(settings: MeasurementSettings): Promise<MeasurementOutcome> {
  const { program, profiles } = treeOf(settings.scale);
  const device = await openDevice({ robustness: 'off' });
  const backend = createWgslBackend(device);
  const leaf = await proveLeaf(backend, profiles[0]);
  const key = await generateKey(backend, COLONNADE_MACHINE, profiles[1], preprocessedTraces(program));
  const digest = keyDigest(key.verifyingKey);
  let child = leaf;
  for (const fanIn of FAN_INS_BELOW[settings.scale]) {
    const { witnesses, entries } = witnessed(child, fanIn, profiles);
    child = await proveNode(backend, key, program, witnesses, entries);
  }
  releaseKey(backend, key);
  device.close();

  const fanIns = FAN_INS[settings.scale];
  const outcomes: MeasurementOutcome[] = [];
  for (const fanIn of fanIns) {
    const { witnesses, stages } = witnessed(child, fanIn, profiles);
    outcomes.push(
      await measureProof({
        label: `node of ${fanIn}`,
        program,
        hints: () => aggregateHints(digest, witnesses),
        profile: profiles[1],
        runs: settings.scale === 'hardware' ? settings.runs : 1,
        budgetBytes: settings.budgetBytes,
        before: await stages,
      }),
    );
  }
  return joined(fanIns, outcomes);
}

/** Figures of all nodes; stages and facts under the name of their node. */
function joined(fanIns: readonly number[], outcomes: readonly MeasurementOutcome[]): MeasurementOutcome {
  const nameOf = (position: number): string => `node of ${fanIns[position]}`;
  const [first] = outcomes;
  if (first?.adapter === undefined) throw new RangeError('no node was measured');
  return {
    adapter: first.adapter,
    peakDeviceBytes: Math.max(...outcomes.map(({ peakDeviceBytes }) => peakDeviceBytes ?? 0)),
    figures: outcomes.flatMap(({ figures }) => figures),
    stages: outcomes.flatMap(({ stages }, position) =>
      (stages ?? []).map((each) => ({ ...each, stage: `${nameOf(position)}: ${each.stage}` })),
    ),
    facts: Object.fromEntries(
      outcomes.flatMap(({ facts }, position) =>
        Object.entries(facts ?? {}).map(([name, value]) => [`${nameOf(position)}: ${name}`, value]),
      ),
    ),
  };
}
