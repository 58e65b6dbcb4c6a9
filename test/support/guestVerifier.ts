/**
 * The verifier as a guest program, as a second opinion on any proof: the program for the proof's machine and profile is built,
 * and run in the executor.
 */
import { MachineError } from '../../machine/errors.ts';
import type { Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { buildTestOnlyAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import { aggregateHints, childWitness } from '../../programs/aggregate/witness.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { checkKey, type VerifyingKey } from '../../stark/keys.ts';
import { profileDigest } from '../../stark/profile.ts';

const programs = new Map<string, Program>();

/** The program that verifies proofs under keys like this one. Throws: RangeError when no program does. */
export function guestProgramFor({ system, profile }: VerifyingKey): Program {
  const name = [...machineDigest(system), ...profileDigest(profile)].join(' ');
  const known = programs.get(name) ?? buildTestOnlyAggregateProgram([profile], system);
  programs.set(name, known);
  return known;
}

/** Whether the guest program verifies the proof; false for a key that no program takes, or when the bytes are no proof. */
export function isAcceptedByGuest(
  key: VerifyingKey,
  statement: Uint32Array,
  proofBytes: Uint8Array,
): boolean {
  if (checkKey(key) !== undefined) return false;
  let program: Program;
  try {
    program = guestProgramFor(key);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  const witnessed = childWitness(key.system, [key.profile], { key, statement, proofBytes, inner: undefined });
  if (!witnessed.ok) return false;
  try {
    run(program, aggregateHints(new Uint32Array(8), [witnessed.witness]));
    return true;
  } catch (error) {
    if (error instanceof MachineError) return false;
    throw error;
  }
}
