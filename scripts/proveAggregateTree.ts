/**
 * Proves a tree of aggregates under the production profiles: two leaves (runs of the tutorial's program, profile `leaf`), an aggregate
 * of each, an aggregate of both, and an aggregate of that. Prints what each level costs.
 * Usage: node --import tsx scripts/proveAggregateTree.ts
 */
import { applyToProcess, parseAdapterChoice } from '../kernels/adapter.ts';
import { createWgslBackend } from '../kernels/backend.ts';
import { openDevice } from '../kernels/device.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces, run } from '../machine/system.ts';
import { buildAggregateProgram } from '../programs/aggregate/aggregateProgram.ts';
import type { InnerEntry } from '../programs/aggregate/aggregateStatement.ts';
import { prepareAggregate } from '../programs/aggregate/prepare.ts';
import { verifyAggregate } from '../programs/aggregate/verifyAggregate.ts';
import { aggregateHints, type Child } from '../programs/aggregate/witness.ts';
import { generateKey, keyDigest } from '../stark/keys.ts';
import { INNER, LEAF } from '../stark/profile.ts';
import { prove } from '../stark/prover.ts';
import { productionPolicy } from '../stark/verifier.ts';
import { hiddenSum } from '../test/support/tutorialProgram.ts';

applyToProcess(parseAdapterChoice(process.env['COLONNADE_ADAPTER'] ?? 'auto'));
const device = await openDevice({ robustness: 'off' });
const backend = createWgslBackend(device);
console.log(`adapter: ${device.adapter.name}`);

const leafKey = await generateKey(backend, COLONNADE_MACHINE, LEAF, preprocessedTraces(hiddenSum));
const lists = [
  [17, 4, 5],
  [1, 2, 3],
];
const runs = lists.map((list) =>
  run(hiddenSum, {
    count: () => [list.length],
    value: ([index = 0]: readonly number[]) => [list[index] ?? 0],
  }),
);
const leafTraces = runs.map((execution) => buildTraces(hiddenSum, execution));
const leaves: Child[] = [];
for (const [number, { statement }] of runs.entries()) {
  const proofBytes = await prove(backend, leafKey, statement, leafTraces[number] ?? []);
  leaves.push({ key: leafKey.verifyingKey, statement, proofBytes, inner: undefined });
}

const program = buildAggregateProgram();
const key = await generateKey(backend, COLONNADE_MACHINE, INNER, preprocessedTraces(program));
const aggregateKeyDigest = keyDigest(key.verifyingKey);
const leafKeyDigests = [keyDigest(leafKey.verifyingKey)];
console.log(`the aggregate program has ${program.instructions.length} instructions`);

async function aggregate(title: string, children: readonly Child[]): Promise<Child> {
  const times = [Date.now()];
  const mark = (): number => times.push(Date.now());
  const { witnesses, entries, statement } = prepareAggregate(
    aggregateKeyDigest,
    children,
    productionPolicy(),
  );
  mark();
  const execution = run(program, aggregateHints(aggregateKeyDigest, witnesses));
  mark();
  const traces = buildTraces(program, execution);
  mark();
  const proofBytes = await prove(backend, key, statement, traces);
  mark();
  const policy = {
    aggregateKeyDigest,
    proofKeyDigests: [aggregateKeyDigest],
    leafKeyDigests,
    verifier: productionPolicy(),
  };
  const shown = verifyAggregate(key.verifyingKey, entries, proofBytes, policy);
  mark();
  const [prepared, executed, traced, proved, verified] = times
    .slice(1)
    .map((time, step) => time - (times[step] ?? time));
  const heights = COLONNADE_MACHINE.tables.flatMap(({ name }, slot) =>
    traces[slot] === undefined ? [] : [`${name} 2^${traces[slot].logHeight}`],
  );
  console.log(
    `${title}: ${execution.pc.length} cycles, ${execution.memory.length / 8} memory rows; ${heights.join(', ')}; ` +
      `check ${prepared} ms, run ${executed} ms, traces ${traced} ms, proof ${proved} ms, verifier ${verified} ms; ` +
      `${proofBytes.length} bytes, ${shown.length} leaves, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
  );
  const inner: InnerEntry = { kind: 'inner', entries };
  return { key: key.verifyingKey, statement, proofBytes, inner };
}

const first = await aggregate('aggregate of leaf 0', leaves.slice(0, 1));
const second = await aggregate('aggregate of leaf 1', leaves.slice(1));
const both = await aggregate('aggregate of both aggregates', [first, second]);
await aggregate('aggregate of that', [both]);
device.close();
