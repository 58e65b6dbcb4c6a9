/**
 * Whether this device computes the right words: known answers, kernels against plain TypeScript on awkward sizes, and whole
 * proofs that equal the reference's byte for byte. Quick: meant to stand before figures from a machine that runs no tests.
 */
import { readFileSync } from 'node:fs';
import { createWgslBackend } from '../kernels/backend.ts';
import { type ComputeDevice, openDevice } from '../kernels/device.ts';
import {
  readCanonical,
  readColumns,
  releaseMatrix,
  uploadColumns,
  writeCanonical,
} from '../kernels/matrix.ts';
import { buildMatrixTree, readCap, releaseTree } from '../kernels/merkle.ts';
import { extendMatrix } from '../kernels/ntt.ts';
import { completeHashTrace } from '../machine/hash/table.ts';
import { buildTraces, COLONNADE_MACHINE, run } from '../machine/system.ts';
import type { AirSystem, TableTrace } from '../stark/air/air.ts';
import type { Backend } from '../stark/backend.ts';
import { inverse, MODULUS, multiply } from '../stark/field/koalaBear.ts';
import { extendColumn } from '../stark/field/ntt.ts';
import { DIGEST_WORDS, WIDTH } from '../stark/hash/poseidon.ts';
import { generateKey, releaseKey } from '../stark/keys.ts';
import { type Profile, profileDigest, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../stark/profile.ts';
import { prove } from '../stark/prover.ts';
import { createReferenceBackend } from '../stark/reference/backend.ts';
import { buildTree, treeCap } from '../stark/reference/merkle.ts';
import { LABEL } from '../stark/transcript.ts';
import { verify } from '../stark/verifier.ts';
import { toyInstance } from '../test/support/toySystems.ts';
import { smallProgram } from './guests.ts';
import { type CheckVerdict, type MeasurementOutcome, secondsOf } from './measurement.ts';
import { preprocessedOf } from './proof.ts';
import { spreadWords } from './words.ts';

const LEAF_TAG = 1;
/** Words whose halves, sums or products are extreme. */
const EDGES = [0, 1, 2, 127, 0xffff, 0x10000, 0x1000000, 0x7effffff, MODULUS - 1, MODULUS - 2, 0x40000000];

/** Throws: Error that names the case and the first word that differs. */
function requireEqual(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} instead of ${expected.length}`);
  }
  for (let index = 0; index < expected.length; index++) {
    if (actual[index] !== expected[index]) {
      throw new Error(`${what}: word ${index} is ${actual[index]}, not ${expected[index]}`);
    }
  }
}

/** Runs a body over elements of `inputWords` canonical words, in place of whose start it writes `outputWords`. */
async function compute(
  device: ComputeDevice,
  label: string,
  module: string,
  body: string,
  inputs: Uint32Array,
  elementWords: number,
): Promise<Uint32Array> {
  const source = `#import ${module}
#import dispatch
override workgroupSize: u32;
struct Params { start: u32, end: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@compute @workgroup_size(workgroupSize)
fn ${label}(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let element = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (element >= params.end) { return; }
  let place = element * ${elementWords}u;
  ${body}
}`;
  const kernel = await device.pipelines.kernel({ shader: label, source });
  const words = await device.arena.acquire(4 * inputs.length, label);
  await writeCanonical(device, words, inputs);
  await device.queue.dispatch({ kernel, bindings: { words }, count: inputs.length / elementWords });
  const outputs = await readCanonical(device, words, inputs.length);
  device.arena.release(words);
  return outputs;
}

async function checkField(device: ComputeDevice): Promise<void> {
  const random = spreadWords(4000);
  const pairs = [...EDGES.flatMap((left) => EDGES.flatMap((right) => [left, right])), ...random];
  const inputs = Uint32Array.from(pairs);
  const outputs = await compute(
    device,
    'checkField',
    'field',
    `let product = fieldMultiply(words[place], words[place + 1u]);
  words[place + 1u] = fieldInverse(words[place]);
  words[place] = product;`,
    inputs,
    2,
  );
  const expected = new Uint32Array(inputs.length);
  for (let pair = 0; pair < inputs.length; pair += 2) {
    const left = inputs[pair]!;
    expected[pair] = multiply(left, inputs[pair + 1]!);
    expected[pair + 1] = left === 0 ? 0 : inverse(left);
  }
  requireEqual(outputs, expected, 'products and inverses');
}

interface KnownAnswer {
  readonly name: string;
  readonly input: readonly number[];
  readonly output: readonly number[];
}

async function checkKnownAnswers(device: ComputeDevice): Promise<void> {
  const file = new URL('../test/vectors/poseidon1-koalabear.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as {
    widths: { 16: { permutation_kats: KnownAnswer[]; feed_forward_kats: KnownAnswer[] } };
  };
  const { permutation_kats: permutations, feed_forward_kats: feedForwards } = vectors.widths[16];
  const states = await compute(
    device,
    'checkPermutation',
    'poseidon',
    `var state: array<u32, 16>;
  for (var lane = 0u; lane < 16u; lane += 1u) { state[lane] = words[place + lane]; }
  poseidonPermute(&state);
  for (var lane = 0u; lane < 16u; lane += 1u) { words[place + lane] = state[lane]; }`,
    Uint32Array.from(permutations.flatMap(({ input }) => input)),
    WIDTH,
  );
  for (const [index, { name, output }] of permutations.entries()) {
    requireEqual(states.subarray(WIDTH * index, WIDTH * (index + 1)), output, `permutation of ${name}`);
  }
  const kernel = await device.pipelines.kernel({ shader: 'compress' });
  const children = await device.arena.acquire(8 * DIGEST_WORDS * feedForwards.length, 'children');
  const parents = await device.arena.acquire(4 * DIGEST_WORDS * feedForwards.length, 'parents');
  await writeCanonical(device, children, Uint32Array.from(feedForwards.flatMap(({ input }) => input)));
  const bindings = { children, parents };
  await device.queue.dispatch({ kernel, bindings, params: { firstParent: 0 }, count: feedForwards.length });
  const digests = await readCanonical(device, parents, DIGEST_WORDS * feedForwards.length);
  requireEqual(
    digests,
    feedForwards.flatMap(({ output }) => output.slice(0, DIGEST_WORDS)),
    'compressions',
  );
  device.arena.release(children);
  device.arena.release(parents);
}

async function checkExtensions(device: ComputeDevice): Promise<void> {
  for (const [logRows, columnCount, logBlowup] of [
    [0, 1, 1],
    [3, 9, 2],
    [10, 3, 3],
    [11, 17, 2],
    [12, 2, 1],
    [16, 1, 2],
  ] as const) {
    const words = spreadWords(columnCount * 2 ** logRows);
    const columns = Array.from({ length: columnCount }, (_, column) =>
      words.slice(column * 2 ** logRows, (column + 1) * 2 ** logRows),
    );
    const matrix = await uploadColumns(device, 2 ** logRows, columns, 'check');
    const extended = await extendMatrix(device, matrix, logBlowup, 'check');
    const actual = await readColumns(device, extended);
    for (const [index, column] of columns.entries()) {
      const what = `column ${index} of 2^${logRows} rows extended by 2^${logBlowup}`;
      requireEqual(actual[index] ?? [], extendColumn(column, logBlowup), what);
    }
    releaseMatrix(device, matrix);
    releaseMatrix(device, extended);
  }
}

async function checkTrees(device: ComputeDevice): Promise<void> {
  for (const shapes of [
    [[0, 1]],
    [[6, 9]],
    [
      [10, 17],
      [10, 3],
      [7, 8],
      [2, 5],
    ],
  ] as const) {
    const matrices = shapes.map(([logRows, columnCount]) => ({
      logRows,
      columns: Array.from({ length: columnCount }, (_, column) =>
        spreadWords(2 ** logRows + column).subarray(column),
      ),
      nextColumns: Math.min(columnCount, 8),
    }));
    const logCap = Math.min(2, ...shapes.map(([logRows]) => logRows));
    const uploaded = [];
    for (const { logRows, columns, nextColumns } of matrices) {
      const matrix = await uploadColumns(device, 2 ** logRows, columns, 'check');
      uploaded.push({ matrix, nextColumns });
    }
    const tree = await buildMatrixTree(device, uploaded, LEAF_TAG, logCap);
    const expected = treeCap(buildTree(matrices, LEAF_TAG, logCap));
    requireEqual(await readCap(device, tree), expected, `cap over ${JSON.stringify(shapes)}`);
    releaseTree(device, tree);
    for (const { matrix } of uploaded) releaseMatrix(device, matrix);
  }
}

async function checkGrinding(device: ComputeDevice): Promise<void> {
  const state = spreadWords(DIGEST_WORDS);
  const actual = await createWgslBackend(device).grind(state, LABEL.QUERY_GRIND, 11);
  const expected = await createReferenceBackend().grind(state, LABEL.QUERY_GRIND, 11);
  requireEqual([actual], [expected], 'the least nonce of 11 bits');
}

interface Instance {
  readonly system: AirSystem;
  readonly statement: Uint32Array;
  readonly preprocessed: readonly (TableTrace | undefined)[];
  readonly traces: readonly (TableTrace | undefined)[];
}

async function proofBy(backend: Backend, profile: Profile, instance: Instance): Promise<Uint8Array> {
  const { system, statement, preprocessed, traces } = instance;
  const key = await generateKey(backend, system, profile, preprocessed);
  const proof = await prove(backend, key, statement, traces);
  const policy = { acceptedProfileDigests: [profileDigest(profile)] };
  const verdict = verify(key.verifyingKey, statement, proof, policy);
  releaseKey(backend, key);
  if (!verdict.ok) throw new Error(`${profile.name}: the proof is rejected, ${verdict.reason}`);
  return proof;
}

async function checkProof(device: ComputeDevice, profile: Profile, instance: Instance): Promise<void> {
  const reference = createReferenceBackend({ expand: (_, trace) => expandHash(trace) });
  const actual = await proofBy(createWgslBackend(device), profile, instance);
  requireEqual(actual, await proofBy(reference, profile, instance), `proof under ${profile.name}`);
}

function expandHash(trace: TableTrace): TableTrace {
  return { logHeight: trace.logHeight, columns: completeHashTrace(trace) };
}

async function checkToyProofs(device: ComputeDevice): Promise<void> {
  for (const profile of [TEST_ONLY_LEAF, TEST_ONLY_INNER]) {
    await checkProof(device, profile, toyInstance({ walk: 5, square: 6, pulse: undefined }));
    await checkProof(device, profile, toyInstance({ walk: 9, square: undefined, pulse: 4 }));
  }
}

async function checkMachineProof(device: ComputeDevice): Promise<void> {
  const execution = run(smallProgram);
  await checkProof(device, TEST_ONLY_LEAF, {
    system: COLONNADE_MACHINE,
    statement: execution.statement,
    preprocessed: preprocessedOf(smallProgram),
    traces: buildTraces(smallProgram, execution),
  });
}

const CHECKS: Readonly<Record<string, (device: ComputeDevice) => Promise<void>>> = {
  'field products and inverses': checkField,
  'known answers of the hash': checkKnownAnswers,
  'low-degree extensions': checkExtensions,
  'mixed-height trees': checkTrees,
  'least nonce': checkGrinding,
  'toy proofs equal the reference': checkToyProofs,
  'a proof of the machine equals the reference': checkMachineProof,
};

/** Every check, with and without Dawn's bounds checks; a failure is a verdict, not an exception. */
export async function measureChecks(): Promise<MeasurementOutcome> {
  const checks: CheckVerdict[] = [];
  let outcome: Pick<MeasurementOutcome, 'adapter'> = {};
  for (const robustness of ['off', 'on'] as const) {
    const device = await openDevice({ robustness });
    outcome = { adapter: device.adapter };
    for (const [name, check] of Object.entries(CHECKS)) {
      let failure: string | undefined;
      const seconds = await secondsOf(async () => {
        try {
          await check(device);
        } catch (error) {
          failure = error instanceof Error ? error.message : String(error);
        }
      });
      checks.push({
        name: `${name}, robustness ${robustness}`,
        isPassed: failure === undefined,
        seconds,
        ...(failure === undefined ? {} : { failure }),
      });
    }
    device.close();
  }
  return { ...outcome, figures: [], checks };
}
