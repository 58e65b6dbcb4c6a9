/** What a call to the service can fail with. */
import type { z } from 'zod';
import type { problemSchema } from '../server/api/schemas.ts';
import type { ProblemCode } from '../server/problems.ts';

/** A problem of the service, by its code, or one of the client's own. */
export type ServiceErrorCode = ProblemCode | 'UNREACHABLE' | 'UNEXPECTED_ANSWER';

type ProblemDocument = z.output<typeof problemSchema>;

export class ServiceError extends Error {
  /** A code that this client does not know yet stays as it is. */
  readonly code: ServiceErrorCode | (string & {});
  /** 0 without an answer. */
  readonly status: number;
  /** The fields of the problem document besides the usual ones. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly traceId: string | undefined;
  /** Whether the same request may succeed another time, and after how long if the service says so. */
  readonly isRetryable: boolean;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ServiceErrorCode | (string & {}),
    message: string,
    details: Readonly<Record<string, unknown>>,
    answer: {
      readonly status?: number;
      readonly traceId?: string;
      readonly isRetryable?: boolean;
      readonly retryAfterSeconds?: number;
    } = {},
  ) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.details = details;
    this.status = answer.status ?? 0;
    this.traceId = answer.traceId;
    this.isRetryable = answer.isRetryable ?? code === 'UNREACHABLE';
    this.retryAfterSeconds = answer.retryAfterSeconds;
  }

  static ofProblem(problem: ProblemDocument, retryAfter: string | null): ServiceError {
    const { type: _, title, status, code, detail, retryable, traceId, ...details } = problem;
    const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
    return new ServiceError(code, detail === undefined ? title : `${title} ${detail}`, details, {
      status,
      traceId,
      isRetryable: retryable,
      ...(Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {}),
    });
  }
}

/** Throws: ServiceError 'UNEXPECTED_ANSWER'. */
export function refuseUnless(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ServiceError('UNEXPECTED_ANSWER', what, {});
}
