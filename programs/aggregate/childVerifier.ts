/**
 * The verifier of proofs as a part of any guest program: it verifies the next child that the hints supply, a proof of any
 * program of one machine under one of the given profiles, whatever tables are present and however tall they are.
 * Source: docs/spec/recursion.md, section The child, step by step.
 */
import type { Row } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import type { Profile } from '../../stark/profile.ts';

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
 * Defines the verifier's functions in a program, outside of loops and branches. The hints `childHints` of witness.ts supply
 * the children in the order of the calls; the program must decide which keys it believes.
 * Throws: RangeError when system and profile do not fit, or when no profile is given.
 */
export function defineChildVerifier(
  _program: ProgramBuilder,
  _system: AirSystem,
  profiles: readonly Profile[],
): VerifyNextChild {
  if (profiles.length === 0) throw new RangeError('a verifier needs at least one profile');
  throw new RangeError('the verifier is being rewritten for children of any heights');
}
