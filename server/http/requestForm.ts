/** What is asked of every request before a route sees it: that its body is in a form that is read here. */
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '../problems.ts';

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/gi;
const UTF8 = new Set(['utf-8', 'utf8']);

/**
 * Bodies have no content coding here, and text is UTF-8.
 * Throws: Problem unsupported-media-type.
 */
export function requirePlainBody(headers: IncomingHttpHeaders): void {
  const coding = headers['content-encoding']?.trim().toLowerCase();
  if (coding !== undefined && coding !== '' && coding !== 'identity')
    throw refused('content-encoding', coding, 'identity');
  const transfer = headers['transfer-encoding']?.trim().toLowerCase();
  if (transfer !== undefined && transfer !== 'chunked')
    throw refused('transfer-encoding', transfer, 'chunked');
  for (const [, charset = ''] of (headers['content-type'] ?? '').matchAll(CHARSET))
    if (!UTF8.has(charset.toLowerCase())) throw refused('charset', charset, 'utf-8');
}

function refused(what: string, got: string, expected: string): Problem {
  return new Problem('unsupported-media-type', `The ${what} ${JSON.stringify(got)} is not read here.`, {
    expected,
    got,
  });
}
