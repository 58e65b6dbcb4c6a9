/**
 * The verifying keys of the served programs, computed here in plain TypeScript from bytecode and profile: a key that the
 * prover reports is never believed. (The plain backend commits to the bytecode only; it proves nothing here.)
 */

import type { Program } from '../machine/program.ts';
import { COLONNADE_MACHINE, PROGRAM_SLOT, prepareProgram } from '../machine/system.ts';
import type { TableTrace } from '../stark/air/air.ts';
import { generateKey, type VerifyingKey } from '../stark/keys.ts';
import type { Profile } from '../stark/profile.ts';
import { createReferenceBackend } from '../stark/reference/backend.ts';

/** The preprocessed columns of a program, one entry a slot of the machine. */
export function preprocessedTraces(program: Program): (TableTrace | undefined)[] {
  const bytecode = prepareProgram(program);
  return COLONNADE_MACHINE.tables.map((_, slot) => (slot === PROGRAM_SLOT ? bytecode : undefined));
}

/** Throws: KeyError, MachineError 'TABLE_TOO_HIGH'. */
export async function verifyingKeyOf(program: Program, profile: Profile): Promise<VerifyingKey> {
  const { verifyingKey } = await generateKey(
    createReferenceBackend(),
    COLONNADE_MACHINE,
    profile,
    preprocessedTraces(program),
  );
  return verifyingKey;
}
