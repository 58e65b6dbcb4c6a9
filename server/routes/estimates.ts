/** What a proof would take: the program is run, nothing is proved. */
import type { FastifyInstance } from 'fastify';
import { ROUTES } from '../api/routes.ts';
import type { EstimateAnswer } from '../api/schemas.ts';
import { createPlaces } from '../bodies.ts';
import type { RunSize } from '../estimates/estimator.ts';
import { pastProofs, proveSeconds, queueSeconds } from '../estimates/history.ts';
import { receiveBody } from '../http/receive.ts';
import { serve } from '../http/serve.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';

export async function estimateRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { settings, estimator, prover, store } = services;
  const places = createPlaces(settings.queueLimit);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (_request, stream, done) => {
    done(null, stream);
  });

  serve(app, ROUTES.estimate, async ({ raw }) => {
    const reception = {
      limitBytes: settings.jsonLimitBytes,
      places,
      fullDetail: 'Too many estimates are being made.',
    };
    const size = await receiveBody(services, raw, raw.body, reception, ({ bytes: json, caller }) => {
      const state = prover.state();
      const limits =
        state.state === 'ready'
          ? { bindingBytes: state.bindingBytes, isSoftware: state.adapter.isSoftware }
          : undefined;
      return estimator.estimate({ json, limits }, caller);
    });
    if (!size.ok) throw new Problem(size.code, size.detail, size.details);
    return answerOf(size);
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
