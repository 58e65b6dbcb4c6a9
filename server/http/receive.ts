/** Receives the body of a request, then works on it at one of the route's places. */
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { type BodyRules, declaredLength, type Places, withBody } from '../bodies.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';
import { promisedDigest } from './bodyDigest.ts';
import { clientOf } from './connections.ts';

export interface Reception extends Pick<BodyRules, 'limitBytes' | 'inspect'> {
  readonly places: Places;
  /** The detail of a refusal when there is no place. */
  readonly fullDetail: string;
}

/** A whole body, and a signal that aborts when whoever sent it is gone. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly caller: AbortSignal;
}

/**
 * A place is taken when the body is there: until then it takes only its share of the memory.
 * Throws: Problem; what `use` throws.
 */
export async function receiveBody<Value>(
  { bodies, settings }: Pick<Services, 'bodies' | 'settings'>,
  request: FastifyRequest,
  stream: unknown,
  { places, fullDetail, ...rules }: Reception,
  use: (received: Received) => Promise<Value>,
): Promise<Value> {
  if (!(stream instanceof Readable)) throw new Problem('malformed-request', 'The request has no body.');
  const client = clientOf(request.raw.socket.remoteAddress);
  return withBody(
    stream,
    {
      ...rules,
      budget: bodies,
      client,
      patienceMs: settings.requestTimeoutSeconds * 1000,
      declaredBytes: declaredLength(request.headers),
      promisedSha256: promisedDigest(request.headers),
    },
    async (bytes, sha256) => {
      if (!places.take(client)) throw new Problem('queue-full', fullDetail);
      const { socket } = request.raw;
      const gone = new AbortController();
      const abort = (): void => gone.abort();
      socket.once('close', abort);
      try {
        return await use({ bytes, sha256, caller: gone.signal });
      } finally {
        socket.off('close', abort);
        places.release(client);
      }
    },
  );
}
