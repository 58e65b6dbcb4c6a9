/**
 * Columns' polynomials at a point of the extension in plain TypeScript: interpolation, then Horner's rule.
 * Form: canonical words. Source: docs/spec/proof-system.md, section 7.
 */
import type { Extension } from '../field/extension.ts';
import { evaluatePolynomial, inverse } from '../field/ntt.ts';

/** Columns as evaluations on <w_logHeight> in natural order. */
export function openColumns(
  columns: readonly Uint32Array[],
  logHeight: number,
  point: Extension,
): Extension[] {
  return columns.map((column) => evaluatePolynomial(inverse(column, logHeight), point));
}
