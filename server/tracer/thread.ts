/** The tracer's thread. */

import { SERVED_PROGRAMS } from '../registry.ts';
import { serveThread } from '../threads/serve.ts';
import { type Traced, type TracerTask, traceTask } from './tracer.ts';

const METHODS = { traceTask: (task: TracerTask): Traced => traceTask(SERVED_PROGRAMS, task) };

export type TracerMethods = typeof METHODS;

serveThread(METHODS);
