/** The checker of production: a thread of its own. */
import { startThread } from '../threads/thread.ts';
import type { Checker } from './checker.ts';
import type { CheckerMethods } from './thread.ts';

/** A leaf proof takes about a second; the first call also computes the key. */
const TIMEOUT_MS = 5 * 60 * 1000;
const HEAP_MEBIBYTES = 2048;

export function startThreadChecker(): Checker {
  const thread = startThread<CheckerMethods>({
    entry: new URL('./thread.ts', import.meta.url),
    timeoutMs: TIMEOUT_MS,
    heapMebibytes: HEAP_MEBIBYTES,
  });
  return {
    checkRequest: (task) => thread.call('checkRequest', task),
    checkAggregation: (task) => thread.call('checkAggregation', task),
    checkBlock: (task) => thread.call('checkBlock', task),
    verify: (task) => thread.call('verifyProof', task),
    checkTraceForm: (task) => thread.call('checkTraceForm', task),
    instructionCount: (task) => thread.call('instructionCount', task),
    keyDigest: (task) => thread.call('keyDigest', task),
    close: () => thread.close(),
  };
}
