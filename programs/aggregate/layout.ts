/**
 * What a verifier of children knows of them before it sees one: what follows from machine and profile alone. Heights and
 * presence of tables are learnt from each child, within the bounds that are checked here.
 * Source: docs/spec/proof-system.md, sections 3, 4, 7, 8 and 11.
 */
import type { AirSystem } from '../../stark/air/air.ts';
import { denominatorWordsPerRow } from '../../stark/air/degree.ts';
import { MODULUS, TWO_ADICITY } from '../../stark/field/koalaBear.ts';
import { heightRange, preprocessedSlots, systemFault } from '../../stark/keys.ts';
import type { Profile } from '../../stark/profile.ts';
import {
  blockCountOf,
  blocksOf,
  PHASES,
  type Phase,
  type SystemMatrix,
  systemMatrices,
} from '../../stark/proof/shape.ts';

/** Batching challenges that tell the lanes of a block apart; the others tell the blocks apart. */
export const LANE_CHALLENGES = 3;

/** Depths beyond this would let two indices have one path; machine/hash/README.md. */
const MAXIMUM_SPAN = 24;

/** A phase in which some table of the system has columns. */
export interface PhaseLayout {
  readonly phase: Phase;
  /** Position in opening order. */
  readonly number: number;
  /** One a table with columns in this phase, in slot order. */
  readonly matrices: readonly SystemMatrix[];
  /** Every table has columns here, so every height has leaves. */
  readonly isEverywhere: boolean;
  /** Every table has columns here that are opened at zeta * g as well; some has; */
  readonly isNextEverywhere: boolean;
  readonly hasNext: boolean;
}

export interface SystemLayout {
  readonly system: AirSystem;
  readonly phases: readonly PhaseLayout[];
  readonly blockCount: number;
  readonly batchChallenges: number;
  /** Slots of the tables with interactions, ascending: a proof has a sum for each. */
  readonly interactingSlots: readonly number[];
  readonly preprocessedSlots: readonly number[];
}

export interface ProfileLayout {
  readonly profile: Profile;
  /** Bounds of the log height of any table. */
  readonly least: number;
  readonly greatest: number;
  /** By slot; least > greatest for a table that is never present. */
  readonly ranges: readonly { readonly least: number; readonly greatest: number }[];
  /** Levels between the shortest possible leaves and the cap; at least 1. */
  readonly leastDepth: number;
}

export function nextBlocksOf({ nextColumns }: SystemMatrix): number {
  return blocksOf(nextColumns);
}

export function systemLayout(system: AirSystem): SystemLayout {
  const matrices = systemMatrices(system);
  const blockCount = blockCountOf(system);
  const tables = system.tables.length;
  return {
    system,
    phases: PHASES.flatMap((phase, number): PhaseLayout[] => {
      const here = matrices.filter((matrix) => matrix.phase === phase);
      const withNext = here.filter((matrix) => matrix.nextColumns > 0);
      if (here.length === 0) return [];
      return [
        {
          phase,
          number,
          matrices: here,
          isEverywhere: here.length === tables,
          isNextEverywhere: withNext.length === tables,
          hasNext: withNext.length > 0,
        },
      ];
    }),
    blockCount,
    batchChallenges: 32 - Math.clz32(8 * blockCount - 1),
    interactingSlots: system.tables.flatMap((table, slot) => (table.interactions.length > 0 ? [slot] : [])),
    preprocessedSlots: preprocessedSlots(system),
  };
}

/**
 * Bounds of a proof's shape; those that heights could break are asked to hold at the greatest heights.
 * Throws: RangeError on a system and a profile of which no key is accepted either, and beyond the bounds.
 */
export function profileLayout({ system, phases }: SystemLayout, profile: Profile): ProfileLayout {
  const { logBlowup, logFinalLength, logCap } = profile;
  const fault = systemFault(system, profile);
  if (fault !== undefined)
    throw new RangeError(`children of ${system.name} under ${profile.name} are not verified: ${fault.code}`);
  const ranges = system.tables.map((_, slot) => heightRange(system, profile, slot));
  const possible = ranges.filter(({ least, greatest }) => least <= greatest);
  const least = logFinalLength;
  const greatest = Math.max(...possible.map((range) => range.greatest));
  const refuse = (reason: string): RangeError =>
    new RangeError(`children of ${system.name} under ${profile.name} are not verified: ${reason}`);

  // Every tree is present: all tables have columns in it, or a required one has.
  for (const { phase, matrices, isEverywhere } of phases)
    if (!isEverywhere && !matrices.some(({ slot }) => system.tables[slot]?.isRequired === true))
      throw refuse(`no required table has columns in the ${phase} tree`);
  const leastDepth = logFinalLength + logBlowup - logCap;
  if (leastDepth < 1) throw refuse('the cap may be as large as a tree');
  if (greatest + logBlowup > MAXIMUM_SPAN || logCap < 0) throw refuse('its trees may be too tall');
  if (TWO_ADICITY !== MAXIMUM_SPAN) throw refuse('indices have other bits');

  // Whatever the heights, no bus overflows and the denominators stay within the profile's maximum.
  const rowsAt = (slot: number): number => {
    const range = ranges[slot];
    return range === undefined || range.least > range.greatest ? 0 : 2 ** range.greatest;
  };
  const denominators = system.tables.reduce(
    (sum, table, slot) => sum + rowsAt(slot) * denominatorWordsPerRow(table),
    0,
  );
  if (denominators > profile.maxima.logUpDenominatorWords) throw refuse('its denominators may be too many');
  for (const [bus, { name }] of system.buses.entries()) {
    const count = system.tables.reduce(
      (sum, { interactions }, slot) =>
        sum +
        interactions
          .filter((each) => each.bus === bus)
          .reduce((total, { weight }) => total + weight * rowsAt(slot), 0),
      0,
    );
    if (count >= MODULUS) throw refuse(`bus ${name} may overflow`);
  }
  return { profile, least, greatest, ranges, leastDepth };
}
