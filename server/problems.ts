/**
 * The errors that callers see: RFC 9457 problem details, one registered code each. A code is never reused for another
 * meaning. 4xx explain themselves; 5xx say no more than their title, and the log has the rest.
 */
import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';

export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request does not have the expected form.' },
  'malformed-trace': { status: 400, title: 'The uploaded bytes are not an execution trace of this version.' },
  'malformed-proof': { status: 400, title: 'The uploaded bytes are not a proof of this version and key.' },
  'digest-mismatch': { status: 400, title: 'The body does not have the digest that its header says.' },
  'no-websocket': { status: 400, title: 'There is no WebSocket at this address.' },
  'host-not-allowed': { status: 403, title: 'The service does not answer under this host name.' },
  'origin-not-allowed': { status: 403, title: 'The service does not answer to pages of other sites.' },
  'not-found': { status: 404, title: 'There is nothing at this address.' },
  'unknown-job': { status: 404, title: 'No job has this id; finished jobs are forgotten in time.' },
  'method-not-allowed': { status: 405, title: 'This address does not answer this method.' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time.' },
  'proof-not-available': { status: 409, title: 'The job has no proof.' },
  'job-finished': { status: 409, title: 'The job is finished and cannot be cancelled.' },
  'unknown-aggregation': {
    status: 404,
    title: 'No aggregation has this id; finished ones are forgotten in time.',
  },
  'aggregation-finished': { status: 409, title: 'The aggregation is finished and cannot be cancelled.' },
  'unknown-child': { status: 422, title: 'A child names a job that there is not.' },
  'child-failed': { status: 409, title: 'The job of a child has failed.' },
  'child-cancelled': { status: 409, title: 'The job of a child was cancelled.' },
  'child-expired': { status: 409, title: 'The job of a child was not started by its deadline.' },
  'malformed-child': { status: 400, title: 'An uploaded child is not a proof file of this version.' },
  'child-too-large': { status: 413, title: 'An uploaded child is larger than any proof.' },
  'child-test-only': { status: 422, title: 'An uploaded child was proved under a profile for tests.' },
  'child-wrong-key': {
    status: 422,
    title: 'A child was proved under a key whose proofs are not aggregated here.',
  },
  'child-rejected': { status: 422, title: 'An uploaded child does not verify.' },
  'duplicate-child': { status: 422, title: 'Two children show the same.' },
  'mixed-children': { status: 422, title: 'The children are proofs of different programs.' },
  'tree-too-large': { status: 422, title: 'The tree has more levels or leaves than a proof is made for.' },
  'no-column': { status: 422, title: 'A child of a block shows something else than columns.' },
  'claim-missing': {
    status: 422,
    title: "The service does not know what a child's column says: only its digest.",
  },
  'claim-mismatch': { status: 422, title: "A child's claim is not what its proof shows." },
  'column-missing': { status: 422, title: 'The inclusion list names a column that no child shows.' },
  'other-block': { status: 422, title: 'A column is of another block or chain than the first one.' },
  'other-base-fee': { status: 422, title: 'A column has another base fee than the first one.' },
  'access-overlap': { status: 422, title: 'Two columns touch the same account.' },
  'transaction-missing': {
    status: 422,
    title: 'A transaction of the inclusion list is not in its column.',
  },
  'transaction-twice': {
    status: 422,
    title: 'A column has a transaction more often than the inclusion list.',
  },
  'transaction-not-listed': {
    status: 422,
    title: 'A column has a transaction that is not in the inclusion list.',
  },
  'wrong-column': { status: 422, title: 'A transaction stands in another column than it should.' },
  'transaction-order': {
    status: 422,
    title: 'A column has its transactions in another order than the inclusion list.',
  },
  'block-refused': { status: 422, title: 'The columns make no block.' },
  'headers-too-large': { status: 431, title: 'The head of the request is larger than the service accepts.' },
  'body-too-large': { status: 413, title: 'The body is larger than the service accepts.' },
  'unsupported-media-type': {
    status: 415,
    title: 'The service does not read this content type, coding or character set here.',
  },
  'unknown-program': { status: 422, title: 'The service has no program of this name.' },
  'unknown-profile': { status: 422, title: 'The service does not prove under this profile.' },
  'inputs-refused': { status: 422, title: 'The program refuses these inputs.' },
  'job-too-large': { status: 422, title: 'The job needs more than the prover can hold.' },
  'deadline-passed': { status: 422, title: 'The deadline has passed already.' },
  'idempotency-key-reused': {
    status: 422,
    title: 'Another request was submitted under this idempotency key.',
  },
  'queue-full': { status: 429, title: 'Too many jobs or uploads are waiting; try again later.' },
  'too-many-connections': { status: 429, title: 'Too many connections watch events; try again later.' },
  'internal-error': { status: 500, title: 'The service made a mistake.' },
  'not-ready': { status: 503, title: 'The prover is not ready.' },
  stopping: { status: 503, title: 'The service is stopping.' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export type ProblemDetails = Readonly<Record<string, unknown>>;

/** What a refusal shows of something that a caller sent. Arbitrary: enough to find it. */
const SHOWN = { characters: 200, items: 16, fields: 24, levels: 5 } as const;

/** The text, or its beginning. */
export function clippedText(text: string): string {
  return text.length <= SHOWN.characters ? text : `${text.slice(0, SHOWN.characters)}…`;
}

/** A value of JSON with long texts, lists and objects cut to their beginning, so that no refusal is longer than its request. */
function clipped(value: unknown, level = 0): unknown {
  if (typeof value === 'string') return clippedText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (level === SHOWN.levels) return '…';
  if (Array.isArray(value)) return value.slice(0, SHOWN.items).map((item) => clipped(item, level + 1));
  return clippedFields(value, level + 1);
}

function clippedFields(fields: object, level: number): ProblemDetails {
  const shown: [string, unknown][] = [];
  for (const name in fields) {
    if (shown.length === SHOWN.fields) break;
    shown.push([clippedText(name), clipped((fields as ProblemDetails)[name], level)]);
  }
  return Object.fromEntries(shown);
}

/** Details that repeat no more than the beginning of what a caller sent. */
export function clippedDetails(details: ProblemDetails): ProblemDetails {
  return clippedFields(details, 0);
}

/** Thrown by handlers; the one error handler turns it into a response. Long texts and lists in it are cut. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, detail: string, details: ProblemDetails = {}) {
    super(clippedText(detail));
    this.name = 'Problem';
    this.code = code;
    this.details = clippedDetails(details);
  }
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** Statuses after which the same request may succeed. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 429, 503]);

/** A whole answer over HTTP/1.1, where there is no request to answer through the app; it ends the connection. */
export function problemText(code: ProblemCode): string {
  const { status } = PROBLEMS[code];
  const body = JSON.stringify(problemBody(code, undefined, {}, randomBytes(16).toString('hex')));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    `content-type: ${PROBLEM_CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** The body of a problem response. */
export function problemBody(
  code: ProblemCode,
  detail: string | undefined,
  details: ProblemDetails,
  traceId: string,
): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  return {
    ...details,
    type: `urn:colonnade:problem:${code}`,
    title,
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
    retryable: RETRYABLE_STATUSES.has(status),
    traceId,
  };
}
