/** The programs that have published keys, and how their keys are made: from the bytecode, in plain TypeScript. */
import type { Program } from '../machine/program.ts';
import { buildAggregateProgram } from '../programs/aggregate/aggregateProgram.ts';
import { buildBlockProgram } from '../programs/block/blockProgram.ts';
import { buildColumnProgram } from '../programs/column/program.ts';
import { verifyingKeyOf } from '../server/keys.ts';
import { keyDigest } from '../stark/keys.ts';
import { FINAL, INNER, LEAF, type Profile } from '../stark/profile.ts';
import { type BuiltKey, formatPublishedKeys } from './publishedKeys.ts';

const AGGREGATE_NAME = 'aggregate';

/** The digest of a key that was built before. */
type DigestOf = (program: string, profile: Profile) => Uint32Array;

export interface PublishedProgram {
  readonly name: string;
  readonly profiles: readonly Profile[];
  /** Programs may have the keys of those before them as constants. */
  build(digestOf: DigestOf): Program;
}

let builtAggregate: Program | undefined;

export function aggregateProgram(): Program {
  builtAggregate ??= buildAggregateProgram();
  return builtAggregate;
}

/** In the order in which their keys depend on each other. */
export const PUBLISHED_PROGRAMS: readonly PublishedProgram[] = [
  { name: 'column', profiles: [LEAF], build: () => buildColumnProgram() },
  { name: AGGREGATE_NAME, profiles: [INNER, FINAL], build: aggregateProgram },
  {
    name: 'block',
    profiles: [INNER],
    build: (digestOf) =>
      buildBlockProgram({
        aggregateKeyDigest: digestOf(AGGREGATE_NAME, INNER),
        columnKeyDigests: [digestOf('column', LEAF)],
      }),
  },
];

/** Aggregates below others are under INNER; FINAL wraps one for those who verify it. */
export const PUBLISHED_AGGREGATE = {
  program: AGGREGATE_NAME,
  recursiveProfile: INNER.name,
  leafPrograms: ['column', 'block'],
} as const;

/** Builds every key anew; `onKey` hears what is built next. The text of keys.json. */
export async function buildKeys(
  onKey: (program: string, profile: string, fraction: number) => void,
): Promise<string> {
  const count = PUBLISHED_PROGRAMS.flatMap(({ profiles }) => profiles).length;
  const keys: BuiltKey[] = [];
  for (const { name, profiles, build } of PUBLISHED_PROGRAMS) {
    const constantKeys: BuiltKey[] = [];
    const program = build((wanted, profile) => {
      const found = keys.find(({ program, key }) => program === wanted && key.profile === profile);
      if (found === undefined) throw new RangeError(`the key of ${wanted} comes after that of ${name}`);
      constantKeys.push(found);
      return keyDigest(found.key);
    });
    for (const profile of profiles) {
      onKey(name, profile.name, keys.length / count);
      keys.push({ program: name, key: await verifyingKeyOf(program, profile), constantKeys });
    }
  }
  return formatPublishedKeys(keys, PUBLISHED_AGGREGATE);
}
