/** Compressions where WebAssembly has no vectors: the exported functions fall back to plain TypeScript. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { compress, compressMany, DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { createBlockCompressor } from '../../stark/hash/poseidonSimd.ts';
import { createRandom } from '../support/random.ts';

test('the first compression finds no vectors, and the digests are those of the module', () => {
  const words = createRandom(53).words(48);
  const simd = createBlockCompressor();
  assert.ok(simd);
  simd.words.set(words);
  simd.compressBlocks(3);

  const validate = mock.method(WebAssembly, 'validate', () => false);
  const instance = mock.method(WebAssembly, 'Instance', () => assert.fail('no instance is made'));
  assert.deepEqual(compress(words.slice(0, 8), words.slice(8, 16)), simd.words.slice(0, DIGEST_WORDS));
  assert.equal(validate.mock.callCount(), 1);
  const digests = new Uint32Array(3 * DIGEST_WORDS);
  compressMany(digests, words);
  assert.deepEqual(digests, simd.words.slice(0, 3 * DIGEST_WORDS));
  assert.equal(validate.mock.callCount(), 1);
  assert.equal(instance.mock.callCount(), 0);
});
