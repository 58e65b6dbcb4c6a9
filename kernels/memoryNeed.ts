/**
 * Device memory of a proof, from the shapes of its tables alone, so that a job that cannot fit is refused before it
 * starts. What is counted is what the backend holds at its peak; tiles and tables of constants are a lump sum.
 */
import type { AirSystem } from '../stark/air/air.ts';
import { logUpColumnCount } from '../stark/air/degree.ts';
import { DEGREE } from '../stark/field/extension.ts';
import type { Profile } from '../stark/profile.ts';
import { KernelError } from './errors.ts';
import { treeBytes } from './merkle.ts';

/** Tiles, twiddles, scratch chunks and staging. */
const OVERHEAD_BYTES = 64 << 20;
const QUOTIENT_COLUMNS = 2 * DEGREE;

/** Bytes that a proof of tables of these log heights takes on the device; undefined stands for an absent table. */
export function proofBytes(
  system: AirSystem,
  profile: Profile,
  logHeights: readonly (number | undefined)[],
): number {
  const blowup = 2 ** profile.logBlowup;
  let bytes = OVERHEAD_BYTES;
  let tallest = 0;
  for (const [slot, table] of system.tables.entries()) {
    const logHeight = logHeights[slot];
    if (logHeight === undefined) continue;
    tallest = Math.max(tallest, logHeight);
    const traceColumns = table.preprocessedColumns.length + table.mainColumns.length;
    const committedColumns = traceColumns + logUpColumnCount(table) + QUOTIENT_COLUMNS;
    bytes += 4 * 2 ** logHeight * (traceColumns + blowup * committedColumns);
    // The quotient's values on the coset of order 2N and their coefficients, before its extension.
    bytes += 4 * 2 ** logHeight * (2 * QUOTIENT_COLUMNS);
    // A codeword of every height, and the weights of its openings.
    bytes += 4 * DEGREE * 2 ** logHeight * (blowup + 2);
  }
  // Four phases, and the fold layers, which are a geometric series.
  bytes += 5 * treeBytes(tallest + profile.logBlowup, profile.logCap);
  return bytes;
}

/** Throws: KernelError 'OUT_OF_MEMORY' with wantedBytes and budgetBytes when a proof of these tables does not fit. */
export function requireMemory(
  system: AirSystem,
  profile: Profile,
  logHeights: readonly (number | undefined)[],
  budgetBytes: number,
): void {
  const wantedBytes = proofBytes(system, profile, logHeights);
  if (wantedBytes > budgetBytes) {
    throw new KernelError(
      'OUT_OF_MEMORY',
      `the proof wants about ${wantedBytes} bytes on the device, which may use ${budgetBytes}`,
      { wantedBytes, budgetBytes },
    );
  }
}
