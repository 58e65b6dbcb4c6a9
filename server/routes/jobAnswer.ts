/** A job as its callers see it. */
import { formatStatement, type JobAnswer } from '../api/schemas.ts';
import { type AttemptError, JOB_FAILURES, type Job } from '../jobs/job.ts';
import { boundsOf } from '../profiles.ts';
import type { Services } from '../services.ts';

const moment = (atMs: number): string => new Date(atMs).toISOString();

function errorAnswer({ atMs, ...error }: AttemptError): NonNullable<JobAnswer['firstError']> {
  return { ...error, at: moment(atMs) };
}

export function jobSummary(job: Job) {
  const { id, program, profile, inputKind: input, state, priority, deadlineMs, finishedAtMs, attempts } = job;
  return {
    id,
    program,
    profile,
    input,
    state: state.name,
    priority,
    ...(deadlineMs === undefined ? {} : { deadline: moment(deadlineMs) }),
    submittedAt: moment(job.submittedAtMs),
    ...(finishedAtMs === undefined ? {} : { finishedAt: moment(finishedAtMs) }),
    attempts: attempts.length,
    ...(state.name === 'running' ? { progress: state.progress } : {}),
  } satisfies Partial<JobAnswer>;
}

export function jobAnswer(job: Job, profiles: Services['profiles']): JobAnswer {
  const { state, attempts } = job;
  const errors = attempts.flatMap(({ error }) => (error === undefined ? [] : [errorAnswer(error)]));
  const [firstError] = errors;
  const lastError = errors.at(-1);
  const [first] = attempts;
  return {
    ...jobSummary(job),
    traceId: job.traceId,
    ...(first === undefined ? {} : { startedAt: moment(first.startedAtMs) }),
    attemptLog: attempts.map(({ attempt, startedAtMs, endedAtMs, stage, error }) => ({
      attempt,
      startedAt: moment(startedAtMs),
      ...(endedAtMs === undefined ? {} : { endedAt: moment(endedAtMs) }),
      stage,
      ...(error === undefined ? {} : { error: errorAnswer(error) }),
    })),
    ...(firstError === undefined ? {} : { firstError }),
    ...(lastError === undefined ? {} : { lastError }),
    events: job.changes.map(({ atMs, ...change }) => ({ ...change, at: moment(atMs) })),
    ...('failure' in state ? { failure: { ...JOB_FAILURES[state.failure.code], ...state.failure } } : {}),
    ...(state.name === 'succeeded'
      ? {
          proof: {
            statement: formatStatement(state.proof.statement),
            proofBytes: state.proof.bytes.byteLength,
            sha256: state.proof.sha256,
            ...boundsOf(profiles, job.profile),
            verifySeconds: state.proof.verifySeconds,
            measures: {
              ...state.proof.measures,
              tables: [...state.proof.measures.tables],
              stages: [...state.proof.measures.stages],
            },
          },
        }
      : {}),
  };
}
