/** Metrics, trace ids and digests: what an operator and a careful caller rely on. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { jobSchema } from '../../server/api/schemas.ts';
import { buildApp } from '../../server/app.ts';
import { digestHeader, promisedDigest } from '../../server/http/bodyDigest.ts';
import { traceIdOf } from '../../server/http/traceId.ts';
import { watchDeviceLoad } from '../../server/metrics/deviceLoad.ts';
import { Problem } from '../../server/problems.ts';
import { AttemptLost } from '../../server/prover/prover.ts';
import { type FakeService, honestProve, startFakeService } from '../support/fakeServices.ts';

const REQUEST = { program: 'sum', profile: 'leaf', inputs: { left: 1, right: 2 } };
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACE_PARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

async function metricsOf(service: FakeService): Promise<Map<string, number>> {
  const { body } = await service.app.inject({ url: '/metrics' });
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

async function prove(service: FakeService, fields: object = {}): Promise<string> {
  const answer = await service.app.inject({
    method: 'POST',
    url: '/v1/proofs',
    payload: { ...REQUEST, ...fields },
  });
  const { id } = jobSchema.parse(answer.json());
  for (let round = 0; round < 200; round++) {
    if (service.jobs.find(id)?.finishedAtMs !== undefined) return id;
    await sleep(5);
  }
  return assert.fail('the job does not finish');
}

describe('metrics', () => {
  it('count what happened', async () => {
    let losses = 0;
    let verifications = 0;
    const service = await startFakeService({
      prove: async (task) => {
        losses += 1;
        if (losses === 1) throw new AttemptLost('DEVICE_LOST', 'gone');
        return honestProve(task);
      },
      checker: {
        verify: async () => {
          verifications += 1;
          return verifications === 1
            ? { verdict: { ok: true }, seconds: 0.25 }
            : { verdict: { ok: false, reason: 'DEEP_MISMATCH', details: {} }, seconds: 0.25 };
        },
      },
    });
    await prove(service);
    await prove(service);
    const metrics = await metricsOf(service);
    const expected: [string, number][] = [
      ['colonnade_proofs_total{outcome="succeeded",code=""}', 1],
      ['colonnade_proofs_total{outcome="failed",code="VERIFICATION_FAILED"}', 1],
      ['colonnade_verification_failures_total', 1],
      ['colonnade_attempts_lost_total{reason="DEVICE_LOST"}', 1],
      ['colonnade_jobs{state="succeeded"}', 1],
      ['colonnade_jobs{state="failed"}', 1],
      ['colonnade_jobs{state="queued"}', 0],
      ['colonnade_job_wait_seconds_count', 2],
      ['colonnade_stage_seconds_sum{stage="commit"}', 0.5],
      ['colonnade_stage_seconds_sum{stage="verify"}', 0.25],
      ['colonnade_prover_ready', 1],
      ['colonnade_device_bytes{kind="used"}', 0],
    ];
    for (const [name, value] of expected) assert.equal(metrics.get(name), value, name);
    assert.ok([...metrics.keys()].some((name) => name.startsWith('colonnade_build_info{version=')));
    assert.ok(metrics.has('nodejs_eventloop_lag_p99_seconds'));
    assert.ok(metrics.has('process_resident_memory_bytes'));
    const requests = 'colonnade_http_request_seconds_count{method="POST",route="/v1/proofs",status="202"}';
    assert.equal(metrics.get(requests), 2);
    await service.close();
  });

  it('have units in their names', async () => {
    const service = await startFakeService();
    const { body } = await service.app.inject({ url: '/metrics' });
    const own = [...body.matchAll(/^# TYPE (colonnade_\w+) (\w+)$/gm)];
    assert.ok(own.length >= 12);
    const COUNTS = /_(seconds|bytes|ratio|total|info|ready|jobs|aggregations|connections)(_total)?$/;
    for (const [, name = '', type] of own) {
      assert.match(name, COUNTS);
      if (type === 'counter') assert.match(name, /_total$/);
    }
    await service.close();
  });

  it('add the busy time of all prover processes up', async () => {
    let busySeconds: number | undefined = 5;
    const load = watchDeviceLoad(() =>
      busySeconds === undefined
        ? undefined
        : { usedBytes: 0, idleBytes: 0, peakBytes: 0, budgetBytes: 1, busySeconds },
    );
    // Sampled every two seconds: one window with work, then a process that has ended, then a new one.
    await sleep(2100);
    assert.equal(load.busySeconds(), 5);
    busySeconds = undefined;
    await sleep(2000);
    busySeconds = 0.5;
    await sleep(2000);
    assert.equal(load.busySeconds(), 5.5);
    assert.ok(load.busyShare() > 0 && load.busyShare() < 0.2, String(load.busyShare()));
    load.close();
  });
});

describe('trace ids', () => {
  it('come from the caller, and stand in answer, problem, job and log', async () => {
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    });
    const service = await startFakeService();
    const app = await buildApp(service.services, pino(sink));
    const headers = { traceparent: TRACE_PARENT };
    const refused = await app.inject({ url: '/v1/proofs/none', headers });
    assert.equal((refused.json() as { traceId: string }).traceId, TRACE_ID);
    assert.match(String(refused.headers['traceparent']), new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    assert.ok(
      lines.some(({ traceId }) => traceId === TRACE_ID),
      JSON.stringify(lines),
    );
    const job = await app.inject({ method: 'POST', url: '/v1/proofs', payload: REQUEST, headers });
    assert.equal(jobSchema.parse(job.json()).traceId, TRACE_ID);
    await app.close();
    await service.close();
  });

  it('are made where there is none that holds', () => {
    const made = new Set<string>();
    for (const traceparent of [
      undefined,
      '',
      'x',
      TRACE_PARENT.toUpperCase(),
      `ff-${TRACE_ID}-00f067aa0ba902b7-01`,
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    ]) {
      const traceId = traceIdOf({ headers: traceparent === undefined ? {} : { traceparent } });
      assert.match(traceId, /^[0-9a-f]{32}$/);
      assert.notEqual(traceId, TRACE_ID);
      made.add(traceId);
    }
    assert.equal(made.size, 7);
  });
});

describe('digests', () => {
  const sha256 = createHash('sha256').update('x').digest('hex');
  const header = digestHeader(sha256);

  it('are read as RFC 9530 writes them', () => {
    assert.equal(header, `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`);
    assert.equal(promisedDigest({}), undefined);
    assert.equal(promisedDigest({ 'content-digest': header }), sha256);
    assert.equal(promisedDigest({ 'repr-digest': ` sha-512=:AAAA:, ${header}` }), sha256);
    assert.equal(promisedDigest({ 'content-digest': header, 'repr-digest': header }), sha256);
    assert.equal(promisedDigest({ 'content-digest': 'md5=:AAAA:' }), undefined);
    const other = digestHeader('0'.repeat(64));
    const refusals: [IncomingHttpHeaders, string][] = [
      [{ 'content-digest': 'sha-256' }, 'malformed-request'],
      [{ 'content-digest': 'sha-256=AAAA' }, 'malformed-request'],
      [{ 'content-digest': 'sha-256=:AAAA:' }, 'malformed-request'],
      [{ 'content-digest': header, 'repr-digest': other }, 'digest-mismatch'],
    ];
    for (const [headers, code] of refusals)
      assert.throws(
        () => promisedDigest(headers),
        (error) => error instanceof Problem && error.code === code,
        JSON.stringify(headers),
      );
  });

  it('of a body and of a proof hold', async () => {
    const service = await startFakeService();
    const payload = JSON.stringify(REQUEST);
    const digest = digestHeader(createHash('sha256').update(payload).digest('hex'));
    const headers = { 'content-type': 'application/json', 'repr-digest': digest };
    const answer = await service.app.inject({ method: 'POST', url: '/v1/proofs', payload, headers });
    assert.equal(answer.statusCode, 202);
    const changed = await service.app.inject({
      method: 'POST',
      url: '/v1/proofs',
      payload: `${payload} `,
      headers,
    });
    assert.equal((changed.json() as { code: string }).code, 'digest-mismatch');
    const id = await prove(service);
    const download = await service.app.inject({ url: `/v1/proofs/${id}/proof` });
    const hex = createHash('sha256').update(download.rawPayload).digest('hex');
    assert.equal(download.headers['repr-digest'], digestHeader(hex));
    assert.equal(download.headers['etag'], `"${hex}"`);
    await service.close();
  });
});
