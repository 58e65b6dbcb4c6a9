/** The checks themselves; they run in the checker's thread. */
import { MachineError } from '../../machine/errors.ts';
import { CALL_TABLES } from '../../machine/system.ts';
import { checkExecutionTrace } from '../../machine/trace.ts';
import { decodeTrace } from '../../machine/traceCodec.ts';
import { keyDigest, type VerifyingKey } from '../../stark/keys.ts';
import { productionPolicy, verify } from '../../stark/verifier.ts';
import { verifyingKeyOf } from '../keys.ts';
import type { ServedPrograms } from '../programs.ts';
import { readProofRequest, refusalOf } from '../proofRequest.ts';
import type { ServedProfile } from '../services.ts';
import type {
  KeyTask,
  RequestCheck,
  RequestTask,
  TraceFormCheck,
  TraceTask,
  Verification,
  VerificationTask,
} from './checker.ts';

export interface ProofChecks {
  verifyProof(task: VerificationTask): Promise<Verification>;
  keyDigest(task: KeyTask): Promise<Uint32Array>;
}

/** Verifies proofs of these programs under these profiles; a key is computed at its first use. */
export function createProofChecks(
  programs: ServedPrograms,
  profiles: ReadonlyMap<string, ServedProfile>,
): ProofChecks {
  const keys = new Map<string, Promise<VerifyingKey>>();

  function keyOf(programName: string, profileName: string): Promise<VerifyingKey> {
    const name = `${programName} ${profileName}`;
    let key = keys.get(name);
    if (key === undefined) {
      const program = programs.get(programName);
      const served = profiles.get(profileName);
      if (program === undefined || served === undefined) throw new Error(`nothing is served as ${name}`);
      key = verifyingKeyOf(program.program(), served.profile);
      keys.set(name, key);
    }
    return key;
  }

  return {
    async verifyProof({ program, profile, statement, proof }) {
      const key = await keyOf(program, profile);
      const start = performance.now();
      const verdict = verify(key, statement, proof, productionPolicy());
      return { verdict, seconds: (performance.now() - start) / 1000 };
    },
    keyDigest: async ({ program, profile }) => keyDigest(await keyOf(program, profile)),
  };
}

export function checkRequest(
  programs: ServedPrograms,
  profiles: ReadonlyMap<string, unknown>,
  { json }: RequestTask,
): RequestCheck {
  try {
    const { program, profile, inputs, priority, deadlineMs } = readProofRequest(programs, profiles, json);
    const statement = program.statementOf(inputs);
    return { ok: true, program: program.name, profile, statement, priority, deadlineMs };
  } catch (error) {
    return refusalOf(error);
  }
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
