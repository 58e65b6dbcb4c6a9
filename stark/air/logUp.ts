/**
 * The LogUp argument of a table: its groups of two interactions, their fingerprints, and the combination of all of a
 * table's constraints by powers of lambda at one point.
 * Source: docs/spec/proof-system.md, sections 5 and 6.
 */
import type { LogUpChallenges } from '../backend.ts';
import * as extension from '../field/extension.ts';
import type { Interaction, NodeId, TableAir } from './air.ts';

type Extension = extension.Extension;

/** The interactions that share an extension column: 2i and 2i + 1, the last group may have one. */
export function logUpGroups(
  table: TableAir,
): (readonly [Interaction] | readonly [Interaction, Interaction])[] {
  const groups: (readonly [Interaction] | readonly [Interaction, Interaction])[] = [];
  for (let index = 0; index < table.interactions.length; index += 2) {
    const first = table.interactions[index]!;
    const second = table.interactions[index + 1];
    groups.push(second === undefined ? [first] : [first, second]);
  }
  return groups;
}

/** alpha + bus + sum of beta^(i + 1) * values[i]. */
export function fingerprint(
  bus: number,
  values: readonly Extension[],
  challenges: LogUpChallenges,
): Extension {
  let sum = extension.ZERO;
  for (let index = values.length - 1; index >= 0; index--)
    sum = extension.multiply(challenges.beta, extension.add(sum, values[index]!));
  return extension.add(extension.add(challenges.alpha, extension.fromBase(bus)), sum);
}

/** A group's fraction m/d + m'/d' as numerator m * d' + m' * d and denominator d * d'. */
export interface Fraction {
  readonly numerator: Extension;
  readonly denominator: Extension;
}

/** The fraction of a group, given the values of the graph's nodes. */
export function groupFraction(
  group: readonly Interaction[],
  at: (node: NodeId) => Extension,
  challenges: LogUpChallenges,
): Fraction {
  let numerator: Extension = extension.ZERO;
  let denominator: Extension = extension.ONE;
  for (const { bus, multiplicity, values } of group) {
    const factor = fingerprint(bus, values.map(at), challenges);
    numerator = extension.add(
      extension.multiply(numerator, factor),
      extension.multiply(at(multiplicity), denominator),
    );
    denominator = extension.multiply(denominator, factor);
  }
  return { numerator, denominator };
}

/** The LogUp columns of one row or point: the accumulator, here and on the next row, and the helpers. */
export interface LogUpValues {
  readonly accumulator: Extension;
  readonly accumulatorNext: Extension;
  readonly helpers: readonly Extension[];
}

/**
 * The sum of lambda^k * c_k over the table's constraints and then its LogUp groups, given the values of the graph's
 * nodes; `sumPerRow` is S / N, and `logUp` is read when the table has interactions only.
 */
export function combineConstraints(
  table: TableAir,
  at: (node: NodeId) => Extension,
  logUp: LogUpValues,
  challenges: LogUpChallenges,
  sumPerRow: Extension,
  lambda: Extension,
): Extension {
  const values = table.constraints.map(({ expression }) => at(expression));
  const groups = logUpGroups(table);
  groups.forEach((group, index) => {
    const { numerator, denominator } = groupFraction(group, at, challenges);
    let share: Extension;
    if (index < groups.length - 1) {
      share = logUp.helpers[index]!;
    } else {
      const step = extension.subtract(logUp.accumulatorNext, logUp.accumulator);
      share = logUp.helpers.reduce(extension.subtract, extension.add(step, sumPerRow));
    }
    values.push(extension.subtract(extension.multiply(share, denominator), numerator));
  });
  let combined = extension.ZERO;
  for (let index = values.length - 1; index >= 0; index--)
    combined = extension.add(extension.multiply(combined, lambda), values[index]!);
  return combined;
}
