/** The checker's thread. */
import { serveThread } from '../threads/serve.ts';
import { checkTraceForm, verifyProof } from './checks.ts';

const METHODS = { verifyProof, checkTraceForm };

export type CheckerMethods = typeof METHODS;

serveThread(METHODS);
