/** Takes in an uploaded trace piece by piece: the header is checked as soon as it is there, the size as it grows. */
import type { Readable } from 'node:stream';
import { Problem } from './problems.ts';

/** What the first bytes of a trace must be; undefined when they are right, else why not. */
export type HeaderCheck = (header: Uint8Array) => string | undefined;

/** Throws: Problem body-too-large, malformed-trace; the error of a broken connection. */
export async function receiveTrace(
  stream: Readable,
  limitBytes: number,
  headerBytes: number,
  checkHeader: HeaderCheck,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let received = 0;
  let isHeaderChecked = false;
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    received += piece.byteLength;
    if (received > limitBytes) throw tooLarge(limitBytes, received);
    if (!isHeaderChecked && received >= headerBytes) {
      const header = Buffer.concat(pieces);
      const fault = checkHeader(header.subarray(0, headerBytes));
      if (fault !== undefined) throw new Problem('malformed-trace', fault);
      isHeaderChecked = true;
    }
  }
  if (!isHeaderChecked) {
    throw new Problem('malformed-trace', 'The bytes end before the header does.', {
      expected: headerBytes,
      got: received,
    });
  }
  return Buffer.concat(pieces);
}

export function tooLarge(limitBytes: number, got: number): Problem {
  return new Problem('body-too-large', 'The body is too large.', {
    expectedAtMostBytes: limitBytes,
    gotBytes: got,
  });
}
