/** Jobs: submit inputs or a trace, ask for the state, fetch the proof. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import {
  formatStatement,
  type JobAnswer,
  jobParametersSchema,
  jobSchema,
  proofRequestSchema,
  traceQuerySchema,
} from '../api/schemas.ts';
import { JOB_FAILURES, type Job, type JobRequest } from '../jobs/job.ts';
import { Problem } from '../problems.ts';
import type { ServedProgram } from '../programs.ts';
import type { ServedProfile, Services } from '../services.ts';
import { receiveTrace, tooLarge } from '../traceUpload.ts';
import { parseOrRefuse } from '../validation.ts';

/** Memory of parsed inputs for each byte of JSON, about; arbitrary but on the safe side. */
const PARSED_BYTES_PER_BYTE = 6;

export async function proofRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { jobs, settings, profiles, checker, prover } = services;
  const routes = app.withTypeProvider<ZodTypeProvider>();
  let uploads = 0;
  let inputChecks = 0;

  // A trace is handed over as a stream; JSON bodies are read by Fastify.
  routes.addContentTypeParser('application/octet-stream', (_request, payload, done) => {
    done(null, payload);
  });

  routes.post(
    '/v1/proofs',
    {
      schema: { querystring: traceQuerySchema, response: { 202: jobSchema } },
      bodyLimit: settings.jsonLimitBytes,
    },
    async (request, reply) => {
      // A prover that starts will come to the job; one that has failed will not.
      if (prover.state().state === 'failed') throw new Problem('not-ready', 'The prover has failed.');
      const { body, query } = request;
      const jobRequest =
        body instanceof Readable
          ? await traceJob(body, query, Number(request.headers['content-length'] ?? 0))
          : await inputsJob(
              body,
              query,
              Number(request.headers['content-length'] ?? settings.jsonLimitBytes),
            );
      const job = jobs.submit(jobRequest);
      if (job === undefined) throw queueFull();
      return reply.code(202).header('location', `/v1/proofs/${job.id}`).send(jobAnswer(job, profiles));
    },
  );

  async function inputsJob(body: unknown, query: object, textBytes: number): Promise<JobRequest> {
    const stray = Object.keys(query)[0];
    if (stray !== undefined) {
      throw new Problem('malformed-request', `The query field ${stray} belongs to trace uploads.`);
    }
    const { program: programName, profile, inputs: json } = parseOrRefuse(proofRequestSchema, body, 'body');
    const program = findProgram(services, programName);
    findProfile(services, profile);
    const inputs = parseOrRefuse(program.inputs, json, 'body.inputs');
    const inputBytes = PARSED_BYTES_PER_BYTE * textBytes;
    if (inputChecks >= settings.queueLimit || !jobs.hasRoom(inputBytes)) throw queueFull();
    inputChecks += 1;
    const check = await checker.checkInputs({ program: program.name, inputs }).finally(() => {
      inputChecks -= 1;
    });
    if (!check.ok) {
      throw new Problem(check.isTooLarge ? 'job-too-large' : 'inputs-refused', check.detail, check.details);
    }
    const { statement: expectedStatement } = check;
    return {
      program: program.name,
      profile,
      input: { kind: 'inputs', inputs },
      inputBytes,
      expectedStatement,
    };
  }

  async function traceJob(
    stream: Readable,
    query: { program?: string | undefined; profile?: string | undefined },
    declaredBytes: number,
  ): Promise<JobRequest> {
    if (query.program === undefined || query.profile === undefined) {
      throw new Problem('malformed-request', 'A trace upload names program and profile in the query.');
    }
    const program = findProgram(services, query.program);
    findProfile(services, query.profile);
    if (declaredBytes > settings.traceLimitBytes) throw tooLarge(settings.traceLimitBytes, declaredBytes);
    if (uploads >= settings.uploadLimit || !jobs.hasRoom(declaredBytes)) throw queueFull();
    uploads += 1;
    try {
      const bytes = await receiveTrace(stream, settings.traceLimitBytes);
      const form = await checker.checkTraceForm({ bytes });
      if (!form.ok) throw new Problem('malformed-trace', form.detail, form.details);
      return {
        program: program.name,
        profile: query.profile,
        input: { kind: 'trace', bytes },
        inputBytes: bytes.byteLength,
        expectedStatement: undefined,
      };
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

export function findProgram({ programs }: Services, name: string): ServedProgram {
  const program = programs.get(name);
  if (program !== undefined) return program;
  throw new Problem('unknown-program', `There is no program ${JSON.stringify(name)}.`, {
    expected: [...programs.keys()],
    got: name,
  });
}

export function findProfile({ profiles }: Services, name: string): ServedProfile {
  const profile = profiles.get(name);
  if (profile !== undefined) return profile;
  throw new Problem('unknown-profile', `There is no profile ${JSON.stringify(name)}.`, {
    expected: [...profiles.keys()],
    got: name,
  });
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
