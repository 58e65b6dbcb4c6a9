/** The checks themselves; they run in the checker's thread. */
import { MachineError } from '../../machine/errors.ts';
import { CALL_TABLES } from '../../machine/system.ts';
import { checkExecutionTrace } from '../../machine/trace.ts';
import { decodeTrace } from '../../machine/traceCodec.ts';
import type { VerifyingKey } from '../../stark/keys.ts';
import { productionPolicy, verify } from '../../stark/verifier.ts';
import { verifyingKeyOf } from '../keys.ts';
import { SERVED_PROFILES } from '../profiles.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import type { TraceFormCheck, TraceTask, Verification, VerificationTask } from './checker.ts';

const keys = new Map<string, Promise<VerifyingKey>>();

function keyOf(programName: string, profileName: string): Promise<VerifyingKey> {
  const name = `${programName} ${profileName}`;
  let key = keys.get(name);
  if (key === undefined) {
    const program = SERVED_PROGRAMS.get(programName);
    const served = SERVED_PROFILES.get(profileName);
    if (program === undefined || served === undefined) throw new Error(`nothing is served as ${name}`);
    key = verifyingKeyOf(program.program(), served.profile);
    keys.set(name, key);
  }
  return key;
}

export async function verifyProof({
  program,
  profile,
  statement,
  proof,
}: VerificationTask): Promise<Verification> {
  const key = await keyOf(program, profile);
  const start = performance.now();
  const verdict = verify(key, statement, proof, productionPolicy());
  return { verdict, seconds: (performance.now() - start) / 1000 };
}

export function checkTraceForm({ bytes }: TraceTask): TraceFormCheck {
  try {
    checkExecutionTrace(decodeTrace(bytes), CALL_TABLES);
    return { ok: true };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return {
      ok: false,
      detail: error.message,
      details: { machineError: error.code, ...error.details },
    };
  }
}
