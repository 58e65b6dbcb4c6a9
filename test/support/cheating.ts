/**
 * What cheating provers are made of: settings in which an honest proof passes, and wrappers that let a prover leave out,
 * replace or reorder what the protocol demands. The production prover has no such modes; tests inject another transcript
 * or another backend.
 */
import assert from 'node:assert/strict';
import type { TableTrace } from '../../stark/air/air.ts';
import type { Extension } from '../../stark/field/extension.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { generateKey, type ProvingKey, type VerifyingKey } from '../../stark/keys.ts';
import { type Profile, profileDigest, TEST_ONLY_INNER } from '../../stark/profile.ts';
import { decodeProof, encodeProof } from '../../stark/proof/codec.ts';
import type { Proof } from '../../stark/proof/proof.ts';
import { prove } from '../../stark/prover.ts';
import {
  createReferenceBackend,
  type ReferenceBackend,
  type ReferenceParts,
} from '../../stark/reference/backend.ts';
import { createTranscript, type Transcript } from '../../stark/transcript.ts';
import type { RejectionReason, Verdict } from '../../stark/verifier/rejection.ts';
import { verify } from '../../stark/verifier.ts';
import { isAcceptedByGuest } from './guestVerifier.ts';
import { type ToyHeights, type ToyInstance, toyInstance } from './toySystems.ts';

/** No proof of work anywhere: a cheat is not rejected by a nonce that happens to fail, but by what it is. */
export const NO_GRIND: Profile = {
  ...TEST_ONLY_INNER,
  name: 'TEST_ONLY_NO_GRIND',
  grinding: { lookup: 0, deep: 0, batch: 0, fold: 0, query: 0 },
};

/** One query, so that the numbers of distinct indices are always 1 and other indices show in the trees. */
export const ONE_QUERY: Profile = { ...NO_GRIND, name: 'TEST_ONLY_ONE_QUERY', queries: 1 };

/** Proof of work at every site, hard enough that a wrong nonce does not pass by luck. */
export const GROUND: Profile = {
  ...NO_GRIND,
  name: 'TEST_ONLY_GROUND',
  grinding: { lookup: 12, deep: 13, batch: 12, fold: 12, query: 13 },
};

/** Four tables of three heights. */
export const HEIGHTS: ToyHeights = { walk: 5, square: 3, pulse: 4 };

/** Tall, so that with one query another transcript hardly ever gives the same index. */
export const TALL: ToyHeights = { walk: 8, square: 3, pulse: 4 };

export interface Setting {
  readonly instance: ToyInstance;
  readonly profile: Profile;
  readonly backend: ReferenceBackend;
  readonly provingKey: ProvingKey;
  readonly key: VerifyingKey;
}

/** The toy machine under a profile, on a fresh reference backend. */
export async function createSetting(
  profile: Profile,
  heights: ToyHeights = HEIGHTS,
  parts: ReferenceParts = {},
): Promise<Setting> {
  return settingOf(toyInstance(heights), profile, parts);
}

export async function settingOf(
  instance: ToyInstance,
  profile: Profile,
  parts: ReferenceParts = {},
): Promise<Setting> {
  const backend = createReferenceBackend(parts);
  const provingKey = await generateKey(backend, instance.system, profile, instance.preprocessed);
  return { instance, profile, backend, provingKey, key: provingKey.verifyingKey };
}

/** What a prover may do differently. */
export interface Cheat {
  readonly transcript?: Transcript;
  /** Methods that replace those of the honest backend. */
  readonly backend?: Partial<ReferenceBackend>;
  readonly traces?: readonly (TableTrace | undefined)[];
  readonly statement?: Uint32Array;
}

/** The bytes of a proof in a setting; honest without a cheat. */
export function proveIn(setting: Setting, cheat: Cheat = {}): Promise<Uint8Array> {
  const backend = { ...setting.backend, ...cheat.backend };
  const { statement, traces } = setting.instance;
  const options = cheat.transcript === undefined ? {} : { transcript: cheat.transcript };
  return prove(backend, setting.provingKey, cheat.statement ?? statement, cheat.traces ?? traces, options);
}

/** The native verifier's answer alone, as `verdictIn` asks for it. */
export function nativeVerdictIn(
  setting: Setting,
  bytes: Uint8Array,
  key: VerifyingKey = setting.key,
  statement: Uint32Array = setting.instance.statement,
): Verdict {
  return verify(key, statement, bytes, { acceptedProfileDigests: [profileDigest(setting.profile)] });
}

