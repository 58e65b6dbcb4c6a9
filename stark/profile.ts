/**
 * Profiles: every parameter of the proof system that decides soundness, and the maxima for which it was computed. A proof
 * is checked under a profile that the verifier's caller accepts, never under one that the proof names.
 * Source: docs/spec/soundness.md; docs/decisions/0016-parameters-for-the-theorem-as-printed.md says why these numbers.
 */
import { digest } from './hash/digest.ts';
import { type Reader, type Sealed, sealed, sealedKind } from './sealed.ts';
import { LABEL } from './transcript.ts';

/** Bits of proof of work right before the challenge that the site protects; 0 leaves the site out. */
export interface Grinding {
  /** Before alpha and beta. */
  readonly lookup: number;
  /** Before zeta. */
  readonly deep: number;
  /** Before the batching challenges. */
  readonly batch: number;
  /** Before every fold challenge. */
  readonly fold: number;
  /** Before the query indices. */
  readonly query: number;
}

/** The largest system for which a profile's soundness was computed; key generation and verifier refuse beyond it. */
export interface ProfileMaxima {
  /** Of every table. */
  readonly logHeight: number;
  /** Columns times opening points over all matrices, each counted up to its block of 8 (section 8 of the proof system). */
  readonly openedFunctions: number;
  /** Over all tables, LogUp constraints included. */
  readonly constraints: number;
  /** Of every constraint. */
  readonly degree: number;
  /** Sum over all interactions of rows * (bus width + 1 + 2). */
  readonly logUpDenominatorWords: number;
}

export interface Profile {
  readonly name: string;
  /** Too weak for anything but tests: the server and the default verifier refuse it. */
  readonly isTestOnly: boolean;
  /** Log of the inverse rate. */
  readonly logBlowup: number;
  /** A large divisor up to 40 makes a proof cheap to verify in a guest program (programs/aggregate/queries.ts). */
  readonly queries: number;
  readonly grinding: Grinding;
  /** Log of the number of coefficients of the final polynomial; at most the log height of every table. */
  readonly logFinalLength: number;
  /** Log of the largest fold. */
  readonly logFoldArity: number;
  /** Log of the digests in a Merkle cap. */
  readonly logCap: number;
  readonly maxima: ProfileMaxima;
}

/** Two words of 24 bits hold a count (`countWords`). */
const MAXIMUM_COUNT = 2 ** 48 - 1;

function readProfile(reader: Reader, value: Profile, at: string): Profile {
  const profile = reader.object(value, at);
  const grinding = reader.object(profile.grinding, `${at}.grinding`);
  const maxima = reader.object(profile.maxima, `${at}.maxima`);
  const { word } = reader;
  return {
    name: reader.text(profile.name, `${at}.name`),
    isTestOnly: reader.flag(profile.isTestOnly, `${at}.isTestOnly`),
    logBlowup: word(profile.logBlowup, `${at}.logBlowup`),
    queries: word(profile.queries, `${at}.queries`),
    grinding: Object.freeze({
      lookup: word(grinding.lookup, `${at}.grinding.lookup`),
      deep: word(grinding.deep, `${at}.grinding.deep`),
      batch: word(grinding.batch, `${at}.grinding.batch`),
      fold: word(grinding.fold, `${at}.grinding.fold`),
      query: word(grinding.query, `${at}.grinding.query`),
    }),
    logFinalLength: word(profile.logFinalLength, `${at}.logFinalLength`),
    logFoldArity: word(profile.logFoldArity, `${at}.logFoldArity`),
    logCap: word(profile.logCap, `${at}.logCap`),
    maxima: Object.freeze({
      logHeight: word(maxima.logHeight, `${at}.maxima.logHeight`),
      openedFunctions: word(maxima.openedFunctions, `${at}.maxima.openedFunctions`),
      constraints: word(maxima.constraints, `${at}.maxima.constraints`),
      degree: word(maxima.degree, `${at}.maxima.degree`),
      logUpDenominatorWords: reader.count(
        maxima.logUpDenominatorWords,
        `${at}.maxima.logUpDenominatorWords`,
        0,
        MAXIMUM_COUNT,
      ),
    }),
  };
}

const PROFILE = sealedKind(readProfile);

