/**
 * Group G: hints against the verifier that runs as a guest program. FOLD8 learns from its operand D = elements + place how many
 * elements it folds; a program that takes the place from a hint lets the prover choose another number than the layer's.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import { foldRows, unpack } from '../../machine/extension/arithmetic.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { HINT } from '../../programs/aggregate/hintNames.ts';
import { aggregateHints, childWitness } from '../../programs/aggregate/witness.ts';
import * as extension from '../../stark/field/extension.ts';
import { inverse, multiply, power, reverseBits, rootOfUnity } from '../../stark/field/koalaBear.ts';
import { extendColumn } from '../../stark/field/ntt.ts';
import { keyDigest } from '../../stark/keys.ts';
import { decodeProof } from '../../stark/proof/codec.ts';
import { LEAF_TAG } from '../../stark/proof/shape.ts';
import { buildTree, codewordMatrix } from '../../stark/reference/merkle.ts';
import { createTranscript } from '../../stark/transcript.ts';
import { replayTranscript } from '../../stark/verifier/challenges.ts';
import { assertRejected, nativeVerdictIn, ONE_QUERY, proveIn, settingOf } from '../support/cheating.ts';
import { guestProgramFor } from '../support/guestVerifier.ts';
import { createRandom } from '../support/random.ts';
import { toyInstance } from '../support/toySystems.ts';

/** The last layer folds 2^2 rows by 2. */
const HEIGHTS = { walk: 5, square: 2, pulse: 4 };
const LAST_LAYER = 2;
const PAIR_WORDS = 2 * extension.DEGREE;

/** A proof whose first main column is no polynomial; of its last layer every leaf 4k holds what leaf 4k + 3 should. */
async function cheat(seed: number) {
  const random = createRandom(seed);
  let columns = 0;
  const extend: typeof extendColumn = (column, logBlowup) =>
    columns++ === 2 ? random.words(column.length << logBlowup) : extendColumn(column, logBlowup);
  const setting = await settingOf(toyInstance(HEIGHTS), ONE_QUERY, { extend });
  const { backend, key } = setting;
  let layer = 0;
  let crafted = new Uint32Array(0);
  const bytes = await proveIn(setting, {
    backend: {
      async commitCodeword(codeword, logArity, leafTag, logCap) {
        if (layer++ !== LAST_LAYER) return backend.commitCodeword(codeword, logArity, leafTag, logCap);
        assert.equal(logArity, 1);
        crafted = Uint32Array.from(await backend.readCodeword(codeword));
        for (let word = 0; word < crafted.length; word += 4 * PAIR_WORDS)
          crafted.copyWithin(word, word + 3 * PAIR_WORDS, word + 4 * PAIR_WORDS);
        return backend.commitCodeword(backend.loadCodeword(crafted), logArity, leafTag, logCap);
      },
    },
  });
  const decoded = decodeProof(bytes, key);
  assert.ok(decoded.ok);
  const { proof, shape, trees } = decoded;
  const { statement } = setting.instance;
  const digest = keyDigest(key);
  const replayed = replayTranscript(createTranscript(), digest, statement, proof, shape, trees, key.profile);
  assert.ok(replayed.ok);
  return { setting, bytes, crafted, proof, trees, challenges: replayed.challenges };
}

