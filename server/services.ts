/** What the routes work with; put together once, in `service.ts` or by a test. */
import type { Profile } from '../stark/profile.ts';
import { type Aggregations, createAggregations } from './aggregation/aggregations.ts';
import { PRODUCTION_SYSTEM, type ProofSystem, rolesOf } from './aggregation/proofSystem.ts';
import { type BodyBudget, createBodyBudget } from './bodies.ts';
import type { Checker } from './checker/checker.ts';
import type { Estimator } from './estimates/estimator.ts';
import { createEventLog, type EventLog } from './jobs/eventLog.ts';
import { createJobQueue, type JobQueue, type QueueLog } from './jobs/queue.ts';
import { createMemoryStore, type JobStore } from './jobs/store.ts';
import { NODE_PROFILES } from './profiles.ts';
import type { ServedPrograms } from './programs.ts';
import { type Availability, watchAvailability } from './prover/availability.ts';
import type { Prover } from './prover/prover.ts';
import { largestBody, type Settings } from './settings.ts';

export interface ServedProfile {
  readonly profile: Profile;
  /** Of the weakest of a proof under this profile and those below it, for the machine as it is. */
  readonly provableBits: number;
}

/** What is not the same in production and in tests. */
export interface ServiceParts {
  readonly settings: Settings;
  readonly programs: ServedPrograms;
  readonly profiles: ReadonlyMap<string, ServedProfile>;
  /** Other programs than those of production, in tests. */
  readonly system?: ProofSystem;
  readonly prover: Prover;
  readonly checker: Checker;
  readonly estimator: Estimator;
  readonly log: QueueLog;
  /** Lines of the log that could not be written; none where a test writes none. */
  readonly droppedLogLines?: () => number;
}

export interface Services extends ServiceParts {
  readonly store: JobStore;
  readonly events: EventLog;
  readonly jobs: JobQueue;
  readonly aggregations: Aggregations;
  readonly availability: Availability;
  readonly system: ProofSystem;
  /** With those of aggregates. */
  readonly allProfiles: ReadonlyMap<string, ServedProfile>;
  /** Memory of the bodies that are arriving or being checked. */
  readonly bodies: BodyBudget;
}

const MEBIBYTE = 2 ** 20;

export function createServices(parts: ServiceParts): Services {
  const { settings, prover, checker, log } = parts;
  const store = createMemoryStore({
    jobs: settings.retentionLimit,
    bytes: settings.retentionMebibytes * MEBIBYTE,
    milliseconds: settings.retentionSeconds * 1000,
  });
  const events = createEventLog(settings.eventLimit, (error) =>
    log.error({ error }, 'a listener of events failed by a mistake of the service'),
  );
  const jobs = createJobQueue({
    prover,
    checker,
    store,
    events,
    queueLimit: settings.queueLimit,
    queueBytes: settings.queueMebibytes * MEBIBYTE,
    attemptLimit: settings.attemptLimit,
    attemptTimeoutMs: settings.attemptTimeoutSeconds * 1000,
    log,
  });
  const system = parts.system ?? { ...PRODUCTION_SYSTEM, leafPrograms: parts.programs };
  const aggregations = createAggregations({
    jobs,
    store,
    events,
    roles: rolesOf(system),
    activeLimit: settings.aggregationLimit,
    heldBytesLimit: settings.aggregationMebibytes * MEBIBYTE,
    retention: {
      aggregations: settings.retentionLimit,
      milliseconds: settings.retentionSeconds * 1000,
    },
    log,
  });
  const bodyBytes = settings.bodyMebibytes * MEBIBYTE;
  return {
    ...parts,
    store,
    events,
    jobs,
    aggregations,
    availability: watchAvailability(prover),
    system,
    allProfiles: new Map([...NODE_PROFILES, ...parts.profiles]),
    bodies: createBodyBudget(bodyBytes, Math.max((3 / 4) * bodyBytes, largestBody(settings))),
  };
}
