/** The profiles that the service proves under, with the bounds of proofs under them for the machine as it is. */
import { COLONNADE_MACHINE } from '../machine/system.ts';
import { FINAL, INNER, LEAF, type Profile } from '../stark/profile.ts';
import { COLLISION_BITS, profileSoundness } from '../stark/soundness.ts';
import type { ServedProfile } from './services.ts';

function bitsOf(profile: Profile): number {
  return profileSoundness(profile, COLONNADE_MACHINE).bits;
}

/** `below` are the profiles of the proofs that lie below one under any of `profiles`. */
function described(
  profiles: readonly Profile[],
  below: readonly Profile[],
): ReadonlyMap<string, ServedProfile> {
  return new Map(
    profiles.map((profile) => [
      profile.name,
      { profile, provableBits: Math.min(...[profile, ...below].map(bitsOf)) },
    ]),
  );
}

/** Those that a request for a proof may name. */
export const SERVED_PROFILES = described([LEAF], []);

/** Those of the proofs above them. */
export const NODE_PROFILES = described([INNER, FINAL], [LEAF, INNER]);

/** The two bounds of a proof under a profile that the service proves under. */
export function boundsOf(
  profiles: ReadonlyMap<string, ServedProfile>,
  profile: string,
): { readonly provableBits: number; readonly collisionBits: number } {
  return { provableBits: profiles.get(profile)?.provableBits ?? 0, collisionBits: COLLISION_BITS };
}
