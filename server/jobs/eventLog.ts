/** What happened to the jobs, numbered from 1 on: the last events are remembered, new ones are told to listeners. */
import type { EventAnswer } from '../api/schemas.ts';

export type NewEvent = Omit<EventAnswer, 'type' | 'number' | 'at'>;

export interface EventLog {
  append(event: NewEvent): void;
  /** The remembered events with a higher number, of one job or of all. */
  since(after: number, job?: string): readonly EventAnswer[];
  /** The highest number so far, 0 before the first. */
  latest(): number;
  /** The lowest number that is remembered, or the next one's. */
  oldest(): number;
  /** Called for every event from now on; what it returns ends that. */
  listen(listener: (event: EventAnswer) => void): () => void;
}

export function createEventLog(limit: number): EventLog {
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
        at: new Date().toISOString(),
        ...event,
      };
      ring[latest % limit] = numbered;
      for (const listener of listeners) listener(numbered);
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
