/** The bodies, queries and answers of the routes. Objects that come in are strict: a field that is not listed is refused. */
import { z } from 'zod';
import { MODULUS } from '../../stark/field/koalaBear.ts';

const STATEMENT_WORDS = 8;
const WORD_DIGITS = 8;
const DIGEST_PATTERN = /^0x[0-9a-f]{64}$/;

/** Eight canonical words, each as 8 hex digits, in order. */
export const statementSchema = z
  .string()
  .regex(DIGEST_PATTERN, "expected '0x' and 64 lower-case hex digits: 8 words of 8 digits")
  .transform((digits) =>
    Uint32Array.from({ length: STATEMENT_WORDS }, (_, index) =>
      Number.parseInt(digits.slice(2 + WORD_DIGITS * index, 2 + WORD_DIGITS * (index + 1)), 16),
    ),
  )
  .refine((words) => words.every((word) => word < MODULUS), 'a word is not below the modulus');

/** The form that `statementSchema` reads; keys and profiles have digests of the same form. */
export function formatStatement(statement: Uint32Array): string {
  return `0x${[...statement].map((word) => word.toString(16).padStart(WORD_DIGITS, '0')).join('')}`;
}

const name = z.string().min(1).max(64);
export const digest = z.string().regex(DIGEST_PATTERN);
export const moment = z.iso.datetime();
export const count = z.int().nonnegative();
/** A whole number in a query or path. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^-?\d{1,16}$/, 'a whole number is expected')
    .transform(Number)
    .pipe(z.int().min(least).max(most));

export const PRIORITY = { least: -1000, most: 1000, usual: 0 } as const;
export const priority = z.int().min(PRIORITY.least).max(PRIORITY.most);
const LATEST_DEADLINE_MS = Date.UTC(9999, 11, 31, 23, 59, 59);
/** With an offset a text of four-digit years can name a moment beyond them, which answers could not write. */
export const deadline = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) <= LATEST_DEADLINE_MS, 'expected no later than 9999-12-31T23:59:59Z');

