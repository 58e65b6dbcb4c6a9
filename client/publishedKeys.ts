/**
 * Published keys, the root of trust of a verifier: which programs are believed under which profiles. Every key is rebuilt from its
 * published numbers and compared with the machine and the profiles that this verifier knows.
 * Source: docs/keys.md.
 */
import type { AirSystem } from '../stark/air/air.ts';
import { machineDigest } from '../stark/air/machineDigest.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { checkKey, keyDigest, type VerifyingKey } from '../stark/keys.ts';
import { type Profile, profileDigest } from '../stark/profile.ts';
import { profileSoundness } from '../stark/soundness.ts';
import { VERSION } from '../stark/transcript.ts';
import type { VerifierPolicy } from '../stark/verifier.ts';
import { ClientError } from './errors.ts';
import {
  describe,
  digestOf,
  formatDigest,
  integerOf,
  isSameDigest,
  listOf,
  objectOf,
  refuse,
  textOf,
} from './jsonFields.ts';
import { parseJsonOfUniqueNames } from './jsonText.ts';

export const KEYS_FORMAT = 'colonnade keys';
export const KEYS_VERSION = 1;

/** What a verifier has in its own code: nothing of it is read from a file. */
export interface KnownSystem {
  readonly machine: AirSystem;
  readonly profiles: readonly Profile[];
  readonly policy: VerifierPolicy;
}

export interface PublishedKey {
  readonly program: string;
  readonly profile: string;
  readonly verifyingKey: VerifyingKey;
  readonly keyDigest: Uint32Array;
  /** Of a proof under this key, whatever it has verified. */
  readonly provableBits: number;
  /** The keys whose digests the program has as constants: proofs under them are what it verifies. Published before it. */
  readonly constantKeys: readonly PublishedKey[];
}

/** The aggregate program's entry: which key its children carry, and under which keys leaves are believed. */
export interface PublishedAggregate {
  readonly program: string;
  /** K: the digest of the key under which aggregates stand below other aggregates. */
  readonly recursiveKeyDigest: Uint32Array;
  readonly leafKeyDigests: readonly Uint32Array[];
}

export interface PublishedKeys {
  readonly keys: readonly PublishedKey[];
  readonly aggregate: PublishedAggregate | undefined;
}

const KEY_LIMIT = 64;
const LEAF_KEY_LIMIT = 64;

/** Throws: ClientError. */
export function parsePublishedKeys(json: string, known: KnownSystem): PublishedKeys {
  let value: unknown;
  try {
    value = parseJsonOfUniqueNames(json);
  } catch (error) {
    throw new ClientError('NOT_KEYS', {
      got: error instanceof Error ? error.message.slice(0, 80) : 'no JSON',
    });
  }
  const whole = objectOf(value, 'keys', ['format', 'version'], ['protocolVersion', 'keys', 'aggregate']);
  if (whole['format'] !== KEYS_FORMAT)
    throw new ClientError('NOT_KEYS', { expected: KEYS_FORMAT, got: describe(whole['format']) });
  if (whole['version'] !== KEYS_VERSION)
    throw new ClientError('KEYS_VERSION', {
      expected: KEYS_VERSION,
      got: describe(whole['version']),
    });
  if (whole['protocolVersion'] !== VERSION)
    throw new ClientError('KEYS_VERSION', {
      field: 'keys.protocolVersion',
      expected: VERSION,
      got: describe(whole['protocolVersion']),
    });
  const keys: PublishedKey[] = [];
  for (const [index, each] of listOf(whole['keys'], 'keys.keys', KEY_LIMIT).entries())
    keys.push(parseKey(each, `keys.keys.${index}`, known, keys));
  for (const [index, { program, profile }] of keys.entries())
    if (findKey(keys.slice(0, index), program, profile))
      throw new ClientError('DUPLICATE_KEY', { program, profile });
  const aggregate =
    whole['aggregate'] === undefined ? undefined : parseAggregate(whole['aggregate'], 'keys.aggregate', keys);
  return { keys, aggregate };
}

export function findKey(
  keys: readonly PublishedKey[],
  program: string,
  profile: string,
): PublishedKey | undefined {
  return keys.find((each) => each.program === program && each.profile === profile);
}

