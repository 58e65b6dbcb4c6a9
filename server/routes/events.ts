/** Events of one job or of all: as a list, or over a WebSocket when the request asks for an upgrade. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { JSON_TYPE, ROUTES, type RouteDefinition } from '../api/routes.ts';
import type { EventAnswer } from '../api/schemas.ts';
import type { EventSocket, Watchers } from '../events/watchers.ts';
import { checkedRequest, type Handler, routeOptions } from '../http/serve.ts';
import { isFinished } from '../jobs/job.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';
import { found } from './aggregations.ts';
import { findJob } from './proofs.ts';

const PAGE_EVENTS = 1000;

interface EventQuery {
  readonly after?: number | undefined;
  readonly epoch?: string | undefined;
}

export function eventRoutes(services: Services, watchers: Watchers) {
  const { events, aggregations } = services;

  /** Of events, which do not change: a list costs no more than putting texts together. */
  const texts = new WeakMap<EventAnswer, string>();
  const textOf = (event: EventAnswer): string => {
    const known = texts.get(event) ?? JSON.stringify(event);
    texts.set(event, known);
    return known;
  };

  /** A page of events as JSON; whoever asks goes on at `latest`. */
  function page(reply: FastifyReply, { after = 0, epoch }: EventQuery, job?: string): FastifyReply {
    const resumed = events.resume({ after, epoch });
    const oldest = events.oldest();
    const all = events.since(resumed.after, job);
    const shown = all.slice(0, PAGE_EVENTS);
    const last = shown.at(-1);
    const rest = JSON.stringify({
      ...(resumed.isGap ? { gap: { type: 'gap', after, oldest } } : {}),
      epoch: events.epoch,
      latest: shown.length < all.length && last !== undefined ? last.number : events.latest(),
      oldest,
    });
    return reply.type(JSON_TYPE).send(`{"events":[${shown.map(textOf).join(',')}],${rest.slice(1)}`);
  }

  /** Refuses before the upgrade, so that the refusal is an answer. Throws: Problem too-many-connections. */
  function requirePlace(request: FastifyRequest): void {
    if (request.ws && watchers.isFull())
      throw new Problem('too-many-connections', 'Too many connections watch events.');
  }

  /** `find` throws where there is nothing of this id, and says whether it is finished. */
  function watchable<Route extends RouteDefinition>(
    app: FastifyInstance,
    route: Route,
    handler: Handler<Route>,
    find?: (id: string) => { readonly isOver: boolean },
  ): void {
    const jobOf = ({ params }: FastifyRequest): string | undefined =>
      find === undefined ? undefined : (params as { id: string }).id;
    app.route({
      ...routeOptions(route),
      preHandler: async (request) => {
        requirePlace(request);
        const job = jobOf(request);
        if (job !== undefined) find?.(job);
      },
      handler: (request, reply) => handler(checkedRequest<Route>(request), reply),
      wsHandler: (socket: EventSocket, request: FastifyRequest) => {
        const job = jobOf(request);
        const { after, epoch } = request.query as EventQuery;
        const isOver = (): boolean => {
          if (job === undefined) return false;
          try {
            return find?.(job).isOver ?? false;
          } catch (error) {
            // It was forgotten.
            if (error instanceof Problem) return true;
            throw error;
          }
        };
        watchers.watch(socket, { after, epoch, job, isOver });
      },
    });
  }

  return async (app: FastifyInstance): Promise<void> => {
    watchable(app, ROUTES.watchEvents, ({ query }, reply) => page(reply, query));
    watchable(
      app,
      ROUTES.watchProof,
      ({ params, query }, reply) => page(reply, query, params.id),
      (id) => ({ isOver: isFinished(findJob(services, id).state) }),
    );
    watchable(
      app,
      ROUTES.watchAggregation,
      ({ params, query }, reply) => page(reply, query, params.id),
      (id) => ({ isOver: found(aggregations.find(id)).finishedAtMs !== undefined }),
    );
  };
}
