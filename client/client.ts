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
  /** Of the event that `after` is the number of: without it a restart of the service may go unnoticed. */
  readonly epoch?: string;
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
  /** How long whoever watches or waits for something goes on asking a service that does not answer. Any answer begins it anew. */
  readonly patienceMs?: number;
  /** A proof that is larger is not taken. */
  readonly maximumProofBytes?: number;
}

/** Events and gaps in the order of their numbers; a gap says that events were forgotten before they were read, or that the service was restarted. */
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
  /**
   * The proof's bytes, without the first line of a proof file. Throws: ServiceError 'UNEXPECTED_ANSWER' for more bytes than are taken, or
   * others than the service's digest says.
   */
  downloadProof(id: string, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Follows a job to its end; `onJob` sees it after every event. Throws: ServiceError; a job that failed, expired or was cancelled is an answer.
   */
  waitForProof(id: string, onJob?: (job: JobAnswer) => void, options?: CallOptions): Promise<JobAnswer>;
  /** Children are jobs of the service, or proof files in base64. */
  submitAggregation(
    request: AggregationRequest,
    options?: Pick<SubmitOptions, 'idempotencyKey' | 'signal'>,
  ): Promise<AggregationAnswer>;
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
const PATIENCE_MS = 15 * 60_000;
/** Far above any proof: a production leaf has about 600 KB. */
const MAXIMUM_PROOF_BYTES = 64 * 2 ** 20;
/** What stands between client and service answers so while the service is away. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
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
  const patienceMs = options.patienceMs ?? PATIENCE_MS;
  const maximumProofBytes = options.maximumProofBytes ?? MAXIMUM_PROOF_BYTES;

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
    const text = await textOf(response, address, signal);
    const problem = problemSchema.safeParse(jsonOf(text));
    if (!problem.success)
      throw new ServiceError(
        'UNEXPECTED_ANSWER',
        `${address.href}: status ${response.status}`,
        { url: address.href, status: response.status, body: text.slice(0, 200) },
        { isRetryable: PASSING_STATUSES.has(response.status) },
      );
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
    const parsed = schema.safeParse(
      jsonOf(await textOf(response, addressOf(base, route.path, request), request.signal)),
    );
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
      const request = { params: { id }, ...each };
      const response = await send(ROUTES.downloadProof, request);
      const address = addressOf(base, ROUTES.downloadProof.path, request);
      const bytes = await bytesOf(response, address, maximumProofBytes, each.signal);
      await requireDigest(bytes, response.headers.get('repr-digest'), address);
      return bytes;
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
        else job = await patiently(() => client.getProof(id, each), each.signal);
        onJob?.(job);
      }
      return isFinished(job) ? job : await patiently(() => client.getProof(id, each), each.signal);
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
    submitAggregation: (request, { idempotencyKey, ...each } = {}) =>
      call('submitAggregation', 202, {
        body: { type: JSON_TYPE, content: JSON.stringify(request) },
        headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
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
        aggregation = await patiently(() => client.getAggregation(id, each), each.signal);
        onChange?.(aggregation);
      }
      return isFinished(aggregation)
        ? aggregation
        : await patiently(() => client.getAggregation(id, each), each.signal);
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

  /** How long a service that does not answer has been asked; throws when that is too long, or the failure is not of that kind. */
  function createPatience(): { failed(error: unknown, waitMs: number): number; answered(): void } {
    let sinceMs: number | undefined;
    return {
      /** Milliseconds to wait, at least those given. */
      failed(error, waitMs) {
        const now = performance.now();
        sinceMs ??= now;
        if (!(error instanceof ServiceError) || !error.isRetryable || now - sinceMs >= patienceMs)
          throw error;
        const wantedMs = Math.max(waitMs, 1000 * (error.retryAfterSeconds ?? 0));
        return Math.min(wantedMs, patienceMs);
      },
      answered() {
        sinceMs = undefined;
      },
    };
  }

  /** Asks again while the service does not answer. */
  async function patiently<Value>(
    ask: () => Promise<Value>,
    signal: AbortSignal | undefined,
  ): Promise<Value> {
    const patience = createPatience();
    for (let wait = pauseMs; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        return await ask();
      } catch (error) {
        await pause(patience.failed(error, wait), signal);
      }
    }
  }

  async function* watch(
    route: RouteDefinition,
    id: string | undefined,
    isOver: ((own: CallOptions) => Promise<boolean>) | undefined,
    { after = 0, epoch, signal }: WatchOptions,
  ): AsyncGenerator<WatchedMessage, void, undefined> {
    const cursor: Cursor = { after, epoch };
    const patience = createPatience();
    let wait = pauseMs;
    const params: Readonly<Record<string, string>> = id === undefined ? {} : { id };
    const own: CallOptions = signal === undefined ? {} : { signal };
    for (;;) {
      signal?.throwIfAborted();
      const request = (): Call => ({ params, query: { ...cursor }, ...own });
      const source =
        openSocket === undefined
          ? questions(route, request(), cursor)
          : messages(openSocket, addressOf(base, route.path, request()), silenceMs, signal);
      let next: number;
      try {
        for await (const message of source) {
          wait = pauseMs;
          patience.answered();
          if (message.type === 'heartbeat' || !takeIn(cursor, message)) continue;
          yield message;
          // A tree's events may be those of its nodes.
          if (message.type === 'event' && message.job === id && FINAL_STATES.has(message.state)) return;
        }
        signal?.throwIfAborted();
        const isLast = isOver !== undefined && (await isOver(own));
        // Whoever was refused the upgrade, or is too late for the last event, hears from the plain routes.
        if (isLast || openSocket !== undefined)
          for await (const message of questions(route, request(), cursor))
            if (message.type !== 'heartbeat' && takeIn(cursor, message)) yield message;
        if (isLast) return;
        patience.answered();
        next = wait;
        // A service that closes every connection at once is asked less and less often.
        wait = openSocket === undefined ? pauseMs : Math.min(2 * wait, LONGEST_PAUSE_MS);
      } catch (error) {
        next = patience.failed(error, wait);
        wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
      }
      await pause(next, signal);
    }
  }

  /** What the list route knows now. A list without events, too, tells the epoch. */
  async function* questions(
    route: RouteDefinition,
    request: Call,
    cursor: Cursor,
  ): AsyncGenerator<EventMessage, void, undefined> {
    const schema = ROUTES.watchEvents.answers[200].schema;
    const response = await send(route, request);
    const text = await textOf(response, addressOf(base, route.path, request), request.signal);
    const list = schema.safeParse(jsonOf(text));
    refuseUnless(list.success, `${route.path}: no list of events`);
    const { events, gap, epoch, latest } = list.data;
    if (gap !== undefined) yield gap;
    cursor.epoch = epoch;
    yield* events;
    cursor.after = Math.max(cursor.after, latest);
  }

  return client;
}

