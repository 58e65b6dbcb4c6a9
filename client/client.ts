/**
 * The service from the caller's side, over `fetch` and WebSocket only: it runs in browsers and in Node. Requests and answers have the
 * types of the service's own table of routes, and answers are checked against the same schemas.
 */
import type { z } from 'zod';
import type { aggregationRequestSchema } from '../server/api/aggregationSchemas.ts';
import {
  type AnswerOf,
  JSON_TYPE,
  OCTETS_TYPE,
  ROUTES,
  type RouteDefinition,
  type RouteName,
} from '../server/api/routes.ts';
import {
  type EventMessage,
  type estimateRequestSchema,
  eventMessageSchema,
  formatStatement,
  type JobStateName,
  type listQuerySchema,
  problemSchema,
  type proofRequestSchema,
} from '../server/api/schemas.ts';
import { refuseUnless, ServiceError } from './serviceError.ts';

export type ProofRequest = z.input<typeof proofRequestSchema>;
export type EstimateRequest = z.input<typeof estimateRequestSchema>;
export type JobAnswer = AnswerOf<'getProof', 200>;
export type AggregationRequest = z.input<typeof aggregationRequestSchema>;
export type AggregationAnswer = AnswerOf<'getAggregation', 200>;

/** What a submission may carry beside its body. */
export interface SubmitOptions {
  /** Higher goes first. */
  readonly priority?: number;
  /** ISO 8601; a job that has not started by then expires. */
  readonly deadline?: string;
  /** The same key and body submit once. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface WatchOptions extends CallOptions {
  /** Events with higher numbers are wanted; 0 asks for all that are remembered. */
  readonly after?: number;
}

/** The part of a WebSocket that is used; browsers and Node from 22 on have one, the package `ws` another. */
export interface EventSocket {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  close(): void;
}

export interface ClientOptions {
  readonly fetch?: typeof globalThis.fetch;
  /** How events arrive; without one they are asked for again and again. The global one where there is one. */
  readonly openSocket?: ((url: string) => EventSocket) | undefined;
  /** Between two questions where there is no WebSocket, and before the first attempt to connect again. */
  readonly pauseMs?: number;
  /** A connection that has been silent for this long is opened again; heartbeats come more often. */
  readonly silenceMs?: number;
  /** Attempts to go on after a lost connection, one after another without a message, before the watcher hears of it. */
  readonly maximumFailures?: number;
}

/** Events and gaps in the order of their numbers; a gap says that events were forgotten before they were read. */
export type WatchedMessage = Exclude<EventMessage, { readonly type: 'heartbeat' }>;

