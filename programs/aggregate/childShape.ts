/**
 * What the aggregate program knows of a child while it is built: system, profile and table heights, and with them the whole
 * shape of its proof. The volume bounds and height ranges of the profile are checked here, because they depend on nothing
 * else.
 * Source: docs/spec/proof-system.md, sections 3 to 9.
 */
import type { AirSystem } from '../../stark/air/air.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { checkHeights, checkKey, KeyError, preprocessedSlots } from '../../stark/keys.ts';
import type { Profile } from '../../stark/profile.ts';
import { type LogHeights, type ProofShape, proofShape } from '../../stark/proof/shape.ts';
import { type ProofTrees, proofTrees } from '../../stark/proof/trees.ts';

export interface ChildShape {
  readonly system: AirSystem;
  readonly profile: Profile;
  readonly logHeights: LogHeights;
  readonly preprocessedLogHeights: readonly number[];
  readonly shape: ProofShape;
  readonly trees: ProofTrees;
}

/** Throws: KeyError when system and profile do not fit; RangeError when the profile refuses the heights. */
export function childShape(system: AirSystem, profile: Profile, logHeights: LogHeights): ChildShape {
  const preprocessedLogHeights = preprocessedSlots(system).map((slot) => {
    const logHeight = logHeights[slot];
    if (logHeight === undefined) throw new RangeError(`the table in slot ${slot} is absent`);
    return logHeight;
  });
  const capWords = preprocessedLogHeights.length === 0 ? 0 : DIGEST_WORDS << profile.logCap;
  const key = { system, profile, preprocessedLogHeights, preprocessedCap: new Uint32Array(capWords) };
  const fault = checkKey(key);
  if (fault !== undefined) throw new KeyError(fault);
  const rejection = checkHeights(key, logHeights);
  if (rejection !== undefined)
    throw new RangeError(`${rejection.reason}: ${JSON.stringify(rejection.details)}`);
  const shape = proofShape(system, profile, logHeights);
  return { system, profile, logHeights, preprocessedLogHeights, shape, trees: proofTrees(shape, profile) };
}
