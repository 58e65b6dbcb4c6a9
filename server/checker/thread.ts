/** The checker's thread. */

import { createKeyRing, PRODUCTION_SYSTEM } from '../aggregation/proofSystem.ts';
import { SERVED_PROFILES } from '../profiles.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import { serveThread } from '../threads/serve.ts';
import type { RequestCheck, RequestTask } from './checker.ts';
import { checkRequest, checkTraceForm, createProofChecks } from './checks.ts';

const METHODS = {
  ...createProofChecks(createKeyRing(PRODUCTION_SYSTEM)),
  checkTraceForm,
  checkRequest: (task: RequestTask): RequestCheck => checkRequest(SERVED_PROGRAMS, SERVED_PROFILES, task),
};

export type CheckerMethods = typeof METHODS;

serveThread(METHODS);
