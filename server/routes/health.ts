/** Whether the service lives, and whether it can prove. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { healthSchema, readinessSchema } from '../api/schemas.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../services.ts';

const PROVER_STATES = { starting: 'The prover is starting.', failed: 'The prover has failed.' } as const;

export async function healthRoutes(
  app: FastifyInstance,
  { prover, programs, profiles }: Services,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get('/healthz', { schema: { response: { 200: healthSchema } } }, () => ({ status: 'ok' as const }));

  routes.get('/readyz', { schema: { response: { 200: readinessSchema } } }, () => {
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
}
