/**
 * LogUp columns of a table in plain TypeScript: the reference for the kernels.
 * Source: docs/spec/proof-system.md, section 5.
 */
import type { TableAir } from '../air/air.ts';
import { EXTENSION_ALGEBRA } from '../air/evaluate.ts';
import { groupFraction, logUpGroups } from '../air/logUp.ts';
import { createRowEvaluator, traceSelectors } from '../air/rowEvaluator.ts';
import type { LogUpChallenges } from '../backend.ts';
import * as extension from '../field/extension.ts';
import * as field from '../field/koalaBear.ts';

type Extension = extension.Extension;

/**
 * The accumulator and helper columns and the table's sum, canonical.
 * Shape: every column has N = 2^h words in natural order; the result has 5 columns an extension column, the accumulator
 * first. Throws: RangeError when a fingerprint is zero, or when the table has no interactions.
 */
export function referenceLogUp(
  table: TableAir,
  preprocessedColumns: readonly Uint32Array[],
  mainColumns: readonly Uint32Array[],
  publicWords: ArrayLike<number>,
  challenges: LogUpChallenges,
): { readonly columns: Uint32Array[]; readonly sum: Extension } {
  const groups = logUpGroups(table);
  const rows = (mainColumns[0] ?? preprocessedColumns[0])?.length ?? 0;
  const logHeight = Math.log2(rows);
  if (groups.length === 0 || !Number.isInteger(logHeight))
    throw new RangeError(`table ${table.name}: no LogUp columns over ${rows} rows`);
  const evaluator = createRowEvaluator(table.graph, {
    rows,
    main: mainColumns,
    preprocessed: preprocessedColumns,
    nextStep: 1,
    publicWords,
    selector: traceSelectors(logHeight),
  });
  // Fractions of all groups of a row; helpers are written at once, row totals are kept for the accumulator.
  const columns = Array.from({ length: extension.DEGREE * groups.length }, () => new Uint32Array(rows));
  const totals: Extension[] = [];
  let sum = extension.ZERO;
  for (let start = 0; start < rows; start += evaluator.blockRows) {
    const blockRows = evaluator.evaluate(start);
    for (let row = 0; row < blockRows; row++) {
      const at = (node: number): Extension => extension.fromBase(evaluator.values(node)[row]!);
      const fractions = groups.map((group) => groupFraction(EXTENSION_ALGEBRA, group, at, challenges));
      const inverses = extension.batchInverse(fractions.map(({ denominator }) => denominator));
      let total = extension.ZERO;
      fractions.forEach(({ numerator }, group) => {
        const share = extension.multiply(numerator, inverses[group]!);
        total = extension.add(total, share);
        if (group < groups.length - 1) writeRow(columns, extension.DEGREE * (group + 1), start + row, share);
      });
      totals.push(total);
      sum = extension.add(sum, total);
    }
  }
  const sumPerRow = extension.multiplyByBase(sum, field.inverse(rows));
  let accumulator = extension.ZERO;
  totals.forEach((total, row) => {
    writeRow(columns, 0, row, accumulator);
    accumulator = extension.add(accumulator, extension.subtract(total, sumPerRow));
  });
  return { columns, sum };
}

function writeRow(columns: readonly Uint32Array[], firstColumn: number, row: number, value: Extension): void {
  value.forEach((word, index) => {
    columns[firstColumn + index]![row] = word;
  });
}
