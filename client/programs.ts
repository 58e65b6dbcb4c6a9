/** The programs that have published keys, and how their keys are made: from the bytecode, in plain TypeScript. */
import type { Program } from '../machine/program.ts';
import { verifyingKeyOf } from '../server/keys.ts';
import { SERVED_PROGRAMS } from '../server/registry.ts';
import type { VerifyingKey } from '../stark/keys.ts';
import { LEAF, type Profile } from '../stark/profile.ts';
import { formatPublishedKeys } from './publishedKeys.ts';

export interface PublishedProgram {
  readonly name: string;
  readonly profiles: readonly Profile[];
  build(): Program;
}

export const COLUMN: PublishedProgram = {
  name: 'column',
  profiles: [LEAF],
  build: () => servedProgram('column').program(),
};

export const PUBLISHED_PROGRAMS: readonly PublishedProgram[] = [COLUMN];

/** The aggregate's program, the profile of its proofs below others, and the programs whose leaves are believed. */
export const PUBLISHED_AGGREGATE: Parameters<typeof formatPublishedKeys>[1] = undefined;

export function servedProgram(name: string) {
  const served = SERVED_PROGRAMS.get(name);
  if (served === undefined) throw new RangeError(`there is no program ${name}`);
  return served;
}

/** Builds every key anew; `onKey` hears what is built next. The text of keys.json. */
export async function buildKeys(
  onKey: (program: string, profile: string, fraction: number) => void,
): Promise<string> {
  const wanted = PUBLISHED_PROGRAMS.flatMap((program) =>
    program.profiles.map((profile) => ({ program, profile })),
  );
  const keys: { program: string; key: VerifyingKey }[] = [];
  for (const [index, { program, profile }] of wanted.entries()) {
    onKey(program.name, profile.name, index / wanted.length);
    keys.push({ program: program.name, key: await verifyingKeyOf(program.build(), profile) });
  }
  return formatPublishedKeys(keys, PUBLISHED_AGGREGATE);
}