export interface ColonnadeClient {
  submitProof(request: ProofRequest, options?: SubmitOptions): Promise<JobAnswer>;
  /** An execution trace, as `colonnade trace` writes it. */
  submitTrace(
    program: string,
    profile: string,
    trace: Uint8Array<ArrayBuffer>,
    options?: SubmitOptions,
  ): Promise<JobAnswer>;
  getProof(id: string, options?: CallOptions): Promise<JobAnswer>;
  listProofs(
    query?: Partial<Record<keyof z.input<typeof listQuerySchema>, string | number>>,
    options?: CallOptions,
  ): Promise<AnswerOf<'listProofs', 200>>;
  cancelProof(id: string, options?: CallOptions): Promise<JobAnswer>;
  /** The proof's bytes, without the first line of a proof file. */
  downloadProof(id: string, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Follows a job to its end; `onJob` sees it after every event. Throws: ServiceError; a job that failed, expired or was cancelled is an answer.
   */
  waitForProof(id: string, onJob?: (job: JobAnswer) => void, options?: CallOptions): Promise<JobAnswer>;
  /** Children are jobs of the service, or proof files in base64. */
  submitAggregation(request: AggregationRequest, options?: CallOptions): Promise<AggregationAnswer>;
  getAggregation(id: string, options?: CallOptions): Promise<AggregationAnswer>;
  listAggregations(options?: CallOptions): Promise<AnswerOf<'listAggregations', 200>>;
  cancelAggregation(id: string, options?: CallOptions): Promise<AggregationAnswer>;
  /** Follows an aggregation to its end. One that failed or was cancelled is an answer. */
  waitForAggregation(
    id: string,
    onChange?: (aggregation: AggregationAnswer) => void,
    options?: CallOptions,
  ): Promise<AggregationAnswer>;
  verify(
    program: string,
    profile: string,
    statement: Uint32Array,
    proof: Uint8Array<ArrayBuffer>,
    options?: CallOptions,
  ): Promise<AnswerOf<'verify', 200>>;
  estimate(request: EstimateRequest, options?: CallOptions): Promise<AnswerOf<'estimate', 200>>;
  listPrograms(options?: CallOptions): Promise<AnswerOf<'listPrograms', 200>>;
  getCapabilities(options?: CallOptions): Promise<AnswerOf<'getCapabilities', 200>>;
  getHealth(options?: CallOptions): Promise<AnswerOf<'getHealth', 200>>;
  getReadiness(options?: CallOptions): Promise<AnswerOf<'getReadiness', 200>>;
  /** Waits until the prover can prove. Throws: ServiceError when it has failed for good. */
  waitUntilReady(options?: CallOptions): Promise<AnswerOf<'getReadiness', 200>>;
  /** All jobs' events, without end; goes on at its cursor after a lost connection. */
  watchEvents(options?: WatchOptions): AsyncGenerator<WatchedMessage, void, undefined>;
  /** One job's events; ends after its last one. */
  watchProof(id: string, options?: WatchOptions): AsyncGenerator<WatchedMessage, void, undefined>;
  /** One aggregation's events; ends after its last one. */
  watchAggregation(id: string, options?: WatchOptions): AsyncGenerator<WatchedMessage, void, undefined>;
}

const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const SILENCE_MS = 60_000;
const MAXIMUM_FAILURES = 8;
const FINAL_STATES: ReadonlySet<JobStateName> = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

export function isFinished({ state }: { readonly state: JobStateName }): boolean {
  return FINAL_STATES.has(state);
}

interface Call extends CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly type: string; readonly content: string | Uint8Array<ArrayBuffer> };
}

