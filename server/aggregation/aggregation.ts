/** An aggregation: a tree of proofs that somebody asked for, from its submission to the proof of its root or its end without one. */
import type { AggregateEntry } from '../../programs/aggregate/aggregateStatement.ts';
import type { BlockSummary } from '../../programs/block/blockStatement.ts';
import type { JobStateName } from '../api/schemas.ts';
import type { JobFailure } from '../jobs/job.ts';
import type { BlockParts } from './nodeInput.ts';
import type { Part, PlannedNode, TreePlan } from './tree.ts';

/** Why an aggregation has no proof. Retryable: submitted again, it goes on where it stopped. */
export const AGGREGATION_FAILURES = {
  CHILD_FAILED: { title: 'The job of a child failed.', retryable: false },
  CHILD_CANCELLED: { title: 'The job of a child was cancelled.', retryable: false },
  CHILD_EXPIRED: { title: "The job of a child was not started by the child's deadline.", retryable: false },
  DUPLICATE_CHILD: { title: 'Two children show the same statement under the same key.', retryable: false },
  NODE_FAILED: { title: 'The job of a node failed.', retryable: true },
  NODE_CANCELLED: { title: 'The job of a node was cancelled.', retryable: true },
  DEADLINE_PASSED: { title: 'A node could not start before the deadline.', retryable: true },
  FORGOTTEN: {
    title: 'The service forgot a proof before it was used; it remembers too little.',
    retryable: true,
  },
  CANCELLED: { title: 'The aggregation was cancelled.', retryable: true },
  STOPPED: { title: 'The service stopped before the aggregation was done.', retryable: true },
  INTERNAL: { title: 'The service made a mistake.', retryable: false },
} as const;

export type AggregationFailureCode = keyof typeof AGGREGATION_FAILURES;

export interface AggregationFailure {
  readonly code: AggregationFailureCode;
  readonly detail: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export type AggregationState =
  | { readonly name: 'running' | 'succeeded' }
  | { readonly name: 'failed' | 'cancelled' | 'expired'; readonly failure: AggregationFailure };

/** What the aggregation knows of the job of a part, also after the store has forgotten it. */
export interface PartJob {
  readonly id: string;
  /** Whether somebody else submitted it, and no aggregation. */
  readonly isOthers: boolean;
  readonly state: JobStateName;
  readonly attempts: number;
  /** Of the last attempt, with its verification. */
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  readonly failure: JobFailure | undefined;
  readonly proved:
    | {
        readonly proofBytes: number;
        readonly sha256: string;
        readonly deviceSeconds: number;
        readonly verifySeconds: number;
      }
    | undefined;
}

interface PartRecord {
  readonly program: string;
  readonly profile: string;
  /** 8 words; undefined until a job says what it proved. */
  readonly statement: Uint32Array | undefined;
  readonly job: PartJob | undefined;
  /** Kept while the tree is proved, whatever the store forgets. */
  readonly proof: Uint8Array | undefined;
}

export interface LeafRecord extends PartRecord {
  /** A job that was named, a proof that was uploaded, or a column that the aggregation has proved itself. */
  readonly origin: 'job' | 'upload' | 'column';
  readonly keyDigest: Uint32Array;
  /** What lies below an aggregate. */
  readonly entries: readonly AggregateEntry[] | undefined;
  /** The body of a column's proof request; dropped when the aggregation is finished. */
  readonly inputs: Uint8Array | undefined;
}

export interface NodeRecord extends PartRecord {
  readonly planned: PlannedNode;
  /** Whether the proof was there before the aggregation had a job for it. */
  readonly isReused: boolean;
}

/** Never changed; a change makes a new one under the same id. */
export interface Aggregation {
  readonly id: string;
  readonly order: number;
  readonly kind: 'aggregate' | 'block';
  readonly fanIn: number;
  readonly priority: number;
  readonly deadlineMs: number | undefined;
  readonly traceId: string;
  /** A name that the caller gave to this submission, and the digest of what it said. */
  readonly idempotency: { readonly key: string; readonly digest: string } | undefined;
  readonly submittedAtMs: number;
  readonly finishedAtMs: number | undefined;
  readonly state: AggregationState;
  readonly plan: TreePlan;
  readonly leaves: readonly LeafRecord[];
  readonly nodes: readonly NodeRecord[];
  readonly block:
    | {
        readonly digest: Uint32Array;
        readonly summary: BlockSummary;
        /** Dropped when the aggregation is finished. */
        readonly parts: BlockParts | undefined;
      }
    | undefined;
}

export function partOf({ leaves, nodes }: Aggregation, { kind, number }: Part): LeafRecord | NodeRecord {
  const part = kind === 'leaf' ? leaves[number] : nodes[number];
  if (part === undefined) throw new RangeError(`there is no ${kind} ${number}`);
  return part;
}
