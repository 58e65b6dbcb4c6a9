/** Proofs of production: the smallest column of a real block at the leaf profile, and a long run of plain instructions. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseBlockFile } from '../chain/blockFile.ts';
import { blockInput } from '../chain/blockInput.ts';
import { executeColumn } from '../programs/column/execute.ts';
import { columnHints } from '../programs/column/hints.ts';
import { buildColumnProgram } from '../programs/column/program.ts';
import { LEAF, TEST_ONLY_LEAF } from '../stark/profile.ts';
import { LOOP_CYCLES, loopProgram } from './guests.ts';
import type { MeasurementOutcome, MeasurementSettings } from './measurement.ts';
import { measureProof } from './proof.ts';

/** Cycles of the long run, one less than a power of two's worth. */
const LONG_CYCLES = { quick: 2 ** 8, software: 2 ** 16, hardware: 2 ** 20 } as const;
/** A proof on a software driver takes long, so it is timed once. */
const PROOFS = { quick: 1, software: 1, hardware: 5 } as const;

/** The column of a block in data/blocks with the fewest transfers, as hints of the column program. */
export function smallestColumn(
  block: string,
  columns: number,
): { readonly transfers: number; readonly hints: ReturnType<typeof columnHints> } {
  if (!/^\d+$/.test(block))
    throw new RangeError(`a block of data/blocks is named by its number, not ${block}`);
  const packed = readFileSync(new URL(`../data/blocks/${block}.json.gz`, import.meta.url));
  const input = blockInput(parseBlockFile(JSON.parse(gunzipSync(packed).toString('utf8'))), columns);
  const [smallest] = input.columns.toSorted((left, right) => left.transfers.length - right.transfers.length);
  if (smallest === undefined) throw new RangeError(`block ${block} has no plain transfers`);
  return { transfers: smallest.transfers.length, hints: columnHints(executeColumn(smallest)) };
}

export async function measureColumn(settings: MeasurementSettings): Promise<MeasurementOutcome> {
  const { block, columns, scale, budgetBytes } = settings;
  const { transfers, hints } = smallestColumn(block, columns);
  const outcome = await measureProof({
    label: 'column',
    program: buildColumnProgram(),
    hints: () => hints,
    profile: scale === 'quick' ? TEST_ONLY_LEAF : LEAF,
    runs: PROOFS[scale],
    budgetBytes,
  });
  return { ...outcome, facts: { block, columns, transfers, ...outcome.facts } };
}

export async function measureLongRun({
  scale,
  budgetBytes,
}: MeasurementSettings): Promise<MeasurementOutcome> {
  return await measureProof({
    label: 'long run',
    // The loop's entry and end take some cycles besides its iterations.
    program: loopProgram(Math.floor((LONG_CYCLES[scale] - 32) / LOOP_CYCLES)),
    hints: () => ({}),
    profile: scale === 'quick' ? TEST_ONLY_LEAF : LEAF,
    runs: PROOFS[scale],
    budgetBytes,
  });
}
