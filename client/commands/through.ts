/** What the commands that work through a service share, and the check of everything that was just proved. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ColonnadeClient, createClient } from '../client.ts';
import type { ProofFile } from '../proofFile.ts';
import type { KnownSystem, PublishedKeys } from '../publishedKeys.ts';
import { ServiceError } from '../serviceError.ts';
import { UsageError } from '../terminal.ts';
import { type Bounds, FILE_REJECTIONS, verifyProofFile } from '../verifyFile.ts';

/** Throws: UsageError. */
export function clientOf(url: string): ColonnadeClient {
  try {
    return createClient(url);
  } catch (error) {
    throw new UsageError(`--url: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Before a submission whose answer was lost is sent again. */
const RESEND_PAUSES_MS = [500, 1000, 2000] as const;

/** Submits under a key of its own, so that a lost answer leads to no second proof. Throws: ServiceError. */
export async function submitOnce<Answer>(
  submit: (idempotencyKey: string) => Promise<Answer>,
): Promise<Answer> {
  const idempotencyKey = randomUUID();
  for (const pauseMs of RESEND_PAUSES_MS) {
    try {
      return await submit(idempotencyKey);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'UNREACHABLE') throw error;
    }
    await sleep(pauseMs);
  }
  return submit(idempotencyKey);
}

/** What ended a job or an aggregation. */
export function failureOf(
  what: string,
  answer: {
    readonly id: string;
    readonly state: string;
    readonly failure?:
      | {
          readonly code: string;
          readonly title: string;
          readonly detail: string;
          readonly details: Readonly<Record<string, unknown>>;
        }
      | undefined;
  },
): ServiceError {
  const { id, state, failure } = answer;
  return new ServiceError(
    failure?.code ?? state,
    `${what} ${id} ${state}: ${failure?.title ?? ''} ${failure?.detail ?? ''}`.trim(),
    failure?.details ?? {},
  );
}

export interface Checked extends Bounds {
  readonly verifySeconds: number;
}

/** Verifies what was just made. Throws: ProofNotValid. */
export function requireValid(keys: PublishedKeys, system: KnownSystem, file: ProofFile): Checked {
  const start = performance.now();
  const verdict = verifyProofFile(keys, system, file);
  if (!verdict.ok) throw new ProofNotValid(verdict.reason, verdict.details);
  const { provableBits, collisionBits } = verdict;
  return { verifySeconds: (performance.now() - start) / 1000, provableBits, collisionBits };
}

/** A proof that was just made does not verify: the keys are of another build, or the prover is broken. */
export class ProofNotValid extends Error {
  readonly code: keyof typeof FILE_REJECTIONS;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: keyof typeof FILE_REJECTIONS, details: Readonly<Record<string, string | number>>) {
    super(
      `${code}: ${FILE_REJECTIONS[code]} ${JSON.stringify(details)} Nothing was written; colonnade keys --check tells whether the keys are those of this build.`,
    );
    this.name = 'ProofNotValid';
    this.code = code;
    this.details = details;
  }
}
