/**
 * What an uploaded trace's header says while the rest is arriving: a wrong version, an impossible size and a surplus byte
 * are refused as soon as they are there.
 */
import { MachineError } from '../machine/errors.ts';
import { readTraceHeader, TRACE_HEADER_BYTES } from '../machine/traceCodec.ts';
import { tooLarge } from './bodies.ts';
import { Problem } from './problems.ts';

/**
 * Looks at the bytes so far, in every call more of the same.
 * Throws: Problem body-too-large, malformed-trace, job-too-large.
 */
export function createTraceInspection(limitBytes: number): (received: Uint8Array) => void {
  let expectedBytes: number | undefined;
  return (received) => {
    if (expectedBytes === undefined) {
      if (received.length < TRACE_HEADER_BYTES) return;
      expectedBytes = lengthFromHeader(received);
      if (expectedBytes > limitBytes) throw tooLarge(limitBytes, expectedBytes);
    }
    if (received.length > expectedBytes) {
      throw new Problem('malformed-trace', 'There are bytes after the end of the trace.', {
        expectedBytes,
        gotBytes: received.length,
      });
    }
  };
}

/** Throws: Problem malformed-trace when the bytes are fewer than the header says. */
export function requireWholeTrace(bytes: Uint8Array): void {
  const expectedBytes = bytes.length < TRACE_HEADER_BYTES ? TRACE_HEADER_BYTES : lengthFromHeader(bytes);
  if (bytes.length < expectedBytes) {
    throw new Problem('malformed-trace', 'The bytes end before the trace does.', {
      expectedBytes,
      gotBytes: bytes.length,
    });
  }
}

function lengthFromHeader(bytes: Uint8Array): number {
  try {
    return readTraceHeader(bytes).byteLength;
  } catch (error) {
    if (error instanceof MachineError) throw traceProblem(error);
    throw error;
  }
}

/** What a caller is told about a trace that cannot be read. */
function traceProblem({ code, message, details }: MachineError): Problem {
  const isTooLarge = code === 'TRACE_LIMIT' && Number(details['got']) > Number(details['limit']);
  return new Problem(isTooLarge ? 'job-too-large' : 'malformed-trace', message, {
    machineError: code,
    ...details,
  });
}
