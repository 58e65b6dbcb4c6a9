/** The HTTP service: routes, limits and the one error handler, over services that the caller puts together. */
import type { RequestListener } from 'node:http';
import fastifyWebsocket from '@fastify/websocket';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { isResponseSerializationError, serializerCompiler } from 'fastify-type-provider-zod';
import { ROUTES, type RouteDefinition } from './api/routes.ts';
import { retryAfterSeconds } from './estimates/history.ts';
import { createWatchers } from './events/watchers.ts';
import { allowedMethods } from './http/allowedMethods.ts';
import { createGuardedServer, type GuardedServer } from './http/connections.ts';
import { requirePlainBody } from './http/requestForm.ts';
import { requireHost, requireOwnOrigin, requireOwnSite } from './http/sameSite.ts';
import { traceIdOf, traceParentOf } from './http/traceId.ts';
import { createMetrics } from './metrics/metrics.ts';
import { PROBLEM_CONTENT_TYPE, PROBLEMS, Problem, type ProblemCode, problemBody } from './problems.ts';
import { aggregationRoutes } from './routes/aggregations.ts';
import { capabilityRoutes } from './routes/capabilities.ts';
import { docsRoutes } from './routes/docs.ts';
import { estimateRoutes } from './routes/estimates.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { proofRoutes } from './routes/proofs.ts';
import { submissionRoutes } from './routes/submissions.ts';
import { verifyRoutes } from './routes/verify.ts';
import type { Services } from './services.ts';
import { strictValidator } from './validation.ts';

/** Seconds until a client of a service that is not ready asks again. */
const NOT_READY_RETRY_SECONDS = 5;

/** Pages that a page of another site may lead to. */
const PUBLIC_PAGES: ReadonlySet<string> = new Set([ROUTES.getDocs.path]);

/** Addresses that become a WebSocket. */
const WATCHED: ReadonlySet<string> = new Set(
  Object.values<RouteDefinition>(ROUTES).flatMap(({ messages, path }) =>
    messages === undefined ? [] : [path],
  ),
);

type UpgradeListener = Parameters<GuardedServer['guardUpgrades']>[0];

/** Nobody has anything to say on a connection that watches events. */
const SOCKET_MESSAGE_BYTES = 1024;

/** Codes of Fastify and Node that are the caller's doing. */
const KNOWN_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-request',
  FST_ERR_CTP_EMPTY_TYPE: 'unsupported-media-type',
  FST_ERR_BAD_URL: 'not-found',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
  ERR_STREAM_PREMATURE_CLOSE: 'malformed-request',
  ECONNRESET: 'malformed-request',
};

/** Throws: Error when a service offers a TEST_ONLY profile. */
export async function buildApp(services: Services, log?: FastifyBaseLogger): Promise<FastifyInstance> {
  for (const { profile } of services.profiles.values()) {
    if (profile.isTestOnly) throw new Error(`the profile ${profile.name} is for tests only`);
  }
  const { settings, store, events } = services;
  const sendProblem = (error: FastifyError | Problem, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error);
    const { status } = PROBLEMS[problem.code];
    if (problem.code === 'internal-error') request.log.error({ error }, 'request failed');
    if (status === 429) reply.header('retry-after', String(retryAfterSeconds(store, Date.now())));
    if (status === 503) reply.header('retry-after', String(NOT_READY_RETRY_SECONDS));
    // A body that was refused half-way is not read to its end.
    if (!request.raw.complete) reply.header('connection', 'close');
    void reply
      .code(status)
      .type(PROBLEM_CONTENT_TYPE)
      .serializer((body: unknown) => JSON.stringify(body))
      .send(problemBody(problem.code, problem.message, problem.details, request.id));
  };

  const serverOf = (handler: RequestListener): GuardedServer => {
    const { connectionLimit, requestTimeoutSeconds } = settings;
    return createGuardedServer(handler, { connectionLimit, timeoutMs: requestTimeoutSeconds * 1000 });
  };
  let guarded: GuardedServer | undefined;
  const app = Fastify({
    ...(log === undefined ? { logger: false } : { loggerInstance: log }),
    genReqId: traceIdOf,
    logController: new LogController({ requestIdLogLabel: 'traceId' }),
    serverFactory(handler) {
      guarded = serverOf(handler);
      return guarded.server;
    },
    // Requests still open when the service stops are not waited for.
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
    // The server answers what is no request itself.
    clientErrorHandler: () => {},
  });
  app.setValidatorCompiler(strictValidator);
  app.setSerializerCompiler(serializerCompiler);
  // Routes that take a body read it themselves; no other body is read at all.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _stream, done) => done(null));

  app.setNotFoundHandler(({ method, url }, reply) => {
    const allowed = allowedMethods(url);
    if (allowed.length > 0) {
      reply.header('allow', allowed.join(', '));
      throw new Problem('method-not-allowed', `${method} is not answered here.`, { expected: allowed });
    }
    throw new Problem('not-found', `${method} ${url} is not an address of this service.`);
  });
  app.setErrorHandler(sendProblem);

  const watchers = createWatchers({
    events,
    heartbeatMs: settings.heartbeatSeconds * 1000,
    connectionLimit: settings.eventConnectionLimit,
  });
  const metrics = createMetrics(services, watchers);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('traceparent', traceParentOf(request.id));
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const { method } = request;
    metrics.observeRequest({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
  app.addHook('onClose', async () => metrics.close());

  await app.register(fastifyWebsocket, {
    options: { maxPayload: SOCKET_MESSAGE_BYTES },
    preClose(done: () => void) {
      watchers.closeAll();
      done();
    },
  });
  // After the hook of the WebSocket plugin, which ends the connection of an upgrade that is refused.
  guarded?.guardUpgrades(app.server.listeners('upgrade')[0] as UpgradeListener);
  const hostRules = { boundHost: settings.host, allowedHosts: settings.allowedHosts };
  app.addHook('onRequest', async ({ raw, headers, ws, routeOptions: { url } }) => {
    requireHost(raw.rawHeaders, hostRules);
    requireOwnOrigin(headers);
    if (url !== undefined && !PUBLIC_PAGES.has(url)) requireOwnSite(headers);
    requirePlainBody(headers);
    if (ws && url !== undefined && !WATCHED.has(url))
      throw new Problem('no-websocket', 'Only events are watched over a WebSocket.');
  });
  await app.register(healthRoutes(services, metrics));
  await app.register(submissionRoutes, services);
  await app.register(proofRoutes, services);
  await app.register(aggregationRoutes, services);
  await app.register(eventRoutes(services, watchers));
  await app.register(verifyRoutes, services);
  await app.register(estimateRoutes, services);
  await app.register(capabilityRoutes, services);
  await app.register(docsRoutes);
  return app;
}

/** Whatever was thrown, as a problem; the text of our own mistakes stays in the log. */
function problemOf(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  if (isResponseSerializationError(error)) return internalError();
  const code = KNOWN_CODES[error.code];
  if (code !== undefined) return new Problem(code, error.message);
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return new Problem('malformed-request', error.message);
  return internalError();
}

function internalError(): Problem {
  return new Problem('internal-error', 'The log has the reason.');
}
