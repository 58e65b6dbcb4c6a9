/** A small HTTP client of the service: submit, wait, download. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobAnswer, jobSchema, readinessSchema } from '../server/api/schemas.ts';

const POLL_MS = 200;

async function answerOf(response: Response): Promise<unknown> {
  const body: unknown = await response.json();
  if (response.ok) return body;
  throw new Error(`${response.url}: ${response.status} ${JSON.stringify(body)}`);
}

export interface Readiness {
  readonly adapter: { readonly name: string; readonly isSoftware: boolean };
}

/** Waits until the prover is ready. Throws: Error when it has failed for good. */
export async function waitUntilReady(url: string): Promise<Readiness> {
  for (;;) {
    const response = await fetch(`${url}/readyz`);
    if (response.ok) return readinessSchema.parse(await response.json());
    const { proverState, detail } = (await response.json()) as { proverState?: string; detail?: string };
    if (proverState === 'failed') throw new Error(detail ?? 'the prover has failed');
    await sleep(POLL_MS);
  }
}

export async function submitInputs(
  url: string,
  program: string,
  profile: string,
  inputs: unknown,
): Promise<string> {
  const response = await fetch(`${url}/v1/proofs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ program, profile, inputs }),
  });
  return jobSchema.parse(await answerOf(response)).id;
}

/** Polls until the job is done. Throws: Error when it fails. */
export async function waitForJob(
  url: string,
  id: string,
  onState: (job: JobAnswer) => void,
): Promise<JobAnswer> {
  let shown = '';
  for (;;) {
    const job = jobSchema.parse(await answerOf(await fetch(`${url}/v1/proofs/${id}`)));
    const state = `${job.events.length} ${job.progress?.stage}`;
    if (state !== shown) {
      shown = state;
      onState(job);
    }
    if (job.state === 'succeeded') return job;
    if (job.state === 'failed') throw new Error(`job ${id} failed: ${JSON.stringify(job.failure)}`);
    await sleep(POLL_MS);
  }
}

export async function downloadProof(url: string, id: string): Promise<Uint8Array> {
  const response = await fetch(`${url}/v1/proofs/${id}/proof`);
  if (!response.ok) await answerOf(response);
  return new Uint8Array(await response.arrayBuffer());
}
