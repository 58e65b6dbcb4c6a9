/** Proof of work on the device: the least nonce, against the transcript. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KernelError } from '../../kernels/errors.ts';
import { grindNonce } from '../../kernels/grind.ts';
import { toMontgomeryWords } from '../../kernels/montgomery.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { GRIND_MARK, LABEL, MAXIMUM_GRIND_BITS, resumeTranscript } from '../../stark/transcript.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 12;
/** A state without a nonce in the first 2^14, the batch of a site of 12 bits; found by trying seeds. */
const LATE_SEED = 50;
const LATE_BITS = 12;
/** A state with an early nonce of the greatest number of bits, beyond one batch of a software adapter; found by trying seeds. */
const GREATEST = { seed: 9, nonce: 240_199 } as const;

function isNonce(state: Uint32Array, label: number, bits: number, nonce: number): boolean {
  return resumeTranscript(state).grind(label, bits, nonce);
}

for (const robustness of ROBUSTNESS) {
  it(`finds the least nonce, robustness ${robustness}`, async () => {
    const device = await openTestDevice({ robustness });
    const random = createRandom(SEED);
    for (const bits of [1, 2, 5, 9]) {
      const state = random.words(8);
      const nonce = await grindNonce(device, state, LABEL.QUERY_GRIND, bits);
      let expected = 0;
      while (!isNonce(state, LABEL.QUERY_GRIND, bits, expected)) expected++;
      assert.equal(nonce, expected, JSON.stringify({ bits, SEED }));
    }
  });
}

describe('proof of work', () => {
  it('of more nonces than a workgroup tries at once is the least one', async () => {
    const device = await openTestDevice({ robustness: 'off' });
    // Of these seeds some need more than one round of an invocation, and more than one workgroup.
    const nonces: number[] = [];
    for (let seed = 1; seed <= 4; seed++) {
      const state = createRandom(seed).words(8);
      const nonce = await grindNonce(device, state, LABEL.DEEP_GRIND, 12);
      let expected = 0;
      while (!isNonce(state, LABEL.DEEP_GRIND, 12, expected)) expected++;
      assert.equal(nonce, expected, `seed ${seed}`);
      nonces.push(nonce);
    }
    assert.ok(Math.max(...nonces) >= 64 * 64, nonces.join());
  });

  it('finds the same nonce with any number of nonces an invocation', async () => {
    const device = await openTestDevice();
    const state = createRandom(SEED).words(8);
    let expected = 0;
    while (!isNonce(state, LABEL.DEEP_GRIND, 9, expected)) expected++;
    const kernel = await device.pipelines.kernel({ shader: 'grind' });
    const header = toMontgomeryWords([...state, LABEL.DEEP_GRIND, GRIND_MARK + 9]);
    for (const rounds of [1, 3, 64]) {
      const least = await device.arena.acquire(4, 'least');
      await device.queue.write(least, 0, Uint32Array.of(0xffffffff));
      const count = 64 * Math.ceil((expected + 1) / (64 * rounds));
      const params = { firstNonce: 0, mask: 2 ** 9 - 1, rounds, header };
      await device.queue.dispatch({ kernel, bindings: { least }, params, count });
      assert.deepEqual([...(await device.queue.read(least, 0, 1))], [expected], `${rounds} rounds`);
      device.arena.release(least);
    }
  });

  it('goes on to later batches', async () => {
    const device = await openTestDevice({ robustness: 'off' });
    // The first batch, of four times the expected nonces, has none for this state.
    const state = createRandom(LATE_SEED).words(8);
    const readsBefore = device.queue.statistics.reads;
    const nonce = await grindNonce(device, state, LABEL.DEEP_GRIND, LATE_BITS);
    assert.ok(isNonce(state, LABEL.DEEP_GRIND, LATE_BITS, nonce));
    assert.ok(nonce >= 2 ** (LATE_BITS + 2), String(nonce));
    assert.equal(device.queue.statistics.reads - readsBefore, 2);
  });

  it('of the greatest number of bits is the least one, beyond the first batch', async () => {
    const device = await openTestDevice({ robustness: 'off' });
    const state = createRandom(GREATEST.seed).words(8);
    assert.ok(isNonce(state, LABEL.QUERY_GRIND, MAXIMUM_GRIND_BITS, GREATEST.nonce));
    assert.equal(await grindNonce(device, state, LABEL.QUERY_GRIND, MAXIMUM_GRIND_BITS), GREATEST.nonce);
  });

  it('tries no nonce from the modulus on', async () => {
    const device = await openTestDevice();
    const kernel = await device.pipelines.kernel({ shader: 'grind' });
    const header = toMontgomeryWords([...createRandom(SEED).words(8), LABEL.DEEP_GRIND, GRIND_MARK + 1]);
    const least = await device.arena.acquire(4, 'least');
    // Every nonce passes a mask of no bits.
    for (const [firstNonce, expected] of [
      [MODULUS - 1, MODULUS - 1],
      [MODULUS, 0xffffffff],
    ] as const) {
      await device.queue.write(least, 0, Uint32Array.of(0xffffffff));
      const params = { firstNonce, mask: 0, rounds: 3, header };
      await device.queue.dispatch({ kernel, bindings: { least }, params, count: 128 });
      assert.deepEqual([...(await device.queue.read(least, 0, 1))], [expected], `from ${firstNonce}`);
    }
    device.arena.release(least);
  });

  it('is cancelled between two batches', async () => {
    const device = await openTestDevice({ robustness: 'off' });
    const controller = new AbortController();
    device.queue.setAbortSignal(controller.signal);
    // No nonce below 2^17 for this state: the second batch is cancelled, long before the search would end.
    const state = createRandom(GREATEST.seed).words(8);
    const search = grindNonce(device, state, LABEL.DEEP_GRIND, MAXIMUM_GRIND_BITS);
    setTimeout(() => controller.abort(), 1);
    await assert.rejects(search, (error) => error instanceof KernelError && error.code === 'ABORTED');
    device.queue.setAbortSignal(undefined);
    const again = createRandom(SEED).words(8);
    assert.ok(isNonce(again, LABEL.DEEP_GRIND, 5, await grindNonce(device, again, LABEL.DEEP_GRIND, 5)));
  });

  it('refuses bits and states out of range', async () => {
    const device = await openTestDevice();
    const isShapeMismatch = (error: unknown): boolean =>
      error instanceof KernelError && error.code === 'SHAPE_MISMATCH';
    for (const bits of [0, 25, 1.5]) {
      await assert.rejects(grindNonce(device, new Uint32Array(8), LABEL.DEEP_GRIND, bits), isShapeMismatch);
    }
    await assert.rejects(grindNonce(device, new Uint32Array(7), LABEL.DEEP_GRIND, 4), isShapeMismatch);
  });
});
