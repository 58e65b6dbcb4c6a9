/**
 * The aggregate program: verifies each of its children completely and states, in order, what they say. The verifier is in
 * verifyChild.ts; the statement's rows are those of aggregateStatement.ts.
 * Source: docs/spec/recursion.md.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import type { Program } from '../../machine/program.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { profileDigest } from '../../stark/profile.ts';
import { productionPolicy } from '../../stark/verifier.ts';
import { AGGREGATE_TAG, AGGREGATE_VERSION, ENTRY_MARK } from './aggregateStatement.ts';
import type { ChildShape } from './childShape.ts';
import { HINT } from './hintNames.ts';
import { verifyChild } from './verifyChild.ts';

/**
 * The program for children of any of these shapes: any number of children, at least one, in any mix. Shapes decide nothing but
 * which code verifies a child: machine, profile and heights enter the child's key or its transcript.
 * Throws: RangeError without a shape, or when a profile is TEST_ONLY.
 */
export function buildAggregateProgram(shapes: readonly ChildShape[]): Program {
  const accepted = productionPolicy().acceptedProfileDigests.map(String);
  const weak = shapes.find(({ profile }) => !accepted.includes(String(profileDigest(profile))));
  if (weak) throw new RangeError(`${weak.profile.name} is no profile that an aggregate accepts`);
  return emitProgram('aggregate', shapes);
}

/** As `buildAggregateProgram`, for shapes of any profile: another program, under a key of its own. */
export function buildTestOnlyAggregateProgram(shapes: readonly ChildShape[]): Program {
  return emitProgram('TEST_ONLY aggregate', shapes);
}

function emitProgram(name: string, shapes: readonly ChildShape[]): Program {
  if (shapes.length === 0) throw new RangeError('an aggregate program needs at least one shape of children');
  return buildProgram(name, (program) => {
    const verifiers = shapes.map((shape, number) =>
      program.define(`verify shape ${number}`, {}, { keyDigest: 'row', statement: 'row' }, () =>
        verifyChild(program, shape),
      ),
    );
    /** Calls the verifier that the hint names; a number beyond the last names the last. */
    const verifyNext = (shapeNumber: Value, first: number): VerifiedChild =>
      first === verifiers.length - 1
        ? verifiers[first]!({})
        : program.ifEqual(
            shapeNumber,
            first,
            () => verifiers[first]!({}),
            () => verifyNext(shapeNumber, first + 1),
          );

    const aggregateKey = program.hintRows(HINT.aggregateKey, [], 1);
    const count = program.hintValue(HINT.childCount, []);
    program.assertNonzero(count);
    const start = program.row([AGGREGATE_TAG, AGGREGATE_VERSION, count]);
    const { digest } = program.repeat(count, { digest: start }, ({ digest }) => {
      const child = verifyNext(program.hintValue(HINT.nextChild, []), 0);
      return { digest: absorbEntry(program, aggregateKey, digest, child) };
    });
    program.compress(aggregateKey, digest, program.statement);
  });
}

/** A child whose proof has been verified. */
export type VerifiedChild = { readonly keyDigest: Row; readonly statement: Row };

/** The entries' digest after the child. */
function absorbEntry(
  program: ProgramBuilder,
  aggregateKey: Row,
  digest: Row,
  { keyDigest, statement }: VerifiedChild,
): Row {
  return program.ifNonzero<{ digest: Row }>(
    program.hintValue(HINT.isInner, []),
    () => {
      // Under this program's own key the statement is C(K, L'), and L' is the entry.
      program.assertRowsEqual(keyDigest, aggregateKey);
      const innerDigest = program.hintRows(HINT.innerDigest, [], 1);
      program.compress(aggregateKey, innerDigest, statement);
      const marked = program.compress(digest, program.row([ENTRY_MARK.INNER]));
      return { digest: program.compress(marked, innerDigest) };
    },
    () => {
      assertRowsDiffer(program, keyDigest, aggregateKey);
      const marked = program.compress(digest, program.row([ENTRY_MARK.LEAF]));
      const keyed = program.compress(marked, keyDigest);
      return { digest: program.compress(keyed, statement) };
    },
  ).digest;
}

/** Some combination of the differences is 1. */
function assertRowsDiffer(program: ProgramBuilder, left: Row, right: Row): void {
  const differences = Array.from({ length: DIGEST_WORDS }, (_, word) =>
    program.subtract(program.load(left, word), program.load(right, word)),
  );
  const factors = program.hint(HINT.unitFactors, differences, DIGEST_WORDS);
  const products = differences.map((difference, word) => program.multiply(difference, factors[word]!));
  program.assertEqual(
    products.reduce((sum, each) => program.add(sum, each)),
    1,
  );
}