/** The published key with this digest. */
export function findKeyByDigest({ keys }: PublishedKeys, digest: Uint32Array): PublishedKey | undefined {
  return keys.find((each) => isSameDigest(each.keyDigest, digest));
}

/** Provable bits of the weakest of a proof under this key and the proofs that its program verifies by a constant key. */
export function bitsBehind(key: PublishedKey): number {
  return Math.min(key.provableBits, ...key.constantKeys.map(bitsBehind));
}

function parseKey(
  value: unknown,
  path: string,
  { machine, profiles }: KnownSystem,
  before: readonly PublishedKey[],
): PublishedKey {
  const fields = objectOf(value, path, [
    'program',
    'profile',
    'machine',
    'machineDigest',
    'profileDigest',
    'bytecodeLogHeight',
    'preprocessedCap',
    'keyDigest',
    'provableBits',
    'constantKeys',
  ]);
  const program = textOf(fields['program'], `${path}.program`, 64);
  const profileName = textOf(fields['profile'], `${path}.profile`, 64);
  const profile = profiles.find(({ name }) => name === profileName);
  if (profile === undefined)
    throw refuse(`${path}.profile`, profiles.map(({ name }) => name).join(', '), profileName);
  const place = { program, profile: profileName };
  const ownMachine = formatDigest(machineDigest(machine));
  if (fields['machine'] !== machine.name || fields['machineDigest'] !== ownMachine)
    throw new ClientError('MACHINE_DIFFERS', {
      ...place,
      expected: ownMachine,
      got: describe(fields['machineDigest']),
    });
  const ownProfile = formatDigest(profileDigest(profile));
  if (fields['profileDigest'] !== ownProfile)
    throw new ClientError('PROFILE_DIFFERS', {
      ...place,
      expected: ownProfile,
      got: describe(fields['profileDigest']),
    });
  const digests = listOf(fields['preprocessedCap'], `${path}.preprocessedCap`, 2 ** 16).map((each, index) =>
    digestOf(each, `${path}.preprocessedCap.${index}`),
  );
  const preprocessedCap = new Uint32Array(DIGEST_WORDS * digests.length);
  for (const [index, words] of digests.entries()) preprocessedCap.set(words, DIGEST_WORDS * index);
  const verifyingKey: VerifyingKey = {
    system: machine,
    profile,
    preprocessedLogHeights: [integerOf(fields['bytecodeLogHeight'], `${path}.bytecodeLogHeight`, 0, 31)],
    preprocessedCap,
  };
  const published = digestOf(fields['keyDigest'], `${path}.keyDigest`);
  const fault = checkKey(verifyingKey);
  if (fault !== undefined) throw new ClientError('KEY_INCONSISTENT', { ...place, fault: fault.code });
  const own = keyDigest(verifyingKey);
  if (!isSameDigest(own, published))
    throw new ClientError('KEY_INCONSISTENT', {
      ...place,
      expected: formatDigest(own),
      got: formatDigest(published),
    });
  // The published figure is for readers; what counts is computed here.
  const provableBits = profileSoundness(profile, machine).bits;
  const constantKeys = listOf(fields['constantKeys'], `${path}.constantKeys`, KEY_LIMIT).map((each, index) =>
    parseConstantKey(each, `${path}.constantKeys.${index}`, place, before),
  );
  return { program, profile: profileName, verifyingKey, keyDigest: own, provableBits, constantKeys };
}

/** A key that the program at `place` was built with must be the one published for the same program and profile. */
function parseConstantKey(
  value: unknown,
  path: string,
  place: { readonly program: string; readonly profile: string },
  before: readonly PublishedKey[],
): PublishedKey {
  const fields = objectOf(value, path, ['program', 'profile', 'keyDigest']);
  const program = textOf(fields['program'], `${path}.program`, 64);
  const profile = textOf(fields['profile'], `${path}.profile`, 64);
  const digest = digestOf(fields['keyDigest'], `${path}.keyDigest`);
  const key = findKey(before, program, profile);
  if (key === undefined)
    throw refuse(path, 'a key that is published before this one', `${program} ${profile}`);
  if (!isSameDigest(key.keyDigest, digest))
    throw new ClientError('CONSTANT_KEY_MISMATCH', {
      ...place,
      constant: `${program} under ${profile}`,
      expected: formatDigest(key.keyDigest),
      got: formatDigest(digest),
    });
  return key;
}

