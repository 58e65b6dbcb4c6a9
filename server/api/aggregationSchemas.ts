/** The bodies and answers of the routes of aggregations. */
import { z } from 'zod';
import { FAN_IN } from '../aggregation/tree.ts';
import {
  boundFields,
  count,
  deadline,
  digest,
  failureSchema,
  JOB_STATES,
  jobStateSchema,
  moment,
  priority,
  wholeNumber,
} from './schemas.ts';

/** Children of one aggregation. Arbitrary; each is verified before it is taken. */
export const MAXIMUM_CHILDREN = 64;

/** A job of this service, or a proof file (docs/cli.md, section Proof files) in base64. */
const childSchema = z
  .strictObject({ job: z.string().min(1).max(64).optional(), file: z.string().optional() })
  .refine(({ job, file }) => (job === undefined) !== (file === undefined), "expected either 'job' or 'file'");

const children = z.array(childSchema).min(1, 'at least one child is expected').max(MAXIMUM_CHILDREN);

const shape = {
  /** Children of one node, in the order of the request. */
  fanIn: z.int().min(FAN_IN.least).max(FAN_IN.most).optional(),
  priority: priority.optional(),
  deadline: deadline.optional(),
};

/** What the columns of a block start from, and into how many its inclusion list is cut. */
const columnsSchema = z.strictObject({
  count: z.int().min(1).max(MAXIMUM_CHILDREN),
  chainId: z.string().max(80),
  blockNumber: z.string().max(80),
  baseFeePerGasWei: z.string().max(80),
  coinbase: z.string().max(80),
  blockGasLimit: z.string().max(80),
  transactionGasCap: z.string().max(80),
  /** As in the inputs of the column program. */
  accounts: z.array(z.unknown()),
});

export const aggregationRequestSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('aggregate'), children, ...shape }),
  z
    .strictObject({
      kind: z.literal('block'),
      /** The inclusion list: every transaction with its column (docs/spec/block.md). */
      list: z.array(z.unknown()).min(1).max(65535),
      /** Proofs of the columns, or aggregates of them. */
      children: children.optional(),
      /** Instead of children: the columns are proved as well. */
      columns: columnsSchema.optional(),
      ...shape,
    })
    .refine(
      (request) => (request.children === undefined) !== (request.columns === undefined),
      "expected either 'children' or 'columns'",
    ),
]);

export const PART_STATES = ['waiting', 'unneeded', ...JOB_STATES] as const;
const partStateSchema = z.enum(PART_STATES);

const partSchema = z.object({ kind: z.enum(['child', 'node']), number: count });

const partFields = {
  number: count,
  program: z.string(),
  profile: z.string(),
  /** `waiting`: not a job yet; `unneeded`: the proof of a node above it was there. */
  state: partStateSchema,
  job: z.string().optional(),
  /** Absent until an uploaded run has been proved. */
  statement: digest.optional(),
  attempts: count,
  /** Of the last attempt. */
  startedAt: moment.optional(),
  finishedAt: moment.optional(),
  seconds: z.number().optional(),
  deviceSeconds: z.number().optional(),
  verifySeconds: z.number().optional(),
  proofBytes: count.optional(),
  sha256: z.string().optional(),
  failure: failureSchema.optional(),
};

export const aggregationSchema = z.object({
  id: z.string(),
  kind: z.enum(['aggregate', 'block']),
  state: jobStateSchema,
  fanIn: count,
  priority,
  deadline: moment.optional(),
  /** Of the request that submitted it. */
  traceId: z.string(),
  submittedAt: moment,
  finishedAt: moment.optional(),
  failure: failureSchema.optional(),
  children: z.array(
    z.object({ ...partFields, origin: z.enum(['job', 'upload', 'column']), keyDigest: digest }),
  ),
  /** Children stand before their parents; the last one is the root. */
  nodes: z.array(
    z.object({
      ...partFields,
      role: z.enum(['aggregate', 'block', 'shrink', 'final']),
      level: count,
      children: z.array(partSchema),
      /** Whether its proof was there before this aggregation. */
      isReused: z.boolean(),
    }),
  ),
  progress: z.object({ proved: count, total: count }),
  /** Sums of `seconds`: over all parts, and along the longest way from a child to the root. */
  times: z.object({
    busySeconds: z.number(),
    criticalPathSeconds: z.number(),
    criticalPath: z.array(partSchema),
    /** Of one that succeeded, with other numbers of provers: computed from `seconds`, not measured. Empty before. */
    onProvers: z.array(z.object({ provers: count, seconds: z.number() })),
    /** What is left on one prover, judged by past proofs; absent without them. */
    remainingSeconds: z.number().optional(),
  }),
  /** Of a block: what its proof says (docs/spec/block.md, section Digest). */
  block: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** Of the root. Its bytes are those of its job's proof. */
  proof: z
    .object({
      job: z.string(),
      statement: digest,
      proofBytes: count,
      sha256: z.string(),
      ...boundFields,
      verifySeconds: z.number(),
    })
    .optional(),
});

export type AggregationAnswer = z.infer<typeof aggregationSchema>;

export const aggregationSummarySchema = aggregationSchema.pick({
  id: true,
  kind: true,
  state: true,
  submittedAt: true,
  finishedAt: true,
  progress: true,
});

export const aggregationListSchema = z.object({
  /** Newest first. */
  aggregations: z.array(aggregationSummarySchema),
});

export const aggregationEstimateQuerySchema = z.strictObject({
  kind: z.enum(['aggregate', 'block']),
  children: wholeNumber(1, MAXIMUM_CHILDREN),
  fanIn: wholeNumber(FAN_IN.least, FAN_IN.most).optional(),
});

export const aggregationEstimateSchema = z.object({
  kind: z.enum(['aggregate', 'block']),
  fanIn: count,
  children: count,
  nodes: z.array(
    z.object({
      role: z.enum(['aggregate', 'block', 'shrink', 'final']),
      level: count,
      program: z.string(),
      profile: z.string(),
      children: count,
      /** Proofs of the same program under the same profile that seconds and bytes come from. */
      pastProofs: count,
      seconds: z.number().optional(),
      deviceBytes: count.optional(),
    }),
  ),
  /** Of the nodes alone; absent while the time of one is not known. */
  times: z
    .object({
      busySeconds: z.number(),
      criticalPathSeconds: z.number(),
      onProvers: z.array(z.object({ provers: count, seconds: z.number() })),
    })
    .optional(),
  /** Until a job submitted now could start. */
  queueSeconds: z.number().optional(),
});

export type AggregationEstimate = z.infer<typeof aggregationEstimateSchema>;
