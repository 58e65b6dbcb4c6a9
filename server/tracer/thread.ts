/** The tracer's thread. */
import { serveThread } from '../threads/serve.ts';
import { traceTask } from './tracer.ts';

const METHODS = { traceTask };

export type TracerMethods = typeof METHODS;

serveThread(METHODS);
