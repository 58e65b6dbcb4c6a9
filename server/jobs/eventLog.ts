/**
 * What happened to the jobs, numbered from 1 on: the last events are remembered, new ones are told to listeners. Numbers start anew with
 * every process, so a cursor is a number and the epoch that it belongs to.
 */
import { randomBytes } from 'node:crypto';
import type { EventAnswer } from '../api/schemas.ts';

export type NewEvent = Omit<EventAnswer, 'type' | 'number' | 'epoch' | 'at'>;

/** Up to where somebody has heard the events. */
export interface EventCursor {
  readonly after: number;
  /** Undefined where the reader does not say. */
  readonly epoch: string | undefined;
}

/** Where the events go on for a cursor. */
export interface Resumption {
  /** Events with a higher number follow. */
  readonly after: number;
  /** Whether events are missing in between. */
  readonly isGap: boolean;
}

export interface EventLog {
  append(event: NewEvent): void;
  /** Of this log alone; in the events, too. */
  readonly epoch: string;
  /**
   * A cursor of another epoch, or beyond the latest event, which is one of another epoch too, goes on at the oldest: all that is
   * remembered is new to its reader.
   */
  resume(cursor: EventCursor): Resumption;
  /** The remembered events with a higher number, of one job or of all. */
  since(after: number, job?: string): readonly EventAnswer[];
  /** The highest number so far, 0 before the first. */
  latest(): number;
  /** The lowest number that is remembered, or the next one's. */
  oldest(): number;
  /** Called for every event from now on; what it returns ends that. */
  listen(listener: (event: EventAnswer) => void): () => void;
}

const EPOCH_BYTES = 8;

/** A listener that throws is told to `onListenerError`, and neither the teller nor other listeners hear of it. */
export function createEventLog(
  limit: number,
  onListenerError: (error: unknown) => void = () => {},
): EventLog {
  const epoch = randomBytes(EPOCH_BYTES).toString('hex');
  /** Event n is at n modulo the limit. */
  const ring: EventAnswer[] = [];
  const listeners = new Set<(event: EventAnswer) => void>();
  let latest = 0;
  const oldest = (): number => Math.max(1, latest - limit + 1);

  return {
    append(event) {
      latest += 1;
      const numbered: EventAnswer = {
        type: 'event',
        number: latest,
        epoch,
        at: new Date().toISOString(),
        ...event,
      };
      ring[latest % limit] = numbered;
      for (const listener of listeners) {
        try {
          listener(numbered);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
    epoch,
    resume({ after, epoch: ofCursor = epoch }) {
      if (ofCursor !== epoch || after > latest) return { after: oldest() - 1, isGap: true };
      return { after: Math.max(after, oldest() - 1), isGap: after + 1 < oldest() };
    },
    since(after, job) {
      const events: EventAnswer[] = [];
      for (let number = Math.max(after + 1, oldest()); number <= latest; number++) {
        const event = ring[number % limit];
        if (event !== undefined && (job === undefined || event.job === job)) events.push(event);
      }
      return events;
    },
    latest: () => latest,
    oldest,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
