/** Group F: provers that exploit FRI and the DEEP combination. Each test builds the cheat and a control that passes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BackendCodeword } from '../../stark/backend.ts';
import { squeezeIndices } from '../../stark/challenges.ts';
import * as extension from '../../stark/field/extension.ts';
import { add, power, reverseBits, rootOfUnity } from '../../stark/field/koalaBear.ts';
import { evaluateOnCoset, extendColumn, inverse as interpolate } from '../../stark/field/ntt.ts';
import { checkKey, keyDigest } from '../../stark/keys.ts';
import { type Profile, profileDigest } from '../../stark/profile.ts';
import { proofShape } from '../../stark/proof/shape.ts';
import { proofTrees } from '../../stark/proof/trees.ts';
import { ProverError } from '../../stark/prover.ts';
import type { ReferenceBackend } from '../../stark/reference/backend.ts';
import { createTranscript, LABEL } from '../../stark/transcript.ts';
import { replayTranscript } from '../../stark/verifier/challenges.ts';
import { verify } from '../../stark/verifier.ts';
import {
  assertAccepted,
  assertRejected,
  createCheatingTranscript,
  createSetting,
  decodeIn,
  NO_GRIND,
  proveIn,
  type Setting,
  verdictIn,
} from '../support/cheating.ts';
import { createRandom } from '../support/random.ts';
import { toySystem } from '../support/toySystems.ts';

/** Enough queries that a codeword far from every polynomial does not pass by luck. */
const PROFILE: Profile = { ...NO_GRIND, name: 'TEST_ONLY_MANY_QUERIES', queries: 24 };

/** Two heights, so that folds are by 8. */
const FOLD_BY_8 = { walk: 7, square: undefined, pulse: undefined };

/** Another codeword of the same length: `change` gets the words, 5 an element, and changes them in place. */
async function changed(
  backend: ReferenceBackend,
  codeword: BackendCodeword,
  change: (words: Uint32Array) => void,
): Promise<BackendCodeword> {
  const words = await backend.readCodeword(codeword);
  change(words);
  return backend.loadCodeword(words);
}

/** Commits to, and then folds, other words than those of the honest codeword of one layer. */
function withChangedLayer(
  setting: Setting,
  layer: number,
  change: (words: Uint32Array, arity: number) => void,
): Partial<ReferenceBackend> {
  const { backend } = setting;
  const replaced = new Map<BackendCodeword, BackendCodeword>();
  let layers = 0;
  return {
    async commitCodeword(codeword, logArity, leafTag, logCap) {
      if (layers++ === layer)
        replaced.set(codeword, await changed(backend, codeword, (words) => change(words, 1 << logArity)));
      return backend.commitCodeword(replaced.get(codeword) ?? codeword, logArity, leafTag, logCap);
    },
    fold: (codeword, logArity, beta, rollIn) =>
      backend.fold(replaced.get(codeword) ?? codeword, logArity, beta, rollIn),
  };
}

/** Replaces the extension of the main column number `target` of `walk`; the key's two columns are extended before it. */
function tamperExtension(
  target: number,
  extend: (column: Uint32Array, logBlowup: number) => Uint32Array,
): typeof extendColumn {
  let calls = 0;
  const preprocessedColumns = 2;
  return (column, logBlowup) =>
    calls++ === preprocessedColumns + target ? extend(column, logBlowup) : extendColumn(column, logBlowup);
}

