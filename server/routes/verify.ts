/** Checks a proof that anybody made. Malformed bytes are a bad request; a proof that proves nothing is an answer. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { MALFORMED_REASONS } from '../../stark/verifier/rejection.ts';
import { verdictSchema, verifyQuerySchema } from '../api/schemas.ts';
import { declaredLength, withBody } from '../bodies.ts';
import { Problem } from '../problems.ts';
import { served } from '../proofRequest.ts';
import type { Services } from '../services.ts';

export async function verifyRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { settings, programs, profiles, checker, bodies } = services;
  const routes = app.withTypeProvider<ZodTypeProvider>();
  let running = 0;

  routes.removeAllContentTypeParsers();
  routes.addContentTypeParser('application/octet-stream', (_request, stream, done) => {
    done(null, stream);
  });

  routes.post(
    '/v1/verify',
    { schema: { querystring: verifyQuerySchema, response: { 200: verdictSchema } } },
    async (request) => {
      const { program, profile, statement } = request.query;
      served(programs, program, 'program');
      served(profiles, profile, 'profile');
      const { body: stream } = request;
      if (!(stream instanceof Readable)) throw new Problem('malformed-request', 'The request has no body.');
      // A proof counts from when its body begins to arrive.
      if (running >= settings.queueLimit)
        throw new Problem('queue-full', 'Too many proofs are being checked.');
      running += 1;
      try {
        const { verdict, seconds } = await withBody(
          stream,
          {
            limitBytes: settings.proofLimitBytes,
            budget: bodies,
            declaredBytes: declaredLength(request.headers),
          },
          (proof) => checker.verify({ program, profile, statement, proof }),
        );
        if (verdict.ok) return { isValid: true, verifySeconds: seconds };
        if (MALFORMED_REASONS.has(verdict.reason)) {
          throw new Problem('malformed-proof', verdict.reason, {
            reason: verdict.reason,
            ...verdict.details,
          });
        }
        return { isValid: false, reason: verdict.reason, details: verdict.details, verifySeconds: seconds };
      } finally {
        running -= 1;
      }
    },
  );
}
