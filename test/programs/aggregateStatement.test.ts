/** What the outermost verifier must refuse before it believes a list of leaves, and which profiles an aggregate accepts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHILD_PROFILES } from '../../programs/aggregate/aggregateProgram.ts';
import {
  type AggregateEntry,
  aggregateStatement,
  entriesDigest,
  flattenLeaves,
} from '../../programs/aggregate/aggregateStatement.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { profileDigest } from '../../stark/profile.ts';
import { productionPolicy } from '../../stark/verifier.ts';

const DIGEST = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const LEAF: AggregateEntry = { kind: 'leaf', keyDigest: DIGEST, statement: DIGEST };

function nested(levels: number): AggregateEntry[] {
  let entries: AggregateEntry[] = [LEAF];
  for (let level = 1; level < levels; level++) entries = [{ kind: 'inner', entries }];
  return entries;
}

describe('an aggregate statement', () => {
  it('R58: has one name: words that are equal modulo p are refused', () => {
    const alias = DIGEST.map((word) => word + MODULUS);
    assert.equal(entriesDigest([LEAF]).length, 8);
    for (const entry of [
      { ...LEAF, statement: alias },
      { ...LEAF, keyDigest: alias },
    ])
      assert.throws(() => entriesDigest([entry]), { code: 'DIGEST_MALFORMED' });
    assert.throws(() => aggregateStatement(alias, [LEAF]), { code: 'DIGEST_MALFORMED' });
    assert.throws(() => entriesDigest([{ ...LEAF, statement: DIGEST.slice(1) }]), {
      code: 'DIGEST_MALFORMED',
    });
  });

  it('R60: refuses trees without end before they are walked', () => {
    assert.equal(flattenLeaves(nested(64)).length, 1);
    assert.equal(entriesDigest(nested(64)).length, 8);
    for (const levels of [65, 20_000]) {
      assert.throws(() => flattenLeaves(nested(levels)), { code: 'TOO_DEEP' });
      assert.throws(() => entriesDigest(nested(levels)), { code: 'TOO_DEEP' });
    }
  });

  it('R56: says of a repeated leaf that it is there twice', () => {
    assert.equal(flattenLeaves([LEAF, { kind: 'inner', entries: [LEAF] }]).length, 2);
    assert.notDeepEqual(entriesDigest([LEAF, LEAF]), entriesDigest([LEAF]));
    assert.throws(() => entriesDigest([]), { code: 'NO_ENTRIES' });
  });

  it('V65: is built for published profiles only', () => {
    for (const profile of CHILD_PROFILES) {
      assert.ok(!profile.isTestOnly);
      const digest = String(profileDigest(profile));
      assert.ok(productionPolicy().acceptedProfileDigests.some((accepted) => String(accepted) === digest));
    }
  });
});