/** Up to where a watcher has heard the events. */
interface Cursor {
  after: number;
  /** Undefined until an answer tells it. */
  epoch: string | undefined;
}

/** Moves the cursor to a message; false for one that was heard before: a resumed connection may repeat what it had sent. */
function takeIn(cursor: Cursor, message: WatchedMessage): boolean {
  if (message.type === 'gap') {
    // Whatever was heard before, the events go on here, maybe with lower numbers.
    cursor.after = message.oldest - 1;
    cursor.epoch = undefined;
    return true;
  }
  if (message.number <= cursor.after && (cursor.epoch ?? message.epoch) === message.epoch) return false;
  cursor.after = message.number;
  cursor.epoch = message.epoch;
  return true;
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

/** The text of an answer. Throws: ServiceError 'UNREACHABLE' when it breaks off. */
async function textOf(response: Response, address: URL, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw brokenOff(error, address, signal);
  }
}

/** What broke an answer off: the caller's own doing stays what it is. */
function brokenOff(error: unknown, address: URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return error;
  return new ServiceError('UNREACHABLE', `${address.href}: ${causeOf(error)}`, { url: address.href });
}

/** The bytes of an answer. Throws: ServiceError 'UNEXPECTED_ANSWER' beyond so many, 'UNREACHABLE' when it breaks off. */
async function bytesOf(
  response: Response,
  address: URL,
  mostBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let received = 0;
  const reader = response.body?.getReader();
  try {
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
      received += next.value.length;
      if (received > mostBytes) break;
      pieces.push(next.value);
    }
  } catch (error) {
    throw brokenOff(error, address, signal);
  }
  if (received > mostBytes) {
    await reader?.cancel().catch(() => undefined);
    throw new ServiceError('UNEXPECTED_ANSWER', `${address.href}: more than ${mostBytes} bytes`, {
      url: address.href,
      expectedAtMostBytes: mostBytes,
    });
  }
  const bytes = new Uint8Array(received);
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

/**
 * Compares bytes with the sha-256 of a `repr-digest` (RFC 9530), where there is one and the runtime can compute it: browsers do on secure pages
 * only. Throws: ServiceError 'UNEXPECTED_ANSWER'.
 */
async function requireDigest(
  bytes: Uint8Array<ArrayBuffer>,
  header: string | null,
  address: URL,
): Promise<void> {
  const { subtle } = globalThis.crypto as { readonly subtle?: SubtleCrypto };
  const expected = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):/.exec(header ?? '')?.[1];
  if (subtle === undefined || expected === undefined) return;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  const got = btoa(String.fromCharCode(...digest));
  if (got !== expected)
    throw new ServiceError('UNEXPECTED_ANSWER', `${address.href}: not the bytes of its digest`, {
      url: address.href,
      expected,
      got,
    });
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
