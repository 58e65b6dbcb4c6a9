/**
 * The verifier of proofs as a part of any guest program: it verifies the next child that the hints supply, a proof of any
 * program of one machine under one of the given profiles, whatever tables are present and however tall they are.
 * Source: docs/spec/recursion.md, section The child, step by step.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import type { Profile } from '../../stark/profile.ts';
import { profileConstants, sharedConstants } from './constants.ts';
import { HINT } from './hintNames.ts';
import { profileLayout, systemLayout } from './layout.ts';
import { defineBatchWeights, defineTableChecks } from './tables.ts';
import { verifyChild } from './verifyChild.ts';

/** A child whose proof has been verified. */
export type VerifiedChild = {
  /** Digest of the key under which the proof verifies: machine, profile, preprocessed heights and cap. */
  readonly keyDigest: Row;
  /** The 8 words that the proof shows. */
  readonly statement: Row;
};

/** Verifies the next child. Usable wherever the program may call a function. */
export type VerifyNextChild = () => VerifiedChild;

/**
 * Defines the verifier's functions in a program: in its main function, outside of loops and branches. The hints `childHints`
 * of witness.ts supply the children in the order of the calls, under the same profiles in the same order; the program must
 * decide which keys it believes.
 * Throws: RangeError when a child under a profile could exceed its bounds, or when no profile is given.
 */
export function defineChildVerifier(
  program: ProgramBuilder,
  system: AirSystem,
  profiles: readonly Profile[],
): VerifyNextChild {
  if (profiles.length === 0) throw new RangeError('a verifier needs at least one profile');
  const layout = systemLayout(system);
  const shared = sharedConstants(program);
  const parts = {
    layout,
    tables: defineTableChecks(program, shared, layout),
    batchWeights: defineBatchWeights(program, shared, layout),
  };
  const verifiers = profiles.map((profile) => {
    const bounds = profileLayout(layout, profile);
    const constants = profileConstants(program, shared, bounds);
    return program.define(`verify ${profile.name}`, {}, { keyDigest: 'row', statement: 'row' }, () =>
      verifyChild(program, parts, bounds, constants),
    );
  });

  /** Calls the verifier that the hint names; a number beyond the last names the last. */
  const verifyUnder = (profileNumber: Value, first: number): VerifiedChild =>
    first === verifiers.length - 1
      ? verifiers[first]!({})
      : program.ifEqual(
          profileNumber,
          first,
          () => verifiers[first]!({}),
          () => verifyUnder(profileNumber, first + 1),
        );
  return () => verifyUnder(program.hintValue(HINT.nextChild, []), 0);
}
