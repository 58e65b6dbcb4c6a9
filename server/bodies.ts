/**
 * Takes in a body piece by piece. Each piece is copied into one array and dropped, so that a body in tiny pieces takes the
 * memory of its bytes; and all bodies that are arriving or being checked share one budget of memory.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Problem } from './problems.ts';

const FIRST_CAPACITY = 16 * 1024;

/** A body that is slower is given up: what a bad mobile connection does. Arbitrary. */
const LEAST_BYTES_PER_SECOND = 64 * 1024;

/** Bytes that all bodies together may take, and those of one client. */
export interface BodyBudget {
  /** False, and nothing taken, when there is not so much left. */
  take(bytes: number, client?: string): boolean;
  release(bytes: number, client?: string): void;
}

export function createBodyBudget(limitBytes: number, shareBytes = limitBytes): BodyBudget {
  let taken = 0;
  const takenBy = new Map<string, number>();
  return {
    take(bytes, client = '') {
      const own = (takenBy.get(client) ?? 0) + bytes;
      if (taken + bytes > limitBytes || own > shareBytes) return false;
      taken += bytes;
      takenBy.set(client, own);
      return true;
    },
    release(bytes, client = '') {
      taken -= bytes;
      const own = (takenBy.get(client) ?? 0) - bytes;
      if (own > 0) takenBy.set(client, own);
      else takenBy.delete(client);
    },
  };
}

/** Bodies that are worked on at the same time; a quarter of the places is kept for other clients than the one with most. */
export interface Places {
  /** False when there is none. */
  take(client: string): boolean;
  release(client: string): void;
}

export function createPlaces(limit: number): Places {
  const budget = createBodyBudget(limit, Math.max(1, limit - Math.floor(limit / 4)));
  return { take: (client) => budget.take(1, client), release: (client) => budget.release(1, client) };
}

export interface BodyRules {
  readonly limitBytes: number;
  readonly budget: BodyBudget;
  /** Whose share of the budget it takes. */
  readonly client?: string;
  /** For a body that does not come; one that comes has a second more for every `LEAST_BYTES_PER_SECOND`. */
  readonly patienceMs?: number;
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
 * Throws: Problem body-too-large, queue-full, request-timeout, digest-mismatch; what `inspect` and `use` throw; the error of a
 * broken connection.
 */
export async function withBody<Value>(
  stream: Readable,
  { limitBytes, budget, client, patienceMs, declaredBytes, promisedSha256, inspect }: BodyRules,
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
    if (!budget.take(capacity - taken, client))
      throw new Problem('queue-full', 'Too many bodies are arriving.');
    taken = capacity;
    const larger = new Uint8Array(capacity);
    larger.set(bytes.subarray(0, received));
    bytes = larger;
  };
  try {
    await eachPiece(stream, patienceMs, (piece) => {
      const end = received + piece.length;
      if (end > limitBytes) throw tooLarge(limitBytes, end);
      if (end > bytes.length) grow(end);
      bytes.set(piece, received);
      received = end;
      hash.update(piece);
      inspect?.(bytes.subarray(0, received));
    });
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
    budget.release(taken, client);
  }
}

/**
 * Resolves at the end of the stream. A stream that is given up stays open, since its connection has to stay for the answer.
 * Throws: Problem request-timeout; what `take` throws; the error of a broken connection.
 */
function eachPiece(
  stream: Readable,
  patienceMs: number | undefined,
  take: (piece: Uint8Array) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let received = 0;
    let timer: NodeJS.Timeout | undefined;

    function settle(error?: unknown): void {
      clearTimeout(timer);
      stream.off('data', onData).off('end', settle).off('close', onClose).off('error', settle);
      // A connection that breaks later is nobody's business any more.
      stream.on('error', () => {});
      if (error === undefined) resolve();
      else {
        stream.pause();
        reject(error);
      }
    }
    function onData(piece: Uint8Array): void {
      received += piece.length;
      try {
        take(piece);
      } catch (error) {
        settle(error);
      }
    }
    function onClose(): void {
      settle(new Problem('malformed-request', 'The body ended before its end.'));
    }
    function waitOn(patience: number): void {
      const allowedMs = patience + (1000 * received) / LEAST_BYTES_PER_SECOND;
      const leftMs = allowedMs - (performance.now() - start);
      if (leftMs > 0) timer = setTimeout(() => waitOn(patience), leftMs);
      else
        settle(
          new Problem('request-timeout', 'The body did not arrive in time.', {
            receivedBytes: received,
            allowedSeconds: allowedMs / 1000,
            leastBytesPerSecond: LEAST_BYTES_PER_SECOND,
          }),
        );
    }

    stream.on('data', onData).on('end', settle).on('close', onClose).on('error', settle);
    if (patienceMs !== undefined) waitOn(patienceMs);
  });
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