/** The profile as a sealed one, frozen in every part, or which of its parts is no word. */
export function sealProfile(profile: Profile): Sealed<Profile> {
  return sealed(profile, 'profile', PROFILE);
}

function defineProfile(profile: Profile): Profile {
  const made = sealProfile(profile);
  if (!made.ok) throw new RangeError(`${made.fault.details.at}: ${made.fault.details.got}`);
  return made.value;
}

/** Proves the leaves: columns and other programs. */
export const LEAF: Profile = defineProfile({
  name: 'leaf',
  isTestOnly: false,
  logBlowup: 2,
  queries: 124,
  grinding: { lookup: 9, deep: 5, batch: 22, fold: 18, query: 20 },
  logFinalLength: 7,
  logFoldArity: 3,
  logCap: 7,
  maxima: {
    logHeight: 22,
    openedFunctions: 2048,
    constraints: 2048,
    degree: 3,
    logUpDenominatorWords: 2 ** 32,
  },
});

/** Proves aggregates. */
export const INNER: Profile = defineProfile({
  name: 'inner',
  isTestOnly: false,
  logBlowup: 3,
  queries: 80,
  grinding: { lookup: 8, deep: 3, batch: 21, fold: 17, query: 21 },
  logFinalLength: 6,
  logFoldArity: 3,
  logCap: 6,
  maxima: {
    logHeight: 20,
    openedFunctions: 2048,
    constraints: 2048,
    degree: 3,
    logUpDenominatorWords: 2 ** 30,
  },
});

/** Proves the block proof that leaves the system. */
export const FINAL: Profile = defineProfile({
  name: 'final',
  isTestOnly: false,
  logBlowup: 6,
  queries: 39,
  grinding: { lookup: 5, deep: 2, batch: 22, fold: 17, query: 22 },
  logFinalLength: 8,
  logFoldArity: 3,
  logCap: 0,
  maxima: {
    logHeight: 17,
    openedFunctions: 2048,
    constraints: 2048,
    degree: 3,
    logUpDenominatorWords: 2 ** 27,
  },
});

/** Tests of prover and verifier: the leaf rate with few queries and grinds at every site. */
export const TEST_ONLY_LEAF: Profile = defineProfile({
  name: 'TEST_ONLY_LEAF',
  isTestOnly: true,
  logBlowup: 2,
  queries: 8,
  grinding: { lookup: 1, deep: 2, batch: 3, fold: 2, query: 3 },
  logFinalLength: 2,
  logFoldArity: 3,
  logCap: 1,
  maxima: LEAF.maxima,
});

/** The rate of `inner`, a cap of one digest and no grind but the queries': sites with 0 bits are left out. */
export const TEST_ONLY_INNER: Profile = defineProfile({
  name: 'TEST_ONLY_INNER',
  isTestOnly: true,
  logBlowup: 3,
  queries: 5,
  grinding: { lookup: 0, deep: 0, batch: 0, fold: 0, query: 2 },
  logFinalLength: 1,
  logFoldArity: 3,
  logCap: 0,
  maxima: INNER.maxima,
});

const LOW_BITS = 24;

/** Two canonical words of a count: the low 24 bits, then the rest. */
function countWords(count: number): [number, number] {
  return [count % 2 ** LOW_BITS, Math.floor(count / 2 ** LOW_BITS)];
}

/** The canonical words of a profile; docs/spec/soundness.md gives the order. */
export function profileWords(profile: Profile): number[] {
  const { grinding, maxima } = profile;
  const nameBytes = [...new TextEncoder().encode(profile.name)];
  return [
    nameBytes.length,
    ...nameBytes,
    profile.isTestOnly ? 1 : 0,
    profile.logBlowup,
    profile.queries,
    grinding.lookup,
    grinding.deep,
    grinding.batch,
    grinding.fold,
    grinding.query,
    profile.logFinalLength,
    profile.logFoldArity,
    profile.logCap,
    maxima.logHeight,
    maxima.openedFunctions,
    maxima.constraints,
    maxima.degree,
    ...countWords(maxima.logUpDenominatorWords),
  ];
}

/** The 8-word digest of everything in a profile. */
export function profileDigest(profile: Profile): Uint32Array {
  return digest(LABEL.PROFILE, profileWords(profile));
}
