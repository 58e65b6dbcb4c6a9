/**
 * Quotient chunks of a table in plain TypeScript: the reference for the kernels. Works on the coset 3 * <w_(h + 1)> in
 * natural order.
 * Source: docs/spec/proof-system.md, section 6.
 */
import type { TableAir } from '../air/air.ts';
import { logUpGroupCount } from '../air/degree.ts';
import { EXTENSION_ALGEBRA } from '../air/evaluate.ts';
import { combineConstraints } from '../air/logUp.ts';
import { createRowEvaluator, type RowDomain } from '../air/rowEvaluator.ts';
import type { LogUpChallenges } from '../backend.ts';
import * as extension from '../field/extension.ts';
import * as field from '../field/koalaBear.ts';
import { bitReverse, evaluateOnCoset, forward, inverse } from '../field/ntt.ts';

type Extension = extension.Extension;

/** The polynomial of a trace column on 3 * <w_(h + 1)>, natural order. */
function onQuotientCoset(column: Uint32Array, logHeight: number): Uint32Array {
  const coefficients = inverse(column, logHeight);
  return bitReverse(evaluateOnCoset(coefficients, logHeight + 1, field.GENERATOR), logHeight + 1);
}

/** The points 3 * w_(h + 1)^i and the selectors on them. */
function cosetSelectors(logHeight: number): { selector: RowDomain['selector']; vanishing: Uint32Array } {
  const points = 2 ** (logHeight + 1);
  const height = 2 ** logHeight;
  const lastRow = field.inverse(field.rootOfUnity(logHeight));
  const root = field.rootOfUnity(logHeight + 1);
  const columns = {
    first: new Uint32Array(points),
    last: new Uint32Array(points),
    transition: new Uint32Array(points),
  };
  const vanishing = new Uint32Array(points);
  let point = field.GENERATOR;
  for (let index = 0; index < points; index++) {
    const value = field.subtract(field.power(point, height), 1);
    const fromLast = field.subtract(point, lastRow);
    vanishing[index] = value;
    columns.transition[index] = fromLast;
    columns.first[index] = field.multiply(
      value,
      field.inverse(field.multiply(height, field.subtract(point, 1))),
    );
    columns.last[index] = field.multiply(
      field.multiply(value, lastRow),
      field.inverse(field.multiply(height, fromLast)),
    );
    point = field.multiply(point, root);
  }
  return {
    selector: (selector, start, out) => out.set(columns[selector].subarray(start, start + out.length)),
    vanishing,
  };
}

/**
 * The ten base columns of Q_0 and Q_1, evaluations on the trace domain in natural order, canonical.
 * Shape: every column given has N = 2^h words in natural order; `logUpColumns` is empty for a table without interactions.
 */
export function referenceQuotient(
  table: TableAir,
  preprocessedColumns: readonly Uint32Array[],
  mainColumns: readonly Uint32Array[],
  logUpColumns: readonly Uint32Array[],
  publicWords: ArrayLike<number>,
  challenges: LogUpChallenges,
  sum: Extension,
  lambda: Extension,
): Uint32Array[] {
  const height = (mainColumns[0] ?? preprocessedColumns[0])?.length ?? 0;
  const logHeight = Math.log2(height);
  if (!Number.isInteger(logHeight)) throw new RangeError(`table ${table.name}: ${height} rows`);
  const points = 2 * height;
  const extend = (column: Uint32Array): Uint32Array => onQuotientCoset(column, logHeight);
  const { selector, vanishing } = cosetSelectors(logHeight);
  const evaluator = createRowEvaluator(table.graph, {
    rows: points,
    main: mainColumns.map(extend),
    preprocessed: preprocessedColumns.map(extend),
    nextStep: 2,
    publicWords,
    selector,
  });
  const logUp = logUpColumns.map(extend);
  const groups = logUpGroupCount(table);
  const logUpAt = (column: number, row: number): Extension =>
    extension.read(
      Array.from({ length: extension.DEGREE }, (_, index) => logUp[column + index]![row % points]!),
      0,
    );
  const sumPerRow = extension.multiplyByBase(sum, field.inverse(height));

  const quotient = Array.from({ length: extension.DEGREE }, () => new Uint32Array(points));
  for (let start = 0; start < points; start += evaluator.blockRows) {
    const blockRows = evaluator.evaluate(start);
    for (let row = 0; row < blockRows; row++) {
      const index = start + row;
      const combined = combineConstraints(
        EXTENSION_ALGEBRA,
        table,
        (node) => extension.fromBase(evaluator.values(node)[row]!),
        {
          accumulator: groups > 0 ? logUpAt(0, index) : extension.ZERO,
          accumulatorNext: groups > 0 ? logUpAt(0, index + 2) : extension.ZERO,
          helpers: Array.from({ length: Math.max(0, groups - 1) }, (_, helper) =>
            logUpAt(extension.DEGREE * (helper + 1), index),
          ),
        },
        challenges,
        sumPerRow,
        lambda,
      );
      const value = extension.multiplyByBase(combined, field.inverse(vanishing[index]!));
      value.forEach((word, coordinate) => {
        quotient[coordinate]![index] = word;
      });
    }
  }
  const chunks: Uint32Array[][] = [[], []];
  for (const column of quotient) {
    const coefficients = cosetCoefficients(column, logHeight + 1);
    chunks[0]!.push(forward(coefficients.subarray(0, height), logHeight));
    chunks[1]!.push(forward(coefficients.subarray(height), logHeight));
  }
  return chunks.flat();
}

/** Evaluations on 3 * <w_logSize>, natural order, to coefficients. */
function cosetCoefficients(values: Uint32Array, logSize: number): Uint32Array {
  const coefficients = inverse(values, logSize);
  const step = field.inverse(field.GENERATOR);
  let shift = 1;
  for (let exponent = 0; exponent < coefficients.length; exponent++) {
    coefficients[exponent] = field.multiply(coefficients[exponent]!, shift);
    shift = field.multiply(shift, step);
  }
  return coefficients;
}
