/** The tracer's thread. */

import type { NodeInput } from '../aggregation/nodeInput.ts';
import { createKeyRing, PRODUCTION_SYSTEM } from '../aggregation/proofSystem.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import { serveThread } from '../threads/serve.ts';
import { traceNode } from './traceNode.ts';
import { type Traced, type TracerTask, traceTask } from './tracer.ts';

const ring = createKeyRing(PRODUCTION_SYSTEM);

const METHODS = {
  traceTask: (task: TracerTask): Traced => traceTask(SERVED_PROGRAMS, task),
  traceNode: (node: NodeInput): Promise<Traced> => traceNode(ring, node),
};

export type TracerMethods = typeof METHODS;

serveThread(METHODS);
