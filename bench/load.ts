/**
 * Load on the service: clients submit, watch, cancel and fetch, over a prover that computes nothing; with `--prover real` a
 * real prover works beside it. Fails on any answer but a success or a 429. `node --import tsx bench/load.ts --help`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../test/support/random.ts';
import { runClient } from './load/client.ts';
import { createTally } from './load/tally.ts';

const USAGE = `Usage: node --import tsx bench/load.ts [options]

  --clients N      clients at a time; default 100
  --seconds N      default 120
  --prover none|real   a real prover beside the service; default none
  --seed N         default 1
  --json
  --help
`;

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '120' },
    prover: { type: 'string', default: 'none' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Seconds between two looks at the service's memory. */
const SAMPLE_SECONDS = 5;

interface MemorySample {
  readonly second: number;
  readonly residentBytes: number;
  /** After a garbage collection. */
  readonly heapBytes: number;
  readonly eventLoopLagP99Seconds: number;
}

function start(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function scrape(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return (name) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

/** What is reachable, after a garbage collection. */
async function heapOf(service: ChildProcess): Promise<number> {
  const answer = once(service, 'message') as Promise<[{ heapBytes: number }]>;
  service.send('heap');
  return (await answer)[0].heapBytes;
}

async function sampleMemory(
  service: ChildProcess,
  url: string,
  untilMs: number,
  startMs: number,
): Promise<MemorySample[]> {
  const samples: MemorySample[] = [];
  while (performance.now() < untilMs) {
    const metric = await scrape(url);
    samples.push({
      second: Math.round((performance.now() - startMs) / 1000),
      residentBytes: metric('process_resident_memory_bytes'),
      heapBytes: await heapOf(service),
      eventLoopLagP99Seconds: metric('nodejs_eventloop_lag_p99_seconds'),
    });
    await sleep(Math.min(SAMPLE_SECONDS * 1000, Math.max(100, untilMs - performance.now())));
  }
  return samples;
}

async function main(): Promise<void> {
  const clients = Number(values.clients);
  const seconds = Number(values.seconds);
  const seed = Number(values.seed);
  const service = start('./load/service.ts');
  const [{ url }] = (await once(service, 'message')) as [{ url: string }];
  const prover = values.prover === 'real' ? start('./load/realProver.ts') : undefined;
  const realProofs: { proofs: number; state: string }[] = [];
  prover?.on('message', (message) => realProofs.push(message as { proofs: number; state: string }));
  if (prover !== undefined) await once(prover, 'message');

  const tally = createTally();
  const startMs = performance.now();
  const untilMs = startMs + 1000 * seconds;
  const memory = sampleMemory(service, url, untilMs, startMs);
  const port = Number(new URL(url).port);
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const random = createRandom(seed * 1000 + client);
      // They do not come all at once.
      await sleep(random.below(1000));
      await runClient({ port, tally, random, untilMs });
    }),
  );
  const samples = await memory;
  const connections = (await scrape(url))('colonnade_event_connections');
  if (connections !== 0) tally.failed(`${connections} connections stay open`);
  for (const { state } of realProofs) if (state !== 'succeeded') tally.failed(`a real proof ${state}`);
  service.disconnect();
  prover?.disconnect();

  const report = {
    clients,
    seconds,
    seed,
    prover: values.prover,
    realProofs: realProofs.length,
    routes: tally.routes(),
    counts: Object.fromEntries(tally.counts),
    failures: Object.fromEntries(tally.failures),
    memory: samples,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    for (const { route, status, count, p50Ms, p99Ms, mostMs } of report.routes)
      process.stdout.write(
        `${String(status)} ${route.padEnd(28)} ${String(count).padStart(7)}   p50 ${p50Ms.toFixed(1)} ms   p99 ${p99Ms.toFixed(1)} ms   most ${mostMs.toFixed(1)} ms\n`,
      );
    process.stdout.write(`${JSON.stringify(report.counts)}, ${report.realProofs} real proofs\n`);
    for (const { second, residentBytes, heapBytes, eventLoopLagP99Seconds } of samples)
      process.stdout.write(
        `${String(second).padStart(4)} s   resident ${(residentBytes / 2 ** 20).toFixed(0)} MiB   heap ${(heapBytes / 2 ** 20).toFixed(0)} MiB   event loop p99 ${(1000 * eventLoopLagP99Seconds).toFixed(0)} ms\n`,
      );
    process.stdout.write(`failures: ${JSON.stringify(report.failures)}\n`);
  }
  if (tally.failures.size > 0) process.exitCode = 1;
}

if (values.help) process.stdout.write(USAGE);
else await main();
