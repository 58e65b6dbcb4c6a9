/**
 * The fold schedule: by how much each FRI layer folds, as a pure function of the heights present and the profile, so
 * that prover, verifier and soundness calculator share one definition.
 * Source: docs/spec/proof-system.md, section 9.
 */

export interface FoldStep {
  /** Log height of the codeword that the step commits to and folds. */
  readonly logHeight: number;
  /** The step folds by 2^logArity. */
  readonly logArity: number;
  /** True when the DEEP combination of height logHeight - logArity is added after the fold. */
  readonly rollsIn: boolean;
}

/** The parameters of a profile that decide the schedule. */
export interface FoldParameters {
  readonly logFoldArity: number;
  readonly logFinalLength: number;
}

/**
 * The steps from the tallest height down to the final length; no height present is jumped over.
 * Throws: RangeError when no height is given or one is below the final length.
 */
export function foldSchedule(logHeights: readonly number[], parameters: FoldParameters): FoldStep[] {
  const present = distinctDescending(logHeights);
  const tallest = present[0];
  const shortest = present.at(-1);
  if (tallest === undefined || shortest === undefined) throw new RangeError('no height to fold');
  if (shortest < parameters.logFinalLength)
    throw new RangeError(`height 2^${shortest} is below the final length 2^${parameters.logFinalLength}`);
  const steps: FoldStep[] = [];
  for (let logHeight = tallest; logHeight > parameters.logFinalLength; ) {
    const nextPresent = present.find((candidate) => candidate < logHeight) ?? parameters.logFinalLength;
    const logArity = Math.min(parameters.logFoldArity, logHeight - nextPresent);
    steps.push({ logHeight, logArity, rollsIn: present.includes(logHeight - logArity) });
    logHeight -= logArity;
  }
  return steps;
}

/** The different values among `logHeights`, largest first. */
export function distinctDescending(logHeights: readonly number[]): number[] {
  return [...new Set(logHeights)].sort((left, right) => right - left);
}
