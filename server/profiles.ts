/** The profiles that the service proves under, with the provable bits of the machine as it is. */
import { COLONNADE_MACHINE } from '../machine/system.ts';
import { FINAL, INNER, LEAF, type Profile } from '../stark/profile.ts';
import { profileSoundness } from '../stark/soundness.ts';
import type { ServedProfile } from './services.ts';

function described(profiles: readonly Profile[]): ReadonlyMap<string, ServedProfile> {
  return new Map(
    profiles.map((profile) => [
      profile.name,
      { profile, securityBits: profileSoundness(profile, COLONNADE_MACHINE).bits },
    ]),
  );
}

/** Those that a request for a proof may name. */
export const SERVED_PROFILES = described([LEAF]);

/** Those of the proofs above them. */
export const NODE_PROFILES = described([INNER, FINAL]);