/**
 * The verifier's answer under the setting's key and statement, by a policy that names the setting's profile. Asserts that the
 * verifier which runs as a guest program gives the same.
 */
export function verdictIn(
  setting: Setting,
  bytes: Uint8Array,
  key: VerifyingKey = setting.key,
  statement: Uint32Array = setting.instance.statement,
): Verdict {
  const verdict = nativeVerdictIn(setting, bytes, key, statement);
  const isPolicy = !verdict.ok && POLICY_REASONS.has(verdict.reason);
  if (!isPolicy)
    assert.equal(
      isAcceptedByGuest(key, statement, bytes),
      verdict.ok,
      `the guest program disagrees with the native verifier: ${verdict.ok ? 'accepted' : verdict.reason}`,
    );
  return verdict;
}

/** Refusals of the call, which never reach a program: it is built for accepted profiles and sound keys only. */
const POLICY_REASONS: ReadonlySet<RejectionReason> = new Set([
  'TEST_ONLY_PROFILE',
  'PROFILE_NOT_ACCEPTED',
  'KEY_MALFORMED',
  'STATEMENT_MALFORMED',
]);

export function assertAccepted(verdict: Verdict): void {
  assert.deepEqual(verdict, { ok: true });
}

/** Asserts the exact reason, and of the details those that are given. */
export function assertRejected(
  verdict: Verdict,
  reason: RejectionReason,
  details: Readonly<Record<string, string | number>> = {},
): void {
  assert.ok(!verdict.ok, `accepted, expected ${reason}`);
  assert.equal(verdict.reason, reason, JSON.stringify(verdict.details));
  for (const [name, value] of Object.entries(details)) assert.equal(verdict.details[name], value, name);
}

/** The proof in honest bytes, as data. */
export function decodeIn(setting: Setting, bytes: Uint8Array): Proof {
  const decoded = decodeProof(bytes, setting.key);
  assert.ok(decoded.ok);
  return decoded.proof;
}

/** The bytes of a proof with some parts replaced. */
export function encodeWith(proof: Proof, parts: Partial<Proof>): Uint8Array {
  return encodeProof({ ...proof, ...parts });
}

/** A copy with `difference` added, modulo p, to one word. */
export function withWord(words: Uint32Array, index: number, difference = 1): Uint32Array {
  const copy = words.slice();
  copy[index] = (copy[index]! + difference) % MODULUS;
  return copy;
}

/** A copy of a list with one entry replaced. */
export function withEntry<Entry>(list: readonly Entry[], index: number, entry: Entry): Entry[] {
  const copy = [...list];
  copy[index] = entry;
  return copy;
}

/** Traces with one cell replaced. */
export function withCell(
  traces: readonly (TableTrace | undefined)[],
  slot: number,
  column: number,
  row: number,
  value: number,
): (TableTrace | undefined)[] {
  const trace = traces[slot];
  assert.ok(trace !== undefined);
  const changed = trace.columns[column]!.slice();
  changed[row] = value;
  return withEntry(traces, slot, { ...trace, columns: withEntry(trace.columns, column, changed) });
}

export interface TranscriptCheat {
  /** What is absorbed instead of a message; undefined leaves it out. */
  readonly absorb?: (label: number, words: ArrayLike<number>) => ArrayLike<number> | undefined;
  /** The challenge that is used instead of the honest one. */
  readonly squeeze?: (label: number, honest: Uint32Array) => Uint32Array;
  /** True to find a nonce, but not to bind it. */
  readonly leavesOutGrind?: (label: number) => boolean;
}

/** The protocol's transcript, with a cheat between it and the prover. */
export function createCheatingTranscript(cheat: TranscriptCheat): Transcript {
  const honest = createTranscript();
  const squeeze = (label: number): Uint32Array => {
    const words = honest.squeeze(label);
    return cheat.squeeze?.(label, words) ?? words;
  };
  return {
    absorb(label, words) {
      const replaced = cheat.absorb === undefined ? words : cheat.absorb(label, words);
      if (replaced !== undefined) honest.absorb(label, replaced);
    },
    squeeze,
    squeezeExtension(label): Extension {
      const words = squeeze(label);
      return [words[0]!, words[1]!, words[2]!, words[3]!, words[4]!];
    },
    grind: (label, bits, nonce) => cheat.leavesOutGrind?.(label) === true || honest.grind(label, bits, nonce),
    state: honest.state,
  };
}
