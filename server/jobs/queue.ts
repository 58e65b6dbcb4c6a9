/**
 * The jobs of this process, in memory: a first-in first-out queue worked off by one prover. Every proof is verified
 * before its job counts as succeeded. A lost attempt is repeated; a job's own fault is final.
 */
import { randomUUID } from 'node:crypto';
import type { Checker } from '../checker/checker.ts';
import { AttemptLost, type Prover } from '../prover/prover.ts';
import type { Job, JobEvent, JobFailureCode, JobRequest, JobState } from './job.ts';

export interface QueueLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface QueueOptions {
  readonly prover: Prover;
  readonly checker: Checker;
  /** Jobs that wait, and the bytes of their inputs. */
  readonly queueLimit: number;
  readonly queueBytes: number;
  readonly retentionLimit: number;
  readonly attemptLimit: number;
  readonly attemptTimeoutMs: number;
  readonly log: QueueLog;
}

export interface JobQueue {
  /** The new job, or undefined when too many wait. */
  submit(request: JobRequest): Job | undefined;
  /** Whether one more job with an input of this size would be accepted now. */
  hasRoom(inputBytes: number): boolean;
  find(id: string): Job | undefined;
  /** Stops the running attempt and fails what is left. */
  close(): Promise<void>;
}

interface Entry {
  readonly id: string;
  readonly program: string;
  readonly profile: string;
  readonly inputKind: Job['inputKind'];
  state: JobState;
  attempts: number;
  readonly events: JobEvent[];
}

interface Waiting {
  readonly entry: Entry;
  readonly request: JobRequest;
}

export function createJobQueue(options: QueueOptions): JobQueue {
  const { prover, checker, log } = options;
  const entries = new Map<string, Entry>();
  const finished: string[] = [];
  const waiting: Waiting[] = [];
  const stop = new AbortController();
  let working: Promise<void> | undefined;
  let waitingBytes = 0;

  function hasRoom(inputBytes: number): boolean {
    return (
      !stop.signal.aborted &&
      waiting.length < options.queueLimit &&
      waitingBytes + inputBytes <= options.queueBytes
    );
  }

  function enter(entry: Entry, state: JobState, note?: string): void {
    entry.state = state;
    entry.events.push({ state: state.name, atMs: Date.now(), ...(note === undefined ? {} : { note }) });
    if (state.name !== 'succeeded' && state.name !== 'failed') return;
    finished.push(entry.id);
    while (finished.length > options.retentionLimit) entries.delete(finished.shift() ?? '');
  }

  function fail(
    entry: Entry,
    code: JobFailureCode,
    detail: string,
    details: Readonly<Record<string, unknown>> = {},
  ): void {
    log.warn({ job: entry.id, code, detail, details }, 'job failed');
    enter(entry, { name: 'failed', failure: { code, detail, details } });
  }

  /** True when the job is finished, false when the attempt is lost. */
  async function attempt({ entry, request }: Waiting): Promise<boolean> {
    entry.attempts += 1;
    const { attempts } = entry;
    enter(entry, { name: 'running', attempt: attempts, progress: { stage: 'execute', fraction: 0 } });
    const timeout = AbortSignal.timeout(options.attemptTimeoutMs);
    const signal = AbortSignal.any([stop.signal, timeout]);
    let outcome: Awaited<ReturnType<Prover['prove']>>;
    try {
      outcome = await prover.prove(
        { program: request.program, profile: request.profile, input: request.input },
        signal,
        (progress) => {
          entry.state = { name: 'running', attempt: attempts, progress };
        },
      );
    } catch (error) {
      if (!(error instanceof AttemptLost)) throw error;
      const reason = timeout.aborted ? 'TIMEOUT' : error.reason;
      log.warn({ job: entry.id, attempt: entry.attempts, reason, detail: error.message }, 'attempt lost');
      if (stop.signal.aborted) fail(entry, 'STOPPED', 'The service is stopping.');
      else if (entry.attempts >= options.attemptLimit) {
        fail(
          entry,
          'ATTEMPTS_EXHAUSTED',
          `Attempt ${entry.attempts} was the last and ended with ${reason}.`,
          {
            attempts: entry.attempts,
            reason,
          },
        );
      } else {
        enter(entry, { name: 'queued' }, `attempt ${entry.attempts} lost: ${reason}`);
        return false;
      }
      return true;
    }
    if (!outcome.ok) {
      fail(entry, outcome.code, outcome.detail, outcome.details);
      return true;
    }
    const { proof: bytes, statement, measures } = outcome;
    const expected = request.expectedStatement;
    if (expected?.some((word, index) => word !== statement[index])) {
      fail(entry, 'STATEMENT_MISMATCH', 'The proof was not checked.', {
        expected: [...expected],
        got: [...statement],
      });
      return true;
    }
    enter(entry, { name: 'verifying', attempt: entry.attempts });
    const { verdict, seconds } = await checker.verify({
      program: request.program,
      profile: request.profile,
      statement,
      proof: bytes,
    });
    if (verdict.ok) {
      enter(entry, { name: 'succeeded', proof: { bytes, statement, measures, verifySeconds: seconds } });
      log.info({ job: entry.id, proofBytes: bytes.byteLength, verifySeconds: seconds }, 'job succeeded');
    } else {
      fail(entry, 'VERIFICATION_FAILED', verdict.reason, { reason: verdict.reason, ...verdict.details });
    }
    return true;
  }

  async function workOff(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { entry } = next;
      waitingBytes -= next.request.inputBytes;
      try {
        while (!stop.signal.aborted && !(await attempt(next))) {
          // The attempt was lost: try again.
        }
        if (stop.signal.aborted && entry.state.name !== 'succeeded' && entry.state.name !== 'failed') {
          fail(entry, 'STOPPED', 'The service is stopping.');
        }
      } catch (error) {
        log.error({ job: entry.id, error }, 'job failed by a mistake of the service');
        fail(entry, 'INTERNAL', 'The log has the reason.');
      }
    }
    working = undefined;
  }

  return {
    submit(request) {
      if (!hasRoom(request.inputBytes)) return undefined;
      const entry: Entry = {
        id: randomUUID(),
        program: request.program,
        profile: request.profile,
        inputKind: request.input.kind,
        state: { name: 'queued' },
        attempts: 0,
        events: [],
      };
      entries.set(entry.id, entry);
      enter(entry, entry.state);
      waiting.push({ entry, request });
      waitingBytes += request.inputBytes;
      working ??= workOff();
      return entry;
    },
    hasRoom,
    find: (id) => entries.get(id),
    async close() {
      stop.abort();
      await working;
    },
  };
}