describe('F: FRI and DEEP', () => {
  it('F26: a rolled-in height has the factor beta^arity', async () => {
    const setting = await createSetting(PROFILE);
    const { backend } = setting;
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    // The factor is left out, which would let a high-degree part of one height cancel that of another.
    const withoutFactor = await proveIn(setting, {
      backend: {
        async fold(codeword, logArity, beta, rollIn) {
          const folded = await backend.fold(codeword, logArity, beta, undefined);
          if (rollIn === undefined) return folded;
          const added = await backend.readCodeword(rollIn);
          return changed(backend, folded, (words) => {
            for (const [index, word] of added.entries()) words[index] = add(words[index]!, word);
          });
        },
      },
    });
    assertRejected(verdictIn(setting, withoutFactor), 'FOLD_MISMATCH', { layer: 1 });
    // Another function is rolled in than the opened rows give.
    const random = createRandom(26);
    const otherShort = await proveIn(setting, {
      backend: {
        async deep(logHeight, logBlowup, zeta, terms) {
          const honest = await backend.deep(logHeight, logBlowup, zeta, terms);
          return logHeight === 5
            ? honest
            : changed(backend, honest, (words) => words.set(random.words(words.length)));
        },
      },
    });
    assertRejected(verdictIn(setting, otherShort), 'FOLD_MISMATCH', { layer: 1 });
  });

  it('F27: a column of too high a degree is rejected', async () => {
    assertAccepted(verdictIn(...(await proveWith(PROFILE, extendColumn))));
    const random = createRandom(27);
    // Twice the claimed degree, and no polynomial at all.
    const doubled = tamperExtension(2, (column, logBlowup) => {
      const logRows = Math.log2(column.length);
      const coefficients = new Uint32Array(2 * column.length);
      coefficients.set(interpolate(column, logRows));
      coefficients.set(random.words(column.length), column.length);
      return evaluateOnCoset(coefficients, logRows + logBlowup, 3);
    });
    assertRejected(verdictIn(...(await proveWith(PROFILE, doubled))), 'FINAL_MISMATCH');
    const word = tamperExtension(2, (column, logBlowup) => random.words(column.length << logBlowup));
    assertRejected(verdictIn(...(await proveWith(PROFILE, word))), 'FINAL_MISMATCH');
    // The quotient's columns are extended last: 4 tables of 10.
    let calls = 0;
    const columnsBefore = 2 + (6 + 1 + 3 + 9) + (10 + 5 + 5);
    const quotient: typeof extendColumn = (column, logBlowup) =>
      calls++ === columnsBefore ? random.words(column.length << logBlowup) : extendColumn(column, logBlowup);
    assertRejected(verdictIn(...(await proveWith(PROFILE, quotient))), 'FINAL_MISMATCH');
  });

  it('F27: a fold layer that is not the fold of the one before is rejected', async () => {
    const setting = await createSetting(PROFILE);
    const { backend } = setting;
    const random = createRandom(28);
    const layerCount = decodeIn(setting, await proveIn(setting)).foldCaps.length;
    assert.equal(layerCount, 3);
    for (let layer = 0; layer < layerCount; layer++) {
      let folds = 0;
      const bytes = await proveIn(setting, {
        backend: {
          async fold(codeword, logArity, beta, rollIn) {
            const folded = await backend.fold(codeword, logArity, beta, rollIn);
            return folds++ === layer
              ? changed(backend, folded, (words) => words.set(random.words(words.length)))
              : folded;
          },
        },
      });
      if (layer === layerCount - 1) assertRejected(verdictIn(setting, bytes), 'FINAL_MISMATCH');
      else assertRejected(verdictIn(setting, bytes), 'FOLD_MISMATCH', { layer: layer + 1 });
    }
    assertAccepted(verdictIn(setting, await proveIn(setting)));
  });

  it('F28: every point of a coset is bound, in its order and on its domain', async () => {
    const setting = await createSetting(PROFILE, FOLD_BY_8);
    const random = createRandom(29);
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    const elementWords = extension.DEGREE;
    // Only the first point of each coset is what it should be.
    const onePoint = (words: Uint32Array, arity: number): void => {
      for (let element = 0; element * elementWords < words.length; element++)
        if (element % arity !== 0) words.set(random.words(elementWords), element * elementWords);
    };
    const reordered = (words: Uint32Array, arity: number): void => {
      const original = words.slice();
      for (let element = 0; element * elementWords < words.length; element++) {
        const place = element % arity;
        const from = element - place + reverseBits(place, Math.log2(arity));
        words.set(original.subarray(from * elementWords, (from + 1) * elementWords), element * elementWords);
      }
    };
    for (const change of [onePoint, reordered]) {
      const first = await proveIn(setting, { backend: withChangedLayer(setting, 0, change) });
      assertRejected(verdictIn(setting, first), 'DEEP_MISMATCH', { layer: 0 });
      const second = await proveIn(setting, { backend: withChangedLayer(setting, 1, change) });
      assertRejected(verdictIn(setting, second), 'FOLD_MISMATCH', { layer: 1 });
    }
    // All columns on the subgroup instead of its coset.
    const onSubgroup: typeof extendColumn = (column, logBlowup) => {
      const logRows = Math.log2(column.length);
      return evaluateOnCoset(interpolate(column, logRows), logRows + logBlowup, 1);
    };
    assertRejected(verdictIn(...(await proveWith(PROFILE, onSubgroup))), 'FINAL_MISMATCH');
  });

  it('F29: every column at every point is in the combination', async () => {
    const setting = await createSetting(PROFILE);
    const { backend } = setting;
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    const withoutNextRow = await proveIn(setting, {
      backend: {
        deep: (logHeight, logBlowup, zeta, terms) =>
          backend.deep(
            logHeight,
            logBlowup,
            zeta,
            terms.map((term) => ({ ...term, nextWeights: [], nextValues: [] })),
          ),
      },
    });
    assertRejected(verdictIn(setting, withoutNextRow), 'DEEP_MISMATCH');
    const withoutOneColumn = await proveIn(setting, {
      backend: {
        deep: (logHeight, logBlowup, zeta, terms) =>
          backend.deep(
            logHeight,
            logBlowup,
            zeta,
            terms.map((term, position) =>
              position === 0
                ? {
                    ...term,
                    weights: term.weights.map((weight, column) => (column === 1 ? extension.ZERO : weight)),
                  }
                : term,
            ),
          ),
      },
    });
    assertRejected(verdictIn(setting, withoutOneColumn), 'DEEP_MISMATCH');
    // The next row of `walk` (32 rows) at the generator of `pulse` (16 rows).
    let zeta: extension.Extension | undefined;
    const otherGenerator = await proveIn(setting, {
      backend: {
        open: (matrix, point, columns) => {
          zeta ??= point;
          const isNext = !extension.equals(point, zeta);
          const other = extension.multiplyByBase(zeta, rootOfUnity(4));
          return backend.open(matrix, isNext && matrix.logHeight === 5 ? other : point, columns);
        },
      },
    });
    assertRejected(verdictIn(setting, otherGenerator), 'QUOTIENT_MISMATCH', { table: 'walk' });
  });

  it('F30: an out-of-domain point in the base field is an error, not a division by zero', async () => {
    const setting = await createSetting(NO_GRIND);
    const bytes = await proveIn(setting);
    assertAccepted(verdictIn(setting, bytes));
    const proof = decodeIn(setting, bytes);
    const shape = proofShape(toySystem, NO_GRIND, proof.logHeights);
    const trees = proofTrees(shape, NO_GRIND);
    // 1 and g lie in a trace domain, 3 in the evaluation cosets, 0 in neither.
    for (const point of [1, rootOfUnity(5), 3, 0]) {
      const squeeze = (label: number, words: Uint32Array): Uint32Array =>
        label === LABEL.ZETA ? Uint32Array.of(point, 0, 0, 0, 0, 0, 0, 0) : words;
      const replayed = replayTranscript(
        createCheatingTranscript({ squeeze }),
        keyDigest(setting.key),
        setting.instance.statement,
        proof,
        shape,
        trees,
        NO_GRIND,
      );
      assert.ok(!replayed.ok);
      assert.equal(replayed.reason, 'POINT_IN_BASE_FIELD');
      await assert.rejects(
        proveIn(setting, { transcript: createCheatingTranscript({ squeeze }) }),
        (error) => error instanceof ProverError && error.code === 'POINT_IN_BASE_FIELD',
      );
    }
  });

  it('F31: query indices are the upper of the low 24 bits of the transcript, in its order', async () => {
    const setting = await createSetting(PROFILE);
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    for (const bias of [
      (word: number) => word & ~(1 << 23),
      (word: number) => word % 3,
      (word: number) => word >>> 1,
    ]) {
      const transcript = createCheatingTranscript({
        squeeze: (label, words) => (label === LABEL.QUERY ? words.map(bias) : words),
      });
      const verdict = verdictIn(setting, await proveIn(setting, { transcript }));
      assert.ok(!verdict.ok && ['QUERY_COUNTS_WRONG', 'TREE_OPENING'].includes(verdict.reason));
    }
    // Every bit of an index is used and about as often 1 as 0.
    const logRows = 20;
    const indices = squeezeIndices(createTranscript(), 4000, logRows);
    assert.equal(indices.length, 4000);
    for (let bit = 0; bit < logRows; bit++) {
      const ones = indices.filter((index) => (index >>> bit) & 1).length;
      assert.ok(Math.abs(ones - 2000) < 200, `bit ${bit}: ${ones}`);
    }
    assert.ok(indices.every((index) => index < 2 ** logRows));
    // A shorter height reads its own index off the same words.
    for (const shorter of [1, 5, 19])
      assert.deepEqual(
        squeezeIndices(createTranscript(), 4000, shorter),
        indices.map((index) => index >> (logRows - shorter)),
      );
    assert.deepEqual(
      squeezeIndices(createTranscript(), 8, 24),
      [...createTranscript().squeeze(LABEL.QUERY)].map((word) => word % 2 ** 24),
    );
    // Duplicates stay, and the first q words of consecutive squeezes are used.
    const transcript = createTranscript();
    const words = [...transcript.squeeze(LABEL.QUERY), ...transcript.squeeze(LABEL.QUERY)];
    assert.deepEqual(
      squeezeIndices(createTranscript(), 11, 2),
      words.slice(0, 11).map((word) => Math.floor((word % 2 ** 24) / 2 ** 22)),
    );
  });

  it('F32: a proof of work of 24 bits or fewer, never one that wraps', async () => {
    for (const bits of [0, 25, 32, 33, 64, 1.5])
      assert.throws(() => createTranscript().grind(LABEL.QUERY_GRIND, bits, 0), RangeError, `${bits} bits`);
    for (let nonce = 0; nonce < 64; nonce++) {
      const transcript = createTranscript();
      const passes = transcript.grind(LABEL.QUERY_GRIND, 24, nonce);
      assert.equal(passes, transcript.state()[0]! % 2 ** 24 === 0);
    }
    const setting = await createSetting(NO_GRIND);
    for (const query of [25, 32, 1.5, -1]) {
      const profile = { ...NO_GRIND, grinding: { ...NO_GRIND.grinding, query } };
      const key = { ...setting.key, profile };
      assert.equal(checkKey(key)?.code, 'PROFILE_INCONSISTENT', `${query} bits`);
    }
    const bytes = await proveIn(setting);
    const profile = { ...NO_GRIND, grinding: { ...NO_GRIND.grinding, query: 32 } };
    assertRejected(
      verify({ ...setting.key, profile }, setting.instance.statement, bytes, {
        acceptedProfileDigests: [profileDigest(profile)],
      }),
      'KEY_MALFORMED',
      { code: 'PROFILE_INCONSISTENT' },
    );
    assertAccepted(verdictIn(setting, bytes));
  });

  it('F33: words of another rate, or on a domain that meets the trace domain, are rejected', async () => {
    const setting = await createSetting(PROFILE);
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    // Rate 1/4 instead of 1/8: each table is committed with twice the rows at half the blow-up, so sizes are the same.
    const halfRate: typeof extendColumn = (column, logBlowup) => {
      const logRows = Math.log2(column.length);
      const random = createRandom(33);
      const coefficients = random.words(2 * column.length);
      coefficients.set(interpolate(column, logRows));
      return evaluateOnCoset(coefficients, logRows + logBlowup, 3);
    };
    assertRejected(verdictIn(...(await proveWith(PROFILE, halfRate))), 'FINAL_MISMATCH');
    // The evaluation coset 3 * <w> does not meet the trace domain <w>: 3 is a generator of the whole group.
    assert.notEqual(power(3, 2 ** 24), 1);
    const onTraceDomain: typeof extendColumn = (column, logBlowup) => {
      const logRows = Math.log2(column.length);
      return evaluateOnCoset(interpolate(column, logRows), logRows + logBlowup, rootOfUnity(24));
    };
    assertRejected(verdictIn(...(await proveWith(PROFILE, onTraceDomain))), 'FINAL_MISMATCH');
  });
});

/** A proof whose columns are extended by `extend`, with the honest key of the same program. */
async function proveWith(profile: Profile, extend: typeof extendColumn): Promise<[Setting, Uint8Array]> {
  const cheating = await createSetting(profile, { walk: 5, square: 3, pulse: 4 }, { extend });
  return [cheating, await proveIn(cheating)];
}
