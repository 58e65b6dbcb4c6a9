/**
 * The LogUp argument of a table: its groups of two interactions, their fingerprints, and the combination of all of a
 * table's constraints by powers of lambda at one point.
 * Source: docs/spec/proof-system.md, sections 5 and 6.
 */
import type { Interaction, NodeId, TableAir } from './air.ts';
import type { Algebra } from './evaluate.ts';

/** alpha and beta as elements of an algebra. */
export interface FingerprintChallenges<Value> {
  readonly alpha: Value;
  readonly beta: Value;
}

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
export function fingerprint<Value>(
  algebra: Algebra<Value>,
  bus: number,
  values: readonly Value[],
  challenges: FingerprintChallenges<Value>,
): Value {
  let sum = algebra.constant(0);
  for (let index = values.length - 1; index >= 0; index--)
    sum = algebra.multiply(challenges.beta, algebra.add(sum, values[index]!));
  return algebra.add(algebra.add(challenges.alpha, algebra.constant(bus)), sum);
}

/** A group's fraction m/d + m'/d' as numerator m * d' + m' * d and denominator d * d'. */
export interface Fraction<Value> {
  readonly numerator: Value;
  readonly denominator: Value;
}

/** The fraction of a group, given the values of the graph's nodes. */
export function groupFraction<Value>(
  algebra: Algebra<Value>,
  group: readonly Interaction[],
  at: (node: NodeId) => Value,
  challenges: FingerprintChallenges<Value>,
): Fraction<Value> {
  let numerator = algebra.constant(0);
  let denominator = algebra.constant(1);
  for (const { bus, multiplicity, values } of group) {
    const factor = fingerprint(algebra, bus, values.map(at), challenges);
    numerator = algebra.add(
      algebra.multiply(numerator, factor),
      algebra.multiply(at(multiplicity), denominator),
    );
    denominator = algebra.multiply(denominator, factor);
  }
  return { numerator, denominator };
}

/** The LogUp columns of one row or point: the accumulator, here and on the next row, and the helpers. */
export interface LogUpValues<Value> {
  readonly accumulator: Value;
  readonly accumulatorNext: Value;
  readonly helpers: readonly Value[];
}

/**
 * The sum of lambda^k * c_k over the table's constraints and then its LogUp groups, given the values of the graph's
 * nodes; `sumPerRow` is S / N, and `logUp` is read when the table has interactions only.
 */
export function combineConstraints<Value>(
  algebra: Algebra<Value>,
  table: TableAir,
  at: (node: NodeId) => Value,
  logUp: LogUpValues<Value>,
  challenges: FingerprintChallenges<Value>,
  sumPerRow: Value,
  lambda: Value,
): Value {
  const values = table.constraints.map(({ expression }) => at(expression));
  const groups = logUpGroups(table);
  groups.forEach((group, index) => {
    const { numerator, denominator } = groupFraction(algebra, group, at, challenges);
    let share: Value;
    if (index < groups.length - 1) {
      share = logUp.helpers[index]!;
    } else {
      const step = algebra.subtract(logUp.accumulatorNext, logUp.accumulator);
      share = logUp.helpers.reduce(algebra.subtract, algebra.add(step, sumPerRow));
    }
    values.push(algebra.subtract(algebra.multiply(share, denominator), numerator));
  });
  let combined = algebra.constant(0);
  for (let index = values.length - 1; index >= 0; index--)
    combined = algebra.add(algebra.multiply(combined, lambda), values[index]!);
  return combined;
}
