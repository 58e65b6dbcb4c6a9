/**
 * Keeps web pages of other sites away from a service without authentication: a browser names the page's origin in `Origin`, says
 * in `Sec-Fetch-Site` whether it is another one, also where it sends no origin, and in `Host` the name that it was told is this
 * machine's (DNS rebinding).
 * Source: RFC 6454, section 7; RFC 9110, section 7.2; W3C Fetch Metadata Request Headers, section 2.3.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import { Problem } from '../problems.ts';

/** A name or an address, an IPv6 address in brackets, then perhaps a port; nothing else that a URL could have there. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i;

/** Values of `Sec-Fetch-Site` of the service's own pages, and of what somebody typed. */
const OWN_SITES = new Set(['same-origin', 'none']);

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

/** The name or address in a `Host`, in lower case; undefined where it is not written plainly. */
function hostName(host: string): string | undefined {
  const name = HOST.exec(host)?.[1]?.toLowerCase();
  // Other forms of an address, such as 127.1, are no names and not the address as it is written.
  return name !== undefined && urlOf(`http://${name}`)?.hostname === name ? name : undefined;
}

export interface HostRules {
  /** The address that the service listens on. */
  readonly boundHost: string;
  /** Further names that it answers under, in lower case. */
  readonly allowedHosts: readonly string[];
}

/**
 * On loopback only its own names; on other addresses also every address, since only a name can be told to mean this machine.
 */
function isAllowed(name: string, { boundHost, allowedHosts }: HostRules): boolean {
  if (isLoopback(name) || allowedHosts.includes(name)) return true;
  if (isLoopback(boundHost)) return false;
  return name === boundHost.toLowerCase() || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

/** Names and values in turn. Throws: Problem host-not-allowed. A request without a `Host` comes from no browser. */
export function requireHost(rawHeaders: readonly string[], rules: HostRules): void {
  const hosts = rawHeaders.filter(
    (_, place) => place % 2 === 1 && /^host$/i.test(rawHeaders[place - 1] ?? ''),
  );
  const [host] = hosts;
  if (host === undefined) return;
  const name = hostName(host);
  if (hosts.length > 1 || name === undefined || !isAllowed(name, rules))
    throw new Problem('host-not-allowed', 'The service does not answer under this host name.', {
      got: host,
      setting: 'allowed-hosts',
    });
}

/** Throws: Problem origin-not-allowed. A request without the header comes from the service's own page or no browser. */
export function requireOwnSite({ 'sec-fetch-site': site }: IncomingHttpHeaders): void {
  if (site !== undefined && !OWN_SITES.has(String(site))) throw otherSite();
}

/** Throws: Problem origin-not-allowed. */
export function requireOwnOrigin({ origin, host }: IncomingHttpHeaders): void {
  if (origin === undefined) return;
  const page = urlOf(origin);
  // The default port of the page's own scheme may stand in one of the two and not in the other.
  const own = page && urlOf(`${page.protocol}//${host ?? ''}`);
  if (page === undefined || page.host === '' || page.host !== own?.host) throw otherSite();
}

function otherSite(): Problem {
  return new Problem('origin-not-allowed', 'Pages of other sites may not use this service.');
}
