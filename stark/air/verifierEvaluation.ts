/**
 * What the verifier recomputes of a table from the opened values: the combination of all constraints at zeta, and what its
 * quotient says it is. Over any algebra: extension elements here, cells of a guest program in the recursive verifier.
 * Source: docs/spec/proof-system.md, sections 4 to 7.
 */

import { DEGREE } from '../field/extension.ts';
import * as field from '../field/koalaBear.ts';
import type { TableAir } from './air.ts';
import { logUpColumnCount, logUpNextColumnCount } from './degree.ts';
import { AirError } from './errors.ts';
import { evaluateGraph, type VerifierAlgebra } from './evaluate.ts';
import { combineConstraints, type FingerprintChallenges } from './logUp.ts';

/** A table's columns at zeta and their leading columns at zeta * g; the LogUp columns are base columns, 5 a function. */
export interface OpenedTable<Value> {
  readonly preprocessed: readonly Value[];
  readonly preprocessedNext: readonly Value[];
  readonly main: readonly Value[];
  readonly mainNext: readonly Value[];
  readonly logUp: readonly Value[];
  readonly logUpNext: readonly Value[];
}

/** The selectors at a point outside the base field, for a table of 2^logHeight rows. */
export interface SelectorValues<Value> {
  readonly first: Value;
  readonly last: Value;
  readonly transition: Value;
  /** x^N - 1. */
  readonly vanishing: Value;
}

/** point^(2^exponent) */
export function powerOfTwo<Value>(algebra: VerifierAlgebra<Value>, point: Value, exponent: number): Value {
  let power = point;
  for (let step = 0; step < exponent; step++) power = algebra.multiply(power, power);
  return power;
}

/**
 * `pointToHeight` is point^(2^logHeight). The point must not lie on the trace domain's rows 0 or N - 1: there is nothing to
 * divide by.
 */
export function evaluateSelectors<Value>(
  algebra: VerifierAlgebra<Value>,
  point: Value,
  pointToHeight: Value,
  logHeight: number,
): SelectorValues<Value> {
  const height = 2 ** logHeight;
  const lastRow = field.inverse(field.rootOfUnity(logHeight));
  const vanishing = algebra.subtract(pointToHeight, algebra.constant(1));
  const transition = algebra.subtract(point, algebra.constant(lastRow));
  const first = algebra.subtract(point, algebra.constant(1));
  return {
    first: algebra.divide(vanishing, algebra.multiplyByBase(first, height)),
    last: algebra.divide(
      algebra.multiplyByBase(vanishing, lastRow),
      algebra.multiplyByBase(transition, height),
    ),
    transition,
    vanishing,
  };
}

/** The extension column whose five base columns have the given values: sum of x^i * values[offset + i]. */
export function extensionColumn<Value>(
  algebra: VerifierAlgebra<Value>,
  values: readonly Value[],
  offset: number,
): Value {
  let column: Value = values[offset + DEGREE - 1]!;
  for (let index = DEGREE - 2; index >= 0; index--)
    column = algebra.add(algebra.multiplyByX(column), values[offset + index]!);
  return column;
}

function requireLengths<Value>(
  table: TableAir,
  opened: OpenedTable<Value>,
  publicWords: ArrayLike<Value>,
): void {
  const expectations: readonly (readonly [string, number, number])[] = [
    ['preprocessed', opened.preprocessed.length, table.preprocessedColumns.length],
    ['main', opened.main.length, table.mainColumns.length],
    ['logUp', opened.logUp.length, logUpColumnCount(table)],
  ];
  for (const [matrix, got, expected] of expectations)
    if (got !== expected)
      throw new AirError('EVALUATION_INPUT', { table: table.name, matrix, expected, got });
  // Whole blocks of 8 are opened on the next row, so there may be more values than the table reads.
  const least: readonly (readonly [string, number, number])[] = [
    ['preprocessedNext', opened.preprocessedNext.length, table.preprocessedNextColumns],
    ['mainNext', opened.mainNext.length, table.mainNextColumns],
    ['logUpNext', opened.logUpNext.length, logUpNextColumnCount(table)],
    ['publicWords', publicWords.length, 8],
  ];
  for (const [matrix, got, expected] of least)
    if (got < expected) throw new AirError('EVALUATION_INPUT', { table: table.name, matrix, expected, got });
}

/**
 * C(zeta) for a table of 2^logHeight rows with the sum `sum` (zero for a table without interactions); `zetaToHeight` is
 * zeta^(2^logHeight). Zeta must not lie on the trace domain.
 * Throws: AirError EVALUATION_INPUT when the opened values are fewer than the table's columns.
 */
export function evaluateConstraints<Value>(
  algebra: VerifierAlgebra<Value>,
  table: TableAir,
  logHeight: number,
  opened: OpenedTable<Value>,
  publicWords: ArrayLike<Value>,
  challenges: FingerprintChallenges<Value>,
  sum: Value,
  zeta: Value,
  zetaToHeight: Value,
  lambda: Value,
): Value {
  requireLengths(table, opened, publicWords);
  const selectors = evaluateSelectors(algebra, zeta, zetaToHeight, logHeight);
  const at = evaluateGraph(table.graph, algebra, {
    main: (column, row) => (row === 'current' ? opened.main : opened.mainNext)[column]!,
    preprocessed: (column, row) =>
      (row === 'current' ? opened.preprocessed : opened.preprocessedNext)[column]!,
    selector: (selector) => selectors[selector],
    public: (index) => publicWords[index]!,
  });
  const hasLogUp = table.interactions.length > 0;
  const zero = algebra.constant(0);
  const helpers: Value[] = [];
  for (let offset = DEGREE; offset < opened.logUp.length; offset += DEGREE)
    helpers.push(extensionColumn(algebra, opened.logUp, offset));
  const inverseHeight = field.inverse(2 ** logHeight);
  return combineConstraints(
    algebra,
    table,
    at,
    {
      accumulator: hasLogUp ? extensionColumn(algebra, opened.logUp, 0) : zero,
      accumulatorNext: hasLogUp ? extensionColumn(algebra, opened.logUpNext, 0) : zero,
      helpers,
    },
    challenges,
    algebra.multiplyByBase(sum, inverseHeight),
    lambda,
  );
}

/** What C(zeta) must be: (zeta^N - 1) * (Q_0(zeta) + zeta^N * Q_1(zeta)), from the ten opened quotient columns. */
export function quotientAtPoint<Value>(
  algebra: VerifierAlgebra<Value>,
  quotient: readonly Value[],
  zetaToHeight: Value,
): Value {
  return algebra.multiply(
    algebra.subtract(zetaToHeight, algebra.constant(1)),
    algebra.add(
      extensionColumn(algebra, quotient, 0),
      algebra.multiply(zetaToHeight, extensionColumn(algebra, quotient, DEGREE)),
    ),
  );
}
