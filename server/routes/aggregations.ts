/** Aggregations: submit, look at, cancel. */
import type { FastifyInstance } from 'fastify';
import type { Aggregation } from '../aggregation/aggregation.ts';
import { leavesOfChildren, shownColumns } from '../aggregation/children.ts';
import { estimateTree } from '../aggregation/estimate.ts';
import { rolesOf } from '../aggregation/proofSystem.ts';
import type { ReadAggregation } from '../aggregation/request.ts';
import { FAN_IN } from '../aggregation/tree.ts';
import { JSON_TYPE, ROUTES } from '../api/routes.ts';
import { createPlaces } from '../bodies.ts';
import { receiveBody } from '../http/receive.ts';
import { serve } from '../http/serve.ts';
import { PROBLEMS, Problem } from '../problems.ts';
import type { Services } from '../services.ts';
import { aggregationAnswer, aggregationSummary } from './aggregationAnswer.ts';

export async function aggregationRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { aggregations, jobs, store, system, settings, checker, prover } = services;
  const places = createPlaces(settings.aggregationLimit);

  app.addHook('onClose', async () => aggregations.close());

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (_request, stream, done) => {
    done(null, stream);
  });

  serve(app, ROUTES.submitAggregation, async ({ raw }, reply) => {
    if (jobs.isStopping()) throw new Problem('stopping', 'No more jobs are taken.');
    if (prover.state().state === 'failed') throw new Problem('not-ready', 'The prover has failed.');
    const header = raw.headers['idempotency-key'];
    const key = typeof header === 'string' ? header : undefined;
    const isKnown = key !== undefined && aggregations.findByIdempotencyKey(key) !== undefined;
    const fullDetail = 'Too many aggregations are being proved.';
    if (!(isKnown || aggregations.hasRoom())) throw new Problem('queue-full', fullDetail);
    const reception = { limitBytes: settings.aggregationLimitBytes, places, fullDetail };
    const aggregation = await receiveBody(
      services,
      raw,
      raw.body,
      reception,
      async ({ bytes: json, caller }) => {
        const check = await checker.checkAggregation({ json }, caller);
        if (!check.ok) throw new Problem(check.code, check.detail, check.details);
        const idempotency = key === undefined ? undefined : { key, digest: check.digest };
        return earlierOf(idempotency) ?? submit(check.request, raw.id, caller, idempotency);
      },
    );
    return reply
      .code(202)
      .header('location', `/v1/aggregations/${aggregation.id}`)
      .send(aggregationAnswer(aggregation, services));
  });

  /** Its children may be forgotten by now. Throws: Problem idempotency-key-reused. */
  function earlierOf(idempotency: Aggregation['idempotency']): Aggregation | undefined {
    const earlier = idempotency && aggregations.findByIdempotencyKey(idempotency.key);
    if (earlier !== undefined && earlier.idempotency?.digest !== idempotency?.digest)
      throw new Problem('idempotency-key-reused', PROBLEMS['idempotency-key-reused'].title);
    return earlier;
  }

  /** Throws: Problem. */
  async function submit(
    request: ReadAggregation,
    traceId: string,
    caller: AbortSignal,
    idempotency: Aggregation['idempotency'],
  ): Promise<Aggregation> {
    const { kind, fanIn, priority, deadlineMs, keys } = request;
    const leaves = await leavesOfChildren(services, request);
    const block = request.block ?? (await blockOf(request, leaves, caller));
    const submission = aggregations.submit({
      kind,
      fanIn,
      priority,
      deadlineMs,
      traceId,
      leaves,
      block,
      keys,
      idempotency,
    });
    if (submission.ok) return submission.aggregation;
    throw new Problem(submission.code, PROBLEMS[submission.code].title);
  }

  /** Throws: Problem. */
  async function blockOf(
    request: ReadAggregation,
    leaves: Aggregation['leaves'],
    caller: AbortSignal,
  ): Promise<Aggregation['block']> {
    if (request.list === undefined) return undefined;
    const columns = shownColumns(services, request, leaves);
    const check = await checker.checkBlock({ columns, list: request.list }, caller);
    if (!check.ok) throw new Problem(check.code, check.detail, check.details);
    return check.block;
  }

  serve(app, ROUTES.estimateAggregation, ({ query: { kind, children, fanIn = FAN_IN.usual } }) =>
    estimateTree(store, rolesOf(system), { kind, leafCount: children, fanIn }),
  );

  // These are long, and made here: as texts they are not checked against their schemas once more.
  serve(app, ROUTES.listAggregations, (_request, reply) =>
    reply.type(JSON_TYPE).send(JSON.stringify({ aggregations: aggregations.list().map(aggregationSummary) })),
  );

  serve(app, ROUTES.getAggregation, ({ params }, reply) =>
    reply
      .type(JSON_TYPE)
      .send(JSON.stringify(aggregationAnswer(found(aggregations.find(params.id)), services))),
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
