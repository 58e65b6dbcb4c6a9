/** One attempt at a job: prove, compare the statement, verify. It changes no job. */
import { createHash } from 'node:crypto';
import type { Checker } from '../checker/checker.ts';
import { AttemptLost, type ProofProgress, type Prover } from '../prover/prover.ts';
import type { JobFailure, JobFailureCode, JobProof, JobRequest } from './job.ts';

export type AttemptResult =
  | { readonly kind: 'proved'; readonly proof: JobProof }
  /** The job's own fault, or a mistake of the service: no other attempt. */
  | { readonly kind: 'failed'; readonly failure: JobFailure }
  /** The process, the device or the time ended, or the signal. */
  | { readonly kind: 'lost'; readonly reason: string; readonly detail: string };

export interface AttemptHooks {
  onProgress(progress: ProofProgress): void;
  onVerifying(): void;
}

/** Ends soon after the signal aborts, and then no longer uses the device. Throws: mistakes of the service. */
export async function attemptProof(
  { prover, checker }: { readonly prover: Prover; readonly checker: Checker },
  { program, profile, input, expectedStatement }: JobRequest,
  signal: AbortSignal,
  { onProgress, onVerifying }: AttemptHooks,
): Promise<AttemptResult> {
  let outcome: Awaited<ReturnType<Prover['prove']>>;
  try {
    outcome = await prover.prove({ program, profile, input }, signal, onProgress);
  } catch (error) {
    if (error instanceof AttemptLost) return { kind: 'lost', reason: error.reason, detail: error.message };
    throw error;
  }
  if (!outcome.ok) return failed(outcome.code, outcome.detail, outcome.details);
  const { proof: bytes, statement, measures } = outcome;
  if (expectedStatement?.some((word, index) => word !== statement[index]))
    return failed('STATEMENT_MISMATCH', 'The proof was not checked.', {
      expected: [...expectedStatement],
      got: [...statement],
    });
  onVerifying();
  // A verification uses no device: it is left to itself when nobody wants to know any more.
  const verification = await Promise.race([
    checker.verify({ program, profile, statement, proof: bytes }),
    aborted(signal),
  ]);
  if (verification === 'aborted')
    return { kind: 'lost', reason: 'ABORTED', detail: 'The verification was cancelled.' };
  const { verdict, seconds } = verification;
  if (!verdict.ok)
    return failed('VERIFICATION_FAILED', verdict.reason, { reason: verdict.reason, ...verdict.details });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { kind: 'proved', proof: { bytes, sha256, statement, measures, verifySeconds: seconds } };
}

function failed(code: JobFailureCode, detail: string, details: JobFailure['details']): AttemptResult {
  return { kind: 'failed', failure: { code, detail, details } };
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
