/** The range table's columns from the lookups counted. Source: docs/spec/machine.md, section Tables. */
import type { TableTrace } from '../../stark/air/air.ts';
import { RANGE_LOG_HEIGHT } from './air.ts';

/** Shape: rangeCounts has 2^16 words. */
export function traceRange(rangeCounts: Uint32Array): TableTrace {
  return {
    logHeight: RANGE_LOG_HEIGHT,
    columns: [Uint32Array.from({ length: 2 ** RANGE_LOG_HEIGHT }, (_, value) => value), rangeCounts],
  };
}
