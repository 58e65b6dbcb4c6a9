/** Checks a proof that anybody made. Malformed bytes are a bad request; a proof that proves nothing is an answer. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { MALFORMED_REASONS } from '../../stark/verifier/rejection.ts';
import { verdictSchema, verifyQuerySchema } from '../api/schemas.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';
import { findProfile, findProgram } from './proofs.ts';

export async function verifyRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { settings, checker } = services;
  const routes = app.withTypeProvider<ZodTypeProvider>();
  let running = 0;

  routes.removeAllContentTypeParsers();
  routes.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: settings.proofLimitBytes },
    (_request, body, done) => {
      done(null, body);
    },
  );

  routes.post(
    '/v1/verify',
    { schema: { querystring: verifyQuerySchema, response: { 200: verdictSchema } } },
    async (request) => {
      const { program, profile, statement } = request.query;
      findProgram(services, program);
      findProfile(services, profile);
      const proof = request.body;
      if (!(proof instanceof Uint8Array)) throw new Problem('malformed-request', 'The body must be a proof.');
      if (running >= settings.queueLimit)
        throw new Problem('queue-full', 'Too many proofs are being checked.');
      running += 1;
      try {
        const { verdict, seconds } = await checker.verify({ program, profile, statement, proof });
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
