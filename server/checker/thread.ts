/** A thread of the checker. It begins with the keys that are known already. */
import { workerData } from 'node:worker_threads';
import { checkBlock } from '../aggregation/blockCheck.ts';
import { createKeyRing, type KnownKey, PRODUCTION_SYSTEM } from '../aggregation/proofSystem.ts';
import { type AggregationCheck, checkAggregation } from '../aggregation/request.ts';
import { SERVED_PROFILES } from '../profiles.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import { serveThread } from '../threads/serve.ts';
import type { RequestCheck, RequestTask } from './checker.ts';
import { checkRequest, checkTraceForm, createProofChecks } from './checks.ts';

const ring = createKeyRing(PRODUCTION_SYSTEM, workerData as readonly KnownKey[]);

const METHODS = {
  ...createProofChecks(ring),
  checkAggregation: (task: RequestTask): Promise<AggregationCheck> => checkAggregation(ring, task),
  checkBlock,
  checkTraceForm,
  checkRequest: (task: RequestTask): RequestCheck => checkRequest(SERVED_PROGRAMS, SERVED_PROFILES, task),
};

export type CheckerMethods = typeof METHODS;

serveThread(METHODS);
