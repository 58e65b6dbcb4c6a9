/**
 * Every route once: where it is, what goes in and what comes out. The Fastify app, the OpenAPI document and the client are
 * made from this table.
 */
import type { z } from 'zod';
import type { ProblemCode } from '../problems.ts';
import {
  aggregationEstimateQuerySchema,
  aggregationEstimateSchema,
  aggregationListSchema,
  aggregationRequestSchema,
  aggregationSchema,
} from './aggregationSchemas.ts';
import {
  bodyHeadersSchema,
  capabilitiesSchema,
  estimateRequestSchema,
  estimateSchema,
  eventListSchema,
  eventMessageSchema,
  eventQuerySchema,
  healthSchema,
  jobListSchema,
  jobParametersSchema,
  jobSchema,
  listQuerySchema,
  programListSchema,
  proofRequestSchema,
  readinessSchema,
  submitHeadersSchema,
  traceQuerySchema,
  verdictSchema,
  verifyQuerySchema,
} from './schemas.ts';

export const JSON_TYPE = 'application/json';
export const OCTETS_TYPE = 'application/octet-stream';

export interface RouteAnswer {
  readonly description: string;
  readonly contentType: string;
  /** Of a JSON answer. */
  readonly schema?: z.ZodType;
  /** What headers of its own mean. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RouteBody {
  readonly description: string;
  /** Of a JSON body. */
  readonly schema?: z.ZodType;
}