function addressOf(base: URL, path: string, { params = {}, query = {} }: Call): URL {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  // A base such as https://host/prefix/ keeps its prefix.
  const address = new URL(filled.slice(1), base);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) address.searchParams.set(name, String(value));
  return address;
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    function onAbort(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function globalSocket(): ((url: string) => EventSocket) | undefined {
  const { WebSocket } = globalThis as { WebSocket?: new (url: string) => EventSocket };
  return WebSocket && ((url) => new WebSocket(url));
}

/** A client of the service at this address. Throws: TypeError when it is no http or https address. */
export function createClient(url: string, options: ClientOptions = {}): ColonnadeClient {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  if (base.protocol !== 'http:' && base.protocol !== 'https:')
    throw new TypeError(`${url} is no http address`);
  const fetchFrom = options.fetch ?? globalThis.fetch;
  const openSocket = 'openSocket' in options ? options.openSocket : globalSocket();
  const pauseMs = options.pauseMs ?? PAUSE_MS;
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  const maximumFailures = options.maximumFailures ?? MAXIMUM_FAILURES;

  /** Throws: ServiceError for every answer that is not one of the route's; what fetch throws, as 'UNREACHABLE'. */
  async function send(route: RouteDefinition, call: Call): Promise<Response> {
    const address = addressOf(base, route.path, call);
    const { body, headers = {}, signal } = call;
    let response: Response;
    try {
      response = await fetchFrom(address, {
        method: route.method,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': body.type }) },
        ...(body === undefined ? {} : { body: body.content }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ServiceError('UNREACHABLE', `${address.href}: ${causeOf(error)}`, { url: address.href });
    }
    if (response.ok) return response;
    const text = await response.text();
    const problem = problemSchema.safeParse(jsonOf(text));
    if (!problem.success)
      throw new ServiceError('UNEXPECTED_ANSWER', `${address.href}: status ${response.status}`, {
        url: address.href,
        status: response.status,
        body: text.slice(0, 200),
      });
    throw ServiceError.ofProblem(problem.data, response.headers.get('retry-after'));
  }

  async function call<Name extends RouteName, Status extends keyof (typeof ROUTES)[Name]['answers'] & number>(
    name: Name,
    status: Status,
    request: Call,
  ): Promise<AnswerOf<Name, Status>> {
    const route: RouteDefinition = ROUTES[name];
    const response = await send(route, request);
    const schema = route.answers[status]?.schema;
    refuseUnless(
      response.status === status && schema !== undefined,
      `${route.path}: status ${response.status}`,
    );
    const parsed = schema.safeParse(jsonOf(await response.text()));
    if (parsed.success) return parsed.data as AnswerOf<Name, Status>;
    const [issue] = parsed.error.issues;
    throw new ServiceError(
      'UNEXPECTED_ANSWER',
      `${route.path}: ${issue?.path.join('.')}: ${issue?.message}`,
      {
        url: response.url,
        field: issue?.path.join('.') ?? '',
      },
    );
  }

  const client: ColonnadeClient = {
    submitProof: (request, { idempotencyKey, signal, ...fields } = {}) =>
      call('submitProof', 202, {
        body: { type: JSON_TYPE, content: JSON.stringify({ ...request, ...fields }) },
        headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
        ...(signal === undefined ? {} : { signal }),
      }),
    submitTrace: (program, profile, trace, { idempotencyKey, signal, priority, deadline } = {}) =>
      call('submitProof', 202, {
        query: { program, profile, priority, deadline },
        body: { type: OCTETS_TYPE, content: trace },
        headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
        ...(signal === undefined ? {} : { signal }),
      }),
    getProof: (id, each = {}) => call('getProof', 200, { params: { id }, ...each }),
    listProofs: (query = {}, each = {}) => call('listProofs', 200, { query, ...each }),
    cancelProof: (id, each = {}) => call('cancelProof', 200, { params: { id }, ...each }),
    async downloadProof(id, each = {}) {
      const response = await send(ROUTES.downloadProof, { params: { id }, ...each });
      return new Uint8Array(await response.arrayBuffer());
    },
    async waitForProof(id, onJob, each = {}) {
      let job = await client.getProof(id, each);
      onJob?.(job);
      if (isFinished(job)) return job;
      for await (const message of client.watchProof(id, each)) {
        // Progress alone changes nothing but itself; a state has more behind it.
        if (message.type === 'event' && message.kind === 'progress' && message.stage !== undefined)
          job = {
            ...job,
            state: message.state,
            progress: { stage: message.stage, fraction: message.fraction ?? 0 },
          };
        else job = await client.getProof(id, each);
        onJob?.(job);
      }
      return isFinished(job) ? job : await client.getProof(id, each);
    },
    verify: (program, profile, statement, proof, each = {}) =>
      call('verify', 200, {
        query: { program, profile, statement: formatStatement(statement) },
        body: { type: OCTETS_TYPE, content: proof },
        ...each,
      }),
    estimate: (request, each = {}) =>
      call('estimate', 200, { body: { type: JSON_TYPE, content: JSON.stringify(request) }, ...each }),
    listPrograms: (each = {}) => call('listPrograms', 200, each),
    getCapabilities: (each = {}) => call('getCapabilities', 200, each),
    getHealth: (each = {}) => call('getHealth', 200, each),
    getReadiness: (each = {}) => call('getReadiness', 200, each),
    async waitUntilReady(each = {}) {
      for (;;) {
        try {
          return await client.getReadiness(each);
        } catch (error) {
          const isStarting =
            error instanceof ServiceError &&
            error.code === 'not-ready' &&
            error.details['proverState'] !== 'failed';
          if (!isStarting) throw error;
        }
        await pause(pauseMs, each.signal);
      }
    },
    submitAggregation: (request, each = {}) =>
      call('submitAggregation', 202, {
        body: { type: JSON_TYPE, content: JSON.stringify(request) },
        ...each,
      }),
    getAggregation: (id, each = {}) => call('getAggregation', 200, { params: { id }, ...each }),
    listAggregations: (each = {}) => call('listAggregations', 200, each),
    cancelAggregation: (id, each = {}) => call('cancelAggregation', 200, { params: { id }, ...each }),
    async waitForAggregation(id, onChange, each = {}) {
      let aggregation = await client.getAggregation(id, each);
      onChange?.(aggregation);
      if (isFinished(aggregation)) return aggregation;
      for await (const message of client.watchAggregation(id, each)) {
        if (message.type === 'event' && message.kind === 'progress') continue;
        aggregation = await client.getAggregation(id, each);
        onChange?.(aggregation);
      }
      return isFinished(aggregation) ? aggregation : await client.getAggregation(id, each);
    },
    watchEvents: (each = {}) => watch(ROUTES.watchEvents, undefined, undefined, each),
    watchProof: (id, each = {}) =>
      watch(ROUTES.watchProof, id, async (own) => isFinished(await client.getProof(id, own)), each),
    watchAggregation: (id, each = {}) =>
      watch(
        ROUTES.watchAggregation,
        id,
        async (own) => isFinished(await client.getAggregation(id, own)),
        each,
      ),
  };

  async function* watch(
    route: RouteDefinition,
    id: string | undefined,
    isOver: ((own: CallOptions) => Promise<boolean>) | undefined,
    { after = 0, signal }: WatchOptions,
  ): AsyncGenerator<WatchedMessage, void, undefined> {
    let cursor = after;
    let wait = pauseMs;
    let failures = 0;
    const params: Readonly<Record<string, string>> = id === undefined ? {} : { id };
    const own: CallOptions = signal === undefined ? {} : { signal };
    for (;;) {
      signal?.throwIfAborted();
      const request: Call = { params, query: { after: cursor }, ...own };
      const source =
        openSocket === undefined
          ? questions(route, request)
          : messages(openSocket, addressOf(base, route.path, request), silenceMs, signal);
      try {
        for await (const message of source) {
          wait = pauseMs;
          failures = 0;
          if (message.type === 'heartbeat') continue;
          if (message.type === 'event') {
            // A resumed connection may repeat what it had sent.
            if (message.number <= cursor) continue;
            cursor = message.number;
          }
          yield message;
          // A tree's events may be those of its nodes.
          if (message.type === 'event' && message.job === id && FINAL_STATES.has(message.state)) return;
        }
        signal?.throwIfAborted();
        // Whoever was refused the upgrade, or is too late for the last event, hears why from the plain routes.
        if (isOver !== undefined && (await isOver(own))) {
          for await (const message of questions(route, { params, query: { after: cursor }, ...own }))
            if (message.type !== 'heartbeat') yield message;
          return;
        }
        if (isOver === undefined && openSocket !== undefined) await client.getHealth(own);
      } catch (error) {
        failures += 1;
        if (!(error instanceof ServiceError) || !error.isRetryable || failures > maximumFailures) throw error;
      }
      await pause(wait, signal);
      if (openSocket !== undefined || failures > 0) wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
    }
  }

  /** What the list route knows now. */
  async function* questions(
    route: RouteDefinition,
    request: Call,
  ): AsyncGenerator<EventMessage, void, undefined> {
    const schema = ROUTES.watchEvents.answers[200].schema;
    const list = schema.safeParse(jsonOf(await (await send(route, request)).text()));
    refuseUnless(list.success, `${route.path}: no list of events`);
    const after = Number(request.query?.['after'] ?? 0);
    const { events, oldest } = list.data;
    if (after > 0 && oldest > after + 1) yield { type: 'gap', after, oldest };
    yield* events;
  }

  return client;
}

/** The messages of one connection; ends when it is closed. */
async function* messages(
  openSocket: (url: string) => EventSocket,
  address: URL,
  silenceMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<EventMessage, void, undefined> {
  const wsAddress = new URL(address);
  wsAddress.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = openSocket(wsAddress.href);
  const waiting: EventMessage[] = [];
  let isClosed = false;
  let fault: ServiceError | undefined;
  let wake: () => void = () => undefined;
  const end = (): void => {
    isClosed = true;
    wake();
  };
  let silence: ReturnType<typeof setTimeout> | undefined;
  const listen = (): void => {
    clearTimeout(silence);
    silence = setTimeout(end, silenceMs);
  };
  socket.onmessage = ({ data }) => {
    listen();
    const parsed = eventMessageSchema.safeParse(typeof data === 'string' ? jsonOf(data) : undefined);
    if (parsed.success) waiting.push(parsed.data);
    else {
      fault = new ServiceError('UNEXPECTED_ANSWER', `${wsAddress.href}: no message of events`, {
        url: wsAddress.href,
      });
      isClosed = true;
    }
    wake();
  };
  socket.onclose = end;
  socket.onerror = end;
  signal?.addEventListener('abort', end, { once: true });
  listen();
  try {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (fault !== undefined) throw fault;
      else if (isClosed) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener('abort', end);
    socket.onmessage = null;
    socket.onclose = null;
    // A socket that is closed while it connects reports an error, which nobody waits for.
    socket.onerror = () => undefined;
    socket.close();
  }
}

/** Undefined when it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
