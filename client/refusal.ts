/** What the command line says of an error: a code, one line, details and an exit status; no stack. */
import { type ExitCode, UsageError } from './terminal.ts';

/** An error that a user can do something about has a code. */
interface CodedError extends Error {
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof Error && typeof (error as Partial<CodedError>).code === 'string';
}

/** What a command answers when it does not do what it was asked for. */
export interface Refusal {
  readonly code: string;
  /** One line. */
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly exitCode: ExitCode;
}

/** Never throws, whatever was thrown. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof UsageError) return { code: 'USAGE', message: error.message, details: {}, exitCode: 2 };
  const message = (error instanceof Error ? error.message : String(error))
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  if (isCoded(error)) {
    const { code, details = {} } = error;
    return { code, message, details, exitCode: code === 'FILE_UNREADABLE' ? 2 : 1 };
  }
  if (error instanceof RangeError) return { code: error.name, message, details: {}, exitCode: 1 };
  // A bug of ours: where it was thrown is what somebody who reports it can tell.
  const place = error instanceof Error ? (error.stack?.match(/^\s+at .*$/m)?.[0].trim() ?? '') : '';
  const name = error instanceof Error ? error.name : 'thrown';
  return { code: 'INTERNAL_ERROR', message: `${name}: ${message} ${place}`.trim(), details: {}, exitCode: 1 };
}
