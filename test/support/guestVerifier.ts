/**
 * The verifier as a guest program, as a second opinion on any proof: the program for the proof's own shape is built, and run in
 * the executor.
 */
import { MachineError } from '../../machine/errors.ts';
import type { Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { buildTestOnlyAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import { type ChildShape, childShape } from '../../programs/aggregate/childShape.ts';
import { aggregateHints, childWitness } from '../../programs/aggregate/witness.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { KeyError, type VerifyingKey } from '../../stark/keys.ts';
import { profileDigest } from '../../stark/profile.ts';
import { decodeProof } from '../../stark/proof/codec.ts';
import type { LogHeights } from '../../stark/proof/shape.ts';

interface GuestVerifier {
  readonly shape: ChildShape;
  readonly program: Program;
}

const verifiers = new Map<string, GuestVerifier>();

function verifierFor(key: VerifyingKey, logHeights: LogHeights): GuestVerifier {
  const name = [
    ...machineDigest(key.system),
    ...profileDigest(key.profile),
    ...logHeights.map((logHeight) => logHeight ?? 'absent'),
  ].join(' ');
  const known = verifiers.get(name);
  if (known) return known;
  const shape = childShape(key.system, key.profile, logHeights);
  const verifier = { shape, program: buildTestOnlyAggregateProgram([shape]) };
  verifiers.set(name, verifier);
  return verifier;
}

/** Whether the guest program verifies the proof; false when no program is built for such keys, or the bytes are no proof. */
export function isAcceptedByGuest(
  key: VerifyingKey,
  statement: Uint32Array,
  proofBytes: Uint8Array,
): boolean {
  try {
    const decoded = decodeProof(proofBytes, key);
    if (!decoded.ok) return false;
    const { shape, program } = verifierFor(key, decoded.shape.logHeights);
    const witnessed = childWitness([shape], { key, statement, proofBytes, inner: undefined });
    if (!witnessed.ok) return false;
    run(program, aggregateHints(new Uint32Array(8), [witnessed.witness]));
    return true;
  } catch (error) {
    if (error instanceof MachineError || error instanceof KeyError) return false;
    throw error;
  }
}
