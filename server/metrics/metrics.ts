/**
 * The metrics of the service, in a registry of their own. What concerns jobs is read off their events, so that the queue
 * knows nothing of metrics; gauges are read when somebody asks.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Aggregation } from '../aggregation/aggregation.ts';
import { type EventAnswer, JOB_STATES } from '../api/schemas.ts';
import { BUILD } from '../build.ts';
import type { Watchers } from '../events/watchers.ts';
import { isFinished, type Job } from '../jobs/job.ts';
import type { Services } from '../services.ts';
import { watchDeviceLoad } from './deviceLoad.ts';

/** Seconds; a stage takes from milliseconds to minutes. */
const SECONDS_BUCKETS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000];
const REQUEST_BUCKETS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

export interface ServiceMetrics {
  readonly registry: Registry;
  observeRequest(
    labels: { readonly method: string; readonly route: string; readonly status: number },
    seconds: number,
  ): void;
  close(): void;
}

export function createMetrics(services: Services, watchers: Watchers): ServiceMetrics {
  const { events, store, aggregations, availability, prover, settings } = services;
  const { droppedLogLines = () => 0 } = services;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  new Gauge({
    name: 'colonnade_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'commit', 'node'],
    registers,
  }).set({ ...BUILD, commit: settings.buildCommit }, 1);

  new Gauge({
    name: 'colonnade_jobs',
    help: 'Remembered jobs by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const counts = store.counts();
      for (const state of JOB_STATES) this.set({ state }, counts.get(state) ?? 0);
    },
  });
  new Gauge({
    name: 'colonnade_prover_ready',
    help: '1 while the prover can prove.',
    registers,
    collect() {
      this.set(prover.state().state === 'ready' ? 1 : 0);
    },
  });

  new Gauge({
    name: 'colonnade_prover_missing_seconds',
    help: 'For how long there has been no prover; 0 while it can prove.',
    registers,
    collect() {
      this.set(availability.secondsWithoutProver());
    },
  });
  new Gauge({
    name: 'colonnade_aggregation_held_bytes',
    help: 'Proofs and inputs that running aggregations hold.',
    registers,
    collect() {
      this.set(aggregations.heldBytes());
    },
  });
  new Counter({
    name: 'colonnade_log_lines_dropped_total',
    help: 'Lines of the log that could not be written.',
    registers,
    collect() {
      this.reset();
      this.inc(droppedLogLines());
    },
  });

  const load = watchDeviceLoad(() => prover.device());
  new Gauge({
    name: 'colonnade_device_bytes',
    help: 'Device memory: in use, kept for reuse, largest sum of both. 0 without a device.',
    labelNames: ['kind'],
    registers,
    collect() {
      const gauge = prover.device();
      this.set({ kind: 'used' }, gauge?.usedBytes ?? 0);
      this.set({ kind: 'idle' }, gauge?.idleBytes ?? 0);
      this.set({ kind: 'peak' }, gauge?.peakBytes ?? 0);
    },
  });
  new Gauge({
    name: 'colonnade_device_busy_ratio',
    help: 'Share of the last half minute in which the device worked, 0 to 1.',
    registers,
    collect() {
      this.set(load.busyShare());
    },
  });
  new Counter({
    name: 'colonnade_device_busy_seconds_total',
    help: 'Time in which the device worked.',
    registers,
    collect() {
      this.reset();
      this.inc(load.busySeconds());
    },
  });

  const waitSeconds = new Histogram({
    name: 'colonnade_job_wait_seconds',
    help: 'From submission to the first attempt.',
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const stageSeconds = new Histogram({
    name: 'colonnade_stage_seconds',
    help: 'Stages of proofs that succeeded.',
    labelNames: ['stage'],
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const jobsEnded = new Counter({
    name: 'colonnade_proofs_total',
    help: 'Finished jobs by outcome; code is empty for a proof.',
    labelNames: ['outcome', 'code'],
    registers,
  });
  new Gauge({
    name: 'colonnade_aggregations',
    help: 'Remembered aggregations by state.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const { state } of aggregations.list()) this.inc({ state: state.name });
    },
  });
  const aggregationsEnded = new Counter({
    name: 'colonnade_aggregations_total',
    help: 'Finished aggregations by outcome; code is empty for a proof.',
    labelNames: ['kind', 'outcome', 'code'],
    registers,
  });
  const nodesEnded = new Counter({
    name: 'colonnade_aggregation_nodes_total',
    help: 'Nodes of aggregations that succeeded: proved for them, or found.',
    labelNames: ['role', 'source'],
    registers,
  });
  const attemptsLost = new Counter({
    name: 'colonnade_attempts_lost_total',
    help: 'Attempts that ended without an outcome, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const verificationFailures = new Counter({
    name: 'colonnade_verification_failures_total',
    help: 'Proofs of this service that did not verify.',
    registers,
  });
  new Gauge({
    name: 'colonnade_event_connections',
    help: 'Open connections that watch events.',
    registers,
    collect() {
      this.set(watchers.count());
    },
  });
  const requestSeconds = new Histogram({
    name: 'colonnade_http_request_seconds',
    help: 'Answered requests.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });

  function observeEnd({ state, attempts }: Job): void {
    const code = 'failure' in state ? state.failure.code : '';
    jobsEnded.inc({ outcome: state.name, code });
    if (code === 'VERIFICATION_FAILED') verificationFailures.inc();
    // The error of an attempt that was not lost is the job's own.
    const error = attempts.at(-1)?.error;
    if (error !== undefined && error.code !== code) attemptsLost.inc({ reason: error.code });
    if (state.name !== 'succeeded') return;
    const { measures, verifySeconds } = state.proof;
    for (const { name, seconds } of measures.stages) stageSeconds.observe({ stage: name }, seconds);
    stageSeconds.observe({ stage: 'verify' }, verifySeconds);
  }

  function observeAggregation({ kind, state, nodes }: Aggregation): void {
    if (state.name === 'running') return;
    aggregationsEnded.inc({
      kind,
      outcome: state.name,
      code: 'failure' in state ? state.failure.code : '',
    });
    if (state.name !== 'succeeded') return;
    for (const { planned, job, isReused } of nodes)
      if (job !== undefined) nodesEnded.inc({ role: planned.role, source: isReused ? 'found' : 'proved' });
  }

  function observe({ kind, job: id, state, attempt }: EventAnswer): void {
    if (kind !== 'state') return;
    const aggregation = aggregations.find(id);
    if (aggregation !== undefined) observeAggregation(aggregation);
    const job = store.find(id);
    if (job === undefined) return;
    if (isFinished(job.state)) observeEnd(job);
    else if (state === 'running' && attempt === 1) {
      waitSeconds.observe((Date.now() - job.submittedAtMs) / 1000);
    } else if (state === 'queued' && attempt > 0) {
      attemptsLost.inc({ reason: job.attempts.at(-1)?.error?.code ?? 'unknown' });
    }
  }
  const stopListening = events.listen(observe);

  return {
    registry,
    observeRequest: (labels, seconds) => requestSeconds.observe(labels, seconds),
    close() {
      stopListening();
      load.close();
    },
  };
}
