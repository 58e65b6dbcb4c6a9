/** Events of one job or of all: as a list, or over a WebSocket when the request asks for an upgrade. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ROUTES, type RouteDefinition } from '../api/routes.ts';
import type { EventSocket, Watchers } from '../events/watchers.ts';
import { checkedRequest, type Handler, routeOptions } from '../http/serve.ts';
import { isFinished } from '../jobs/job.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';
import { findJob } from './proofs.ts';

interface EventQuery {
  readonly after?: number | undefined;
}

export function eventRoutes(services: Services, watchers: Watchers) {
  const { events, jobs } = services;

  const list = ({ after }: EventQuery, job?: string) => ({
    events: [...events.since(after ?? 0, job)],
    latest: events.latest(),
    oldest: events.oldest(),
  });

  /** Refuses before the upgrade, so that the refusal is an answer. Throws: Problem too-many-connections. */
  function requirePlace(request: FastifyRequest): void {
    if (request.ws && watchers.isFull())
      throw new Problem('too-many-connections', 'Too many connections watch events.');
  }

  function watchable<Route extends RouteDefinition>(
    app: FastifyInstance,
    route: Route,
    handler: Handler<Route>,
    jobOf: (request: FastifyRequest) => string | undefined,
  ): void {
    app.route({
      ...routeOptions(route),
      preHandler: async (request) => {
        requirePlace(request);
        const job = jobOf(request);
        if (job !== undefined) findJob(services, job);
      },
      handler: (request, reply) => handler(checkedRequest<Route>(request), reply),
      wsHandler: (socket: EventSocket, request: FastifyRequest) => {
        const job = jobOf(request);
        const { after } = request.query as EventQuery;
        const isOver = (): boolean => {
          if (job === undefined) return false;
          const found = jobs.find(job);
          return found === undefined || isFinished(found.state);
        };
        watchers.watch(socket, { after, job, isOver });
      },
    });
  }

  return async (app: FastifyInstance): Promise<void> => {
    watchable(
      app,
      ROUTES.watchEvents,
      ({ query }) => list(query),
      () => undefined,
    );
    watchable(
      app,
      ROUTES.watchProof,
      ({ params, query }) => list(query, params.id),
      ({ params }) => (params as { id: string }).id,
    );
  };
}
