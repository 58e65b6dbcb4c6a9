/**
 * Takes in a body piece by piece. Each piece is copied into one array and dropped, so that a body in tiny pieces takes the
 * memory of its bytes; and all bodies that are arriving or being checked share one budget of memory.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Problem } from './problems.ts';

const FIRST_CAPACITY = 16 * 1024;

/** Bytes that all bodies together may take. */
export interface BodyBudget {
  /** False, and nothing taken, when there is not so much left. */
  take(bytes: number): boolean;
  release(bytes: number): void;
}

export function createBodyBudget(limitBytes: number): BodyBudget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > limitBytes) return false;
      taken += bytes;
      return true;
    },
    release(bytes) {
      taken -= bytes;
    },
  };
}

export interface BodyRules {
  readonly limitBytes: number;
  readonly budget: BodyBudget;
  /** From the request's header; undefined when it does not say. */
  readonly declaredBytes: number | undefined;
  /** The sha-256 that a header promises, in lower-case hex. */
  readonly promisedSha256?: string | undefined;
  /** Called whenever bytes have arrived, with all of them so far; throws when they cannot become what is expected. */
  readonly inspect?: (received: Uint8Array) => void;
}

/**
 * Receives a body and hands it to `use`, which may keep it, with its sha-256 in lower-case hex; the budget is given back
 * when `use` has settled.
 * Throws: Problem body-too-large, queue-full, digest-mismatch; what `inspect` and `use` throw; the error of a broken connection.
 */
export async function withBody<Value>(
  stream: Readable,
  { limitBytes, budget, declaredBytes, promisedSha256, inspect }: BodyRules,
  use: (bytes: Uint8Array, sha256: string) => Promise<Value>,
): Promise<Value> {
  if (declaredBytes !== undefined && declaredBytes > limitBytes) throw tooLarge(limitBytes, declaredBytes);
  let taken = 0;
  let bytes = new Uint8Array(0);
  let received = 0;
  const hash = createHash('sha256');
  // Old and new array exist at the same time while one is copied into the other; the budget counts the new one only.
  const grow = (needed: number): void => {
    const most = declaredBytes ?? limitBytes;
    const capacity = Math.max(needed, Math.min(most, Math.max(2 * bytes.length, FIRST_CAPACITY)));
    if (!budget.take(capacity - taken)) throw new Problem('queue-full', 'Too many bodies are arriving.');
    taken = capacity;
    const larger = new Uint8Array(capacity);
    larger.set(bytes.subarray(0, received));
    bytes = larger;
  };
  try {
    // The connection has to stay for the answer.
    for await (const piece of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      const end = received + piece.length;
      if (end > limitBytes) throw tooLarge(limitBytes, end);
      if (end > bytes.length) grow(end);
      bytes.set(piece, received);
      received = end;
      hash.update(piece);
      inspect?.(bytes.subarray(0, received));
    }
    const sha256 = hash.digest('hex');
    if (promisedSha256 !== undefined && promisedSha256 !== sha256) {
      throw new Problem('digest-mismatch', 'The body has another sha-256.', {
        expected: promisedSha256,
        got: sha256,
      });
    }
    // A copy of its own size: a view would keep the whole capacity while a job waits.
    return await use(received === bytes.length ? bytes : bytes.slice(0, received), sha256);
  } finally {
    budget.release(taken);
  }
}

export function tooLarge(limitBytes: number, gotBytes: number): Problem {
  return new Problem('body-too-large', 'The body is too large.', {
    expectedAtMostBytes: limitBytes,
    gotBytes,
  });
}

/** What a request says about the length of its body. */
export function declaredLength(headers: {
  readonly 'content-length'?: string | undefined;
}): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}
