/** Jobs: submit inputs or a trace, ask for the state, fetch the proof. */
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import {
  formatStatement,
  type JobAnswer,
  jobParametersSchema,
  jobSchema,
  traceQuerySchema,
} from '../api/schemas.ts';
import { declaredLength, withBody } from '../bodies.ts';
import { JOB_FAILURES, type Job, type JobRequest } from '../jobs/job.ts';
import { Problem } from '../problems.ts';
import { served } from '../proofRequest.ts';
import type { Services } from '../services.ts';
import { createTraceInspection, requireWholeTrace } from '../traceUpload.ts';

/** A body that has not been read yet. */
interface IncomingBody {
  readonly kind: JobRequest['input']['kind'];
  readonly stream: Readable;
}

interface TraceQuery {
  readonly program?: string | undefined;
  readonly profile?: string | undefined;
}

export async function proofRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { jobs, settings, programs, profiles, checker, prover, bodies } = services;
  const routes = app.withTypeProvider<ZodTypeProvider>();
  let uploads = 0;
  let requestChecks = 0;

  routes.removeAllContentTypeParsers();
  routes.addContentTypeParser('application/octet-stream', (_request, stream, done) => {
    done(null, { kind: 'trace', stream } satisfies IncomingBody);
  });
  routes.addContentTypeParser('application/json', (_request, stream, done) => {
    done(null, { kind: 'inputs', stream } satisfies IncomingBody);
  });

  routes.post(
    '/v1/proofs',
    { schema: { querystring: traceQuerySchema, response: { 202: jobSchema } } },
    async (request, reply) => {
      // A prover that starts will come to the job; one that has failed will not.
      if (prover.state().state === 'failed') throw new Problem('not-ready', 'The prover has failed.');
      const body = request.body as IncomingBody | undefined;
      if (body === undefined) throw new Problem('malformed-request', 'The request has no body.');
      const declaredBytes = declaredLength(request.headers);
      const job =
        body.kind === 'trace'
          ? await traceJob(body.stream, request.query, declaredBytes)
          : await inputsJob(body.stream, request.query, declaredBytes);
      return reply.code(202).header('location', `/v1/proofs/${job.id}`).send(jobAnswer(job, profiles));
    },
  );

  /** Throws: Problem queue-full. */
  function submit(request: JobRequest): Job {
    const job = jobs.submit(request);
    if (job === undefined) throw queueFull();
    return job;
  }

  async function inputsJob(
    stream: Readable,
    query: TraceQuery,
    declaredBytes: number | undefined,
  ): Promise<Job> {
    const stray = Object.keys(query)[0];
    if (stray !== undefined) {
      throw new Problem('malformed-request', `The query field ${stray} belongs to trace uploads.`);
    }
    const limitBytes = settings.jsonLimitBytes;
    if (requestChecks >= settings.queueLimit || !jobs.hasRoom(declaredBytes ?? 0)) throw queueFull();
    requestChecks += 1;
    try {
      return await withBody(stream, { limitBytes, budget: bodies, declaredBytes }, async (json) => {
        const check = await checker.checkRequest({ json });
        if (!check.ok) throw new Problem(check.code, check.detail, check.details);
        const { program, profile, statement: expectedStatement } = check;
        const input = { kind: 'inputs', json } as const;
        return submit({ program, profile, input, inputBytes: json.byteLength, expectedStatement });
      });
    } finally {
      requestChecks -= 1;
    }
  }

  async function traceJob(
    stream: Readable,
    { program, profile }: TraceQuery,
    declaredBytes: number | undefined,
  ): Promise<Job> {
    if (program === undefined || profile === undefined) {
      throw new Problem('malformed-request', 'A trace upload names program and profile in the query.');
    }
    served(programs, program, 'program');
    served(profiles, profile, 'profile');
    const limitBytes = settings.traceLimitBytes;
    if (uploads >= settings.uploadLimit || !jobs.hasRoom(declaredBytes ?? 0)) throw queueFull();
    uploads += 1;
    try {
      const inspect = createTraceInspection(limitBytes);
      return await withBody(stream, { limitBytes, budget: bodies, declaredBytes, inspect }, async (bytes) => {
        requireWholeTrace(bytes);
        const form = await checker.checkTraceForm({ bytes });
        if (!form.ok) throw new Problem('malformed-trace', form.detail, form.details);
        const input = { kind: 'trace', bytes } as const;
        const inputBytes = bytes.byteLength;
        return submit({ program, profile, input, inputBytes, expectedStatement: undefined });
      });
    } finally {
      uploads -= 1;
    }
  }

  routes.get(
    '/v1/proofs/:id',
    { schema: { params: jobParametersSchema, response: { 200: jobSchema } } },
    (request) => jobAnswer(findJob(services, request.params.id), profiles),
  );

  routes.get('/v1/proofs/:id/proof', { schema: { params: jobParametersSchema } }, (request, reply) => {
    const { state } = findJob(services, request.params.id);
    if (state.name !== 'succeeded') {
      throw new Problem('proof-not-available', `The job is ${state.name}.`, { state: state.name });
    }
    return reply.type('application/octet-stream').send(Buffer.from(state.proof.bytes));
  });
}

function queueFull(): Problem {
  return new Problem('queue-full', 'Too many jobs are waiting.');
}

function findJob({ jobs }: Services, id: string): Job {
  const job = jobs.find(id);
  if (job === undefined) throw new Problem('unknown-job', 'No job has this id.');
  return job;
}

function jobAnswer(job: Job, profiles: Services['profiles']): JobAnswer {
  const { state } = job;
  return {
    id: job.id,
    program: job.program,
    profile: job.profile,
    input: job.inputKind,
    state: state.name,
    attempts: job.attempts,
    events: job.events.map(({ state: entered, atMs, note }) => ({
      state: entered,
      at: new Date(atMs).toISOString(),
      ...(note === undefined ? {} : { note }),
    })),
    ...(state.name === 'running' ? { progress: state.progress } : {}),
    ...(state.name === 'failed'
      ? { failure: { title: JOB_FAILURES[state.failure.code], ...state.failure } }
      : {}),
    ...(state.name === 'succeeded'
      ? {
          proof: {
            statement: formatStatement(state.proof.statement),
            proofBytes: state.proof.bytes.byteLength,
            securityBits: profiles.get(job.profile)?.securityBits ?? 0,
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
