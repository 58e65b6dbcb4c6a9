/**
 * The log: lines of JSON on a stream that may be full or closed. A line that cannot be written is dropped and counted, and stops nothing;
 * when the stream takes lines again, they go on.
 */
import pino, { type Logger } from 'pino';
import type { Settings } from './settings.ts';

/** The part of a stream that is used; standard output is one, and stays open after an error. */
export interface LogStream {
  readonly writableLength: number;
  write(text: string, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
}

export interface LogDestination {
  write(line: string): void;
  /** Since the start. */
  droppedLines(): number;
}

/** Of lines that a slow reader has not taken. Arbitrary: some thousand lines. */
const BUFFERED_BYTES = 4 * 2 ** 20;

export function createLogDestination(stream: LogStream): LogDestination {
  let dropped = 0;
  /** A line may have been cut off: the next one has to begin on a line of its own. */
  let isTorn = false;
  // Whoever writes hears of the error by its own line.
  stream.on('error', () => {});

  function fail(): void {
    dropped += 1;
    isTorn = true;
  }

  return {
    write(line) {
      if (stream.writableLength > BUFFERED_BYTES) {
        dropped += 1;
        return;
      }
      const text = isTorn ? `\n${line}` : line;
      isTorn = false;
      try {
        stream.write(text, (error) => {
          if (error) fail();
        });
      } catch {
        fail();
      }
    },
    droppedLines: () => dropped,
  };
}

export interface ServiceLog {
  readonly log: Logger;
  droppedLines(): number;
}

/** On standard output. */
export function createLog(level: Settings['logLevel']): ServiceLog {
  const destination = createLogDestination(process.stdout);
  const log = pino({ level, serializers: { error: pino.stdSerializers.err } }, destination);
  return { log, droppedLines: destination.droppedLines };
}
