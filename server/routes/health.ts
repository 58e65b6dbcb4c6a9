/** Whether the service lives, whether it can prove, and its metrics. */
import type { FastifyInstance } from 'fastify';
import { ROUTES } from '../api/routes.ts';
import { serve } from '../http/serve.ts';
import type { ServiceMetrics } from '../metrics/metrics.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';

/** Metrics are written down once in so many milliseconds, however many ask. */
const METRICS_MS = 1000;

const PROVER_STATES = { starting: 'The prover is starting.', failed: 'The prover has failed.' } as const;

export function healthRoutes(services: Services, { registry }: ServiceMetrics) {
  const { jobs, prover, checker, availability, programs, profiles, settings } = services;
  return async (app: FastifyInstance): Promise<void> => {
    app.addHook('onClose', async () => availability.close());

    serve(app, ROUTES.getHealth, () => {
      const seconds = availability.secondsWithoutProver();
      const { proverSeconds: expectedAtMost } = settings;
      if (seconds > expectedAtMost)
        throw new Problem('not-ready', `There has been no prover for ${Math.floor(seconds)} seconds.`, {
          secondsWithoutProver: Math.floor(seconds),
          expectedAtMost,
        });
      return { status: 'ok' as const };
    });

    serve(app, ROUTES.getReadiness, () => {
      if (jobs.isStopping()) throw new Problem('stopping', 'No more jobs are taken.');
      const state = prover.state();
      if (state.state !== 'ready') {
        throw new Problem('not-ready', PROVER_STATES[state.state], { proverState: state.state });
      }
      if (!checker.isReady()) {
        throw new Problem('not-ready', 'The verifying keys are being computed.', {
          proverState: state.state,
        });
      }
      return {
        status: 'ready' as const,
        adapter: { ...state.adapter },
        programs: [...programs.keys()],
        profiles: [...profiles.keys()],
      };
    });

    let known: { readonly text: Promise<string>; readonly atMs: number } | undefined;
    serve(app, ROUTES.getMetrics, async (_request, reply) => {
      const nowMs = performance.now();
      if (known === undefined || nowMs - known.atMs >= METRICS_MS)
        known = { text: registry.metrics(), atMs: nowMs };
      return reply.type(registry.contentType).send(await known.text);
    });
  };
}
