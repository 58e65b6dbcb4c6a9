/**
 * The provable soundness of a profile, for the maxima that it states or for one AIR system under it: every figure comes
 * from the table registry, the errors of shorter tables are added up, and the fold schedule is the protocol's at its worst.
 * Source: docs/spec/soundness.md.
 */
import type { AirSystem } from './air/air.ts';
import { constraintCount, constraintDegree, denominatorWordsPerRow } from './air/degree.ts';
import { DEGREE } from './field/extension.ts';
import { MODULUS } from './field/koalaBear.ts';
import { DIGEST_WORDS } from './hash/poseidon.ts';
import { heightRange, openedFunctions } from './keys.ts';
import type { Profile, ProfileMaxima } from './profile.ts';
import {
  bestMultiplicity,
  leastBits,
  type RoundBits,
  roundBits,
  type SoundnessParameters,
} from './soundnessFormulas.ts';

/** What every profile that is not test-only must reach, for its maxima and for every system under it. */
export const REQUIRED_BITS = 128;

/** Half the bits of a digest: what finding a collision in a tree, a transcript or a key costs. Not part of `bits`. */
export const COLLISION_BITS: number = (DIGEST_WORDS * Math.log2(MODULUS)) / 2;

/** Points at which a column is opened: zeta and zeta * g. */
const OPENING_POINTS = 2;

export interface Soundness {
  /** The least of all rounds. */
  readonly bits: number;
  readonly rounds: RoundBits;
  /** Of the analysis that gives these bits. */
  readonly multiplicity: number;
}

/**
 * Every fold that some mix of heights can give, as the dimension after it and its factor. A fold by 2^a combines 2^a
 * functions, and 2^a + 1 when a shorter height is rolled in behind it, which any fold may be followed by.
 */
function possibleFolds(profile: Profile, logHeight: number): { dimension: number; factor: number }[] {
  const folds: { dimension: number; factor: number }[] = [];
  for (let from = logHeight; from > profile.logFinalLength; from--) {
    for (let arity = 1; arity <= Math.min(profile.logFoldArity, from - profile.logFinalLength); arity++) {
      folds.push({ dimension: 2 ** (from - arity), factor: 2 ** arity });
    }
  }
  return folds;
}

/** The formulas' parameters for a proof as large as `maxima`, under the profile's queries and grinds. */
export function soundnessParameters(profile: Profile, maxima: ProfileMaxima): SoundnessParameters {
  const { logFinalLength } = profile;
  const heights = Array.from(
    { length: Math.max(1, maxima.logHeight - logFinalLength + 1) },
    (_, step) => 2 ** (maxima.logHeight - step),
  );
  return {
    extensionDegree: DEGREE,
    logHeight: maxima.logHeight,
    logBlowup: profile.logBlowup,
    batchedDimensions: heights,
    batchedFunctions: maxima.openedFunctions,
    batching: 'tensor',
    constraints: maxima.constraints,
    constraintDegree: maxima.degree,
    openingPoints: OPENING_POINTS,
    queries: profile.queries,
    folds: possibleFolds(profile, maxima.logHeight),
    logUpDenominatorWords: maxima.logUpDenominatorWords,
    grinding: profile.grinding,
    chargesLists: true,
  };
}

/** Soundness for the largest proofs that the profile allows: what it promises for every system it accepts. */
export function maximaSoundness(profile: Profile): Soundness {
  const parameters = soundnessParameters(profile, profile.maxima);
  const multiplicity = bestMultiplicity(parameters);
  const rounds = roundBits(parameters, multiplicity);
  return { bits: leastBits(rounds), rounds, multiplicity };
}

/**
 * The largest proof of a system under a profile: heights as the tables and the profile allow, all tables present. LogUp
 * denominators stop at the profile's maximum, which the verifier enforces for every proof; the others must be within
 * the profile's maxima, which key generation and verifier enforce too. Throws: RangeError when there are no tables.
 */
export function systemMaxima(profile: Profile, system: AirSystem): ProfileMaxima {
  if (system.tables.length === 0) throw new RangeError('a system without tables has no soundness');
  const logHeights = system.tables.map((_, slot) => heightRange(system, profile, slot).greatest);
  const denominatorWords = system.tables.reduce(
    (sum, table, slot) => sum + 2 ** logHeights[slot]! * denominatorWordsPerRow(table),
    0,
  );
  return {
    logHeight: Math.max(...logHeights),
    openedFunctions: openedFunctions(system),
    constraints: system.tables.reduce((sum, table) => sum + constraintCount(table), 0),
    degree: Math.max(1, ...system.tables.map(constraintDegree)),
    logUpDenominatorWords: Math.max(1, Math.min(denominatorWords, profile.maxima.logUpDenominatorWords)),
  };
}

/** Soundness of the largest proofs of this system under the profile. */
export function profileSoundness(profile: Profile, system: AirSystem): Soundness {
  return maximaSoundness({ ...profile, maxima: systemMaxima(profile, system) });
}
