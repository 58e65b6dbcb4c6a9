/** The first check that fails names the reason: a proof with two faults is refused for the one that is looked for first. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import type { Proof } from '../../stark/proof/proof.ts';
import { REJECTIONS, type RejectionReason } from '../../stark/verifier/rejection.ts';
import {
  assertAccepted,
  assertRejected,
  createSetting,
  decodeIn,
  encodeWith,
  GROUND,
  nativeVerdictIn,
  proveIn,
  type Setting,
  withEntry,
  withWord,
} from '../support/cheating.ts';

type Change = (proof: Proof) => Partial<Proof>;

function withNonce(site: 'lookup' | 'deep' | 'batch' | 'query'): Change {
  return ({ nonces }) => ({ nonces: { ...nonces, [site]: nonces[site]! + 1 } });
}

function withOpening(list: 'treeOpenings' | 'foldOpenings', part: 'rows' | 'nodes'): Change {
  return (proof) => {
    const opening = proof[list][0]!;
    return { [list]: withEntry(proof[list], 0, { ...opening, [part]: withWord(opening[part], 0) }) };
  };
}

/** One changed part of the proof and what it is refused for, in the order of section 10 of docs/spec/proof-system.md. */
const FAULTS: readonly (readonly [string, Change, RejectionReason])[] = [
  ['main cap', ({ mainCap }) => ({ mainCap: withWord(mainCap, 0) }), 'LOOKUP_GRIND'],
  ['lookup nonce', withNonce('lookup'), 'LOOKUP_GRIND'],
  ['sums', ({ sums }) => ({ sums: withWord(sums, 0) }), 'SUM_NOT_ZERO'],
  ['LogUp cap', ({ logUpCap }) => ({ logUpCap: withWord(logUpCap, 0) }), 'DEEP_GRIND'],
  ['quotient cap', ({ quotientCap }) => ({ quotientCap: withWord(quotientCap, 0) }), 'DEEP_GRIND'],
  ['deep nonce', withNonce('deep'), 'DEEP_GRIND'],
  [
    'value that a constraint reads',
    ({ openings }) => ({ openings: withWord(openings, openings.length - 1) }),
    'QUOTIENT_MISMATCH',
  ],
  ['batch nonce', withNonce('batch'), 'BATCH_GRIND'],
  [
    'fold cap',
    ({ foldCaps }) => ({ foldCaps: withEntry(foldCaps, 0, withWord(foldCaps[0]!, 0)) }),
    'FOLD_GRIND',
  ],
  [
    'final polynomial',
    ({ finalPolynomial }) => ({ finalPolynomial: withWord(finalPolynomial, 0) }),
    'QUERY_GRIND',
  ],
  ['query nonce', withNonce('query'), 'QUERY_GRIND'],
  ['opened row', withOpening('treeOpenings', 'rows'), 'TREE_OPENING'],
  ['opened coset', withOpening('foldOpenings', 'rows'), 'FOLD_OPENING'],
];

describe('the order of checks', () => {
  let setting: Setting;
  let proof: Proof;
  before(async () => {
    setting = await createSetting(GROUND);
    const bytes = await proveIn(setting);
    assertAccepted(nativeVerdictIn(setting, bytes));
    proof = decodeIn(setting, bytes);
  });

  it('is that of the registry and of the table in the specification', () => {
    const page = readFileSync(new URL('../../docs/spec/proof-layout.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, reason, sentence]) => [
      reason,
      sentence,
    ]);
    assert.deepEqual(rows, Object.entries(REJECTIONS));
  });

  it('names one fault, and of two the first', () => {
    const order = Object.keys(REJECTIONS);
    for (const [position, [name, change, reason]] of FAULTS.entries()) {
      assertRejected(nativeVerdictIn(setting, encodeWith(proof, change(proof))), reason);
      for (const [otherName, otherChange, otherReason] of FAULTS.slice(position + 1)) {
        assert.ok(order.indexOf(reason) <= order.indexOf(otherReason), `${name}, ${otherName}`);
        const once = { ...proof, ...change(proof) };
        const verdict = nativeVerdictIn(setting, encodeWith(once, otherChange(once)));
        assert.ok(
          !verdict.ok && verdict.reason === reason,
          `${name} and ${otherName}: ${JSON.stringify(verdict)}`,
        );
      }
    }
  });
});
