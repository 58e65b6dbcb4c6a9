/**
 * Faults under load: the real prover process is killed, stopped or its job cancelled at random moments while jobs wait.
 * Afterwards no job is stuck or in a wrong state, and the device memory in use is what it was before.
 * `node --import tsx bench/faults.ts --help`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isFinished, type Job } from '../server/jobs/job.ts';
import { createRandom } from '../test/support/random.ts';
import { startTestOnlyQueue } from '../test/support/testOnlyQueue.ts';
import { quantile } from './load/tally.ts';

const USAGE = `Usage: node --import tsx bench/faults.ts [options]

  --kills N        times that the process is killed; default 50
  --cancels N      jobs that are cancelled while they run; default 20
  --jobs N         jobs that wait at a time; default 4
  --seed N         default 1
  --json
  --help
`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    cancels: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The longest wait before a fault; a proof of one transfer takes about a second on a software driver. */
const LONGEST_WAIT_MS = 2500;
/** After this long without an end a job is stuck. */
const STUCK_MS = 10 * 60 * 1000;
/** The process tells its memory every two seconds. */
const GAUGE_MS = 2500;
const ATTEMPTS = 10;

async function main(): Promise<void> {
  const random = createRandom(Number(values.seed));
  const wanted = { kill: Number(values.kills), cancel: Number(values.cancels) };
  const queue = await startTestOnlyQueue({ attemptLimit: ATTEMPTS, retentionLimit: 10000 });
  const { jobs, store } = queue.services;
  const submitted: string[] = [];
  const cancelled = new Set<string>();
  const failures: string[] = [];
  const cancelMs: number[] = [];
  /** Faults by the stage that the running job was in. */
  const killedAt = new Map<string, number>();
  const cancelledAt = new Map<string, number>();

  const find = (id: string): Job | undefined => jobs.find(id);
  const submit = (): string => {
    const { id } = queue.submit(1 + random.below(3));
    submitted.push(id);
    return id;
  };
  async function finish(id: string): Promise<void> {
    const start = performance.now();
    for (let job = find(id); job !== undefined && !isFinished(job.state); job = find(id)) {
      if (performance.now() - start > STUCK_MS) {
        failures.push(`the job ${id} is stuck at ${job.state.name}`);
        return;
      }
      await sleep(20);
    }
  }
  async function usedBytes(): Promise<number> {
    await sleep(GAUGE_MS);
    while (queue.prover.device() === undefined) await sleep(20);
    return queue.prover.device()?.usedBytes ?? 0;
  }

  await finish(submit());
  const baseBytes = await usedBytes();
  const done = { kill: 0, cancel: 0 };
  while (done.kill < wanted.kill || done.cancel < wanted.cancel) {
    while (store.queued().length < Number(values.jobs)) submit();
    // A process takes seconds to start, and a fault in that time hits nothing.
    while (queue.prover.state().state !== 'ready') await sleep(10);
    await sleep(random.below(LONGEST_WAIT_MS));
    const left = { kill: wanted.kill - done.kill, cancel: wanted.cancel - done.cancel };
    const processId = queue.prover.processId();
    const running = store.list({ limit: 1, state: 'running' })[0];
    if (random.below(left.kill + left.cancel) < left.kill) {
      if (processId === undefined || queue.prover.state().state !== 'ready') continue;
      const stage = running?.state.name === 'running' ? running.state.progress.stage : 'none';
      killedAt.set(stage, (killedAt.get(stage) ?? 0) + 1);
      process.kill(processId, 'SIGKILL');
      done.kill += 1;
    } else if (running !== undefined) {
      // Some hang, so that the cancel has to end the process.
      if (random.below(3) === 0 && processId !== undefined) process.kill(processId, 'SIGSTOP');
      const stage = running.state.name === 'running' ? running.state.progress.stage : 'none';
      cancelledAt.set(stage, (cancelledAt.get(stage) ?? 0) + 1);
      const start = performance.now();
      const state = (await jobs.cancel(running.id))?.state.name;
      if (state === 'cancelled') {
        cancelled.add(running.id);
        cancelMs.push(performance.now() - start);
      } else if (state !== 'succeeded') failures.push(`a cancelled job is ${state}`);
      if (processId !== undefined && queue.prover.processId() === processId)
        process.kill(processId, 'SIGCONT');
      done.cancel += 1;
    }
    if (!values.json) process.stdout.write(`\r${done.kill} kills, ${done.cancel} cancels `);
  }
  for (const id of submitted) await finish(id);

  let lostAttempts = 0;
  for (const id of submitted) {
    const job = find(id);
    const state = job?.state.name;
    lostAttempts += job?.attempts.filter(({ error }) => error?.code === 'CRASHED').length ?? 0;
    if (state !== (cancelled.has(id) ? 'cancelled' : 'succeeded'))
      failures.push(
        `the job ${id} ends ${state}: ${JSON.stringify(job?.attempts.map(({ error }) => error?.code))}`,
      );
  }
  const endBytes = await usedBytes();
  if (endBytes > baseBytes) failures.push(`${endBytes} device bytes are in use, ${baseBytes} before`);
  const sorted = cancelMs.toSorted((left, right) => left - right);
  const report = {
    seed: Number(values.seed),
    kills: Object.fromEntries(killedAt),
    cancels: Object.fromEntries(cancelledAt),
    jobs: submitted.length,
    cancelledJobs: cancelled.size,
    lostAttempts,
    cancelMs: { p50: quantile(sorted, 0.5), most: sorted.at(-1) ?? 0 },
    deviceBytes: { base: baseBytes, end: endBytes },
    failures,
  };
  process.stdout.write(`${values.json ? '' : '\n'}${JSON.stringify(report, null, 2)}\n`);
  await queue.close();
  process.exitCode = failures.length > 0 ? 1 : 0;
}

if (values.help) process.stdout.write(USAGE);
else await main();
