/**
 * The aggregate program: verifies each of its children completely and states, in order, what they say. The verifier is in
 * verifyChild.ts; the statement's rows are those of aggregateStatement.ts.
 * Source: docs/spec/recursion.md.
 */
import type { Row } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import type { Program } from '../../machine/program.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { INNER, LEAF, type Profile } from '../../stark/profile.ts';
import { AGGREGATE_TAG, AGGREGATE_VERSION, ENTRY_MARK } from './aggregateStatement.ts';
import { defineChildVerifier, type VerifiedChild } from './childVerifier.ts';
import { HINT } from './hintNames.ts';

/** Profiles under which an aggregate accepts children. FINAL is for proofs that leave the system. */
export const CHILD_PROFILES: readonly Profile[] = [LEAF, INNER];

/**
 * The program for any number of children, at least one, each a proof of any program of the machine under one of
 * CHILD_PROFILES, this one included.
 */
export function buildAggregateProgram(): Program {
  return emitProgram('aggregate', COLONNADE_MACHINE, CHILD_PROFILES);
}

/**
 * As `buildAggregateProgram`, for children under any profiles and of another machine: another program, under a key of its own.
 * Throws: RangeError when such children could exceed the profile's bounds.
 */
export function buildTestOnlyAggregateProgram(
  profiles: readonly Profile[],
  system: AirSystem = COLONNADE_MACHINE,
): Program {
  return emitProgram('TEST_ONLY aggregate', system, profiles);
}

function emitProgram(name: string, system: AirSystem, profiles: readonly Profile[]): Program {
  return buildProgram(name, (program) => {
    const verifyNext = defineChildVerifier(program, system, profiles);
    const aggregateKey = program.hintRows(HINT.aggregateKey, [], 1);
    const count = program.hintValue(HINT.childCount, []);
    program.assertNonzero(count);
    const start = program.row([AGGREGATE_TAG, AGGREGATE_VERSION, count]);
    const { digest } = program.repeat(count, { digest: start }, ({ digest }) => ({
      digest: absorbEntry(program, aggregateKey, digest, verifyNext()),
    }));
    program.compress(aggregateKey, digest, program.statement);
  });
}

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
