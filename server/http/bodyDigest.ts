/**
 * The sha-256 that a request's headers promise for its body. Source: RFC 9530; bodies have no content coding here, so that
 * Content-Digest and Repr-Digest mean the same bytes. Algorithms other than sha-256 are ignored, as the RFC allows.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '../problems.ts';

const SHA256_BYTES = 32;
const ITEM = /^\s*([a-z0-9*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/]*={0,2}):\s*$/;

/** The digest in lower-case hex, undefined when none is promised. Throws: Problem malformed-request, digest-mismatch. */
export function promisedDigest(headers: IncomingHttpHeaders): string | undefined {
  const promised = new Set<string>();
  for (const header of ['content-digest', 'repr-digest'] as const) {
    const value = headers[header];
    if (value === undefined) continue;
    for (const item of String(value).split(',')) {
      const [, algorithm, base64 = ''] = ITEM.exec(item) ?? [];
      if (algorithm === undefined) throw malformed(header);
      if (algorithm !== 'sha-256') continue;
      const digest = Buffer.from(base64, 'base64');
      if (digest.length !== SHA256_BYTES) throw malformed(header);
      promised.add(digest.toString('hex'));
    }
  }
  if (promised.size > 1)
    throw new Problem('digest-mismatch', 'The headers promise two different digests.', {
      expected: [...promised],
    });
  return [...promised][0];
}

function malformed(header: string): Problem {
  return new Problem('malformed-request', `The header ${header} is not a dictionary of digests.`, {
    errors: [{ path: `headers.${header}`, message: "expected 'sha-256=:' and 32 bytes in base64 and ':'" }],
  });
}

/** The header that promises these bytes. */
export function digestHeader(sha256Hex: string): string {
  return `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`;
}
