/**
 * Steps 4 and 6 of the verifier: the LogUp sums cancel, and each table's constraints at zeta equal its quotient there.
 * Source: docs/spec/proof-system.md, sections 5 to 7.
 */
import type { AirSystem } from '../air/air.ts';
import { EXTENSION_VERIFIER_ALGEBRA } from '../air/evaluate.ts';
import { evaluateConstraints, quotientAtPoint, traceDomain } from '../air/verifierEvaluation.ts';
import * as extension from '../field/extension.ts';
import type { Proof } from '../proof/proof.ts';
import { matrixOf, type Phase, type ProofShape } from '../proof/shape.ts';
import { required } from '../required.ts';
import type { PointChallenges, SumChallenges } from './challenges.ts';
import { type Rejection, reject } from './rejection.ts';

type Extension = extension.Extension;

/** The elements number first .. first + count - 1 of a list of 5-word elements. */
function elements(words: Uint32Array, first: number, count: number): Extension[] {
  return Array.from({ length: count }, (_, index) =>
    extension.read(words, (first + index) * extension.DEGREE),
  );
}

export function checkSums(proof: Proof): Rejection | undefined {
  const sums = elements(proof.sums, 0, proof.sums.length / extension.DEGREE);
  const total = sums.reduce(extension.add, extension.ZERO);
  return extension.isZero(total) ? undefined : reject('SUM_NOT_ZERO', { got: total.join(' ') });
}

export function checkQuotients(
  system: AirSystem,
  statement: Uint32Array,
  proof: Proof,
  shape: ProofShape,
  { logUp }: SumChallenges,
  { zeta, lambda }: PointChallenges,
): Rejection | undefined {
  /** A table's opened values in a phase; none when it has no columns there. */
  function openedIn(phase: Phase, slot: number): { current: Extension[]; next: Extension[] } {
    const matrix = matrixOf(shape, phase, slot);
    if (matrix === undefined) return { current: [], next: [] };
    const { firstOpening, columns, nextColumns } = matrix;
    return {
      current: elements(proof.openings, firstOpening, columns),
      next: elements(proof.openings, firstOpening + columns, nextColumns),
    };
  }

  const sums = elements(proof.sums, 0, shape.summedSlots.length);
  for (const slot of shape.presentSlots) {
    const table = system.tables[slot]!;
    const preprocessed = openedIn('preprocessed', slot);
    const main = openedIn('main', slot);
    const logUpColumns = openedIn('logUp', slot);
    const quotient = openedIn('quotient', slot).current;
    const sum =
      table.interactions.length === 0
        ? extension.ZERO
        : required(sums[shape.summedSlots.indexOf(slot)], `the sum of ${table.name}`);
    const domain = traceDomain(EXTENSION_VERIFIER_ALGEBRA, shape.logHeights[slot]!, zeta);
    const combined = evaluateConstraints(
      EXTENSION_VERIFIER_ALGEBRA,
      table,
      domain,
      {
        preprocessed: preprocessed.current,
        preprocessedNext: preprocessed.next,
        main: main.current,
        mainNext: main.next,
        logUp: logUpColumns.current,
        logUpNext: logUpColumns.next,
      },
      Array.from(statement, extension.fromBase),
      logUp,
      sum,
      zeta,
      lambda,
    );
    const expected = quotientAtPoint(EXTENSION_VERIFIER_ALGEBRA, quotient, domain.pointToHeight);
    if (!extension.equals(combined, expected))
      return reject('QUOTIENT_MISMATCH', {
        table: table.name,
        expected: expected.join(' '),
        got: combined.join(' '),
      });
  }
  return undefined;
}
