/** Aggregations: submit, look at, cancel. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Aggregation } from '../aggregation/aggregation.ts';
import { leavesOfChildren, shownColumns } from '../aggregation/children.ts';
import { estimateTree } from '../aggregation/estimate.ts';
import { rolesOf } from '../aggregation/proofSystem.ts';
import type { ReadAggregation } from '../aggregation/request.ts';
import { FAN_IN } from '../aggregation/tree.ts';
import { ROUTES } from '../api/routes.ts';
import { declaredLength, withBody } from '../bodies.ts';
import { promisedDigest } from '../http/bodyDigest.ts';
import { serve } from '../http/serve.ts';
import { PROBLEMS, Problem } from '../problems.ts';
import type { Services } from '../services.ts';
import { aggregationAnswer, aggregationSummary } from './aggregationAnswer.ts';

export async function aggregationRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { aggregations, jobs, store, system, settings, checker, prover, bodies } = services;
  let checks = 0;

  app.addHook('onClose', async () => aggregations.close());

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (_request, stream, done) => {
    done(null, stream);
  });

  serve(app, ROUTES.submitAggregation, async ({ raw }, reply) => {
    if (jobs.isStopping()) throw new Problem('stopping', 'No more jobs are taken.');
    if (prover.state().state === 'failed') throw new Problem('not-ready', 'The prover has failed.');
    const { body: stream } = raw;
    if (!(stream instanceof Readable)) throw new Problem('malformed-request', 'The request has no body.');
    const rules = {
      limitBytes: settings.aggregationLimitBytes,
      budget: bodies,
      declaredBytes: declaredLength(raw.headers),
      promisedSha256: promisedDigest(raw.headers),
    };
    if (!aggregations.hasRoom() || checks >= settings.aggregationLimit)
      throw new Problem('queue-full', 'Too many aggregations are being proved.');
    checks += 1;
    try {
      const aggregation = await withBody(stream, rules, async (json) => {
        const check = await checker.checkAggregation({ json });
        if (!check.ok) throw new Problem(check.code, check.detail, check.details);
        return submit(check.request, raw.id);
      });
      return reply
        .code(202)
        .header('location', `/v1/aggregations/${aggregation.id}`)
        .send(aggregationAnswer(aggregation, services));
    } finally {
      checks -= 1;
    }
  });

  /** Throws: Problem. */
  async function submit(request: ReadAggregation, traceId: string): Promise<Aggregation> {
    const { kind, fanIn, priority, deadlineMs, keys } = request;
    const leaves = await leavesOfChildren(services, request);
    const block = request.block ?? (await blockOf(request, leaves));
    const submission = aggregations.submit({
      kind,
      fanIn,
      priority,
      deadlineMs,
      traceId,
      leaves,
      block,
      keys,
    });
    if (submission.ok) return submission.aggregation;
    throw new Problem(submission.code, PROBLEMS[submission.code].title);
  }

  /** Throws: Problem. */
  async function blockOf(
    request: ReadAggregation,
    leaves: Aggregation['leaves'],
  ): Promise<Aggregation['block']> {
    if (request.list === undefined) return undefined;
    const columns = shownColumns(services, request, leaves);
    const check = await checker.checkBlock({ columns, list: request.list });
    if (!check.ok) throw new Problem(check.code, check.detail, check.details);
    return check.block;
  }

  serve(app, ROUTES.estimateAggregation, ({ query: { kind, children, fanIn = FAN_IN.usual } }) =>
    estimateTree(store, rolesOf(system), { kind, leafCount: children, fanIn }),
  );

  serve(app, ROUTES.listAggregations, () => ({
    aggregations: aggregations.list().map(aggregationSummary),
  }));

  serve(app, ROUTES.getAggregation, ({ params }) =>
    aggregationAnswer(found(aggregations.find(params.id)), services),
  );

  serve(app, ROUTES.cancelAggregation, async ({ params }) => {
    const aggregation = found(await aggregations.cancel(params.id));
    const { name } = aggregation.state;
    if (name !== 'cancelled')
      throw new Problem('aggregation-finished', `The aggregation is ${name} already.`, { state: name });
    return aggregationAnswer(aggregation, services);
  });
}

/** Throws: Problem unknown-aggregation. */
export function found(aggregation: Aggregation | undefined): Aggregation {
  if (aggregation === undefined) throw new Problem('unknown-aggregation', 'No aggregation has this id.');
  return aggregation;
}
