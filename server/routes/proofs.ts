/** Jobs: list, look at, cancel, and fetch the proof. */
import type { FastifyInstance } from 'fastify';
import { JSON_TYPE, ROUTES } from '../api/routes.ts';
import { digestHeader } from '../http/bodyDigest.ts';
import { serve } from '../http/serve.ts';
import type { Job } from '../jobs/job.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';
import { jobAnswer, jobSummary } from './jobAnswer.ts';

const USUAL_PAGE = 50;

export async function proofRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { jobs, store, allProfiles: profiles } = services;

  /** Of versions of jobs, which do not change. */
  const texts = new WeakMap<Job, string>();
  const textOf = (job: Job): string => {
    const known = texts.get(job) ?? JSON.stringify(jobSummary(job));
    texts.set(job, known);
    return known;
  };

  serve(app, ROUTES.listProofs, ({ query: { limit = USUAL_PAGE, state, before } }, reply) => {
    // One more tells whether there is another page.
    const found = store.list({ limit: limit + 1, state, before });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const next = found.length > page.length && last !== undefined ? `,"next":${JSON.stringify(last.id)}` : '';
    return reply.type(JSON_TYPE).send(`{"jobs":[${page.map(textOf).join(',')}]${next}}`);
  });

  serve(app, ROUTES.getProof, ({ params }) => jobAnswer(findJob(services, params.id), profiles));

  serve(app, ROUTES.cancelProof, async ({ params }) => {
    const job = await jobs.cancel(params.id);
    if (job === undefined) throw unknownJob();
    const { name } = job.state;
    if (name !== 'cancelled')
      throw new Problem('job-finished', `The job is ${name} already.`, { state: name });
    return jobAnswer(job, profiles);
  });

  serve(app, ROUTES.downloadProof, ({ params, raw }, reply) => {
    const { state } = findJob(services, params.id);
    if (state.name !== 'succeeded') {
      throw new Problem('proof-not-available', `The job is ${state.name}.`, { state: state.name });
    }
    const { bytes, sha256 } = state.proof;
    const etag = `"${sha256}"`;
    reply.header('etag', etag).header('repr-digest', digestHeader(sha256));
    if (raw.headers['if-none-match'] === etag) return reply.code(304).send();
    if (raw.method === 'GET') reply.raw.once('finish', () => jobs.noteFetched(params.id));
    return reply
      .type('application/octet-stream')
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
}

/** Throws: Problem unknown-job. */
export function findJob({ jobs }: Services, id: string): Job {
  const job = jobs.find(id);
  if (job === undefined) throw unknownJob();
  return job;
}

function unknownJob(): Problem {
  return new Problem('unknown-job', 'No job has this id.');
}
