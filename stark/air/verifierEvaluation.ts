/**
 * What the verifier recomputes of a table from the opened values: the combination of all constraints at zeta.
 * Source: docs/spec/proof-system.md, sections 4 to 7.
 */
import type { LogUpChallenges } from '../backend.ts';
import * as extension from '../field/extension.ts';
import * as field from '../field/koalaBear.ts';
import type { TableAir } from './air.ts';
import { logUpColumnCount, logUpNextColumnCount } from './degree.ts';
import { AirError } from './errors.ts';
import { EXTENSION_ALGEBRA, evaluateGraph } from './evaluate.ts';
import { combineConstraints } from './logUp.ts';

type Extension = extension.Extension;

/** A table's columns at zeta and their leading columns at zeta * g; the LogUp columns are base columns, 5 a function. */
export interface OpenedTable {
  readonly preprocessed: readonly Extension[];
  readonly preprocessedNext: readonly Extension[];
  readonly main: readonly Extension[];
  readonly mainNext: readonly Extension[];
  readonly logUp: readonly Extension[];
  readonly logUpNext: readonly Extension[];
}

/** The selectors at a point outside the base field, for a table of 2^logHeight rows. */
export interface SelectorValues {
  readonly first: Extension;
  readonly last: Extension;
  readonly transition: Extension;
  /** x^N - 1. */
  readonly vanishing: Extension;
}

/** Throws: RangeError when the point lies on the trace domain's rows 0 or N - 1. */
export function evaluateSelectors(point: Extension, logHeight: number): SelectorValues {
  const height = 2 ** logHeight;
  const lastRow = field.inverse(field.rootOfUnity(logHeight));
  const vanishing = extension.subtract(extension.power(point, height), extension.ONE);
  const transition = extension.subtract(point, extension.fromBase(lastRow));
  const first = extension.subtract(point, extension.ONE);
  return {
    first: extension.multiply(vanishing, extension.inverse(extension.multiplyByBase(first, height))),
    last: extension.multiply(
      extension.multiplyByBase(vanishing, lastRow),
      extension.inverse(extension.multiplyByBase(transition, height)),
    ),
    transition,
    vanishing,
  };
}

/** The extension column whose five base columns have the given values: sum of x^i * values[offset + i]. */
export function extensionColumn(values: readonly Extension[], offset: number): Extension {
  const x: Extension = [0, 1, 0, 0, 0];
  let column = extension.ZERO;
  for (let index = extension.DEGREE - 1; index >= 0; index--)
    column = extension.add(extension.multiply(column, x), values[offset + index]!);
  return column;
}

function requireLengths(table: TableAir, opened: OpenedTable, publicWords: ArrayLike<number>): void {
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
 * C(zeta) for a table of 2^logHeight rows with the sum `sum` (zero for a table without interactions).
 * Throws: AirError EVALUATION_INPUT when the opened values are fewer than the table's columns; RangeError when zeta lies
 * on the trace domain.
 */
export function evaluateConstraints(
  table: TableAir,
  logHeight: number,
  opened: OpenedTable,
  publicWords: ArrayLike<number>,
  challenges: LogUpChallenges,
  sum: Extension,
  zeta: Extension,
  lambda: Extension,
): Extension {
  requireLengths(table, opened, publicWords);
  const selectors = evaluateSelectors(zeta, logHeight);
  const at = evaluateGraph(table.graph, EXTENSION_ALGEBRA, {
    main: (column, row) => (row === 'current' ? opened.main : opened.mainNext)[column]!,
    preprocessed: (column, row) =>
      (row === 'current' ? opened.preprocessed : opened.preprocessedNext)[column]!,
    selector: (selector) => selectors[selector],
    public: (index) => extension.fromBase(publicWords[index]!),
  });
  const hasLogUp = table.interactions.length > 0;
  const helpers: Extension[] = [];
  for (let offset = extension.DEGREE; offset < opened.logUp.length; offset += extension.DEGREE)
    helpers.push(extensionColumn(opened.logUp, offset));
  const inverseHeight = field.inverse(2 ** logHeight);
  return combineConstraints(
    table,
    at,
    {
      accumulator: hasLogUp ? extensionColumn(opened.logUp, 0) : extension.ZERO,
      accumulatorNext: hasLogUp ? extensionColumn(opened.logUpNext, 0) : extension.ZERO,
      helpers,
    },
    challenges,
    extension.multiplyByBase(sum, inverseHeight),
    lambda,
  );
}
