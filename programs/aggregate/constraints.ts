/**
 * Steps 4 and 6 of the verifier inside a guest program: the LogUp sums cancel, and each table's constraints at zeta equal its
 * quotient there. The constraints are those of the AIR graphs, emitted by the evaluator that the native verifier uses.
 * Source: docs/spec/proof-system.md, sections 5 to 7.
 */
import type { ProgramBuilder } from '../../machine/builder.ts';
import { STATEMENT_WORDS } from '../../stark/air/air.ts';
import { evaluateConstraints, quotientAtPoint, traceDomain } from '../../stark/air/verifierEvaluation.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { matrixOf, type Phase, type ProofShape } from '../../stark/proof/shape.ts';
import type { ChildShape } from './childShape.ts';
import type { Element, ElementOperations } from './elements.ts';
import type { GuestChallenges, GuestProof } from './verifyChild.ts';

/** Sum number `position` of the present tables with interactions. */
function sumAt(elements: ElementOperations, { sums }: GuestProof, position: number): Element {
  return sums === undefined || position < 0 ? elements.constant(0) : elements.load(sums, position * DEGREE);
}

export function checkSums(elements: ElementOperations, shape: ProofShape, proof: GuestProof): void {
  if (shape.summedSlots.length === 0) return;
  const sums = shape.summedSlots.map((_, position) => sumAt(elements, proof, position));
  elements.assertEqual(sums.reduce(elements.add), elements.constant(0));
}

export function checkQuotients(
  program: ProgramBuilder,
  elements: ElementOperations,
  { system, shape }: ChildShape,
  proof: GuestProof,
  openings: readonly Element[],
  challenges: GuestChallenges,
): void {
  const { zeta, lambda } = challenges;
  const domains = new Map(
    shape.distinctLogHeights.map((logHeight) => [logHeight, traceDomain(elements, logHeight, zeta)]),
  );
  const statement = Array.from({ length: STATEMENT_WORDS }, (_, word) =>
    elements.fromValue(program.load(proof.statement, word)),
  );

  /** A table's opened values in a phase; none when it has no columns there. */
  function openedIn(phase: Phase, slot: number): { current: Element[]; next: Element[] } {
    const matrix = matrixOf(shape, phase, slot);
    if (matrix === undefined) return { current: [], next: [] };
    const { firstOpening, columns, nextColumns } = matrix;
    const read = (first: number, count: number): Element[] =>
      Array.from({ length: count }, (_, index) => openings[first + index]!);
    return { current: read(firstOpening, columns), next: read(firstOpening + columns, nextColumns) };
  }

  for (const slot of shape.presentSlots) {
    const table = system.tables[slot]!;
    const domain = domains.get(shape.logHeights[slot]!)!;
    const preprocessed = openedIn('preprocessed', slot);
    const main = openedIn('main', slot);
    const logUp = openedIn('logUp', slot);
    const quotient = openedIn('quotient', slot).current;
    const combined = evaluateConstraints(
      elements,
      table,
      domain,
      {
        preprocessed: preprocessed.current,
        preprocessedNext: preprocessed.next,
        main: main.current,
        mainNext: main.next,
        logUp: logUp.current,
        logUpNext: logUp.next,
      },
      statement,
      challenges,
      sumAt(elements, proof, shape.summedSlots.indexOf(slot)),
      zeta,
      lambda,
    );
    elements.assertEqual(combined, quotientAtPoint(elements, quotient, domain.pointToHeight));
  }
}
