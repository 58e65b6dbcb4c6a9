/** What a proof would take: the program is run, nothing is proved. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ROUTES } from '../api/routes.ts';
import type { EstimateAnswer } from '../api/schemas.ts';
import { declaredLength, withBody } from '../bodies.ts';
import type { RunSize } from '../estimates/estimator.ts';
import { pastProofs, proveSeconds, queueSeconds } from '../estimates/history.ts';
import { promisedDigest } from '../http/bodyDigest.ts';
import { serve } from '../http/serve.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';

export async function estimateRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { settings, estimator, prover, store, bodies } = services;
  let running = 0;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (_request, stream, done) => {
    done(null, stream);
  });

  serve(app, ROUTES.estimate, async ({ raw }) => {
    const { body: stream } = raw;
    if (!(stream instanceof Readable)) throw new Problem('malformed-request', 'The request has no body.');
    const rules = {
      limitBytes: settings.jsonLimitBytes,
      budget: bodies,
      declaredBytes: declaredLength(raw.headers),
      promisedSha256: promisedDigest(raw.headers),
    };
    if (running >= settings.queueLimit) throw new Problem('queue-full', 'Too many estimates are being made.');
    running += 1;
    try {
      const state = prover.state();
      const limits =
        state.state === 'ready'
          ? { bindingBytes: state.bindingBytes, isSoftware: state.adapter.isSoftware }
          : undefined;
      const size = await withBody(stream, rules, (json) => estimator.estimate({ json, limits }));
      if (!size.ok) throw new Problem(size.code, size.detail, size.details);
      return answerOf(size);
    } finally {
      running -= 1;
    }
  });

  function answerOf({
    program,
    profile,
    cycles,
    tables,
    memory,
  }: RunSize & { readonly ok: true }): EstimateAnswer {
    const cells = tables.reduce((total, table) => total + table.cells, 0);
    const past = pastProofs(store, profile);
    const wait = queueSeconds(store, Date.now());
    const budgetBytes = prover.device()?.budgetBytes;
    const isBounded = budgetBytes !== undefined && Number.isFinite(budgetBytes);
    return {
      program,
      profile,
      cycles,
      tables: [...tables],
      ...(memory === undefined
        ? {}
        : { deviceBytes: memory.allKeptBytes, leastDeviceBytes: memory.leastBytes }),
      ...(isBounded ? { budgetBytes } : {}),
      ...(isBounded && memory !== undefined ? { fitsDevice: memory.leastBytes <= budgetBytes } : {}),
      ...(past === undefined ? {} : { proveSeconds: proveSeconds(past, cells) }),
      ...(wait === undefined ? {} : { queueSeconds: wait }),
      pastProofs: past?.count ?? 0,
    };
  }
}
