/** What the service proves and on what: precise enough that a client with other constants finds out before it proves. */
import type { FastifyInstance } from 'fastify';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { TRACE_VERSION } from '../../machine/traceCodec.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { MODULUS, TWO_ADICITY } from '../../stark/field/koalaBear.ts';
import { FULL_ROUNDS, PARTIAL_ROUNDS, permute, WIDTH } from '../../stark/hash/poseidon.ts';
import { profileDigest } from '../../stark/profile.ts';
import { VERSION } from '../../stark/transcript.ts';
import { describedPrograms, profilesOf } from '../aggregation/proofSystem.ts';
import { FAN_IN } from '../aggregation/tree.ts';
import { MAXIMUM_CHILDREN } from '../api/aggregationSchemas.ts';
import { ROUTES } from '../api/routes.ts';
import { type CapabilitiesAnswer, formatStatement } from '../api/schemas.ts';
import { BUILD } from '../build.ts';
import { serve } from '../http/serve.ts';
import { boundsOf } from '../profiles.ts';
import type { Services } from '../services.ts';

/** The power of the permutation's S-box. Source: docs/spec/proof-system.md, section 2. */
const EXPONENT = 3;

/** The permutation of the words 0..15. */
function fingerprint(): string {
  const state = Uint32Array.from({ length: WIDTH }, (_, word) => word);
  permute(state);
  return formatStatement(state);
}

export async function capabilityRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { settings, system, allProfiles, prover, checker } = services;

  const profileAnswers = [...allProfiles.values()].map(({ profile }) => ({
    name: profile.name,
    digest: formatStatement(profileDigest(profile)),
    ...boundsOf(allProfiles, profile.name),
    logBlowup: profile.logBlowup,
    queries: profile.queries,
    grinding: profile.grinding,
    logFinalLength: profile.logFinalLength,
    logFoldArity: profile.logFoldArity,
    logCap: profile.logCap,
    maxima: profile.maxima,
  }));
  const constants = {
    protocolVersion: VERSION,
    machine: {
      name: COLONNADE_MACHINE.name,
      version: COLONNADE_MACHINE.version,
      digest: formatStatement(machineDigest(COLONNADE_MACHINE)),
      traceVersion: TRACE_VERSION,
    },
    field: { name: 'KoalaBear', modulus: MODULUS, twoAdicity: TWO_ADICITY, extensionDegree: DEGREE },
    permutation: {
      name: 'Poseidon1',
      width: WIDTH,
      fullRounds: FULL_ROUNDS,
      partialRounds: PARTIAL_ROUNDS,
      exponent: EXPONENT,
      fingerprint: fingerprint(),
    },
  };

  /** The checker computes a key once and remembers it. */
  async function programAnswers(): Promise<CapabilitiesAnswer['programs']> {
    return Promise.all(
      describedPrograms(system).map(async ({ name, description }) => ({
        name,
        description,
        instructionCount: await checker.instructionCount({ program: name }),
        keys: await Promise.all(
          profilesOf(system, name).map(async (profile) => ({
            profile: profile.name,
            digest: formatStatement(await checker.keyDigest({ program: name, profile: profile.name })),
          })),
        ),
      })),
    );
  }

  serve(app, ROUTES.listPrograms, async () => ({ programs: await programAnswers() }));

  serve(app, ROUTES.getCapabilities, async () => {
    const state = prover.state();
    const budgetBytes = prover.device()?.budgetBytes;
    return {
      zeroKnowledge: false as const,
      ...constants,
      build: { ...BUILD, commit: settings.buildCommit },
      proverState: state.state,
      ...(state.state === 'ready' ? { adapter: { ...state.adapter } } : {}),
      profiles: profileAnswers,
      programs: await programAnswers(),
      limits: {
        jsonBytes: settings.jsonLimitBytes,
        traceBytes: settings.traceLimitBytes,
        proofBytes: settings.proofLimitBytes,
        aggregationBytes: settings.aggregationLimitBytes,
        aggregations: settings.aggregationLimit,
        aggregationChildren: MAXIMUM_CHILDREN,
        fanIn: FAN_IN.most,
        queuedJobs: settings.queueLimit,
        queuedInputBytes: settings.queueMebibytes * 2 ** 20,
        attempts: settings.attemptLimit,
        attemptSeconds: settings.attemptTimeoutSeconds,
        requestSeconds: settings.requestTimeoutSeconds,
        retainedJobs: settings.retentionLimit,
        retentionSeconds: settings.retentionSeconds,
        eventConnections: settings.eventConnectionLimit,
        ...(budgetBytes !== undefined && Number.isFinite(budgetBytes) ? { deviceBytes: budgetBytes } : {}),
      },
    };
  });
}