export interface RouteDefinition {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parameters as in `/v1/proofs/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** By content type. */
  readonly bodies?: Readonly<Record<string, RouteBody>>;
  /** By status; refusals are problems. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** Besides those that every route has: `COMMON_PROBLEMS`. */
  readonly problems: readonly ProblemCode[];
  /** The messages of the WebSocket that the route becomes when the request asks for an upgrade. */
  readonly messages?: z.ZodType;
}

export const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'malformed-request',
  'host-not-allowed',
  'origin-not-allowed',
  'unsupported-media-type',
  'no-websocket',
  'internal-error',
];

const BODY_PROBLEMS = [
  'request-timeout',
  'body-too-large',
  'unsupported-media-type',
  'digest-mismatch',
  'queue-full',
] as const;

/** What is wrong with children or the block that they make; each names the child. */
const CHILD_PROBLEMS = [
  'unknown-child',
  'child-failed',
  'child-cancelled',
  'child-expired',
  'malformed-child',
  'child-too-large',
  'child-test-only',
  'child-wrong-key',
  'child-rejected',
  'duplicate-child',
  'mixed-children',
  'tree-too-large',
  'no-column',
  'claim-missing',
  'claim-mismatch',
  'column-missing',
  'other-block',
  'other-base-fee',
  'access-overlap',
  'transaction-missing',
  'transaction-twice',
  'transaction-not-listed',
  'wrong-column',
  'transaction-order',
  'block-refused',
] as const;

export const ROUTES = {
  submitProof: {
    method: 'POST',
    path: '/v1/proofs',
    summary: 'Asks for a proof, from inputs or from an execution trace.',
    query: traceQuerySchema,
    headers: submitHeadersSchema,
    bodies: {
      [JSON_TYPE]: { description: 'Program, profile and inputs.', schema: proofRequestSchema },
      [OCTETS_TYPE]: { description: 'An execution trace; program and profile stand in the query.' },
    },
    answers: {
      202: {
        description: 'The job: a new one, or the earlier one of the same idempotency key and content.',
        contentType: JSON_TYPE,
        schema: jobSchema,
        headers: { location: 'The address of the job.' },
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      'malformed-trace',
      'unknown-program',
      'unknown-profile',
      'inputs-refused',
      'job-too-large',
      'deadline-passed',
      'idempotency-key-reused',
      'not-ready',
      'stopping',
    ],
  },
  listProofs: {
    method: 'GET',
    path: '/v1/proofs',
    summary: 'The jobs, newest first.',
    query: listQuerySchema,
    answers: { 200: { description: 'A page of jobs.', contentType: JSON_TYPE, schema: jobListSchema } },
    problems: [],
  },
  getProof: {
    method: 'GET',
    path: '/v1/proofs/:id',
    summary: 'A job: state, attempts, progress, failure, proof.',
    params: jobParametersSchema,
    answers: { 200: { description: 'The job.', contentType: JSON_TYPE, schema: jobSchema } },
    problems: ['unknown-job'],
  },
  cancelProof: {
    method: 'DELETE',
    path: '/v1/proofs/:id',
    summary: 'Cancels a job; answers when it no longer uses the device.',
    params: jobParametersSchema,
    answers: { 200: { description: 'The cancelled job.', contentType: JSON_TYPE, schema: jobSchema } },
    problems: ['unknown-job', 'job-finished'],
  },
  downloadProof: {
    method: 'GET',
    path: '/v1/proofs/:id/proof',
    summary: "The proof's bytes, with `etag` and `repr-digest`.",
    params: jobParametersSchema,
    answers: {
      200: {
        description: 'A proof (docs/spec/proof-layout.md).',
        contentType: OCTETS_TYPE,
        headers: { etag: 'The sha-256 in hex, quoted.', 'repr-digest': 'The sha-256 as RFC 9530 writes it.' },
      },
      304: { description: 'What `if-none-match` names is the proof.', contentType: OCTETS_TYPE },
    },
    problems: ['unknown-job', 'proof-not-available'],
  },
  watchProof: {
    method: 'GET',
    path: '/v1/proofs/:id/events',
    summary: "One job's events: as a list, or as a WebSocket that closes after the job's last event.",
    params: jobParametersSchema,
    query: eventQuerySchema,
    answers: {
      200: {
        description: 'The events that are remembered.',
        contentType: JSON_TYPE,
        schema: eventListSchema,
      },
    },
    problems: ['unknown-job', 'too-many-connections'],
    messages: eventMessageSchema,
  },
  submitAggregation: {
    method: 'POST',
    path: '/v1/aggregations',
    summary: 'Asks for one proof of many: an aggregate of proofs, or the proof of a block.',
    headers: submitHeadersSchema,
    bodies: {
      [JSON_TYPE]: {
        description: 'Kind, shape and children; of a block also its inclusion list.',
        schema: aggregationRequestSchema,
      },
    },
    answers: {
      202: {
        description:
          'The aggregation: a new one, or the earlier one of the same idempotency key and content.',
        contentType: JSON_TYPE,
        schema: aggregationSchema,
        headers: { location: 'The address of the aggregation.' },
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      ...CHILD_PROBLEMS,
      'inputs-refused',
      'deadline-passed',
      'idempotency-key-reused',
      'not-ready',
      'stopping',
    ],
  },
  estimateAggregation: {
    method: 'GET',
    path: '/v1/estimates/aggregations',
    summary: 'What the nodes of a tree would take, judged by past proofs.',
    query: aggregationEstimateQuerySchema,
    answers: {
      200: { description: 'The estimate.', contentType: JSON_TYPE, schema: aggregationEstimateSchema },
    },
    problems: [],
  },
  listAggregations: {
    method: 'GET',
    path: '/v1/aggregations',
    summary: 'The aggregations that are remembered, newest first.',
    answers: {
      200: { description: 'All of them.', contentType: JSON_TYPE, schema: aggregationListSchema },
    },
    problems: [],
  },
  getAggregation: {
    method: 'GET',
    path: '/v1/aggregations/:id',
    summary: 'An aggregation: its tree with the state and time of every node, critical path and busy time.',
    params: jobParametersSchema,
    answers: { 200: { description: 'The aggregation.', contentType: JSON_TYPE, schema: aggregationSchema } },
    problems: ['unknown-aggregation'],
  },
  cancelAggregation: {
    method: 'DELETE',
    path: '/v1/aggregations/:id',
    summary: 'Cancels an aggregation, with the jobs that nobody else needs.',
    params: jobParametersSchema,
    answers: {
      200: { description: 'The cancelled aggregation.', contentType: JSON_TYPE, schema: aggregationSchema },
    },
    problems: ['unknown-aggregation', 'aggregation-finished'],
  },
  watchAggregation: {
    method: 'GET',
    path: '/v1/aggregations/:id/events',
    summary:
      "One aggregation's events, under its id: as a list, or as a WebSocket that closes after the last.",
    params: jobParametersSchema,
    query: eventQuerySchema,
    answers: {
      200: {
        description: 'The events that are remembered.',
        contentType: JSON_TYPE,
        schema: eventListSchema,
      },
    },
    problems: ['unknown-aggregation', 'too-many-connections'],
    messages: eventMessageSchema,
  },
  watchEvents: {
    method: 'GET',
    path: '/v1/events',
    summary: "All jobs' events: as a list, or as a WebSocket.",
    query: eventQuerySchema,
    answers: {
      200: {
        description: 'The events that are remembered.',
        contentType: JSON_TYPE,
        schema: eventListSchema,
      },
    },
    problems: ['too-many-connections'],
    messages: eventMessageSchema,
  },
  verify: {
    method: 'POST',
    path: '/v1/verify',
    summary: 'Checks a proof of anybody.',
    query: verifyQuerySchema,
    bodies: { [OCTETS_TYPE]: { description: 'A proof (docs/spec/proof-layout.md).' } },
    answers: { 200: { description: 'The verdict.', contentType: JSON_TYPE, schema: verdictSchema } },
    headers: bodyHeadersSchema,
    problems: [...BODY_PROBLEMS, 'malformed-proof', 'unknown-program', 'unknown-profile', 'not-ready'],
  },
  estimate: {
    method: 'POST',
    path: '/v1/estimates',
    summary: 'Runs the program without proving it: rows, device memory, seconds.',
    headers: bodyHeadersSchema,
    bodies: {
      [JSON_TYPE]: { description: 'Program, profile and inputs.', schema: estimateRequestSchema },
    },
    answers: { 200: { description: 'The estimate.', contentType: JSON_TYPE, schema: estimateSchema } },
    problems: [...BODY_PROBLEMS, 'unknown-program', 'unknown-profile', 'inputs-refused', 'job-too-large'],
  },
  listPrograms: {
    method: 'GET',
    path: '/v1/programs',
    summary: 'The programs that are proved, with the digests of their keys.',
    answers: { 200: { description: 'The programs.', contentType: JSON_TYPE, schema: programListSchema } },
    problems: ['not-ready'],
  },
  getCapabilities: {
    method: 'GET',
    path: '/v1/capabilities',
    summary: 'What this service proves, under which parameters, on what, within which limits.',
    answers: {
      200: { description: 'The capabilities.', contentType: JSON_TYPE, schema: capabilitiesSchema },
    },
    problems: ['not-ready'],
  },
  getOpenApi: {
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This table as an OpenAPI 3.1 document.',
    answers: { 200: { description: 'The document.', contentType: JSON_TYPE } },
    problems: [],
  },
  getDocs: {
    method: 'GET',
    path: '/docs',
    summary: 'A page to read the OpenAPI document.',
    answers: { 200: { description: 'The page.', contentType: 'text/html; charset=utf-8' } },
    problems: [],
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus.',
    answers: {
      200: { description: 'The metrics.', contentType: 'text/plain; version=0.0.4; charset=utf-8' },
    },
    problems: [],
  },
  getHealth: {
    method: 'GET',
    path: '/healthz',
    summary: 'Whether the process answers and has had a prover lately; where not, it is better started anew.',
    answers: { 200: { description: 'It does.', contentType: JSON_TYPE, schema: healthSchema } },
    problems: ['not-ready'],
  },
  getReadiness: {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether the prover can prove.',
    answers: { 200: { description: 'It can.', contentType: JSON_TYPE, schema: readinessSchema } },
    problems: ['not-ready', 'stopping'],
  },
} as const satisfies Readonly<Record<string, RouteDefinition>>;

export type RouteName = keyof typeof ROUTES;

/** What stands in an answer with this status, as it is sent; undefined where it is not JSON. */
export type AnswerOf<
  Name extends RouteName,
  Status extends keyof (typeof ROUTES)[Name]['answers'],
> = (typeof ROUTES)[Name]['answers'][Status] extends { readonly schema: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : undefined;
