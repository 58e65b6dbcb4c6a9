/**
 * The WGSL modules without bindings against plain TypeScript: field, extension, domain points and Poseidon, on edge words and
 * random ones; the published known answers; and that every shader keeps the rules of the room.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { ComputeDevice } from '../../kernels/device.ts';
import { MONTGOMERY_ONE, toMontgomeryWords } from '../../kernels/montgomery.ts';
import { expandImports, parseInterface, readShader } from '../../kernels/shaderModule.ts';
import { GENERATED_SHADERS } from '../../scripts/generateShaderConstants.ts';
import * as extension from '../../stark/field/extension.ts';
import * as field from '../../stark/field/koalaBear.ts';
import { MDS_FIRST_ROW, permute, WIDTH } from '../../stark/hash/poseidon.ts';
import { openTestDevice, ROBUSTNESS } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';

const SEED = 9;
const P = field.MODULUS;
/** Words whose 16-bit halves, products or sums are extreme. */
const EDGES = [0, 1, 2, 127, 0xffff, 0x10000, 0x1000000, 0x7effffff, P - 1, P - 2, 0x3f800000, 0x40000000];

interface KnownAnswer {
  readonly name: string;
  readonly input: readonly number[];
  readonly output: readonly number[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/poseidon1-koalabear.json', import.meta.url), 'utf8'),
) as { widths: { 16: { permutation_kats: KnownAnswer[]; feed_forward_kats: KnownAnswer[] } } };

/** Runs `body`, which reads input words of `element` and writes its output words, over raw words. */
async function compute(
  device: ComputeDevice,
  imports: readonly string[],
  body: string,
  inputs: Uint32Array,
  inputWords: number,
  outputWords: number,
): Promise<Uint32Array> {
  const count = inputs.length / inputWords;
  const source = `${[...imports, 'dispatch'].map((name) => `#import ${name}`).join('\n')}
override workgroupSize: u32;
struct Params { start: u32, end: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inputs: array<u32>;
@group(0) @binding(2) var<storage, read_write> outputs: array<u32>;
@compute @workgroup_size(workgroupSize)
fn moduleTest(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) { return; }
  let inputStart = element * ${inputWords}u;
  let outputStart = element * ${outputWords}u;
  ${body}
}`;
  const kernel = await device.pipelines.kernel({ shader: 'moduleTest', source });
  const inputBuffer = await device.arena.acquire(4 * inputs.length, 'inputs');
  const outputBuffer = await device.arena.acquire(4 * count * outputWords, 'outputs');
  await device.queue.write(inputBuffer, 0, inputs);
  await device.queue.dispatch({
    kernel,
    bindings: { inputs: inputBuffer, outputs: outputBuffer },
    count,
  });
  const outputs = await device.queue.read(outputBuffer, 0, count * outputWords);
  device.arena.release(inputBuffer);
  device.arena.release(outputBuffer);
  return outputs;
}

function fromMontgomery(words: ArrayLike<number>): Uint32Array {
  const inverse = field.inverse(MONTGOMERY_ONE);
  return Uint32Array.from(words, (word) => field.multiply(word, inverse));
}

const READ_STATE = `var state: array<u32, 16>;
  for (var lane = 0u; lane < 16u; lane += 1u) { state[lane] = inputs[inputStart + lane]; }`;
const WRITE_STATE =
  'for (var lane = 0u; lane < 16u; lane += 1u) { outputs[outputStart + lane] = state[lane]; }';

for (const robustness of ROBUSTNESS) {
  describe(`shared WGSL modules, robustness ${robustness}`, () => {
    it('field: sums, products, powers and conversions of pairs', async () => {
      const device = await openTestDevice({ robustness });
      const pairs: number[] = EDGES.flatMap((left) => EDGES.flatMap((right) => [left, right]));
      pairs.push(...createRandom(SEED).words(2000));
      const inputs = Uint32Array.from(pairs);
      const outputs = await compute(
        device,
        ['field'],
        `let left = inputs[inputStart];
        let right = inputs[inputStart + 1u];
        outputs[outputStart] = fieldAdd(left, right);
        outputs[outputStart + 1u] = fieldSubtract(left, right);
        outputs[outputStart + 2u] = fieldNegate(left);
        outputs[outputStart + 3u] = fieldMultiply(left, right);
        outputs[outputStart + 4u] = fieldSquare(left);
        outputs[outputStart + 5u] = fieldInverse(left);
        outputs[outputStart + 6u] = fieldPower(left, right);
        outputs[outputStart + 7u] = toMontgomery(left);
        outputs[outputStart + 8u] = fromMontgomery(left);`,
        inputs,
        2,
        9,
      );
      const canonical = fromMontgomery(inputs);
      for (let pair = 0; pair < inputs.length / 2; pair++) {
        const left = canonical[2 * pair]!;
        const right = canonical[2 * pair + 1]!;
        const expected = [
          ...toMontgomeryWords([
            field.add(left, right),
            field.subtract(left, right),
            field.negate(left),
            field.multiply(left, right),
            field.multiply(left, left),
            left === 0 ? 0 : field.inverse(left),
            field.power(left, inputs[2 * pair + 1]!),
          ]),
          field.multiply(inputs[2 * pair]!, MONTGOMERY_ONE),
          left,
        ];
        assert.deepEqual(
          Array.from(outputs.subarray(9 * pair, 9 * pair + 9)),
          expected,
          `${inputs[2 * pair]}, ${inputs[2 * pair + 1]}`,
        );
      }
    });

    it('extension: sums, products, squares, powers, Frobenius and inverse', async () => {
      const device = await openTestDevice({ robustness });
      const random = createRandom(SEED);
      const inputs = random.words(10 * 65);
      inputs.fill(P - 1, 0, 10);
      inputs.fill(0, 10, 15);
      inputs.set([1, 0, 0, 0, 0, 0, 0, 0, 0, P - 1], 20);
      const outputs = await compute(
        device,
        ['extension'],
        `let left = Extension(inputs[inputStart], inputs[inputStart + 1u], inputs[inputStart + 2u], inputs[inputStart + 3u], inputs[inputStart + 4u]);
        let right = Extension(
          inputs[inputStart + 5u], inputs[inputStart + 6u], inputs[inputStart + 7u], inputs[inputStart + 8u], inputs[inputStart + 9u],
        );
        var values = array<Extension, 10>(
          extensionAdd(left, right),
          extensionSubtract(left, right),
          extensionNegate(left),
          extensionMultiply(left, right),
          extensionSquare(left),
          extensionMultiplyBase(left, right.c0),
          extensionPower(left, 1000003u),
          extensionFrobenius(left, 0u),
          extensionFrobenius(left, 4u),
          extensionInverse(left),
        );
        for (var index = 0u; index < 10u; index += 1u) {
          outputs[outputStart + 5u * index] = values[index].c0;
          outputs[outputStart + 5u * index + 1u] = values[index].c1;
          outputs[outputStart + 5u * index + 2u] = values[index].c2;
          outputs[outputStart + 5u * index + 3u] = values[index].c3;
          outputs[outputStart + 5u * index + 4u] = values[index].c4;
        }`,
        inputs,
        10,
        50,
      );
      const canonical = fromMontgomery(inputs);
      for (let pair = 0; pair < inputs.length / 10; pair++) {
        const left = extension.read(canonical, 10 * pair);
        const right = extension.read(canonical, 10 * pair + 5);
        const expected = [
          extension.add(left, right),
          extension.subtract(left, right),
          extension.negate(left),
          extension.multiply(left, right),
          extension.square(left),
          extension.multiplyByBase(left, right[0]),
          extension.power(left, 1000003),
          extension.frobenius(left),
          extension.frobenius(extension.frobenius(left)),
          extension.isZero(left) ? extension.ZERO : extension.inverse(left),
        ];
        assert.deepEqual(
          outputs.subarray(50 * pair, 50 * pair + 50),
          toMontgomeryWords(expected.flat()),
          `pair ${pair}, seed ${SEED}`,
        );
      }
    });

    it('domain: points by position do not depend on the size of the subgroup', async () => {
      const device = await openTestDevice({ robustness });
      const positions = Uint32Array.of(0, 1, 2, 3, 5, 255, 256, 2 ** 23, 2 ** 24 - 1, 123456);
      const outputs = await compute(
        device,
        ['domain'],
        'outputs[outputStart] = domainPoint(inputs[inputStart]); outputs[outputStart + 1u] = domainInversePoint(inputs[inputStart]);',
        positions,
        1,
        2,
      );
      for (const [place, position] of positions.entries()) {
        for (const logSize of [17, 24].filter((log) => position < 2 ** log)) {
          const exponent = field.reverseBits(position, logSize);
          const point = field.power(field.rootOfUnity(logSize), exponent);
          const expected = toMontgomeryWords([point, field.inverse(point)]);
          assert.deepEqual(
            outputs.subarray(2 * place, 2 * place + 2),
            expected,
            `${position} of 2^${logSize}`,
          );
        }
      }
    });

    // One device for all of it: its pipelines are the dearest to compile.
    it('poseidon: the published known answers, and the layers of edge and random states', async () => {
      const device = await openTestDevice({ robustness });
      const { permutation_kats, feed_forward_kats } = vectors.widths[16];
      const known = await compute(
        device,
        ['poseidon'],
        `${READ_STATE} poseidonPermute(&state); ${WRITE_STATE}`,
        toMontgomeryWords(permutation_kats.flatMap(({ input }) => input)),
        WIDTH,
        WIDTH,
      );
      assert.deepEqual(
        Array.from(fromMontgomery(known)),
        permutation_kats.flatMap(({ output }) => output),
      );
      const compressed = await compute(
        device,
        ['poseidon'],
        `var left: array<u32, 8>;
        var right: array<u32, 8>;
        for (var word = 0u; word < 8u; word += 1u) {
          left[word] = inputs[inputStart + word];
          right[word] = inputs[inputStart + 8u + word];
        }
        poseidonCompress(&left, &right);
        for (var word = 0u; word < 8u; word += 1u) { outputs[outputStart + word] = left[word]; }`,
        toMontgomeryWords(feed_forward_kats.flatMap(({ input }) => input)),
        WIDTH,
        8,
      );
      assert.deepEqual(
        Array.from(fromMontgomery(compressed)),
        feed_forward_kats.flatMap(({ output }) => output.slice(0, 8)),
      );

      const random = createRandom(SEED);
      const states: Uint32Array[] = EDGES.map((edge) => new Uint32Array(WIDTH).fill(edge));
      // One lane only: no low halves, so the high halves alone are reduced.
      for (const edge of [0x7f000000, 0x7e000000, 0x7f0000, 0x10000]) {
        for (const lane of [0, 7, 15]) states.push(new Uint32Array(WIDTH).fill(edge, lane, lane + 1));
      }
      for (let state = 0; state < 100; state++) {
        states.push(Uint32Array.from({ length: WIDTH }, () => EDGES[random.below(EDGES.length)]!));
        states.push(random.words(WIDTH));
      }
      const inputs = Uint32Array.from(states.flatMap((state) => Array.from(state)));
      const mixed = await compute(
        device,
        ['poseidon'],
        `${READ_STATE} poseidonLinear(&state); ${WRITE_STATE}`,
        inputs,
        WIDTH,
        WIDTH,
      );
      const permuted = await compute(
        device,
        ['poseidon'],
        `${READ_STATE} poseidonPermute(&state); ${WRITE_STATE}`,
        inputs,
        WIDTH,
        WIDTH,
      );
      for (const [place, state] of states.entries()) {
        const product = state.map((_, row) => {
          let sum = 0;
          for (const [column, word] of state.entries()) {
            sum = field.add(sum, field.multiply(MDS_FIRST_ROW[(column - row + WIDTH) % WIDTH]!, word));
          }
          return sum;
        });
        const label = `state ${place}: ${state.join()}`;
        assert.deepEqual(mixed.subarray(WIDTH * place, WIDTH * (place + 1)), product, label);
        const expected: Uint32Array = fromMontgomery(state);
        permute(expected);
        const got = fromMontgomery(permuted.subarray(WIDTH * place, WIDTH * (place + 1)));
        assert.deepEqual(got, expected, label);
      }
    });
  });
}

describe('shader files', () => {
  it('holds the constants that the generator writes', () => {
    for (const [path, generate] of Object.entries(GENERATED_SHADERS)) {
      const committed = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
      assert.equal(committed, generate(), path);
    }
  });

  it('has one entry point a file, named like it, and params of one slot', () => {
    const files = readdirSync(new URL('../../shaders/', import.meta.url));
    for (const name of files.flatMap((file) => (file.endsWith('.wgsl') ? [file.slice(0, -5)] : []))) {
      const source = expandImports(readShader(name));
      const entries = Array.from(source.matchAll(/@compute[^{]*?fn\s+(\w+)/g), ([, entry]) => entry);
      assert.deepEqual(entries, [name]);
      // Refuses params that a dispatch does not carry.
      parseInterface(name, source);
    }
  });

  it('keeps bindings out of shared modules', () => {
    const folder = new URL('../../shaders/shared/', import.meta.url);
    for (const file of readdirSync(folder)) {
      assert.ok(!readFileSync(new URL(file, folder), 'utf8').includes('@group'), file);
    }
  });
});
