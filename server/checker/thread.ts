/** The checker's thread. */

import { SERVED_PROFILES } from '../profiles.ts';
import { SERVED_PROGRAMS } from '../registry.ts';
import { serveThread } from '../threads/serve.ts';
import type { InputsCheck, InputsTask } from './checker.ts';
import { checkInputs, checkTraceForm, createProofChecks } from './checks.ts';

const METHODS = {
  verifyProof: createProofChecks(SERVED_PROGRAMS, SERVED_PROFILES),
  checkTraceForm,
  checkInputs: (task: InputsTask): InputsCheck => checkInputs(SERVED_PROGRAMS, task),
};

export type CheckerMethods = typeof METHODS;

serveThread(METHODS);
