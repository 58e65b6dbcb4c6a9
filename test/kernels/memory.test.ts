/** Proofs under byte budgets: the same bytes whatever is kept, a need that is told beforehand and holds, refusals. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import type { ComputeDevice } from '../../kernels/device.ts';
import { type KeptPhase, MEMORY_STAGES, planMemory, proofMemory } from '../../kernels/memoryNeed.ts';
import { tileLimits } from '../../kernels/tile.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { generateKey, releaseKey } from '../../stark/keys.ts';
import { INNER, LEAF, type Profile, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { type ToyHeights, toyInstance, toySystem } from '../support/toySystems.ts';

const SEED = 11;
const SOFTWARE = { bindingBytes: 128 << 20, isSoftware: true };
const HARDWARE = { bindingBytes: 2 ** 31 - 4, isSoftware: false };

interface Case {
  readonly profile: Profile;
  readonly heights: ToyHeights;
}

/** A device with a budget and the proof that is made on it. */
async function proveWithin(
  { profile, heights }: Case,
  options: { byteBudget: number; robustness: 'on' | 'off'; bindingLimit?: number },
): Promise<{
  readonly proof: Uint8Array;
  readonly device: ComputeDevice;
}> {
  const { system, statement, preprocessed, traces } = toyInstance(heights, SEED);
  const device = await openTestDevice(options);
  const backend = createWgslBackend(device);
  const key = await generateKey(backend, system, profile, preprocessed);
  device.arena.resetPeaks();
  try {
    return { proof: await prove(backend, key, statement, traces), device };
  } finally {
    releaseKey(backend, key);
  }
}

async function referenceProof({ profile, heights }: Case): Promise<Uint8Array> {
  const { system, statement, preprocessed, traces } = toyInstance(heights, SEED);
  const backend = createReferenceBackend();
  const key = await generateKey(backend, system, profile, preprocessed);
  return await prove(backend, key, statement, traces);
}

function logHeightsOf(heights: ToyHeights): (number | undefined)[] {
  return toyInstance(heights, SEED).traces.map((trace) => trace?.logHeight);
}

const CASES: readonly Case[] = [
  { profile: TEST_ONLY_LEAF, heights: { walk: 11, square: 6, pulse: 9 } },
  { profile: TEST_ONLY_INNER, heights: { walk: 10, square: 10, pulse: undefined } },
];

describe('proofs within a byte budget', () => {
  for (const robustness of ROBUSTNESS) {
    for (const proofCase of CASES) {
      const { profile, heights } = proofCase;
      it(`are the reference's, ${profile.name}, robustness ${robustness}`, async () => {
        const expected = await referenceProof(proofCase);
        const need = proofMemory(toySystem, profile, logHeightsOf(heights), SOFTWARE);
        assert.ok(need.leastBytes < need.allKeptBytes, JSON.stringify(need));
        const between = Math.floor((need.leastBytes + need.allKeptBytes) / 2);
        for (const byteBudget of [need.leastBytes, between, need.allKeptBytes]) {
          const message = `${profile.name}, budget ${byteBudget} of ${JSON.stringify(need)}, seed ${SEED}`;
          const { proof, device } = await proveWithin(proofCase, { byteBudget, robustness });
          assert.equal(Buffer.compare(proof, expected), 0, message);
          assert.ok(device.arena.gauge().peakBytes <= byteBudget, message);
        }
      });
    }
  }

  it('are the reference’s when every binding holds only a column or two', async () => {
    const proofCase: Case = { profile: TEST_ONLY_LEAF, heights: { walk: 9, square: 5, pulse: 5 } };
    const bindingLimit = 12 << 10;
    const limits = { bindingBytes: bindingLimit, isSoftware: true };
    const { leastBytes } = proofMemory(toySystem, proofCase.profile, logHeightsOf(proofCase.heights), limits);
    const { proof } = await proveWithin(proofCase, {
      byteBudget: leastBytes,
      robustness: 'on',
      bindingLimit,
    });
    assert.equal(Buffer.compare(proof, await referenceProof(proofCase)), 0);
  });

  it('fit again after the first, with the same key and with a new one', async () => {
    const { profile, heights } = CASES[0]!;
    const logHeights = logHeightsOf(heights);
    const { leastBytes: byteBudget } = proofMemory(toySystem, profile, logHeights, SOFTWARE);
    const { system, statement, preprocessed, traces } = toyInstance(heights, SEED);
    const device = await openTestDevice({ byteBudget });
    const backend = createWgslBackend(device);
    const proofs: Uint8Array[] = [];
    for (let round = 0; round < 2; round++) {
      await backend.requireMemory(system, profile, logHeights, 'toBeMade');
      const key = await generateKey(backend, system, profile, preprocessed);
      for (let proof = 0; proof < 2; proof++) proofs.push(await prove(backend, key, statement, traces));
      releaseKey(backend, key);
    }
    for (const proof of proofs) assert.equal(Buffer.compare(proof, proofs[0]!), 0);
  });

  it('are refused with the numbers before the first dispatch when they cannot fit', async () => {
    const proofCase = CASES[0]!;
    const { leastBytes, allKeptBytes } = proofMemory(
      toySystem,
      proofCase.profile,
      logHeightsOf(proofCase.heights),
      SOFTWARE,
    );
    const { system, statement, preprocessed, traces } = toyInstance(proofCase.heights, SEED);
    const device = await openTestDevice({ byteBudget: leastBytes >> 1 });
    const backend = createWgslBackend(device);
    const key = await generateKey(backend, system, proofCase.profile, preprocessed);
    const { dispatches } = device.queue.statistics;
    const { usedBytes } = device.arena.gauge();
    await assert.rejects(prove(backend, key, statement, traces), (error: Error) => {
      const { code, details } = error as Error & { code?: string; details?: Record<string, number> };
      assert.equal(code, 'OUT_OF_MEMORY');
      assert.ok(details !== undefined && details['wantedBytes']! <= leastBytes, JSON.stringify(details));
      assert.ok(details['budgetBytes']! <= leastBytes >> 1, JSON.stringify(details));
      assert.ok(details['allKeptBytes']! <= allKeptBytes, JSON.stringify(details));
      return true;
    });
    assert.equal(device.queue.statistics.dispatches, dispatches);
    assert.equal(device.arena.gauge().usedBytes, usedBytes);
  });
});

