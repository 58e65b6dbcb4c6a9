/** Hangs a route of the table into the app: its schemas validate what comes in and what goes out. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { RouteDefinition } from '../api/routes.ts';

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type JsonAnswer<Answers> = {
  [Status in keyof Answers]: Answers[Status] extends { readonly schema: infer Schema extends z.ZodType }
    ? z.input<Schema>
    : never;
}[keyof Answers];

/** A request whose parts have passed the route's schemas. */
export interface CheckedRequest<Route extends RouteDefinition> {
  readonly params: Output<Route['params']>;
  readonly query: Output<Route['query']>;
  readonly raw: FastifyRequest;
}

export type Handler<Route extends RouteDefinition> = (
  request: CheckedRequest<Route>,
  reply: FastifyReply,
) => JsonAnswer<Route['answers']> | FastifyReply | Promise<JsonAnswer<Route['answers']> | FastifyReply>;

/** Fastify's options for a route: address and schemas. */
export function routeOptions(route: RouteDefinition): {
  method: RouteDefinition['method'];
  url: string;
  schema: Record<string, unknown>;
} {
  const response = Object.fromEntries(
    Object.entries(route.answers).flatMap(([status, { schema }]) =>
      schema === undefined ? [] : [[status, schema]],
    ),
  );
  return {
    method: route.method,
    url: route.path,
    schema: {
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { querystring: route.query }),
      ...(route.headers === undefined ? {} : { headers: route.headers }),
      ...(Object.keys(response).length === 0 ? {} : { response }),
    },
  };
}

export function checkedRequest<Route extends RouteDefinition>(
  request: FastifyRequest,
): CheckedRequest<Route> {
  return {
    params: request.params as Output<Route['params']>,
    query: request.query as Output<Route['query']>,
    raw: request,
  };
}

/** Throws: what Fastify throws on a second route at the same address. */
export function serve<Route extends RouteDefinition>(
  app: FastifyInstance,
  route: Route,
  handler: Handler<Route>,
): void {
  app.route({
    ...routeOptions(route),
    handler: (request, reply) => handler(checkedRequest<Route>(request), reply),
  });
}
