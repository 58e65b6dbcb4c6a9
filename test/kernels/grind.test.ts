/** Proof of work on the device: the least nonce, against the transcript. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KernelError } from '../../kernels/errors.ts';
import { grindNonce } from '../../kernels/grind.ts';
import { LABEL, resumeTranscript } from '../../stark/transcript.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 12;

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
  it('goes on to later batches', async () => {
    const device = await openTestDevice({ robustness: 'off' });
    // Of these seeds at least one needs more than the first batch of 2^14 nonces.
    const nonces: number[] = [];
    for (let seed = 1; seed <= 6; seed++) {
      const state = createRandom(seed).words(8);
      const nonce = await grindNonce(device, state, LABEL.DEEP_GRIND, 15);
      assert.ok(isNonce(state, LABEL.DEEP_GRIND, 15, nonce), `seed ${seed}`);
      nonces.push(nonce);
    }
    assert.ok(Math.max(...nonces) >= 2 ** 14, nonces.join());
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
