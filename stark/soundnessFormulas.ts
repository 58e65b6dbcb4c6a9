/**
 * The round-by-round soundness of a DEEP-ALI + LogUp + FRI proof as formulas in its parameters: for each round the bits
 * -log2(error) plus the grinding right before its challenge. Proven bounds only, no conjecture: the Johnson bound, in the
 * random-oracle model.
 * Source: docs/spec/soundness.md, which names the theorem behind each term.
 */
import { MODULUS } from './field/koalaBear.ts';
import type { Grinding } from './profile.ts';

/**
 * Least multiplicity of the theorems on proximity gaps. The multiplicity trades the number of bad challenges for radius; it is
 * an analysis parameter, which prover and verifier do not know.
 */
export const LEAST_MULTIPLICITY = 3;
/** Above this no profile's optimum lies. */
const GREATEST_MULTIPLICITY = 399;

/** Relative distance up to which a word counts as a codeword. `rate` is the inverse blow-up. */
export function decodingRadius(multiplicity: number, rate: number): number {
  return 1 - Math.sqrt(rate) * (1 + 1 / multiplicity);
}

/**
 * Most codewords within the radius of a word, of one coefficient more than the code's dimension too: by the list decoder
 * of Guruswami and Sudan, whose own multiplicity needs half of the theorems'.
 */
export function listSize(multiplicity: number, rate: number): number {
  return (Math.ceil(multiplicity / 2) + 0.5) / Math.sqrt(rate);
}

/**
 * Most challenges z for which u_0 + z * u_1 agrees with a codeword on some large set where u_0 and u_1 do not both agree with
 * codewords: Theorem 4.6 of ePrint 2025/2055, whose rate is that of the degree, not of the number of coefficients.
 * `dimension` is that of the code: its length times `rate`. A curve of degree M has M times as many.
 */
export function proximityGapCount(multiplicity: number, rate: number, dimension: number): number {
  const length = dimension / rate;
  const radius = decodingRadius(multiplicity, rate);
  const degreeRate = (dimension - 1) / length;
  const shifted = multiplicity + 0.5;
  return (
    ((2 * shifted ** 5 + 3 * shifted * radius * degreeRate) * length) / (3 * degreeRate ** 1.5) +
    shifted / Math.sqrt(degreeRate)
  );
}

/** How the functions of a batch get their weights from challenges. */
export type Batching = 'powers' | 'tensor' | 'independent';

/** Factor of the proximity gap for a batch of so many functions. */
export function batchingFactor(batching: Batching, functions: number): number {
  switch (batching) {
    case 'powers':
      return Math.max(functions - 1, 1);
    case 'tensor':
      return Math.max(Math.ceil(Math.log2(functions)), 1);
    case 'independent':
      return 1;
  }
}

/** log2 of the number of elements of the extension of this degree of KoalaBear. */
export function extensionBits(degree: number): number {
  return degree * Math.log2(MODULUS);
}

/** Everything that the errors depend on, as numbers. Fractions and logs are base 2. */
export interface SoundnessParameters {
  readonly extensionDegree: number;
  /** Of the tallest table. */
  readonly logHeight: number;
  readonly logBlowup: number;
  /** Dimensions of the codes whose functions are batched, one a distinct height. */
  readonly batchedDimensions: readonly number[];
  readonly batchedFunctions: number;
  readonly batching: Batching;
  readonly constraints: number;
  readonly constraintDegree: number;
  readonly openingPoints: number;
  readonly queries: number;
  /** Each fold: the dimension after it, and the number of functions it combines less one. */
  readonly folds: readonly { readonly dimension: number; readonly factor: number }[];
  /** Sum over the denominators of (tuple width with bus id + 2). */
  readonly logUpDenominatorWords: number;
  readonly grinding: Grinding;
  /**
   * True charges the list size on the LogUp round and its square on the DEEP round, as our profiles do; false only the
   * list size on the DEEP round, as the calculators of others.
   */
  readonly chargesLists: boolean;
}

/** Bits of each round; `folds` in order, `ali` has no grind of its own. */
export interface RoundBits {
  readonly lookup: number;
  readonly ali: number;
  readonly deep: number;
  readonly batch: number;
  readonly folds: readonly number[];
  readonly query: number;
}

/**
 * What a grind of so many bits adds: -log2 of the chance that a uniform word passes. The low bits of a word are 0 for
 * (p - 1)/2^bits + 1 words of p, one more than for any other value.
 */
export function grindBits(bits: number): number {
  return Math.log2(MODULUS) - Math.log2((MODULUS - 1) / 2 ** bits + 1);
}

export function roundBits(parameters: SoundnessParameters, multiplicity: number): RoundBits {
  const { constraintDegree, extensionDegree, logBlowup, openingPoints } = parameters;
  const rate = 2 ** -logBlowup;
  const height = 2 ** parameters.logHeight;
  const lists = listSize(multiplicity, rate);
  const { lookup, deep, batch, fold, query } = parameters.grinding;
  const fieldBits = extensionBits(extensionDegree);
  const bits = (badChallenges: number): number => fieldBits - Math.log2(badChallenges);

  // The quotients' side, (x^N - 1) * (Q_0 + x^N * Q_1), has degree 3N whatever the constraints'.
  const identityDegree = Math.max(constraintDegree * (height + openingPoints - 1) + height - 1, 3 * height);
  const batchGaps = parameters.batchedDimensions.reduce(
    (sum, dimension) => sum + proximityGapCount(multiplicity, rate, dimension),
    0,
  );
  return {
    lookup:
      bits(parameters.logUpDenominatorWords * (parameters.chargesLists ? lists : 1)) + grindBits(lookup),
    ali: bits(lists * parameters.constraints),
    deep: bits(lists ** (parameters.chargesLists ? 2 : 1) * identityDegree) + grindBits(deep),
    batch:
      bits(batchGaps * batchingFactor(parameters.batching, parameters.batchedFunctions)) + grindBits(batch),
    folds: parameters.folds.map(
      ({ dimension, factor }) =>
        bits(proximityGapCount(multiplicity, rate, dimension) * factor) + grindBits(fold),
    ),
    query: -parameters.queries * Math.log2(1 - decodingRadius(multiplicity, rate)) + grindBits(query),
  };
}

/** The weakest round decides. */
export function leastBits(rounds: RoundBits): number {
  return Math.min(rounds.lookup, rounds.ali, rounds.deep, rounds.batch, ...rounds.folds, rounds.query);
}

/** The multiplicity that gives the most bits, the least such when several tie. */
export function bestMultiplicity(parameters: SoundnessParameters): number {
  let best = LEAST_MULTIPLICITY;
  let bestBits = Number.NEGATIVE_INFINITY;
  for (let multiplicity = LEAST_MULTIPLICITY; multiplicity <= GREATEST_MULTIPLICITY; multiplicity++) {
    const bits = leastBits(roundBits(parameters, multiplicity));
    if (bits > bestBits) {
      best = multiplicity;
      bestBits = bits;
    }
  }
  return best;
}
