/**
 * The programs that are proved, the profiles of each and the keys between them: leaves, the aggregate program above them, the
 * block program that knows both keys. Programs and keys are computed at their first use; used in threads.
 * Source: docs/spec/recursion.md, docs/spec/block.md.
 */
import type { LeastHeights } from '../../machine/padding.ts';
import type { Program } from '../../machine/program.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { buildAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import { VERIFIABLE, type Verifiable } from '../../programs/aggregate/prepare.ts';
import { type BlockProgramKeys, buildBlockProgram } from '../../programs/block/blockProgram.ts';
import { FINAL_HEIGHTS, SHRUNK_HEIGHTS } from '../../programs/block/compression.ts';
import { keyDigest, type VerifyingKey } from '../../stark/keys.ts';
import { FINAL, INNER, LEAF, type Profile } from '../../stark/profile.ts';
import { productionPolicy, type VerifierPolicy } from '../../stark/verifier.ts';
import { verifyingKeyOf } from '../keys.ts';
import { Problem } from '../problems.ts';
import type { ServedPrograms } from '../programs.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import type { RolePrograms } from './aggregations.ts';
import type { NodeRole } from './tree.ts';

export const AGGREGATE = 'aggregate';
export const BLOCK = 'block';
/** The leaf program whose proofs a block is made of. */
export const COLUMN = 'column';

export type RoleHeights = Readonly<Partial<Record<NodeRole, LeastHeights>>>;

export interface ProofSystem {
  /** Programs whose proofs have no proofs below them. */
  readonly leafPrograms: ServedPrograms;
  readonly profiles: { readonly leaf: Profile; readonly inner: Profile; readonly final: Profile };
  buildAggregate(): Program;
  buildBlock(keys: BlockProgramKeys): Program;
  /** What both of them verify. */
  readonly verifiable: Verifiable;
  /** Heights of the tables of some roles, so that final proofs have one size; a run that does not fit is refused. */
  readonly heights: RoleHeights;
  /** Under which children are believed. */
  readonly policy: VerifierPolicy;
}

export const PRODUCTION_SYSTEM: ProofSystem = {
  leafPrograms: SERVED_PROGRAMS,
  profiles: { leaf: LEAF, inner: INNER, final: FINAL },
  buildAggregate: buildAggregateProgram,
  buildBlock: buildBlockProgram,
  verifiable: VERIFIABLE,
  heights: { shrink: SHRUNK_HEIGHTS, final: FINAL_HEIGHTS },
  policy: productionPolicy(),
};

/** The profiles under which a program is proved; none for an unknown program. */
export function profilesOf({ leafPrograms, profiles }: ProofSystem, program: string): readonly Profile[] {
  if (program === AGGREGATE) return [profiles.inner, profiles.final];
  if (program === BLOCK) return [profiles.inner];
  return leafPrograms.has(program) ? [profiles.leaf] : [];
}

/** Every program, with what a proof of it says. */
export function describedPrograms({ leafPrograms }: ProofSystem): { name: string; description: string }[] {
  return [
    ...[...leafPrograms.values()].map(({ name, description }) => ({ name, description })),
    {
      name: AGGREGATE,
      description: 'Each child is a proof that verifies under its key, and these are the children in order.',
    },
    {
      name: BLOCK,
      description:
        'The columns below the aggregates have exactly the transactions of an inclusion list, on disjoint state.',
    },
  ];
}

/** Throws: Problem unknown-program, unknown-profile. */
export function requireProved(system: ProofSystem, program: string, profile: string): void {
  const profiles = profilesOf(system, program).map(({ name }) => name);
  if (profiles.includes(profile)) return;
  if (profiles.length === 0)
    throw new Problem('unknown-program', `There is no program ${JSON.stringify(program)}.`, {
      expected: [...system.leafPrograms.keys(), AGGREGATE, BLOCK],
      got: program,
    });
  throw new Problem('unknown-profile', `${program} is not proved under ${JSON.stringify(profile)}.`, {
    expected: profiles,
    got: profile,
  });
}

/** The program and the profile of every role of a node. */
export function rolesOf({ profiles: { inner, final } }: ProofSystem): RolePrograms {
  const shrink = { program: AGGREGATE, profile: inner.name };
  return {
    aggregate: shrink,
    block: { program: BLOCK, profile: inner.name },
    shrink,
    final: { program: AGGREGATE, profile: final.name },
  };
}

export interface KeyRing {
  readonly system: ProofSystem;
  /** Throws: RangeError on a program or a profile of it that there is not. */
  programOf(program: string): Promise<Program>;
  keyOf(program: string, profile: string): Promise<VerifyingKey>;
  digestOf(program: string, profile: string): Promise<Uint32Array>;
  /** K: the digest of the aggregate program's key below others. */
  aggregateKeyDigest(): Promise<Uint32Array>;
  blockKeys(): Promise<BlockProgramKeys>;
}

/** A verifying key as one thread hands it to another. */
export interface KnownKey {
  readonly program: string;
  readonly profile: string;
  readonly instructionCount: number;
  readonly digest: Uint32Array;
  readonly preprocessedLogHeights: readonly number[];
  readonly preprocessedCap: Uint32Array;
}

/** Keys that another ring of this process has computed are not computed again. */
export function createKeyRing(system: ProofSystem, known: readonly KnownKey[] = []): KeyRing {
  const programs = new Map<string, Promise<Program>>();
  const keys = new Map<string, Promise<VerifyingKey>>();
  const digests = new Map<string, Promise<Uint32Array>>();
  const { leafPrograms, profiles } = system;

  async function build(name: string): Promise<Program> {
    if (name === AGGREGATE) return system.buildAggregate();
    if (name === BLOCK) return system.buildBlock(await ring.blockKeys());
    const leaf = leafPrograms.get(name);
    if (leaf === undefined) throw new RangeError(`there is no program ${name}`);
    return leaf.program();
  }

  async function generate(program: string, profileName: string): Promise<VerifyingKey> {
    const profile = profilesOf(system, program).find(({ name }) => name === profileName);
    if (profile === undefined) throw new RangeError(`${program} is not proved under ${profileName}`);
    return verifyingKeyOf(await ring.programOf(program), profile);
  }

  for (const { program, profile: name, digest, preprocessedLogHeights, preprocessedCap } of known) {
    const profile = profilesOf(system, program).find((each) => each.name === name);
    if (profile === undefined) continue;
    const key = { system: COLONNADE_MACHINE, profile, preprocessedLogHeights, preprocessedCap };
    keys.set(`${program} ${name}`, Promise.resolve(key));
    digests.set(`${program} ${name}`, Promise.resolve(digest));
  }

  const ring: KeyRing = {
    system,
    programOf: (name) => remembered(programs, name, () => build(name)),
    keyOf: (program, profile) => remembered(keys, `${program} ${profile}`, () => generate(program, profile)),
    digestOf: (program, profile) =>
      remembered(digests, `${program} ${profile}`, async () => keyDigest(await ring.keyOf(program, profile))),
    aggregateKeyDigest: () => ring.digestOf(AGGREGATE, profiles.inner.name),
    blockKeys: async () => ({
      aggregateKeyDigest: await ring.aggregateKeyDigest(),
      columnKeyDigests: [await ring.digestOf(COLUMN, profiles.leaf.name)],
    }),
  };
  return ring;
}

/** One computation for each name, also while it is under way. */
function remembered<Value>(
  known: Map<string, Promise<Value>>,
  name: string,
  compute: () => Promise<Value>,
): Promise<Value> {
  let value = known.get(name);
  if (value === undefined) {
    value = compute();
    known.set(name, value);
  }
  return value;
}
