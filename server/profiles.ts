/** The profiles that the service proves under, with the provable bits of the machine as it is. */
import { COLONNADE_MACHINE } from '../machine/system.ts';
import { LEAF } from '../stark/profile.ts';
import { profileSoundness } from '../stark/soundness.ts';
import type { ServedProfile } from './services.ts';

export const SERVED_PROFILES: ReadonlyMap<string, ServedProfile> = new Map(
  [LEAF].map((profile) => [
    profile.name,
    { profile, securityBits: profileSoundness(profile, COLONNADE_MACHINE).bits },
  ]),
);
