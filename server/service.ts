/** Puts the service together: prover, checker, queue and routes. Used by `main.ts` and by the demo. */
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { buildApp } from './app.ts';
import { createBodyBudget } from './bodies.ts';
import { startThreadChecker } from './checker/threadChecker.ts';
import { createJobQueue } from './jobs/queue.ts';
import { SERVED_PROFILES } from './profiles.ts';
import { type ProcessProver, startProcessProver } from './prover/processProver.ts';
import { SERVED_PROGRAMS } from './registry.ts';
import type { Settings } from './settings.ts';

export interface Service {
  readonly app: FastifyInstance;
  readonly prover: ProcessProver;
  /** Where it listens. */
  readonly url: string;
  /** Stops the running job, the processes and the listener. */
  close(): Promise<void>;
}

/** Listens when it returns; `/readyz` says when the prover can prove. Throws: KernelError 'NO_ADAPTER'; listen errors. */
export async function startService(settings: Settings): Promise<Service> {
  const log = pino({ level: settings.logLevel });
  const prover = await startProcessProver({
    entry: new URL('./prover/child.ts', import.meta.url),
    adapter: settings.adapter,
    budgetBytes: settings.deviceMebibytes === 0 ? undefined : settings.deviceMebibytes * 2 ** 20,
    log,
  });
  const checker = startThreadChecker();
  const jobs = createJobQueue({
    prover,
    checker,
    queueLimit: settings.queueLimit,
    queueBytes: settings.queueMebibytes * 2 ** 20,
    retentionLimit: settings.retentionLimit,
    attemptLimit: settings.attemptLimit,
    attemptTimeoutMs: settings.attemptTimeoutSeconds * 1000,
    log,
  });
  const bodies = createBodyBudget(settings.bodyMebibytes * 2 ** 20);
  const closeParts = async (): Promise<void> => {
    // The prover first: a running job ends with it, and the queue waits for the running job.
    const closing = jobs.close();
    await prover.close();
    await closing;
    await checker.close();
  };
  try {
    const app = await buildApp(
      { settings, programs: SERVED_PROGRAMS, profiles: SERVED_PROFILES, prover, checker, jobs, bodies },
      log,
    );
    const url = await app.listen({ host: settings.host, port: settings.port });
    return {
      app,
      prover,
      url,
      async close() {
        await app.close();
        await closeParts();
      },
    };
  } catch (error) {
    await closeParts();
    throw error;
  }
}