describe('the need of a proof', () => {
  /** Every table of the machine at one height. */
  const machineHeights = (logHeight: number): number[] => COLONNADE_MACHINE.tables.map(() => logHeight);

  it('is known without a device, grows with the heights and leaves room between least and most', () => {
    for (const limits of [SOFTWARE, HARDWARE]) {
      for (const profile of [LEAF, INNER]) {
        const small = proofMemory(COLONNADE_MACHINE, profile, machineHeights(16), limits);
        const large = proofMemory(COLONNADE_MACHINE, profile, machineHeights(18), limits);
        assert.ok(large.leastBytes > 2 * small.leastBytes, JSON.stringify({ small, large }));
        assert.ok(large.leastBytes < large.allKeptBytes / 2, JSON.stringify(large));
      }
    }
  });

  it('is met by a plan at its least, and kept extensions only take bytes that are there', () => {
    const heights = machineHeights(16);
    const { leastBytes, allKeptBytes } = proofMemory(COLONNADE_MACHINE, LEAF, heights, HARDWARE);
    const plan = (budgetBytes: number) =>
      planMemory(COLONNADE_MACHINE, LEAF, heights, { ...HARDWARE, budgetBytes }, budgetBytes, 'toBeMade');
    const keptOf = ({ kept }: { kept: Readonly<Record<KeptPhase, readonly boolean[]>> }): number =>
      Object.values(kept).reduce((count, places) => count + places.filter(Boolean).length, 0);
    let keptBefore = 0;
    for (let part = 0; part <= 4; part++) {
      const budgetBytes = Math.ceil(leastBytes + ((allKeptBytes - leastBytes) * part) / 4);
      const planned = plan(budgetBytes);
      assert.ok(planned.peakBytes <= budgetBytes);
      assert.equal(Math.max(...MEMORY_STAGES.map((stage) => planned.stageBytes[stage])), planned.peakBytes);
      assert.ok(keptOf(planned) >= keptBefore, `part ${part}`);
      keptBefore = keptOf(planned);
    }
    assert.ok(plan(allKeptBytes).kept.main.every(Boolean));
    assert.throws(() => plan(leastBytes - 1), { code: 'OUT_OF_MEMORY' });
  });

  it('is told with the limits of a device', async () => {
    const device = await openTestDevice({ byteBudget: 1 << 30 });
    assert.deepEqual(tileLimits(device), {
      bindingBytes: 128 << 20,
      isSoftware: device.adapter.isSoftware,
      budgetBytes: 1 << 30,
    });
  });
});
