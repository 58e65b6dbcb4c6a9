/** Whether the service lives, whether it can prove, and its metrics. */
import type { FastifyInstance } from 'fastify';
import { ROUTES } from '../api/routes.ts';
import { serve } from '../http/serve.ts';
import type { ServiceMetrics } from '../metrics/metrics.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';

const PROVER_STATES = { starting: 'The prover is starting.', failed: 'The prover has failed.' } as const;

export function healthRoutes({ jobs, prover, programs, profiles }: Services, { registry }: ServiceMetrics) {
  return async (app: FastifyInstance): Promise<void> => {
    serve(app, ROUTES.getHealth, () => ({ status: 'ok' as const }));

    serve(app, ROUTES.getReadiness, () => {
      if (jobs.isStopping()) throw new Problem('stopping', 'No more jobs are taken.');
      const state = prover.state();
      if (state.state !== 'ready') {
        throw new Problem('not-ready', PROVER_STATES[state.state], { proverState: state.state });
      }
      return {
        status: 'ready' as const,
        adapter: { ...state.adapter },
        programs: [...programs.keys()],
        profiles: [...profiles.keys()],
      };
    });

    serve(app, ROUTES.getMetrics, async (_request, reply) =>
      reply.type(registry.contentType).send(await registry.metrics()),
    );
  };
}
