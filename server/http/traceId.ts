/** The trace id of a request: that of a W3C traceparent header, or a new one. It stands in logs, problems and jobs. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/;
const NO_TRACE = /^0+$/;

export function traceIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const { traceparent } = headers;
  const match = typeof traceparent === 'string' ? TRACE_PARENT.exec(traceparent) : null;
  const [, version, traceId = '', parentId = ''] = match ?? [];
  const isValid =
    version !== undefined && version !== 'ff' && !NO_TRACE.test(traceId) && !NO_TRACE.test(parentId);
  return isValid ? traceId : randomBytes(16).toString('hex');
}

/** The header of an answer: the trace with a span of our own. */
export function traceParentOf(traceId: string): string {
  return `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
}
