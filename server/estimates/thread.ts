/** The estimator's thread. */
import { SERVED_PROFILES } from '../profiles.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import { serveThread } from '../threads/serve.ts';
import type { EstimateTask, RunSize } from './estimator.ts';
import { sizeOfRun } from './sizeOfRun.ts';

const METHODS = {
  sizeOfRun: (task: EstimateTask): RunSize => sizeOfRun(SERVED_PROGRAMS, SERVED_PROFILES, task),
};

export type EstimatorMethods = typeof METHODS;

serveThread(METHODS);
