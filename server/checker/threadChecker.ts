/**
 * The checker of production: four threads, so that nobody waits for another kind of work. One verifies the service's own proofs and
 * computes the keys, once; the others get them. One reads submissions, one aggregations, and one verifies strangers' proofs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KnownKey } from '../aggregation/proofSystem.ts';
import { Problem } from '../problems.ts';
import { startLane } from '../threads/lane.ts';
import { startThread } from '../threads/thread.ts';
import type { Checker } from './checker.ts';
import type { CheckerMethods } from './thread.ts';

/** The keys of all programs take most of it, a leaf proof about a second. */
const TIMEOUT_MS = 5 * 60 * 1000;
/** Between attempts to compute the keys. */
const RETRY_MS = 5000;

/** Mebibytes of the heaps of the threads. */
export interface CheckerHeaps {
  readonly own: number;
  readonly submissions: number;
  readonly aggregations: number;
  readonly strangers: number;
}

/** Calls that wait in each line. Arbitrary; the routes have limits of their own. */
const WAITING = { submissions: 256, aggregations: 64, strangers: 64 } as const;

export const USUAL_CHECKER_HEAPS: CheckerHeaps = {
  own: 2048,
  submissions: 1024,
  aggregations: 1024,
  strangers: 1024,
};

export function startThreadChecker(heaps: CheckerHeaps = USUAL_CHECKER_HEAPS): Checker {
  let known: readonly KnownKey[] | undefined;
  let isComputing = false;
  let isClosed = false;

  const optionsOf = (heapMebibytes: number) => ({
    entry: new URL('./thread.ts', import.meta.url),
    timeoutMs: TIMEOUT_MS,
    heapMebibytes,
    startData: () => known ?? [],
  });
  const own = startThread<CheckerMethods>(optionsOf(heaps.own));
  const lane = (name: keyof typeof WAITING) =>
    startLane<CheckerMethods>({ ...optionsOf(heaps[name]), waitingLimit: WAITING[name] });
  const submissions = lane('submissions');
  const aggregations = lane('aggregations');
  const strangers = lane('strangers');

  async function prepare(): Promise<void> {
    if (isComputing) return;
    isComputing = true;
    while (known === undefined && !isClosed) {
      try {
        known = await own.call('allKeys', undefined);
      } catch {
        // The thread ended or took too long; a new one begins.
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** The keys; begins to compute them. Throws: Problem not-ready. */
  function keys(): readonly KnownKey[] {
    void prepare();
    if (known === undefined) throw new Problem('not-ready', 'The verifying keys are being computed.');
    return known;
  }

  function keyNamed(wanted: string, profile?: string): KnownKey {
    const key = keys().find((each) => each.program === wanted && (profile ?? each.profile) === each.profile);
    if (key === undefined) throw new Error(`there is no key of ${wanted} under ${profile}`);
    return key;
  }

  return {
    prepare: () => void prepare(),
    isReady: () => known !== undefined,
    checkRequest: (task, caller) => submissions.call('checkRequest', task, caller),
    checkTraceForm: (task, caller) => submissions.call('checkTraceForm', task, caller),
    async checkAggregation(task, caller) {
      keys();
      return aggregations.call('checkAggregation', task, caller);
    },
    checkBlock: (task, caller) => aggregations.call('checkBlock', task, caller),
    async verify(task, caller) {
      if (caller === undefined) return own.call('verifyProof', task);
      keys();
      return strangers.call('verifyProof', task, caller);
    },
    instructionCount: async ({ program }) => keyNamed(program).instructionCount,
    keyDigest: async ({ program, profile }) => keyNamed(program, profile).digest,
    async close() {
      isClosed = true;
      await Promise.all([own, submissions, aggregations, strangers].map((part) => part.close()));
    },
  };
}