describe('G: hints against the guest verifier', () => {
  it('G1: a leaf of two elements is not folded as one of eight', async () => {
    let made = await cheat(1);
    const leafOf = ({ trees, challenges }: typeof made): number =>
      challenges.queryIndices[0]! >> (trees.logRows - trees.folds[LAST_LAYER]!.matrices[0]!.logRows);
    for (let seed = 2; leafOf(made) % 4 !== 3; seed++) made = await cheat(seed);
    const { setting, bytes, crafted, proof, trees, challenges } = made;
    assertRejected(nativeVerdictIn(setting, bytes), 'FINAL_MISMATCH');

    const { key, profile, instance } = setting;
    const witnessed = childWitness(key.system, [profile], {
      key,
      statement: instance.statement,
      proofBytes: bytes,
      inner: undefined,
    });
    assert.ok(witnessed.ok);
    const { witness } = witnessed;
    // Hints count what they have given: a run takes fresh ones.
    const honestHints = (): HintFunctions => aggregateHints(new Uint32Array(8), [witness]);
    const honest = honestHints();

    // The leaf that the prover opens instead, as the first of eight places: index = 2 * leaf + place as before.
    const trueLeaf = leafOf(made);
    const leaf = trueLeaf - 3;
    const shift = 24 - profile.logBlowup - (profile.logFinalLength + 1);
    const index =
      challenges.queryIndices[0]! >> (trees.logRows - trees.folds[LAST_LAYER]!.matrices[0]!.logRows - 1);
    const place = index - 2 * leaf;
    assert.ok(place === 6 || place === 7);
    const point = power(
      rootOfUnity(24),
      reverseBits(challenges.queryIndices[0]! << (24 - trees.logRows), 24),
    );
    let roots = 1;
    for (let bit = 0; bit < 3; bit++)
      if (((place >> bit) & 1) === 1) roots = multiply(roots, rootOfUnity(bit + 1));
    const inverseBase = multiply(roots, inverse(power(point, 2 ** shift)));
    const z = extension.multiplyByBase(challenges.folds[LAST_LAYER]!, inverseBase);

    // Words 16 to 39 are hashed nowhere: word 20 on, the fifth element, makes the fold come out as the final polynomial wants.
    const words = new Uint32Array(40);
    words.set(crafted.subarray(PAIR_WORDS * leaf, PAIR_WORDS * (leaf + 1)));
    const folded = (fifth: extension.Extension): extension.Extension => {
      words.set(fifth, 20);
      return foldRows(unpack(words, 8), z).at(-1)!.joined[0]!;
    };
    const finalPoint = power(point, 2 ** (shift + 1));
    let target = extension.ZERO;
    for (let offset = proof.finalPolynomial.length - 5; offset >= 0; offset -= 5)
      target = extension.add(
        extension.multiplyByBase(target, finalPoint),
        extension.read(proof.finalPolynomial, offset),
      );
    const constant = folded(extension.ZERO);
    const slope = extension.subtract(folded(extension.ONE), constant);
    folded(extension.multiply(extension.subtract(target, constant), extension.inverse(slope)));

    const tree = buildTree([codewordMatrix(crafted, 1)], LEAF_TAG.fold, profile.logCap);
    const siblings = tree.levels
      .slice(0, -1)
      .flatMap((level, height) => [
        ...level.slice(8 * ((leaf >> height) ^ 1), 8 * ((leaf >> height) ^ 1) + 8),
      ]);
    let places = 0;
    const hints: HintFunctions = {
      ...honest,
      [HINT.place]: (inputs, memory) =>
        places++ === LAST_LAYER ? [place] : honest[HINT.place]!(inputs, memory),
      [HINT.coset](inputs, memory) {
        if (places <= LAST_LAYER) return honest[HINT.coset]!(inputs, memory);
        // What follows the two rows of the leaf in memory.
        const behind = memory.allocate(24);
        for (let word = 0; word < 24; word++) memory.write(behind + word, words[16 + word]!);
        return words.slice(0, 16);
      },
      [HINT.foldSiblings]: (inputs, memory) =>
        places <= LAST_LAYER ? honest[HINT.foldSiblings]!(inputs, memory) : siblings,
    };
    const program = guestProgramFor(key);
    const isAccepted = (given: HintFunctions): boolean => {
      try {
        run(program, given);
        return true;
      } catch (error) {
        if (error instanceof MachineError) return false;
        throw error;
      }
    };
    assert.equal(isAccepted(honestHints()), false);
    assert.equal(isAccepted(hints), false, 'the guest program accepts what the native verifier rejects');
  });
});
