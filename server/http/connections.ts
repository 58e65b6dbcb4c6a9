/**
 * What a connection may take of the service. Node parses all requests of a piece of 64 KiB at once; here those of one
 * connection are worked on one after the other, and a connection that sends more before it has taken its answers is cut. So the
 * service holds one answer a connection. There are so many connections; when one more comes, the one that has kept the service
 * waiting longest makes room, first of the client with the most of them. One whose request is being worked on is never cut.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ProblemCode, problemText } from '../problems.ts';

/** Requests of one connection that are not answered yet. Browsers and clients of today send one. */
export const PIPELINED_REQUESTS = 8;

/** How often requests that take too long are looked for. */
const CONNECTION_CHECK_MS = 1000;

/** A connection without a request is kept for so long. */
const IDLE_MS = 72_000;

/** IPv6 hands a client a /64: four groups of 16 bits. */
const CLIENT_GROUPS = 4;

export interface ConnectionLimits {
  readonly connectionLimit: number;
  /** For the head of a request, and for taking a piece of an answer. */
  readonly timeoutMs: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Connection {
  readonly socket: Duplex;
  readonly client: string;
  /** Whether it was handed over to a WebSocket. */
  isUpgraded: boolean;
  current: Exchange | undefined;
  readonly waiting: Exchange[];
}

/** Who is at the other end: an IPv4 address, or the first half of an IPv6 address. */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 2 * CLIENT_GROUPS - groups.length - after.length);
  return [...groups, ...new Array<string>(zeros).fill('0'), ...after].slice(0, CLIENT_GROUPS).join(':');
}

/** Whether the service waits for this client, and not the client for the service. */
function keepsUsWaiting({ isUpgraded, current }: Connection): boolean {
  if (isUpgraded) return false;
  return current === undefined || !current.request.complete || current.response.writableEnded;
}

export interface GuardedServer {
  readonly server: Server;
  /** Hands upgrades to `upgrade` when they ask for a WebSocket; any other is answered as the request that it also is. */
  guardUpgrades(upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): void;
}

export function createGuardedServer(
  handler: RequestListener,
  { connectionLimit, timeoutMs }: ConnectionLimits,
): GuardedServer {
  /** Those that wait longest for their client stand first. */
  const connections = new Map<Duplex, Connection>();

  function leave(socket: Duplex): void {
    connections.delete(socket);
  }

  /** The connection did something: it stands last now. */
  function touch(connection: Connection): void {
    if (!connections.delete(connection.socket)) return;
    connections.set(connection.socket, connection);
  }

  /** False when every connection is being worked on. */
  function makeRoom(): boolean {
    const counts = new Map<string, number>();
    for (const { client } of connections.values()) counts.set(client, (counts.get(client) ?? 0) + 1);
    let chosen: Connection | undefined;
    for (const connection of connections.values()) {
      if (!keepsUsWaiting(connection)) continue;
      const isGreedier = (counts.get(connection.client) ?? 0) > (counts.get(chosen?.client ?? '') ?? 0);
      if (chosen === undefined || isGreedier) chosen = connection;
    }
    if (chosen === undefined) return false;
    leave(chosen.socket);
    chosen.socket.destroy();
    return true;
  }

  function startNext(connection: Connection): void {
    const next = connection.waiting.shift();
    connection.current = next;
    touch(connection);
    if (next === undefined) return;
    // Everybody else has a turn between two requests of a connection.
    next.response.once('close', () => setImmediate(startNext, connection));
    handler(next.request, next.response);
  }

  const server = createServer(
    {
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
      headersTimeout: timeoutMs,
      // Bodies have times of their own (server/bodies.ts).
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS,
    },
    (request, response) => {
      const connection = connections.get(request.socket);
      // What else was in the piece of one that was cut.
      if (connection === undefined || request.socket.destroyed) return;
      connection.waiting.push({ request, response });
      if (connection.current === undefined) startNext(connection);
      else if (connection.waiting.length >= PIPELINED_REQUESTS) request.socket.destroy();
    },
  );
  // A head that is late is found and answered before.
  server.setTimeout(timeoutMs + 2 * CONNECTION_CHECK_MS, (socket: Socket) => {
    const connection = connections.get(socket);
    const { current } = connection ?? {};
    // The caller waits for us, or its body does, which has a time of its own.
    if (current !== undefined && !current.response.writableEnded) return;
    socket.destroy();
  });
  server.on('connection', (socket: Socket) => {
    if (connections.has(socket)) return;
    if (connections.size >= connectionLimit && !makeRoom()) {
      socket.destroy();
      return;
    }
    connections.set(socket, {
      socket,
      client: clientOf(socket.remoteAddress),
      isUpgraded: false,
      current: undefined,
      waiting: [],
    });
    socket.once('close', () => leave(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const current = connections.get(socket)?.current;
    // What arrived is no request; one before it may have begun to be answered.
    if (!socket.writable || current?.response.headersSent) socket.destroy();
    else socket.end(refusalText(error.code));
  });

  return {
    server,
    guardUpgrades(upgrade) {
      server.removeAllListeners('upgrade');
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        const connection = connections.get(socket);
        // Requests before it have not been answered: none of its bytes can be attributed any more.
        if (connection === undefined || connection.current !== undefined) socket.destroy();
        else if (isWebSocket(request)) {
          connection.isUpgraded = true;
          upgrade(request, socket, head);
        } else {
          socket.unshift(Buffer.concat([plainHead(request), head]));
          server.emit('connection', socket);
        }
      });
    },
  };
}

function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** The head of a request without its wish for another protocol, which a server may ignore (RFC 9110, section 7.8). */
function plainHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let place = 0; place + 1 < rawHeaders.length; place += 2) {
    const name = rawHeaders[place] ?? '';
    let value = rawHeaders[place + 1] ?? '';
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    if (/^connection$/i.test(name))
      value = value
        .split(',')
        .filter((token) => !/^\s*(upgrade|http2-settings)\s*$/i.test(token))
        .join(',');
    if (value !== '' || !/^connection$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

const REFUSALS: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The whole answer to something that did not become a request. */
function refusalText(errorCode: string | undefined): string {
  return problemText(REFUSALS[errorCode ?? ''] ?? 'malformed-request');
}
