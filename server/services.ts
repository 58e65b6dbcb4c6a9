/** What the routes work with; put together once, in `main.ts` or by a test. */
import type { Profile } from '../stark/profile.ts';
import type { BodyBudget } from './bodies.ts';
import type { Checker } from './checker/checker.ts';
import type { JobQueue } from './jobs/queue.ts';
import type { ServedPrograms } from './programs.ts';
import type { Prover } from './prover/prover.ts';
import type { Settings } from './settings.ts';

export interface ServedProfile {
  readonly profile: Profile;
  /** Provable bits of a proof under this profile for the machine as it is. */
  readonly securityBits: number;
}

export interface Services {
  readonly settings: Settings;
  readonly programs: ServedPrograms;
  readonly profiles: ReadonlyMap<string, ServedProfile>;
  readonly prover: Prover;
  readonly checker: Checker;
  readonly jobs: JobQueue;
  /** Memory of the bodies that are arriving or being checked. */
  readonly bodies: BodyBudget;
}
