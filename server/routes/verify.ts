/** Checks a proof that anybody made. Malformed bytes are a bad request; a proof that proves nothing is an answer. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { MALFORMED_REASONS } from '../../stark/verifier/rejection.ts';
import { requireProved } from '../aggregation/proofSystem.ts';
import { ROUTES } from '../api/routes.ts';
import type { VerdictAnswer } from '../api/schemas.ts';
import { declaredLength, withBody } from '../bodies.ts';
import { promisedDigest } from '../http/bodyDigest.ts';
import { serve } from '../http/serve.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';

export async function verifyRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { settings, system, checker, bodies } = services;
  let running = 0;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/octet-stream', (_request, stream, done) => {
    done(null, stream);
  });

  serve(app, ROUTES.verify, async ({ query, raw }): Promise<VerdictAnswer> => {
    const { program, profile, statement } = query;
    requireProved(system, program, profile);
    const { body: stream } = raw;
    if (!(stream instanceof Readable)) throw new Problem('malformed-request', 'The request has no body.');
    const rules = {
      limitBytes: settings.proofLimitBytes,
      budget: bodies,
      declaredBytes: declaredLength(raw.headers),
      promisedSha256: promisedDigest(raw.headers),
    };
    // A proof counts from when its body begins to arrive.
    if (running >= settings.queueLimit) throw new Problem('queue-full', 'Too many proofs are being checked.');
    running += 1;
    try {
      const { verdict, seconds } = await withBody(stream, rules, (proof) =>
        checker.verify({ program, profile, statement, proof }),
      );
      if (verdict.ok) return { isValid: true, verifySeconds: seconds };
      const { reason, details } = verdict;
      if (MALFORMED_REASONS.has(reason)) throw new Problem('malformed-proof', reason, { reason, ...details });
      return { isValid: false, reason, details, verifySeconds: seconds };
    } finally {
      running -= 1;
    }
  });
}
