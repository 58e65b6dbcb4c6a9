/** Puts the service together: prover, checker, estimator, queue and routes. Used by `main.ts` and by the demo. */
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import { startThreadChecker } from './checker/threadChecker.ts';
import { startThreadEstimator } from './estimates/estimator.ts';
import { createLog } from './log.ts';
import { heapsOf, memoryMebibytes, memoryParts } from './memory.ts';
import { SERVED_PROFILES } from './profiles.ts';
import { type ProcessProver, startProcessProver } from './prover/processProver.ts';
import { SERVED_PROGRAMS } from './registry.ts';
import { createServices } from './services.ts';
import type { Settings } from './settings.ts';

export interface Service {
  readonly app: FastifyInstance;
  readonly prover: ProcessProver;
  /** Where it listens. */
  readonly url: string;
  /** Takes no more jobs, gives the running one so much time, then stops the processes and the listener. */
  close(graceMs?: number): Promise<void>;
}

/** Listens when it returns; `/readyz` says when the prover can prove. Throws: KernelError 'NO_ADAPTER'; listen errors. */
export async function startService(settings: Settings): Promise<Service> {
  const { log, droppedLines: droppedLogLines } = createLog(settings.logLevel);
  const memory = memoryMebibytes();
  const heaps = heapsOf(settings, memory);
  log.info({ memoryMebibytes: memory, parts: memoryParts(settings, heaps, memory) }, 'memory');
  const prover = await startProcessProver({
    entry: new URL('./prover/child.ts', import.meta.url),
    adapter: settings.adapter,
    tracerHeapMebibytes: heaps.tracer,
    budgetBytes: settings.deviceMebibytes === 0 ? undefined : settings.deviceMebibytes * 2 ** 20,
    log,
  });
  const checker = startThreadChecker(heaps);
  checker.prepare();
  const estimator = startThreadEstimator(heaps.estimator);
  const services = createServices({
    settings,
    programs: SERVED_PROGRAMS,
    profiles: SERVED_PROFILES,
    prover,
    checker,
    estimator,
    log,
    droppedLogLines,
  });
  const closeParts = async (): Promise<void> => {
    await prover.close();
    await checker.close();
    await estimator.close();
  };
  try {
    const app = await buildApp(services, log);
    const url = await app.listen({ host: settings.host, port: settings.port });
    return {
      app,
      prover,
      url,
      async close(graceMs = 0) {
        // Whoever waits for a job hears its end before the connections are closed.
        await services.jobs.close(graceMs);
        await app.close();
        await closeParts();
      },
    };
  } catch (error) {
    await services.jobs.close();
    await closeParts();
    throw error;
  }
}
