/**
 * Takes in an uploaded trace piece by piece. Its header says how long it is, so a wrong version, an impossible size and a
 * surplus byte are refused as soon as they arrive.
 */
import type { Readable } from 'node:stream';
import { MachineError } from '../machine/errors.ts';
import { readTraceHeader, TRACE_HEADER_BYTES } from '../machine/traceCodec.ts';
import { Problem } from './problems.ts';

/** Throws: Problem body-too-large, malformed-trace, job-too-large; the error of a broken connection. */
export async function receiveTrace(stream: Readable, limitBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let received = 0;
  let expectedBytes: number | undefined;
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    received += piece.byteLength;
    if (expectedBytes === undefined && received >= TRACE_HEADER_BYTES) {
      expectedBytes = lengthFromHeader(Buffer.concat(pieces));
      if (expectedBytes > limitBytes) throw tooLarge(limitBytes, expectedBytes);
    }
    if (expectedBytes !== undefined && received > expectedBytes) {
      throw new Problem('malformed-trace', 'There are bytes after the end of the trace.', {
        expectedBytes,
        gotBytes: received,
      });
    }
  }
  if (received !== expectedBytes) {
    throw new Problem('malformed-trace', 'The bytes end before the trace does.', {
      expectedBytes: expectedBytes ?? TRACE_HEADER_BYTES,
      gotBytes: received,
    });
  }
  return Buffer.concat(pieces);
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
export function traceProblem({ code, message, details }: MachineError): Problem {
  const isTooLarge = code === 'TRACE_LIMIT' && Number(details['got']) > Number(details['limit']);
  return new Problem(isTooLarge ? 'job-too-large' : 'malformed-trace', message, {
    machineError: code,
    ...details,
  });
}

export function tooLarge(limitBytes: number, gotBytes: number): Problem {
  return new Problem('body-too-large', 'The body is too large.', {
    expectedAtMostBytes: limitBytes,
    gotBytes,
  });
}
