/** The WebAssembly compressions against plain TypeScript, and the choice between them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mock, test } from 'node:test';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { POSEIDON_MODULE } from '../../stark/hash/generated/poseidonModule.ts';
import { compressMany, createPlainBlockCompressor, DIGEST_WORDS, WIDTH } from '../../stark/hash/poseidon.ts';
import {
  BLOCKS_PER_CALL,
  type BlockCompressor,
  createBlockCompressor,
} from '../../stark/hash/poseidonSimd.ts';
import { createRandom } from '../support/random.ts';

const SEED = 47;

function createSimd(): BlockCompressor {
  const compressor = createBlockCompressor();
  assert.ok(compressor, 'this Node has no WebAssembly SIMD');
  return compressor;
}

function digestsOf(compressor: BlockCompressor, blocks: Uint32Array): Uint32Array {
  const count = blocks.length / WIDTH;
  compressor.words.set(blocks);
  compressor.compressBlocks(count);
  return compressor.words.slice(0, count * DIGEST_WORDS);
}

test('known answers of both implementations', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../vectors/poseidon1-koalabear.json', import.meta.url), 'utf8'),
  ) as {
    widths: { '16': { feed_forward_kats: { name: string; input: number[]; output: number[] }[] } };
  };
  const answers = vectors.widths['16'].feed_forward_kats;
  assert.equal(answers.length, 4);
  for (const compressor of [createSimd(), createPlainBlockCompressor()]) {
    for (const { name, input, output } of answers)
      assert.deepEqual([...digestsOf(compressor, Uint32Array.from(input))], output.slice(0, 8), name);
    const together = Uint32Array.from(answers.flatMap(({ input }) => input));
    assert.deepEqual(
      [...digestsOf(compressor, together)],
      answers.flatMap(({ output }) => output.slice(0, 8)),
    );
  }
});

test('both give the same digests for every number of blocks in a call', () => {
  const random = createRandom(SEED);
  const [simd, plain] = [createSimd(), createPlainBlockCompressor()];
  for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, BLOCKS_PER_CALL - 1, BLOCKS_PER_CALL]) {
    const blocks = random.words(WIDTH * count);
    assert.deepEqual(digestsOf(simd, blocks), digestsOf(plain, blocks), `${count} blocks`);
  }
});

test('both give the same digests for extreme words, p and above included', () => {
  const random = createRandom(SEED + 1);
  const [simd, plain] = [createSimd(), createPlainBlockCompressor()];
  const half = (MODULUS - 1) / 2;
  const extremes = [0, 1, MODULUS - 1, half, half + 1, MODULUS, 2 * MODULUS - 1, 2 * MODULUS, 0xffffffff];
  for (const extreme of extremes) {
    const blocks = new Uint32Array(WIDTH).fill(extreme);
    assert.deepEqual(digestsOf(simd, blocks), digestsOf(plain, blocks), `all ${extreme}`);
  }
  for (let round = 0; round < 50; round++) {
    const blocks = Uint32Array.from({ length: WIDTH * 20 }, () => extremes[random.below(extremes.length)]!);
    assert.deepEqual(digestsOf(simd, blocks), digestsOf(plain, blocks), `round ${round}`);
  }
});

test('many compressions at once, across calls of the module and over their own operands', () => {
  const random = createRandom(SEED + 2);
  const plain = createPlainBlockCompressor();
  for (const count of [0, 1, 3, 4, 5, BLOCKS_PER_CALL + 1, 1000]) {
    const blocks = random.words(WIDTH * count);
    const expected = new Uint32Array(DIGEST_WORDS * count);
    for (let block = 0; block < count; block++)
      expected.set(
        digestsOf(plain, blocks.subarray(block * WIDTH, (block + 1) * WIDTH)),
        block * DIGEST_WORDS,
      );
    const digests = new Uint32Array(DIGEST_WORDS * count);
    compressMany(digests, blocks);
    assert.deepEqual(digests, expected, `${count} blocks`);
    compressMany(blocks.subarray(0, DIGEST_WORDS * count), blocks);
    assert.deepEqual(blocks.subarray(0, DIGEST_WORDS * count), expected, `${count} blocks in place`);
  }
  assert.throws(() => compressMany(new Uint32Array(8), new Uint32Array(15)), RangeError);
  assert.throws(() => compressMany(new Uint32Array(8), new Uint32Array(32)), RangeError);
});

test('the module is small enough for a browser to compile at once on the main thread', () => {
  assert.ok(atob(POSEIDON_MODULE).length <= 4096, `${atob(POSEIDON_MODULE).length} bytes`);
});

test('without WebAssembly, its vectors or the right to compile there is no compressor', () => {
  const validate = mock.method(WebAssembly, 'validate', () => false);
  assert.equal(createBlockCompressor(), undefined);
  validate.mock.restore();

  class RefusedModule {
    constructor() {
      throw new WebAssembly.CompileError('refused by policy');
    }
  }
  const refusal = mock.method(WebAssembly, 'Module', RefusedModule);
  assert.equal(createBlockCompressor(), undefined);
  refusal.mock.restore();

  const saved = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly')!;
  Object.defineProperty(globalThis, 'WebAssembly', { ...saved, value: undefined });
  try {
    assert.equal(createBlockCompressor(), undefined);
  } finally {
    Object.defineProperty(globalThis, 'WebAssembly', saved);
  }
  assert.ok(createBlockCompressor());
});