export const JOB_STATES = [
  'queued',
  'running',
  'verifying',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const;

export const jobStateSchema = z.enum(JOB_STATES);

/** `inputs` is checked against the program's own schema. Higher priorities go first; a job not started by its deadline expires. */
export const proofRequestSchema = z.strictObject({
  program: name,
  profile: name,
  inputs: z.unknown(),
  priority: priority.optional(),
  deadline: deadline.optional(),
});

/** Where the body is a trace. */
export const traceQuerySchema = z.strictObject({
  program: name.optional(),
  profile: name.optional(),
  priority: wholeNumber(PRIORITY.least, PRIORITY.most).optional(),
  deadline: deadline.optional(),
});

/** Digests of the body (RFC 9530): those with sha-256 are checked. */
export const bodyHeadersSchema = z.object({
  'content-digest': z.string().max(1024).optional(),
  'repr-digest': z.string().max(1024).optional(),
});

/** `idempotency-key` names a submission: sent again with the same content it leads to the same job. */
export const submitHeadersSchema = bodyHeadersSchema.extend({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters')
    .optional(),
});

export const listQuerySchema = z.strictObject({
  limit: wholeNumber(1, 200).optional(),
  state: jobStateSchema.optional(),
  /** A job's id: only jobs submitted before it. */
  before: z.string().max(64).optional(),
});

export const verifyQuerySchema = z.strictObject({ program: name, profile: name, statement: statementSchema });

export const jobParametersSchema = z.strictObject({ id: z.string().max(64) });

/** Of a proof: the provable bits of the weakest layer that it rests on, and what a collision of the hash costs. */
export const boundFields = { provableBits: z.number(), collisionBits: z.number() } as const;

const adapterSchema = z.object({ name: z.string(), isSoftware: z.boolean() });
const tableSchema = z.object({ name: z.string(), rows: count, cells: count });

export const measuresSchema = z.object({
  adapter: adapterSchema,
  cycles: count,
  tables: z.array(tableSchema),
  stages: z.array(z.object({ name: z.string(), seconds: z.number() })),
  /** Time in proof-of-work searches, a part of the stages. */
  grindingSeconds: z.number(),
  /** Seconds during which the device worked. */
  deviceSeconds: z.number(),
  peakDeviceBytes: count,
});

export const failureSchema = z.object({
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  details: z.record(z.string(), z.unknown()),
  /** Whether the same submission may succeed another time. */
  retryable: z.boolean(),
});

const attemptErrorSchema = z.object({
  attempt: count,
  at: moment,
  code: z.string(),
  detail: z.string(),
  stage: z.string().optional(),
});

const attemptSchema = z.object({
  attempt: count,
  startedAt: moment,
  endedAt: moment.optional(),
  /** The last stage that it reported. */
  stage: z.string().optional(),
  error: attemptErrorSchema.optional(),
});

const progressSchema = z.object({ stage: z.string(), fraction: z.number().min(0).max(1) });

export const jobSchema = z.object({
  id: z.string(),
  program: z.string(),
  profile: z.string(),
  input: z.enum(['inputs', 'trace', 'proofs']),
  state: jobStateSchema,
  priority,
  deadline: moment.optional(),
  /** Of the request that submitted it. */
  traceId: z.string(),
  submittedAt: moment,
  /** Of the first attempt. */
  startedAt: moment.optional(),
  finishedAt: moment.optional(),
  attempts: count,
  attemptLog: z.array(attemptSchema),
  firstError: attemptErrorSchema.optional(),
  lastError: attemptErrorSchema.optional(),
  /** Of a running job. */
  progress: progressSchema.optional(),
  /** Changes of state. */
  events: z.array(z.object({ state: jobStateSchema, at: moment, note: z.string().optional() })),
  /** Of a job that failed, was cancelled or expired. */
  failure: failureSchema.optional(),
  proof: z
    .object({
      statement: digest,
      proofBytes: count,
      /** Lower-case hex digits. */
      sha256: z.string(),
      ...boundFields,
      verifySeconds: z.number(),
      measures: measuresSchema,
    })
    .optional(),
});

export type JobAnswer = z.infer<typeof jobSchema>;
export type JobStateName = z.infer<typeof jobStateSchema>;

export const jobSummarySchema = jobSchema.pick({
  id: true,
  program: true,
  profile: true,
  input: true,
  state: true,
  priority: true,
  deadline: true,
  submittedAt: true,
  finishedAt: true,
  attempts: true,
  progress: true,
});

export const jobListSchema = z.object({
  /** Newest first. */
  jobs: z.array(jobSummarySchema),
  /** Give it as `before` for the next page; absent on the last. */
  next: z.string().optional(),
});

export const verdictSchema = z.object({
  isValid: z.boolean(),
  /** Of a valid proof. */
  provableBits: boundFields.provableBits.optional(),
  collisionBits: boundFields.collisionBits.optional(),
  /** Why not. */
  reason: z.string().optional(),
  details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  verifySeconds: z.number(),
});

export type VerdictAnswer = z.infer<typeof verdictSchema>;

export const estimateRequestSchema = z.strictObject({ program: name, profile: name, inputs: z.unknown() });

export const estimateSchema = z.object({
  program: z.string(),
  profile: z.string(),
  cycles: count,
  tables: z.array(tableSchema),
  /**
   * Device memory: what the proof takes at full speed, the least that it can do with, and what there is. Absent while the
   * prover starts; `budgetBytes` also where the device itself is the limit.
   */
  deviceBytes: count.optional(),
  leastDeviceBytes: count.optional(),
  budgetBytes: count.optional(),
  fitsDevice: z.boolean().optional(),
  /** Of the proof on this device, and until it could start; absent without proofs to judge by. */
  proveSeconds: z.number().optional(),
  queueSeconds: z.number().optional(),
  /** Proofs under the profile that the seconds come from. */
  pastProofs: count,
});

export type EstimateAnswer = z.infer<typeof estimateSchema>;

const programSchema = z.object({
  name: z.string(),
  description: z.string(),
  instructionCount: count,
  /** Digests of the verifying keys, as this service computed them from the bytecode. */
  keys: z.array(z.object({ profile: z.string(), digest })),
});

export const programListSchema = z.object({ programs: z.array(programSchema) });

const profileSchema = z.object({
  name: z.string(),
  digest,
  /** Of a proof under it. */
  ...boundFields,
  logBlowup: count,
  queries: count,
  grinding: z.object({ lookup: count, deep: count, batch: count, fold: count, query: count }),
  logFinalLength: count,
  logFoldArity: count,
  logCap: count,
  maxima: z.object({
    logHeight: count,
    openedFunctions: count,
    constraints: count,
    degree: count,
    logUpDenominatorWords: count,
  }),
});

export const capabilitiesSchema = z.object({
  zeroKnowledge: z.literal(false),
  /** The version that proofs carry. */
  protocolVersion: count,
  build: z.object({ version: z.string(), commit: z.string(), node: z.string() }),
  machine: z.object({ name: z.string(), version: count, digest, traceVersion: count }),
  field: z.object({ name: z.string(), modulus: count, twoAdicity: count, extensionDegree: count }),
  /** `fingerprint` is the permutation of the words 0..15, each as 8 hex digits. */
  permutation: z.object({
    name: z.string(),
    width: count,
    fullRounds: count,
    partialRounds: count,
    exponent: count,
    fingerprint: z.string(),
  }),
  proverState: z.enum(['starting', 'ready', 'failed']),
  /** While the prover is ready. */
  adapter: adapterSchema.optional(),
  profiles: z.array(profileSchema),
  programs: z.array(programSchema),
  limits: z.object({
    jsonBytes: count,
    traceBytes: count,
    proofBytes: count,
    /** Of a request for an aggregation. */
    aggregationBytes: count,
    /** That are proved at the same time. */
    aggregations: count,
    aggregationChildren: count,
    fanIn: count,
    queuedJobs: count,
    queuedInputBytes: count,
    attempts: count,
    attemptSeconds: count,
    requestSeconds: count,
    retainedJobs: count,
    retentionSeconds: count,
    eventConnections: count,
    deviceBytes: count.optional(),
  }),
});

export type CapabilitiesAnswer = z.infer<typeof capabilitiesSchema>;

/** A cursor: the number of the last event that was heard, and the epoch that it had. */
export const eventQuerySchema = z.strictObject({
  /** Only events with a higher number. */
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
  /** Without it a restart of the service is noticed only where `after` is beyond the latest event. */
  epoch: z.string().max(64).optional(),
});

/** One change of one job. Numbers grow by one over all jobs; those of one job have gaps. */
export const eventSchema = z.object({
  type: z.literal('event'),
  number: count,
  /** Numbers begin at 1 in every epoch; a service that starts begins a new one. */
  epoch: z.string(),
  at: moment,
  job: z.string(),
  kind: z.enum(['state', 'progress']),
  state: jobStateSchema,
  attempt: count,
  /** Of progress. */
  stage: z.string().optional(),
  fraction: z.number().optional(),
  note: z.string().optional(),
});

export type EventAnswer = z.infer<typeof eventSchema>;

/**
 * Events are missing between what was heard up to `after` and `oldest`, where the events go on: they are forgotten, or `after` is of another
 * epoch. What was wanted in between has to be read from the jobs.
 */
const gapSchema = z.object({ type: z.literal('gap'), after: count, oldest: count });
const heartbeatSchema = z.object({ type: z.literal('heartbeat'), at: moment, latest: count });

/** A text message of the WebSocket, as JSON. */
export const eventMessageSchema = z.discriminatedUnion('type', [eventSchema, gapSchema, heartbeatSchema]);

export type EventMessage = z.infer<typeof eventMessageSchema>;

export const eventListSchema = z.object({
  events: z.array(eventSchema),
  /** As over a WebSocket: events are missing before the first of the list. */
  gap: gapSchema.optional(),
  epoch: z.string(),
  /** The highest number so far, or the last one of a list that is cut short; give it as `after` next time, with the epoch. */
  latest: count,
  /** The lowest number that is still known. */
  oldest: count,
});

export const healthSchema = z.object({ status: z.literal('ok') });

export const readinessSchema = z.object({
  status: z.literal('ready'),
  adapter: adapterSchema,
  programs: z.array(z.string()),
  profiles: z.array(z.string()),
});

/** RFC 9457, with further fields by code. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string().optional(),
  /** Whether the same request may succeed another time. */
  retryable: z.boolean(),
  /** The W3C trace id, also in the log. */
  traceId: z.string(),
});
