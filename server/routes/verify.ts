/** Checks a proof that anybody made. Malformed bytes are a bad request; a proof that proves nothing is an answer. */
import type { FastifyInstance } from 'fastify';
import { MALFORMED_REASONS } from '../../stark/verifier/rejection.ts';
import { requireProved } from '../aggregation/proofSystem.ts';
import { ROUTES } from '../api/routes.ts';
import type { VerdictAnswer } from '../api/schemas.ts';
import { createPlaces } from '../bodies.ts';
import { receiveBody } from '../http/receive.ts';
import { serve } from '../http/serve.ts';
import { Problem } from '../problems.ts';
import { boundsOf } from '../profiles.ts';
import type { Services } from '../services.ts';

export async function verifyRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { settings, system, allProfiles, checker } = services;
  const places = createPlaces(settings.queueLimit);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/octet-stream', (_request, stream, done) => {
    done(null, stream);
  });

  serve(app, ROUTES.verify, async ({ query, raw }): Promise<VerdictAnswer> => {
    const { program, profile, statement } = query;
    requireProved(system, program, profile);
    const reception = {
      limitBytes: settings.proofLimitBytes,
      places,
      fullDetail: 'Too many proofs are being checked.',
    };
    const { verdict, seconds } = await receiveBody(
      services,
      raw,
      raw.body,
      reception,
      ({ bytes: proof, caller }) => checker.verify({ program, profile, statement, proof }, caller),
    );
    if (verdict.ok) return { isValid: true, ...boundsOf(allProfiles, profile), verifySeconds: seconds };
    const { reason, details } = verdict;
    if (MALFORMED_REASONS.has(reason)) throw new Problem('malformed-proof', reason, { reason, ...details });
    return { isValid: false, reason, details, verifySeconds: seconds };
  });
}
