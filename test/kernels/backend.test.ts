import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import type { ComputeDevice } from '../../kernels/device.ts';
import { proofMemory } from '../../kernels/memoryNeed.ts';
import { tileLimits } from '../../kernels/tile.ts';
import { warmUp } from '../../kernels/warmUp.ts';
import type { Backend } from '../../stark/backend.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { generateKey, releaseKey } from '../../stark/keys.ts';
import { type Profile, profileDigest, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { verify } from '../../stark/verifier.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';
import { type ToyHeights, toyInstance, toySystem } from '../support/toySystems.ts';

const SEED = 5;
/** Places at which a proof is broken off. */
const BREAKS = 16;

async function proofOf(backend: Backend, profile: Profile, heights: ToyHeights): Promise<Uint8Array> {
  const { system, statement, preprocessed, traces } = toyInstance(heights, SEED);
  const key = await generateKey(backend, system, profile, preprocessed);
  try {
    const proof = await prove(backend, key, statement, traces);
    const verdict = verify(key.verifyingKey, statement, proof, {
      acceptedProfileDigests: [profileDigest(profile)],
    });
    assert.deepEqual(verdict, { ok: true });
    return proof;
  } finally {
    releaseKey(backend, key);
  }
}

/** The device, whose call number `breakAt` for a buffer, a kernel or the queue fails. */
function breakingDevice(
  device: ComputeDevice,
  breakAt: number,
): { readonly device: ComputeDevice; calls(): number } {
  let calls = 0;
  const counted =
    <Arguments extends readonly unknown[], Outcome>(work: (...given: Arguments) => Promise<Outcome>) =>
    async (...given: Arguments): Promise<Outcome> => {
      if (calls++ === breakAt) throw new Error('injected');
      return await work(...given);
    };
  const { arena, pipelines, queue } = device;
  return {
    calls: () => calls,
    device: {
      ...device,
      arena: { ...arena, acquire: counted(arena.acquire) },
      pipelines: { ...pipelines, kernel: counted(pipelines.kernel) },
      queue: {
        ...queue,
        dispatch: counted(queue.dispatch),
        copy: counted(queue.copy),
        clear: counted(queue.clear),
        write: counted(queue.write),
        read: counted(queue.read),
      },
    },
  };
}

/** The device, whose gauge tells the least budget of a proof and nothing in use: its plan keeps next to nothing. */
function withLeastBudget(device: ComputeDevice, heights: ToyHeights): ComputeDevice {
  const logHeights = toyInstance(heights, SEED).traces.map((trace) => trace?.logHeight);
  const { leastBytes } = proofMemory(toySystem, TEST_ONLY_LEAF, logHeights, tileLimits(device));
  const gauge = () => ({ ...device.arena.gauge(), usedBytes: 0, budgetBytes: leastBytes });
  return { ...device, arena: { ...device.arena, gauge } };
}

async function compare(device: ComputeDevice, profile: Profile, heights: ToyHeights): Promise<void> {
  const message = `${profile.name} ${JSON.stringify(heights)} seed ${SEED}`;
  const backend = createWgslBackend(device);
  const before = device.arena.gauge().usedBytes;
  const actual = await proofOf(backend, profile, heights);
  const expected = await proofOf(createReferenceBackend(), profile, heights);
  assert.equal(Buffer.compare(actual, expected), 0, message);
  assert.equal(backend.liveHandles(), 0, message);
  const cached = (await Promise.all(device.cache.values())).reduce((bytes, buffer) => bytes + buffer.size, 0);
  assert.ok(
    device.arena.gauge().usedBytes - before <= cached,
    `${message}: buffers are held after the proof`,
  );
}

describe('WGSL backend', () => {
  for (const robustness of ROBUSTNESS) {
    it(`gives the proof bytes of the reference, robustness ${robustness}`, async () => {
      const device = await openTestDevice({ robustness });
      for (const profile of [TEST_ONLY_LEAF, TEST_ONLY_INNER]) {
        await compare(device, profile, { walk: 5, square: 6, pulse: undefined });
        await compare(device, profile, { walk: 8, square: undefined, pulse: 4 });
      }
    });
  }

  it('gives them when every binding holds only a column or two', async () => {
    const device = await openTestDevice({ bindingLimit: 12 << 10 });
    await compare(device, TEST_ONLY_LEAF, { walk: 9, square: 5, pulse: 5 });
  });

  it('runs every kernel ahead of the first proof and keeps nothing, whatever extensions are kept', async () => {
    const device = await openTestDevice();
    const backend = createWgslBackend(device);
    await backend.prepare(toySystem.tables);
    await warmUp(backend, toySystem.tables);
    assert.equal(backend.liveHandles(), 0);
    const pipelines = new Map(device.pipelines.compileSeconds);
    for (const heights of [
      { walk: 5, square: 6, pulse: 5 },
      { walk: 8, square: 9, pulse: 10 },
    ]) {
      await proofOf(backend, TEST_ONLY_LEAF, heights);
      await proofOf(createWgslBackend(withLeastBudget(device, heights)), TEST_ONLY_LEAF, heights);
    }
    assert.deepEqual([...device.pipelines.compileSeconds], [...pipelines], 'the proof compiled something');
  });

  it('refuses a released handle and a matrix that is not committed', async () => {
    const device = await openTestDevice();
    const backend = createWgslBackend(device);
    const matrix = await backend.loadColumns(3, [new Uint32Array(8)]);
    await assert.rejects(
      backend.deep(
        3,
        1,
        [0, 1, 0, 0, 0],
        [{ matrix, weights: [[1, 0, 0, 0, 0]], values: [[0, 0, 0, 0, 0]], nextWeights: [], nextValues: [] }],
      ),
      { code: 'SHAPE_MISMATCH' },
    );
    backend.release(matrix);
    assert.throws(() => backend.release(matrix), /released before/);
    await assert.rejects(backend.open(matrix, [0, 1, 0, 0, 0], 1), /released before/);
  });

  for (const extensions of ['kept', 'recomputed'] as const) {
    it(`leaves nothing behind wherever a proof breaks off, extensions ${extensions}`, async () => {
      const heights: ToyHeights = { walk: 5, square: 3, pulse: 4 };
      const device = await openTestDevice();
      const { usedBytes } = device.arena.gauge();
      /** Proves with fresh tables of constants on a device that breaks off, and counts its calls. */
      const callsOf = async (breakAt: number, message: string): Promise<number> => {
        const broken = breakingDevice({ ...device, cache: new Map() }, breakAt);
        const backend = createWgslBackend(
          extensions === 'kept' ? broken.device : withLeastBudget(broken.device, heights),
        );
        const proof = proofOf(backend, TEST_ONLY_LEAF, heights);
        if (breakAt === Number.POSITIVE_INFINITY) await proof;
        else await assert.rejects(proof, /injected/, message);
        assert.equal(backend.liveHandles(), 0, message);
        for (const buffer of await Promise.all(broken.device.cache.values())) device.arena.release(buffer);
        assert.equal(device.arena.gauge().usedBytes, usedBytes, message);
        return broken.calls();
      };
      const calls = await callsOf(Number.POSITIVE_INFINITY, 'whole');
      assert.ok(calls > 500, `${calls} calls`);
      const random = createRandom(SEED);
      const places = Array.from({ length: BREAKS }, (_, part) =>
        Math.floor((calls * (part + random.word() / MODULUS)) / BREAKS),
      );
      for (const place of new Set([0, 1, 2, 3, ...places, calls - 1]))
        await callsOf(place, `call ${place} of ${calls}, seed ${SEED}`);
    });
  }

  it('leaves nothing behind when a proof runs out of memory', async () => {
    const device = await openTestDevice({ byteBudget: 300_000 });
    const backend = createWgslBackend(device);
    await assert.rejects(
      proofOf(backend, TEST_ONLY_LEAF, { walk: 12, square: undefined, pulse: undefined }),
      {
        code: 'OUT_OF_MEMORY',
      },
    );
  });
});
