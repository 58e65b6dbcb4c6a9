/**
 * The digest of what a request says, by which a submission that is sent again is told from another one under the same key: white space and
 * the order of fields do not count. It runs in the threads.
 */
import { createHash, type Hash } from 'node:crypto';

/** Of a JSON value, sha-256 in lower-case hex. Values have no more levels than their schemas allow. */
export function contentDigest(value: unknown): string {
  const hash = createHash('sha256');
  absorb(hash, value);
  return hash.digest('hex');
}

function absorb(hash: Hash, value: unknown): void {
  if (Array.isArray(value)) {
    hash.update('[');
    for (const item of value) {
      absorb(hash, item);
      hash.update(',');
    }
    hash.update(']');
  } else if (typeof value === 'object' && value !== null) {
    hash.update('{');
    for (const name of Object.keys(value).sort()) {
      const field = (value as Readonly<Record<string, unknown>>)[name];
      if (field === undefined) continue;
      hash.update(`${JSON.stringify(name)}:`);
      absorb(hash, field);
      hash.update(',');
    }
    hash.update('}');
  } else hash.update(JSON.stringify(value) ?? 'null');
}
