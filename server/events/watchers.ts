/**
 * The connections that watch events. The event log is their buffer: a connection has a cursor into it and gets more when it
 * has taken what it got. One that takes nothing for too long, falls out of the log, or talks back is closed.
 */
import type { EventMessage } from '../api/schemas.ts';
import type { EventLog } from '../jobs/eventLog.ts';

/** The part of a WebSocket that is used here. */
export interface EventSocket {
  readonly bufferedAmount: number;
  send(text: string, done: () => void): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'close' | 'message' | 'pong', listener: () => void): void;
}

export const CLOSE_CODES = {
  /** The job had its last event. */
  finished: 1000,
  stopping: 1001,
  unexpectedMessage: 1008,
  tooManyConnections: 1013,
  slowReader: 4008,
} as const;

type CloseReason = keyof typeof CLOSE_CODES;

export interface WatchersOptions {
  readonly events: EventLog;
  readonly heartbeatMs: number;
  readonly connectionLimit: number;
}

export interface Watch {
  /** Events with a higher number; undefined stands for all of one job, or for the future of all jobs. */
  readonly after: number | undefined;
  /** That the number belongs to; undefined where the reader does not say. */
  readonly epoch: string | undefined;
  readonly job: string | undefined;
  /** Whether nothing more will happen. */
  readonly isOver: () => boolean;
}

export interface Watchers {
  isFull(): boolean;
  count(): number;
  watch(socket: EventSocket, watch: Watch): void;
  closeAll(): void;
}

/** More than this is not given to a connection before it has taken what it got. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Time for the closing handshake, then the connection is cut. */
const CLOSE_GRACE_MS = 2000;

interface Connection {
  beat(): void;
  close(reason: CloseReason): void;
}

export function createWatchers({ events, heartbeatMs, connectionLimit }: WatchersOptions): Watchers {
  const connections = new Set<Connection>();
  let timer: NodeJS.Timeout | undefined;

  function beatAll(): void {
    for (const connection of connections) connection.beat();
  }

  function end(socket: EventSocket, reason: CloseReason): void {
    socket.close(CLOSE_CODES[reason], reason);
    setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  return {
    isFull: () => connections.size >= connectionLimit,
    count: () => connections.size,
    closeAll() {
      for (const connection of [...connections]) connection.close('stopping');
    },

    watch(socket, { after, epoch, job, isOver }) {
      if (connections.size >= connectionLimit) {
        end(socket, 'tooManyConnections');
        return;
      }
      const heard = after ?? (job === undefined ? events.latest() : 0);
      const resumed = events.resume({ after: heard, epoch: after === undefined ? undefined : epoch });
      let cursor = resumed.after;
      let hasAnswered = true;
      /** Beats during which a full connection has taken nothing. */
      let stalledBeats = 0;
      let isFull = false;

      const send = (message: EventMessage): void =>
        socket.send(JSON.stringify(message), () => {
          stalledBeats = 0;
          if (!isFull || socket.bufferedAmount > HIGH_WATER_BYTES / 2) return;
          isFull = false;
          pump();
        });

      function pump(): void {
        if (isFull || !connections.has(connection)) return;
        const latest = events.latest();
        for (const event of events.since(cursor, job)) {
          if (socket.bufferedAmount > HIGH_WATER_BYTES) {
            isFull = true;
            return;
          }
          send(event);
          cursor = event.number;
        }
        cursor = Math.max(cursor, latest);
        if (isOver()) connection.close('finished');
      }

      const stopListening = events.listen(() => {
        // What it has not taken is no longer remembered.
        if (isFull && cursor + 1 < events.oldest()) connection.close('slowReader');
        else pump();
      });

      const connection: Connection = {
        beat() {
          if (isFull) stalledBeats += 1;
          if (stalledBeats > 1) {
            connection.close('slowReader');
          } else if (!hasAnswered) {
            leave();
            socket.terminate();
          } else {
            hasAnswered = isFull;
            socket.ping();
            if (!isFull) send({ type: 'heartbeat', at: new Date().toISOString(), latest: events.latest() });
          }
        },
        close(reason) {
          leave();
          end(socket, reason);
        },
      };

      function leave(): void {
        stopListening();
        connections.delete(connection);
        if (connections.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      }

      connections.add(connection);
      timer ??= setInterval(beatAll, heartbeatMs).unref();
      socket.on('close', leave);
      socket.on('pong', () => {
        hasAnswered = true;
      });
      socket.on('message', () => connection.close('unexpectedMessage'));
      if (resumed.isGap) send({ type: 'gap', after: heard, oldest: events.oldest() });
      pump();
    },
  };
}
