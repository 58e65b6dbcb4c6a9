/** A proof under the production profile `leaf`, made by the WGSL backend: accepted by the default policy, and no other word is. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import { generateKey, releaseKey, type VerifyingKey } from '../../stark/keys.ts';
import { LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { productionPolicy, verify } from '../../stark/verifier.ts';
import { assertAccepted } from '../support/cheating.ts';
import { openTestDevice } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';
import { TOY_STATEMENT, toyInstance } from '../support/toySystems.ts';

/** Of a proof whose nonces are small: what grinding costs is tested elsewhere. */
const SEED = 204;
const FLIPS = 200;

let key: VerifyingKey;
let honest: Uint8Array;

const verdictOf = (bytes: Uint8Array): ReturnType<typeof verify> =>
  verify(key, TOY_STATEMENT, bytes, productionPolicy());

describe('a proof under the leaf profile', () => {
  before(async () => {
    const backend = createWgslBackend(await openTestDevice({ robustness: 'off' }));
    const { system, statement, preprocessed, traces } = toyInstance(
      { walk: 9, square: 7, pulse: undefined, nibble: 7 },
      SEED,
    );
    const provingKey = await generateKey(backend, system, LEAF, preprocessed);
    honest = await prove(backend, provingKey, statement, traces);
    key = provingKey.verifyingKey;
    releaseKey(backend, provingKey);
  });

  it('is accepted by the production policy', () => {
    assertAccepted(verdictOf(honest));
  });

  it(`is rejected after each of ${FLIPS} random bit flips`, () => {
    const random = createRandom(SEED);
    for (let flip = 0; flip < FLIPS; flip++) {
      const bytes = honest.slice();
      const place = random.below(bytes.length);
      bytes[place] = bytes[place]! ^ (1 << random.below(8));
      assert.ok(!verdictOf(bytes).ok, `seed ${SEED}, flip ${flip}: byte ${place}`);
    }
  });
});
