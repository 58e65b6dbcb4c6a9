/**
 * The round-by-round soundness of a DEEP-ALI + LogUp + FRI proof as formulas in its parameters: for each round the bits
 * -log2(error) plus the grinding right before its challenge. Proven bounds only, no conjecture: unique decoding or the
 * Johnson bound, in the random-oracle model.
 * Source: docs/spec/soundness.md, which names the theorem behind each term.
 */
import { MODULUS } from './field/koalaBear.ts';
import type { Grinding } from './profile.ts';

/**
 * Up to which distance a word counts as a codeword: half the distance, or the Johnson radius with a multiplicity that
 * trades list size for radius. An analysis parameter: prover and verifier do not know it.
 */
export type DecodingRegime =
  | { readonly kind: 'uniqueDecoding' }
  | { readonly kind: 'johnson'; readonly multiplicity: number };

/** The least multiplicity that the proximity-gap theorem covers. */
export const LEAST_MULTIPLICITY = 3;
/** Above this no profile's optimum lies. */
const GREATEST_MULTIPLICITY = 399;

/** Relative distance of the decoding radius. `rate` is the inverse blow-up. */
export function decodingRadius(regime: DecodingRegime, rate: number): number {
  if (regime.kind === 'uniqueDecoding') return (1 - rate) / 2;
  return 1 - Math.sqrt(rate) * (1 + 0.5 / regime.multiplicity);
}

/** Most codewords within the radius of a word. */
export function listSize(regime: DecodingRegime, rate: number): number {
  if (regime.kind === 'uniqueDecoding') return 1;
  return (regime.multiplicity + 0.5) / Math.sqrt(rate);
}

/**
 * Most challenges for which a line of two words, not both close to a codeword on one common set, gives a close word.
 * `dimension` is that of the code: its length times its rate.
 */
export function proximityGapCount(regime: DecodingRegime, rate: number, dimension: number): number {
  const length = dimension / rate;
  const radius = decodingRadius(regime, rate);
  if (regime.kind === 'uniqueDecoding') return radius * length + 1;
  const shifted = regime.multiplicity + 0.5;
  return (
    ((2 * shifted ** 5 + 3 * shifted * radius * rate) * length) / (3 * rate ** 1.5) +
    shifted / Math.sqrt(rate)
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

export function roundBits(parameters: SoundnessParameters, regime: DecodingRegime): RoundBits {
  const { constraintDegree, extensionDegree, grinding, logBlowup, openingPoints } = parameters;
  const rate = 2 ** -logBlowup;
  const height = 2 ** parameters.logHeight;
  const lists = listSize(regime, rate);
  const fieldBits = extensionBits(extensionDegree);
  const bits = (badChallenges: number): number => fieldBits - Math.log2(badChallenges);

  const identityDegree = constraintDegree * (height + openingPoints - 1) + height - 1;
  const batchGaps = parameters.batchedDimensions.reduce(
    (sum, dimension) => sum + proximityGapCount(regime, rate, dimension),
    0,
  );
  return {
    lookup: bits(parameters.logUpDenominatorWords * (parameters.chargesLists ? lists : 1)) + grinding.lookup,
    ali: bits(lists * parameters.constraints),
    deep: bits(lists ** (parameters.chargesLists ? 2 : 1) * identityDegree) + grinding.deep,
    batch:
      bits(batchGaps * batchingFactor(parameters.batching, parameters.batchedFunctions)) + grinding.batch,
    folds: parameters.folds.map(
      ({ dimension, factor }) => bits(proximityGapCount(regime, rate, dimension) * factor) + grinding.fold,
    ),
    query: -parameters.queries * Math.log2(1 - decodingRadius(regime, rate)) + grinding.query,
  };
}

/** The weakest round decides. */
export function leastBits(rounds: RoundBits): number {
  return Math.min(rounds.lookup, rounds.ali, rounds.deep, rounds.batch, ...rounds.folds, rounds.query);
}

/**
 * The Johnson regime with the multiplicity that gives the most bits, among radii beyond unique decoding; unique decoding
 * when there is none. The least such multiplicity when several tie.
 */
export function bestJohnsonRegime(parameters: SoundnessParameters): DecodingRegime {
  const rate = 2 ** -parameters.logBlowup;
  const uniqueDecoding: DecodingRegime = { kind: 'uniqueDecoding' };
  let best: DecodingRegime | undefined;
  let bestBits = Number.NEGATIVE_INFINITY;
  for (let multiplicity = LEAST_MULTIPLICITY; multiplicity <= GREATEST_MULTIPLICITY; multiplicity++) {
    const regime: DecodingRegime = { kind: 'johnson', multiplicity };
    if (decodingRadius(regime, rate) <= decodingRadius(uniqueDecoding, rate)) continue;
    const bits = leastBits(roundBits(parameters, regime));
    if (bits > bestBits) {
      best = regime;
      bestBits = bits;
    }
  }
  return best ?? uniqueDecoding;
}
