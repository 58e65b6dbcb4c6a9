/**
 * The service as it is in production, on whatever adapter this machine has: inputs and an uploaded run become proofs that
 * verify; a wrong run is named; a prover process that dies costs one attempt.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { blockInput, type ColumnBlock } from '../../chain/blockInput.ts';
import { type ColonnadeClient, createClient } from '../../client/client.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { run } from '../../machine/system.ts';
import { encodeTrace } from '../../machine/traceCodec.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { columnInputToJson } from '../../programs/column/input.ts';
import { columnStatementDigest } from '../../programs/column/statement.ts';
import {
  capabilitiesSchema,
  type EstimateAnswer,
  estimateSchema,
  formatStatement,
  type JobAnswer,
  jobListSchema,
  jobSchema,
} from '../../server/api/schemas.ts';
import { COLUMN_PROGRAM } from '../../server/columnProgram.ts';
import { isFinished } from '../../server/jobs/job.ts';
import { verifyingKeyOf } from '../../server/keys.ts';
import { type Service, startService } from '../../server/service.ts';
import { parseSettings } from '../../server/settings.ts';
import { keyDigest } from '../../stark/keys.ts';
import { LEAF, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { productionPolicy, verify } from '../../stark/verifier.ts';
import { readBlock } from '../support/blocks.ts';
import { startTestOnlyQueue } from '../support/testOnlyQueue.ts';

const OCTETS = { 'content-type': 'application/octet-stream' };

describe('service', () => {
  let service: Service;
  let client: ColonnadeClient;
  let column: ColumnBlock;
  let execution: ExecutionTrace;
  let isSwiftshader = false;

  before(async () => {
    service = await startService(
      parseSettings(
        ['--port', '0', '--log-level', 'error', '--json-limit-bytes', String(2 ** 26)],
        process.env,
      ),
    );
    client = createClient(service.url);
    const { adapter } = await client.waitUntilReady();
    process.stdout.write(`# adapter: ${adapter.name}\n`);
    isSwiftshader = adapter.name.includes('SwiftShader');
    const [first] = blockInput(readBlock(19923400), 6).columns;
    assert.ok(first);
    column = first;
    execution = run(COLUMN_PROGRAM.program(), COLUMN_PROGRAM.hintsOf(column));
  });
  after(() => service.close());

  async function upload(trace: ExecutionTrace): Promise<string> {
    const response = await fetch(`${service.url}/v1/proofs?program=column&profile=leaf`, {
      method: 'POST',
      headers: OCTETS,
      body: Buffer.from(encodeTrace(trace)),
    });
    const body: unknown = await response.json();
    assert.equal(response.status, 202, JSON.stringify(body));
    return jobSchema.parse(body).id;
  }

  async function submit(to = client): Promise<string> {
    const inputs = columnInputToJson(column);
    return (await to.submitProof({ program: 'column', profile: 'leaf', inputs })).id;
  }

  async function failureOf(id: string, url = service.url): Promise<NonNullable<JobAnswer['failure']>> {
    for (;;) {
      const job = jobSchema.parse(await (await fetch(`${url}/v1/proofs/${id}`)).json());
      assert.notEqual(job.state, 'succeeded');
      if (job.failure !== undefined) return job.failure;
      await sleep(100);
    }
  }

  it('proves inputs and the run that they lead to with the same bytes, through a crash', async (context) => {
    if (isSwiftshader) return context.skip('SwiftShader grinds for minutes; TEST_ONLY_LEAF below instead');
    const fromInputs = await submit();
    const fromTrace = await upload(execution);
    let crashes = 0;
    const job = await client.waitForProof(fromInputs, ({ progress }) => {
      // The first attempt loses its process in the middle of the proof.
      const processId = service.prover.processId();
      if (progress !== undefined && progress.fraction > 0 && crashes === 0 && processId !== undefined) {
        crashes += 1;
        process.kill(processId, 'SIGKILL');
      }
    });
    assert.equal(crashes, 1);
    assert.equal(job.attempts, 2);
    assert.ok(job.events.some(({ note }) => note === 'attempt 1 lost: CRASHED'));
    const health = await fetch(`${service.url}/healthz`);
    assert.equal(health.status, 200);

    const digest = columnStatementDigest(executeColumn(column));
    assert.equal(job.proof?.statement, formatStatement(digest));
    const proof = await client.downloadProof(fromInputs);
    const key = await verifyingKeyOf(COLUMN_PROGRAM.program(), LEAF);
    assert.deepEqual(verify(key, digest, proof, productionPolicy()), { ok: true });

    await client.waitForProof(fromTrace);
    assert.deepEqual(await client.downloadProof(fromTrace), proof);

    const verifyAt = (statement: string, bytes: Uint8Array): Promise<Response> =>
      fetch(`${service.url}/v1/verify?program=column&profile=leaf&statement=${statement}`, {
        method: 'POST',
        headers: OCTETS,
        body: Buffer.from(bytes),
      });
    const good = (await (await verifyAt(formatStatement(digest), proof)).json()) as { isValid: boolean };
    assert.equal(good.isValid, true);
    const otherDigest = digest.with(0, (digest[0] ?? 0) ^ 1);
    const other = (await (await verifyAt(formatStatement(otherDigest), proof)).json()) as {
      isValid: boolean;
    };
    assert.equal(other.isValid, false);
    for (const bytes of [
      proof.subarray(0, 100),
      proof.subarray(4),
      Buffer.concat([proof, Buffer.alloc(4)]),
    ]) {
      const response = await verifyAt(formatStatement(digest), bytes);
      assert.equal(response.status, 400);
      assert.equal(((await response.json()) as { code: string }).code, 'malformed-proof');
    }
  });

  it('under TEST_ONLY_LEAF, where SwiftShader is all there is: the same through queue and process', async (context) => {
    if (!isSwiftshader) return context.skip('leaf proofs are made above');
    const queue = await startTestOnlyQueue();
    const { jobs } = queue.services;
    try {
      let crashes = 0;
      const { id } = queue.submit(1);
      let job = jobs.find(id);
      for (; job !== undefined && !isFinished(job.state); job = jobs.find(id)) {
        const processId = queue.prover.processId();
        const isProving = job.state.name === 'running' && job.state.progress.fraction > 0;
        if (isProving && crashes === 0 && processId !== undefined) {
          crashes += 1;
          process.kill(processId, 'SIGKILL');
        }
        await sleep(20);
      }
      assert.ok(job?.state.name === 'succeeded', JSON.stringify(job?.state));
      assert.deepEqual([crashes, job.attempts.length], [1, 2]);
      // What production demands, nothing under this profile fulfils.
      const { bytes, statement } = job.state.proof;
      const key = await verifyingKeyOf(COLUMN_PROGRAM.program(), TEST_ONLY_LEAF);
      const refused = verify(key, statement, bytes, productionPolicy());
      assert.ok(!refused.ok && refused.reason === 'TEST_ONLY_PROFILE');
    } finally {
      await queue.close();
    }
  });

  async function estimate(): Promise<EstimateAnswer> {
    const response = await fetch(`${service.url}/v1/estimates`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ program: 'column', profile: 'leaf', inputs: columnInputToJson(column) }),
    });
    return estimateSchema.parse(await response.json());
  }

  it('estimates what a proof then takes', async (context) => {
    const { cycles, tables, deviceBytes, leastDeviceBytes } = await estimate();
    assert.equal(cycles, execution.pc.length);
    assert.ok(deviceBytes !== undefined && leastDeviceBytes !== undefined && leastDeviceBytes <= deviceBytes);
    const list = jobListSchema.parse(await (await fetch(`${service.url}/v1/proofs?state=succeeded`)).json());
    const [proved] = list.jobs;
    if (proved === undefined) return context.skip('no proof was made');
    const job = jobSchema.parse(await (await fetch(`${service.url}/v1/proofs/${proved.id}`)).json());
    assert.deepEqual(job.proof?.measures.tables, tables);
    const { proveSeconds, queueSeconds, pastProofs } = await estimate();
    assert.ok(pastProofs > 0 && proveSeconds !== undefined && proveSeconds > 0);
    assert.equal(queueSeconds, 0);
  });

  it('names the key that verifies its proofs, and what it runs on', async () => {
    const capabilities = capabilitiesSchema.parse(
      await (await fetch(`${service.url}/v1/capabilities`)).json(),
    );
    const key = await verifyingKeyOf(COLUMN_PROGRAM.program(), LEAF);
    const program = capabilities.programs.find(({ name }) => name === 'column');
    const published = program?.keys.find(({ profile }) => profile === 'leaf');
    assert.equal(published?.digest, formatStatement(keyDigest(key)));
    assert.deepEqual([capabilities.proverState, capabilities.zeroKnowledge], ['ready', false]);
    assert.ok(capabilities.adapter);
  });

  it('names what an uploaded run violates', async () => {
    const wrong = { ...execution, pc: execution.pc.slice() };
    wrong.pc[5] = 3;
    const failure = await failureOf(await upload(wrong));
    assert.equal(failure.code, 'TRACE_INVALID');
    assert.deepEqual([failure.details['table'], failure.details['row']], ['cpu', 4]);
    assert.equal(typeof failure.details['constraint'], 'string');
    const claim = await failureOf(await upload({ ...execution, statement: new Uint32Array(8) }));
    assert.equal(claim.code, 'TRACE_INVALID');
  });

  it('refuses a job that does not fit into the device memory, with the numbers', async () => {
    const { leastDeviceBytes } = await estimate();
    assert.ok(leastDeviceBytes);
    const mebibytes = Math.floor(leastDeviceBytes / 2 ** 20) - 1;
    const small = await startService(
      parseSettings(
        ['--port', '0', '--log-level', 'error', '--device-mebibytes', String(mebibytes)],
        process.env,
      ),
    );
    try {
      const id = await submit(createClient(small.url));
      const failure = await failureOf(id, small.url);
      assert.equal(failure.code, 'TOO_LARGE');
      const { budgetBytes, wantedBytes } = failure.details;
      assert.ok(Number(budgetBytes) <= mebibytes * 2 ** 20, String(budgetBytes));
      assert.ok(Number(wantedBytes) > Number(budgetBytes), String(wantedBytes));
    } finally {
      await small.close();
    }
  });

  it('refuses columns that cannot be proved, by name', async () => {
    const inputs = columnInputToJson(column) as { accounts: object[]; transfers: object[] };
    const post = async (changed: object): Promise<{ code: string; columnError?: string }> => {
      const response = await fetch(`${service.url}/v1/proofs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ program: 'column', profile: 'leaf', inputs: changed }),
      });
      assert.equal(response.status >= 400 && response.status < 500, true);
      return (await response.json()) as { code: string; columnError?: string };
    };
    assert.equal((await post({ ...inputs, transfers: [] })).columnError, 'EMPTY_COLUMN');
    assert.equal((await post({ ...inputs, accounts: [] })).columnError, 'MISSING_ACCOUNT');
    const withCode = inputs.accounts.map((account) => ({ ...account, code: '0x00' }));
    assert.equal((await post({ ...inputs, accounts: withCode })).columnError, 'RECIPIENT_HAS_CODE');
    assert.equal((await post({ ...inputs, chainId: 1 })).code, 'malformed-request');
    assert.equal((await post({ ...inputs, chainId: '0x01' })).code, 'malformed-request');
    const many = { ...inputs, transfers: new Array<object>(65536).fill(inputs.transfers[0] ?? {}) };
    assert.equal((await post(many)).code, 'job-too-large');
  });
});
