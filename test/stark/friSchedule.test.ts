import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { squeezeIndices } from '../../stark/challenges.ts';
import type { Extension } from '../../stark/field/extension.ts';
import * as extension from '../../stark/field/extension.ts';
import { foldLeaf } from '../../stark/foldLeaf.ts';
import { foldSchedule } from '../../stark/friSchedule.ts';
import { foldCodeword } from '../../stark/reference/fold.ts';
import { createTranscript } from '../../stark/transcript.ts';
import { createRandom } from '../support/random.ts';

const PARAMETERS = { logFoldArity: 3, logFinalLength: 2 };

/** Steps as "height/arity", with + for a roll-in. */
function told(logHeights: readonly number[], parameters = PARAMETERS): string {
  return foldSchedule(logHeights, parameters)
    .map(({ logHeight, logArity, rollsIn }) => `${logHeight}/${logArity}${rollsIn ? '+' : ''}`)
    .join(' ');
}

describe('fold schedule', () => {
  it('folds by 8 down to the next height present or the final length', () => {
    assert.equal(told([8]), '8/3 5/3');
    assert.equal(told([9]), '9/3 6/3 3/1');
    assert.equal(told([9, 4, 9, 4]), '9/3 6/2+ 4/2');
    assert.equal(told([5, 6, 7]), '7/1+ 6/1+ 5/3');
    assert.equal(told([7, 4]), '7/3+ 4/2');
    assert.equal(told([5, 2]), '5/3+');
    assert.equal(told([2]), '');
    assert.equal(told([2, 2]), '');
    assert.equal(told([7, 2], { logFoldArity: 1, logFinalLength: 0 }), '7/1 6/1 5/1 4/1 3/1+ 2/1 1/1');
  });

  it('jumps over no height and ends at the final length', () => {
    const random = createRandom(3);
    for (let trial = 0; trial < 300; trial++) {
      const logHeights = Array.from({ length: 1 + random.below(6) }, () => 2 + random.below(20));
      const steps = foldSchedule(logHeights, PARAMETERS);
      const tallest = Math.max(...logHeights);
      let logHeight = tallest;
      for (const step of steps) {
        assert.equal(step.logHeight, logHeight);
        assert.ok(step.logArity >= 1 && step.logArity <= 3);
        logHeight -= step.logArity;
        assert.equal(step.rollsIn, logHeights.includes(logHeight));
      }
      assert.equal(logHeight, 2);
      const rolledIn = steps.filter((step) => step.rollsIn).length;
      assert.equal(rolledIn, new Set(logHeights).size - 1, logHeights.join(' '));
    }
  });

  it('refuses no heights and heights below the final length', () => {
    assert.throws(() => foldSchedule([], PARAMETERS), RangeError);
    assert.throws(() => foldSchedule([5, 1], PARAMETERS), RangeError);
  });
});

describe('fold of one coset', () => {
  it('equals the fold of a codeword at every coset', () => {
    const random = createRandom(4);
    const beta = extension.read(random.words(5), 0);
    for (const [logLength, logArity] of [
      [1, 1],
      [4, 1],
      [5, 2],
      [6, 3],
      [3, 3],
    ] as const) {
      const words = random.words(extension.DEGREE << logLength);
      const folded = foldCodeword(words, logArity, beta);
      for (let coset = 0; coset < 1 << (logLength - logArity); coset++) {
        const values = Array.from(
          { length: 1 << logArity },
          (_, place): Extension => extension.read(words, extension.DEGREE * ((coset << logArity) + place)),
        );
        assert.deepEqual(
          foldLeaf(values, coset, logLength, beta),
          extension.read(folded, extension.DEGREE * coset),
          `2^${logLength} by 2^${logArity}, coset ${coset}`,
        );
      }
    }
  });
});

describe('query indices', () => {
  it('are as many as asked for', () => {
    for (const queries of [1, 7, 8, 9, 117])
      assert.equal(squeezeIndices(createTranscript(), queries, 10).length, queries);
  });
});
