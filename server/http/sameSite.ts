/**
 * Keeps web pages of other sites away from a service that only loopback protects: a browser names the page's origin in
 * `Origin`, and in `Host` the name that it was told is this machine's (DNS rebinding).
 * Source: RFC 6454, section 7; RFC 9110, section 7.2.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';
import { Problem } from '../problems.ts';

/** Whether a host name or address, as the part of a URL or of a setting, is this machine itself. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return (
    name === 'localhost' || name === '::1' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'))
  );
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/**
 * `boundHost` is the address that the service listens on. Requests without the headers come from no browser.
 * Throws: Problem host-not-allowed, origin-not-allowed.
 */
export function requireSameSite({ host, origin }: IncomingHttpHeaders, boundHost: string): void {
  if (host !== undefined && isLoopback(boundHost) && !isLoopback(urlOf(`http://${host}`)?.hostname ?? ''))
    throw new Problem(
      'host-not-allowed',
      'The service listens on loopback and answers under its names only.',
    );
  if (origin === undefined) return;
  const page = urlOf(origin);
  // The default port of the page's own scheme may stand in one of the two and not in the other.
  const own = page && urlOf(`${page.protocol}//${host ?? ''}`);
  if (page === undefined || page.host === '' || page.host !== own?.host)
    throw new Problem('origin-not-allowed', 'Pages of other sites may not use this service.');
}
