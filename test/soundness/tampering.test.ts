/** Every field of a proof is bound: tampered field by field, then 10,000 times at random. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import type { Nonces, Proof, TreeOpening } from '../../stark/proof/proof.ts';
import type { RejectionReason } from '../../stark/verifier/rejection.ts';
import {
  assertAccepted,
  assertRejected,
  createSetting,
  decodeIn,
  encodeWith,
  GROUND,
  nativeVerdictIn,
  ONE_QUERY,
  proveIn,
  type Setting,
  TALL,
  verdictIn,
  withEntry,
  withWord,
} from '../support/cheating.ts';
import { createRandom } from '../support/random.ts';

let setting: Setting;
let proof: Proof;

/** First, middle and last word of a list. */
function places(words: ArrayLike<number>): number[] {
  return [...new Set([0, words.length >> 1, words.length - 1])];
}

describe('tampering', () => {
  before(async () => {
    setting = await createSetting(ONE_QUERY, TALL);
    proof = decodeIn(setting, await proveIn(setting));
    assertAccepted(verdictIn(setting, encodeWith(proof, {})));
  });

  /** What each list of words is rejected for; with one query, other indices show in the trees. */
  const reasons = {
    mainCap: 'QUOTIENT_MISMATCH',
    logUpCap: 'QUOTIENT_MISMATCH',
    sums: 'SUM_NOT_ZERO',
    quotientCap: 'QUOTIENT_MISMATCH',
    openings: 'QUOTIENT_MISMATCH',
    finalPolynomial: 'TREE_OPENING',
  } as const satisfies Partial<Record<keyof Proof, RejectionReason>>;

  for (const [field, reason] of Object.entries(reasons))
    it(`rejects another word in ${field}`, () => {
      const words = proof[field as keyof typeof reasons];
      for (const place of places(words))
        assertRejected(verdictIn(setting, encodeWith(proof, { [field]: withWord(words, place) })), reason);
    });

  it('rejects another opening, whether or not a constraint reads it', () => {
    const possible: RejectionReason[] = ['QUOTIENT_MISMATCH', 'TREE_OPENING'];
    for (let word = 0; word < proof.openings.length; word += 5) {
      const verdict = verdictIn(setting, encodeWith(proof, { openings: withWord(proof.openings, word) }));
      assert.ok(!verdict.ok && possible.includes(verdict.reason), `word ${word}: ${JSON.stringify(verdict)}`);
    }
  });

  it('rejects another height', () => {
    for (const [slot, logHeight] of proof.logHeights.entries()) {
      assert.ok(logHeight !== undefined);
      for (const other of [logHeight - 1, logHeight + 1, undefined]) {
        const logHeights = withEntry(proof.logHeights, slot, other);
        assert.ok(!verdictIn(setting, encodeWith(proof, { logHeights })).ok, `slot ${slot}, ${other}`);
      }
    }
  });

  it('rejects another fold cap, count, row or sibling', () => {
    for (const [layer, cap] of proof.foldCaps.entries())
      for (const place of places(cap)) {
        const foldCaps = withEntry(proof.foldCaps, layer, withWord(cap, place));
        assertRejected(verdictIn(setting, encodeWith(proof, { foldCaps })), 'TREE_OPENING');
      }
    for (const level of proof.distinctCounts.keys())
      for (const count of [0, 2]) {
        const distinctCounts = withEntry(proof.distinctCounts, level, count);
        assertRejected(verdictIn(setting, encodeWith(proof, { distinctCounts })), 'QUERY_COUNTS_MALFORMED');
      }
    for (const [list, reason] of [
      ['treeOpenings', 'TREE_OPENING'],
      ['foldOpenings', 'FOLD_OPENING'],
    ] as const)
      for (const [position, opening] of proof[list].entries())
        for (const part of ['rows', 'nodes'] as const)
          for (const place of places(opening[part])) {
            const changed: TreeOpening = { ...opening, [part]: withWord(opening[part], place) };
            const bytes = encodeWith(proof, { [list]: withEntry(proof[list], position, changed) });
            assertRejected(verdictIn(setting, bytes), reason);
          }
  });

  it('rejects another nonce at every site', async () => {
    const ground = await createSetting(GROUND);
    const groundProof = decodeIn(ground, await proveIn(ground));
    assertAccepted(verdictIn(ground, encodeWith(groundProof, {})));
    const changed = (parts: Partial<Nonces>): Uint8Array =>
      encodeWith(groundProof, { nonces: { ...groundProof.nonces, ...parts } });
    const { nonces } = groundProof;
    assertRejected(verdictIn(ground, changed({ lookup: nonces.lookup! + 1 })), 'LOOKUP_GRIND');
    assertRejected(verdictIn(ground, changed({ deep: nonces.deep! + 1 })), 'DEEP_GRIND');
    assertRejected(verdictIn(ground, changed({ batch: nonces.batch! + 1 })), 'BATCH_GRIND');
    assertRejected(verdictIn(ground, changed({ query: nonces.query! + 1 })), 'QUERY_GRIND');
    for (const [layer, nonce] of nonces.folds.entries())
      assertRejected(
        verdictIn(ground, changed({ folds: withEntry(nonces.folds, layer, nonce + 1) })),
        'FOLD_GRIND',
        { layer },
      );
  });

  /** Every so many changes also run against the verifier as a guest program: 2,000 in all, bits and words. */
  const GUEST_STEP = 5;
  for (const [profile, flips] of [
    [TEST_ONLY_LEAF, 5000],
    [TEST_ONLY_INNER, 5000],
  ] as const)
    it(`rejects ${flips} random changes under ${profile.name}`, async () => {
      const seed = 64 + flips + profile.logBlowup;
      const random = createRandom(seed);
      const small = await createSetting(profile, { walk: 3, square: 2, pulse: undefined });
      const honest = await proveIn(small);
      assertAccepted(verdictIn(small, honest));
      const reasons = new Map<RejectionReason, number>();
      for (let flip = 0; flip < flips; flip++) {
        const bytes = honest.slice();
        const view = new DataView(bytes.buffer);
        const word = 4 * random.below(bytes.length / 4);
        const original = view.getUint32(word, true);
        // One bit, or one word by another canonical one.
        const replaced = flip % 2 === 0 ? (original ^ (1 << random.below(32))) >>> 0 : random.below(MODULUS);
        if (replaced === original) continue;
        view.setUint32(word, replaced, true);
        const verdict = (flip % GUEST_STEP === 0 ? verdictIn : nativeVerdictIn)(small, bytes);
        assert.ok(!verdict.ok, `seed ${seed}, flip ${flip}: word ${word / 4} ${original} -> ${replaced}`);
        reasons.set(verdict.reason, (reasons.get(verdict.reason) ?? 0) + 1);
      }
      // The changes reach every part of the verifier.
      for (const reason of ['NOT_CANONICAL', 'TREE_OPENING', 'FOLD_OPENING'] as const)
        assert.ok((reasons.get(reason) ?? 0) > 0, `${reason} in ${JSON.stringify([...reasons])}`);
    });

  it('rejects random bytes of any length', () => {
    const random = createRandom(65);
    for (let length = 0; length < 400; length++) {
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      assert.ok(!verdictIn(setting, bytes).ok, `${length} bytes`);
    }
  });
});
