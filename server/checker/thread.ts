/** The checker's thread. */

import { SERVED_PROFILES } from '../profiles.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import { serveThread } from '../threads/serve.ts';
import type { RequestCheck, RequestTask } from './checker.ts';
import { checkRequest, checkTraceForm, createProofChecks } from './checks.ts';

const METHODS = {
  ...createProofChecks(SERVED_PROGRAMS, SERVED_PROFILES),
  checkTraceForm,
  checkRequest: (task: RequestTask): RequestCheck => checkRequest(SERVED_PROGRAMS, SERVED_PROFILES, task),
};

export type CheckerMethods = typeof METHODS;

serveThread(METHODS);
