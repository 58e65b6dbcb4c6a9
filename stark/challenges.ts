/**
 * The two transcript messages whose encoding is more than a list of words: heights and query indices.
 * Source: docs/spec/proof-system.md, sections 9 and 10.
 */
import type { LogHeights } from './proof/shape.ts';
import { LABEL, type Transcript } from './transcript.ts';

/** One word a slot: log height + 1, or 0 for an absent table. */
export function absorbHeights(transcript: Transcript, logHeights: LogHeights): void {
  transcript.absorb(
    LABEL.HEIGHTS,
    logHeights.map((logHeight) => (logHeight === undefined ? 0 : logHeight + 1)),
  );
}

/** `queries` indices below 2^logRows, duplicates included: the low bits of the words of as many squeezes as needed. */
export function squeezeIndices(transcript: Transcript, queries: number, logRows: number): number[] {
  const mask = 2 ** logRows - 1;
  const indices: number[] = [];
  while (indices.length < queries)
    for (const word of transcript.squeeze(LABEL.QUERY))
      if (indices.length < queries) indices.push(word & mask);
  return indices;
}
