/** Submissions: inputs or a trace become a job. */
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ROUTES } from '../api/routes.ts';
import { createPlaces, declaredLength } from '../bodies.ts';
import { contentDigest } from '../contentDigest.ts';
import { receiveBody } from '../http/receive.ts';
import { type CheckedRequest, serve } from '../http/serve.ts';
import type { Job, JobRequest } from '../jobs/job.ts';
import { PROBLEMS, Problem } from '../problems.ts';
import { schedulingOf, served } from '../proofRequest.ts';
import type { RunInput } from '../prover/prover.ts';
import type { Services } from '../services.ts';
import { createTraceInspection, requireWholeTrace } from '../traceUpload.ts';
import { jobAnswer } from './jobAnswer.ts';

/** A body that has not been read yet. */
interface IncomingBody {
  readonly kind: RunInput['kind'];
  readonly stream: Readable;
}

type Submit = CheckedRequest<typeof ROUTES.submitProof>;

export async function submissionRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { jobs, store, settings, programs, profiles, checker, prover } = services;
  const uploads = createPlaces(settings.uploadLimit);
  const requestChecks = createPlaces(settings.queueLimit);
  const fullDetail = 'Too many jobs are waiting.';

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/octet-stream', (_request, stream, done) => {
    done(null, { kind: 'trace', stream } satisfies IncomingBody);
  });
  app.addContentTypeParser('application/json', (_request, stream, done) => {
    done(null, { kind: 'inputs', stream } satisfies IncomingBody);
  });

  serve(app, ROUTES.submitProof, async (request, reply) => {
    if (jobs.isStopping()) throw new Problem('stopping', 'No more jobs are taken.');
    // A prover that starts will come to the job; one that has failed will not.
    if (prover.state().state === 'failed') throw new Problem('not-ready', 'The prover has failed.');
    const body = request.raw.body as IncomingBody | undefined;
    if (body === undefined) throw new Problem('malformed-request', 'The request has no body.');
    const job = await (body.kind === 'trace' ? traceJob : inputsJob)(body.stream, request);
    return reply.code(202).header('location', `/v1/proofs/${job.id}`).send(jobAnswer(job, profiles));
  });

  /** Throws: Problem queue-full, stopping, deadline-passed, idempotency-key-reused. */
  function submit(
    request: Submit,
    digest: string,
    wanted: Omit<JobRequest, 'traceId' | 'idempotency' | 'inputBytes'> & { readonly input: RunInput },
  ): Job {
    const { input } = wanted;
    const key = keyOf(request);
    const submission = jobs.submit({
      ...wanted,
      inputBytes: (input.kind === 'trace' ? input.bytes : input.json).byteLength,
      traceId: request.raw.id,
      idempotency: key === undefined ? undefined : { key, digest: `${input.kind} ${digest}` },
    });
    if (submission.ok) return submission.job;
    throw new Problem(submission.code, PROBLEMS[submission.code].title);
  }

  /** Before the body is read. A submission that is sent again needs no room in the queue. Throws: Problem queue-full. */
  function requireRoom(request: Submit, limitBytes: number): void {
    const key = keyOf(request);
    const isKnown = key !== undefined && store.findByIdempotencyKey(key) !== undefined;
    // A body that declares too much is refused for that.
    const declaredBytes = Math.min(declaredLength(request.raw.headers) ?? 0, limitBytes);
    if (!isKnown && !jobs.hasRoom(declaredBytes)) throw new Problem('queue-full', fullDetail);
  }

  async function inputsJob(stream: Readable, request: Submit): Promise<Job> {
    const stray = Object.keys(request.query)[0];
    if (stray !== undefined) {
      throw new Problem('malformed-request', `The query field ${stray} belongs to trace uploads.`);
    }
    const reception = { limitBytes: settings.jsonLimitBytes, places: requestChecks, fullDetail };
    requireRoom(request, reception.limitBytes);
    return receiveBody(services, request.raw, stream, reception, async ({ bytes: json, caller }) => {
      const check = await checker.checkRequest({ json }, caller);
      if (!check.ok) throw new Problem(check.code, check.detail, check.details);
      const { program, profile, statement: expectedStatement, priority, deadlineMs, digest } = check;
      const input = { kind: 'inputs', json } as const;
      return submit(request, digest, { program, profile, input, expectedStatement, priority, deadlineMs });
    });
  }

  async function traceJob(stream: Readable, request: Submit): Promise<Job> {
    const { program, profile } = request.query;
    if (program === undefined || profile === undefined) {
      throw new Problem('malformed-request', 'A trace upload names program and profile in the query.');
    }
    served(programs, program, 'program');
    served(profiles, profile, 'profile');
    const limitBytes = settings.traceLimitBytes;
    const inspect = createTraceInspection(limitBytes);
    const reception = { limitBytes, inspect, places: uploads, fullDetail };
    requireRoom(request, limitBytes);
    return receiveBody(services, request.raw, stream, reception, async ({ bytes, sha256, caller }) => {
      requireWholeTrace(bytes);
      const form = await checker.checkTraceForm({ bytes }, caller);
      if (!form.ok) throw new Problem('malformed-trace', form.detail, form.details);
      const input = { kind: 'trace', bytes } as const;
      const scheduling = schedulingOf(request.query);
      const digest = contentDigest({ program, profile, sha256, ...scheduling });
      return submit(request, digest, {
        program,
        profile,
        input,
        expectedStatement: undefined,
        ...scheduling,
      });
    });
  }
}

function keyOf({ raw }: Submit): string | undefined {
  const key = raw.headers['idempotency-key'];
  return typeof key === 'string' ? key : undefined;
}
