/** The checks themselves; they run in the checker's thread. */
import { MachineError } from '../../machine/errors.ts';
import { CALL_TABLES } from '../../machine/system.ts';
import { checkExecutionTrace } from '../../machine/trace.ts';
import { decodeTrace } from '../../machine/traceCodec.ts';
import { verify } from '../../stark/verifier.ts';
import { describedPrograms, type KeyRing, type KnownKey, profilesOf } from '../aggregation/proofSystem.ts';
import { contentDigest } from '../contentDigest.ts';
import type { ServedPrograms } from '../programs.ts';
import { readProofRequest, refusalOf } from '../proofRequest.ts';
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
  instructionCount(task: { readonly program: string }): Promise<number>;
  /** Of every program under every profile of it. */
  allKeys(): Promise<KnownKey[]>;
}

/** Verifies proofs under the keys of this ring. */
export function createProofChecks(ring: KeyRing): ProofChecks {
  return {
    async verifyProof({ program, profile, statement, proof }) {
      const key = await ring.keyOf(program, profile);
      const start = performance.now();
      const verdict = verify(key, statement, proof, ring.system.policy);
      return { verdict, seconds: (performance.now() - start) / 1000 };
    },
    keyDigest: ({ program, profile }) => ring.digestOf(program, profile),
    instructionCount: async ({ program }) => (await ring.programOf(program)).instructions.length,
    async allKeys() {
      const keys: KnownKey[] = [];
      for (const { name: program } of describedPrograms(ring.system))
        for (const { name: profile } of profilesOf(ring.system, program)) {
          const { preprocessedLogHeights, preprocessedCap } = await ring.keyOf(program, profile);
          const digest = await ring.digestOf(program, profile);
          const instructionCount = (await ring.programOf(program)).instructions.length;
          // Copies: a thread hands the buffers of its answer over.
          keys.push({
            program,
            profile,
            instructionCount,
            digest: digest.slice(),
            preprocessedLogHeights: [...preprocessedLogHeights],
            preprocessedCap: preprocessedCap.slice(),
          });
        }
      return keys;
    },
  };
}

export function checkRequest(
  programs: ServedPrograms,
  profiles: ReadonlyMap<string, unknown>,
  { json }: RequestTask,
): RequestCheck {
  try {
    const request = readProofRequest(programs, profiles, json);
    const { program, profile, inputs, inputsJson, priority, deadlineMs } = request;
    const statement = program.statementOf(inputs);
    const { name } = program;
    const digest = contentDigest({ program: name, profile, inputs: inputsJson, priority, deadlineMs });
    return { ok: true, program: name, profile, statement, priority, deadlineMs, digest };
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