function parseAggregate(value: unknown, path: string, keys: readonly PublishedKey[]): PublishedAggregate {
  const fields = objectOf(value, path, [
    'program',
    'recursiveProfile',
    'recursiveKeyDigest',
    'leafKeyDigests',
  ]);
  const program = textOf(fields['program'], `${path}.program`, 64);
  const profile = textOf(fields['recursiveProfile'], `${path}.recursiveProfile`, 64);
  const key = findKey(keys, program, profile);
  const recursiveKeyDigest = digestOf(fields['recursiveKeyDigest'], `${path}.recursiveKeyDigest`);
  if (key === undefined || !isSameDigest(key.keyDigest, recursiveKeyDigest))
    throw refuse(
      `${path}.recursiveKeyDigest`,
      `the digest of the published key of ${program} under ${profile}`,
      formatDigest(recursiveKeyDigest),
    );
  const leafKeyDigests = listOf(fields['leafKeyDigests'], `${path}.leafKeyDigests`, LEAF_KEY_LIMIT).map(
    (each, index) => {
      const digest = digestOf(each, `${path}.leafKeyDigests.${index}`);
      const leafKey = keys.find(({ keyDigest: known }) => isSameDigest(known, digest));
      if (leafKey === undefined || leafKey.program === program)
        throw refuse(`${path}.leafKeyDigests.${index}`, `a published key of another program`, each);
      return digest;
    },
  );
  return { program, recursiveKeyDigest, leafKeyDigests };
}

/** A key to publish, with the keys whose digests its program has as constants. */
export interface BuiltKey {
  readonly program: string;
  readonly key: VerifyingKey;
  readonly constantKeys: readonly { readonly program: string; readonly key: VerifyingKey }[];
}

/** The form that `parsePublishedKeys` reads; the same keys give the same text. */
export function formatPublishedKeys(
  keys: readonly BuiltKey[],
  aggregate:
    | {
        readonly program: string;
        readonly recursiveProfile: string;
        readonly leafPrograms: readonly string[];
      }
    | undefined,
): string {
  const entries = keys.map(({ program, key, constantKeys }) => ({
    program,
    profile: key.profile.name,
    machine: key.system.name,
    machineDigest: formatDigest(machineDigest(key.system)),
    profileDigest: formatDigest(profileDigest(key.profile)),
    bytecodeLogHeight: key.preprocessedLogHeights[0] ?? 0,
    preprocessedCap: Array.from({ length: key.preprocessedCap.length / DIGEST_WORDS }, (_, index) =>
      formatDigest(key.preprocessedCap.subarray(DIGEST_WORDS * index, DIGEST_WORDS * (index + 1))),
    ),
    keyDigest: formatDigest(keyDigest(key)),
    provableBits: Math.floor(10 * profileSoundness(key.profile, key.system).bits) / 10,
    constantKeys: constantKeys.map((constant) => ({
      program: constant.program,
      profile: constant.key.profile.name,
      keyDigest: formatDigest(keyDigest(constant.key)),
    })),
  }));
  const digestFor = (program: string, profile?: string): string => {
    const entry = entries.find(
      (each) => each.program === program && (profile === undefined || each.profile === profile),
    );
    if (entry === undefined) throw new RangeError(`no key of ${program} ${profile ?? ''}`);
    return entry.keyDigest;
  };
  const whole = {
    format: KEYS_FORMAT,
    version: KEYS_VERSION,
    protocolVersion: VERSION,
    keys: entries,
    ...(aggregate === undefined
      ? {}
      : {
          aggregate: {
            program: aggregate.program,
            recursiveProfile: aggregate.recursiveProfile,
            recursiveKeyDigest: digestFor(aggregate.program, aggregate.recursiveProfile),
            leafKeyDigests: aggregate.leafPrograms.map((program) => digestFor(program)),
          },
        }),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}
