/**
 * The transcript messages whose encoding is more than a list of words: heights, sums, openings and query indices.
 * Source: docs/spec/proof-system.md, sections 5, 7, 9 and 10.
 */
import { DEGREE } from './field/extension.ts';
import { TWO_ADICITY } from './field/koalaBear.ts';
import type { LogHeights, ProofShape } from './proof/shape.ts';
import { LABEL, type Transcript } from './transcript.ts';

/** One word a slot: log height + 1, or 0 for an absent table. */
export function absorbHeights(transcript: Transcript, logHeights: LogHeights): void {
  transcript.absorb(
    LABEL.HEIGHTS,
    logHeights.map((logHeight) => (logHeight === undefined ? 0 : logHeight + 1)),
  );
}

/** One sum for every slot with interactions, 0 for an absent table; `sums` as in a proof, the present ones. */
export function absorbSums(transcript: Transcript, shape: ProofShape, sums: Uint32Array): void {
  const words = new Uint32Array(shape.interactingSlots.length * DEGREE);
  for (const [position, slot] of shape.interactingSlots.entries()) {
    const place = shape.summedSlots.indexOf(slot);
    if (place >= 0) words.set(sums.subarray(place * DEGREE, (place + 1) * DEGREE), position * DEGREE);
  }
  transcript.absorb(LABEL.SUMS, words);
}

/** A message for each matrix: its values at zeta, then those at zeta * g; `openings` as in a proof. */
export function absorbOpenings(transcript: Transcript, shape: ProofShape, openings: Uint32Array): void {
  for (const { firstOpening, columns, nextColumns } of shape.trees.flatMap(({ matrices }) => matrices))
    transcript.absorb(
      LABEL.OPENINGS,
      openings.subarray(firstOpening * DEGREE, (firstOpening + columns + nextColumns) * DEGREE),
    );
}

/**
 * `queries` indices below 2^logRows, duplicates included: the upper ones of the low 24 bits of the words of as many squeezes
 * as needed, so that an index into fewer rows is the upper bits of the same word.
 */
export function squeezeIndices(transcript: Transcript, queries: number, logRows: number): number[] {
  const mask = 2 ** TWO_ADICITY - 1;
  const indices: number[] = [];
  while (indices.length < queries)
    for (const word of transcript.squeeze(LABEL.QUERY))
      if (indices.length < queries) indices.push((word & mask) >>> (TWO_ADICITY - logRows));
  return indices;
}
