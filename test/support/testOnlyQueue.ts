/**
 * Queue, threads and prover process of production under TEST_ONLY_LEAF, which the HTTP app refuses: small columns are
 * proved within seconds on any adapter, and verified here.
 */

import { executeColumn } from '../../programs/column/execute.ts';
import { columnInputToJson } from '../../programs/column/input.ts';
import { columnStatementDigest } from '../../programs/column/statement.ts';
import { COLUMN_PROGRAM } from '../../server/columnProgram.ts';
import type { Job } from '../../server/jobs/job.ts';
import { verifyingKeyOf } from '../../server/keys.ts';
import { SERVED_PROFILES } from '../../server/profiles.ts';
import { type ProcessProver, startProcessProver } from '../../server/prover/processProver.ts';
import { SERVED_PROGRAMS } from '../../server/registry.ts';
import { createServices, type Services } from '../../server/services.ts';
import { parseSettings, type Settings } from '../../server/settings.ts';
import { profileDigest, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { verify } from '../../stark/verifier.ts';
import { columnOf, transferOf } from './column.ts';

const LOG = { info: () => {}, warn: () => {}, error: () => {} };

export interface TestOnlyQueue {
  readonly services: Services;
  readonly prover: ProcessProver;
  /** A column of so many transfers. Throws: Error when the queue refuses it. */
  submit(transfers: number): Job;
  close(): Promise<void>;
}

/** Throws: KernelError 'NO_ADAPTER'. */
export async function startTestOnlyQueue(settings: Partial<Settings> = {}): Promise<TestOnlyQueue> {
  const read = parseSettings([], process.env);
  const key = await verifyingKeyOf(COLUMN_PROGRAM.program(), TEST_ONLY_LEAF);
  const policy = { acceptedProfileDigests: [profileDigest(TEST_ONLY_LEAF)] };
  const prover = await startProcessProver({
    entry: new URL('../server/fixtures/testOnlyProver.ts', import.meta.url),
    adapter: read.adapter,
    budgetBytes: undefined,
    log: LOG,
  });
  const unused = (): never => {
    throw new Error('only verification is used');
  };
  const services = createServices({
    settings: { ...read, ...settings },
    programs: SERVED_PROGRAMS,
    profiles: SERVED_PROFILES,
    prover,
    checker: {
      prepare: () => {},
      isReady: () => true,
      verify: async ({ statement, proof }) => ({
        verdict: verify(key, statement, proof, policy),
        seconds: 0,
      }),
      checkRequest: unused,
      checkAggregation: unused,
      checkBlock: unused,
      checkTraceForm: unused,
      keyDigest: unused,
      instructionCount: unused,
      close: async () => {},
    },
    estimator: { estimate: unused, close: async () => {} },
    log: LOG,
  });
  return {
    services,
    prover,
    submit(transfers) {
      const column = columnOf(
        Array.from({ length: transfers }, (_, nonce) => transferOf({ nonce: 7n + BigInt(nonce) })),
      );
      const profile = TEST_ONLY_LEAF.name;
      const inputs = columnInputToJson(column);
      const json = Buffer.from(JSON.stringify({ program: 'column', profile, inputs }));
      const submission = services.jobs.submit({
        program: 'column',
        profile,
        input: { kind: 'inputs', json },
        inputBytes: json.byteLength,
        expectedStatement: columnStatementDigest(executeColumn(column)),
        priority: 0,
        deadlineMs: undefined,
        traceId: '0'.repeat(32),
        idempotency: undefined,
      });
      if (!submission.ok) throw new Error(`the queue refuses: ${submission.code}`);
      return submission.job;
    },
    async close() {
      await services.jobs.close();
      await prover.close();
    },
  };
}
