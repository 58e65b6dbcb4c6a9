/** Trees of proofs under TEST_ONLY profiles: the same programs over weak proofs, so that a tree is proved within a minute. */

import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { buildTestOnlyAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import { buildTestOnlyBlockProgram } from '../../programs/block/blockProgram.ts';
import type { ProofSystem } from '../../server/aggregation/proofSystem.ts';
import { SERVED_PROGRAMS } from '../../server/registry.ts';
import { type Profile, profileDigest, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';

/** Of proofs that nothing is proved above. */
export const TEST_ONLY_FINAL: Profile = { ...TEST_ONLY_INNER, name: 'TEST_ONLY_FINAL' };

export const TEST_ONLY_PROFILES: readonly Profile[] = [TEST_ONLY_LEAF, TEST_ONLY_INNER, TEST_ONLY_FINAL];

const VERIFIED = [TEST_ONLY_LEAF, TEST_ONLY_INNER];

export const TEST_ONLY_SYSTEM: ProofSystem = {
  leafPrograms: SERVED_PROGRAMS,
  profiles: { leaf: TEST_ONLY_LEAF, inner: TEST_ONLY_INNER, final: TEST_ONLY_FINAL },
  buildAggregate: () => buildTestOnlyAggregateProgram(VERIFIED),
  buildBlock: (keys) => buildTestOnlyBlockProgram(keys, COLONNADE_MACHINE, [TEST_ONLY_INNER]),
  verifiable: { system: COLONNADE_MACHINE, profiles: VERIFIED },
  heights: {},
  policy: { acceptedProfileDigests: TEST_ONLY_PROFILES.map(profileDigest) },
};
